/* Tests of the legacy character sets: which are fit, and what becomes of what does not fit. */
#include "base/charset.h"

#include "base/test.h"

static struct charset *open_set(const char *name)
{
	struct charset *charset = NULL;

	assert_int_equal(charset_new(text_of(name), &charset), 0);
	return charset;
}

static void sets_that_cannot_carry_ftp_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"KLINGON-1",
		"UTF-16",
		"UTF-16LE",
		"UCS-4",
		"UTF-7",
		"IBM037",
		"ISO-2022-JP",
		"ISO-2022-KR",
		"HZ",
		"latin1//TRANSLIT",
		"ISO 8859-1",
	};
	struct charset *charset = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (charset_new(text_of(rows[i]), &charset) != -EINVAL)
			fail_msg("%s is taken", rows[i]);
		assert_null(charset);
	}
}

static void utf_8_needs_no_converter(void **state)
{
	(void)state;
	assert_null(open_set("UTF-8"));
	assert_null(open_set("utf8"));
}

static void freeing_none_is_harmless(void **state)
{
	struct charset *none = NULL;

	(void)state;
	charset_free(&none);
}

static void what_a_set_holds_goes_there_and_back(void **state)
{
	static const struct {
		const char *set, *utf8, *legacy;
	} rows[] = {
		{ "ISO-8859-1", "caf\xc3\xa9.txt", "caf\xe9.txt" },
		{ "ISO-8859-1", "\xc3\xbf", "\xff" },
		{ "latin1", "plain \\ ~", "plain \\ ~" },
		{ "ISO-8859-15", "\xe2\x82\xac", "\xa4" },
		{ "WINDOWS-1252", "\xe2\x82\xac", "\x80" },
		{ "CP437", "\xc3\xa9", "\x82" },
		{ "KOI8-R", "\xd0\x96", "\xf6" },
		{ "SHIFT_JIS", "\xe3\x81\x82", "\x82\xa0" },
		{ "EUC-JP", "\xe3\x81\x82", "\xa4\xa2" },
		{ "GBK", "\xe4\xb8\xad", "\xd6\xd0" },
		{ "GB18030", "\xc3\xa9\xe4\xb8\xad", "\xa8\xa6\xd6\xd0" },
		{ "BIG5", "\xe4\xb8\xad", "\xa4\xa4" },
		{ "EUC-KR", "\xea\xb0\x80", "\xb0\xa1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct charset *charset = open_set(rows[i].set);
		struct text in = text_of(rows[i].utf8);
		char storage[64];
		struct buf out;

		buf_init(&out, storage, sizeof(storage));
		charset_encode(charset, &in, &out);
		assert_int_equal(in.len, 0);
		assert_text(buf_text(&out), rows[i].legacy);
		buf_reset(&out);
		assert_int_equal(charset_decode(charset, text_of(rows[i].legacy), &out), 0);
		assert_text(buf_text(&out), rows[i].utf8);
		charset_free(&charset);
	}
}

static void what_a_set_does_not_hold_becomes_a_question_mark(void **state)
{
	static const struct {
		const char *utf8, *legacy;
	} rows[] = {
		{ "\xe2\x82\xac", "?" },	 /* the euro sign */
		{ "a\xf0\x9f\x98\x80z", "a?z" }, /* four bytes, one mark */
		{ "\xff\xfe", "??" },		 /* no UTF-8 at all */
		{ "a\xc3", "a?" },		 /* cut in the middle */
		{ "\xe2\x82"
		  "caf\xc3\xa9",
		  "??caf\xe9" },
	};
	struct charset *charset = open_set("ISO-8859-1");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct text in = text_of(rows[i].utf8);
		char storage[64];
		struct buf out;

		buf_init(&out, storage, sizeof(storage));
		charset_encode(charset, &in, &out);
		assert_text(buf_text(&out), rows[i].legacy);
	}
	charset_free(&charset);
}

static void encoding_goes_on_where_a_full_buffer_stopped_it(void **state)
{
	struct charset *charset = open_set("SHIFT_JIS");
	struct text in = T("\xe3\x81\x82\xe3\x81\x82?\xf0\x9f\x98\x80");
	char storage[4]; /* three bytes and the NUL: one character of two, and one byte left over */
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	charset_encode(charset, &in, &out);
	assert_text(buf_text(&out), "\x82\xa0");
	buf_reset(&out);
	charset_encode(charset, &in, &out);
	assert_text(buf_text(&out), "\x82\xa0?");
	buf_reset(&out);
	charset_encode(charset, &in, &out);
	assert_text(buf_text(&out), "?");
	assert_int_equal(in.len, 0);
	assert_false(out.has_overflowed);
	charset_free(&charset);
}

static void bytes_of_no_character_are_not_decoded(void **state)
{
	static const struct {
		const char *set, *bytes;
	} rows[] = {
		{ "WINDOWS-1252", "\x81" },
		{ "SHIFT_JIS", "a\x82" },
		{ "EUC-JP", "\xff" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct charset *charset = open_set(rows[i].set);
		char storage[64];
		struct buf out;

		buf_init(&out, storage, sizeof(storage));
		buf_add(&out, T("before"));
		assert_int_equal(charset_decode(charset, text_of(rows[i].bytes), &out), -EILSEQ);
		assert_text(buf_text(&out), "before");
		charset_free(&charset);
	}
}

static void what_is_too_long_is_not_decoded_in_part(void **state)
{
	struct charset *charset = open_set("ISO-8859-1");
	char storage[4];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	assert_int_equal(charset_decode(charset, T("\xe9\xe9"), &out), -ENOBUFS);
	assert_int_equal(out.len, 0);
	assert_int_equal(charset_decode(charset, T("\xe9z"), &out), 0);
	charset_free(&charset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_that_cannot_carry_ftp_are_refused),
		cmocka_unit_test(utf_8_needs_no_converter),
		cmocka_unit_test(freeing_none_is_harmless),
		cmocka_unit_test(what_a_set_holds_goes_there_and_back),
		cmocka_unit_test(what_a_set_does_not_hold_becomes_a_question_mark),
		cmocka_unit_test(encoding_goes_on_where_a_full_buffer_stopped_it),
		cmocka_unit_test(bytes_of_no_character_are_not_decoded),
		cmocka_unit_test(what_is_too_long_is_not_decoded_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
