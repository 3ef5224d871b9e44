/* Tests of ipc/reservations.h; includes the source to check the table itself. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "ipc/reservations.c"

#define SESSIONS 64
#define QUARANTINE_MS 60000

static struct address peer_number(unsigned n)
{
	uint8_t ip[4] = { 127, 0, (uint8_t)(n >> 8), (uint8_t)n };

	return address_from_v4(ip, 0);
}

static struct reservation_owner owner_number(uint32_t n)
{
	return (struct reservation_owner){ n % 4, n, 1000 + n };
}

static int take(struct reservations *r, unsigned peer, uint16_t port, uint32_t owner)
{
	struct address a = peer_number(peer);
	struct reservation_owner o = owner_number(owner);

	return reservations_take(r, &a, port, &o, QUARANTINE_MS);
}

/* The board slot that the connection goes to, or -1. */
static int match(struct reservations *r, unsigned peer, uint16_t port)
{
	struct address a = peer_number(peer);
	struct reservation_owner o;

	a.port = 55555; /* of the client, which tells nothing */
	return reservations_match(r, &a, port, &o) ? (int)o.board_slot : -1;
}

static int make_table(void **state)
{
	*state = reservations_new(SESSIONS);
	return *state ? 0 : -1;
}

static int unmap_table(void **state)
{
	struct reservations *r = *state;
	size_t n_entries = r->max_sessions + r->ring_size;

	return munmap(r, sizeof(*r) + n_entries * sizeof(struct entry) +
				 r->n_buckets * sizeof(uint32_t));
}

static void a_connection_that_nobody_waits_for_is_not_matched(void **state)
{
	assert_int_equal(match(*state, 1, 40000), -1);
	assert_int_equal(take(*state, 1, 40000, 0), 0);
	assert_int_equal(match(*state, 2, 40000), -1);
	assert_int_equal(match(*state, 1, 40001), -1);
	assert_int_equal(reservations_count(*state), 1);
}

static void a_pair_that_another_session_holds_is_busy(void **state)
{
	assert_int_equal(take(*state, 1, 40000, 0), 0);
	assert_int_equal(take(*state, 1, 40000, 1), -EBUSY);
	assert_int_equal(match(*state, 1, 40000), 0);
	assert_int_equal(take(*state, 1, 40000, 1), 0);
}

static void a_pair_in_quarantine_is_busy_for_others_and_not_matched(void **state)
{
	struct address a = peer_number(1);
	struct reservation_owner o = owner_number(1);

	assert_int_equal(take(*state, 1, 40000, 0), 0);
	reservations_drop(*state, 0, 1000);
	assert_int_equal(reservations_count(*state), 0);
	assert_int_equal(take(*state, 1, 40000, 1), -EBUSY);
	/* The late connection ends it. */
	assert_int_equal(match(*state, 1, 40000), -1);
	assert_int_equal(take(*state, 1, 40000, 1), 0);
	reservations_drop(*state, 1, 1001);
	/* So does time. */
	o = owner_number(2);
	assert_int_equal(reservations_take(*state, &a, 40000, &o, 0), 0);
	assert_int_equal(match(*state, 1, 40000), 2);
}

static void a_session_may_take_its_own_pair_again(void **state)
{
	assert_int_equal(take(*state, 1, 40000, 0), 0);
	assert_int_equal(take(*state, 1, 40000, 0), 0);
	reservations_drop(*state, 0, 1000);
	assert_int_equal(take(*state, 1, 40000, 0), 0);
	assert_int_equal(reservations_count(*state), 1);
	assert_int_equal(match(*state, 1, 40000), 0);
}

static void a_session_has_one_reservation_and_the_old_one_goes_into_quarantine(void **state)
{
	assert_int_equal(take(*state, 1, 40000, 0), 0);
	assert_int_equal(take(*state, 1, 40001, 0), 0);
	assert_int_equal(reservations_count(*state), 1);
	assert_int_equal(take(*state, 1, 40000, 1), -EBUSY);
	assert_int_equal(match(*state, 1, 40000), -1);
	assert_int_equal(match(*state, 1, 40001), 0);
}

