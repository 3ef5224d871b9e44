/* ftp/user_limits.h - what limits a user's sessions, by name. The same names are settings in
 * [limits] (for everybody), columns of the accounts and members of the API (for one user).
 * Threads: any; pure functions. */
#ifndef FTP_USER_LIMITS_H
#define FTP_USER_LIMITS_H

#include "base/size.h"

/* Rates are bytes per second; 0 is no limit. */
enum limit {
	LIMIT_SESSION_UPLOAD_RATE, /* of each session */
	LIMIT_SESSION_DOWNLOAD_RATE,
	LIMIT_USER_UPLOAD_RATE, /* of all sessions of the user together */
	LIMIT_USER_DOWNLOAD_RATE,
	LIMIT_USER_SESSIONS,
	LIMIT_UPLOAD_SIZE, /* of a file after the upload */
	LIMIT_MIN_RATE,	   /* slower transfers are ended */
	LIMITS,
};

#define LIMIT_AS_SERVER (-1) /* what the server's settings say */

/* Of one user: LIMIT_AS_SERVER, or 0 and up. */
struct user_limits {
	int64_t values[LIMITS];
};

/* "session_upload_rate" ... */
const char *limit_name(enum limit limit);
/* Every value LIMIT_AS_SERVER. */
struct user_limits limits_as_server(void);
bool limits_are_as_server(const struct user_limits *limits); /* that is what they are */

/* "64K", "0" or "none" (no limit), "default" (as the server). 0 or -EINVAL. */
int limit_parse(struct text in, int64_t *ret) MUST_CHECK;

#endif
