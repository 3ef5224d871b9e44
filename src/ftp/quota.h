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

static inline bool quota_is_limited(const struct quota_limits *quota)
{
	return quota->bytes > 0 || quota->files > 0;
}

struct quota_choice quota_as_group(void);

/* What holds for a user, where each_member is what its group gives. */
struct quota_limits quota_choose(struct quota_choice own, struct quota_limits each_member);

#endif
