/* accounts/admin_sessions.c - the sessions, keys and the first link of admins.h. */
#include "accounts/admins.h"

#include "accounts/statement.h"
#include "base/clock.h"

#define NOTE_EVERY_MS 60000 /* a use is written no more often */

int admin_session_add(struct accounts *accounts, struct text name, const char *from,
		      const uint8_t hash[static TOKEN_HASH_SIZE])
{
	int64_t now_ms = clock_wall_ms();
	struct statement st;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	statement_begin(&st, &accounts->writer,
			"DELETE FROM admin_sessions WHERE used_ms < ?1 OR created_ms < ?2");
	statement_int(&st, 1, now_ms - ADMIN_SESSION_IDLE_MS);
	statement_int(&st, 2, now_ms - ADMIN_SESSION_MOST_MS);
	r = statement_run(&st);
	if (r >= 0) {
		statement_begin(&st, &accounts->writer,
				"INSERT INTO admin_sessions (token_hash, name, address, "
				"created_ms, used_ms) VALUES (?1, ?2, ?3, ?4, ?4)");
		statement_hash(&st, 1, hash);
		statement_view(&st, 2, name);
		statement_text(&st, 3, from);
		statement_int(&st, 4, now_ms);
		r = statement_run(&st);
	}
	if (r >= 0) {
		statement_begin(&st, &accounts->writer,
				"UPDATE admins SET last_login_ms = ?2, last_login_from = ?3 "
				"WHERE name = ?1");
		statement_view(&st, 1, name);
		statement_int(&st, 2, now_ms);
		statement_text(&st, 3, from);
		r = statement_run(&st);
	}
	r = accounts_end(accounts, r);
	return r < 0 ? r : 0;
}

static int note_use(struct accounts *accounts, const uint8_t hash[static TOKEN_HASH_SIZE],
		    int64_t now_ms)
{
	struct statement st;

	statement_begin(&st, &accounts->writer,
			"UPDATE admin_sessions SET used_ms = ?2 WHERE token_hash = ?1");
	statement_hash(&st, 1, hash);
	statement_int(&st, 2, now_ms);
	return statement_run(&st);
}

int admin_session_find(struct accounts *accounts, const uint8_t hash[static TOKEN_HASH_SIZE],
		       struct admin *ret)
{
	int64_t now_ms = clock_wall_ms(), created_ms = 0, used_ms = 0;
	char name[USER_NAME_MAX + 1] = "";
	struct statement st;
	int found = -ENOENT;

	statement_begin(&st, &accounts->reader,
			"SELECT name, created_ms, used_ms FROM admin_sessions "
			"WHERE token_hash = ?1");
	statement_hash(&st, 1, hash);
	if (statement_step(&st)) {
		found = copy_column(st.s, 0, name, sizeof(name));
		created_ms = sqlite3_column_int64(st.s, 1);
		used_ms = sqlite3_column_int64(st.s, 2);
	}
	int r = statement_end(&st);
	if (r == 0)
		r = found;
	if (r == 0 && (now_ms - created_ms >= ADMIN_SESSION_MOST_MS ||
		       now_ms - used_ms >= ADMIN_SESSION_IDLE_MS))
		r = -ENOENT;
	if (r == 0)
		r = admin_get(accounts, text_of(name), ret);
	if (r == 0 && !ret->is_enabled)
		r = -ENOENT;
	if (r == 0 && now_ms - used_ms >= NOTE_EVERY_MS)
		(void)!note_use(accounts, hash, now_ms); /* a minute more or less */
	return r;
}

int admin_session_end(struct accounts *accounts, const uint8_t hash[static TOKEN_HASH_SIZE])
{
	struct statement st;

	statement_begin(&st, &accounts->writer, "DELETE FROM admin_sessions WHERE token_hash = ?1");
	statement_hash(&st, 1, hash);
	int r = statement_run(&st);
	return r < 0 ? r : 0;
}

/* --- keys ------------------------------------------------------------------------------------- */

#define KEY_COLUMNS                                                                                \
	"id, name, secret_hash, role, created_by, created_ms, expires_ms, used_ms, used_from"

static int read_key(sqlite3_stmt *s, struct api_key *ret)
{
	int r = copy_column(s, 0, ret->id, sizeof(ret->id));

	if (r == 0)
		r = copy_column(s, 1, ret->name, sizeof(ret->name));
	if (r == 0)
		r = copy_column(s, 4, ret->created_by, sizeof(ret->created_by));
	if (r == 0)
		r = copy_column(s, 8, ret->used_from, sizeof(ret->used_from));
	const void *hash = sqlite3_column_blob(s, 2);
	if (r < 0 || !hash || sqlite3_column_bytes(s, 2) != TOKEN_HASH_SIZE)
		return -EIO;
	memcpy(ret->secret_hash, hash, TOKEN_HASH_SIZE);
	int role = sqlite3_column_int(s, 3);
	ret->role = role > ROLE_NONE && role < ROLES ? (enum role)role : ROLE_READ_ONLY;
	ret->created_wall_ms = sqlite3_column_int64(s, 5);
	ret->expires_wall_ms = sqlite3_column_int64(s, 6);
	ret->used_wall_ms = sqlite3_column_int64(s, 7);
	return 0;
}

