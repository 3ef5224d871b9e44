/* accounts/transfers.c - see transfers.h.
 * Locks: each connection has one, which guards its statements as well; no function takes both. */
#include "accounts/transfers.h"

#include <pthread.h>

#include "accounts/transfer_search.h"

enum query { QUERY_ADD, QUERY_ADD_ROWS, QUERY_PRUNE, QUERY_GET, N_QUERIES };

/* What a statement costs beside its rows is shared by so many of them. */
#define ROWS 16
#define COLUMNS                                                                                    \
	"(source, sequence, ended_ms, kind, user, address, session, path, new_path, bytes, "       \
	"duration_ms, is_tls, result, end_state, sha256, data) VALUES "
#define N_COLUMNS 16
#define ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define FOUR_ROWS ROW ", " ROW ", " ROW ", " ROW

static const char *const queries[N_QUERIES] = {
	[QUERY_ADD] = "INSERT OR IGNORE INTO transfers " COLUMNS ROW,
	/* Nothing of it where one of them is there. */
	[QUERY_ADD_ROWS] = "INSERT INTO transfers " COLUMNS FOUR_ROWS ", " FOUR_ROWS ", " FOUR_ROWS
			   ", " FOUR_ROWS,
	[QUERY_GET] = TRANSFER_SHOWN "WHERE id = ?1",
	[QUERY_PRUNE] = "DELETE FROM transfers WHERE id IN (SELECT id FROM transfers WHERE "
			"ended_ms < ?1 ORDER BY ended_ms LIMIT ?2)",
};

struct connection {
	pthread_mutex_t lock;
	sqlite3 *db;
};

struct transfers {
	struct connection reader, writer;
	sqlite3_stmt *statements[N_QUERIES];
};

static int prepare_all(struct transfers *t, struct database_error *ret_error)
{
	for (enum query q = 0; q < N_QUERIES; q++) {
		sqlite3 *db = q == QUERY_GET ? t->reader.db : t->writer.db;
		int code = sqlite3_prepare_v3(db, queries[q], -1, SQLITE_PREPARE_PERSISTENT,
					      &t->statements[q], NULL);
		if (code != SQLITE_OK) {
			(void)snprintf(ret_error->text, sizeof(ret_error->text),
				       "records of transfers: %.300s", sqlite3_errmsg(db));
			return database_errno(code);
		}
	}
	return 0;
}

int transfers_open(const char *path, struct transfers **ret, struct database_error *ret_error)
{
	struct transfers *t = calloc(1, sizeof(*t));

	if (!t) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "memory is short");
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&t->reader.lock, NULL);
	(void)pthread_mutex_init(&t->writer.lock, NULL);

	int r = database_open_again(path, &t->writer.db, ret_error);
	if (r == 0)
		r = database_open_again(path, &t->reader.db, ret_error);
	if (r == 0)
		r = prepare_all(t, ret_error);
	if (r < 0) {
		transfers_free(&t);
		return r;
	}
	*ret = t;
	return 0;
}

void transfers_free(struct transfers **transfers)
{
	struct transfers *t = *transfers;

	if (!t)
		return;
	for (enum query q = 0; q < N_QUERIES; q++)
		(void)sqlite3_finalize(t->statements[q]);
	database_close(&t->reader.db);
	database_close(&t->writer.db);
	(void)pthread_mutex_destroy(&t->reader.lock);
	(void)pthread_mutex_destroy(&t->writer.lock);
	free(t);
	*transfers = NULL;
}

static int bind_text(sqlite3_stmt *s, int at, const char *value)
{
	return sqlite3_bind_text(s, at, value, -1, SQLITE_STATIC);
}

/* Paths are bytes: names on disk need not be UTF-8. */
static int bind_path(sqlite3_stmt *s, int at, const char *value)
{
	return sqlite3_bind_blob64(s, at, value, strlen(value), SQLITE_STATIC);
}

static void finish_statement(sqlite3_stmt *s)
{
	(void)sqlite3_reset(s); /* repeats the code of the last step, which the caller has */
	(void)sqlite3_clear_bindings(s);
}

/* Its columns are the parameters behind the first `at`. */
static int bind_record(sqlite3_stmt *s, int at, const struct transfer_record *record)
{
	char data[DATA_RECORD_TEXT_SIZE];
	int bound = sqlite3_bind_int64(s, at + 1, (int64_t)record->source);

	bound |= sqlite3_bind_int64(s, at + 2, (int64_t)record->sequence);
	bound |= sqlite3_bind_int64(s, at + 3, record->ended_wall_ms);
	bound |= sqlite3_bind_int64(s, at + 4, record->kind);
	bound |= bind_text(s, at + 5, record->user);
	bound |= bind_text(s, at + 6, record->address);
	bound |= sqlite3_bind_int64(s, at + 7, (int64_t)record->session);
	bound |= bind_path(s, at + 8, record->path);
	bound |= bind_path(s, at + 9, record->new_path);
	bound |= sqlite3_bind_int64(s, at + 10, (int64_t)record->bytes);
	bound |= sqlite3_bind_int64(s, at + 11, (int64_t)record->duration_ms);
	bound |= sqlite3_bind_int(s, at + 12, record->is_tls);
	bound |= bind_text(s, at + 13, record->result);
	bound |= bind_text(s, at + 14, record->end_state);
	bound |= bind_text(s, at + 15, record->sha256);
	data_record_format(&record->data, data);
	bound |= sqlite3_bind_text(s, at + 16, data, -1, SQLITE_TRANSIENT);
	return bound;
}

