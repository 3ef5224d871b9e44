/* accounts/database.c - see database.h. */
#include "accounts/database.h"

#include <fcntl.h>

#include "accounts/schema.h"

#define BUSY_TIMEOUT_MS 5000

/* Every connection begins with these. FULL: a change that was confirmed survives a power cut. */
static const char pragmas[] = "PRAGMA journal_mode = WAL;"
			      "PRAGMA synchronous = FULL;"
			      "PRAGMA foreign_keys = ON;"
			      "PRAGMA trusted_schema = OFF;"
			      "PRAGMA cell_size_check = ON;"
			      "PRAGMA cache_size = -1024;";

int database_errno(int code)
{
	if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
		return -ENXIO;
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return -EACCES;
	default:
		return -EIO;
	}
}

int database_run(sqlite3 *db, const char *sql)
{
	return database_errno(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* SQLite would make the file with the umask's mode; it holds password hashes, so it starts private.
 * The -wal and -shm files take over its mode. For the first connection of a process only: closing
 * the descriptor drops the locks that this process has on the file (fcntl(2)), and another process
 * could then throw away a log that is in use here. */
static int make_file(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	return fd < 0 ? -errno : 0;
}

/* "ok" is the only row of a sound database; anything else names the damage. */
static int check_damage(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);
	int r = database_errno(code);

	if (r == 0) {
		code = sqlite3_step(statement);
		const char *row =
			code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
		r = row && strcmp(row, "ok") == 0 ? 0 : -EIO;
	}
	(void)sqlite3_finalize(statement);
	return r;
}

static int fail(int r, const char *path, const char *why, struct database_error *ret_error)
{
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "accounts database %.500s: %s",
		       path, why);
	return r;
}

static int fail_schema(int r, sqlite3 *db, const char *path, struct database_error *ret_error)
{
	char why[160];

	if (r == -ENOTSUP) {
		(void)snprintf(
			why, sizeof(why),
			"its schema version %d is newer than version %u, the newest that this "
			"program knows; run a newer Sallyport",
			schema_version(db), schema_latest());
		return fail(r, path, why, ret_error);
	}
	if (r == -EINVAL)
		return fail(r, path, "this SQLite database belongs to another program", ret_error);
	return fail(r, path, sqlite3_errmsg(db), ret_error);
}

static int prepare_connection(sqlite3 *db, const char *path, bool is_checked,
			      struct database_error *ret_error)
{
	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);

	int r = database_run(db, pragmas);
	if (r < 0)
		return fail(r, path, sqlite3_errmsg(db), ret_error);
	if (is_checked)
		return 0;
	r = check_damage(db);
	if (r < 0)
		return fail(r, path, "the file is damaged; restore it from a backup", ret_error);
	r = schema_migrate(db, schema_latest());
	return r < 0 ? fail_schema(r, db, path, ret_error) : 0;
}

static int open_connection(const char *path, bool is_checked, sqlite3 **ret,
			   struct database_error *ret_error)
{
	sqlite3 *db = NULL;

	int r = is_checked ? 0 : make_file(path);
	if (r < 0)
		return fail(r, path, strerrordesc_np(-r), ret_error);

	int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		r = fail(database_errno(code), path, sqlite3_errstr(code), ret_error);
	else
		r = prepare_connection(db, path, is_checked, ret_error);
	if (r < 0) {
		database_close(&db);
		return r;
	}
	*ret = db;
	return 0;
}

int database_open(const char *path, sqlite3 **ret, struct database_error *ret_error)
{
	/* Nobody asks how much memory it has, and counting takes a lock for each piece. Refused
	 * once a database is open: then it has been said. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	return open_connection(path, false, ret, ret_error);
}

int database_open_again(const char *path, sqlite3 **ret, struct database_error *ret_error)
{
	return open_connection(path, true, ret, ret_error);
}

void database_close(sqlite3 **db)
{
	(void)sqlite3_close_v2(*db); /* NULL is harmless; statements are finalized before */
	*db = NULL;
}
