/* accounts/statement.c - see statement.h. */
#include "accounts/statement.h"

void statement_begin(struct statement *st, struct connection *connection, const char *sql)
{
	*st = (struct statement){ .connection = connection };
	(void)pthread_mutex_lock(&connection->lock);
	st->code = sqlite3_prepare_v2(connection->db, sql, -1, &st->s, NULL);
}

static void keep(struct statement *st, int code)
{
	if (st->code == SQLITE_OK)
		st->code = code;
}

void statement_view(struct statement *st, int at, struct text value)
{
	if (st->code == SQLITE_OK)
		keep(st, bind_text(st->s, at, value));
}

void statement_text(struct statement *st, int at, const char *value)
{
	statement_view(st, at, text_of(value));
}

void statement_int(struct statement *st, int at, int64_t value)
{
	if (st->code == SQLITE_OK)
		keep(st, sqlite3_bind_int64(st->s, at, value));
}

void statement_hash(struct statement *st, int at, const uint8_t value[static TOKEN_HASH_SIZE])
{
	if (st->code == SQLITE_OK)
		keep(st, sqlite3_bind_blob(st->s, at, value, TOKEN_HASH_SIZE, SQLITE_STATIC));
}

bool statement_step(struct statement *st)
{
	if (st->code != SQLITE_OK && st->code != SQLITE_ROW)
		return false;
	st->code = sqlite3_step(st->s);
	return st->code == SQLITE_ROW;
}

int statement_end(struct statement *st)
{
	int r = database_errno(st->code);

	(void)sqlite3_finalize(st->s); /* repeats the code, which we have */
	(void)pthread_mutex_unlock(&st->connection->lock);
	return r;
}

int statement_run(struct statement *st)
{
	(void)statement_step(st);
	int n = sqlite3_changes(st->connection->db);
	int r = statement_end(st);

	return r < 0 ? r : n;
}
