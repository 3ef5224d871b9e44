/* ftp/quota.c - see quota.h. */
#include "ftp/quota.h"

struct quota_choice quota_as_group(void)
{
	return (struct quota_choice){ QUOTA_AS_GROUP, QUOTA_AS_GROUP };
}

struct quota_limits quota_choose(struct quota_choice own, struct quota_limits each_member)
{
	struct quota_limits quota = each_member;

	if (own.bytes != QUOTA_AS_GROUP)
		quota.bytes = (uint64_t)own.bytes;
	if (own.files != QUOTA_AS_GROUP)
		quota.files = (uint64_t)own.files;
	return quota;
}
