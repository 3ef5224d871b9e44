/* accounts/schema.h - the tables of the accounts database and how they grew: a list of migrations,
 * the n-th of which leads from version n - 1 to n (PRAGMA user_version).
 * Threads: one at a time per connection. */
#ifndef ACCOUNTS_SCHEMA_H
#define ACCOUNTS_SCHEMA_H

#include <sqlite3.h>

#include "base/common.h"

unsigned schema_latest(void);

/* The version that the database has; 0 when it is empty, negative when it cannot be read. */
int schema_version(sqlite3 *db);

/* Leads the database up to version target, each step in one transaction, so that a crash leaves the
 * version before or after it. Two processes may do it at once. 0; -ENOTSUP (it is newer than the
 * newest version known here); -EINVAL (no version, but tables: not ours); -errno. */
int schema_migrate(sqlite3 *db, unsigned target) MUST_CHECK;

#endif
