/* accounts/rights.c - see rights.h. */
#include "accounts/rights.h"

#include <assert.h>

#include "accounts/internal.h"
#include "base/clock.h"

enum rights_query {
	RIGHTS_GET,
	RIGHTS_EFFECTIVE,
	RIGHTS_LOGIN,
	RIGHTS_ADD,
	RIGHTS_CHANGE,
	GROUP_GET,
	GROUP_LIST,
	GROUP_MEMBERS,
	GROUP_ADD,
	GROUP_CHANGE,
	GROUP_CHANGE_LIMITS,
	GROUP_DELETE,
	RIGHTS_QUERIES,
};

static_assert(RIGHTS_QUERIES == N_RIGHTS_QUERIES, "struct accounts has room for each");

#define LINES "rules, denied, hidden, folders" /* in the order of enum policy_kind */
#define GROUP_QUOTAS "quota_bytes, quota_files, member_quota_bytes, member_quota_files"
#define GROUP_COLUMNS                                                                              \
	LINES ", name, permissions, "                                                              \
	      "(SELECT count(*) FROM user_rights WHERE group_name = groups.name), " GROUP_QUOTAS   \
	      ", " LIMIT_COLUMNS
/* In the order in which read_effective reads them. */
#define EFFECTIVE_COLUMNS                                                                          \
	"r.rules, r.denied, r.hidden, r.folders, "                                                 \
	"g.rules, g.denied, g.hidden, g.folders, "                                                 \
	"r.inherits_permissions AND g.name IS NOT NULL, u.permissions, g.permissions, "            \
	"coalesce(g.name, ''), "                                                                   \
	"coalesce(u.quota_bytes, g.member_quota_bytes), "                                          \
	"coalesce(u.quota_files, g.member_quota_files), g.quota_bytes, g.quota_files, "            \
	"coalesce(u.session_upload_rate, g.session_upload_rate), "                                 \
	"coalesce(u.session_download_rate, g.session_download_rate), "                             \
	"coalesce(u.user_upload_rate, g.user_upload_rate), "                                       \
	"coalesce(u.user_download_rate, g.user_download_rate), "                                   \
	"coalesce(u.user_sessions, g.user_sessions), "                                             \
	"coalesce(u.upload_size, g.upload_size), coalesce(u.min_rate, g.min_rate), "               \
	"coalesce(u.uploads, g.uploads) "
#define WITH_RIGHTS                                                                                \
	"LEFT JOIN user_rights r ON r.name = u.name LEFT JOIN groups g ON g.name = r.group_name "
#define SET_LINES                                                                                  \
	"rules = coalesce(?2, rules), denied = coalesce(?3, denied), "                             \
	"hidden = coalesce(?4, hidden), folders = coalesce(?5, folders)"

/* A NULL for a part of a change leaves that part as it is. The empty group is none. */
static const char *const queries[RIGHTS_QUERIES] = {
	[RIGHTS_GET] = "SELECT " LINES ", coalesce(group_name, ''), inherits_permissions "
		       "FROM user_rights WHERE name = ?1",
	[RIGHTS_EFFECTIVE] =
		"SELECT " EFFECTIVE_COLUMNS "FROM users u " WITH_RIGHTS "WHERE u.name = ?1",
	[RIGHTS_LOGIN] =
		"SELECT a.*, " EFFECTIVE_COLUMNS "FROM (SELECT " ACCOUNT_COLUMN_NAMES
		" FROM users WHERE name = ?1) a JOIN users u ON u.name = a.name " WITH_RIGHTS,
	[RIGHTS_ADD] = "INSERT INTO user_rights (name) VALUES (?1) ON CONFLICT DO NOTHING",
	[RIGHTS_CHANGE] =
		"UPDATE user_rights SET " SET_LINES
		", group_name = nullif(coalesce(?6, group_name, ''), ''), "
		"inherits_permissions = coalesce(?7, inherits_permissions) WHERE name = ?1",
	[GROUP_GET] = "SELECT " GROUP_COLUMNS " FROM groups WHERE name = ?1",
	[GROUP_LIST] = "SELECT " GROUP_COLUMNS " FROM groups ORDER BY name",
	[GROUP_MEMBERS] =
		"SELECT u.name, u.home FROM users u JOIN user_rights r ON r.name = u.name "
		"WHERE r.group_name = ?1 ORDER BY u.name",
	[GROUP_ADD] =
		"INSERT INTO groups (name, permissions, created_ms, updated_ms, " LINES
		", " GROUP_QUOTAS ", " LIMIT_COLUMNS
		") VALUES (?1, ?6, ?19, ?19, ?2, ?3, ?4, ?5, ?15, ?16, ?17, ?18, " LIMIT_VALUES ")",
	[GROUP_CHANGE] =
		"UPDATE groups SET " SET_LINES ", "
		"permissions = coalesce(?6, permissions), updated_ms = ?19 WHERE name = ?1",
	[GROUP_CHANGE_LIMITS] = "UPDATE groups SET quota_bytes = ?15, quota_files = ?16, "
				"member_quota_bytes = ?17, member_quota_files = ?18, " SET_LIMITS
				" WHERE name = ?1",
	[GROUP_DELETE] = "DELETE FROM groups WHERE name = ?1",
};

