/* manager/json_fields_test.c - bodies are held against their table of fields. */
#include "base/test.h"

#include "manager/api_request.h"
#include "manager/json_fields.h"

static const struct json_field fields[] = {
	{ "name", FIELD_STRING, true },
	{ "enabled", FIELD_BOOLEAN, false },
	{ "permissions", FIELD_STRINGS, false },
};

static int check(const char *text, struct json_fields_error *ret_error)
{
	json_t *object = json_loads(text, 0, NULL);

	assert_non_null(object);
	int r = json_fields_check(object, fields, ARRAY_SIZE(fields), ret_error);
	json_decref(object);
	return r;
}

static void unknown_missing_and_mistyped_fields_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *text, *field, *detail;
	} rows[] = {
		{ "{}", "name", "The field \"name\" is missing." },
		{ "{\"enabled\":true}", "name", "The field \"name\" is missing." },
		{ "{\"name\":\"a\",\"nam\":1}", "nam", "The field \"nam\" is not known here." },
		{ "{\"name\":\"a\",\"Enabled\":true}", "Enabled",
		  "The field \"Enabled\" is not known here." },
		{ "{\"name\":1}", "name", "The field \"name\" must be a string." },
		{ "{\"name\":null}", "name", "The field \"name\" must be a string." },
		{ "{\"name\":\"a\",\"enabled\":1}", "enabled",
		  "The field \"enabled\" must be true or false." },
		{ "{\"name\":\"a\",\"enabled\":\"true\"}", "enabled",
		  "The field \"enabled\" must be true or false." },
		{ "{\"name\":\"a\",\"permissions\":\"all\"}", "permissions",
		  "The field \"permissions\" must be an array of strings." },
		{ "{\"name\":\"a\",\"permissions\":[\"list\",1]}", "permissions",
		  "The field \"permissions\" must be an array of strings." },
	};
	struct json_fields_error error;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(check(rows[i].text, &error), -EINVAL);
		assert_string_equal(error.field, rows[i].field);
		assert_string_equal(error.text, rows[i].detail);
	}
}

static void sound_bodies_pass(void **state)
{
	(void)state;
	struct json_fields_error error;

	assert_int_equal(check("{\"name\":\"\"}", &error), 0);
	assert_int_equal(check("{\"name\":\"a\",\"enabled\":false,\"permissions\":[]}", &error), 0);
	assert_int_equal(check("{\"permissions\":[\"list\",\"?\"],\"name\":\"a\"}", &error), 0);
}

static void text_of_any_bytes_becomes_utf8(void **state)
{
	(void)state;
	static const struct {
		struct text in;
		const char *out;
	} rows[] = {
		{ T(""), "" },
		{ T("plain"), "plain" },
		{ T("Gr\xc3\xbc\xc3\x9f"
		    "e"),
		  "Gr\xc3\xbc\xc3\x9f"
		  "e" },
		{ T("a\xff"
		    "b"),
		  "a\xef\xbf\xbd"
		  "b" },
		{ T("cut \xe2\x82"), "cut \xef\xbf\xbd\xef\xbf\xbd" },
		{ T("\xf0\x9f\x98\x80\xc0"), "\xf0\x9f\x98\x80\xef\xbf\xbd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *json = api_text(rows[i].in);
		assert_string_equal(json_string_value(json), rows[i].out);
		json_decref(json);
	}
}

static void a_time_that_never_was_is_null(void **state)
{
	(void)state;
	json_t *never = api_time(0), *once = api_time(1700000000123);

	assert_true(json_is_null(never));
	assert_string_equal(json_string_value(once), "2023-11-14T22:13:20.123Z");
	json_decref(never);
	json_decref(once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_missing_and_mistyped_fields_are_named),
		cmocka_unit_test(sound_bodies_pass),
		cmocka_unit_test(text_of_any_bytes_becomes_utf8),
		cmocka_unit_test(a_time_that_never_was_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
