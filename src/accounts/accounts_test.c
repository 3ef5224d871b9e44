/* accounts/accounts_test.c - users are added, read, changed, deleted; each refusal has its
 * errno. */
#include "base/test.h"

#include "accounts/accounts.h"

static char folder[] = "/tmp/accounts_test.XXXXXX";
static char path[64];
static struct accounts *accounts;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/accounts.db", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int open_all(void **state)
{
	struct database_error error;

	(void)state;
	return accounts_open(path, &accounts, &error);
}

static int close_all(void **state)
{
	(void)state;
	accounts_free(&accounts);
	return unlink(path); /* the last connection has removed -wal and -shm */
}

static struct account make_account(const char *name)
{
	struct account account = { .is_enabled = true, .permissions = PERM_LIST | PERM_UPLOAD };

	assert_int_equal(text_copy(text_of(name), account.name, sizeof(account.name)), 0);
	assert_int_equal(text_copy(T("$y$hash"), account.password_hash, PASSWORD_HASH_SIZE), 0);
	assert_int_equal(text_copy(T("/srv/x"), account.home, sizeof(account.home)), 0);
	return account;
}

static void add(const char *name)
{
	struct account account = make_account(name);

	assert_int_equal(accounts_add(accounts, &account), 0);
}

static void what_is_not_there_is_enoent(void **state)
{
	(void)state;
	struct account account = make_account("alice");

	assert_int_equal(accounts_get(accounts, T("alice"), &account), -ENOENT);
	assert_int_equal(accounts_change(accounts, T("alice"), ACCOUNT_ENABLED, &account), -ENOENT);
	assert_int_equal(accounts_delete(accounts, T("alice")), -ENOENT);
	assert_int_equal(accounts_get(accounts, T(""), &account), -ENOENT);
	assert_int_equal(accounts_get(accounts, T("' OR 1=1 --"), &account), -ENOENT);
}

static void a_name_is_taken_only_once(void **state)
{
	(void)state;
	struct account again = make_account("alice");

	add("alice");
	assert_int_equal(accounts_add(accounts, &again), -EEXIST);
}

static void names_are_compared_by_their_bytes(void **state)
{
	(void)state;
	struct account account;

	add("alice");
	add("Alice");
	add("\xc3\xa4");  /* one letter */
	add("a\xcc\x88"); /* the same letter, as two code points */
	assert_int_equal(accounts_get(accounts, T("ALICE"), &account), -ENOENT);
	assert_int_equal(accounts_get(accounts, T("alice "), &account), -ENOENT);
	assert_int_equal(accounts_get(accounts, T("alice\0x"), &account), -ENOENT);
	assert_int_equal(accounts_get(accounts, T("a\xcc\x88"), &account), 0);
	assert_string_equal(account.name, "a\xcc\x88");
}

static void an_added_account_is_read_as_it_was_written(void **state)
{
	(void)state;
	struct account account;

	add("alice");
	assert_int_equal(accounts_get(accounts, T("alice"), &account), 0);
	assert_string_equal(account.name, "alice");
	assert_string_equal(account.password_hash, "$y$hash");
	assert_string_equal(account.home, "/srv/x");
	assert_true(account.is_enabled);
	assert_int_equal(account.permissions, PERM_LIST | PERM_UPLOAD);
	assert_true(account.created_wall_ms > 1500000000000);
	assert_int_equal(account.updated_wall_ms, account.created_wall_ms);
	assert_int_equal(account.last_login_wall_ms, 0);
	assert_string_equal(account.last_login_from, "");
}

static void a_change_touches_only_the_parts_it_names(void **state)
{
	(void)state;
	struct account values = { .is_enabled = false, .permissions = PERM_ALL };
	struct account account;

	add("alice");
	add("bob");
	assert_int_equal(accounts_change(accounts, T("alice"), ACCOUNT_ENABLED, &values), 0);
	assert_int_equal(accounts_get(accounts, T("alice"), &account), 0);
	assert_false(account.is_enabled);
	assert_int_equal(account.permissions, PERM_LIST | PERM_UPLOAD);
	assert_string_equal(account.password_hash, "$y$hash");
	assert_string_equal(account.home, "/srv/x");

	(void)snprintf(values.password_hash, sizeof(values.password_hash), "$6$new");
	(void)snprintf(values.home, sizeof(values.home), "new");
	assert_int_equal(accounts_change(accounts, T("alice"),
					 ACCOUNT_PASSWORD_HASH | ACCOUNT_HOME | ACCOUNT_PERMISSIONS,
					 &values),
			 0);
	assert_int_equal(accounts_get(accounts, T("alice"), &account), 0);
	assert_false(account.is_enabled);
	assert_int_equal(account.permissions, PERM_ALL);
	assert_string_equal(account.password_hash, "$6$new");
	assert_string_equal(account.home, "new");

	assert_int_equal(accounts_get(accounts, T("bob"), &account), 0);
	assert_string_equal(account.password_hash, "$y$hash");
}

