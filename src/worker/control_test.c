/* worker/control_test.c - what a session hears of its client at the end of an upload's data. */
#include "base/test.h"

#include <stdatomic.h>
#include <sys/socket.h>

#include "worker/control.h"
#include "worker/pool.c" /* NOLINT: the test's thread runs the session */

struct end_row {
	const char *title, *said; /* by the client, on the control connection */
	bool has_left;
	int result;
};

static const struct end_row end_rows[] = {
	{ "the client has left", "", true, -ECONNRESET },
	{ "the client has left with a word", "NOOP\r\n", true, -ECONNRESET },
	{ "ABOR", "ABOR\r\n", false, -ECANCELED },
	{ "ABOR, and gone", "ABOR\r\n", true, -ECANCELED },
	{ "the client waits", "", false, 0 },
	{ "the client goes on", "PWD\r\n", false, 0 },
};

static int check_end(const struct end_row *row, char *farewell)
{
	static struct worker_start start;
	static struct pool_thread thread = { .wake_fd = -1 };
	struct worker worker = { .start = &start };
	struct session s = { .worker = &worker, .is_published = true };
	AUTO_CLOSE int client = -1;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
			 0);
	client = ends[0];
	self = &thread;
	s.control.fd = ends[1];
	control_init(&s);
	line_reader_init(&s.lines);
	atomic_store(&s.farewell, farewell);
	assert_int_equal(send(client, row->said, strlen(row->said), 0), strlen(row->said));
	if (row->has_left)
		fd_close(&client);
	int r = control_check_end(&s);
	stream_release(&s.control);
	line_reader_release(&s.lines);
	free(s.held_line);
	self = NULL;
	return r;
}

static void who_has_left_has_not_ended_a_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(end_rows); i++)
		if (check_end(&end_rows[i], NULL) != end_rows[i].result)
			fail_msg("%s", end_rows[i].title);
}

/* Also when the session is told to go at that moment: who has sent all of a file has ended it, but
 * who was cut off has not. */
static void a_farewell_changes_nothing_of_that(void **state)
{
	static char farewell[] = "The server is shutting down.";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(end_rows); i++)
		if (check_end(&end_rows[i], farewell) != end_rows[i].result)
			fail_msg("%s", end_rows[i].title);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_left_has_not_ended_a_file),
		cmocka_unit_test(a_farewell_changes_nothing_of_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