static void only_the_session_that_reserved_may_drop(void **state)
{
	assert_int_equal(take(*state, 1, 40000, 0), 0);
	reservations_drop(*state, 0, 999);
	reservations_drop(*state, 1, 1000);
	assert_int_equal(match(*state, 1, 40000), 0);
	reservations_drop(*state, 0, 1000);
}

static void many_clients_hold_the_same_port(void **state)
{
	for (unsigned i = 0; i < SESSIONS; i++)
		assert_int_equal(take(*state, i, 40000, i), 0);
	assert_int_equal(reservations_count(*state), SESSIONS);
	for (unsigned i = 0; i < SESSIONS; i++)
		assert_int_equal(match(*state, i, 40000), (int)i);
	assert_int_equal(reservations_count(*state), 0);
}

static void the_oldest_of_too_many_quarantines_gives_way(void **state)
{
	struct reservations *r = *state;

	for (unsigned i = 0; i < r->ring_size + 1; i++) {
		assert_int_equal(take(r, i, 40000, 0), 0);
		reservations_drop(r, 0, 1000);
	}
	assert_int_equal(take(r, 1, 40000, 1), -EBUSY);
	assert_int_equal(take(r, 0, 40000, 1), 0);
}

static void a_worker_that_died_holds_nothing(void **state)
{
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(take(*state, i, 40000, i), 0);
	reservations_forget_worker(*state, 1);
	assert_int_equal(reservations_count(*state), 6);
	assert_int_equal(match(*state, 1, 40000), -1);
	assert_int_equal(match(*state, 5, 40000), -1);
	assert_int_equal(match(*state, 2, 40000), 2);
}

static bool accepts_up_to(const struct address *control_peer, void *arg)
{
	return control_peer->ip[15] <= *(const uint8_t *)arg;
}

static void a_foreign_peer_is_matched_when_only_one_session_accepts_it(void **state)
{
	struct reservation_owner o;
	uint8_t none = 0, one = 1, two = 2;

	assert_int_equal(take(*state, 1, 40000, 10), 0);
	assert_int_equal(take(*state, 2, 40000, 20), 0);
	assert_int_equal(take(*state, 1, 40001, 30), 0);
	assert_false(reservations_match_foreign(*state, 40000, accepts_up_to, &none, &o));
	assert_false(reservations_match_foreign(*state, 40000, accepts_up_to, &two, &o));
	assert_true(reservations_match_foreign(*state, 40000, accepts_up_to, &one, &o));
	assert_int_equal(o.board_slot, 10);
	assert_true(reservations_match_foreign(*state, 40000, accepts_up_to, &two, &o));
	assert_int_equal(o.board_slot, 20);
	assert_int_equal(reservations_count(*state), 1);
}

static void the_only_session_of_a_port_is_found_and_stays(void **state)
{
	struct reservation_owner o;

	assert_false(reservations_find_only(*state, 40000, &o));
	assert_int_equal(take(*state, 1, 40000, 10), 0);
	assert_true(reservations_find_only(*state, 40000, &o));
	assert_int_equal(o.board_slot, 10);
	assert_int_equal(take(*state, 2, 40000, 20), 0);
	assert_false(reservations_find_only(*state, 40000, &o));
	assert_int_equal(reservations_count(*state), 2);
}

static void waiting_ends_with_time_when_nothing_happens(void **state)
{
	struct address a = peer_number(1);
	uint32_t seen = reservations_seen(*state, &a);
	int64_t before = clock_ms();

	reservations_wait(*state, &a, &seen, 20);
	assert_true(clock_ms() - before >= 19);
}