static void limits_quota_and_uploads_are_kept_and_reset(void **state)
{
	(void)state;
	struct account values = make_account("carol"), account;

	values.limits = limits_as_server();
	values.limits.values[LIMIT_USER_SESSIONS] = 5;
	values.limits.values[LIMIT_UPLOAD_SIZE] = 0;
	values.quota = (struct quota_choice){ 10737418240, QUOTA_AS_GROUP };
	values.uploads = USER_UPLOADS_ATOMIC;
	assert_int_equal(accounts_add(accounts, &values), 0);
	assert_int_equal(accounts_get(accounts, T("carol"), &account), 0);
	assert_memory_equal(&account.limits, &values.limits, sizeof(values.limits));
	assert_memory_equal(&account.quota, &values.quota, sizeof(values.quota));
	assert_int_equal(account.uploads, USER_UPLOADS_ATOMIC);

	values.limits = limits_as_server();
	values.limits.values[LIMIT_MIN_RATE] = INT64_MAX;
	values.quota = (struct quota_choice){ QUOTA_AS_GROUP, 0 };
	values.uploads = USER_UPLOADS_AS_SERVER;
	assert_int_equal(accounts_change(accounts, T("carol"), ACCOUNT_LIMITS, &values), 0);
	assert_int_equal(accounts_get(accounts, T("carol"), &account), 0);
	assert_memory_equal(&account.limits, &values.limits, sizeof(values.limits));
	assert_memory_equal(&account.quota, &values.quota, sizeof(values.quota));
	assert_int_equal(account.uploads, USER_UPLOADS_AS_SERVER);
	assert_int_equal(accounts_change(accounts, T("nobody"), ACCOUNT_LIMITS, &values), -ENOENT);
}

static void a_deleted_account_is_gone_and_its_name_free(void **state)
{
	(void)state;
	struct account account;

	add("alice");
	assert_int_equal(accounts_delete(accounts, T("alice")), 0);
	assert_int_equal(accounts_get(accounts, T("alice"), &account), -ENOENT);
	add("alice");
}

static void join_names(const struct account *account, void *arg)
{
	buf_addf(arg, "%s ", account->name);
}

static void the_list_is_ordered_by_name(void **state)
{
	(void)state;
	char storage[64];
	struct buf names;

	buf_init(&names, storage, sizeof(storage));
	assert_int_equal(accounts_list(accounts, join_names, &names), 0);
	assert_text(buf_text(&names), "");
	add("carol");
	add("alice");
	add("Bob");
	assert_int_equal(accounts_list(accounts, join_names, &names), 0);
	assert_text(buf_text(&names), "Bob alice carol ");
}

static void logins_are_noted_and_those_of_deleted_users_skipped(void **state)
{
	(void)state;
	const struct account_login logins[] = {
		{ "nobody", "192.0.2.1", 1 },
		{ "alice", "2001:db8::1", 1700000000123 },
	};
	struct account account;

	add("alice");
	assert_int_equal(accounts_note_logins(accounts, logins, ARRAY_SIZE(logins)), 0);
	assert_int_equal(accounts_get(accounts, T("alice"), &account), 0);
	assert_int_equal(account.last_login_wall_ms, 1700000000123);
	assert_string_equal(account.last_login_from, "2001:db8::1");
	assert_int_equal(accounts_get(accounts, T("nobody"), &account), -ENOENT);
}

static void what_was_written_is_there_after_opening_again(void **state)
{
	struct account account;

	add("alice");
	accounts_free(&accounts);
	assert_null(accounts);
	assert_int_equal(open_all(state), 0);
	assert_int_equal(accounts_get(accounts, T("alice"), &account), 0);
}

static void a_row_that_we_would_never_write_is_an_error(void **state)
{
	(void)state;
	struct account account;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		database_run(db, "INSERT INTO users (name, password_hash, home, enabled, "
				 "permissions, created_ms, updated_ms, last_login_ms, "
				 "last_login_from) SELECT 'mallory', "
				 "replace(hex(zeroblob(400)), '0', 'x'), 'm', 1, 1, 1, 1, 1, ''"),
		0);
	database_close(&db);
	assert_int_equal(accounts_get(accounts, T("mallory"), &account), -EIO);
}

#define WITH_ACCOUNTS(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ACCOUNTS(what_is_not_there_is_enoent),
		WITH_ACCOUNTS(a_name_is_taken_only_once),
		WITH_ACCOUNTS(a_row_that_we_would_never_write_is_an_error),
		WITH_ACCOUNTS(names_are_compared_by_their_bytes),
		WITH_ACCOUNTS(an_added_account_is_read_as_it_was_written),
		WITH_ACCOUNTS(a_change_touches_only_the_parts_it_names),
		WITH_ACCOUNTS(limits_quota_and_uploads_are_kept_and_reset),
		WITH_ACCOUNTS(a_deleted_account_is_gone_and_its_name_free),
		WITH_ACCOUNTS(the_list_is_ordered_by_name),
		WITH_ACCOUNTS(logins_are_noted_and_those_of_deleted_users_skipped),
		WITH_ACCOUNTS(what_was_written_is_there_after_opening_again),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
