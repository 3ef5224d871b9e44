/* ipc/bans_test.c - who is banned, until when, and what other processes see of it. */
#include "ipc/bans.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

static struct address address_of(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text_of(text), &a), 0);
	return a;
}

static struct ban_entry ban_of(const char *network, int64_t until_ms)
{
	struct ban_entry entry = { .until_wall_ms = until_ms };

	assert_int_equal(network_parse(text_of(network), &entry.network), 0);
	return entry;
}

static bool is_banned(const struct bans *bans, const char *address, int64_t now_ms)
{
	struct address peer = address_of(address);
	struct ban_entry entry;

	return bans_find(bans, &peer, now_ms, &entry);
}

static void nobody_is_banned_at_first(void **state)
{
	struct bans *bans = bans_new();

	(void)state;
	assert_non_null(bans);
	assert_false(is_banned(bans, "203.0.113.7", 0));
}

static void networks_are_banned_until_their_time(void **state)
{
	struct bans *bans = bans_new();
	struct ban_entry entries[] = { ban_of("203.0.113.0/24", 0), ban_of("192.0.2.1", 1000),
				       ban_of("2001:db8::/64", 0) };

	(void)state;
	assert_non_null(bans);
	bans_publish(bans, entries, ARRAY_SIZE(entries));
	assert_true(is_banned(bans, "203.0.113.7", 5000));
	assert_true(is_banned(bans, "2001:db8::9", 5000));
	assert_true(is_banned(bans, "192.0.2.1", 999));
	assert_false(is_banned(bans, "192.0.2.1", 1000));
	assert_false(is_banned(bans, "203.0.114.7", 0));
	assert_false(is_banned(bans, "2001:db8:0:1::9", 0));
	bans_publish(bans, entries + 1, 1);
	assert_false(is_banned(bans, "203.0.113.7", 0));
	bans_publish(bans, NULL, 0);
	assert_false(is_banned(bans, "192.0.2.1", 0));
}

static void another_process_sees_the_list(void **state)
{
	struct bans *bans = bans_new();
	struct ban_entry entry = ban_of("192.0.2.1", 0);
	int status = -1;

	(void)state;
	assert_non_null(bans);
	pid_t pid = fork();
	if (pid == 0) {
		bans_publish(bans, &entry, 1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(is_banned(bans, "192.0.2.1", 0));
}

struct race {
	struct bans *bans;
	atomic_bool is_over;
};

/* Long and short lists by turns; one address is on each of them. */
static void *change_all_the_time(void *arg)
{
	static struct ban_entry entries[BANS_MAX];
	struct race *race = arg;

	for (size_t i = 0; i < BANS_MAX; i++)
		entries[i] = ban_of(i == 0 ? "192.0.2.1" : "203.0.113.0/24", 0);
	while (!atomic_load(&race->is_over)) {
		bans_publish(race->bans, entries, BANS_MAX);
		bans_publish(race->bans, entries, 1);
	}
	return NULL;
}

static void a_reader_sees_whole_lists_only(void **state)
{
	struct race race = { .bans = bans_new() };
	struct ban_entry entry = ban_of("192.0.2.1", 0);
	pthread_t thread;

	(void)state;
	assert_non_null(race.bans);
	bans_publish(race.bans, &entry, 1);
	assert_int_equal(pthread_create(&thread, NULL, change_all_the_time, &race), 0);
	for (int i = 0; i < 2000; i++)
		assert_true(is_banned(race.bans, "192.0.2.1", 0));
	atomic_store(&race.is_over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_banned_at_first),
		cmocka_unit_test(networks_are_banned_until_their_time),
		cmocka_unit_test(another_process_sees_the_list),
		cmocka_unit_test(a_reader_sees_whole_lists_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
