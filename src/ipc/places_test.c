/* ipc/places_test.c - limits hold exactly when many processes take places at once, and what killed
 * ones held comes back. */
#include "base/test.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* For the mutex, with which a holder is killed. */
#include "ipc/places.c" /* NOLINT */

#define SLOTS 400u
#define TAKERS 8u

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text_of(text), &address), 0);
	return address;
}

static void too_many_of_an_address_are_refused_with_their_number(void **state)
{
	struct places *places = places_new(SLOTS);
	struct address peer = address_of("192.0.2.1"), other = address_of("192.0.2.2");
	unsigned count = 99;

	(void)state;
	assert_int_equal(places_enter(places, 0, 0, &peer, 2, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(places_enter(places, 1, 0, &peer, 2, &count), 0);
	assert_int_equal(places_enter(places, 2, 0, &peer, 2, &count), -EUSERS);
	assert_int_equal(count, 2);
	assert_int_equal(places_enter(places, 2, 0, &other, 2, &count), 0);
	places_leave(places, 0);
	places_leave(places, 0);
	assert_int_equal(places_enter(places, 3, 0, &peer, 2, &count), 0);
	assert_int_equal(places_enter(places, 4, 0, &peer, 0, &count), 0);
	assert_int_equal(count, 2);
}

static void users_are_counted_apart_from_addresses(void **state)
{
	struct places *places = places_new(SLOTS);
	struct address peer = address_of("192.0.2.1");
	unsigned count;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(places_enter(places, i, 0, &peer, 0, &count), 0);
	assert_int_equal(places_log_in(places, 0, "192.0.2.1", 1, &count), 0);
	assert_int_equal(places_log_in(places, 1, "192.0.2.1", 1, &count), -EUSERS);
	assert_int_equal(count, 1);
	assert_int_equal(places_log_in(places, 1, "bob", 1, &count), 0);
	places_log_out(places, 0);
	assert_int_equal(places_log_in(places, 2, "192.0.2.1", 1, &count), 0);
}

static void sessions_of_a_user_share_buckets(void **state)
{
	struct places *places = places_new(SLOTS);
	struct address peer = address_of("192.0.2.1");
	unsigned count;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(places_enter(places, i, 0, &peer, 0, &count), 0);
	assert_int_equal(places_log_in(places, 0, "alice", 0, &count), 0);
	assert_int_equal(places_log_in(places, 1, "alice", 0, &count), 0);
	assert_int_equal(places_log_in(places, 2, "bob", 0, &count), 0);
	for (enum direction d = 0; d < DIRECTIONS; d++) {
		assert_ptr_equal(places_user_bucket(places, 0, d),
				 places_user_bucket(places, 1, d));
		assert_ptr_not_equal(places_user_bucket(places, 0, d),
				     places_user_bucket(places, 2, d));
	}
	assert_ptr_not_equal(places_user_bucket(places, 0, DIRECTION_UPLOAD),
			     places_user_bucket(places, 0, DIRECTION_DOWNLOAD));
}

/* How many logged in, of a taker that comes and goes and in the end stays where it may. */
static int take(struct places *places, uint32_t worker, unsigned most)
{
	struct address peer = address_of("192.0.2.1");
	uint32_t first = worker * (SLOTS / TAKERS);
	unsigned count;
	int n = 0;

	for (unsigned round = 0; round < 200; round++) {
		uint32_t slot = first + round % (SLOTS / TAKERS);

		if (places_enter(places, slot, worker, &peer, 0, &count) < 0)
			return -1;
		if (places_log_in(places, slot, "alice", most, &count) == 0 && count >= most)
			return -1; /* one too many */
		places_leave(places, slot);
	}
	for (uint32_t slot = first; slot < first + SLOTS / TAKERS; slot++) {
		if (places_enter(places, slot, worker, &peer, 0, &count) < 0)
			return -1;
		n += places_log_in(places, slot, "alice", most, &count) == 0;
	}
	return n;
}

static pid_t fork_taker(struct places *places, uint32_t worker, unsigned most)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit((uint8_t)take(places, worker, most));
	return pid;
}

static void a_limit_is_exact_among_processes(void **state)
{
	struct places *places = places_new(SLOTS);
	pid_t pids[TAKERS];
	unsigned total = 0, count;
	const unsigned most = 100;

	(void)state;
	for (uint32_t i = 0; i < TAKERS; i++)
		pids[i] = fork_taker(places, i, most);
	for (uint32_t i = 0; i < TAKERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != UINT8_MAX);
		total += (unsigned)WEXITSTATUS(status);
	}
	/* All stayed, so that the last ones found it full. */
	assert_int_equal(total, most);
	for (uint32_t i = 0; i < TAKERS; i++)
		places_forget_worker(places, i);
	assert_int_equal(places_enter(places, 0, 0, &(struct address){ 0 }, 0, &count), 0);
	assert_int_equal(places_log_in(places, 0, "alice", 1, &count), 0);
	assert_int_equal(count, 0);
}

static void killed_holders_give_everything_back(void **state)
{
	struct places *places = places_new(SLOTS);
	struct address peer = address_of("192.0.2.1");
	unsigned count;
	int status;

	(void)state;
	assert_int_equal(places_enter(places, 1, 1, &peer, 0, &count), 0);
	assert_int_equal(places_log_in(places, 1, "alice", 0, &count), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)!places_enter(places, 2, 2, &peer, 0, &count);
		(void)!places_log_in(places, 2, "alice", 0, &count);
		/* Killed with the lock in hand, in the middle of a change. */
		lock(places);
		places->nodes[places->places[2].user].count = 77;
		places->chains[0] = 3;
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(places_log_in(places, 1, "alice", 2, &count), 0);
	assert_int_equal(count, 1);
	places_forget_worker(places, 2);
	assert_int_equal(places_enter(places, 3, 1, &peer, 2, &count), 0);
	assert_int_equal(count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_many_of_an_address_are_refused_with_their_number),
		cmocka_unit_test(users_are_counted_apart_from_addresses),
		cmocka_unit_test(sessions_of_a_user_share_buckets),
		cmocka_unit_test(a_limit_is_exact_among_processes),
		cmocka_unit_test(killed_holders_give_everything_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
