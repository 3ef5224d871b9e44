/* accounts/reach_store.c - see reach_store.h. */
#include "accounts/reach_store.h"

#include <pthread.h>

enum query {
	QUERY_NETWORKS,
	QUERY_PORTS,
	QUERY_ADD_NETWORK,
	QUERY_ADD_PORT,
	QUERY_TRIM_NETWORKS,
	QUERY_ADD_FAILURE,
	QUERY_TRIM_FAILURES,
	QUERY_FAILURES,
	QUERY_FAILURES_OF_SESSION,
	N_QUERIES
};

#define COUNTS "offered, arrived, never, elsewhere, refused, tls_failed, logins"
#define MORE(column) column " = " column " + excluded." column
#define FAILURE                                                                                    \
	"SELECT id, at_ms, network, user, address, session, kind, path, data, timeline FROM "      \
	"data_failures WHERE "

static const char *const queries[N_QUERIES] = {
	[QUERY_NETWORKS] = "SELECT network, seen_ms, detail, " COUNTS
			   " FROM networks ORDER BY seen_ms DESC LIMIT ?1",
	[QUERY_PORTS] = "SELECT port, offered, connected, timed_out FROM passive_ports",
	[QUERY_ADD_NETWORK] =
		"INSERT INTO networks (network, seen_ms, detail, " COUNTS
		") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
		"seen_ms = excluded.seen_ms, detail = excluded.detail, " MORE("offered") ", " MORE("arrived") ", " MORE(
			"never") ", " MORE("elsewhere") ", " MORE("refused") ", " MORE("tls_failed") ", " MORE("logins") " RETURNING " COUNTS,
	[QUERY_ADD_PORT] =
		"INSERT INTO passive_ports (port, offered, connected, timed_out) "
		"VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET " MORE("offered") ", " MORE(
			"connected") ", " MORE("timed_out") " RETURNING offered, connected, timed_out",
	[QUERY_TRIM_NETWORKS] = "DELETE FROM networks WHERE seen_ms < (SELECT seen_ms FROM "
				"networks ORDER BY seen_ms DESC LIMIT 1 OFFSET ?1)",
	[QUERY_ADD_FAILURE] =
		"INSERT INTO data_failures (at_ms, network, user, address, session, kind, "
		"path, data, timeline) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[QUERY_TRIM_FAILURES] =
		"DELETE FROM data_failures WHERE id <= (SELECT max(id) FROM data_failures) - ?1",
	[QUERY_FAILURES] = FAILURE "network = ?1 ORDER BY id DESC LIMIT ?2",
	[QUERY_FAILURES_OF_SESSION] =
		FAILURE "session = ?1 AND at_ms >= ?3 ORDER BY id DESC LIMIT ?2",
};

struct reach_store {
	pthread_mutex_t lock;
	sqlite3 *db;
	sqlite3_stmt *statements[N_QUERIES];
};

static int prepare_all(struct reach_store *store, struct database_error *ret_error)
{
	for (enum query q = 0; q < N_QUERIES; q++) {
		int code = sqlite3_prepare_v3(store->db, queries[q], -1, SQLITE_PREPARE_PERSISTENT,
					      &store->statements[q], NULL);
		if (code != SQLITE_OK) {
			(void)snprintf(ret_error->text, sizeof(ret_error->text),
				       "connectivity: %.300s", sqlite3_errmsg(store->db));
			return database_errno(code);
		}
	}
	return 0;
}

int reach_store_open(const char *path, struct reach_store **ret, struct database_error *ret_error)
{
	struct reach_store *store = calloc(1, sizeof(*store));

	if (!store) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "memory is short");
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&store->lock, NULL);

	int r = database_open_again(path, &store->db, ret_error);
	if (r == 0)
		r = prepare_all(store, ret_error);
	if (r < 0) {
		reach_store_free(&store);
		return r;
	}
	*ret = store;
	return 0;
}

void reach_store_free(struct reach_store **store)
{
	struct reach_store *s = *store;

	if (!s)
		return;
	for (enum query q = 0; q < N_QUERIES; q++)
		(void)sqlite3_finalize(s->statements[q]);
	database_close(&s->db);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	*store = NULL;
}

