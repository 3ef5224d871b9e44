/* base/csv_test.c - what is no CSV is refused with its line; what is written is read back. */
#include "base/test.h"

#include "base/buf.h"
#include "base/csv.h"

#define MOST 4

static void broken_records_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *in;
		int expected;
		unsigned line;
	} rows[] = {
		{ "", 0, 1 },
		{ "\r\n\n", 0, 3 },
		{ "\xef\xbb\xbf", 0, 1 },
		{ "\"", -EINVAL, 1 },
		{ "\"a", -EINVAL, 1 },
		{ "\"a\"\"", -EINVAL, 1 },
		{ "\n\"a\"b,c\n", -EINVAL, 2 },
		{ "\n\na,b,c,d,e\n", -E2BIG, 3 },
		{ ",,,,", -E2BIG, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char storage[64];
		struct text fields[MOST];
		struct csv csv;
		unsigned line;
		size_t n;

		csv_init(&csv, text_of(rows[i].in));
		assert_int_equal(csv_take(&csv, storage, fields, MOST, &n, &line),
				 rows[i].expected);
		assert_int_equal(line, rows[i].line);
	}
}

/* The fields joined by |, the records ended by their line. */
static void read_all(const char *in, char *ret, size_t size)
{
	char storage[256];
	struct text fields[MOST];
	struct csv csv;
	struct buf out;
	unsigned line;
	size_t n;

	buf_init(&out, ret, size);
	csv_init(&csv, text_of(in));
	while (csv_take(&csv, storage, fields, MOST, &n, &line) > 0) {
		for (size_t i = 0; i < n; i++) {
			buf_add(&out, fields[i]);
			buf_add_char(&out, '|');
		}
		buf_addf(&out, "%u;", line);
	}
}

static void records_are_read(void **state)
{
	static const struct {
		const char *in, *expected;
	} rows[] = {
		{ "a", "a|1;" },
		{ "a,b\nc,d\n", "a|b|1;c|d|2;" },
		{ "a,b\r\nc,d", "a|b|1;c|d|2;" },
		{ "a\rb\r\r\nc", "a|1;b|2;c|4;" },
		{ "\xef\xbb\xbf"
		  "a,b",
		  "a|b|1;" },
		{ "a;b\nc;d,e", "a|b|1;c|d,e|2;" },
		{ "a\tb\nc\t", "a|b|1;c||2;" },
		{ "a,b;c\n", "a|b;c|1;" },
		{ ",\n\"\"\n,,x", "||1;|2;||x|3;" },
		{ "\"a,b\",\"c\"\"d\"\n\"e\nf\"\r\ng", "a,b|c\"d|1;e\nf|2;g|4;" },
		{ "a\"b,\"\"\"\"\n", "a\"b|\"|1;" },
		{ " a , b ", " a | b |1;" },
	};
	char read[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		read_all(rows[i].in, read, sizeof(read));
		assert_string_equal(read, rows[i].expected);
	}
}

static void what_is_written_is_guarded_and_read_back(void **state)
{
	static const struct {
		const char *field, *written;
	} rows[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "a\"b", "\"a\"\"b\"" },
		{ "=1+1", "\"'=1+1\"" },
		{ "+1", "\"'+1\"" },
		{ "-1", "\"'-1\"" },
		{ "@SUM(A1)", "\"'@SUM(A1)\"" },
		{ "\tx", "\"'\tx\"" },
		{ "'=1", "\"''=1\"" },
		{ "''@", "\"'''@\"" },
		{ "'quoted'", "\"'quoted'\"" },
		{ "a=b", "\"a=b\"" },
		{ "a\r\nb, c", "\"a\r\nb, c\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = NULL, storage[64], expected[64];
		size_t len = 0, n;
		struct text fields[MOST];
		struct csv csv;
		unsigned line;
		FILE *file = open_memstream(&text, &len);

		csv_put(file, text_of(rows[i].field), false);
		csv_put(file, text_of(rows[i].field), true);
		assert_int_equal(fclose(file), 0);
		(void)snprintf(expected, sizeof(expected), "%s,%s\r\n", rows[i].written,
			       rows[i].written);
		assert_string_equal(text, expected);

		csv_init(&csv, (struct text){ text, len });
		assert_int_equal(csv_take(&csv, storage, fields, MOST, &n, &line), 1);
		assert_int_equal(n, 2);
		for (size_t j = 0; j < n; j++)
			assert_true(
				text_equal(csv_without_guard(fields[j]), text_of(rows[i].field)));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_records_are_refused_with_their_line),
		cmocka_unit_test(records_are_read),
		cmocka_unit_test(what_is_written_is_guarded_and_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
