/* accounts/transfers_test.c - records are stored once, found by filter, and leave when they are
 * old. */
#include "base/test.h"

#include "accounts/transfers.h"

static char folder[] = "/tmp/transfers_test.XXXXXX";
static char path[64];
static struct transfers *transfers;

static int open_all(void **state)
{
	struct database_error error;
	sqlite3 *db = NULL;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/accounts.db", folder);
	if (database_open(path, &db, &error) < 0)
		return -1;
	int r = transfers_open(path, &transfers, &error);
	database_close(&db);
	return r;
}

static int close_all(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char name[80];

	(void)state;
	transfers_free(&transfers);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
	return rmdir(folder);
}

static struct transfer_record record_of(uint64_t sequence, const char *user, int64_t ended_ms)
{
	struct transfer_record record = { .source = UINT64_MAX,
					  .sequence = sequence,
					  .ended_wall_ms = ended_ms,
					  .bytes = 1000 + sequence,
					  .result = "complete",
					  .path = "/no utf-8 \xff" };

	(void)snprintf(record.user, sizeof(record.user), "%s", user);
	return record;
}

struct found {
	size_t n;
	struct transfer_record last;
};

static void keep(const struct transfer_record *record, void *arg)
{
	struct found *found = arg;

	found->n++;
	found->last = *record;
}

static size_t count(const char *user, int64_t since, int64_t before, unsigned limit,
		    struct found *ret)
{
	const struct transfer_filter filter = { user, since, before, limit };

	*ret = (struct found){ 0 };
	assert_int_equal(transfers_list(transfers, &filter, keep, ret), 0);
	return ret->n;
}

static void records_are_stored_once_and_found(void **state)
{
	struct transfer_record records[3] = { record_of(1, "alice", 1000),
					      record_of(2, "bob", 2000),
					      record_of(3, "alice", 3000) };
	struct transfer_record *all[] = { &records[0], &records[1], &records[2] };
	struct found found;
	bool is_new[3];

	(void)state;
	assert_int_equal(transfers_add(transfers, all, 2, is_new), 0);
	assert_true(is_new[0] && is_new[1]);
	assert_int_equal(transfers_add(transfers, all, 3, is_new), 0);
	assert_true(!is_new[0] && !is_new[1] && is_new[2]);

	assert_int_equal(count(NULL, 0, 0, 100, &found), 3);
	assert_string_equal(found.last.path, "/no utf-8 \xff");
	assert_int_equal(found.last.bytes, 1001);
	int64_t first = found.last.id;
	assert_int_equal(count("alice", 0, 0, 100, &found), 2);
	assert_int_equal(count("alice", 2000, 0, 100, &found), 1);
	assert_int_equal(count("carol", 0, 0, 100, &found), 0);
	assert_int_equal(count(NULL, 0, 0, 1, &found), 1);
	assert_int_equal(found.last.bytes, 1003);
	assert_int_equal(count(NULL, 0, found.last.id, 100, &found), 2);
	assert_int_equal(count(NULL, 0, first, 100, &found), 0);

	assert_int_equal(transfers_prune(transfers, 2500, 1), 1);
	assert_int_equal(transfers_prune(transfers, 2500, 100), 1);
	assert_int_equal(transfers_prune(transfers, 2500, 100), 0);
	assert_int_equal(count(NULL, 0, 0, 100, &found), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_stored_once_and_found),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
