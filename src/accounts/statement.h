/* accounts/statement.h - statements that are made when they are needed, for what happens seldom:
 * the tables of administrators, their sessions, keys. For this folder only.
 * Locks: the connection's is held from statement_begin to statement_end. */
#ifndef ACCOUNTS_STATEMENT_H
#define ACCOUNTS_STATEMENT_H

#include "accounts/internal.h"
#include "accounts/token.h"

struct statement {
	struct connection *connection;
	sqlite3_stmt *s;
	int code; /* of SQLite; the first error stays */
};

/* Locks and prepares. */
void statement_begin(struct statement *st, struct connection *connection, const char *sql);
/* Parameters from ?1 up; what they point to lives until statement_end. */
void statement_text(struct statement *st, int at, const char *value);
void statement_view(struct statement *st, int at, struct text value);
void statement_int(struct statement *st, int at, int64_t value);
void statement_hash(struct statement *st, int at, const uint8_t value[static TOKEN_HASH_SIZE]);
/* True: there is a row. */
bool statement_step(struct statement *st);
/* Unlocks. 0 or -errno. */
int statement_end(struct statement *st) MUST_CHECK;
/* Runs what gives no rows, and unlocks. Rows changed, or -errno. */
int statement_run(struct statement *st) MUST_CHECK;

#endif
