/* ftp/calendar_test.c - dates against the C library's, and those that do not exist. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ftp/calendar.h"

static void dates_that_do_not_exist_are_refused(void **state)
{
	static const struct date rows[] = {
		{ 2026, 0, 1, 0, 0, 0 },  { 2026, 13, 1, 0, 0, 0 }, { 2026, 1, 0, 0, 0, 0 },
		{ 2026, 1, 32, 0, 0, 0 }, { 2026, 4, 31, 0, 0, 0 }, { 2026, 2, 29, 0, 0, 0 },
		{ 2024, 2, 30, 0, 0, 0 }, { 1900, 2, 29, 0, 0, 0 }, { 10000, 1, 1, 0, 0, 0 },
		{ 2026, 1, 1, 24, 0, 0 }, { 2026, 1, 1, 0, 60, 0 }, { 2026, 1, 1, 0, 0, 60 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_false(date_is_valid(&rows[i]));
}

static void leap_days_exist_in_leap_years(void **state)
{
	static const struct date rows[] = {
		{ 2024, 2, 29, 0, 0, 0 },
		{ 2000, 2, 29, 23, 59, 59 },
		{ 0, 2, 29, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_true(date_is_valid(&rows[i]));
}

/* A step that is no whole day walks through all times of day and all days of the years. */
static void every_time_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t t = CALENDAR_FIRST_S; t <= CALENDAR_LAST_S; t += 86399 * 17) {
		struct date date = date_from_time(t);
		time_t seconds = (time_t)t;
		struct tm tm;

		assert_non_null(gmtime_r(&seconds, &tm));
		assert_int_equal(date.year, tm.tm_year + 1900);
		assert_int_equal(date.month, tm.tm_mon + 1);
		assert_int_equal(date.day, tm.tm_mday);
		assert_int_equal(date.hour, tm.tm_hour);
		assert_int_equal(date.minute, tm.tm_min);
		assert_int_equal(date.second, tm.tm_sec);
		assert_true(date_is_valid(&date));
		assert_true(date_to_time(&date) == t);
	}
}

static void times_beyond_four_digits_move_to_the_nearer_end(void **state)
{
	(void)state;
	assert_int_equal(date_from_time(INT64_MIN).year, 0);
	assert_int_equal(date_from_time(CALENDAR_FIRST_S).day, 1);
	assert_int_equal(date_from_time(INT64_MAX).year, 9999);
	assert_int_equal(date_from_time(CALENDAR_LAST_S).second, 59);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_that_do_not_exist_are_refused),
		cmocka_unit_test(leap_days_exist_in_leap_years),
		cmocka_unit_test(every_time_agrees_with_the_c_library),
		cmocka_unit_test(times_beyond_four_digits_move_to_the_nearer_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
