/* manager/json_fields.c - see json_fields.h. */
#include "manager/json_fields.h"

static const char *const type_names[] = {
	[FIELD_STRING] = "a string",
	[FIELD_BOOLEAN] = "true or false",
	[FIELD_STRINGS] = "an array of strings",
	[FIELD_OBJECT] = "an object",
	[FIELD_OBJECTS] = "an array of objects",
	[FIELD_STRING_OR_NULL] = "a string or null",
	[FIELD_STRINGS_OR_NULL] = "an array of strings or null",
	[FIELD_NUMBER] = "a whole number",
};

static bool is_array_of_strings(const json_t *value)
{
	if (!json_is_array(value))
		return false;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!json_is_string(json_array_get(value, i)))
			return false;
	return true;
}

static bool is_array_of_objects(const json_t *value)
{
	if (!json_is_array(value))
		return false;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!json_is_object(json_array_get(value, i)))
			return false;
	return true;
}

static bool has_type(const json_t *value, const struct json_field *field)
{
	switch (field->type) {
	case FIELD_STRING:
		return json_is_string(value);
	case FIELD_NUMBER:
		return json_is_integer(value);
	case FIELD_BOOLEAN:
		return json_is_boolean(value);
	case FIELD_STRINGS:
		return is_array_of_strings(value);
	case FIELD_OBJECT:
		return json_is_object(value);
	case FIELD_OBJECTS:
		return is_array_of_objects(value);
	case FIELD_STRING_OR_NULL:
		return json_is_string(value) || json_is_null(value);
	case FIELD_STRINGS_OR_NULL:
		return is_array_of_strings(value) || json_is_null(value);
	}
	return false;
}

static const struct json_field *find(const struct json_field *fields, size_t n_fields,
				     const char *name)
{
	for (size_t i = 0; i < n_fields; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static int fail(struct json_fields_error *ret_error, const char *field, const char *verb,
		const char *what)
{
	(void)snprintf(ret_error->field, sizeof(ret_error->field), "%.100s", field);
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "The field \"%.100s\" %s%s.",
		       field, verb, what);
	return -EINVAL;
}

int json_fields_check(const json_t *object, const struct json_field *fields, size_t n_fields,
		      struct json_fields_error *ret_error)
{
	const char *name;
	json_t *value;

	/* The macro walks without changing the object; its signature lacks the const. */
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		const struct json_field *field = find(fields, n_fields, name);
		if (!field)
			return fail(ret_error, name, "is not known here", "");
		if (!has_type(value, field))
			return fail(ret_error, name, "must be ", type_names[field->type]);
	}
	for (size_t i = 0; i < n_fields; i++)
		if (fields[i].is_required && !json_object_get(object, fields[i].name))
			return fail(ret_error, fields[i].name, "is missing", "");
	return 0;
}
