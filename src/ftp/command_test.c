/* ftp/command_test.c - lines into verb and argument, what a log shows of them, and TYPE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ftp/command.h"

static void lines_that_are_no_command_are_refused(void **state)
{
	static const struct {
		struct text line;
		int result;
	} rows[] = {
		{ T(""), -EINVAL },
		{ T("   "), -EINVAL },
		{ T("\t \t"), -EINVAL },
		{ T("ABCDEFGH"), -EINVAL },
		{ T("ABCDEFGHIJKLMNOP x"), -EINVAL },
		{ T("US-R x"), -EINVAL },
		{ T("USER\tx"), -EINVAL },
		{ T("\xc3\x9c x"), -EINVAL },
		{ T("\xf2"
		    "ABOR"),
		  -EINVAL },
		{ T("NOOP\0"), -EILSEQ },
		{ T("RETR a\0b"), -EILSEQ },
		{ T("RETR a\rb"), -EILSEQ },
		{ T("RETR a\nb"), -EILSEQ },
		{ T("\r"), -EILSEQ },
		{ T("TOOLONGVERB \0"), -EILSEQ },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct command_line command = { .verb = "before" };

		assert_int_equal(command_parse(rows[i].line, &command), rows[i].result);
		assert_string_equal(command.verb, "before");
	}
}

static void verbs_are_upper_case_and_arguments_keep_their_blanks(void **state)
{
	static const struct {
		struct text line;
		const char *verb;
		bool has_argument;
		struct text argument;
	} rows[] = {
		{ T("NOOP"), "NOOP", false, T("") },
		{ T("noop "), "NOOP", true, T("") },
		{ T("  NoOp"), "NOOP", false, T("") },
		{ T("\tpwd"), "PWD", false, T("") },
		{ T("XSHA512 a"), "XSHA512", true, T("a") },
		{ T("MD5 a"), "MD5", true, T("a") },
		{ T("RETR  two blanks "), "RETR", true, T(" two blanks ") },
		{ T("stor caf\xe9"), "STOR", true, T("caf\xe9") },
		{ T("CWD a\tb"), "CWD", true, T("a\tb") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct command_line command;

		assert_int_equal(command_parse(rows[i].line, &command), 0);
		assert_string_equal(command.verb, rows[i].verb);
		assert_int_equal(command.has_argument, rows[i].has_argument);
		assert_true(text_equal(command.argument, rows[i].argument));
	}
}

static void secrets_are_masked_and_control_bytes_replaced(void **state)
{
	static const struct {
		struct text line;
		const char *shown;
	} rows[] = {
		{ T("PASS secret"), "PASS ****" },
		{ T("pass secret"), "PASS ****" },
		{ T("PASS"), "PASS ****" },
		{ T("  PASS secret"), "PASS ****" },
		{ T("PASSsecret"), "PASS ****" },
		{ T("PASS\tsecret"), "PASS ****" },
		{ T("\xf2\0PASS secret"), "PASS ****" },
		{ T("acct secret"), "ACCT ****" },
		{ T("PASV"), "PASV" },
		{ T(""), "" },
		{ T("RETR a\r\n\0\x1b\x7f"), "RETR a?????" },
		{ T("STOR caf\xc3\xa9"), "STOR caf\xc3\xa9" },
	};
	char shown[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(command_mask(rows[i].line, shown, sizeof(shown)),
				 strlen(rows[i].shown));
		assert_string_equal(shown, rows[i].shown);
	}
}

static void long_lines_are_cut_with_dots_between_characters(void **state)
{
	static const struct {
		struct text line;
		size_t size;
		const char *shown;
	} rows[] = {
		{ T("RETR abcdef"), 12, "RETR abcdef" },
		{ T("RETR abcdef"), 11, "RETR ab..." },
		{ T("RETR abcdef"), 4, "..." },
		{ T("RETR abcdef"), 2, "." },
		{ T("RETR abcdef"), 1, "" },
		{ T("abc\xe2\x82\xac"
		    "def"),
		  9, "abc..." },
		{ T("abc\xe2\x82\xac"
		    "defg"),
		  10, "abc\xe2\x82\xac..." },
		{ T("\x80\x80\x80\x80\x80\x80\x80\x80"), 8, "\x80\x80\x80\x80..." },
		{ T("PASS secret"), 6, "PASS " },
	};
	char shown[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		(void)command_mask(rows[i].line, shown, rows[i].size);
		assert_string_equal(shown, rows[i].shown);
	}
	assert_int_equal(command_mask(T("NOOP"), NULL, 0), 0);
}

static void types_follow_rfc_959(void **state)
{
	static const struct {
		struct text argument;
		int result;
		enum transfer_type type;
	} rows[] = {
		{ T(""), -EINVAL, 0 },		{ T("X"), -EINVAL, 0 },
		{ T("AN"), -EINVAL, 0 },	{ T("A X"), -EINVAL, 0 },
		{ T("A NN"), -EINVAL, 0 },	{ T("A  N"), -EINVAL, 0 },
		{ T("I N"), -EINVAL, 0 },	{ T("L"), -EINVAL, 0 },
		{ T("L8"), -EINVAL, 0 },	{ T("L 0"), -EINVAL, 0 },
		{ T("L x"), -EINVAL, 0 },	{ T("L 256"), -EINVAL, 0 },
		{ T("L -8"), -EINVAL, 0 },	{ T("E X"), -EINVAL, 0 },
		{ T("E"), -EOPNOTSUPP, 0 },	{ T("E N"), -EOPNOTSUPP, 0 },
		{ T("E T"), -EOPNOTSUPP, 0 },	{ T("A T"), 0, TYPE_ASCII },
		{ T("a c"), -EOPNOTSUPP, 0 },	{ T("L 36"), -EOPNOTSUPP, 0 },
		{ T("L 255"), -EOPNOTSUPP, 0 }, { T("A"), 0, TYPE_ASCII },
		{ T("a"), 0, TYPE_ASCII },	{ T("A N"), 0, TYPE_ASCII },
		{ T("a n"), 0, TYPE_ASCII },	{ T("A "), 0, TYPE_ASCII },
		{ T("I"), 0, TYPE_IMAGE },	{ T("i"), 0, TYPE_IMAGE },
		{ T("L 8"), 0, TYPE_IMAGE },	{ T("l 8"), 0, TYPE_IMAGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum transfer_type type = TYPE_ASCII;

		assert_int_equal(type_parse(rows[i].argument, &type), rows[i].result);
		assert_int_equal(type, rows[i].type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_no_command_are_refused),
		cmocka_unit_test(verbs_are_upper_case_and_arguments_keep_their_blanks),
		cmocka_unit_test(secrets_are_masked_and_control_bytes_replaced),
		cmocka_unit_test(long_lines_are_cut_with_dots_between_characters),
		cmocka_unit_test(types_follow_rfc_959),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
