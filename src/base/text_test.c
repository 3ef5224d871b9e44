/* base/text_test.c - cursors, numbers, copies and UTF-8 at their borders. */
#include "base/test.h"

static void numbers_refuse_what_is_not_digits_or_too_large(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		uint64_t max;
		int result;
		uint64_t value;
	} rows[] = {
		{ "", 10, -EINVAL, 0 },
		{ "+1", 10, -EINVAL, 0 },
		{ "-1", 10, -EINVAL, 0 },
		{ " 1", 10, -EINVAL, 0 },
		{ "1 ", 10, -EINVAL, 0 },
		{ "0x1", 10, -EINVAL, 0 },
		{ "1.0", 10, -EINVAL, 0 },
		{ "11", 10, -ERANGE, 0 },
		{ "7", 5, -ERANGE, 0 },
		{ "9", 0, -ERANGE, 0 },
		{ "256", 255, -ERANGE, 0 },
		{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999", UINT64_MAX, -ERANGE, 0 },
		{ "0", 0, 0, 0 },
		{ "5", 5, 0, 5 },
		{ "000255", 255, 0, 255 },
		{ "10", 10, 0, 10 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 4711;
		int r = text_to_uint(text_of(rows[i].in), rows[i].max, &value);

		assert_int_equal(r, rows[i].result);
		assert_int_equal(value, r == 0 ? rows[i].value : 4711);
	}
}

static void take_uint_moves_only_on_a_match(void **state)
{
	(void)state;
	struct text in = T("256,12x");
	uint64_t value = 1;

	assert_false(text_take_uint(&in, 255, &value));
	assert_text(in, "256,12x");
	assert_int_equal(value, 1);
	assert_true(text_take_uint(&in, 256, &value));
	assert_int_equal(value, 256);
	assert_false(text_take_uint(&in, 9, &value));
	assert_true(text_skip_char(&in, ','));
	assert_true(text_take_uint(&in, 99, &value));
	assert_int_equal(value, 12);
	assert_text(in, "x");
}

static void cursors_stay_when_nothing_matches(void **state)
{
	(void)state;
	struct text in = T("MLST type*;");

	assert_false(text_skip_char(&in, 'm'));
	assert_false(text_skip(&in, T("MLSD")));
	assert_false(text_skip(&in, T("MLST type*;size*;")));
	assert_text(in, "MLST type*;");
	assert_true(text_skip(&in, T("MLST")));
	text_skip_blank(&in);
	assert_text(in, "type*;");
	text_skip_blank(&in);
	assert_text(in, "type*;");

	struct text nothing = { NULL, 0 };
	assert_false(text_skip_char(&nothing, 'x'));
	assert_true(text_skip(&nothing, T("")));
	text_skip_blank(&nothing);
	assert_int_equal(nothing.len, 0);
}

static void take_until_swallows_the_separator(void **state)
{
	(void)state;
	struct text in = T("a,,bc,d"), part;

	assert_true(text_take_until(&in, ',', &part));
	assert_text(part, "a");
	assert_true(text_take_until(&in, ',', &part));
	assert_text(part, "");
	assert_true(text_take_until(&in, ',', &part));
	assert_text(part, "bc");
	assert_true(text_take_until(&in, ',', &part));
	assert_text(part, "d");
	assert_false(text_take_until(&in, ',', &part));
	assert_text(part, "d");
}

static void comparisons_know_length_and_case(void **state)
{
	(void)state;
	struct text nothing = { NULL, 0 };

	assert_false(text_equal(T("a"), T("ab")));
	assert_false(text_equal(T("a"), T("A")));
	assert_false(text_equal(T("a\0b"), T("a\0c")));
	assert_true(text_equal(nothing, T("")));
	assert_false(text_equal_nocase(T("STOR"), T("STORE")));
	assert_false(text_equal_nocase(T("\xc4"), T("\xe4"))); /* ASCII only */
	assert_false(text_equal_nocase(T("@"), T("`")));
	assert_true(text_equal_nocase(T("sToR"), T("StOr")));
	assert_false(text_starts(T("ab"), T("abc")));
	assert_true(text_starts(T("abc"), T("ab")));
	assert_true(text_starts(nothing, T("")));
	assert_int_equal(text_find(T("abc"), 'x'), -1);
	assert_int_equal(text_find(nothing, 'x'), -1);
	assert_int_equal(text_find(T("abcb"), 'b'), 1);
	assert_text(text_trim(T(" \t a b\t ")), "a b");
	assert_text(text_trim(T(" \t ")), "");
	assert_text(text_trim(nothing), "");
	assert_int_equal(text_of(NULL).len, 0);
}

static void a_copy_is_never_cut(void **state)
{
	(void)state;
	char dst[4];

	memset(dst, 'x', sizeof(dst));
	assert_int_equal(text_copy(T("abcd"), dst, sizeof(dst)), -ENAMETOOLONG);
	assert_string_equal(dst, "");
	assert_int_equal(text_copy(T("a\0b"), dst, sizeof(dst)), -EINVAL);
	assert_string_equal(dst, "");
	assert_int_equal(text_copy(T("a"), dst, 0), -ENAMETOOLONG);
	assert_int_equal(text_copy(T("abc"), dst, sizeof(dst)), 0);
	assert_string_equal(dst, "abc");
	assert_int_equal(text_copy((struct text){ NULL, 0 }, dst, sizeof(dst)), 0);
	assert_string_equal(dst, "");

	AUTO_FREE char *copy = text_dup(T("abc"));
	assert_string_equal(copy, "abc");
	AUTO_FREE char *empty = text_dup((struct text){ NULL, 0 });
	assert_string_equal(empty, "");
}

static void what_is_only_shown_is_cut(void **state)
{
	char small[4];

	(void)state;
	text_copy_cut("abcd", small, sizeof(small));
	assert_string_equal(small, "abc");
	text_copy_cut("ab", small, sizeof(small));
	assert_string_equal(small, "ab");
	text_copy_cut(NULL, small, sizeof(small));
	assert_string_equal(small, "");
	text_copy_cut("abc", small, 1);
	assert_string_equal(small, "");
}

/* Each byte at each place of texts of up to three words, and behind bytes of others. */
static void odd_bytes_are_found_wherever_they_stand(void **state)
{
	char bytes[32];

	(void)state;
	for (size_t len = 0; len <= 24; len++) {
		const struct text text = { bytes + 1, len };

		memset(bytes, '\n', sizeof(bytes));
		memset(bytes + 1, 'a', len);
		assert_true(text_is_printable(text));
		assert_true(text_is_one_line(text));
		for (size_t at = 0; at < len; at++) {
			for (unsigned c = 0; c < 256; c++) {
				bytes[1 + at] = (char)c;
				assert_int_equal(text_is_printable(text),
						 c >= ' ' && c != 0x7f && c != 0xff);
				assert_int_equal(text_is_one_line(text),
						 c != 0 && c != '\r' && c != '\n');
			}
			bytes[1 + at] = 'a';
		}
	}
	assert_true(text_is_printable((struct text){ NULL, 0 }));
}

static void utf8_refuses_overlong_surrogates_and_cut_characters(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc0\xaf",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x41",
		"\xc2\xc2\x80",
		"\xe0\x80\xaf",
		"\xe0\x9f\xbf",
		"\xe2\x82",
		"\xe2\x28\xa1",
		"\xe2\x82\x28",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x80\x80\xaf",
		"\xf0\x8f\xbf\xbf",
		"\xf0\x9f\x98",
		"\xf0\x9f\x98\x28",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80",
		"\xfe",
		"\xff",
		"ok\xe4",
		"\xe4ok",
	};
	static const char *const good[] = {
		"",
		"plain",
		"\x7f",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xe2\x82\xac",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf0\x9f\x98\x80",
		"\xf4\x8f\xbf\xbf",
		"Gr\xc3\xbcn",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (text_is_utf8(text_of(bad[i])))
			fail_msg("row %zu of the bad ones was accepted", i);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!text_is_utf8(text_of(good[i])))
			fail_msg("row %zu of the good ones was refused", i);
	assert_true(text_is_utf8(T("a\0b")));
	assert_true(text_is_utf8((struct text){ NULL, 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_refuse_what_is_not_digits_or_too_large),
		cmocka_unit_test(take_uint_moves_only_on_a_match),
		cmocka_unit_test(cursors_stay_when_nothing_matches),
		cmocka_unit_test(take_until_swallows_the_separator),
		cmocka_unit_test(comparisons_know_length_and_case),
		cmocka_unit_test(a_copy_is_never_cut),
		cmocka_unit_test(what_is_only_shown_is_cut),
		cmocka_unit_test(odd_bytes_are_found_wherever_they_stand),
		cmocka_unit_test(utf8_refuses_overlong_surrogates_and_cut_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
