/* manager/limits_json.h - the limits of a user as the API has them: an object with a member for
 * each limit; null is what the group or the server has. Threads: any; pure. */
#ifndef MANAGER_LIMITS_JSON_H
#define MANAGER_LIMITS_JSON_H

#include <jansson.h>

#include "ftp/user_limits.h"

json_t *limits_json(const struct user_limits *limits);

/* Changes the limits that the object names. NULL, or the name of the first member that is not known
 * or is neither null nor a number from 0 up; *limits may have changed by then. */
const char *limits_from_json(const json_t *object, struct user_limits *limits) MUST_CHECK;

#endif
