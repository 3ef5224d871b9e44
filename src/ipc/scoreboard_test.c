/* Tests of ipc/scoreboard.h; includes the source to reach the sequence locks. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ipc/scoreboard.c"

#define SESSIONS 1000

static int make_board(void **state)
{
	*state = scoreboard_new(SESSIONS);
	return *state ? 0 : -1;
}

/* Boards are never unmapped in the server; tests make several. */
static int unmap_board(void **state)
{
	return munmap(*state, board_size(SESSIONS));
}

static void a_free_slot_shows_nothing(void **state)
{
	struct session_view view;

	for (uint32_t i = 0; i < SESSIONS; i++)
		assert_false(scoreboard_get_session(*state, i, &view));
}

static void a_full_board_says_so_until_a_session_ends(void **state)
{
	static bool seen[SESSIONS];
	uint32_t slot;
	uint64_t id, last_id = 0;

	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < SESSIONS; i++) {
		assert_int_equal(scoreboard_open(*state, i % 3, &slot, &id), 0);
		assert_false(seen[slot]);
		seen[slot] = true;
		assert_true(id > last_id);
		last_id = id;
	}
	assert_int_equal(scoreboard_open(*state, 0, &slot, &id), -ENOSPC);
	scoreboard_close(*state, 617);
	assert_int_equal(scoreboard_open(*state, 0, &slot, &id), 0);
	assert_int_equal(slot, 617);
	assert_int_equal(id, last_id + 1);
}

static void a_session_is_shown_as_published(void **state)
{
	struct session_view in = { .is_logged_in = true, .transfer = TRANSFER_UPLOAD }, out;
	uint32_t slot;
	uint64_t id;

	in.peer.port = 1234;
	in.transfer_bytes = 5;
	in.is_running = true;
	(void)snprintf(in.user, sizeof(in.user), "alice");
	(void)snprintf(in.directory, sizeof(in.directory), "/in");
	(void)snprintf(in.command, sizeof(in.command), "this is for scoreboard_set_command");
	assert_int_equal(scoreboard_open(*state, 7, &slot, &id), 0);
	assert_true(scoreboard_get_session(*state, slot, &out));
	assert_string_equal(out.user, "");
	scoreboard_publish(*state, slot, &in);
	scoreboard_set_transfer_bytes(*state, slot, 77);
	scoreboard_set_running(*state, slot, false);
	assert_true(scoreboard_get_session(*state, slot, &out));
	assert_int_equal(out.id, id);
	assert_int_equal(out.worker_slot, 7);
	assert_true(out.is_logged_in);
	assert_false(out.is_running);
	assert_int_equal(out.transfer, TRANSFER_UPLOAD);
	assert_int_equal(out.transfer_bytes, 77);
	assert_int_equal(out.peer.port, 1234);
	assert_string_equal(out.user, "alice");
	assert_string_equal(out.directory, "/in");
	assert_string_equal(out.command, "");
	scoreboard_set_command(*state, slot, "STOR x", 17);
	assert_true(scoreboard_get_session(*state, slot, &out));
	assert_string_equal(out.command, "STOR x");
	assert_int_equal(out.last_command_wall_ms, 17);
	assert_string_equal(out.user, "alice");
	scoreboard_publish(*state, slot, &in);
	assert_true(scoreboard_get_session(*state, slot, &out));
	assert_string_equal(out.command, "STOR x");
	scoreboard_close(*state, slot);
	assert_false(scoreboard_get_session(*state, slot, &out));
}

/* Texts of every length, of which the shorter ones stay on the card. */
static void texts_are_shown_up_to_their_last_byte(void **state)
{
	static const char bytes[] = "abcdefghijklmnopqrstuvwxyz";
	uint32_t slot;
	uint64_t id;

	assert_int_equal(scoreboard_open(*state, 7, &slot, &id), 0);
	for (size_t len = SESSION_VIEW_TEXT; len-- > 0;) {
		struct session_view in = { 0 }, out;
		char line[SESSION_VIEW_TEXT];

		for (size_t i = 0; i < len; i++)
			in.directory[i] = line[i] = bytes[(i * 7 + len) % 26];
		line[len] = '\0';
		memcpy(in.transfer_path, line, len);
		memcpy(in.user, line, MIN_OF(len, sizeof(in.user) - 1));
		memcpy(in.tls, line, MIN_OF(len, sizeof(in.tls) - 1));
		scoreboard_publish(*state, slot, &in);
		scoreboard_set_command(*state, slot, line, 1);
		assert_true(scoreboard_get_session(*state, slot, &out));
		assert_string_equal(out.directory, in.directory);
		assert_string_equal(out.transfer_path, in.transfer_path);
		assert_string_equal(out.user, in.user);
		assert_string_equal(out.tls, in.tls);
		assert_string_equal(out.command, line);
	}

	struct session_view out;
	char too_long[2 * SESSION_VIEW_TEXT];

	memset(too_long, 'x', sizeof(too_long));
	too_long[sizeof(too_long) - 1] = '\0';
	scoreboard_set_command(*state, slot, too_long, 2);
	assert_true(scoreboard_get_session(*state, slot, &out));
	assert_int_equal(strlen(out.command), SESSION_VIEW_TEXT - 1);
}

