/* accounts/rights_test.c - groups, and what a user has of its own and of its group. */
#include "base/test.h"

#include "accounts/rights.h"

static char folder[] = "/tmp/rights_test.XXXXXX";
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
	return unlink(path);
}

static struct account make_account(const char *name)
{
	struct account account = { .is_enabled = true, .permissions = PERM_ALL };

	assert_int_equal(text_copy(text_of(name), account.name, sizeof(account.name)), 0);
	assert_int_equal(text_copy(T("$y$hash"), account.password_hash, PASSWORD_HASH_SIZE), 0);
	assert_int_equal(text_copy(T("x"), account.home, sizeof(account.home)), 0);
	return account;
}

static void set_lines(struct rights *rights, enum policy_kind kind, const char *lines)
{
	assert_int_equal(text_copy(text_of(lines), rights->lines[kind], POLICY_PART_SIZE), 0);
}

static void set_group(struct rights *rights, const char *name)
{
	assert_int_equal(text_copy(text_of(name), rights->group, sizeof(rights->group)), 0);
}

static void add_group(const char *name, uint32_t permissions)
{
	struct group group = { .permissions = permissions,
			       .quota = { 1000, 10 },
			       .member_quota = { 100, 0 },
			       .limits = limits_as_server(),
			       .uploads = USER_UPLOADS_ATOMIC };

	group.limits.values[LIMIT_USER_SESSIONS] = 3;
	group.limits.values[LIMIT_UPLOAD_SIZE] = 0;
	assert_int_equal(text_copy(text_of(name), group.name, sizeof(group.name)), 0);
	set_lines(&group.rights, POLICY_RULE, "rule\t/pub\tlist\n");
	set_lines(&group.rights, POLICY_HIDE, "hide\t.*\n");
	assert_int_equal(group_add(accounts, &group), 0);
	assert_int_equal(group_add(accounts, &group), -EEXIST);
}

static void a_user_without_rights_has_its_own_permissions(void **state)
{
	struct account account = make_account("plain");

	account.permissions = PERM_LIST;
	account.limits = limits_as_server();
	account.quota = QUOTA_CHOICE_AS_GROUP;
	struct effective_rights effective;
	struct rights rights;

	(void)state;
	assert_int_equal(accounts_add(accounts, &account), 0);
	assert_int_equal(rights_get(accounts, T("plain"), &rights), 0);
	assert_string_equal(rights.group, "");
	assert_int_equal(rights_get_effective(accounts, T("plain"), &effective), 0);
	assert_int_equal(effective.permissions, PERM_LIST);
	assert_string_equal(effective.policy, "");
	assert_string_equal(effective.group, "");
	assert_int_equal(effective.limits.values[LIMIT_MIN_RATE], LIMIT_AS_SERVER);
	assert_int_equal(effective.uploads, USER_UPLOADS_AS_SERVER);
	assert_false(quota_is_limited(&effective.quota));
	assert_false(quota_is_limited(&effective.group_quota));
	assert_int_equal(rights_get_effective(accounts, T("nobody"), &effective), -ENOENT);
}

static void a_group_gives_what_its_member_does_not_have(void **state)
{
	struct account account = make_account("member");
	struct rights rights = { .inherits_permissions = true };
	struct effective_rights effective;

	(void)state;
	add_group("staff", PERM_LIST | PERM_DOWNLOAD);
	set_group(&rights, "staff");
	set_lines(&rights, POLICY_RULE, "rule\t/pub\tall\n");
	assert_int_equal(
		rights_add_account(accounts, &account,
				   RIGHTS_GROUP | RIGHTS_INHERITS | RIGHTS_LINES << POLICY_RULE,
				   &rights),
		0);
	assert_int_equal(rights_get_effective(accounts, T("member"), &effective), 0);
	assert_int_equal(effective.permissions, PERM_LIST | PERM_DOWNLOAD);
	assert_true(effective.is_of_group);
	assert_string_equal(effective.policy, "rule\t/pub\tall\nrule\t/pub\tlist\nhide\t.*\n");

	rights.inherits_permissions = false;
	assert_int_equal(
		rights_change_account(accounts, T("member"), 0, &account, RIGHTS_INHERITS, &rights),
		0);
	assert_int_equal(rights_get_effective(accounts, T("member"), &effective), 0);
	assert_int_equal(effective.permissions, PERM_ALL);
	assert_int_equal(rights_get(accounts, T("member"), &rights), 0);
	assert_string_equal(rights.group, "staff");
	assert_string_equal(rights.lines[POLICY_RULE], "rule\t/pub\tall\n");
}

