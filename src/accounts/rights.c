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
	GROUP_ADD,
	GROUP_CHANGE,
	GROUP_DELETE,
	RIGHTS_QUERIES,
};

static_assert(RIGHTS_QUERIES == N_RIGHTS_QUERIES, "struct accounts has room for each");

#define LINES "rules, denied, hidden, folders" /* in the order of enum policy_kind */
#define GROUP_COLUMNS                                                                              \
	LINES ", name, permissions, "                                                              \
	      "(SELECT count(*) FROM user_rights WHERE group_name = groups.name)"
/* In the order in which read_effective reads them. */
#define EFFECTIVE_COLUMNS                                                                          \
	"u.rules, u.denied, u.hidden, u.folders, g.rules, g.denied, g.hidden, g.folders, "         \
	"u.inherits_permissions, g.permissions"
#define SET_LINES                                                                                  \
	"rules = coalesce(?2, rules), denied = coalesce(?3, denied), "                             \
	"hidden = coalesce(?4, hidden), folders = coalesce(?5, folders)"

/* A NULL for a part of a change leaves that part as it is. The empty group is none. */
static const char *const queries[RIGHTS_QUERIES] = {
	[RIGHTS_GET] = "SELECT " LINES ", coalesce(group_name, ''), inherits_permissions "
		       "FROM user_rights WHERE name = ?1",
	[RIGHTS_EFFECTIVE] =
		"SELECT " EFFECTIVE_COLUMNS
		" FROM user_rights u LEFT JOIN groups g ON g.name = u.group_name WHERE u.name = ?1",
	[RIGHTS_LOGIN] =
		"SELECT a.*, " EFFECTIVE_COLUMNS " FROM (SELECT " ACCOUNT_COLUMN_NAMES
		" FROM users WHERE name = ?1) a LEFT JOIN user_rights u ON u.name = a.name "
		"LEFT JOIN groups g ON g.name = u.group_name",
	[RIGHTS_ADD] = "INSERT INTO user_rights (name) VALUES (?1) ON CONFLICT DO NOTHING",
	[RIGHTS_CHANGE] =
		"UPDATE user_rights SET " SET_LINES
		", group_name = nullif(coalesce(?6, group_name, ''), ''), "
		"inherits_permissions = coalesce(?7, inherits_permissions) WHERE name = ?1",
	[GROUP_GET] = "SELECT " GROUP_COLUMNS " FROM groups WHERE name = ?1",
	[GROUP_LIST] = "SELECT " GROUP_COLUMNS " FROM groups ORDER BY name",
	[GROUP_ADD] = "INSERT INTO groups (name, permissions, created_ms, updated_ms, " LINES ") "
		      "VALUES (?1, ?6, ?7, ?7, ?2, ?3, ?4, ?5)",
	[GROUP_CHANGE] = "UPDATE groups SET " SET_LINES ", "
			 "permissions = coalesce(?6, permissions), updated_ms = ?7 WHERE name = ?1",
	[GROUP_DELETE] = "DELETE FROM groups WHERE name = ?1",
};

