/* accounts/schema_test.c - every older schema is led up, whatever is newer, foreign or damaged is
 * refused with words. */
#include "base/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "accounts/database.h"
#include "accounts/schema.h"

static char folder[] = "/tmp/schema_test.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/accounts.db", folder);
	return 0;
}

static int remove_files(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char name[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static sqlite3 *open_memory(void)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	return db;
}

/* Makes the file with plain SQLite and runs sql in it. */
static void make_file(const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void assert_refused(int expected, const char *why)
{
	struct database_error error = { "" };
	sqlite3 *db = NULL;

	assert_int_equal(database_open(path, &db, &error), expected);
	assert_null(db);
	assert_non_null(strstr(error.text, path));
	assert_non_null(strstr(error.text, why));
}

static void a_newer_schema_is_refused_with_both_versions(void **state)
{
	(void)state;
	char why[80];

	make_file("PRAGMA user_version = 1000");
	(void)snprintf(why, sizeof(why), "schema version 1000 is newer than version %u",
		       schema_latest());
	assert_refused(-ENOTSUP, why);
}

static void a_database_of_another_program_is_refused(void **state)
{
	(void)state;
	make_file("CREATE TABLE bookmarks (url TEXT)");
	assert_refused(-EINVAL, "another program");
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	(void)state;
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char garbage[4096];

	memset(garbage, 'x', sizeof(garbage));
	assert_int_equal(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
	assert_refused(-EIO, "not a database");
}

static void a_damaged_database_is_refused(void **state)
{
	(void)state;
	sqlite3 *db = NULL;
	struct database_error error;
	char garbage[2048];

	assert_int_equal(database_open(path, &db, &error), 0);
	assert_int_equal(database_run(db, "INSERT INTO users (name, password_hash, home, enabled, "
					  "permissions, created_ms, updated_ms) "
					  "VALUES ('a', 'h', 'a', 1, 1, 1, 1)"),
			 0);
	assert_int_equal(database_run(db, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
	database_close(&db);

	/* The second page is the root of the table of users. */
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	memset(garbage, 0xff, sizeof(garbage));
	assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 4096), sizeof(garbage));
	assert_refused(-EIO, "damaged");
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	(void)state;
	struct database_error error;
	sqlite3 *db = NULL;

	assert_int_equal(database_open("/proc/nonexistent/accounts.db", &db, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/proc/nonexistent/accounts.db"));
}

static void every_version_is_led_up_to_the_newest(void **state)
{
	(void)state;
	for (unsigned from = 0; from <= schema_latest(); from++) {
		sqlite3 *db = open_memory();

		assert_int_equal(schema_migrate(db, from), 0);
		assert_int_equal(schema_version(db), from);
		assert_int_equal(schema_migrate(db, schema_latest()), 0);
		assert_int_equal(schema_version(db), schema_latest());
		assert_int_equal(database_run(db, "SELECT name, password_hash, home, enabled, "
						  "permissions, created_ms, updated_ms, "
						  "last_login_ms, last_login_from FROM users"),
				 0);
		database_close(&db);
	}
}

static void a_refused_database_stays_as_it_was(void **state)
{
	(void)state;
	sqlite3 *db = open_memory();

	assert_int_equal(database_run(db, "PRAGMA user_version = 1000"), 0);
	assert_int_equal(schema_migrate(db, schema_latest()), -ENOTSUP);
	assert_int_equal(schema_version(db), 1000);
	assert_int_equal(database_run(db, "BEGIN; ROLLBACK"), 0); /* no transaction was left open */
	database_close(&db);
}

static void a_new_database_is_private_and_can_be_opened_again(void **state)
{
	(void)state;
	struct database_error error;
	mode_t before = umask(0);
	struct stat st;

	for (int i = 0; i < 2; i++) {
		sqlite3 *db = NULL;
		assert_int_equal(database_open(path, &db, &error), 0);
		assert_int_equal(schema_version(db), schema_latest());
		database_close(&db);
		assert_null(db);
	}
	(void)umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_newer_schema_is_refused_with_both_versions,
					  remove_files),
		cmocka_unit_test_teardown(a_database_of_another_program_is_refused, remove_files),
		cmocka_unit_test_teardown(a_file_that_is_no_database_is_refused, remove_files),
		cmocka_unit_test_teardown(a_damaged_database_is_refused, remove_files),
		cmocka_unit_test(a_folder_that_is_not_there_is_named),
		cmocka_unit_test(every_version_is_led_up_to_the_newest),
		cmocka_unit_test(a_refused_database_stays_as_it_was),
		cmocka_unit_test_teardown(a_new_database_is_private_and_can_be_opened_again,
					  remove_files),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
