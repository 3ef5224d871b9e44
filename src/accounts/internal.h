/* accounts/internal.h - what accounts.c and rights.c share: two connections to one database, and
 * the handling of prepared statements. For this folder only.
 * Locks: each connection has one, which guards its statements as well; no function takes the
 * writer's while it holds the reader's. */
#ifndef ACCOUNTS_INTERNAL_H
#define ACCOUNTS_INTERNAL_H

#include <pthread.h>

#include "accounts/accounts.h"
#include "accounts/login_rows.h"

enum query {
	QUERY_GET,
	QUERY_LIST,
	QUERY_ADD,
	QUERY_CHANGE,
	QUERY_LIMITS,
	QUERY_DELETE,
	QUERY_LOGIN,
	N_QUERIES
};

#define N_RIGHTS_QUERIES 12 /* of rights.c */

struct connection {
	pthread_mutex_t lock; /* recursive: transactions of one thread nest */
	sqlite3 *db;
	unsigned depth; /* of transactions */
	bool has_failed;
};

/* Takes the lock and begins a transaction, or joins the one that this thread has begun. 0; or
 * -errno, and nothing has begun. */
int connection_begin(struct connection *c) MUST_CHECK;
/* Ends what connection_begin has begun, r being 0, a count or what failed. The outermost end
 * commits when all within went well, else rolls back. Returns r, the error of the commit, or
 * -ECANCELED when only something within has failed. */
int connection_end(struct connection *c, int r) MUST_CHECK;

struct accounts {
	struct connection reader, writer;
	sqlite3_stmt *statements[N_QUERIES];
	sqlite3_stmt *rights_statements[N_RIGHTS_QUERIES];
	const volatile void *index; /* of the reader; NULL: every login reads */
	struct login_rows *rows;
};

/* Limits in the order of enum limit, and uploads; NULL: another has them. */
#define LIMIT_COLUMNS                                                                              \
	"session_upload_rate, session_download_rate, user_upload_rate, user_download_rate, "       \
	"user_sessions, upload_size, min_rate, uploads"
#define N_LIMIT_COLUMNS (LIMITS + 1)
/* Sets them to the parameters from ?7 on. */
#define SET_LIMITS                                                                                 \
	"session_upload_rate = ?7, session_download_rate = ?8, user_upload_rate = ?9, "            \
	"user_download_rate = ?10, user_sessions = ?11, upload_size = ?12, min_rate = ?13, "       \
	"uploads = ?14"
#define LIMIT_VALUES "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14"

/* From this column on. */
void read_limits(sqlite3_stmt *s, int column, struct user_limits *ret,
		 enum user_uploads *ret_uploads);
/* To ?7 and on. */
int bind_limits(sqlite3_stmt *s, const struct user_limits *limits,
		enum user_uploads uploads) MUST_CHECK;

int bind_text(sqlite3_stmt *s, int at, struct text value) MUST_CHECK;
int copy_column(sqlite3_stmt *s, int column, char *dst, size_t dst_size) MUST_CHECK;
void finish_statement(sqlite3_stmt *s);
/* Runs a bound statement that gives no rows; bound is the ORed code of its binds. Returns how many
 * rows changed, or -errno. */
int run_bound_locked(struct connection *c, sqlite3_stmt *s, int bound) MUST_CHECK;

#define FIRST_LIMIT_COLUMN 11
#define FIRST_ACCESS_COLUMN (FIRST_LIMIT_COLUMN + N_LIMIT_COLUMNS)

/* The columns of an account, and the account in the first ACCOUNT_COLUMNS of a row. */
#define ACCOUNT_COLUMN_NAMES                                                                       \
	"name, password_hash, home, enabled, permissions, created_ms, updated_ms, last_login_ms, " \
	"last_login_from, quota_bytes, quota_files, " LIMIT_COLUMNS                                \
	", allowed_networks, expires_ms, requires_tls"
#define ACCOUNT_COLUMNS (FIRST_ACCESS_COLUMN + 3)
int account_read_row(sqlite3_stmt *s, struct account *ret) MUST_CHECK;

/* Rows changed, or -errno. */
int accounts_add_locked(struct accounts *accounts, const struct account *account) MUST_CHECK;
int accounts_change_locked(struct accounts *accounts, struct text name, unsigned parts,
			   const struct account *values) MUST_CHECK;

int rights_prepare(struct accounts *accounts) MUST_CHECK; /* an SQLite code */
void rights_finalize(struct accounts *accounts);

#endif
