/* ftp/quota.h - how much may be stored: by a user, by the members of a group together, in a virtual
 * folder. Threads: any; pure functions. */
#ifndef FTP_QUOTA_H
#define FTP_QUOTA_H

#include "base/size.h"

struct quota_usage {
	uint64_t bytes, files;
};

/* 0: no limit. At most SIZE_MOST each. */
struct quota_limits {
	uint64_t bytes, files;
};

#define QUOTA_AS_GROUP (-1) /* what the group gives each of its members; no limit without a group */

/* A user's own: QUOTA_AS_GROUP, or a limit as above. */
struct quota_choice {
	int64_t bytes, files;
};

#define QUOTA_CHOICE_AS_GROUP ((struct quota_choice){ QUOTA_AS_GROUP, QUOTA_AS_GROUP })

static inline bool quota_is_limited(const struct quota_limits *quota)
{
	return quota->bytes > 0 || quota->files > 0;
}

#endif
