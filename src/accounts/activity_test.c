/* accounts/activity_test.c - events and transfers come as one list, page by page; failures are kept
 * up to their maximum, counts add up. */
#include "base/test.h"

#include "accounts/activity.h"
#include "accounts/reach_store.h"
#include "accounts/transfers.h"

static char folder[] = "/tmp/activity_test.XXXXXX";
static char path[64];
static struct transfers *transfers;
static struct activity *activity;
static struct reach_store *reach;

static int open_all(void **state UNUSED)
{
	struct database_error error;
	sqlite3 *db = NULL;

	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/accounts.db", folder);
	if (database_open(path, &db, &error) < 0)
		return -1;
	int r = transfers_open(path, &transfers, &error);
	if (r == 0)
		r = activity_open(path, &activity, &error);
	if (r == 0)
		r = reach_store_open(path, &reach, &error);
	database_close(&db);
	return r;
}

static int close_all(void **state UNUSED)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char name[80];

	transfers_free(&transfers);
	activity_free(&activity);
	reach_store_free(&reach);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
	return rmdir(folder);
}

static void add_event(int64_t wall_ms, const char *kind, const char *user, uint64_t sequence)
{
	struct activity_record record = { .source = sequence ? 7 : 0,
					  .sequence = sequence,
					  .wall_ms = wall_ms,
					  .severity = ACTIVITY_WARNING,
					  .text = "It has HAPPENED.",
					  .facts = "{}" };
	struct activity_record *all[] = { &record };

	(void)snprintf(record.kind, sizeof(record.kind), "%s", kind);
	(void)snprintf(record.user, sizeof(record.user), "%s", user);
	assert_int_equal(activity_add(activity, all, 1), 0);
}

static void add_transfer(int64_t wall_ms, const char *user, uint64_t sequence)
{
	struct transfer_record record = { .source = 8,
					  .sequence = sequence,
					  .ended_wall_ms = wall_ms,
					  .result = "complete",
					  .path = "/Report.pdf" };
	struct transfer_record *all[] = { &record };
	bool is_new;

	(void)snprintf(record.user, sizeof(record.user), "%s", user);
	assert_int_equal(transfers_add(transfers, all, 1, &is_new), 0);
}

struct seen {
	size_t n;
	int64_t times[64];
};

static void see(const struct activity_view *view, void *arg)
{
	struct seen *seen = arg;

	assert_true(seen->n < ARRAY_SIZE(seen->times));
	seen->times[seen->n++] = view->wall_ms;
}

static const struct activity_filter all_of_it = {
	.transfer_kind = -1, .severity = -1, .from = { INT64_MAX, INT64_MAX }, .limit = 50
};

static struct seen list(const struct activity_filter *filter)
{
	struct activity_filter page = *filter;
	struct seen seen = { .n = 0 };

	while (page.from.event_id > 0 || page.from.transfer_id > 0) {
		struct activity_place next;

		assert_int_equal(activity_list(activity, &page, see, &seen, &next), 0);
		page.from = next;
	}
	return seen;
}

static void both_tables_are_one_list(void **state UNUSED)
{
	for (int64_t i = 1; i <= 10; i++) {
		add_event(i * 10, i % 2 ? "login" : "logout", i % 2 ? "alice" : "bob", 0);
		add_transfer(i * 10 + 5, "alice", (uint64_t)i);
	}
	for (unsigned limit = 1; limit <= 21; limit += 4) {
		struct activity_filter filter = all_of_it;

		filter.limit = limit;
		struct seen seen = list(&filter);
		assert_int_equal(seen.n, 20);
		for (size_t i = 1; i < seen.n; i++)
			assert_true(seen.times[i] < seen.times[i - 1]);
	}
}

static void filters_choose(void **state UNUSED)
{
	struct activity_filter filter = all_of_it;

	filter.user = "bob";
	assert_int_equal(list(&filter).n, 5);
	filter.user = "carl";
	assert_int_equal(list(&filter).n, 0);
	filter = all_of_it;
	filter.kind = "login";
	filter.transfer_kind = ACTIVITY_NO_TRANSFERS;
	assert_int_equal(list(&filter).n, 5);
	filter.kind = "";
	filter.transfer_kind = 0;
	assert_int_equal(list(&filter).n, 10);
	filter = all_of_it;
	filter.search = "REPORT";
	assert_int_equal(list(&filter).n, 10);
	filter.search = "happened";
	assert_int_equal(list(&filter).n, 10);
	filter = all_of_it;
	filter.severity = ACTIVITY_WARNING;
	assert_int_equal(list(&filter).n, 10);
	filter = all_of_it;
	filter.since_wall_ms = 51;
	filter.until_wall_ms = 80;
	assert_int_equal(list(&filter).n, 6);
}