static bool is_reading(enum rights_query query)
{
	return query == RIGHTS_GET || query == RIGHTS_EFFECTIVE || query == RIGHTS_LOGIN ||
	       query == GROUP_GET || query == GROUP_LIST || query == GROUP_MEMBERS;
}

int rights_prepare(struct accounts *accounts)
{
	int code = SQLITE_OK;

	for (enum rights_query q = 0; q < RIGHTS_QUERIES && code == SQLITE_OK; q++)
		code = sqlite3_prepare_v3(is_reading(q) ? accounts->reader.db : accounts->writer.db,
					  queries[q], -1, SQLITE_PREPARE_PERSISTENT,
					  &accounts->rights_statements[q], NULL);
	return code;
}

void rights_finalize(struct accounts *accounts)
{
	for (enum rights_query q = 0; q < RIGHTS_QUERIES; q++)
		(void)sqlite3_finalize(accounts->rights_statements[q]);
}

static int read_lines(sqlite3_stmt *s, struct rights *ret)
{
	int r = 0;

	for (int i = 0; i < POLICY_KINDS && r == 0; i++)
		r = copy_column(s, i, ret->lines[i], sizeof(ret->lines[i]));
	return r;
}

static int bind_lines(sqlite3_stmt *s, unsigned parts, const struct rights *rights)
{
	int bound = SQLITE_OK;

	for (int i = 0; i < POLICY_KINDS; i++)
		if (parts & ((unsigned)RIGHTS_LINES << i))
			bound |= bind_text(s, i + 2, text_of(rights->lines[i]));
	return bound;
}

/* --- users ------------------------------------------------------------------------------------ */

/* A user without rights gets a row of them first. */
static int change_rights_locked(struct accounts *accounts, struct text name, unsigned parts,
				const struct rights *rights)
{
	sqlite3_stmt *s = accounts->rights_statements[RIGHTS_ADD];
	int r = run_bound_locked(&accounts->writer, s, bind_text(s, 1, name));

	if (r < 0)
		return r;
	s = accounts->rights_statements[RIGHTS_CHANGE];
	int bound = bind_text(s, 1, name);
	bound |= bind_lines(s, parts, rights);
	if (parts & RIGHTS_GROUP)
		bound |= bind_text(s, 6, text_of(rights->group));
	if (parts & RIGHTS_INHERITS)
		bound |= sqlite3_bind_int(s, 7, rights->inherits_permissions);
	return run_bound_locked(&accounts->writer, s, bound);
}

int rights_add_account(struct accounts *accounts, const struct account *account,
		       unsigned rights_parts, const struct rights *rights)
{
	struct connection *c = &accounts->writer;

	int r = connection_begin(c);
	if (r < 0)
		return r;
	r = accounts_add_locked(accounts, account);
	if (r >= 0 && rights_parts)
		r = change_rights_locked(accounts, text_of(account->name), rights_parts, rights);
	r = connection_end(c, r);
	return r < 0 ? r : 0;
}

int rights_change_account(struct accounts *accounts, struct text name, unsigned parts,
			  const struct account *values, unsigned rights_parts,
			  const struct rights *rights)
{
	struct connection *c = &accounts->writer;

	int r = connection_begin(c);
	if (r < 0)
		return r;
	r = accounts_change_locked(accounts, name, parts, values);
	if (r == 0)
		r = -ENOENT;
	if (r > 0 && rights_parts)
		r = change_rights_locked(accounts, name, rights_parts, rights);
	r = connection_end(c, r);
	return r < 0 ? r : 0;
}

/* The first row of a statement that takes a name: 1 and the caller reads and finishes it; 0: none;
 * -errno. */
static int step_locked(sqlite3_stmt *s, struct text name)
{
	int code = bind_text(s, 1, name);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	return code == SQLITE_ROW ? 1 : database_errno(code);
}

int rights_get(struct accounts *accounts, struct text name, struct rights *ret)
{
	sqlite3_stmt *s = accounts->rights_statements[RIGHTS_GET];
	struct rights rights = { 0 };

	(void)pthread_mutex_lock(&accounts->reader.lock);
	int r = step_locked(s, name);
	if (r > 0) {
		r = read_lines(s, &rights);
		if (r == 0)
			r = copy_column(s, 4, rights.group, sizeof(rights.group));
		rights.inherits_permissions = sqlite3_column_int(s, 5) != 0;
	}
	finish_statement(s);
	(void)pthread_mutex_unlock(&accounts->reader.lock);
	if (r == 0)
		*ret = rights;
	return r;
}

