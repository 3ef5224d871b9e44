/* ftp/user_limits_test.c - what a limit may be set to. */
#include "base/test.h"

#include "ftp/user_limits.h"

static void what_is_no_limit_is_refused(void **state)
{
	static const char *const wrong[] = { "", "-1", "none ", "None", "fast", "1.5M", "1MB/s" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		int64_t value = 42;

		assert_int_equal(limit_parse(text_of(wrong[i]), &value), -EINVAL);
		assert_int_equal(value, 42);
	}
}

static void limits_are_sizes_or_words(void **state)
{
	int64_t value;

	(void)state;
	assert_int_equal(limit_parse(T("default"), &value), 0);
	assert_int_equal(value, LIMIT_AS_SERVER);
	assert_int_equal(limit_parse(T("none"), &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(limit_parse(T("64K"), &value), 0);
	assert_int_equal(value, 65536);
}

static void each_limit_has_a_name_and_starts_as_the_server_has_it(void **state)
{
	struct user_limits limits = limits_as_server();

	(void)state;
	for (size_t i = 0; i < LIMITS; i++) {
		assert_non_null(limit_name((enum limit)i));
		assert_int_equal(limits.values[i], LIMIT_AS_SERVER);
	}
}

static void one_of_them_makes_limits_their_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIMITS; i++) {
		struct user_limits limits = limits_as_server();

		assert_true(limits_are_as_server(&limits));
		limits.values[i] = 0;
		assert_false(limits_are_as_server(&limits));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_limit_is_refused),
		cmocka_unit_test(limits_are_sizes_or_words),
		cmocka_unit_test(each_limit_has_a_name_and_starts_as_the_server_has_it),
		cmocka_unit_test(one_of_them_makes_limits_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
