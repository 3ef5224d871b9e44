/* accounts/accounts.c - see accounts.h; its locks: internal.h. */
#include "accounts/accounts.h"

#include <assert.h>

#include "accounts/internal.h"
#include "base/clock.h"

#define QUOTA_COLUMN 9

/* A NULL for a part of QUERY_CHANGE leaves that part as it is. */
static const char *const queries[N_QUERIES] = {
	[QUERY_GET] = "SELECT " ACCOUNT_COLUMN_NAMES " FROM users WHERE name = ?1",
	[QUERY_LIST] = "SELECT " ACCOUNT_COLUMN_NAMES " FROM users ORDER BY name",
	[QUERY_ADD] =
		"INSERT INTO users (name, password_hash, home, enabled, permissions, created_ms, "
		"updated_ms, quota_bytes, quota_files, allowed_networks, expires_ms, requires_tls, " LIMIT_COLUMNS
		") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?15, ?16, ?17, ?18, ?19, " LIMIT_VALUES ")",
	[QUERY_CHANGE] = "UPDATE users SET password_hash = coalesce(?2, password_hash), "
			 "home = coalesce(?3, home), enabled = coalesce(?4, enabled), "
			 "permissions = coalesce(?5, permissions), "
			 "allowed_networks = coalesce(?7, allowed_networks), "
			 "expires_ms = coalesce(?8, expires_ms), "
			 "requires_tls = coalesce(?9, requires_tls), updated_ms = ?6 "
			 "WHERE name = ?1",
	[QUERY_LIMITS] = "UPDATE users SET quota_bytes = ?15, quota_files = ?16, " SET_LIMITS
			 " WHERE name = ?1",
	[QUERY_DELETE] = "DELETE FROM users WHERE name = ?1",
	[QUERY_LOGIN] = "UPDATE users SET last_login_ms = ?2, last_login_from = ?3 WHERE name = ?1",
};

static bool is_reading(enum query query)
{
	return query == QUERY_GET || query == QUERY_LIST;
}

static int prepare_all(struct accounts *a, const char *path, struct database_error *ret_error)
{
	int code = SQLITE_OK;

	for (enum query q = 0; q < N_QUERIES && code == SQLITE_OK; q++)
		code = sqlite3_prepare_v3(is_reading(q) ? a->reader.db : a->writer.db, queries[q],
					  -1, SQLITE_PREPARE_PERSISTENT, &a->statements[q], NULL);
	if (code == SQLITE_OK)
		code = rights_prepare(a);
	if (code != SQLITE_OK)
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
			       "accounts database %.400s: %.300s", path, sqlite3_errstr(code));
	return database_errno(code);
}

static void init_recursive(pthread_mutex_t *lock)
{
	pthread_mutexattr_t kind;

	(void)pthread_mutexattr_init(&kind);
	(void)pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
	(void)pthread_mutex_init(lock, &kind);
	(void)pthread_mutexattr_destroy(&kind);
}

int accounts_open(const char *path, struct accounts **ret, struct database_error *ret_error)
{
	struct accounts *a = calloc(1, sizeof(*a));

	if (!a) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "memory is short");
		return -ENOMEM;
	}
	init_recursive(&a->reader.lock);
	init_recursive(&a->writer.lock);

	int r = database_open(path, &a->writer.db, ret_error);
	if (r == 0)
		r = database_open_again(path, &a->reader.db, ret_error);
	if (r == 0)
		r = prepare_all(a, path, ret_error);
	if (r < 0) {
		accounts_free(&a);
		return r;
	}
	/* Without them every login reads. */
	a->rows = login_rows_new();
	a->index = a->rows ? database_state_index(a->reader.db) : NULL;
	*ret = a;
	return 0;
}

void accounts_free(struct accounts **accounts)
{
	struct accounts *a = *accounts;

	if (!a)
		return;
	for (enum query q = 0; q < N_QUERIES; q++)
		(void)sqlite3_finalize(a->statements[q]);
	rights_finalize(a);
	login_rows_free(&a->rows);
	database_close(&a->reader.db);
	database_close(&a->writer.db);
	(void)pthread_mutex_destroy(&a->reader.lock);
	(void)pthread_mutex_destroy(&a->writer.lock);
	free(a);
	*accounts = NULL;
}

