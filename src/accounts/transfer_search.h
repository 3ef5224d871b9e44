/* accounts/transfer_search.h - the records that pass a filter, in a table of any length: through
 * the index of the narrowest part of the filter, and no more than a window of rows at a time where
 * the rest of it passes only few of them. For this folder only.
 * Threads: one at a time per connection; the caller locks. */
#ifndef ACCOUNTS_TRANSFER_SEARCH_H
#define ACCOUNTS_TRANSFER_SEARCH_H

#include "accounts/transfers.h"
#include "base/buf.h"

/* Rows that are looked through for one page, at most. */
#define TRANSFER_WINDOW 20000

/* The columns that transfer_read_row reads. */
#define TRANSFER_SHOWN                                                                             \
	"SELECT id, ended_ms, kind, user, address, session, path, new_path, bytes, duration_ms, "  \
	"is_tls, result, end_state, sha256, data FROM transfers "

void transfer_read_row(sqlite3_stmt *s, struct transfer_record *ret);

/* As transfers_list. */
int transfer_search(sqlite3 *db, const struct transfer_filter *filter,
		    void (*each)(const struct transfer_record *record, void *arg), void *arg,
		    int64_t *ret_next) MUST_CHECK;

/* The statement that looks through the table for this filter when its path, if it has one, narrows
 * little; for tests, which ask SQLite how it would run it. */
void transfer_search_text(const struct transfer_filter *filter, struct buf *out);

#endif
