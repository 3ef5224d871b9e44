/* accounts/database_state.h - has the database changed since? Told without a system call and
 * without a lock: by the header of the index of the write-ahead log, which all processes share in
 * memory and SQLite itself compares before each read to see whether its cached pages still hold
 * (sqlite.org/walformat.html, 2.1). Whoever commits, in this process or another one, changes it:
 * the moment in which it changes is the one in which readers see the commit.
 *
 *	database_state_read(index, &before);
 *	... read rows ...
 *	database_state_read(index, &now); the same as before: the rows are those of this moment
 *
 * Threads: any. */
#ifndef ACCOUNTS_DATABASE_STATE_H
#define ACCOUNTS_DATABASE_STATE_H

#include "accounts/database.h"

#define DATABASE_STATE_SIZE 48 /* of the header, of which there are two copies in a row */

struct database_state {
	bool is_known;
	uint8_t header[DATABASE_STATE_SIZE];
};

/* Where the index of this connection lies in memory, good until the connection is closed. NULL: it
 * has none (it is not in the mode for it), and its state is never known. Reads once. */
const volatile void *database_state_index(sqlite3 *db) MUST_CHECK;

/* index may be NULL. In the middle of a commit it is not known. */
void database_state_read(const volatile void *index, struct database_state *ret);

/* Both are known, and no commit lies between them. */
bool database_state_is_same(const struct database_state *a, const struct database_state *b);

#endif
