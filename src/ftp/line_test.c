/* ftp/line_test.c - command lines out of pieces: limits, Telnet sequences, looking ahead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "ftp/line.h"

static void feed(struct line_reader *reader, struct text in)
{
	assert_int_equal(line_reader_feed(reader, in.ptr, in.len), 0);
}

/* All lines that can be had, each in brackets; "(long)" for one that was too long. */
static void take_all(struct line_reader *reader, struct buf *out)
{
	struct text line;
	int r;

	while ((r = line_reader_next(reader, &line)) != 0) {
		if (r == -EMSGSIZE) {
			buf_add(out, T("(long)"));
			continue;
		}
		assert_int_equal(r, 1);
		buf_add_char(out, '[');
		buf_add(out, line);
		buf_add_char(out, ']');
	}
}

static void assert_next(struct line_reader *reader, struct text expected)
{
	struct text line;

	assert_int_equal(line_reader_next(reader, &line), 1);
	assert_true(text_equal(line, expected));
}

static void assert_nothing(struct line_reader *reader)
{
	struct text line;

	assert_int_equal(line_reader_next(reader, &line), 0);
}

static void assert_too_long(struct line_reader *reader)
{
	struct text line;

	assert_int_equal(line_reader_next(reader, &line), -EMSGSIZE);
}

static const struct {
	struct text in, lines;
} messages[] = {
	{ T(""), T("") },
	{ T("NOOP"), T("") },
	{ T("NOOP\r"), T("") },
	{ T("\r\n"), T("[]") },
	{ T("\n\n"), T("[][]") },
	{ T("NOOP\r\n"), T("[NOOP]") },
	{ T("NOOP\n"), T("[NOOP]") },
	{ T("NOOP\r\nPWD\nQUIT\r\nrest"), T("[NOOP][PWD][QUIT]") },
	{ T("RETR a\rb\r\n"), T("[RETR a\rb]") },
	{ T("RETR a\0b\r\n"), T("[RETR a\0b]") },
	{ T("RETR a\r\r\n"), T("[RETR a\r]") },
	{ T("RETR a\r\0b\r\n"), T("[RETR a\rb]") },
	{ T("RETR a\r\0\0b\r\n"), T("[RETR a\r\0b]") },
	{ T("\0\r\n"), T("[\0]") },
	/* Telnet: IAC IP, IAC DM as clients send them before ABOR; options; a subnegotiation. */
	{ T("\xff\xf4\xff\xf2"
	    "ABOR\r\n"),
	  T("[ABOR]") },
	{ T("RETR \xff\xff\r\n"), T("[RETR \xff]") },
	{ T("RETR \xff\xff\xff\xff\r\n"), T("[RETR \xff\xff]") },
	{ T("NO\xff\xfb\x01OP\r\n"), T("[NOOP]") },
	{ T("NO\xff\xfb\x0aOP\xff\xfc\xff\r\n"), T("[NOOP]") },
	{ T("\xff\xfd\x18\xff\xfe\x18NOOP\r\n"), T("[NOOP]") },
	{ T("NO\xff\xfa\x18 \r\n x\xff\xff\xf0\xff\xf0OP\r\n"), T("[NOOP]") },
	{ T("NO\xffxOP\r\n"), T("[NOOP]") },
	{ T("RETR a\xff\r\nNOOP\r\n"), T("[RETR a][NOOP]") },
	{ T("RETR a\xff\nNOOP\r\n"), T("[RETR a][NOOP]") },
	{ T("RETR a\r\xff\xf1\0b\r\n"), T("[RETR a\rb]") },
	{ T("NOOP\r\xff\xf1\n"), T("[NOOP]") },
};

/* Cut into three pieces at every pair of places, and lines taken between the pieces. */
static void lines_are_the_same_wherever_they_are_cut(void **state)
{
	char storage[256];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct text in = messages[i].in;

		for (size_t a = 0; a <= in.len; a++) {
			for (size_t b = a; b <= in.len; b++) {
				struct line_reader reader;

				buf_reset(&out);
				line_reader_init(&reader);
				feed(&reader, (struct text){ in.ptr, a });
				if (b % 2 == 0)
					take_all(&reader, &out);
				feed(&reader, (struct text){ in.ptr + a, b - a });
				feed(&reader, (struct text){ in.ptr + b, in.len - b });
				take_all(&reader, &out);
				assert_true(text_equal(buf_text(&out), messages[i].lines));
				line_reader_release(&reader);
			}
		}
	}
}

