/* manager/api_access.h - the JSON of who may log in from where, until when, how protected: see
 * ftp/access.h. Threads: the one that runs the request. */
#ifndef MANAGER_API_ACCESS_H
#define MANAGER_API_ACCESS_H

#include "manager/api_request.h"

/* Rows for a table of struct json_field. */
/* clang-format off */
#define API_ACCESS_FIELDS                              \
	{ "allowed_networks", FIELD_STRINGS, false },  \
	{ "expires", FIELD_STRING_OR_NULL, false },    \
	{ "require_tls", FIELD_BOOLEAN, false }
/* clang-format on */

/* The fields that body has go to *ret, and their parts (enum account_part) to *parts. 0, or the
 * status of a problem. */
unsigned api_access_read(struct api_request *request, const json_t *body, unsigned *parts,
			 struct user_access *ret);
/* Adds the three fields to the object, and "expired". */
void api_access_add(json_t *object, const struct user_access *access);

#endif
