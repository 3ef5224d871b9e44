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
	const struct transfer_filter filter = { .user = user,
						.kind = -1,
						.since_wall_ms = since,
						.before_id = before,
						.limit = limit };

	*ret = (struct found){ 0 };
	int64_t next;

	assert_int_equal(transfers_list(transfers, &filter, keep, ret, &next), 0);
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

static struct transfer_record change_of(uint64_t sequence, unsigned kind, const char *from,
					const char *to)
{
	struct transfer_record record = record_of(sequence, "dave", 5000);

	record.kind = kind;
	(void)snprintf(record.path, sizeof(record.path), "%s", from);
	(void)snprintf(record.new_path, sizeof(record.new_path), "%s", to);
	return record;
}

static void records_are_found_by_path_and_kind(void **state)
{
	enum { UPLOAD, DOWNLOAD, DELETE, RENAME, MKDIR, RMDIR }; /* as enum event_kind */
	struct transfer_record records[] = {
		change_of(11, UPLOAD, "/a/b", ""),  change_of(12, RENAME, "/a", "/c"),
		change_of(13, DELETE, "/a/bc", ""), change_of(14, RMDIR, "/c/d", ""),
		change_of(15, MKDIR, "/c/d/e", ""), change_of(16, UPLOAD, "/\xff", ""),
		change_of(17, MKDIR, "/a", ""),
	};
	static const struct {
		const char *path;
		int kind;
		size_t n;
	} rows[] = {
		{ NULL, -1, 7 },     { "/", -1, 7 },	 { "/a/b", -1, 2 },   { "/a", -1, 4 },
		{ "/a", UPLOAD, 1 }, { "/a/", -1, 4 },	 { "/c/d/e", -1, 2 }, { "/c/d", -1, 2 },
		{ "/c", -1, 3 },     { "/\xff", -1, 1 }, { "/x", -1, 0 },     { NULL, MKDIR, 2 },
	};
	struct transfer_record *all[ARRAY_SIZE(records)];
	bool is_new[ARRAY_SIZE(records)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		all[i] = &records[i];
	assert_int_equal(transfers_add(transfers, all, ARRAY_SIZE(records), is_new), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct transfer_filter filter = {
			.user = "dave", .path = rows[i].path, .kind = rows[i].kind, .limit = 100
		};
		struct found found = { 0 };

		int64_t next;

		assert_int_equal(transfers_list(transfers, &filter, keep, &found, &next), 0);
		assert_int_equal(found.n, rows[i].n);
	}
}

static void assert_has_its_id(const struct transfer_record *record)
{
	struct transfer_record *found = NULL;

	assert_true(record->id > 0);
	assert_int_equal(transfers_get(transfers, record->id, &found), 0);
	assert_int_equal(found->bytes, record->bytes);
	free(found);
}

/* So many that some go by one statement, and some by one of their own. */
static void records_are_given_their_ids(void **state)
{
	struct transfer_record records[40], again[40];
	struct transfer_record *all[ARRAY_SIZE(records)], *others[ARRAY_SIZE(again)];
	bool is_new[ARRAY_SIZE(records)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		records[i] = record_of(1000 + i, "erin", 4000);
		again[i] = record_of(1030 + i, "erin", 4000);
		all[i] = &records[i];
		others[i] = &again[i];
	}
	assert_int_equal(transfers_add(transfers, all, ARRAY_SIZE(records), is_new), 0);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		assert_has_its_id(&records[i]);
	assert_int_equal(transfers_add(transfers, others, ARRAY_SIZE(again), is_new), 0);
	for (size_t i = 0; i < ARRAY_SIZE(again); i++) {
		assert_int_equal(is_new[i], i >= 10);
		if (is_new[i])
			assert_has_its_id(&again[i]);
		else
			assert_int_equal(again[i].id, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_stored_once_and_found),
		cmocka_unit_test(records_are_given_their_ids),
		cmocka_unit_test(records_are_found_by_path_and_kind),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
