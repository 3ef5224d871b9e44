/* accounts/database.h - one connection to the accounts database, opened the way that we want it:
 * made with mode 0600, write-ahead log, checked for damage, at the newest schema.
 * Threads: one at a time per connection; the caller locks. Source: sqlite.org/pragma.html. */
#ifndef ACCOUNTS_DATABASE_H
#define ACCOUNTS_DATABASE_H

#include <sqlite3.h>

#include "base/common.h"

struct database_error {
	char text[768]; /* one sentence that names the file */
};

/* 0 and *ret owned by the caller (database_close); else -errno with *ret_error filled:
 * -ENOTSUP (made by a newer program), -EINVAL (somebody else's database), -EIO (damaged) ... */
int database_open(const char *path, sqlite3 **ret, struct database_error *ret_error) MUST_CHECK;
/* One more connection to a database that database_open has checked and led up just now. The first
 * connection of a process is made by database_open, all others by this one: see make_file. */
int database_open_again(const char *path, sqlite3 **ret,
			struct database_error *ret_error) MUST_CHECK;
void database_close(sqlite3 **db); /* accepts NULL; leaves NULL */

/* An SQLite result code as -errno; SQLITE_OK, _ROW and _DONE are 0. */
int database_errno(int code);

/* Runs statements that take no values and give no rows. 0 or -errno. */
int database_run(sqlite3 *db, const char *sql) MUST_CHECK;

#endif
