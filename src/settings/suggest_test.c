/* Tests of settings/suggest.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings/suggest.h"

static const char *nearest(const char *typed)
{
	static const char *const names[] = { "user", "session", "status", "reload",
					     "idle_timeout" };
	struct suggestion suggestion = { .typed = text_of(typed) };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		suggestion_offer(&suggestion, names[i]);
	return suggestion.nearest;
}

static void words_far_from_every_name_get_no_suggestion(void **state)
{
	static const char *const far[] = { "",	      "x",    "us",	  "frobnicate",
					   "timeout", "idle", "sttatuss_" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(far); i++)
		assert_null(nearest(far[i]));
}

static void a_slip_leads_to_the_name_that_was_meant(void **state)
{
	static const struct {
		const char *typed, *meant;
	} rows[] = {
		{ "usr", "user" },
		{ "users", "user" },
		{ "sessions", "session" },
		{ "sesion", "session" },
		{ "stauts", "status" },
		{ "STATUS", "status" },
		{ "relaod", "reload" },
		{ "idle-timeout", "idle_timeout" },
		{ "idletimeout", "idle_timeout" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(nearest(rows[i].typed), rows[i].meant);
}

static void the_distance_counts_letters_and_swaps(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} rows[] = {
		{ "", "", 0 },	     { "", "abc", 3 },		 { "abc", "", 3 },
		{ "abc", "abc", 0 }, { "abc", "acb", 1 },	 { "abc", "abd", 1 },
		{ "abc", "ab", 1 },  { "kitten", "sitting", 3 },
	};
	char long_name[66] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(suggest_distance(text_of(rows[i].a), text_of(rows[i].b)),
				 rows[i].distance);
	memset(long_name, 'a', sizeof(long_name) - 1);
	assert_int_equal(suggest_distance(text_of(long_name), T("a")), SUGGEST_FAR);
	assert_int_equal(suggest_distance(T("a"), text_of(long_name)), SUGGEST_FAR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_far_from_every_name_get_no_suggestion),
		cmocka_unit_test(a_slip_leads_to_the_name_that_was_meant),
		cmocka_unit_test(the_distance_counts_letters_and_swaps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
