/* Tests of cli/table.h. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/table.h"

static char printed[4096];

/* Prints the table into `printed`. */
static void print(const struct table *table, bool has_colour)
{
	FILE *out = fmemopen(printed, sizeof(printed), "w");

	assert_non_null(out);
	assert_int_equal(table_print(table, out, has_colour), 0);
	assert_int_equal(fclose(out), 0);
}

static void control_bytes_and_broken_utf8_become_question_marks(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "a\x1b[31mb", "a?[31mb\n" },
		{ "a\nb\tc\x7f", "a?b?c?\n" },
		{ "\xff\xc3 ", "?? \n" },
		{ "\xc2\x9b", "?\n" },	/* a control character of eight bits */
		{ "\xe2\x9c", "??\n" }, /* cut in the middle */
		{ "✓ ü 日本", "✓ ü 日本\n" },
	};
	static const struct column columns[] = { { "", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_TABLE struct table *table = table_new(columns, 1);

		assert_non_null(table);
		table_add(table, CELL_PLAIN, rows[i].in);
		print(table, false);
		assert_string_equal(printed, rows[i].out);
	}
}

static void columns_align_by_what_a_terminal_shows(void **state)
{
	static const struct column columns[] = { { "NAME", false },
						 { "N", true },
						 { "LAST", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));

	(void)state;
	assert_non_null(table);
	table_add(table, CELL_PLAIN, "alice");
	table_addf(table, CELL_PLAIN, "%d", 5);
	table_add(table, CELL_PLAIN, "x");
	table_add(table, CELL_PLAIN, "zoë");
	table_addf(table, CELL_PLAIN, "%d", 1234);
	table_add(table, CELL_PLAIN, "longer");
	table_add(table, CELL_PLAIN, "日本"); /* two columns each */
	table_add(table, CELL_PLAIN, "");
	table_add(table, CELL_PLAIN, "y");
	print(table, false);
	assert_string_equal(printed, "NAME      N  LAST\n"
				     "alice     5  x\n"
				     "zoë    1234  longer\n"
				     "日本         y\n");
}

static void a_table_without_rows_is_its_titles(void **state)
{
	static const struct column columns[] = { { "A", false }, { "B", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));

	(void)state;
	assert_non_null(table);
	print(table, false);
	assert_string_equal(printed, "A  B\n");
}

static void colour_is_there_only_when_it_is_wanted(void **state)
{
	static const struct column columns[] = { { "", false }, { "", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));

	(void)state;
	assert_non_null(table);
	table_add(table, CELL_GOOD, "✓ enabled");
	table_add(table, CELL_PLAIN, "a");
	table_add(table, CELL_BAD, "✗ disabled");
	table_add(table, CELL_PLAIN, "b");
	print(table, false);
	assert_string_equal(printed, "✓ enabled   a\n✗ disabled  b\n");
	print(table, true);
	assert_string_equal(printed, "\033[32m✓ enabled\033[0m   a\n"
				     "\033[31m✗ disabled\033[0m  b\n");
}

static void many_rows_are_kept(void **state)
{
	static const struct column columns[] = { { "", true } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));

	(void)state;
	assert_non_null(table);
	for (int i = 0; i < 1000; i++)
		table_addf(table, CELL_PLAIN, "%d", i);
	print(table, false);
	assert_memory_equal(printed, "  0\n  1\n", 8);
	assert_non_null(strstr(printed, "\n998\n999\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_bytes_and_broken_utf8_become_question_marks),
		cmocka_unit_test(columns_align_by_what_a_terminal_shows),
		cmocka_unit_test(a_table_without_rows_is_its_titles),
		cmocka_unit_test(colour_is_there_only_when_it_is_wanted),
		cmocka_unit_test(many_rows_are_kept),
	};
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