static void waiting_ends_at_once_when_it_has_happened_already(void **state)
{
	struct address a = peer_number(1);
	uint32_t seen = reservations_seen(*state, &a);
	int64_t before = clock_ms();

	assert_int_equal(take(*state, 1, 40000, 0), 0);
	assert_int_equal(match(*state, 1, 40000), 0);
	reservations_wait(*state, &a, &seen, 60000);
	assert_true(clock_ms() - before < 30000);
	assert_int_equal(seen, reservations_seen(*state, &a));
}

static void another_process_is_woken_by_a_match(void **state)
{
	struct reservations *r = *state;
	struct address a = peer_number(1);
	int status;

	assert_int_equal(take(r, 1, 40000, 0), 0);

	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		uint32_t seen = reservations_seen(r, &a);

		while (take(r, 1, 40000, 1) == -EBUSY)
			reservations_wait(r, &a, &seen, 60000);
		_exit(0);
	}
	/* Whether the child waits already or not yet: it must not miss the match. */
	while (atomic_load(&bell_of(r, &a)->waiters) == 0)
		(void)sched_yield();
	assert_int_equal(match(r, 1, 40000), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(match(r, 1, 40000), 1);
}

/* Everything that must hold whoever was killed: each living entry is found in its chain by its
 * pair, chains hold nothing else, and the counter counts. */
static void assert_consistent(struct reservations *r)
{
	size_t n_entries = r->max_sessions + r->ring_size, n_linked = 0, n_living = 0, n_held = 0;

	lock(r);
	for (size_t i = 0; i < n_entries; i++) {
		struct entry *entry = &r->entries[i];

		if (state_of(entry) == ENTRY_FREE)
			continue;
		n_living++;
		n_held += state_of(entry) == ENTRY_HELD;
		assert_int_equal(state_of(entry) == ENTRY_HELD, i < r->max_sessions);
		assert_ptr_equal(find_locked(r, &entry->peer, entry->port), entry);
	}
	for (size_t i = 0; i < r->n_buckets; i++) {
		for (uint32_t at = r->buckets[i]; at != NIL; at = r->entries[at].next) {
			assert_true(at < n_entries && n_linked < n_living);
			assert_int_not_equal(state_of(&r->entries[at]), ENTRY_FREE);
			n_linked++;
		}
	}
	assert_int_equal(n_linked, n_living);
	assert_int_equal(n_held, r->held);
	unlock(r);
}

/* A cheap number below 2^k: with system calls in the loop, kills would rarely hit a holder. */
static uint32_t next_number(uint32_t *seed, unsigned k)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> (32 - k);
}

/* One of the two workers that the next test kills: it takes, matches and drops few pairs, so that
 * the workers meet, with sessions of its own. */
static void play(struct reservations *r, uint32_t worker, int ready)
{
	uint32_t seed = random_below(UINT32_MAX);

	for (unsigned n = 0;; n++) {
		uint32_t slot = worker * 8 + next_number(&seed, 3);
		const struct reservation_owner o = { worker, slot, slot + 1 };
		struct address a = peer_number(next_number(&seed, 2));

		(void)!reservations_take(r, &a, (uint16_t)next_number(&seed, 2), &o, n % 2);
		if (next_number(&seed, 1))
			reservations_drop(r, slot, slot + 1);
		else
			(void)match(r, next_number(&seed, 2), (uint16_t)next_number(&seed, 2));
		if (n == 0)
			(void)!write(ready, "", 1);
	}
}

static pid_t start_player(struct reservations *r, uint32_t worker)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* A test that fails must not leave it running. */
		assert_int_equal(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
		play(r, worker, ready[1]);
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	fd_close(&ready[0]);
	fd_close(&ready[1]);
	return child;
}

