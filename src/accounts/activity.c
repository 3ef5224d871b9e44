/* accounts/activity.c - see activity.h. Both tables are read from their newest ids on; where only
 * few rows may fit, a window of them is looked through at a time, so that a call takes bounded time
 * in a table of any length. Times grow with ids but for the moment in which a batch is gathered.
 * Locks: each connection has one, which guards its statements as well; no function takes both. */
#include "accounts/activity.h"

#include <pthread.h>

#define WINDOW 20000
/* Rows whose ids and times may stand in another order. */
#define DISORDER 4096

enum query {
	QUERY_ADD,
	QUERY_PRUNE,
	QUERY_EVENTS,
	QUERY_EVENTS_OF_USER,
	QUERY_EVENT_FLOOR,
	QUERY_EVENT_SINCE,
	QUERY_EVENT_UNTIL,
	QUERY_TRANSFERS,
	QUERY_TRANSFERS_OF_USER,
	QUERY_TRANSFER_FLOOR,
	QUERY_TRANSFER_SINCE,
	QUERY_TRANSFER_UNTIL,
	N_QUERIES
};

/* ?1 below this id, ?2 from this id on, ?3 since, ?4 until, ?5 kind, ?6 user, ?7 address, ?8
 * search, ?9 severity, ?10 session, ?11 limit. The unary plus keeps an index out of it. */
#define COMMON(time)                                                                               \
	"id < ?1 AND id >= ?2 AND +" time " >= ?3 AND (?4 = 0 OR +" time " <= ?4) "                \
	"AND (?7 IS NULL OR address = ?7) AND (?10 = 0 OR session = ?10) "
#define FOUND(column) "instr(lower(CAST(" column " AS TEXT)), ?8) > 0 "
#define EVENTS                                                                                             \
	"SELECT id, at_ms, severity, session, kind, user, address, text, facts FROM events WHERE " COMMON( \
		"at_ms") "AND (?5 IS NULL OR kind = ?5) AND (?9 < 0 OR severity = ?9) "                    \
			 "AND (?8 IS NULL OR " FOUND("text") "OR " FOUND("user") "OR " FOUND(              \
				 "address") "OR " FOUND("facts") ") "
#define TRANSFERS                                                                                    \
	"SELECT id, ended_ms, result <> 'complete', session, kind, user, address, result, bytes, "   \
	"duration_ms, path, new_path FROM transfers WHERE " COMMON(                                  \
		"ended_ms") "AND (?5 < 0 OR kind = ?5) AND (?9 < 0 OR (result <> 'complete') = ?9) " \
			    "AND (?8 IS NULL OR " FOUND("path") "OR " FOUND("new_path") "OR " FOUND( \
				    "user") "OR " FOUND("address") "OR " FOUND("result") ") "
#define NEWEST "ORDER BY id DESC LIMIT ?11"
#define FLOOR(table) "SELECT id FROM " table " WHERE id < ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2"
#define SINCE(table, time) "SELECT id FROM " table " WHERE " time " >= ?1 ORDER BY " time " LIMIT 1"
#define UNTIL(table, time)                                                                         \
	"SELECT id FROM " table " WHERE " time " <= ?1 ORDER BY " time " DESC LIMIT 1"

static const char *const queries[N_QUERIES] = {
	[QUERY_ADD] = "INSERT OR IGNORE INTO events (source, sequence, at_ms, kind, severity, "
		      "user, address, session, text, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[QUERY_PRUNE] = "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at_ms < ?1 "
			"OR id <= (SELECT max(id) FROM events) - ?2 ORDER BY id LIMIT ?3)",
	[QUERY_EVENTS] = EVENTS "AND (?6 IS NULL OR +user = ?6) " NEWEST,
	[QUERY_EVENTS_OF_USER] = EVENTS "AND user = ?6 " NEWEST,
	[QUERY_EVENT_FLOOR] = FLOOR("events"),
	[QUERY_EVENT_SINCE] = SINCE("events", "at_ms"),
	[QUERY_EVENT_UNTIL] = UNTIL("events", "at_ms"),
	[QUERY_TRANSFERS] = TRANSFERS "AND (?6 IS NULL OR +user = ?6) " NEWEST,
	[QUERY_TRANSFERS_OF_USER] = TRANSFERS "AND user = ?6 " NEWEST,
	[QUERY_TRANSFER_FLOOR] = FLOOR("transfers"),
	[QUERY_TRANSFER_SINCE] = SINCE("transfers", "ended_ms"),
	[QUERY_TRANSFER_UNTIL] = UNTIL("transfers", "ended_ms"),
};

