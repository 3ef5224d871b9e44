/* accounts/shelf.c - see shelf.h. */
#include "accounts/shelf.h"

#include <pthread.h>

struct shelf {
	pthread_mutex_t lock; /* guards db */
	sqlite3 *db;
};

int shelf_open(const char *path, struct shelf **ret, struct database_error *ret_error)
{
	struct shelf *shelf = calloc(1, sizeof(*shelf));

	if (!shelf) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "memory is short");
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&shelf->lock, NULL);

	int r = database_open_again(path, &shelf->db, ret_error);

	if (r < 0) {
		shelf_free(&shelf);
		return r;
	}
	*ret = shelf;
	return 0;
}

void shelf_free(struct shelf **shelf)
{
	if (!*shelf)
		return;
	database_close(&(*shelf)->db);
	(void)pthread_mutex_destroy(&(*shelf)->lock);
	free(*shelf);
	*shelf = NULL;
}

static int bind(sqlite3_stmt *s, int at, const struct shelf_value *value)
{
	if (value->is_number)
		return sqlite3_bind_int64(s, at, value->number);
	if (!value->text.ptr)
		return sqlite3_bind_null(s, at);
	return sqlite3_bind_text64(s, at, value->text.ptr, value->text.len, SQLITE_STATIC,
				   SQLITE_UTF8);
}

int shelf_run_locked(struct shelf *shelf, const char *sql, const struct shelf_value *values,
		     size_t n_values, shelf_each each, void *arg)
{
	sqlite3_stmt *s = NULL;
	int n_rows = 0, code = sqlite3_prepare_v2(shelf->db, sql, -1, &s, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < n_values; i++)
		code = bind(s, (int)i + 1, &values[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	for (; code == SQLITE_ROW; code = sqlite3_step(s), n_rows++)
		if (each)
			each(s, arg);

	bool is_reading = s && sqlite3_stmt_readonly(s) != 0;

	(void)sqlite3_finalize(s); /* repeats the code that we have */
	if (code != SQLITE_DONE)
		return database_errno(code);
	return is_reading ? n_rows : sqlite3_changes(shelf->db);
}

int shelf_run(struct shelf *shelf, const char *sql, const struct shelf_value *values,
	      size_t n_values, shelf_each each, void *arg)
{
	(void)pthread_mutex_lock(&shelf->lock);
	int r = shelf_run_locked(shelf, sql, values, n_values, each, arg);
	(void)pthread_mutex_unlock(&shelf->lock);
	return r;
}

int64_t shelf_last_id(const struct shelf *shelf)
{
	return sqlite3_last_insert_rowid(shelf->db);
}

int shelf_begin(struct shelf *shelf)
{
	(void)pthread_mutex_lock(&shelf->lock);
	int r = database_run(shelf->db, "BEGIN IMMEDIATE");
	if (r < 0)
		(void)pthread_mutex_unlock(&shelf->lock);
	return r;
}

int shelf_end(struct shelf *shelf, int r)
{
	if (r >= 0)
		r = database_run(shelf->db, "COMMIT");
	if (r < 0)
		(void)!database_run(shelf->db, "ROLLBACK"); /* none may be open any more */
	(void)pthread_mutex_unlock(&shelf->lock);
	return r;
}

const char *shelf_column(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text ? text : "";
}
