/* manager/limits_json.c - see limits_json.h. */
#include "manager/limits_json.h"

json_t *limits_json(const struct user_limits *limits)
{
	json_t *object = json_object();

	for (size_t i = 0; i < LIMITS; i++) {
		json_int_t value = limits->values[i];

		(void)json_object_set_new(object, limit_name((enum limit)i),
					  value == LIMIT_AS_SERVER ? json_null()
								   : json_integer(value));
	}
	return object;
}

static bool find_limit(const char *name, size_t *ret)
{
	for (size_t i = 0; i < LIMITS; i++) {
		if (strcmp(limit_name((enum limit)i), name) != 0)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

const char *limits_from_json(const json_t *object, struct user_limits *limits)
{
	const char *name;
	json_t *value;

	/* The macro walks without changing the object; its signature lacks the const. */
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		size_t i;

		if (!find_limit(name, &i) || !(json_is_null(value) || json_is_integer(value)) ||
		    json_integer_value(value) < 0)
			return name;
		limits->values[i] =
			json_is_null(value) ? LIMIT_AS_SERVER : json_integer_value(value);
	}
	return NULL;
}