/* A line of so many bytes, with its end, between two others; fed in pieces of a size. */
static void check_long_line(size_t len, struct text end, size_t piece, struct text expected)
{
	static char in[3 * LINE_MAX_LEN], out_bytes[4 * LINE_MAX_LEN];
	struct line_reader reader;
	struct buf message, out;

	buf_init(&message, in, sizeof(in));
	buf_init(&out, out_bytes, sizeof(out_bytes));
	buf_add(&message, T("NOOP\r\n"));
	for (size_t i = 0; i < len; i++)
		buf_add_char(&message, 'a');
	buf_add(&message, end);
	buf_add(&message, T("PWD\r\n"));
	assert_false(message.has_overflowed);

	line_reader_init(&reader);
	for (size_t at = 0; at < message.len; at += piece) {
		feed(&reader, (struct text){ in + at, MIN_OF(piece, message.len - at) });
		take_all(&reader, &out);
	}
	if (expected.len == 0) {
		assert_int_equal(out.len, strlen("[NOOP][][PWD]") + len);
		assert_int_equal(reader.skipped_bytes, 0);
	} else {
		assert_true(text_equal(buf_text(&out), expected));
		assert_int_equal(reader.skipped_bytes, len + end.len - 1);
	}
	assert_null(reader.bytes);
	line_reader_release(&reader);
}

static void a_line_that_is_too_long_is_reported_once(void **state)
{
	static const size_t pieces[] = {
		1, 7, 4096, 8192, 8193, 8199, 8200, 8201, 3 * LINE_MAX_LEN
	};
	const struct text reported = T("[NOOP](long)[PWD]"), good = T("");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		check_long_line(LINE_MAX_LEN + 1, T("\n"), pieces[i], reported);
		check_long_line(LINE_MAX_LEN + 1, T("\r\n"), pieces[i], reported);
		check_long_line(LINE_MAX_LEN + 2, T("\n"), pieces[i], reported);
		check_long_line(LINE_MAX_LEN + 2, T("\r\n"), pieces[i], reported);
		check_long_line(2 * LINE_MAX_LEN, T("\r\n"), pieces[i], reported);
		check_long_line(LINE_MAX_LEN, T("\r\r\n"), pieces[i], reported);
		check_long_line(LINE_MAX_LEN, T("\r\n"), pieces[i], good);
		check_long_line(LINE_MAX_LEN, T("\n"), pieces[i], good);
	}
}

static void a_flood_without_a_line_end_costs_no_memory(void **state)
{
	struct line_reader reader;
	char piece[4096];

	(void)state;
	memset(piece, 'a', sizeof(piece));
	line_reader_init(&reader);
	for (size_t i = 0; i < 256; i++) {
		feed(&reader, (struct text){ piece, sizeof(piece) });
		if (i == 2)
			assert_too_long(&reader);
		else
			assert_nothing(&reader);
	}
	assert_int_equal(reader.skipped_bytes, 256 * sizeof(piece));
	assert_null(reader.bytes);
	feed(&reader, T("a\r\nNOOP\r\n"));
	assert_next(&reader, T("NOOP"));
	assert_nothing(&reader);
	line_reader_release(&reader);
}

/* While a transfer runs lines are looked at, not taken: a long one must not fill the buffer. */
static void an_unread_line_that_is_too_long_is_kept_short(void **state)
{
	struct line_reader reader;
	char piece[4096];

	(void)state;
	memset(piece, 'a', sizeof(piece));
	line_reader_init(&reader);
	feed(&reader, T("NOOP\r\n"));
	for (size_t i = 0; i < 256; i++)
		feed(&reader, (struct text){ piece, sizeof(piece) });
	feed(&reader, T("\r\nABOR\r\n"));
	assert_true(line_reader_has_verb(&reader, T("ABOR")));
	assert_next(&reader, T("NOOP"));
	assert_too_long(&reader);
	assert_next(&reader, T("ABOR"));
	assert_nothing(&reader);
	assert_int_equal(reader.skipped_bytes, 256 * sizeof(piece) + 1);
	line_reader_release(&reader);
}

static void unread_lines_above_64_kib_are_refused_and_nothing_is_taken(void **state)
{
	struct line_reader reader;
	char piece[4096];
	size_t n = 0;

	(void)state;
	memset(piece, '\n', sizeof(piece));
	line_reader_init(&reader);
	for (size_t i = 0; i < 16; i++)
		feed(&reader, (struct text){ piece, sizeof(piece) });
	assert_int_equal(line_reader_feed(&reader, "\n", 1), -ENOBUFS);

	for (struct text line; line_reader_next(&reader, &line) == 1;)
		n++;
	assert_int_equal(n, 64 * 1024);
	assert_null(reader.bytes);
	feed(&reader, T("NOOP\r\n"));
	assert_next(&reader, T("NOOP"));
	line_reader_release(&reader);
}

