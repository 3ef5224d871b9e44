/* ipc/recorder_test.c - lines come back to who asks for their session, until others have taken
 * their room; readers beside writers see whole lines only. */
#include "ipc/recorder.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/test.h"

struct seen {
	size_t n;
	char last[RECORDER_LINE_MAX + 1];
	struct recorder_line line;
};

static void see(const struct recorder_line *line, void *arg)
{
	struct seen *seen = arg;

	seen->n++;
	seen->line = *line;
	memcpy(seen->last, line->text.ptr, line->text.len);
	seen->last[line->text.len] = '\0';
}

static struct seen read_session(const struct recorder *recorder, uint64_t session)
{
	struct seen seen = { .n = 0 };
	size_t n = recorder_read(recorder, session, see, &seen);

	assert_int_equal(n, seen.n);
	return seen;
}

static struct recorder *new_recorder(uint32_t workers)
{
	struct recorder *recorder = recorder_new(workers);

	assert_non_null(recorder);
	for (uint32_t i = 0; i < workers; i++)
		recorder_prepare(recorder, i);
	return recorder; /* lives as long as the process, as in the server */
}

static void test_an_unknown_session_has_no_lines(void **state UNUSED)
{
	struct recorder *recorder = new_recorder(2);

	assert_int_equal(read_session(recorder, 1).n, 0);
	assert_int_equal(read_session(recorder, 0).n, 0);
	recorder_note(recorder, 1, 7, RECORDER_CLIENT, T("NOOP"));
	assert_int_equal(read_session(recorder, 1).n, 0);
}

static void test_lines_of_a_session_keep_their_order(void **state UNUSED)
{
	struct recorder *recorder = new_recorder(2);

	recorder_note(recorder, 1, 7, RECORDER_CLIENT, T("NOOP"));
	recorder_note(recorder, 1, 8, RECORDER_CLIENT, T("QUIT"));
	recorder_note(recorder, 1, 7, RECORDER_SERVER, T("200 Fine.\r\n"));

	struct seen seen = read_session(recorder, 7);

	assert_int_equal(seen.n, 2);
	assert_string_equal(seen.last, "200 Fine.");
	assert_int_equal(seen.line.source, RECORDER_SERVER);
	assert_false(seen.line.is_cut);
	assert_true(seen.line.wall_ms > 1000000000000);
}

static void test_long_lines_are_whole_up_to_their_maximum(void **state UNUSED)
{
	static const size_t lengths[] = { 0, 103, 104, 105, 208, 209, 311, 312, 313, 5000 };
	struct recorder *recorder = new_recorder(1);
	char line[5000];

	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		recorder_note(recorder, 0, 10 + i, RECORDER_SERVER,
			      (struct text){ line, lengths[i] });

		struct seen seen = read_session(recorder, 10 + i);
		size_t shown = MIN_OF(lengths[i], RECORDER_LINE_MAX);

		assert_int_equal(seen.n, 1);
		assert_int_equal(strlen(seen.last), shown);
		assert_memory_equal(seen.last, line, shown);
		assert_int_equal(seen.line.is_cut, lengths[i] > RECORDER_LINE_MAX);
	}
}

static void test_a_reply_of_several_lines_stays_one(void **state UNUSED)
{
	struct recorder *recorder = new_recorder(1);

	recorder_note(recorder, 0, 3, RECORDER_SERVER, T("211-Features:\r\n UTF8\r\n211 End\r\n"));
	assert_string_equal(read_session(recorder, 3).last, "211-Features:\n UTF8\n211 End");
}

static void test_the_oldest_lines_make_room(void **state UNUSED)
{
	struct recorder *recorder = new_recorder(1);

	recorder_note(recorder, 0, 1, RECORDER_CLIENT, T("first"));
	for (size_t i = 0; i < RECORDER_SLOTS - 1; i++)
		recorder_note(recorder, 0, 2, RECORDER_CLIENT, T("NOOP"));
	assert_int_equal(read_session(recorder, 1).n, 1);
	recorder_note(recorder, 0, 2, RECORDER_CLIENT, T("NOOP"));
	assert_int_equal(read_session(recorder, 1).n, 0);
	assert_int_equal(read_session(recorder, 2).n, RECORDER_SLOTS);
}

struct writers {
	struct recorder *recorder;
	atomic_uint started;
	atomic_bool is_over;
};

static void *write_lines(void *arg)
{
	struct writers *writers = arg;
	uint64_t session = atomic_fetch_add(&writers->started, 1) + 1;
	char line[250];

	memset(line, (int)('a' + session), sizeof(line));
	for (size_t i = 0; !atomic_load(&writers->is_over); i++)
		recorder_note(writers->recorder, 0, session, RECORDER_CLIENT,
			      (struct text){ line, 1 + i % sizeof(line) });
	return NULL;
}

static void check_line(const struct recorder_line *line, void *arg)
{
	const uint64_t *session = arg;

	for (size_t i = 0; i < line->text.len; i++)
		assert_int_equal(line->text.ptr[i], 'a' + *session);
}

static void test_readers_see_whole_lines_while_others_write(void **state UNUSED)
{
	struct writers writers = { .recorder = new_recorder(1) };
	pthread_t threads[2];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &writers), 0);
	for (uint64_t i = 0; i < 200; i++) {
		uint64_t session = 1 + i % 2;

		(void)recorder_read(writers.recorder, session, check_line, &session);
	}
	atomic_store(&writers.is_over, true);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_unknown_session_has_no_lines),
		cmocka_unit_test(test_lines_of_a_session_keep_their_order),
		cmocka_unit_test(test_long_lines_are_whole_up_to_their_maximum),
		cmocka_unit_test(test_a_reply_of_several_lines_stays_one),
		cmocka_unit_test(test_the_oldest_lines_make_room),
		cmocka_unit_test(test_readers_see_whole_lines_while_others_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