int api_key_add(struct accounts *accounts, const struct api_key *key)
{
	struct statement st;

	statement_begin(&st, &accounts->writer,
			"INSERT INTO api_keys (id, name, secret_hash, role, created_by, "
			"created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
	statement_text(&st, 1, key->id);
	statement_text(&st, 2, key->name);
	statement_hash(&st, 3, key->secret_hash);
	statement_int(&st, 4, key->role);
	statement_text(&st, 5, key->created_by);
	statement_int(&st, 6, clock_wall_ms());
	statement_int(&st, 7, key->expires_wall_ms);
	int r = statement_run(&st);
	return r < 0 ? r : 0;
}

int api_key_get(struct accounts *accounts, struct text id, struct api_key *ret)
{
	struct api_key key;
	struct statement st;
	int found = -ENOENT;

	statement_begin(&st, &accounts->reader,
			"SELECT " KEY_COLUMNS " FROM api_keys WHERE id = ?1");
	statement_view(&st, 1, id);
	if (statement_step(&st))
		found = read_key(st.s, &key);
	int r = statement_end(&st);
	if (r == 0)
		r = found;
	if (r == 0)
		*ret = key;
	return r;
}

int api_key_delete(struct accounts *accounts, struct text id)
{
	struct statement st;

	statement_begin(&st, &accounts->writer, "DELETE FROM api_keys WHERE id = ?1");
	statement_view(&st, 1, id);
	int r = statement_run(&st);
	if (r < 0)
		return r;
	return r == 0 ? -ENOENT : 0;
}

int api_key_note_use(struct accounts *accounts, const struct api_key *key, const char *from)
{
	int64_t now_ms = clock_wall_ms();
	struct statement st;

	if (now_ms - key->used_wall_ms < NOTE_EVERY_MS && strcmp(from, key->used_from) == 0)
		return 0;
	statement_begin(&st, &accounts->writer,
			"UPDATE api_keys SET used_ms = ?2, used_from = ?3 WHERE id = ?1");
	statement_text(&st, 1, key->id);
	statement_int(&st, 2, now_ms);
	statement_text(&st, 3, from);
	int r = statement_run(&st);
	return r < 0 ? r : 0;
}

int api_key_list(struct accounts *accounts, void (*each)(const struct api_key *key, void *arg),
		 void *arg)
{
	struct api_key key;
	struct statement st;
	int found = 0;

	statement_begin(&st, &accounts->reader,
			"SELECT " KEY_COLUMNS " FROM api_keys ORDER BY created_ms DESC, id");
	while (found == 0 && statement_step(&st)) {
		found = read_key(st.s, &key);
		if (found == 0)
			each(&key, arg);
	}
	int r = statement_end(&st);
	return r < 0 ? r : found;
}

/* --- the link for the first administrator ----------------------------------------------------- */

int setup_link_set(struct accounts *accounts, const uint8_t hash[static TOKEN_HASH_SIZE])
{
	struct statement st;

	statement_begin(&st, &accounts->writer,
			"INSERT OR REPLACE INTO setup_link (id, token_hash, expires_ms) "
			"VALUES (1, ?1, ?2)");
	statement_hash(&st, 1, hash);
	statement_int(&st, 2, clock_wall_ms() + SETUP_LINK_MS);
	int r = statement_run(&st);
	return r < 0 ? r : 0;
}

int setup_link_exists(struct accounts *accounts)
{
	struct statement st;
	int exists = 0;

	statement_begin(&st, &accounts->reader,
			"SELECT count(*) FROM setup_link WHERE expires_ms > ?1");
	statement_int(&st, 1, clock_wall_ms());
	if (statement_step(&st))
		exists = sqlite3_column_int(st.s, 0);
	int r = statement_end(&st);
	return r < 0 ? r : exists;
}

int setup_link_use(struct accounts *accounts, const uint8_t hash[static TOKEN_HASH_SIZE])
{
	struct statement st;

	statement_begin(&st, &accounts->writer,
			"DELETE FROM setup_link WHERE token_hash = ?1 AND expires_ms > ?2");
	statement_hash(&st, 1, hash);
	statement_int(&st, 2, clock_wall_ms());
	int r = statement_run(&st);
	if (r < 0)
		return r;
	return r == 0 ? -ENOENT : 0;
}