static void an_endless_subnegotiation_is_counted(void **state)
{
	struct line_reader reader;

	(void)state;
	line_reader_init(&reader);
	feed(&reader, T("\xff\xfa"));
	for (size_t i = 0; i < 100; i++)
		feed(&reader, T("0123456789"));
	assert_int_equal(reader.skipped_bytes, 1000);
	assert_null(reader.bytes);
	line_reader_release(&reader);
}

static void an_empty_reader_holds_no_buffer(void **state)
{
	struct line_reader reader;

	(void)state;
	line_reader_init(&reader);
	assert_nothing(&reader);
	feed(&reader, T(""));
	assert_null(reader.bytes);
	feed(&reader, T("NOOP\r\n"));
	assert_false(line_reader_is_empty(&reader));
	assert_true(reader.size <= 128);
	assert_next(&reader, T("NOOP"));
	assert_true(line_reader_is_empty(&reader));
	assert_nothing(&reader);
	assert_null(reader.bytes);
	line_reader_release(&reader);
}

static void a_verb_is_seen_behind_other_lines(void **state)
{
	static const struct {
		struct text in;
		bool is_there;
	} rows[] = {
		{ T(""), false },	    { T("ABOR"), false },
		{ T("ABORT\r\n"), false },  { T("RETR ABOR\r\n"), false },
		{ T("XABOR\r\n"), false },  { T("ABO\r\nR\r\n"), false },
		{ T("ABOR\r\n"), true },    { T("abor\n"), true },
		{ T("  ABOR \r\n"), true }, { T("NOOP\r\nSTAT\r\nABOR now\r\nNOOP\r\n"), true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct line_reader reader;

		line_reader_init(&reader);
		feed(&reader, rows[i].in);
		assert_int_equal(line_reader_has_verb(&reader, T("ABOR")), rows[i].is_there);
		line_reader_release(&reader);
	}
}

static void a_verb_is_taken_away_with_all_before_it(void **state)
{
	struct line_reader reader;

	(void)state;
	line_reader_init(&reader);
	line_reader_drop_through(&reader, T("ABOR"));
	feed(&reader, T("NOOP\r\nABOR\r\nABOR\r\nPWD\r\nST"));
	line_reader_drop_through(&reader, T("STAT"));
	assert_next(&reader, T("NOOP"));
	line_reader_drop_through(&reader, T("abor"));
	assert_true(line_reader_has_verb(&reader, T("ABOR")));
	line_reader_drop_through(&reader, T("ABOR"));
	assert_next(&reader, T("PWD"));
	assert_nothing(&reader);
	feed(&reader, T("AT\r\n"));
	line_reader_drop_through(&reader, T("STAT"));
	assert_null(reader.bytes);
	line_reader_release(&reader);
}

static void dropping_all_forgets_unfinished_sequences_too(void **state)
{
	static const struct text rows[] = {
		T("NOOP\r\nPWD"), T("PWD\r"), T("\xff"), T("\xff\xfb"), T("\xff\xfa\x01"), T(""),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct line_reader reader;

		line_reader_init(&reader);
		feed(&reader, rows[i]);
		line_reader_drop_all(&reader);
		assert_true(line_reader_is_empty(&reader));
		assert_null(reader.bytes);
		feed(&reader, T("\0QUIT\r\n"));
		assert_next(&reader, T("\0QUIT"));
		line_reader_release(&reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_same_wherever_they_are_cut),
		cmocka_unit_test(a_line_that_is_too_long_is_reported_once),
		cmocka_unit_test(a_flood_without_a_line_end_costs_no_memory),
		cmocka_unit_test(an_unread_line_that_is_too_long_is_kept_short),
		cmocka_unit_test(unread_lines_above_64_kib_are_refused_and_nothing_is_taken),
		cmocka_unit_test(an_endless_subnegotiation_is_counted),
		cmocka_unit_test(an_empty_reader_holds_no_buffer),
		cmocka_unit_test(a_verb_is_seen_behind_other_lines),
		cmocka_unit_test(a_verb_is_taken_away_with_all_before_it),
		cmocka_unit_test(dropping_all_forgets_unfinished_sequences_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
