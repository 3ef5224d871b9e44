/* ftp/reply_test.c - replies in one line and in several, and paths in quotes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ftp/reply.h"

static void a_reply_that_does_not_fit_is_not_begun(void **state)
{
	char storage[16];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	reply_add(&out, 200, T("Good"));
	reply_add(&out, 200, T("One\nTwo"));
	assert_true(out.has_overflowed);
	assert_string_equal(storage, "200 Good\r\n");
	assert_int_equal(out.len, 10);

	buf_reset(&out);
	reply_add_quoted(&out, T("/a/path/that/is/long"));
	assert_true(out.has_overflowed);
	assert_string_equal(storage, "");
}

static void replies_are_written_as_rfc_959_says(void **state)
{
	static const struct {
		unsigned code;
		struct text text;
		const char *reply;
	} rows[] = {
		{ 550, T("a\rb\0c\x1b\x7f\td"), "550 a?b?c???d\r\n" },
		{ 250, T("a\xff\xff"), "250 a\xff\xff\xff\xff\r\n" },
		{ 211, T("a\n\xff\nb"), "211-a\r\n \xff\xff\r\n211 b\r\n" },
		{ 200, T(""), "200 \r\n" },
		{ 200, T("OK"), "200 OK\r\n" },
		{ 100, T("x"), "100 x\r\n" },
		{ 659, T("x"), "659 x\r\n" },
		{ 250, T("caf\xc3\xa9 \xe9"), "250 caf\xc3\xa9 \xe9\r\n" },
		{ 214, T("first\nlast"), "214-first\r\n214 last\r\n" },
		{ 211, T("a\nb\n211 c\nd"), "211-a\r\n b\r\n 211 c\r\n211 d\r\n" },
		{ 211, T("a\n\nb"), "211-a\r\n \r\n211 b\r\n" },
		{ 211, T("a\n"), "211-a\r\n211 \r\n" },
		{ 211, T("a\r\nb"), "211-a?\r\n211 b\r\n" },
	};
	char storage[128];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		buf_reset(&out);
		reply_add(&out, rows[i].code, rows[i].text);
		assert_false(out.has_overflowed);
		assert_string_equal(storage, rows[i].reply);
	}
}

static void quotes_in_a_path_are_doubled(void **state)
{
	static const struct {
		struct text path;
		const char *quoted;
	} rows[] = {
		{ T("/"), "\"/\"" },
		{ T("/a b"), "\"/a b\"" },
		{ T("/say \"hi\""), "\"/say \"\"hi\"\"\"" },
		{ T("\""), "\"\"\"\"" },
		{ T("/a\r\n\0b\xff"), "\"/a???b\xff\"" },
	};
	char storage[64];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		buf_reset(&out);
		reply_add_quoted(&out, rows[i].path);
		assert_string_equal(storage, rows[i].quoted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_that_does_not_fit_is_not_begun),
		cmocka_unit_test(replies_are_written_as_rfc_959_says),
		cmocka_unit_test(quotes_in_a_path_are_doubled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
