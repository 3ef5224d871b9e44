/* manager/api_limits.h - the JSON that users and groups have in common beside rights: limits, ways
 * of uploading, quotas. Threads: the one that runs the request. */
#ifndef MANAGER_API_LIMITS_H
#define MANAGER_API_LIMITS_H

#include "accounts/rights.h"
#include "manager/api_request.h"

/* Rows for a table of struct json_field. */
/* clang-format off */
#define API_LIMITS_FIELDS                          \
	{ "limits", FIELD_OBJECT, false },         \
	{ "uploads", FIELD_STRING_OR_NULL, false }, \
	{ "quota", FIELD_OBJECT, false }
/* clang-format on */

/* Those of the three that body names go to the account or group; *ret_has: there was one. 0, or the
 * status of a problem. */
unsigned api_limits_read_user(struct api_request *request, const json_t *body,
			      struct account *account, bool *ret_has);
/* And "member_quota". */
unsigned api_limits_read_group(struct api_request *request, const json_t *body, struct group *group,
			       bool *ret_has);
/* {"bytes": N, "files": N}, of which what is there goes to *quota; null is 0, no limit. */
unsigned api_quota_read(struct api_request *request, const char *field, const json_t *object,
			struct quota_limits *quota);

void api_limits_add_user(json_t *object, const struct account *account);
void api_limits_add_group(json_t *object, const struct group *group);
/* What holds for a user, as "effective". */
void api_limits_add_effective(json_t *object, const struct effective_rights *rights);
json_t *api_quota(const struct quota_limits *quota);

#endif