static void finish(sqlite3_stmt *s)
{
	(void)sqlite3_reset(s); /* repeats the code of the last step, which the caller has */
	(void)sqlite3_clear_bindings(s);
}

static int bind_text(sqlite3_stmt *s, int at, const char *value)
{
	return sqlite3_bind_text(s, at, value, -1, SQLITE_STATIC);
}

static const char *column_text(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text ? text : "";
}

/* --- reading ---------------------------------------------------------------------------------- */

static void read_counts(sqlite3_stmt *s, int column, struct reach_counts *ret)
{
	for (int i = 0; i < N_REACH_COUNTS; i++)
		ret->n[i] = (uint64_t)sqlite3_column_int64(s, column + i);
}

int reach_store_load_networks(struct reach_store *store, unsigned most,
			      void (*each)(const char *network, int64_t seen_wall_ms,
					   const struct reach_counts *counts, const char *detail,
					   void *arg),
			      void *arg)
{
	sqlite3_stmt *s = store->statements[QUERY_NETWORKS];
	struct reach_counts counts;
	int code;

	(void)pthread_mutex_lock(&store->lock);
	code = sqlite3_bind_int64(s, 1, most);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	for (; code == SQLITE_ROW; code = sqlite3_step(s)) {
		read_counts(s, 3, &counts);
		each(column_text(s, 0), sqlite3_column_int64(s, 1), &counts, column_text(s, 2),
		     arg);
	}
	finish(s);
	(void)pthread_mutex_unlock(&store->lock);
	return database_errno(code);
}

static void read_port_counts(sqlite3_stmt *s, int column, struct reach_port_counts *ret)
{
	ret->offered = (uint64_t)sqlite3_column_int64(s, column);
	ret->connected = (uint64_t)sqlite3_column_int64(s, column + 1);
	ret->timed_out = (uint64_t)sqlite3_column_int64(s, column + 2);
}

int reach_store_load_ports(struct reach_store *store,
			   void (*each)(uint16_t port, const struct reach_port_counts *counts,
					void *arg),
			   void *arg)
{
	sqlite3_stmt *s = store->statements[QUERY_PORTS];
	struct reach_port_counts counts;
	int code;

	(void)pthread_mutex_lock(&store->lock);
	for (code = sqlite3_step(s); code == SQLITE_ROW; code = sqlite3_step(s)) {
		read_port_counts(s, 1, &counts);
		each((uint16_t)sqlite3_column_int(s, 0), &counts, arg);
	}
	finish(s);
	(void)pthread_mutex_unlock(&store->lock);
	return database_errno(code);
}

static void copy_column(sqlite3_stmt *s, int column, char *dst, size_t size)
{
	(void)!text_copy(text_of(column_text(s, column)), dst, size); /* ours always fit */
}

static void read_failure(sqlite3_stmt *s, struct reach_failure *ret)
{
	const void *path = sqlite3_column_blob(s, 7);

	*ret = (struct reach_failure){
		.id = sqlite3_column_int64(s, 0),
		.wall_ms = sqlite3_column_int64(s, 1),
		.session = (uint64_t)sqlite3_column_int64(s, 5),
		.path = { path ? path : "", path ? (size_t)sqlite3_column_bytes(s, 7) : 0 },
		.timeline = column_text(s, 9),
	};
	copy_column(s, 2, ret->network, sizeof(ret->network));
	copy_column(s, 3, ret->user, sizeof(ret->user));
	copy_column(s, 4, ret->address, sizeof(ret->address));
	copy_column(s, 6, ret->kind, sizeof(ret->kind));
	(void)!data_record_parse(text_of(column_text(s, 8)), &ret->data); /* else it has no mode */
}

