/* accounts/transfer_search_test.c - what filters find in a long table, page by page, and that none
 * of them reads all of it. */
#include "base/test.h"

#include "accounts/transfer_search.h"

#define ROWS 60000
#define TIME_MS 1000000 /* of the first row; each is a second later */

static sqlite3 *db;

/* Rows whose fields follow from their ids. The rare ones are among the oldest. */
static int open_all(void **state)
{
	static char path[] = "/tmp/transfer_search_test.XXXXXX";
	struct database_error error;

	(void)state;
	if (!mkdtemp(path) || chdir(path) < 0 || database_open("accounts.db", &db, &error) < 0)
		return -1;
	return database_run(
		db,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
		"INSERT INTO transfers (source, sequence, ended_ms, kind, user, address, session, "
		"path, new_path, bytes, duration_ms, is_tls, result, end_state, sha256) "
		"SELECT 1, i, 1000000 + i * 1000, CASE WHEN i = 7 THEN 5 WHEN i = 9 THEN 3 ELSE i % 2 "
		"END, 'user' || (i % 3), '10.0.0.' || (CASE WHEN i < 100 THEN 9 ELSE i % 2 END), 1, "
		"CAST(CASE WHEN i = 7 THEN '/old' WHEN i = 9 THEN '/was' WHEN i < 20 THEN "
		"'/old/' || i ELSE '/data/' || (i % 50) || '/' || i END AS BLOB), "
		"CASE WHEN i = 9 THEN CAST('/old/new' AS BLOB) ELSE X'' END, 1, 1, 0, "
		"CASE WHEN i % 20000 = 5 THEN 'broken off' ELSE 'complete' END, "
		"CASE WHEN i = 11 THEN 'truncated' ELSE 'likely' END, '' FROM n");
}

static int close_all(void **state)
{
	static const char *const names[] = { "accounts.db", "accounts.db-wal", "accounts.db-shm" };
	char folder[64];

	(void)state;
	database_close(&db);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlink(names[i]);
	return getcwd(folder, sizeof(folder)) ? rmdir(folder) : -1;
}

struct found {
	size_t n;
	int64_t first, last;
	bool is_in_order;
};

static void keep(const struct transfer_record *record, void *arg)
{
	struct found *found = arg;

	found->is_in_order = found->is_in_order && (found->n == 0 || record->id < found->last);
	if (found->n++ == 0)
		found->first = record->id;
	found->last = record->id;
}

/* All pages; how many there were. */
static size_t turn_pages(struct transfer_filter filter, struct found *ret)
{
	size_t pages = 0;
	int64_t next;

	*ret = (struct found){ .is_in_order = true };
	do {
		assert_int_equal(transfer_search(db, &filter, keep, ret, &next), 0);
		assert_true(next == 0 || filter.before_id == 0 || next < filter.before_id);
		filter.before_id = next;
		pages++;
	} while (next > 0);
	return pages;
}