static void a_login_reads_the_account_and_its_rights_at_once(void **state)
{
	struct account account = make_account("member"), alone = make_account("alone"), read;
	struct rights rights = { .inherits_permissions = true };
	struct effective_rights effective;

	(void)state;
	assert_int_equal(rights_get_login(accounts, T("member"), &read, &effective), -ENOENT);
	add_group("staff", PERM_LIST | PERM_DOWNLOAD);
	set_group(&rights, "staff");
	set_lines(&rights, POLICY_RULE, "rule\t/pub\tall\n");
	account.limits.values[LIMIT_USER_SESSIONS] = 7;
	assert_int_equal(
		rights_add_account(accounts, &account,
				   RIGHTS_GROUP | RIGHTS_INHERITS | RIGHTS_LINES << POLICY_RULE,
				   &rights),
		0);
	assert_int_equal(accounts_add(accounts, &alone), 0);
	assert_int_equal(rights_get_login(accounts, T("member"), &read, &effective), 0);
	assert_string_equal(read.name, "member");
	assert_string_equal(read.password_hash, account.password_hash);
	assert_string_equal(read.home, account.home);
	assert_int_equal(read.is_enabled, account.is_enabled);
	assert_int_equal(read.limits.values[LIMIT_USER_SESSIONS], 7);
	assert_int_equal(effective.permissions, PERM_LIST | PERM_DOWNLOAD);
	assert_true(effective.is_of_group);
	assert_string_equal(effective.policy, "rule\t/pub\tall\nrule\t/pub\tlist\nhide\t.*\n");
	assert_int_equal(rights_get_login(accounts, T("alone"), &read, &effective), 0);
	assert_string_equal(read.name, "alone");
	assert_int_equal(effective.permissions, alone.permissions);
	assert_false(effective.is_of_group);
	assert_string_equal(effective.policy, "");
}

/* Read often, so that what a login has read before is there, with two pairs of connections to the
 * one database: what either commits the other one sees at once. */
static void a_login_sees_what_others_have_committed(void **state)
{
	struct account account = make_account("eve"), change = { .permissions = PERM_LIST }, read;
	struct accounts *others = NULL;
	struct effective_rights effective;
	struct database_error error;

	(void)state;
	assert_int_equal(accounts_open(path, &others, &error), 0);
	assert_int_equal(accounts_add(accounts, &account), 0);
	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < 3; k++) {
			assert_int_equal(rights_get_login(accounts, T("eve"), &read, &effective),
					 0);
			assert_string_equal(read.name, "eve");
			assert_int_equal(read.is_enabled, !change.is_enabled);
			assert_int_equal(effective.permissions, i ? PERM_LIST : PERM_ALL);
			assert_string_equal(effective.policy, "");
		}
		assert_int_equal(rights_get_login(others, T("eve"), &read, &effective), 0);
		assert_int_equal(read.is_enabled, !change.is_enabled);
		assert_int_equal(accounts_change(i % 3 ? others : accounts, T("eve"),
						 ACCOUNT_ENABLED | ACCOUNT_PERMISSIONS, &change),
				 0);
		change.is_enabled = !change.is_enabled;
	}
	assert_int_equal(accounts_delete(others, T("eve")), 0);
	assert_int_equal(rights_get_login(accounts, T("eve"), &read, &effective), -ENOENT);
	accounts_free(&others);
}

static void names_that_share_a_place_keep_their_own_rows(void **state)
{
	struct effective_rights effective;
	struct account account, read;
	char name[16];

	(void)state;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "user%d", i);
		account = make_account(name);
		assert_int_equal(accounts_add(accounts, &account), 0);
	}
	for (int i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "user%d", i * 7 % 200);
		assert_int_equal(rights_get_login(accounts, text_of(name), &read, &effective), 0);
		assert_string_equal(read.name, name);
	}
	assert_int_equal(rights_get_login(accounts, T("user"), &read, &effective), -ENOENT);
}

static void assert_choice(int64_t own, int64_t of_group, int64_t expected)
{
	struct account account = make_account("chooser");
	struct group group = { .limits = limits_as_server() };
	struct rights rights = { 0 };
	struct effective_rights effective;

	account.limits = limits_as_server();
	account.limits.values[LIMIT_UPLOAD_SIZE] = own;
	group.limits.values[LIMIT_UPLOAD_SIZE] = of_group;
	set_group(&rights, "choice");
	assert_int_equal(group_change(accounts, T("choice"), GROUP_LIMITS, 0, &group), 0);
	assert_int_equal(rights_change_account(accounts, T("chooser"), ACCOUNT_LIMITS, &account,
					       RIGHTS_GROUP, &rights),
			 0);
	assert_int_equal(rights_get_effective(accounts, T("chooser"), &effective), 0);
	assert_int_equal(effective.limits.values[LIMIT_UPLOAD_SIZE], expected);
	assert_int_equal(effective.limits.values[LIMIT_MIN_RATE], LIMIT_AS_SERVER);
}

