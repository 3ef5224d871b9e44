/* manager/json_fields.h - which members an object of the API may have, and of which type: a table
 * per kind of body. Threads: any; pure. */
#ifndef MANAGER_JSON_FIELDS_H
#define MANAGER_JSON_FIELDS_H

#include <jansson.h>

#include "base/common.h"

struct json_field {
	const char *name;
	enum {
		FIELD_STRING,
		FIELD_BOOLEAN,
		FIELD_STRINGS,
		FIELD_OBJECT,
		FIELD_OBJECTS,
		FIELD_STRING_OR_NULL,
		FIELD_STRINGS_OR_NULL,
		FIELD_NUMBER, /* whole */
	} type;
	bool is_required;
};

struct json_fields_error {
	char field[128];
	char text[256]; /* a sentence */
};

/* 0; -EINVAL with *ret_error when a member is unknown, of a wrong type, or missing. */
int json_fields_check(const json_t *object, const struct json_field *fields, size_t n_fields,
		      struct json_fields_error *ret_error) MUST_CHECK;

#endif
