/* base/clock_test.c - ISO times at the borders of days and years, and what a deadline has left. */
#include "base/test.h"

#include "base/clock.h"

static void iso_times_are_utc_with_milliseconds(void **state)
{
	(void)state;
	static const struct {
		int64_t wall_ms;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 999, "1970-01-01T00:00:00.999Z" },
		{ 951782399999, "2000-02-28T23:59:59.999Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 2147483648000, "2038-01-19T03:14:08.000Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CLOCK_ISO_SIZE];

		clock_format_iso(rows[i].wall_ms, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void a_deadline_has_nothing_left_once_it_is_past(void **state)
{
	(void)state;
	assert_int_equal(deadline_left(DEADLINE_NEVER), -1);
	assert_int_equal(deadline_left(clock_ms() - 1), 0);
	assert_int_equal(deadline_left(0), 0);
	assert_int_equal(deadline_left(INT64_MIN / 2), 0);
	assert_int_equal(deadline_left(DEADLINE_NEVER - 1), INT32_MAX);
	assert_in_range(deadline_left(deadline_in(60000)), 1, 60000);
}

static void the_clocks_agree_and_go_forward(void **state)
{
	(void)state;
	int64_t first = clock_ms(), coarse = clock_coarse_ms(), second = clock_ms();

	assert_true(second >= first);
	assert_true(coarse <= second);
	assert_true(clock_wall_ms() > 1700000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(iso_times_are_utc_with_milliseconds),
		cmocka_unit_test(a_deadline_has_nothing_left_once_it_is_past),
		cmocka_unit_test(the_clocks_agree_and_go_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