struct connection {
	pthread_mutex_t lock;
	sqlite3 *db;
};

struct activity {
	struct connection reader, writer;
	sqlite3_stmt *statements[N_QUERIES];
};

static int prepare_all(struct activity *a, struct database_error *ret_error)
{
	for (enum query q = 0; q < N_QUERIES; q++) {
		sqlite3 *db = q <= QUERY_PRUNE ? a->writer.db : a->reader.db;
		int code = sqlite3_prepare_v3(db, queries[q], -1, SQLITE_PREPARE_PERSISTENT,
					      &a->statements[q], NULL);
		if (code != SQLITE_OK) {
			(void)snprintf(ret_error->text, sizeof(ret_error->text), "events: %.300s",
				       sqlite3_errmsg(db));
			return database_errno(code);
		}
	}
	return 0;
}

int activity_open(const char *path, struct activity **ret, struct database_error *ret_error)
{
	struct activity *a = calloc(1, sizeof(*a));

	if (!a) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "memory is short");
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&a->reader.lock, NULL);
	(void)pthread_mutex_init(&a->writer.lock, NULL);

	int r = database_open_again(path, &a->writer.db, ret_error);
	if (r == 0)
		r = database_open_again(path, &a->reader.db, ret_error);
	if (r == 0)
		r = prepare_all(a, ret_error);
	if (r < 0) {
		activity_free(&a);
		return r;
	}
	*ret = a;
	return 0;
}

void activity_free(struct activity **activity)
{
	struct activity *a = *activity;

	if (!a)
		return;
	for (enum query q = 0; q < N_QUERIES; q++)
		(void)sqlite3_finalize(a->statements[q]);
	database_close(&a->reader.db);
	database_close(&a->writer.db);
	(void)pthread_mutex_destroy(&a->reader.lock);
	(void)pthread_mutex_destroy(&a->writer.lock);
	free(a);
	*activity = NULL;
}

static void finish_statement(sqlite3_stmt *s)
{
	(void)sqlite3_reset(s); /* repeats the code of the last step, which the caller has */
	(void)sqlite3_clear_bindings(s);
}