static void what_is_sent_again_is_there_once(void **state UNUSED)
{
	struct activity_filter filter = all_of_it;

	filter.user = "dora";
	for (unsigned i = 0; i < 3; i++)
		add_event(1000, "login", "dora", 42);
	assert_int_equal(list(&filter).n, 1);
}

static void old_events_leave(void **state UNUSED)
{
	struct activity_filter filter = all_of_it;

	filter.transfer_kind = ACTIVITY_NO_TRANSFERS;
	assert_int_equal(list(&filter).n, 11);
	assert_int_equal(activity_prune(activity, 31, 1000, 2), 2);
	assert_int_equal(activity_prune(activity, 31, 1000, 100), 1);
	assert_int_equal(list(&filter).n, 8);
	assert_true(activity_prune(activity, 0, 3, 100) > 0); /* the newest three ids at most */
	assert_true(list(&filter).n <= 3);
}

static void read_total(const char *network, int64_t seen UNUSED, const struct reach_counts *counts,
		       const char *detail, void *arg)
{
	uint64_t *total = arg;

	assert_string_equal(network, "203.0.113.0/24");
	assert_string_equal(detail, "{\"b\":2}");
	*total = counts->n[REACH_NEVER];
}

static void counts_of_two_writers_add_up(void **state UNUSED)
{
	struct reach_counts counts = { .n = { [REACH_NEVER] = 3 } };
	struct reach_port_counts port = { 2, 1, 1 };
	uint64_t total = 0;

	assert_int_equal(reach_store_begin(reach), 0);
	int r = reach_store_add_network(reach, "203.0.113.0/24", 5, &counts, "{\"a\":1}");
	assert_int_equal(r, 0);
	counts = (struct reach_counts){ .n = { [REACH_NEVER] = 4 } };
	assert_int_equal(reach_store_add_network(reach, "203.0.113.0/24", 6, &counts, "{\"b\":2}"),
			 0);
	assert_int_equal(counts.n[REACH_NEVER], 7);
	assert_int_equal(reach_store_add_port(reach, 40000, &port), 0);
	assert_int_equal(reach_store_end(reach, 0), 0);
	assert_int_equal(reach_store_load_networks(reach, 10, read_total, &total), 0);
	assert_int_equal(total, 7);
}

static void count_failure(const struct reach_failure *failure, void *arg)
{
	assert_string_equal(failure->timeline, "[]");
	assert_int_equal(failure->data.cause, 20);
	++*(size_t *)arg;
}

static void failures_are_bounded(void **state UNUSED)
{
	struct reach_failure failure = {
		.network = "203.0.113.0/24",
		.session = 3,
		.wall_ms = 100,
		.path = T("/x"),
		.timeline = "[]",
		.data = { .mode = DATA_MODE_EPSV, .outcome = DATA_NEVER, .cause = 20 }
	};
	size_t n = 0;

	assert_int_equal(reach_store_begin(reach), 0);
	for (unsigned i = 0; i < REACH_FAILURES_MAX + 50; i++)
		assert_int_equal(reach_store_add_failure(reach, &failure), 0);
	assert_int_equal(reach_store_end(reach, 0), 0);
	assert_int_equal(
		reach_store_list_failures(reach, "203.0.113.0/24", 0, 0, 5000, count_failure, &n),
		0);
	assert_int_equal(n, REACH_FAILURES_MAX);
	n = 0;
	assert_int_equal(reach_store_list_failures(reach, NULL, 3, 101, 5000, count_failure, &n),
			 0);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_tables_are_one_list),
		cmocka_unit_test(filters_choose),
		cmocka_unit_test(what_is_sent_again_is_there_once),
		cmocka_unit_test(old_events_leave),
		cmocka_unit_test(counts_of_two_writers_add_up),
		cmocka_unit_test(failures_are_bounded),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
