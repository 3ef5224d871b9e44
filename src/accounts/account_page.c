/* accounts/account_page.c - see account_page.h. Statements are made for each use: pages are turned
 * by people. */
#include "accounts/account_page.h"

#include "accounts/internal.h"

/* lower() of SQLite knows ASCII letters only; the rest is compared by its bytes. */
#define FILTER                                                                                     \
	"(?1 IS NULL OR instr(lower(name), lower(?1)) > 0 OR instr(lower(home), lower(?1)) > 0) "  \
	"AND (?2 IS NULL OR name IN (SELECT r.name FROM user_rights r WHERE r.group_name = ?2)) "  \
	"AND (?3 IS NULL OR enabled = ?3)"

static int bind_filter(sqlite3_stmt *s, const struct account_filter *filter)
{
	int bound = SQLITE_OK;

	if (filter->search && *filter->search)
		bound |= bind_text(s, 1, text_of(filter->search));
	if (filter->group)
		bound |= bind_text(s, 2, text_of(filter->group));
	if (filter->enabled >= 0)
		bound |= sqlite3_bind_int(s, 3, filter->enabled > 0);
	return bound;
}

static int read_rows(sqlite3_stmt *s, void (*each)(const struct account *account, void *arg),
		     void *arg)
{
	struct account account;
	int r = 0;

	while (r == 0) {
		int code = sqlite3_step(s);

		r = database_errno(code);
		if (code != SQLITE_ROW)
			break;
		r = account_read_row(s, &account);
		if (r == 0)
			each(&account, arg);
	}
	explicit_bzero(&account, sizeof(account));
	return r;
}

int account_page(struct accounts *accounts, const struct account_filter *filter, const char *after,
		 unsigned limit, void (*each)(const struct account *account, void *arg), void *arg)
{
	struct connection *c = &accounts->reader;
	sqlite3_stmt *s = NULL;

	(void)pthread_mutex_lock(&c->lock);
	int code = sqlite3_prepare_v2(c->db,
				      "SELECT " ACCOUNT_COLUMN_NAMES " FROM users WHERE " FILTER
				      " AND name > ?4 ORDER BY name LIMIT ?5",
				      -1, &s, NULL);
	if (code == SQLITE_OK)
		code = bind_filter(s, filter) | bind_text(s, 4, text_of(after)) |
		       sqlite3_bind_int64(s, 5, limit);
	int r = code == SQLITE_OK ? read_rows(s, each, arg) : database_errno(code);
	(void)sqlite3_finalize(s);
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

int account_count(struct accounts *accounts, const struct account_filter *filter, uint64_t *ret)
{
	struct connection *c = &accounts->reader;
	sqlite3_stmt *s = NULL;

	(void)pthread_mutex_lock(&c->lock);
	int code =
		sqlite3_prepare_v2(c->db, "SELECT count(*) FROM users WHERE " FILTER, -1, &s, NULL);
	if (code == SQLITE_OK)
		code = bind_filter(s, filter);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*ret = (uint64_t)sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	(void)pthread_mutex_unlock(&c->lock);
	return database_errno(code);
}
