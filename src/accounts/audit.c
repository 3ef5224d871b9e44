/* accounts/audit.c - see audit.h. */
#include "accounts/audit.h"

#include "accounts/internal.h"
#include "base/clock.h"

static int bind_or_null(sqlite3_stmt *s, int at, const char *value)
{
	return value ? bind_text(s, at, text_of(value)) : SQLITE_OK;
}

int audit_add(struct accounts *accounts, const struct audit_record *record)
{
	static const char sql[] = "INSERT INTO audit (time_ms, who, address, action, object, "
				  "before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	struct connection *c = &accounts->writer;
	sqlite3_stmt *s = NULL;

	(void)pthread_mutex_lock(&c->lock);
	int r = database_errno(sqlite3_prepare_v2(c->db, sql, -1, &s, NULL));
	if (r == 0) {
		int bound = sqlite3_bind_int64(s, 1, clock_wall_ms());

		bound |= bind_text(s, 2, text_of(record->who));
		bound |= bind_text(s, 3, text_of(record->from));
		bound |= bind_text(s, 4, text_of(record->action));
		bound |= bind_text(s, 5, text_of(record->object));
		bound |= bind_or_null(s, 6, record->before);
		bound |= bind_or_null(s, 7, record->after);
		r = run_bound_locked(c, s, bound);
	}
	(void)sqlite3_finalize(s);
	(void)pthread_mutex_unlock(&c->lock);
	return r < 0 ? r : 0;
}

static int bind_filter(sqlite3_stmt *s, const struct audit_filter *filter)
{
	int bound = bind_or_null(s, 1, filter->who);

	bound |= bind_or_null(s, 2, filter->what);
	bound |= bind_or_null(s, 3, filter->search);
	bound |= sqlite3_bind_int64(s, 4, filter->since_wall_ms);
	bound |= sqlite3_bind_int64(s, 5, filter->until_wall_ms);
	bound |= sqlite3_bind_int64(s, 6, filter->before_id);
	return bound | sqlite3_bind_int64(s, 7, filter->limit);
}

static const char *column(sqlite3_stmt *s, int at)
{
	return (const char *)sqlite3_column_text(s, at);
}

static void tell_row(sqlite3_stmt *s, void (*each)(const struct audit_record *, void *), void *arg)
{
	const struct audit_record record = {
		.id = sqlite3_column_int64(s, 0),
		.wall_ms = sqlite3_column_int64(s, 1),
		.who = column(s, 2),
		.from = column(s, 3),
		.action = column(s, 4),
		.object = column(s, 5),
		.before = column(s, 6),
		.after = column(s, 7),
	};

	each(&record, arg);
}

/* The search is of the text as it is, so that a '%' of the asker finds a '%'. */
static const char list_sql[] =
	"SELECT id, time_ms, who, address, action, object, before, after FROM audit "
	"WHERE (?1 IS NULL OR who = ?1) "
	"AND (?2 IS NULL OR substr(action, 1, length(?2)) = ?2) "
	"AND (?3 IS NULL OR instr(lower(object), lower(?3)) > 0 "
	"OR instr(lower(coalesce(before, '')), lower(?3)) > 0 "
	"OR instr(lower(coalesce(after, '')), lower(?3)) > 0) "
	"AND time_ms >= ?4 AND (?5 = 0 OR time_ms < ?5) AND (?6 = 0 OR id < ?6) "
	"ORDER BY id DESC LIMIT ?7";

int audit_list(struct accounts *accounts, const struct audit_filter *filter,
	       void (*each)(const struct audit_record *record, void *arg), void *arg)
{
	struct connection *c = &accounts->reader;
	sqlite3_stmt *s = NULL;

	(void)pthread_mutex_lock(&c->lock);
	int code = sqlite3_prepare_v2(c->db, list_sql, -1, &s, NULL);
	if (code == SQLITE_OK)
		code = bind_filter(s, filter);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	for (; code == SQLITE_ROW; code = sqlite3_step(s))
		tell_row(s, each, arg);
	(void)sqlite3_finalize(s);
	(void)pthread_mutex_unlock(&c->lock);
	return database_errno(code);
}

int audit_prune(struct accounts *accounts, int64_t keep)
{
	static const char sql[] = "DELETE FROM audit WHERE id <= "
				  "(SELECT coalesce(max(id), 0) FROM audit) - ?1";
	struct connection *c = &accounts->writer;
	sqlite3_stmt *s = NULL;

	(void)pthread_mutex_lock(&c->lock);
	int r = database_errno(sqlite3_prepare_v2(c->db, sql, -1, &s, NULL));
	if (r == 0)
		r = run_bound_locked(c, s, sqlite3_bind_int64(s, 1, keep));
	(void)sqlite3_finalize(s);
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}