int bind_text(sqlite3_stmt *s, int at, struct text value)
{
	return sqlite3_bind_text64(s, at, value.ptr, value.len, SQLITE_STATIC, SQLITE_UTF8);
}

/* The statement is ready for its next use, and holds no pointer of ours. Ending it ends its
 * transaction too, so that the next read sees what has been committed meanwhile. */
void finish_statement(sqlite3_stmt *s)
{
	(void)sqlite3_reset(s); /* repeats the code of the last step, which the caller has */
	(void)sqlite3_clear_bindings(s);
}

int connection_begin(struct connection *c)
{
	(void)pthread_mutex_lock(&c->lock);
	int r = c->depth == 0 ? database_run(c->db, "BEGIN IMMEDIATE") : 0;
	if (r < 0) {
		(void)pthread_mutex_unlock(&c->lock);
		return r;
	}
	c->depth++;
	return 0;
}

int connection_end(struct connection *c, int r)
{
	c->has_failed = c->has_failed || r < 0;
	if (--c->depth == 0) {
		bool is_failed = c->has_failed;
		int ended = is_failed ? 0 : database_run(c->db, "COMMIT");

		if (is_failed || ended < 0)
			(void)!database_run(c->db, "ROLLBACK"); /* none may be open any more */
		c->has_failed = false;
		if (r >= 0)
			r = is_failed ? -ECANCELED : (ended < 0 ? ended : r);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

int accounts_begin(struct accounts *accounts)
{
	return connection_begin(&accounts->writer);
}

int accounts_end(struct accounts *accounts, int r)
{
	return connection_end(&accounts->writer, r);
}

int run_bound_locked(struct connection *c, sqlite3_stmt *s, int bound)
{
	int code = bound == SQLITE_OK ? sqlite3_step(s) : SQLITE_NOMEM;
	int r = database_errno(code);

	if (r == 0)
		r = sqlite3_changes(c->db);
	finish_statement(s);
	return r;
}

int copy_column(sqlite3_stmt *s, int column, char *dst, size_t dst_size)
{
	const void *ptr = sqlite3_column_text(s, column);
	struct text value = { ptr, ptr ? (size_t)sqlite3_column_bytes(s, column) : 0 };

	return text_copy(value, dst, dst_size) < 0 ? -EIO : 0;
}

void read_limits(sqlite3_stmt *s, int column, struct user_limits *ret,
		 enum user_uploads *ret_uploads)
{
	for (int i = 0; i < LIMITS; i++) {
		bool is_set = sqlite3_column_type(s, column + i) != SQLITE_NULL;

		ret->values[i] = is_set ? sqlite3_column_int64(s, column + i) : LIMIT_AS_SERVER;
	}
	int64_t uploads = sqlite3_column_int64(s, column + LIMITS);

	*ret_uploads = uploads > 0 && uploads < USER_UPLOADS_MODES ? (enum user_uploads)uploads
								   : USER_UPLOADS_AS_SERVER;
}

/* Parameters that are not bound are NULL. */
int bind_limits(sqlite3_stmt *s, const struct user_limits *limits, enum user_uploads uploads)
{
	int bound = SQLITE_OK;

	for (int i = 0; i < LIMITS; i++)
		if (limits->values[i] != LIMIT_AS_SERVER)
			bound |= sqlite3_bind_int64(s, 7 + i, limits->values[i]);
	if (uploads != USER_UPLOADS_AS_SERVER)
		bound |= sqlite3_bind_int64(s, 7 + LIMITS, uploads);
	return bound;
}

static int64_t read_quota(sqlite3_stmt *s, int column)
{
	bool is_set = sqlite3_column_type(s, column) != SQLITE_NULL;

	return is_set ? MAX_OF(sqlite3_column_int64(s, column), 0) : QUOTA_AS_GROUP;
}

static int bind_own_limits(sqlite3_stmt *s, const struct account *account)
{
	int bound = bind_limits(s, &account->limits, account->uploads);

	if (account->quota.bytes != QUOTA_AS_GROUP)
		bound |= sqlite3_bind_int64(s, 15, account->quota.bytes);
	if (account->quota.files != QUOTA_AS_GROUP)
		bound |= sqlite3_bind_int64(s, 16, account->quota.files);
	return bound;
}

static int read_access(sqlite3_stmt *s, struct user_access *ret)
{
	ret->expires_wall_ms = sqlite3_column_int64(s, FIRST_ACCESS_COLUMN + 1);
	ret->requires_tls = sqlite3_column_int(s, FIRST_ACCESS_COLUMN + 2) != 0;
	return copy_column(s, FIRST_ACCESS_COLUMN, ret->networks, sizeof(ret->networks));
}

/* A value that we would never have stored means that somebody else wrote it: -EIO. */
int account_read_row(sqlite3_stmt *s, struct account *ret)
{
	int r = copy_column(s, 0, ret->name, sizeof(ret->name));

	if (r == 0)
		r = copy_column(s, 1, ret->password_hash, sizeof(ret->password_hash));
	if (r == 0)
		r = copy_column(s, 2, ret->home, sizeof(ret->home));
	if (r == 0)
		r = copy_column(s, 8, ret->last_login_from, sizeof(ret->last_login_from));
	if (r < 0)
		return r;
	ret->is_enabled = sqlite3_column_int(s, 3) != 0;
	ret->permissions = (uint32_t)sqlite3_column_int64(s, 4) & PERM_ALL;
	ret->created_wall_ms = sqlite3_column_int64(s, 5);
	ret->updated_wall_ms = sqlite3_column_int64(s, 6);
	ret->last_login_wall_ms = sqlite3_column_int64(s, 7);
	ret->quota.bytes = read_quota(s, QUOTA_COLUMN);
	ret->quota.files = read_quota(s, QUOTA_COLUMN + 1);
	read_limits(s, FIRST_LIMIT_COLUMN, &ret->limits, &ret->uploads);
	return read_access(s, &ret->access);
}

int accounts_add_locked(struct accounts *accounts, const struct account *account)
{
	sqlite3_stmt *s = accounts->statements[QUERY_ADD];
	int bound = bind_text(s, 1, text_of(account->name));
	bound |= bind_text(s, 2, text_of(account->password_hash));
	bound |= bind_text(s, 3, text_of(account->home));
	bound |= sqlite3_bind_int(s, 4, account->is_enabled);
	bound |= sqlite3_bind_int64(s, 5, account->permissions);
	bound |= sqlite3_bind_int64(s, 6, clock_wall_ms());
	bound |= bind_own_limits(s, account);
	bound |= bind_text(s, 17, text_of(account->access.networks));
	bound |= sqlite3_bind_int64(s, 18, account->access.expires_wall_ms);
	bound |= sqlite3_bind_int(s, 19, account->access.requires_tls);
	return run_bound_locked(&accounts->writer, s, bound);
}

int accounts_add(struct accounts *accounts, const struct account *account)
{
	(void)pthread_mutex_lock(&accounts->writer.lock);
	int r = accounts_add_locked(accounts, account);
	(void)pthread_mutex_unlock(&accounts->writer.lock);
	return r < 0 ? r : 0;
}

int accounts_get(struct accounts *accounts, struct text name, struct account *ret)
{
	struct connection *c = &accounts->reader;
	sqlite3_stmt *s = accounts->statements[QUERY_GET];
	struct account account;

	(void)pthread_mutex_lock(&c->lock);
	int code = bind_text(s, 1, name);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	int r = database_errno(code);
	if (code == SQLITE_ROW)
		r = account_read_row(s, &account);
	else if (r == 0)
		r = -ENOENT;
	finish_statement(s);
	(void)pthread_mutex_unlock(&c->lock);

	if (r == 0)
		*ret = account;
	explicit_bzero(&account, sizeof(account));
	return r;
}

static int bind_change(sqlite3_stmt *s, unsigned parts, const struct account *values)
{
	int bound = SQLITE_OK;

	if (parts & ACCOUNT_PASSWORD_HASH)
		bound |= bind_text(s, 2, text_of(values->password_hash));
	if (parts & ACCOUNT_HOME)
		bound |= bind_text(s, 3, text_of(values->home));
	if (parts & ACCOUNT_ENABLED)
		bound |= sqlite3_bind_int(s, 4, values->is_enabled);
	if (parts & ACCOUNT_PERMISSIONS)
		bound |= sqlite3_bind_int64(s, 5, values->permissions);
	bound |= sqlite3_bind_int64(s, 6, clock_wall_ms());
	if (parts & ACCOUNT_NETWORKS)
		bound |= bind_text(s, 7, text_of(values->access.networks));
	if (parts & ACCOUNT_EXPIRES)
		bound |= sqlite3_bind_int64(s, 8, values->access.expires_wall_ms);
	if (parts & ACCOUNT_REQUIRES_TLS)
		bound |= sqlite3_bind_int(s, 9, values->access.requires_tls);
	return bound;
}

int accounts_change_locked(struct accounts *accounts, struct text name, unsigned parts,
			   const struct account *values)
{
	sqlite3_stmt *change = accounts->statements[QUERY_CHANGE];
	sqlite3_stmt *limits = accounts->statements[QUERY_LIMITS];
	int bound = bind_text(change, 1, name);

	bound |= bind_change(change, parts, values);
	int r = run_bound_locked(&accounts->writer, change, bound);
	if (r <= 0 || !(parts & ACCOUNT_LIMITS))
		return r;
	bound = bind_text(limits, 1, name);
	bound |= bind_own_limits(limits, values);
	return run_bound_locked(&accounts->writer, limits, bound);
}

int accounts_change(struct accounts *accounts, struct text name, unsigned parts,
		    const struct account *values)
{
	(void)pthread_mutex_lock(&accounts->writer.lock);
	int r = accounts_change_locked(accounts, name, parts, values);
	(void)pthread_mutex_unlock(&accounts->writer.lock);
	if (r < 0)
		return r;
	return r == 0 ? -ENOENT : 0;
}

int accounts_delete(struct accounts *accounts, struct text name)
{
	struct connection *c = &accounts->writer;
	sqlite3_stmt *s = accounts->statements[QUERY_DELETE];

	(void)pthread_mutex_lock(&c->lock);
	int bound = bind_text(s, 1, name);
	int r = run_bound_locked(c, s, bound);
	(void)pthread_mutex_unlock(&c->lock);
	if (r < 0)
		return r;
	return r == 0 ? -ENOENT : 0;
}

int accounts_list(struct accounts *accounts, void (*each)(const struct account *account, void *arg),
		  void *arg)
{
	struct connection *c = &accounts->reader;
	sqlite3_stmt *s = accounts->statements[QUERY_LIST];
	struct account account;
	int r = 0;

	(void)pthread_mutex_lock(&c->lock);
	for (;;) {
		int code = sqlite3_step(s);
		if (code != SQLITE_ROW) {
			r = database_errno(code);
			break;
		}
		r = account_read_row(s, &account);
		if (r < 0)
			break;
		each(&account, arg);
	}
	finish_statement(s);
	(void)pthread_mutex_unlock(&c->lock);
	explicit_bzero(&account, sizeof(account));
	return r;
}

static int note_login_locked(struct accounts *accounts, const struct account_login *login)
{
	sqlite3_stmt *s = accounts->statements[QUERY_LOGIN];
	int bound = bind_text(s, 1, text_of(login->name));

	bound |= sqlite3_bind_int64(s, 2, login->wall_ms);
	bound |= bind_text(s, 3, text_of(login->from));
	return run_bound_locked(&accounts->writer, s, bound);
}

int accounts_note_logins(struct accounts *accounts, const struct account_login *logins,
			 size_t n_logins)
{
	struct connection *c = &accounts->writer;

	int r = connection_begin(c);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_logins && r >= 0; i++)
		r = note_login_locked(accounts, &logins[i]);
	r = connection_end(c, r);
	return r < 0 ? r : 0;
}