static void a_worker_that_died_leaves_no_session(void **state)
{
	const struct worker_view serving = { .state = WORKER_SERVING, .pid = 42, .sessions = 99 };
	struct worker_view worker;
	struct session_view view;
	uint32_t kept, slot;
	uint64_t id;

	scoreboard_set_worker(*state, 1, &serving);
	assert_int_equal(scoreboard_open(*state, 2, &kept, &id), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(scoreboard_open(*state, 1, &slot, &id), 0);
	scoreboard_add_threads(*state, 1, 4);
	scoreboard_add_threads(*state, 1, -1);
	scoreboard_close(*state, slot);
	scoreboard_get_worker(*state, 1, &worker);
	assert_int_equal(worker.sessions, 9);
	assert_int_equal(worker.threads, 3);
	assert_int_equal(worker.pid, 42);
	scoreboard_forget_worker(*state, 1);
	scoreboard_get_worker(*state, 1, &worker);
	assert_int_equal(worker.sessions, 0);
	assert_int_equal(worker.threads, 0);
	for (uint32_t i = 0; i < SESSIONS; i++)
		assert_int_equal(scoreboard_get_session(*state, i, &view), i == kept);
}

static void a_worker_killed_while_it_publishes_stops_no_reader(void **state)
{
	struct scoreboard *board = *state;
	struct session_view view;
	uint32_t slot;
	uint64_t id;
	int64_t before = clock_ms();

	assert_int_equal(scoreboard_open(board, 3, &slot, &id), 0);
	/* What a kill in the middle of seqlock_write leaves behind. */
	atomic_fetch_add(&board->cards[slot].lock.sequence, 1);
	assert_false(scoreboard_get_session(board, slot, &view));
	assert_true(clock_ms() - before < 5000);
	scoreboard_forget_worker(board, 3);
	assert_int_equal(scoreboard_open(board, 3, &slot, &id), 0);
	assert_true(scoreboard_get_session(board, slot, &view));
}

static void workers_killed_at_any_moment_leave_a_board_that_works(void **state)
{
	struct scoreboard *board = *state;

	for (uint32_t round = 0; round < 30; round++) {
		struct session_view view = { 0 };
		int ready[2], status;
		char byte;

		assert_int_equal(pipe(ready), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			/* A test that fails must not leave it running. */
			assert_int_equal(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
			(void)!write(ready[1], "", 1);
			for (;;) {
				uint32_t slot;
				uint64_t id;

				if (scoreboard_open(board, 5, &slot, &id) < 0)
					_exit(1);
				scoreboard_publish(board, slot, &view);
				scoreboard_close(board, slot);
			}
		}
		assert_int_equal(read(ready[0], &byte, 1), 1);
		for (uint32_t i = 0; i < round * 10; i++)
			(void)scoreboard_get_session(board, i, &view);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		scoreboard_forget_worker(board, 5);
		for (uint32_t i = 0; i < SESSIONS; i++)
			assert_false(scoreboard_get_session(board, i, &view));
		fd_close(&ready[0]);
		fd_close(&ready[1]);
	}
}

struct race {
	struct scoreboard *board;
	uint32_t slot;
	_Atomic bool is_over;
};

/* Publishes views in which every number says the same. */
static void *publish_until_over(void *arg)
{
	struct race *race = arg;
	struct session_view view = { 0 };

	for (uint64_t n = 0; !atomic_load(&race->is_over); n++) {
		view.bytes_sent = view.bytes_received = view.transfer_bytes = n;
		memset(view.command, (int)('a' + n % 26), sizeof(view.command) - 1);
		memset(view.directory, (int)('a' + n % 26), sizeof(view.directory) - 1);
		scoreboard_publish(race->board, race->slot, &view);
		scoreboard_set_command(race->board, race->slot, view.command, 0);
	}
	return NULL;
}

static void readers_get_whole_views_while_the_owner_writes(void **state)
{
	struct race race = { .board = *state };
	struct session_view view;
	unsigned n_seen = 0;
	pthread_t writer;
	uint64_t id;

	assert_int_equal(scoreboard_open(*state, 0, &race.slot, &id), 0);
	assert_int_equal(pthread_create(&writer, NULL, publish_until_over, &race), 0);
	for (int64_t end = deadline_in(300); deadline_left(end) > 0;) {
		if (!scoreboard_get_session(*state, race.slot, &view))
			continue;
		n_seen++;
		assert_int_equal(view.bytes_sent, view.bytes_received);
		/* A long text may be cut, but is never put together from two. */
		for (size_t i = 1; view.command[i]; i++)
			assert_true(view.command[i] == view.command[0]);
		for (size_t i = 1; view.directory[i]; i++)
			assert_true(view.directory[i] == view.directory[0]);
	}
	atomic_store(&race.is_over, true);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_true(n_seen > 0);
}

static void the_server_is_shown_as_set(void **state)
{
	struct server_view in = { .supervisor_pid = 10, .manager_pid = 11, .generation = 3 }, out;

	scoreboard_get_server(*state, &out);
	assert_int_equal(out.generation, 0);
	(void)snprintf(in.last_reload_error, sizeof(in.last_reload_error), "line 3");
	scoreboard_set_server(*state, &in);
	scoreboard_get_server(*state, &out);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_int_equal(scoreboard_max_sessions(*state), SESSIONS);
}

#define WITH_BOARD(test) cmocka_unit_test_setup_teardown(test, make_board, unmap_board)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOARD(a_free_slot_shows_nothing),
		WITH_BOARD(a_full_board_says_so_until_a_session_ends),
		WITH_BOARD(a_worker_that_died_leaves_no_session),
		WITH_BOARD(a_worker_killed_while_it_publishes_stops_no_reader),
		WITH_BOARD(workers_killed_at_any_moment_leave_a_board_that_works),
		WITH_BOARD(a_session_is_shown_as_published),
		WITH_BOARD(texts_are_shown_up_to_their_last_byte),
		WITH_BOARD(readers_get_whole_views_while_the_owner_writes),
		WITH_BOARD(the_server_is_shown_as_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