static uint64_t read_quota(sqlite3_stmt *s, int column)
{
	int64_t value = sqlite3_column_int64(s, column);

	return value > 0 ? (uint64_t)value : 0;
}

static struct quota_limits read_quotas(sqlite3_stmt *s, int column)
{
	return (struct quota_limits){ read_quota(s, column), read_quota(s, column + 1) };
}

/* From the column `first` on. */
static int read_effective(sqlite3_stmt *s, int first, struct effective_rights *ret)
{
	struct buf policy;

	buf_init(&policy, ret->policy, sizeof(ret->policy));
	for (int i = 0; i < 2 * POLICY_KINDS; i++) {
		const void *ptr = sqlite3_column_text(s, first + i);

		buf_add(&policy, (struct text){ ptr, (size_t)sqlite3_column_bytes(s, first + i) });
	}
	ret->is_of_group = sqlite3_column_int(s, first + 8) != 0;
	ret->permissions =
		(uint32_t)sqlite3_column_int64(s, first + (ret->is_of_group ? 10 : 9)) & PERM_ALL;
	ret->quota = read_quotas(s, first + 12);
	ret->group_quota = read_quotas(s, first + 14);
	read_limits(s, first + 16, &ret->limits, &ret->uploads);
	if (policy.has_overflowed)
		return -EIO;
	return copy_column(s, first + 11, ret->group, sizeof(ret->group));
}

int rights_get_effective(struct accounts *accounts, struct text name, struct effective_rights *ret)
{
	sqlite3_stmt *s = accounts->rights_statements[RIGHTS_EFFECTIVE];

	(void)pthread_mutex_lock(&accounts->reader.lock);
	int r = step_locked(s, name);
	if (r > 0)
		r = read_effective(s, 0, ret);
	else if (r == 0)
		r = -ENOENT;
	finish_statement(s);
	(void)pthread_mutex_unlock(&accounts->reader.lock);
	return r;
}

static int read_login_locked(struct accounts *accounts, struct text name,
			     struct account *ret_account, struct effective_rights *ret)
{
	sqlite3_stmt *s = accounts->rights_statements[RIGHTS_LOGIN];

	int r = step_locked(s, name);
	if (r > 0) {
		r = account_read_row(s, ret_account);
		if (r == 0)
			r = read_effective(s, ACCOUNT_COLUMNS, ret);
	} else if (r == 0) {
		r = -ENOENT;
	}
	finish_statement(s);
	return r;
}

int rights_get_login(struct accounts *accounts, struct text name, struct account *ret_account,
		     struct effective_rights *ret)
{
	struct database_state before, after;
	int r = 0;

	(void)pthread_mutex_lock(&accounts->reader.lock);
	database_state_read(accounts->index, &before);
	if (!before.is_known || !login_rows_find(accounts->rows, name, &before, ret_account, ret)) {
		r = read_login_locked(accounts, name, ret_account, ret);
		/* What was read is of a moment between the two. */
		database_state_read(accounts->index, &after);
		if (r == 0 && database_state_is_same(&before, &after))
			login_rows_keep(accounts->rows, name, &before, ret_account, ret);
	}
	(void)pthread_mutex_unlock(&accounts->reader.lock);
	return r;
}

/* --- groups ----------------------------------------------------------------------------------- */

/* Every parameter that the queries of groups have. */
static int bind_group(sqlite3_stmt *s, unsigned parts, unsigned rights_parts,
		      const struct group *values)
{
	int bound = bind_lines(s, rights_parts, &values->rights);

	if (parts & GROUP_PERMISSIONS)
		bound |= sqlite3_bind_int64(s, 6, values->permissions);
	return bound | sqlite3_bind_int64(s, 19, clock_wall_ms());
}

static int bind_group_limits(sqlite3_stmt *s, const struct group *values)
{
	int bound = bind_limits(s, &values->limits, values->uploads);

	bound |= sqlite3_bind_int64(s, 15, (int64_t)values->quota.bytes);
	bound |= sqlite3_bind_int64(s, 16, (int64_t)values->quota.files);
	bound |= sqlite3_bind_int64(s, 17, (int64_t)values->member_quota.bytes);
	return bound | sqlite3_bind_int64(s, 18, (int64_t)values->member_quota.files);
}