static bool is_reading(enum rights_query query)
{
	return query == RIGHTS_GET || query == RIGHTS_EFFECTIVE || query == RIGHTS_LOGIN ||
	       query == GROUP_GET || query == GROUP_LIST;
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

/* Ends the transaction: what r says counts. */
static int end_locked(struct connection *c, int r)
{
	int ended = database_run(c->db, r < 0 ? "ROLLBACK" : "COMMIT");

	return r < 0 ? r : ended;
}

int rights_add_account(struct accounts *accounts, const struct account *account,
		       unsigned rights_parts, const struct rights *rights)
{
	struct connection *c = &accounts->writer;

	(void)pthread_mutex_lock(&c->lock);
	int r = database_run(c->db, "BEGIN IMMEDIATE");
	if (r == 0) {
		r = accounts_add_locked(accounts, account);
		if (r >= 0 && rights_parts)
			r = change_rights_locked(accounts, text_of(account->name), rights_parts,
						 rights);
		r = end_locked(c, r);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

int rights_change_account(struct accounts *accounts, struct text name, unsigned parts,
			  const struct account *values, unsigned rights_parts,
			  const struct rights *rights)
{
	struct connection *c = &accounts->writer;

	(void)pthread_mutex_lock(&c->lock);
	int r = database_run(c->db, "BEGIN IMMEDIATE");
	if (r == 0) {
		r = accounts_change_locked(accounts, name, parts, values);
		if (r == 0)
			r = -ENOENT;
		if (r > 0 && rights_parts)
			r = change_rights_locked(accounts, name, rights_parts, rights);
		r = end_locked(c, r);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return r;
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

/* From the column `first` on. */
static int read_effective(sqlite3_stmt *s, int first, struct effective_rights *ret)
{
	struct buf policy;

	buf_init(&policy, ret->policy, sizeof(ret->policy));
	for (int i = 0; i < 2 * POLICY_KINDS; i++) {
		const void *ptr = sqlite3_column_text(s, first + i);

		buf_add(&policy, (struct text){ ptr, (size_t)sqlite3_column_bytes(s, first + i) });
	}
	if (sqlite3_column_int(s, first + 8) != 0 &&
	    sqlite3_column_type(s, first + 9) != SQLITE_NULL) {
		ret->permissions = (uint32_t)sqlite3_column_int64(s, first + 9) & PERM_ALL;
		ret->is_of_group = true;
	}
	return policy.has_overflowed ? -EIO : 0;
}

int rights_get_effective(struct accounts *accounts, struct text name, uint32_t permissions,
			 struct effective_rights *ret)
{
	sqlite3_stmt *s = accounts->rights_statements[RIGHTS_EFFECTIVE];

	ret->permissions = permissions;
	ret->is_of_group = false;
	ret->policy[0] = '\0';
	(void)pthread_mutex_lock(&accounts->reader.lock);
	int r = step_locked(s, name);
	if (r > 0)
		r = read_effective(s, 0, ret);
	finish_statement(s);
	(void)pthread_mutex_unlock(&accounts->reader.lock);
	return r;
}

int rights_get_login(struct accounts *accounts, struct text name, struct account *ret_account,
		     struct effective_rights *ret)
{
	sqlite3_stmt *s = accounts->rights_statements[RIGHTS_LOGIN];

	ret->is_of_group = false;
	ret->policy[0] = '\0';
	(void)pthread_mutex_lock(&accounts->reader.lock);
	int r = step_locked(s, name);
	if (r > 0) {
		r = account_read_row(s, ret_account);
		ret->permissions = ret_account->permissions;
		if (r == 0)
			r = read_effective(s, ACCOUNT_COLUMNS, ret);
	} else if (r == 0) {
		r = -ENOENT;
	}
	finish_statement(s);
	(void)pthread_mutex_unlock(&accounts->reader.lock);
	return r;
}

/* --- groups ----------------------------------------------------------------------------------- */

static int run_group(struct accounts *accounts, enum rights_query query, struct text name,
		     bool has_permissions, unsigned parts, const struct group *values)
{
	struct connection *c = &accounts->writer;
	sqlite3_stmt *s = accounts->rights_statements[query];

	(void)pthread_mutex_lock(&c->lock);
	int bound = bind_text(s, 1, name);
	if (query != GROUP_DELETE) {
		bound |= bind_lines(s, parts, &values->rights);
		if (has_permissions)
			bound |= sqlite3_bind_int64(s, 6, values->permissions);
		bound |= sqlite3_bind_int64(s, 7, clock_wall_ms());
	}
	int r = run_bound_locked(c, s, bound);
	(void)pthread_mutex_unlock(&c->lock);
	if (r < 0)
		return r;
	return r == 0 ? -ENOENT : 0;
}

int group_add(struct accounts *accounts, const struct group *group)
{
	return run_group(accounts, GROUP_ADD, text_of(group->name), true, UINT32_MAX, group);
}

int group_change(struct accounts *accounts, struct text name, bool changes_permissions,
		 unsigned rights_parts, const struct group *values)
{
	return run_group(accounts, GROUP_CHANGE, name, changes_permissions, rights_parts, values);
}

int group_delete(struct accounts *accounts, struct text name)
{
	int r = run_group(accounts, GROUP_DELETE, name, false, 0, NULL);

	return r == -ENXIO ? -EBUSY : r;
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