/* 1: stored; 0: was there; or -errno. */
static int add_locked(struct transfers *t, struct transfer_record *record)
{
	sqlite3_stmt *s = t->statements[QUERY_ADD];
	int code = bind_record(s, 0, record);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	int r = database_errno(code);
	if (r == 0)
		r = sqlite3_changes(t->writer.db);
	record->id = r > 0 ? sqlite3_last_insert_rowid(t->writer.db) : 0;
	finish_statement(s);
	return r;
}

/* 1: all of them are stored; 0: none, for one was there; or -errno. */
static int add_rows_locked(struct transfers *t, struct transfer_record *const records[static ROWS])
{
	sqlite3_stmt *s = t->statements[QUERY_ADD_ROWS];
	int code = SQLITE_OK;

	for (int i = 0; i < ROWS; i++)
		code |= bind_record(s, i * N_COLUMNS, records[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	finish_statement(s);
	if ((code & 0xff) == SQLITE_CONSTRAINT)
		return 0;
	if (code != SQLITE_DONE)
		return database_errno(code);
	/* One statement numbers its rows one after another. */
	for (int i = 0; i < ROWS; i++)
		records[i]->id = sqlite3_last_insert_rowid(t->writer.db) - (ROWS - 1) + i;
	return 1;
}

/* How many of the first ones are done now, or -errno. */
static int add_some_locked(struct transfers *t, struct transfer_record *const *records, size_t n,
			   bool *ret_is_new)
{
	int r = n >= ROWS ? add_rows_locked(t, records) : 0;
	size_t done = MIN_OF(n, ROWS);

	for (size_t i = 0; r == 1 && i < done; i++)
		ret_is_new[i] = true;
	if (r != 0)
		return r < 0 ? r : (int)done;
	for (size_t i = 0; r >= 0 && i < done; i++) {
		r = add_locked(t, records[i]);
		ret_is_new[i] = r > 0;
	}
	return r < 0 ? r : (int)done;
}

int transfers_add(struct transfers *transfers, struct transfer_record *const *records, size_t n,
		  bool *ret_is_new)
{
	struct connection *c = &transfers->writer;

	(void)pthread_mutex_lock(&c->lock);
	int r = database_run(c->db, "BEGIN IMMEDIATE");
	if (r == 0) {
		for (size_t i = 0; i < n && r >= 0; i += r > 0 ? (size_t)r : 0)
			r = add_some_locked(transfers, &records[i], n - i, &ret_is_new[i]);
		int ended = r >= 0 ? database_run(c->db, "COMMIT") : 0;
		if (r >= 0)
			r = ended;
		if (r < 0)
			(void)!database_run(c->db, "ROLLBACK"); /* none may be open any more */
	}
	for (size_t i = 0; r < 0 && i < n; i++)
		records[i]->id = 0;
	(void)pthread_mutex_unlock(&c->lock);
	return r < 0 ? r : 0;
}

int transfers_list(struct transfers *transfers, const struct transfer_filter *filter,
		   void (*each)(const struct transfer_record *record, void *arg), void *arg,
		   int64_t *ret_next)
{
	struct connection *c = &transfers->reader;

	(void)pthread_mutex_lock(&c->lock);
	int r = transfer_search(c->db, filter, each, arg, ret_next);
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

int transfers_get(struct transfers *transfers, int64_t id, struct transfer_record **ret)
{
	struct connection *c = &transfers->reader;
	sqlite3_stmt *s = transfers->statements[QUERY_GET];
	struct transfer_record *record = calloc(1, sizeof(*record));

	if (!record)
		return -ENOMEM;
	(void)pthread_mutex_lock(&c->lock);
	int code = sqlite3_bind_int64(s, 1, id);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		transfer_read_row(s, record);
	finish_statement(s);
	(void)pthread_mutex_unlock(&c->lock);
	if (code != SQLITE_ROW) {
		free(record);
		return code == SQLITE_DONE ? -ENOENT : database_errno(code);
	}
	*ret = record;
	return 0;
}

int transfers_prune(struct transfers *transfers, int64_t before_wall_ms, unsigned most)
{
	struct connection *c = &transfers->writer;
	sqlite3_stmt *s = transfers->statements[QUERY_PRUNE];

	(void)pthread_mutex_lock(&c->lock);
	int code = sqlite3_bind_int64(s, 1, before_wall_ms);
	code |= sqlite3_bind_int64(s, 2, most);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	int r = database_errno(code);
	if (r == 0)
		r = sqlite3_changes(c->db);
	finish_statement(s);
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}