static void each_filter_finds_all_that_fits(void **state)
{
	static const struct {
		struct transfer_filter filter;
		size_t n, most_pages;
		int64_t first, last;
	} rows[] = {
		{ { .kind = -1 }, 60000, 61, 60000, 1 },
		{ { .kind = -1, .path = "/" }, 60000, 61, 60000, 1 },
		{ { .kind = -1, .user = "user2" }, 20000, 21, 59999, 2 },
		{ { .kind = -1, .user = "nobody" }, 0, 1, 0, 0 },
		{ { .kind = 5 }, 1, 1, 7, 7 },
		{ { .kind = 4 }, 0, 1, 0, 0 },
		{ { .kind = -1, .end_state = "truncated" }, 1, 1, 11, 11 },
		{ { .kind = -1, .end_state = "proven" }, 0, 1, 0, 0 },
		{ { .kind = -1, .result = TRANSFER_FAILED }, 3, 1, 40005, 5 },
		{ { .kind = -1, .result = TRANSFER_COMPLETE }, 59997, 63, 60000, 1 },
		{ { .kind = -1, .address = "10.0.0.9" }, 99, 1, 99, 1 },
		{ { .kind = -1, .path = "/old" }, 19, 1, 19, 1 },
		{ { .kind = -1, .path = "/old/new" }, 2, 1, 9, 7 },
		{ { .kind = -1, .path = "/old/12" }, 2, 1, 12, 7 },
		{ { .kind = 3, .path = "/old" }, 1, 1, 9, 9 },
		{ { .kind = -1, .path = "/was/x" }, 1, 1, 9, 9 },
		{ { .kind = -1, .path = "/data/7/" }, 1199, 2, 59957, 57 },
		{ { .kind = -1, .path = "/data" }, 59981, 63, 60000, 20 },
		{ { .kind = 0, .path = "/data", .user = "user0" }, 9997, 12, 60000, 24 },
		{ { .kind = -1, .since_wall_ms = TIME_MS + 59999000 }, 2, 1, 60000, 59999 },
		{ { .kind = -1, .until_wall_ms = TIME_MS + 2000 }, 2, 1, 2, 1 },
		{ { .kind = -1,
		    .since_wall_ms = TIME_MS + 30000000,
		    .until_wall_ms = TIME_MS + 30001000 },
		  2,
		  1,
		  30001,
		  30000 },
		/* Both are common, and hardly ever together: pages are short, and few. */
		{ { .kind = 1, .address = "10.0.0.0" }, 0, 3, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct transfer_filter filter = rows[i].filter;
		struct found found;

		filter.limit = 1000;
		size_t pages = turn_pages(filter, &found);
		assert_int_equal(found.n, rows[i].n);
		assert_true(found.is_in_order);
		assert_int_equal(found.first, rows[i].first);
		assert_int_equal(found.last, rows[i].last);
		assert_in_range(pages, 1, rows[i].most_pages);
	}
}

/* What SQLite says of how it runs the statement. */
static void explain(const char *sql, char *ret, size_t size)
{
	char storage[4096];
	sqlite3_stmt *s = NULL;
	struct buf out;

	(void)snprintf(storage, sizeof(storage), "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(sqlite3_prepare_v2(db, storage, -1, &s, NULL), SQLITE_OK);
	buf_init(&out, ret, size);
	while (sqlite3_step(s) == SQLITE_ROW)
		buf_addf(&out, "%s; ", (const char *)sqlite3_column_text(s, 3));
	(void)sqlite3_finalize(s);
}

static void no_filter_reads_or_sorts_the_whole_table(void **state)
{
	static const struct {
		struct transfer_filter filter;
		const char *way;
	} rows[] = {
		{ { .kind = -1 }, "INTEGER PRIMARY KEY" },
		{ { .kind = -1, .since_wall_ms = 1, .until_wall_ms = 2 }, "INTEGER PRIMARY KEY" },
		{ { .kind = -1, .result = TRANSFER_COMPLETE }, "INTEGER PRIMARY KEY" },
		{ { .kind = -1, .path = "/data" }, "INTEGER PRIMARY KEY" },
		{ { .kind = -1, .user = "u" }, "transfers_by_user" },
		{ { .kind = 1, .user = "u", .end_state = "likely" }, "transfers_by_user" },
		{ { .kind = -1, .user = "u", .address = "a" }, "transfers_by_address" },
		{ { .kind = -1, .result = TRANSFER_FAILED }, "transfers_failed" },
		{ { .kind = 1, .end_state = "broken" }, "transfers_by_state" },
		{ { .kind = 1 }, "transfers_by_kind" },
	};
	char sql[2048], plan[1024];
	struct buf out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		buf_init(&out, sql, sizeof(sql));
		transfer_search_text(&rows[i].filter, &out);
		assert_false(out.has_overflowed);
		explain(sql, plan, sizeof(plan));
		assert_non_null(strstr(plan, rows[i].way));
		assert_null(strstr(plan, "TEMP B-TREE"));
		assert_null(strstr(plan, "SCAN transfers;"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_filter_finds_all_that_fits),
		cmocka_unit_test(no_filter_reads_or_sorts_the_whole_table),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
