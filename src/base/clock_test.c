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
		{ 951782400012, "2000-02-29T00:00:00.012Z" },
		{ 951782401123, "2000-02-29T00:00:01.123Z" },
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

static void words_that_are_no_time_are_refused(void **state)
{
	static const char *const refused[] = {
		"",
		"now",
		"2026-11-20",
		"2026-11-20 11:17:40Z",
		"2026-11-20T11:17:40",
		"2026-11-20T11:17:40.Z",
		"2026-11-20T11:17:40+01:00",
		"2026-11-20T11:17:40Zx",
		"2026-13-20T11:17:40Z",
		"2026-00-20T11:17:40Z",
		"2026-11-32T11:17:40Z",
		"2026-11-20T24:17:40Z",
		"2026-11-20T11:60:40Z",
		"2026-11-20T11:17:61Z",
		"26-11-20T11:17:40Z",
		"2026-1-20T11:17:40Z",
		"-026-11-20T11:17:40Z",
	};
	int64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_int_equal(clock_parse_iso(text_of(refused[i]), &ms), -EINVAL);
	assert_int_equal(ms, 7);
}

static void times_are_read_to_the_millisecond(void **state)
{
	static const struct {
		const char *iso;
		int64_t ms;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:00.001Z", 1 },
		{ "2026-11-20T11:17:40.123Z", 1795173460123 },
		{ "2026-11-20T11:17:40.1Z", 1795173460100 },
		{ "2026-11-20T11:17:40.123456789Z", 1795173460123 },
		{ "2024-02-29T23:59:59Z", 1709251199000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t ms;

		assert_int_equal(clock_parse_iso(text_of(rows[i].iso), &ms), 0);
		assert_true(ms == rows[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(iso_times_are_utc_with_milliseconds),
		cmocka_unit_test(a_deadline_has_nothing_left_once_it_is_past),
		cmocka_unit_test(the_clocks_agree_and_go_forward),
		cmocka_unit_test(words_that_are_no_time_are_refused),
		cmocka_unit_test(times_are_read_to_the_millisecond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
