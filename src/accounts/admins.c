/* accounts/admins.c - the administrators of admins.h; admin_sessions.c has the rest. */
#include "accounts/admins.h"

#include "accounts/statement.h"
#include "base/clock.h"

#define COLUMNS                                                                                    \
	"name, password_hash, role, enabled, totp_secret, totp_pending, totp_step, created_ms, "   \
	"updated_ms, last_login_ms, last_login_from"

static int read_row(sqlite3_stmt *s, struct admin *ret)
{
	int r = copy_column(s, 0, ret->name, sizeof(ret->name));

	if (r == 0)
		r = copy_column(s, 1, ret->password_hash, sizeof(ret->password_hash));
	if (r == 0)
		r = copy_column(s, 4, ret->totp_secret, sizeof(ret->totp_secret));
	if (r == 0)
		r = copy_column(s, 5, ret->totp_pending, sizeof(ret->totp_pending));
	if (r == 0)
		r = copy_column(s, 10, ret->last_login_from, sizeof(ret->last_login_from));
	int role = sqlite3_column_int(s, 2);
	ret->role = role > ROLE_NONE && role < ROLES ? (enum role)role : ROLE_READ_ONLY;
	ret->is_enabled = sqlite3_column_int(s, 3) != 0;
	ret->totp_step = sqlite3_column_int64(s, 6);
	ret->created_wall_ms = sqlite3_column_int64(s, 7);
	ret->updated_wall_ms = sqlite3_column_int64(s, 8);
	ret->last_login_wall_ms = sqlite3_column_int64(s, 9);
	return r;
}

int admin_add(struct accounts *accounts, const struct admin *admin)
{
	struct statement st;

	statement_begin(&st, &accounts->writer,
			"INSERT INTO admins (name, password_hash, role, enabled, created_ms, "
			"updated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?5)");
	statement_text(&st, 1, admin->name);
	statement_text(&st, 2, admin->password_hash);
	statement_int(&st, 3, admin->role);
	statement_int(&st, 4, admin->is_enabled);
	statement_int(&st, 5, clock_wall_ms());
	int r = statement_run(&st);
	return r < 0 ? r : 0;
}

int admin_get(struct accounts *accounts, struct text name, struct admin *ret)
{
	struct admin admin;
	struct statement st;
	int found = -ENOENT;

	statement_begin(&st, &accounts->reader, "SELECT " COLUMNS " FROM admins WHERE name = ?1");
	statement_view(&st, 1, name);
	if (statement_step(&st))
		found = read_row(st.s, &admin);
	int r = statement_end(&st);
	if (r == 0)
		r = found;
	if (r == 0)
		*ret = admin;
	explicit_bzero(&admin, sizeof(admin));
	return r;
}

/* Within a transaction: somebody must be left who may do all. */
static int check_owners_locked(struct accounts *accounts)
{
	struct statement st;
	int64_t n = 0;

	statement_begin(&st, &accounts->writer,
			"SELECT count(*) FROM admins WHERE enabled = 1 AND role = ?1");
	statement_int(&st, 1, ROLE_OWNER);
	if (statement_step(&st))
		n = sqlite3_column_int64(st.s, 0);
	int r = statement_end(&st);
	if (r < 0)
		return r;
	return n > 0 ? 0 : -EBUSY;
}

static int end_sessions_locked(struct accounts *accounts, struct text name,
			       const uint8_t *spared_session)
{
	static const uint8_t none[TOKEN_HASH_SIZE];
	struct statement st;

	statement_begin(&st, &accounts->writer,
			"DELETE FROM admin_sessions WHERE name = ?1 AND token_hash <> ?2");
	statement_view(&st, 1, name);
	statement_hash(&st, 2, spared_session ? spared_session : none);
	return statement_run(&st);
}

static int change_locked(struct accounts *accounts, struct text name, unsigned parts,
			 const struct admin *values)
{
	struct statement st;

	statement_begin(&st, &accounts->writer,
			"UPDATE admins SET password_hash = coalesce(?2, password_hash), "
			"role = coalesce(?3, role), enabled = coalesce(?4, enabled), "
			"totp_secret = coalesce(?5, totp_secret), "
			"totp_pending = coalesce(?6, totp_pending), "
			"totp_step = coalesce(?7, totp_step), updated_ms = ?8 WHERE name = ?1");
	statement_view(&st, 1, name);
	if (parts & ADMIN_PASSWORD_HASH)
		statement_text(&st, 2, values->password_hash);
	if (parts & ADMIN_ROLE)
		statement_int(&st, 3, values->role);
	if (parts & ADMIN_ENABLED)
		statement_int(&st, 4, values->is_enabled);
	if (parts & ADMIN_TOTP) {
		statement_text(&st, 5, values->totp_secret);
		statement_text(&st, 6, values->totp_pending);
		statement_int(&st, 7, values->totp_step);
	}
	statement_int(&st, 8, clock_wall_ms());
	int r = statement_run(&st);
	return r == 0 ? -ENOENT : r;
}

int admin_change(struct accounts *accounts, struct text name, unsigned parts,
		 const struct admin *values, const uint8_t *spared_session)
{
	const unsigned ending = ADMIN_PASSWORD_HASH | ADMIN_ROLE | ADMIN_ENABLED;
	bool ends_sessions = (parts & ending) || ((parts & ADMIN_TOTP) && !*values->totp_secret &&
						  !*values->totp_pending);
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = change_locked(accounts, name, parts, values);
	if (r >= 0 && (parts & (ADMIN_ROLE | ADMIN_ENABLED)))
		r = check_owners_locked(accounts);
	if (r >= 0 && ends_sessions)
		r = end_sessions_locked(accounts, name, spared_session);
	r = accounts_end(accounts, r);
	return r < 0 ? r : 0;
}

int admin_delete(struct accounts *accounts, struct text name)
{
	struct statement st;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	statement_begin(&st, &accounts->writer, "DELETE FROM admins WHERE name = ?1");
	statement_view(&st, 1, name);
	r = statement_run(&st);
	if (r == 0)
		r = -ENOENT;
	if (r > 0)
		r = check_owners_locked(accounts);
	return accounts_end(accounts, r);
}

int admin_list(struct accounts *accounts, void (*each)(const struct admin *admin, void *arg),
	       void *arg)
{
	struct admin admin;
	struct statement st;
	int found = 0;

	statement_begin(&st, &accounts->reader, "SELECT " COLUMNS " FROM admins ORDER BY name");
	while (found == 0 && statement_step(&st)) {
		found = read_row(st.s, &admin);
		if (found == 0)
			each(&admin, arg);
	}
	explicit_bzero(&admin, sizeof(admin));
	int r = statement_end(&st);
	return r < 0 ? r : found;
}

int admin_count(struct accounts *accounts)
{
	struct statement st;
	int n = 0;

	statement_begin(&st, &accounts->reader, "SELECT count(*) FROM admins");
	if (statement_step(&st))
		n = sqlite3_column_int(st.s, 0);
	int r = statement_end(&st);
	return r < 0 ? r : n;
}

int admin_use_code(struct accounts *accounts, struct text name, int64_t step)
{
	struct statement st;

	statement_begin(&st, &accounts->writer,
			"UPDATE admins SET totp_step = ?2 WHERE name = ?1 AND totp_step < ?2");
	statement_view(&st, 1, name);
	statement_int(&st, 2, step);
	int r = statement_run(&st);
	if (r < 0)
		return r;
	return r == 0 ? -ESTALE : 0;
}
