/* accounts/password_cache_test.c - a password is computed once, for everyone who waits for it, and
 * forgotten in time. */
#include "base/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "accounts/password_cache.h"

#define LIFETIME_MS 60000
#define HERD 10

static _Atomic int64_t now_ms;

static int64_t read_clock(void)
{
	return atomic_load(&now_ms);
}

static struct password_cache *cache;

static int make_cache(void **state)
{
	(void)state;
	atomic_store(&now_ms, 1000000);
	cache = password_cache_new(LIFETIME_MS, read_clock);
	return cache ? 0 : -1;
}

static int free_cache(void **state)
{
	(void)state;
	password_cache_free(&cache);
	return cache ? -1 : 0;
}

/* Asks as a login does, with that outcome of the verification. True: it was not needed. */
static bool ask(const char *user, const char *hash, const char *password, bool matches)
{
	struct password_ticket ticket;

	if (password_cache_enter(cache, text_of(user), hash, text_of(password), &ticket))
		return true;
	password_cache_leave(cache, &ticket, matches);
	return false;
}

static void a_failure_is_never_remembered(void **state)
{
	(void)state;
	assert_false(ask("alice", "h", "wrong", false));
	assert_false(ask("alice", "h", "wrong", false));
}

static void only_the_same_user_hash_and_password_hit(void **state)
{
	(void)state;
	static const struct {
		const char *user, *hash, *password;
	} others[] = {
		{ "bob", "hash", "secret" },   { "alice", "hash2", "secret" },
		{ "alice", "hash", "Secret" }, { "alice", "hash", "" },
		{ "alic", "ehash", "secret" }, { "alice", "hashs", "ecret" },
		{ "", "alicehash", "secret" },
	};

	assert_false(password_cache_knows(cache, T("alice"), "hash", T("secret")));
	assert_false(ask("alice", "hash", "secret", true));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_false(password_cache_knows(cache, text_of(others[i].user), others[i].hash,
						  text_of(others[i].password)));
		assert_false(ask(others[i].user, others[i].hash, others[i].password, false));
	}
	assert_true(ask("alice", "hash", "secret", false));
	assert_true(password_cache_knows(cache, T("alice"), "hash", T("secret")));
	atomic_fetch_add(&now_ms, LIFETIME_MS);
	assert_false(password_cache_knows(cache, T("alice"), "hash", T("secret")));
}

static void an_answer_expires(void **state)
{
	(void)state;
	assert_false(ask("alice", "h", "secret", true));
	atomic_fetch_add(&now_ms, LIFETIME_MS - 1);
	assert_true(ask("alice", "h", "secret", false));
	atomic_fetch_add(&now_ms, 1); /* being used does not make it younger */
	assert_false(ask("alice", "h", "secret", false));
}

static void a_lifetime_of_zero_remembers_nothing(void **state)
{
	(void)state;
	struct password_cache *kept = cache;

	cache = password_cache_new(0, read_clock);
	assert_false(ask("alice", "h", "secret", true));
	assert_false(ask("alice", "h", "secret", true));
	password_cache_free(&cache);
	cache = kept;
}

static void many_more_than_fit_push_the_oldest_out(void **state)
{
	(void)state;
	char user[16];
	int hits = 0;

	for (int i = 0; i < 5000; i++) {
		(void)snprintf(user, sizeof(user), "user%d", i);
		(void)ask(user, "h", "secret", true);
		atomic_fetch_add(&now_ms, 1);
	}
	assert_true(ask("user4999", "h", "secret", false));
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(user, sizeof(user), "user%d", i);
		hits += ask(user, "h", "secret", false);
	}
	assert_true(hits > 256 && hits <= 1024);
}

struct herd {
	pthread_barrier_t start;
	atomic_int n_computed;
	bool matches;
};

static void *join_herd(void *arg)
{
	struct password_ticket ticket;
	struct herd *herd = arg;

	(void)pthread_barrier_wait(&herd->start);
	if (password_cache_enter(cache, T("alice"), "h", T("secret"), &ticket))
		return NULL;
	(void)atomic_fetch_add(&herd->n_computed, 1);
	for (int i = 0; i < 100; i++)
		(void)sched_yield(); /* time for the others to arrive */
	password_cache_leave(cache, &ticket, herd->matches);
	return NULL;
}

static int run_herd(bool matches)
{
	struct herd herd = { .matches = matches };
	pthread_t threads[HERD];

	assert_int_equal(pthread_barrier_init(&herd.start, NULL, HERD), 0);
	for (size_t i = 0; i < HERD; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, join_herd, &herd), 0);
	for (size_t i = 0; i < HERD; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	(void)pthread_barrier_destroy(&herd.start);
	return atomic_load(&herd.n_computed);
}

static void ten_logins_at_once_compute_once(void **state)
{
	(void)state;
	assert_int_equal(run_herd(true), 1);
	assert_int_equal(run_herd(true), 0);
}

static void ten_wrong_logins_at_once_compute_each(void **state)
{
	(void)state;
	assert_int_equal(run_herd(false), HERD);
}

#define WITH_CACHE(test) cmocka_unit_test_setup_teardown(test, make_cache, free_cache)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CACHE(a_failure_is_never_remembered),
		WITH_CACHE(only_the_same_user_hash_and_password_hit),
		WITH_CACHE(an_answer_expires),
		WITH_CACHE(a_lifetime_of_zero_remembers_nothing),
		WITH_CACHE(many_more_than_fit_push_the_oldest_out),
		WITH_CACHE(ten_logins_at_once_compute_once),
		WITH_CACHE(ten_wrong_logins_at_once_compute_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