static void of_a_limit_the_users_counts_then_the_groups_then_the_servers(void **state)
{
	struct account account = make_account("chooser");

	(void)state;
	add_group("choice", PERM_ALL);
	assert_int_equal(accounts_add(accounts, &account), 0);
	assert_choice(LIMIT_AS_SERVER, LIMIT_AS_SERVER, LIMIT_AS_SERVER);
	assert_choice(LIMIT_AS_SERVER, 5, 5);
	assert_choice(LIMIT_AS_SERVER, 0, 0);
	assert_choice(0, 5, 0);
	assert_choice(7, 5, 7);
	assert_choice(7, LIMIT_AS_SERVER, 7);
}

static void a_group_gives_each_member_a_quota_and_all_together_another(void **state)
{
	struct account account = make_account("stored");
	struct rights rights = { 0 };
	struct effective_rights effective;

	(void)state;
	add_group("store", PERM_ALL);
	set_group(&rights, "store");
	account.quota = QUOTA_CHOICE_AS_GROUP;
	assert_int_equal(rights_add_account(accounts, &account, RIGHTS_GROUP, &rights), 0);
	assert_int_equal(rights_get_effective(accounts, T("stored"), &effective), 0);
	assert_string_equal(effective.group, "store");
	assert_int_equal(effective.group_quota.bytes, 1000);
	assert_int_equal(effective.group_quota.files, 10);
	assert_int_equal(effective.quota.bytes, 100);
	assert_int_equal(effective.quota.files, 0);
	assert_int_equal(effective.uploads, USER_UPLOADS_ATOMIC);

	account.quota = (struct quota_choice){ 0, 7 };
	account.uploads = USER_UPLOADS_DIRECT;
	assert_int_equal(accounts_change(accounts, T("stored"), ACCOUNT_LIMITS, &account), 0);
	assert_int_equal(rights_get_effective(accounts, T("stored"), &effective), 0);
	assert_int_equal(effective.group_quota.bytes, 1000);
	assert_int_equal(effective.quota.bytes, 0);
	assert_int_equal(effective.quota.files, 7);
	assert_int_equal(effective.uploads, USER_UPLOADS_DIRECT);
}

static void a_group_that_is_not_there_leaves_all_as_it_was(void **state)
{
	struct account account = make_account("lost");
	struct rights rights = { 0 };

	(void)state;
	set_group(&rights, "nowhere");
	assert_int_equal(rights_add_account(accounts, &account, RIGHTS_GROUP, &rights), -ENXIO);
	assert_int_equal(accounts_get(accounts, T("lost"), &account), -ENOENT);
	account = make_account("lost");
	assert_int_equal(accounts_add(accounts, &account), 0);
	assert_int_equal(text_copy(T("changed"), account.home, sizeof(account.home)), 0);
	assert_int_equal(rights_change_account(accounts, T("lost"), ACCOUNT_HOME, &account,
					       RIGHTS_GROUP, &rights),
			 -ENXIO);
	assert_int_equal(accounts_get(accounts, T("lost"), &account), 0);
	assert_string_equal(account.home, "x");
	assert_int_equal(rights_change_account(accounts, T("nobody"), 0, &account, 0, &rights),
			 -ENOENT);
}

static void a_group_with_members_stays(void **state)
{
	struct account account = make_account("last");
	struct rights rights = { 0 };
	struct group group;

	(void)state;
	assert_int_equal(group_delete(accounts, T("few")), -ENOENT);
	add_group("few", PERM_LIST);
	set_group(&rights, "few");
	assert_int_equal(rights_add_account(accounts, &account, RIGHTS_GROUP, &rights), 0);
	assert_int_equal(group_get(accounts, T("few"), &group), 0);
	assert_int_equal(group.n_members, 1);
	assert_int_equal(group_delete(accounts, T("few")), -EBUSY);
	set_group(&rights, "");
	assert_int_equal(
		rights_change_account(accounts, T("last"), 0, &account, RIGHTS_GROUP, &rights), 0);
	assert_int_equal(group_delete(accounts, T("few")), 0);
	assert_int_equal(group_get(accounts, T("few"), &group), -ENOENT);
}

