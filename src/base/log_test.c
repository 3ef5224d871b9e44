/* base/log_test.c - whatever a client sends, one event stays one line. */
#include "base/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/log.h"

static char path[] = "/tmp/log_test.XXXXXX";
static char content[16384];

/* Empties the file, writes one event with the one value, and returns what comes after the event's
 * name, without the newline; asserts that there is exactly one newline, the last byte. */
static struct text line_of(struct text value)
{
	assert_int_equal(truncate(path, 0), 0);
	log_event(LOG_INFO, "event", F_TEXT("key", value), F_UINT("after", 1));

	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, content, sizeof(content));
	assert_true(n > 0);

	struct text line = { content, (size_t)n }, before;
	assert_int_equal(text_find(line, '\n'), n - 1);
	line.len--;
	assert_true(text_take_until(&line, 'Z', &before)); /* the time ends in Z */
	assert_int_equal(before.len, 23);
	assert_true(text_skip(&line, T(" info tester event ")));
	return line;
}

static void client_text_cannot_forge_a_line_or_a_field(void **state)
{
	(void)state;
	static const struct {
		struct text value;
		const char *line;
	} rows[] = {
		{ T("a\n2026-11-20T00:00:00.000Z info worker.0 login user=root"),
		  "key=\"a\\x0a2026-11-20T00:00:00.000Z info worker.0 login user=root\" after=1" },
		{ T("a\r\nb"), "key=\"a\\x0d\\x0ab\" after=1" },
		{ T("a user=root"), "key=\"a user=root\" after=1" },
		{ T("a=b"), "key=\"a=b\" after=1" },
		{ T("\" user=root \""), "key=\"\\\" user=root \\\"\" after=1" },
		{ T("back\\slash"), "key=\"back\\\\slash\" after=1" },
		{ T("\x1b[2J"), "key=\"\\x1b[2J\" after=1" },
		{ T("a\0b\x7f"), "key=\"a\\x00b\\x7f\" after=1" },
		{ T("\xff\xfe"), "key=\"\\xff\\xfe\" after=1" },
		{ T("\xc3\xa4\xff"), "key=\"\\xc3\\xa4\\xff\" after=1" },
		{ T("\xc2\x9b"
		    "2J"),
		  "key=\"\\xc2\\x9b2J\" after=1" },
		{ T(""), "key=\"\" after=1" },
		{ T("alice"), "key=alice after=1" },
		{ T("/a/b-c_d.e;f,g"), "key=/a/b-c_d.e;f,g after=1" },
		{ T("Gr\xc3\xbc\xc3\x9f"), "key=Gr\xc3\xbc\xc3\x9f after=1" },
		{ T("\xc3\xbc b"), "key=\"\xc3\xbc b\" after=1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_text(line_of(rows[i].value), rows[i].line);
}

static void a_very_long_value_is_cut_and_the_line_still_ends(void **state)
{
	(void)state;
	static char value[10000];

	memset(value, 'x', sizeof(value));
	struct text line = line_of((struct text){ value, sizeof(value) });
	assert_true(line.len < 4096);
	assert_true(text_starts(line, T("key=\"xxxx")));

	/* Two bytes per character, at both alignments: the cut falls between characters. */
	for (size_t shift = 0; shift < 2; shift++) {
		for (size_t i = shift; i + 1 < sizeof(value); i += 2) {
			value[i] = (char)0xc3;
			value[i + 1] = (char)0xbc;
		}
		line = line_of((struct text){ value, sizeof(value) - shift });
		assert_true(text_is_utf8(line));
	}

	memset(value, '\n', sizeof(value));
	line = line_of((struct text){ value, sizeof(value) });
	assert_true(line.len < 4096);
}

static void numbers_and_errors_are_written_in_words_and_digits(void **state)
{
	(void)state;
	assert_int_equal(truncate(path, 0), 0);
	log_event(LOG_ERROR, "numbers", F_UINT("big", UINT64_MAX), F_INT("small", INT64_MIN),
		  F_STR("none", NULL), F_ERRNO(-ENOSPC));

	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, content, sizeof(content) - 1);
	assert_true(n > 0);
	content[n] = '\0';
	assert_non_null(strstr(content, " error tester numbers big=18446744073709551615 "
					"small=-9223372036854775808 none=\"\" "
					"error=\"No space left on device\"\n"));
}

static void details_above_the_level_are_not_written(void **state)
{
	(void)state;
	struct stat st;

	assert_int_equal(truncate(path, 0), 0);
	assert_false(log_is_on(LOG_DEBUG));
	log_event(LOG_DEBUG, "dialogue", F_UINT("n", 1));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void the_file_can_be_changed_while_it_is_open(void **state)
{
	(void)state;
	char other[] = "/tmp/log_test.XXXXXX";
	int fd = mkostemp(other, O_CLOEXEC);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(log_open("/proc/nonexistent/log", LOG_INFO), -ENOENT);
	assert_int_equal(log_open(other, LOG_INFO), 0);
	log_event(LOG_INFO, "moved", F_UINT("n", 1));
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size > 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	fd_close(&fd);
	assert_int_equal(unlink(other), 0);

	assert_int_equal(log_open(path, LOG_INFO), 0);
	assert_text(line_of(T("back")), "key=back after=1");
}

/* A reload may take the log_file setting away. */
static void an_empty_path_goes_back_to_standard_error(void **state)
{
	(void)state;
	char byte;
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	int r = log_open("", LOG_INFO);
	log_event(LOG_INFO, "here", F_UINT("n", 1));
	ssize_t n = read(ends[0], &byte, 1);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	assert_int_equal(r, 0);
	assert_int_equal(n, 1);
	fd_close(&saved);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	assert_int_equal(log_open(path, LOG_INFO), 0);
	assert_text(line_of(T("back")), "key=back after=1");
}

static int open_log(void **state)
{
	(void)state;
	int fd = mkostemp(path, O_CLOEXEC);

	fd_close(&fd);
	log_set_process("tester");
	return log_open(path, LOG_INFO);
}

static int remove_log(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_text_cannot_forge_a_line_or_a_field),
		cmocka_unit_test(a_very_long_value_is_cut_and_the_line_still_ends),
		cmocka_unit_test(numbers_and_errors_are_written_in_words_and_digits),
		cmocka_unit_test(details_above_the_level_are_not_written),
		cmocka_unit_test(the_file_can_be_changed_while_it_is_open),
		cmocka_unit_test(an_empty_path_goes_back_to_standard_error),
	};

	return cmocka_run_group_tests(tests, open_log, remove_log);
}
