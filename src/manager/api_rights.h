/* manager/api_rights.h - the JSON that users and groups have in common: permissions, rules by path,
 * denied and hidden names, virtual folders. Threads: the one that runs the request. */
#ifndef MANAGER_API_RIGHTS_H
#define MANAGER_API_RIGHTS_H

#include "accounts/rights.h"
#include "manager/api_request.h"

/* Rows for a table of struct json_field. */
/* clang-format off */
#define API_RIGHTS_FIELDS                   \
	{ "rules", FIELD_OBJECTS, false },  \
	{ "denied", FIELD_STRINGS, false }, \
	{ "hidden", FIELD_STRINGS, false }, \
	{ "folders", FIELD_OBJECTS, false }
/* clang-format on */

/* The fields that body has go to *ret, and their parts (enum rights_part) to *parts. 0, or the
 * status of a problem. */
unsigned api_rights_read(struct api_request *request, const json_t *body, unsigned *parts,
			 struct rights *ret);
/* Adds the four fields to the object. */
void api_rights_add(json_t *object, const struct rights *rights);

/* A list of names. field: where it stands, for the problem. 0, or the status of a problem. */
unsigned api_permissions_read(struct api_request *request, const char *field, const json_t *list,
			      uint32_t *ret);
json_t *api_permissions(uint32_t permissions);

#endif