static void workers_killed_at_any_moment_leave_a_table_that_works(void **state)
{
	struct reservations *r = *state;
	pid_t players[2] = { start_player(r, 0), start_player(r, 1) };

	for (unsigned round = 0; round < 50; round++) {
		uint32_t victim = round % 2;
		int status;

		for (uint32_t n = random_below(200); n > 0; n--)
			(void)match(r, random_below(4), (uint16_t)random_below(4));
		assert_int_equal(kill(players[victim], SIGKILL), 0);
		assert_int_equal(waitpid(players[victim], &status, 0), players[victim]);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		assert_consistent(r);
		reservations_forget_worker(r, victim);
		assert_consistent(r);
		players[victim] = start_player(r, victim);
	}
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(kill(players[i], SIGKILL), 0);
		assert_int_equal(waitpid(players[i], NULL, 0), players[i]);
		reservations_forget_worker(r, i);
	}
	assert_consistent(r);
	assert_int_equal(reservations_count(r), 0);
	assert_int_equal(take(r, 100, 1, 0), 0);
	assert_int_equal(match(r, 100, 1), 0);
}

struct game {
	struct reservations *table;
	_Atomic uint32_t next_worker;
};

/* Each thread has a session that takes one pair which all want, until its own connection came. */
static void *take_turns(void *arg)
{
	struct game *game = arg;
	uint32_t me = atomic_fetch_add(&game->next_worker, 1);
	struct address a = peer_number(1);
	struct reservation_owner o;

	for (unsigned n = 0; n < 500; n++) {
		uint32_t seen = reservations_seen(game->table, &a);

		while (take(game->table, 1, 40000, me) == -EBUSY)
			reservations_wait(game->table, &a, &seen, 60000);
		if (!reservations_match(game->table, &a, 40000, &o) || o.board_slot != me)
			return arg;
	}
	return NULL;
}

static void threads_that_want_the_same_pair_take_turns(void **state)
{
	struct game game = { .table = *state };
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &game), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(reservations_count(*state), 0);
}

static void a_holder_killed_in_the_middle_is_repaired(void **state)
{
	struct reservations *r = *state;

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(take(r, i, 40000, i), 0);

	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct entry *place = &r->entries[r->max_sessions];

		/* On its way into quarantine, with the chains in ruins. */
		lock(r);
		place->peer = r->entries[0].peer;
		place->port = r->entries[0].port;
		place->owner = r->entries[0].owner;
		place->dropped_ms = clock_ms();
		set_state(place, ENTRY_QUARANTINED);
		set_state(&r->entries[1], ENTRY_FREE);
		r->buckets[0] = 2;
		r->held = 17;
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_consistent(r);
	assert_int_equal(reservations_count(r), 1);
	assert_int_equal(take(r, 0, 40000, 5), -EBUSY);
	assert_int_equal(match(r, 1, 40000), -1);
	assert_int_equal(match(r, 2, 40000), 2);
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, make_table, unmap_table)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TABLE(a_connection_that_nobody_waits_for_is_not_matched),
		WITH_TABLE(a_pair_that_another_session_holds_is_busy),
		WITH_TABLE(a_pair_in_quarantine_is_busy_for_others_and_not_matched),
		WITH_TABLE(only_the_session_that_reserved_may_drop),
		WITH_TABLE(a_session_may_take_its_own_pair_again),
		WITH_TABLE(a_session_has_one_reservation_and_the_old_one_goes_into_quarantine),
		WITH_TABLE(many_clients_hold_the_same_port),
		WITH_TABLE(the_oldest_of_too_many_quarantines_gives_way),
		WITH_TABLE(a_worker_that_died_holds_nothing),
		WITH_TABLE(a_foreign_peer_is_matched_when_only_one_session_accepts_it),
		WITH_TABLE(the_only_session_of_a_port_is_found_and_stays),
		WITH_TABLE(waiting_ends_with_time_when_nothing_happens),
		WITH_TABLE(waiting_ends_at_once_when_it_has_happened_already),
		WITH_TABLE(another_process_is_woken_by_a_match),
		WITH_TABLE(threads_that_want_the_same_pair_take_turns),
		WITH_TABLE(a_holder_killed_in_the_middle_is_repaired),
		WITH_TABLE(workers_killed_at_any_moment_leave_a_table_that_works),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