int reach_store_list_failures(struct reach_store *store, const char *network, uint64_t session,
			      int64_t since_wall_ms, unsigned most,
			      void (*each)(const struct reach_failure *failure, void *arg),
			      void *arg)
{
	sqlite3_stmt *s = store->statements[network ? QUERY_FAILURES : QUERY_FAILURES_OF_SESSION];
	struct reach_failure failure;
	int code;

	(void)pthread_mutex_lock(&store->lock);
	code = network ? bind_text(s, 1, network) : sqlite3_bind_int64(s, 1, (int64_t)session);
	code |= sqlite3_bind_int64(s, 2, most);
	if (!network)
		code |= sqlite3_bind_int64(s, 3, since_wall_ms);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	for (; code == SQLITE_ROW; code = sqlite3_step(s)) {
		read_failure(s, &failure);
		each(&failure, arg);
	}
	finish(s);
	(void)pthread_mutex_unlock(&store->lock);
	return database_errno(code);
}

/* --- writing ---------------------------------------------------------------------------------- */

int reach_store_begin(struct reach_store *store)
{
	(void)pthread_mutex_lock(&store->lock);
	int r = database_run(store->db, "BEGIN IMMEDIATE");
	if (r < 0)
		(void)pthread_mutex_unlock(&store->lock);
	return r;
}

int reach_store_end(struct reach_store *store, int r)
{
	if (r == 0)
		r = database_run(store->db, "COMMIT");
	if (r < 0)
		(void)!database_run(store->db, "ROLLBACK"); /* none may be open any more */
	(void)pthread_mutex_unlock(&store->lock);
	return r;
}

int reach_store_add_network(struct reach_store *store, const char *network, int64_t seen_wall_ms,
			    struct reach_counts *counts, const char *detail)
{
	sqlite3_stmt *s = store->statements[QUERY_ADD_NETWORK];
	int code = bind_text(s, 1, network);

	code |= sqlite3_bind_int64(s, 2, seen_wall_ms);
	code |= bind_text(s, 3, detail);
	for (int i = 0; i < N_REACH_COUNTS; i++)
		code |= sqlite3_bind_int64(s, 4 + i, (int64_t)counts->n[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		read_counts(s, 0, counts);
		code = sqlite3_step(s);
	}
	finish(s);
	return database_errno(code);
}

int reach_store_add_port(struct reach_store *store, uint16_t port, struct reach_port_counts *counts)
{
	sqlite3_stmt *s = store->statements[QUERY_ADD_PORT];
	int code = sqlite3_bind_int(s, 1, port);

	code |= sqlite3_bind_int64(s, 2, (int64_t)counts->offered);
	code |= sqlite3_bind_int64(s, 3, (int64_t)counts->connected);
	code |= sqlite3_bind_int64(s, 4, (int64_t)counts->timed_out);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		read_port_counts(s, 0, counts);
		code = sqlite3_step(s);
	}
	finish(s);
	return database_errno(code);
}

int reach_store_trim_networks(struct reach_store *store, unsigned keep)
{
	sqlite3_stmt *s = store->statements[QUERY_TRIM_NETWORKS];
	int code = sqlite3_bind_int64(s, 1, keep);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	finish(s);
	return database_errno(code);
}

static int trim_failures(struct reach_store *store)
{
	sqlite3_stmt *s = store->statements[QUERY_TRIM_FAILURES];
	int code = sqlite3_bind_int64(s, 1, REACH_FAILURES_MAX);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	finish(s);
	return database_errno(code);
}

int reach_store_add_failure(struct reach_store *store, const struct reach_failure *failure)
{
	sqlite3_stmt *s = store->statements[QUERY_ADD_FAILURE];
	char data[DATA_RECORD_TEXT_SIZE];
	int code = sqlite3_bind_int64(s, 1, failure->wall_ms);

	data_record_format(&failure->data, data);
	code |= bind_text(s, 2, failure->network);
	code |= bind_text(s, 3, failure->user);
	code |= bind_text(s, 4, failure->address);
	code |= sqlite3_bind_int64(s, 5, (int64_t)failure->session);
	code |= bind_text(s, 6, failure->kind);
	code |= sqlite3_bind_blob64(s, 7, failure->path.ptr, failure->path.len, SQLITE_STATIC);
	code |= bind_text(s, 8, data);
	code |= bind_text(s, 9, failure->timeline);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	finish(s);
	return code == SQLITE_DONE ? trim_failures(store) : database_errno(code);
}
