/* Tests of cli/human.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/human.h"

static void spans_are_told_in_their_largest_whole_unit(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ -5000, "0 s" },      { 0, "0 s" },	      { 999, "0 s" },
		{ 1000, "1 s" },       { 59999, "59 s" },     { 60000, "1 min" },
		{ 3599999, "59 min" }, { 3600000, "1 h" },    { 86399999, "23 h" },
		{ 86400000, "1 d" },   { 864000000, "10 d" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char storage[64];
		struct buf out;

		buf_init(&out, storage, sizeof(storage));
		human_span(rows[i].ms, &out);
		assert_string_equal(storage, rows[i].text);
	}
}

static void times_are_told_from_now_and_old_ones_by_date(void **state)
{
	static const int64_t now = 1795173460123; /* 2026-11-20T11:17:40.123Z */
	static const struct {
		int64_t ago;
		const char *text;
	} rows[] = {
		{ -60000, "just now" },
		{ 0, "just now" },
		{ 4999, "just now" },
		{ 5000, "5 s ago" },
		{ 120000, "2 min ago" },
		{ 3 * 3600000, "3 h ago" },
		{ 60 * 86400000ll, "60 d ago" },
		{ 61 * 86400000ll, "2026-09-20" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char storage[64];
		struct buf out;

		buf_init(&out, storage, sizeof(storage));
		human_ago(now - rows[i].ago, now, &out);
		assert_string_equal(storage, rows[i].text);
	}
}

static void sizes_are_told_in_two_digits_or_more(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1 KiB" },
		{ 1536, "1.5 KiB" },
		{ 10240, "10 KiB" },
		{ 10752, "10 KiB" },
		{ 1048575, "1023 KiB" },
		{ 1048576, "1 MiB" },
		{ 5368709120, "5 GiB" },
		{ UINT64_MAX, "15 EiB" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char storage[64];
		struct buf out;

		buf_init(&out, storage, sizeof(storage));
		human_bytes(rows[i].bytes, &out);
		assert_string_equal(storage, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_are_told_in_their_largest_whole_unit),
		cmocka_unit_test(times_are_told_from_now_and_old_ones_by_date),
		cmocka_unit_test(sizes_are_told_in_two_digits_or_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
