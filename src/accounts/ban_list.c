/* accounts/ban_list.c - see ban_list.h. Bans change rarely: statements are made for each use. */
#include "accounts/ban_list.h"

#include "accounts/internal.h"

/* Rows changed, or -errno. s may be NULL: it could not be made. */
static int run_and_free(struct connection *c, sqlite3_stmt *s, int bound)
{
	int r = s ? run_bound_locked(c, s, bound) : -ENOMEM;

	(void)sqlite3_finalize(s);
	return r;
}

static sqlite3_stmt *prepare(struct connection *c, const char *sql)
{
	sqlite3_stmt *s = NULL;

	return sqlite3_prepare_v2(c->db, sql, -1, &s, NULL) == SQLITE_OK ? s : NULL;
}

int ban_list_put(struct accounts *accounts, const struct ban *ban)
{
	struct connection *c = &accounts->writer;

	(void)pthread_mutex_lock(&c->lock);
	sqlite3_stmt *s = prepare(c, "INSERT OR REPLACE INTO bans (network, reason, banned_by, "
				     "is_automatic, created_ms, expires_ms) "
				     "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
	int bound = SQLITE_OK;
	if (s) {
		bound |= bind_text(s, 1, text_of(ban->network));
		bound |= bind_text(s, 2, text_of(ban->reason));
		bound |= bind_text(s, 3, text_of(ban->by));
		bound |= sqlite3_bind_int(s, 4, ban->is_automatic);
		bound |= sqlite3_bind_int64(s, 5, ban->created_wall_ms);
		bound |= sqlite3_bind_int64(s, 6, ban->expires_wall_ms);
	}
	int r = run_and_free(c, s, bound);
	(void)pthread_mutex_unlock(&c->lock);
	return r < 0 ? r : 0;
}

int ban_list_remove(struct accounts *accounts, struct text network)
{
	struct connection *c = &accounts->writer;

	(void)pthread_mutex_lock(&c->lock);
	sqlite3_stmt *s = prepare(c, "DELETE FROM bans WHERE network = ?1");
	int r = run_and_free(c, s, s ? bind_text(s, 1, network) : SQLITE_OK);
	(void)pthread_mutex_unlock(&c->lock);
	if (r < 0)
		return r;
	return r == 0 ? -ENOENT : 0;
}

int ban_list_expire(struct accounts *accounts, int64_t now_wall_ms)
{
	struct connection *c = &accounts->writer;

	(void)pthread_mutex_lock(&c->lock);
	sqlite3_stmt *s = prepare(c, "DELETE FROM bans WHERE expires_ms > 0 AND expires_ms <= ?1");
	int r = run_and_free(c, s, s ? sqlite3_bind_int64(s, 1, now_wall_ms) : SQLITE_OK);
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

static int read_row(sqlite3_stmt *s, struct ban *ret)
{
	int r = copy_column(s, 0, ret->network, sizeof(ret->network));

	if (r == 0)
		r = copy_column(s, 1, ret->reason, sizeof(ret->reason));
	if (r == 0)
		r = copy_column(s, 2, ret->by, sizeof(ret->by));
	ret->is_automatic = sqlite3_column_int(s, 3) != 0;
	ret->created_wall_ms = sqlite3_column_int64(s, 4);
	ret->expires_wall_ms = sqlite3_column_int64(s, 5);
	return r;
}

int ban_list_each(struct accounts *accounts, void (*each)(const struct ban *ban, void *arg),
		  void *arg)
{
	struct connection *c = &accounts->reader;
	struct ban ban;
	int r = -ENOMEM, code = SQLITE_DONE;

	(void)pthread_mutex_lock(&c->lock);
	sqlite3_stmt *s = prepare(c, "SELECT network, reason, banned_by, is_automatic, created_ms, "
				     "expires_ms FROM bans ORDER BY network");
	for (r = s ? 0 : -ENOMEM; r == 0;) {
		code = sqlite3_step(s);
		r = database_errno(code);
		if (code != SQLITE_ROW)
			break;
		r = read_row(s, &ban);
		if (r == 0)
			each(&ban, arg);
	}
	(void)sqlite3_finalize(s);
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}