static void a_deleted_user_takes_its_rights_along(void **state)
{
	struct account account = make_account("gone");
	struct rights rights = { .inherits_permissions = true };

	(void)state;
	assert_int_equal(rights_add_account(accounts, &account, RIGHTS_INHERITS, &rights), 0);
	assert_int_equal(accounts_delete(accounts, T("gone")), 0);
	assert_int_equal(accounts_add(accounts, &account), 0);
	assert_int_equal(rights_get(accounts, T("gone"), &rights), 0);
	assert_false(rights.inherits_permissions);
}

static void note_group(const struct group *group, void *arg)
{
	struct buf *names = arg;

	buf_addf(names, "%s:%u ", group->name, group->permissions);
}

static void groups_are_changed_in_parts_and_listed_by_name(void **state)
{
	struct group group = { .permissions = PERM_DELETE };
	char storage[128];
	struct buf names;

	(void)state;
	add_group("b", PERM_LIST);
	add_group("a", PERM_LIST);
	set_lines(&group.rights, POLICY_HIDE, "hide\tx\n");
	assert_int_equal(group_change(accounts, T("a"), GROUP_PERMISSIONS, 0, &group), 0);
	assert_int_equal(group_change(accounts, T("b"), 0, RIGHTS_LINES << POLICY_HIDE, &group), 0);
	assert_int_equal(group_change(accounts, T("c"), GROUP_PERMISSIONS, 0, &group), -ENOENT);
	assert_int_equal(group_get(accounts, T("b"), &group), 0);
	assert_string_equal(group.rights.lines[POLICY_HIDE], "hide\tx\n");
	assert_string_equal(group.rights.lines[POLICY_RULE], "rule\t/pub\tlist\n");
	assert_int_equal(group.quota.files, 10);
	assert_int_equal(group.member_quota.bytes, 100);
	assert_int_equal(group.limits.values[LIMIT_USER_SESSIONS], 3);
	assert_int_equal(group.limits.values[LIMIT_MIN_RATE], LIMIT_AS_SERVER);
	group.quota.bytes = 0;
	group.uploads = USER_UPLOADS_DIRECT;
	assert_int_equal(group_change(accounts, T("b"), GROUP_LIMITS, 0, &group), 0);
	assert_int_equal(group_get(accounts, T("b"), &group), 0);
	assert_int_equal(group.quota.bytes, 0);
	assert_int_equal(group.uploads, USER_UPLOADS_DIRECT);
	assert_string_equal(group.rights.lines[POLICY_HIDE], "hide\tx\n");
	buf_init(&names, storage, sizeof(storage));
	assert_int_equal(group_list(accounts, note_group, &names), 0);
	assert_string_equal(storage, "a:16 b:1 ");
}

static void note_member(const char *user, const char *home, void *arg)
{
	buf_addf(arg, "%s:%s ", user, home);
}

static void the_members_of_a_group_are_listed_with_their_homes(void **state)
{
	static const char *const names[] = { "zoe", "adam", "eve" };
	struct rights rights = { 0 };
	char storage[128];
	struct buf members;

	(void)state;
	add_group("some", PERM_ALL);
	add_group("other", PERM_ALL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct account account = make_account(names[i]);

		set_group(&rights, i == 2 ? "other" : "some");
		account.is_enabled = i > 0;
		assert_int_equal(rights_add_account(accounts, &account, RIGHTS_GROUP, &rights), 0);
	}
	buf_init(&members, storage, sizeof(storage));
	assert_int_equal(group_members(accounts, T("some"), note_member, &members), 0);
	assert_string_equal(storage, "adam:x zoe:x ");
	buf_reset(&members);
	assert_int_equal(group_members(accounts, T("nowhere"), note_member, &members), 0);
	assert_string_equal(storage, "");
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DATABASE(a_user_without_rights_has_its_own_permissions),
		WITH_DATABASE(a_group_gives_what_its_member_does_not_have),
		WITH_DATABASE(a_login_reads_the_account_and_its_rights_at_once),
		WITH_DATABASE(a_login_sees_what_others_have_committed),
		WITH_DATABASE(names_that_share_a_place_keep_their_own_rows),
		WITH_DATABASE(of_a_limit_the_users_counts_then_the_groups_then_the_servers),
		WITH_DATABASE(a_group_gives_each_member_a_quota_and_all_together_another),
		WITH_DATABASE(a_group_that_is_not_there_leaves_all_as_it_was),
		WITH_DATABASE(a_group_with_members_stays),
		WITH_DATABASE(a_deleted_user_takes_its_rights_along),
		WITH_DATABASE(the_members_of_a_group_are_listed_with_their_homes),
		WITH_DATABASE(groups_are_changed_in_parts_and_listed_by_name),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
