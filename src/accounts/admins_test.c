/* accounts/admins_test.c - administrators, their sessions, keys and the first link: what counts and
 * what does not any more. */
#include "base/test.h"

#include "accounts/admins.h"

static char folder[] = "/tmp/admins_test.XXXXXX";
static char path[64];
static struct accounts *accounts;

static int open_all(void **state)
{
	struct database_error error;

	(void)state;
	memcpy(strrchr(folder, '.') + 1, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/accounts.db", folder);
	return accounts_open(path, &accounts, &error);
}

static int close_all(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char name[80];

	(void)state;
	accounts_free(&accounts);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
	return rmdir(folder);
}

/* By a connection of its own, as time and other processes do it. */
static void run_sql(const char *sql)
{
	struct database_error error;
	sqlite3 *db = NULL;

	assert_int_equal(database_open_again(path, &db, &error), 0);
	assert_int_equal(database_run(db, sql), 0);
	database_close(&db);
}

static void add(const char *name, enum role role)
{
	struct admin admin = { .password_hash = "*", .role = role, .is_enabled = true };

	assert_int_equal(text_copy(text_of(name), admin.name, sizeof(admin.name)), 0);
	assert_int_equal(admin_add(accounts, &admin), 0);
}

static void begin_session(const char *name, const char *token)
{
	uint8_t hash[TOKEN_HASH_SIZE];

	token_hash(text_of(token), hash);
	assert_int_equal(admin_session_add(accounts, text_of(name), "192.0.2.1", hash), 0);
}

static int find_session(const char *token)
{
	uint8_t hash[TOKEN_HASH_SIZE];
	struct admin admin;

	token_hash(text_of(token), hash);
	return admin_session_find(accounts, hash, &admin);
}

static void the_last_owner_stays(void **state)
{
	struct admin values = { .role = ROLE_OPERATOR, .is_enabled = false };

	(void)state;
	add("ann", ROLE_OWNER);
	add("bob", ROLE_OPERATOR);
	assert_int_equal(admin_delete(accounts, T("ann")), -EBUSY);
	assert_int_equal(admin_change(accounts, T("ann"), ADMIN_ROLE, &values, NULL), -EBUSY);
	assert_int_equal(admin_change(accounts, T("ann"), ADMIN_ENABLED, &values, NULL), -EBUSY);
	assert_int_equal(admin_delete(accounts, T("nobody")), -ENOENT);
	assert_int_equal(admin_count(accounts), 2);
	add("carl", ROLE_OWNER);
	assert_int_equal(admin_delete(accounts, T("ann")), 0);
	assert_int_equal(admin_get(accounts, T("ann"), &values), -ENOENT);
	assert_int_equal(admin_get(accounts, T("bob"), &values), 0);
	assert_int_equal(values.role, ROLE_OPERATOR);
	values.is_enabled = true;
	assert_int_equal(admin_add(accounts, &values), -EEXIST);
}

static void sessions_end_with_a_change_with_time_and_by_hand(void **state)
{
	struct admin values = { .password_hash = "*new" };
	uint8_t hash[TOKEN_HASH_SIZE];

	(void)state;
	add("ann", ROLE_OWNER);
	begin_session("ann", "one");
	begin_session("ann", "two");
	assert_int_equal(find_session("one"), 0);
	assert_int_equal(find_session("three"), -ENOENT);
	token_hash(T("two"), hash);
	assert_int_equal(admin_change(accounts, T("ann"), ADMIN_PASSWORD_HASH, &values, hash), 0);
	assert_int_equal(find_session("one"), -ENOENT);
	assert_int_equal(find_session("two"), 0);
	assert_int_equal(admin_session_end(accounts, hash), 0);
	assert_int_equal(find_session("two"), -ENOENT);

	begin_session("ann", "idle");
	begin_session("ann", "old");
	token_hash(T("idle"), hash);
	run_sql("UPDATE admin_sessions SET used_ms = used_ms - 43200000");
	assert_int_equal(find_session("idle"), -ENOENT);
	begin_session("ann", "fresh");
	run_sql("UPDATE admin_sessions SET created_ms = created_ms - 604800000");
	assert_int_equal(find_session("fresh"), -ENOENT);

	begin_session("ann", "last");
	add("bob", ROLE_OWNER);
	values.is_enabled = false;
	assert_int_equal(admin_change(accounts, T("ann"), ADMIN_ENABLED, &values, NULL), 0);
	assert_int_equal(find_session("last"), -ENOENT);
}

static void a_code_is_used_once(void **state)
{
	(void)state;
	add("ann", ROLE_OWNER);
	assert_int_equal(admin_use_code(accounts, T("ann"), 100), 0);
	assert_int_equal(admin_use_code(accounts, T("ann"), 100), -ESTALE);
	assert_int_equal(admin_use_code(accounts, T("ann"), 99), -ESTALE);
	assert_int_equal(admin_use_code(accounts, T("ann"), 101), 0);
}

static void count_key(const struct api_key *key, void *arg)
{
	assert_string_equal(key->name, "backup");
	(*(int *)arg)++;
}

static void keys_are_found_by_their_id(void **state)
{
	struct api_key key = { .id = "0123456789abcdef",
			       .name = "backup",
			       .role = ROLE_READ_ONLY,
			       .created_by = "ann",
			       .expires_wall_ms = 5 };
	int n = 0;

	(void)state;
	token_hash(T("secret"), key.secret_hash);
	assert_int_equal(api_key_add(accounts, &key), 0);
	assert_int_equal(api_key_add(accounts, &key), -EEXIST);
	struct api_key found;
	assert_int_equal(api_key_get(accounts, T("0123456789abcdef"), &found), 0);
	assert_true(token_equal(found.secret_hash, key.secret_hash));
	assert_int_equal(found.expires_wall_ms, 5);
	assert_int_equal(api_key_note_use(accounts, &found, "192.0.2.7"), 0);
	assert_int_equal(api_key_get(accounts, T("0123456789abcdef"), &found), 0);
	assert_string_equal(found.used_from, "192.0.2.7");
	assert_int_equal(api_key_list(accounts, count_key, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(api_key_get(accounts, T("0"), &found), -ENOENT);
	assert_int_equal(api_key_delete(accounts, T("0123456789abcdef")), 0);
	assert_int_equal(api_key_delete(accounts, T("0123456789abcdef")), -ENOENT);
}

static void the_link_is_used_once_and_in_time(void **state)
{
	uint8_t one[TOKEN_HASH_SIZE], two[TOKEN_HASH_SIZE];

	(void)state;
	token_hash(T("one"), one);
	token_hash(T("two"), two);
	assert_int_equal(setup_link_exists(accounts), 0);
	assert_int_equal(setup_link_use(accounts, one), -ENOENT);
	assert_int_equal(setup_link_set(accounts, one), 0);
	assert_int_equal(setup_link_set(accounts, two), 0);
	assert_int_equal(setup_link_exists(accounts), 1);
	assert_int_equal(setup_link_use(accounts, one), -ENOENT);
	assert_int_equal(setup_link_use(accounts, two), 0);
	assert_int_equal(setup_link_use(accounts, two), -ENOENT);
	assert_int_equal(setup_link_set(accounts, one), 0);
	run_sql("UPDATE setup_link SET expires_ms = 1");
	assert_int_equal(setup_link_exists(accounts), 0);
	assert_int_equal(setup_link_use(accounts, one), -ENOENT);
}

static void tokens_are_new_and_derive(void **state)
{
	char one[TOKEN_SIZE], two[TOKEN_SIZE], derived[TOKEN_SIZE];

	(void)state;
	token_make(one);
	token_make(two);
	assert_int_equal(strlen(one), TOKEN_SIZE - 1);
	assert_string_not_equal(one, two);
	token_derive(text_of(one), "csrf", derived);
	token_derive(text_of(one), "csrf", two);
	assert_string_equal(derived, two);
	token_derive(text_of(one), "other", two);
	assert_false(token_text_equal(text_of(derived), text_of(two)));
	assert_false(token_text_equal(text_of(derived), T("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_last_owner_stays, open_all, close_all),
		cmocka_unit_test_setup_teardown(sessions_end_with_a_change_with_time_and_by_hand,
						open_all, close_all),
		cmocka_unit_test_setup_teardown(a_code_is_used_once, open_all, close_all),
		cmocka_unit_test_setup_teardown(keys_are_found_by_their_id, open_all, close_all),
		cmocka_unit_test_setup_teardown(the_link_is_used_once_and_in_time, open_all,
						close_all),
		cmocka_unit_test(tokens_are_new_and_derive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