int group_add(struct accounts *accounts, const struct group *group)
{
	struct connection *c = &accounts->writer;
	sqlite3_stmt *s = accounts->rights_statements[GROUP_ADD];

	(void)pthread_mutex_lock(&c->lock);
	int bound = bind_text(s, 1, text_of(group->name));
	bound |= bind_group(s, GROUP_PERMISSIONS, UINT32_MAX, group);
	bound |= bind_group_limits(s, group);
	int r = run_bound_locked(c, s, bound);
	(void)pthread_mutex_unlock(&c->lock);
	return r < 0 ? r : 0;
}

static int change_group_locked(struct accounts *accounts, struct text name, unsigned parts,
			       unsigned rights_parts, const struct group *values)
{
	struct connection *c = &accounts->writer;
	sqlite3_stmt *s = accounts->rights_statements[GROUP_CHANGE];
	int bound = bind_text(s, 1, name);

	bound |= bind_group(s, parts, rights_parts, values);
	int r = run_bound_locked(c, s, bound);
	if (r > 0 && (parts & GROUP_LIMITS)) {
		s = accounts->rights_statements[GROUP_CHANGE_LIMITS];
		bound = bind_text(s, 1, name);
		bound |= bind_group_limits(s, values);
		r = run_bound_locked(c, s, bound);
	}
	return r == 0 ? -ENOENT : r;
}

int group_change(struct accounts *accounts, struct text name, unsigned parts, unsigned rights_parts,
		 const struct group *values)
{
	struct connection *c = &accounts->writer;

	int r = connection_begin(c);
	if (r < 0)
		return r;
	r = connection_end(c, change_group_locked(accounts, name, parts, rights_parts, values));
	return r < 0 ? r : 0;
}

int group_delete(struct accounts *accounts, struct text name)
{
	struct connection *c = &accounts->writer;
	sqlite3_stmt *s = accounts->rights_statements[GROUP_DELETE];

	(void)pthread_mutex_lock(&c->lock);
	int r = run_bound_locked(c, s, bind_text(s, 1, name));
	(void)pthread_mutex_unlock(&c->lock);
	if (r == -ENXIO)
		return -EBUSY;
	if (r < 0)
		return r;
	return r == 0 ? -ENOENT : 0;
}

static int read_group(sqlite3_stmt *s, struct group *ret)
{
	int r;

	*ret = (struct group){ 0 };
	r = read_lines(s, &ret->rights);
	if (r == 0)
		r = copy_column(s, 4, ret->name, sizeof(ret->name));
	ret->permissions = (uint32_t)sqlite3_column_int64(s, 5) & PERM_ALL;
	ret->n_members = (uint64_t)sqlite3_column_int64(s, 6);
	ret->quota = read_quotas(s, 7);
	ret->member_quota = read_quotas(s, 9);
	read_limits(s, 11, &ret->limits, &ret->uploads);
	return r;
}

int group_get(struct accounts *accounts, struct text name, struct group *ret)
{
	sqlite3_stmt *s = accounts->rights_statements[GROUP_GET];
	struct group group;

	(void)pthread_mutex_lock(&accounts->reader.lock);
	int r = step_locked(s, name);
	if (r > 0)
		r = read_group(s, &group);
	else if (r == 0)
		r = -ENOENT;
	finish_statement(s);
	(void)pthread_mutex_unlock(&accounts->reader.lock);
	if (r == 0)
		*ret = group;
	return r;
}

int group_list(struct accounts *accounts, void (*each)(const struct group *group, void *arg),
	       void *arg)
{
	sqlite3_stmt *s = accounts->rights_statements[GROUP_LIST];
	struct group group;
	int r = 0, code;

	(void)pthread_mutex_lock(&accounts->reader.lock);
	while (r == 0 && (code = sqlite3_step(s)) != SQLITE_DONE) {
		r = code == SQLITE_ROW ? read_group(s, &group) : database_errno(code);
		if (r == 0)
			each(&group, arg);
	}
	finish_statement(s);
	(void)pthread_mutex_unlock(&accounts->reader.lock);
	return r;
}

int group_members(struct accounts *accounts, struct text name,
		  void (*each)(const char *user, const char *home, void *arg), void *arg)
{
	sqlite3_stmt *s = accounts->rights_statements[GROUP_MEMBERS];
	char user[USER_NAME_MAX + 1], home[USER_HOME_MAX + 1];

	(void)pthread_mutex_lock(&accounts->reader.lock);
	int r = step_locked(s, name);
	while (r > 0) {
		r = copy_column(s, 0, user, sizeof(user));
		if (r == 0)
			r = copy_column(s, 1, home, sizeof(home));
		if (r < 0)
			break;
		each(user, home, arg);

		int code = sqlite3_step(s);
		r = code == SQLITE_ROW ? 1 : database_errno(code);
	}
	finish_statement(s);
	(void)pthread_mutex_unlock(&accounts->reader.lock);
	return r;
}