static int bind_text(sqlite3_stmt *s, int at, const char *value)
{
	return value ? sqlite3_bind_text(s, at, value, -1, SQLITE_STATIC) : SQLITE_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int add_locked(struct activity *a, struct activity_record *record)
{
	sqlite3_stmt *s = a->statements[QUERY_ADD];
	int code = SQLITE_OK;

	if (record->source != 0) {
		code = sqlite3_bind_int64(s, 1, (int64_t)record->source);
		code |= sqlite3_bind_int64(s, 2, (int64_t)record->sequence);
	}
	code |= sqlite3_bind_int64(s, 3, record->wall_ms);
	code |= bind_text(s, 4, record->kind);
	code |= sqlite3_bind_int(s, 5, (int)record->severity);
	code |= bind_text(s, 6, record->user);
	code |= bind_text(s, 7, record->address);
	code |= sqlite3_bind_int64(s, 8, (int64_t)record->session);
	code |= bind_text(s, 9, record->text);
	code |= bind_text(s, 10, record->facts);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	int r = database_errno(code);
	record->id = r == 0 && sqlite3_changes(a->writer.db) > 0
			     ? sqlite3_last_insert_rowid(a->writer.db)
			     : 0;
	finish_statement(s);
	return r;
}

int activity_add(struct activity *activity, struct activity_record *const *records, size_t n)
{
	struct connection *c = &activity->writer;

	(void)pthread_mutex_lock(&c->lock);
	int r = database_run(c->db, "BEGIN IMMEDIATE");
	if (r == 0) {
		for (size_t i = 0; i < n && r == 0; i++)
			r = add_locked(activity, records[i]);
		if (r == 0)
			r = database_run(c->db, "COMMIT");
		if (r < 0)
			(void)!database_run(c->db, "ROLLBACK"); /* none may be open any more */
	}
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

int activity_prune(struct activity *activity, int64_t before_wall_ms, int64_t keep, unsigned most)
{
	struct connection *c = &activity->writer;
	sqlite3_stmt *s = activity->statements[QUERY_PRUNE];

	(void)pthread_mutex_lock(&c->lock);
	int code = sqlite3_bind_int64(s, 1, before_wall_ms);
	code |= sqlite3_bind_int64(s, 2, keep);
	code |= sqlite3_bind_int64(s, 3, most);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	int r = database_errno(code);
	if (r == 0)
		r = sqlite3_changes(c->db);
	finish_statement(s);
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* One of the two tables on its way through a listing. */
struct side {
	enum query all, of_user, floor, since, until;
	bool is_transfers;
	sqlite3_stmt *s;
	int code;	/* of its last step */
	int64_t before; /* ids below this one are wanted */
	int64_t lowest; /* of the window; 0: that is all there is */
	struct activity_view view;
};

/* The number that a statement with one or two numbers gives, or otherwise. */
static int64_t find_id(struct activity *a, enum query query, int64_t first, int64_t second,
		       int64_t otherwise)
{
	sqlite3_stmt *s = a->statements[query];
	int code = sqlite3_bind_int64(s, 1, first);

	if (second >= 0)
		code |= sqlite3_bind_int64(s, 2, second);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);

	int64_t id = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : otherwise;

	finish_statement(s);
	return id;
}

static void set_window(struct activity *a, struct side *side, const struct activity_filter *filter)
{
	if (filter->until_wall_ms > 0) {
		int64_t newest = find_id(a, side->until, filter->until_wall_ms, -1, 0) + DISORDER;

		side->before = MIN_OF(side->before, newest);
	}
	side->lowest = filter->user ? 0 : find_id(a, side->floor, side->before, WINDOW - 1, 0);
}

static int64_t oldest_wanted(struct activity *a, const struct side *side,
			     const struct activity_filter *filter)
{
	if (filter->since_wall_ms <= 0)
		return 0;
	return find_id(a, side->since, filter->since_wall_ms, -1, INT64_MAX) - DISORDER;
}

static int bind_filter(struct side *side, const struct activity_filter *filter, const char *search,
		       int64_t lowest)
{
	sqlite3_stmt *s = side->s;
	int code = sqlite3_bind_int64(s, 1, side->before);

	code |= sqlite3_bind_int64(s, 2, lowest);
	code |= sqlite3_bind_int64(s, 3, filter->since_wall_ms);
	code |= sqlite3_bind_int64(s, 4, filter->until_wall_ms);
	code |= side->is_transfers ? sqlite3_bind_int(s, 5, filter->transfer_kind)
				   : bind_text(s, 5, filter->kind);
	code |= bind_text(s, 6, filter->user);
	code |= bind_text(s, 7, filter->address);
	code |= bind_text(s, 8, search);
	code |= sqlite3_bind_int(s, 9, filter->severity);
	code |= sqlite3_bind_int64(s, 10, (int64_t)filter->session);
	code |= sqlite3_bind_int64(s, 11, filter->limit);
	return code;
}

static const char *column_text(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text ? text : "";
}

static struct text column_bytes(sqlite3_stmt *s, int column)
{
	const void *ptr = sqlite3_column_blob(s, column);

	return (struct text){ ptr ? ptr : "", ptr ? (size_t)sqlite3_column_bytes(s, column) : 0 };
}

static void read_view(struct side *side)
{
	sqlite3_stmt *s = side->s;

	side->view = (struct activity_view){
		.is_transfer = side->is_transfers,
		.id = sqlite3_column_int64(s, 0),
		.wall_ms = sqlite3_column_int64(s, 1),
		.severity = (enum activity_severity)sqlite3_column_int(s, 2),
		.session = (uint64_t)sqlite3_column_int64(s, 3),
		.kind = side->is_transfers ? "" : column_text(s, 4),
		.transfer_kind = side->is_transfers ? (unsigned)sqlite3_column_int(s, 4) : 0,
		.user = column_text(s, 5),
		.address = column_text(s, 6),
		.text = column_text(s, 7),
		.facts = side->is_transfers ? "" : column_text(s, 8),
		.path = T(""),
		.new_path = T(""),
	};
	if (!side->is_transfers)
		return;
	side->view.bytes = (uint64_t)sqlite3_column_int64(s, 8);
	side->view.duration_ms = (uint64_t)sqlite3_column_int64(s, 9);
	side->view.path = column_bytes(s, 10);
	side->view.new_path = column_bytes(s, 11);
}

static void step(struct side *side)
{
	side->code = sqlite3_step(side->s);
	if (side->code == SQLITE_ROW)
		read_view(side);
}

static void begin_side(struct activity *a, struct side *side, const struct activity_filter *filter,
		       const char *search)
{
	bool is_left_out = side->is_transfers ? filter->transfer_kind == ACTIVITY_NO_TRANSFERS
					      : filter->kind && !*filter->kind;

	side->s = a->statements[filter->user ? side->of_user : side->all];
	side->code = SQLITE_DONE;
	if (is_left_out)
		side->before = 0;
	if (side->before <= 0)
		return;
	set_window(a, side, filter);

	int64_t oldest = oldest_wanted(a, side, filter);

	side->code = bind_filter(side, filter, search, MAX_OF(oldest, side->lowest));
	if (side->code == SQLITE_OK)
		step(side);
	if (oldest >= side->lowest)
		side->lowest = 0; /* nothing below the window is wanted */
}

/* Where this side goes on after the page. */
static int64_t side_next(const struct side *side)
{
	return side->code == SQLITE_ROW ? side->before : side->lowest;
}

static int list_locked(struct side sides[static 2], unsigned limit,
		       void (*each)(const struct activity_view *view, void *arg), void *arg)
{
	for (unsigned n = 0; n < limit; n++) {
		struct side *side = &sides[0];

		if (side->code != SQLITE_ROW ||
		    (sides[1].code == SQLITE_ROW && sides[1].view.wall_ms > side->view.wall_ms))
			side = &sides[1];
		if (side->code != SQLITE_ROW)
			break;
		each(&side->view, arg);
		side->before = side->view.id;
		/* The last one that its statement gives may not be the last of the window. */
		if (n + 1 < limit)
			step(side);
	}
	for (size_t i = 0; i < 2; i++)
		if (sides[i].code != SQLITE_ROW && sides[i].code != SQLITE_DONE)
			return database_errno(sides[i].code);
	return 0;
}

/* In small letters, as the statements look for it. */
static const char *lower_ascii(const char *in, char *ret, size_t size)
{
	size_t n = 0;

	if (!in)
		return NULL;
	for (; in[n] && n + 1 < size; n++)
		ret[n] = in[n] >= 'A' && in[n] <= 'Z' ? (char)(in[n] + 32) : in[n];
	ret[n] = '\0';
	return ret;
}

int activity_list(struct activity *activity, const struct activity_filter *filter,
		  void (*each)(const struct activity_view *view, void *arg), void *arg,
		  struct activity_place *ret_next)
{
	struct side sides[2] = {
		{ QUERY_EVENTS, QUERY_EVENTS_OF_USER, QUERY_EVENT_FLOOR, QUERY_EVENT_SINCE,
		  QUERY_EVENT_UNTIL, false, .before = filter->from.event_id },
		{ QUERY_TRANSFERS, QUERY_TRANSFERS_OF_USER, QUERY_TRANSFER_FLOOR,
		  QUERY_TRANSFER_SINCE, QUERY_TRANSFER_UNTIL, true,
		  .before = filter->from.transfer_id },
	};
	struct connection *c = &activity->reader;
	char storage[256];
	const char *search = lower_ascii(filter->search, storage, sizeof(storage));

	(void)pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < 2; i++)
		begin_side(activity, &sides[i], filter, search);
	int r = list_locked(sides, filter->limit, each, arg);
	for (size_t i = 0; i < 2; i++)
		finish_statement(sides[i].s);
	(void)pthread_mutex_unlock(&c->lock);
	*ret_next = (struct activity_place){ side_next(&sides[0]), side_next(&sides[1]) };
	return r;
}
