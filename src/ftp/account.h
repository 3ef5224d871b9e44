/* ftp/account.h - what all sides know of an account: limits, permissions, the outcome of a login.
 * Threads: any; pure functions. */
#ifndef FTP_ACCOUNT_H
#define FTP_ACCOUNT_H

#include "base/buf.h"

#define USER_NAME_MAX 128 /* bytes, without the NUL */
#define USER_HOME_MAX 1024

/* What a user may do; the stored form is the same bit set. */
enum permission {
	PERM_LIST = 1 << 0,
	PERM_DOWNLOAD = 1 << 1,
	PERM_UPLOAD = 1 << 2,	 /* new files */
	PERM_OVERWRITE = 1 << 3, /* replace, truncate, append to or resume existing files */
	PERM_DELETE = 1 << 4,
	PERM_RENAME = 1 << 5,
	PERM_MKDIR = 1 << 6,
	PERM_RMDIR = 1 << 7,
	PERM_ATTRIBUTES = 1 << 8, /* times and modes */
	PERM_ALL = (1 << 9) - 1,
};

enum auth_result {
	AUTH_OK,
	AUTH_NO_USER,	     /* D-61 */
	AUTH_WRONG_PASSWORD, /* D-61 */
	AUTH_DISABLED,	     /* D-60 */
	AUTH_BACKEND_ERROR,  /* D-67: the database failed; not the client's fault */
	/* The password was right, and yet: see ftp/access.h. */
	AUTH_EXPIRED,	    /* D-66 */
	AUTH_WRONG_ADDRESS, /* D-65 */
	AUTH_NEEDS_TLS,	    /* D-59 */
	AUTH_RESULTS,
};

/* How a user's new files appear: at once under their name, or only when they are complete. */
enum user_uploads {
	USER_UPLOADS_AS_SERVER,
	USER_UPLOADS_DIRECT,
	USER_UPLOADS_ATOMIC,
	USER_UPLOADS_MODES,
};

/* "default", "direct", "atomic". */
const char *user_uploads_name(enum user_uploads uploads);
/* 0 or -EINVAL. */
int user_uploads_parse(struct text in, enum user_uploads *ret) MUST_CHECK;

/* Permissions by name, in the order of the enum: "list", "download", "upload", "overwrite",
 * "delete", "rename", "mkdir", "rmdir", "attributes". NULL past the end. */
const char *permission_name(size_t index);

/* A comma separated list of names; "all", "none" and "read-only" (list, download) stand for sets.
 * 0, or -EINVAL with *ret_bad set to the word that is not a permission. */
int permissions_parse(struct text in, uint32_t *ret, struct text *ret_bad) MUST_CHECK;
/* "list,download" or "all" or "none". */
void permissions_format(uint32_t permissions, struct buf *out);

/* A name that can be stored: 1 to USER_NAME_MAX bytes of UTF-8, no control bytes, no '/', no blank
 * at either end, not "." or "..". NULL when good, else a sentence that says what is wrong. */
const char *user_name_problem(struct text name);

#endif
