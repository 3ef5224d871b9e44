/* ftp/policy_test.c - which rule wins, which name is denied or hidden, and which lines are
 * refused. */
#include "base/test.h"
#include "ftp/policy.h"

static void lines_that_are_no_policy_are_refused(void **state)
{
	static const char *const bad[] = {
		"rule",
		"rule\t/a",
		"rule\t/a\tfly",
		"rule\ta\tlist",
		"rule\t/a/\tlist",
		"rule\t/a//b\tlist",
		"rule\t/a/../b\tlist",
		"rule\t\tlist",
		"deny\t",
		"deny\ta/b",
		"deny\ta\tb",
		"deny\ta\x01",
		"hide\t\xff",
		"folder\t/share",
		"folder\t/share\t/srv",
		"folder\t/share\t/srv\trx",
		"folder\t/share\tsrv\tro",
		"folder\t/share\t/\tro",
		"folder\t/\t/srv\tro",
		"folder\t/share\t/srv/../etc\tro",
		"folder\t/share\t/srv\tro\t",
		"folder\t/share\t/srv\tro\t1",
		"folder\t/share\t/srv\tro\t1\t",
		"folder\t/share\t/srv\tro\t1\t2\t",
		"folder\t/share\t/srv\tro\t1\t-2",
		"folder\t/share\t/srv\tro\t1K\t2",
		"folder\t/share\t/srv\tro\t9223372036854775808\t2",
		"folder\t/share\t/srv\tro1\t2",
		"permit\t/a\tlist",
		"\n",
	};
	struct policy *policy = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(policy_new(0, text_of(bad[i]), &policy), -EINVAL);
		assert_null(policy);
	}
}

static struct policy *make(uint32_t permissions, const char *lines)
{
	struct policy *policy = NULL;

	assert_int_equal(policy_new(permissions, text_of(lines), &policy), 0);
	return policy;
}

static void the_most_specific_rule_wins_and_the_first_of_equals(void **state)
{
	static const struct {
		const char *path;
		uint32_t here, beneath;
	} rows[] = {
		{ "/", PERM_ALL, 0 },
		{ "/pub", PERM_LIST, 0 },
		{ "/public", PERM_ALL, PERM_ALL },
		{ "/pub/x", PERM_LIST, PERM_LIST },
		{ "/pub/in", PERM_UPLOAD, 0 },
		{ "/pub/in/deep/er", PERM_UPLOAD, PERM_UPLOAD },
		{ "/pub/in/shut", 0, 0 },
		{ "/Pub", PERM_ALL, PERM_ALL },
	};
	struct policy *policy = make(PERM_ALL, "rule\t/pub/in\tupload\n"
					       "rule\t/pub\tlist\n"
					       "rule\t/pub/in/shut\tnone\n"
					       "rule\t/pub\tall\n");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct text path = text_of(rows[i].path);

		assert_int_equal(policy_permissions(policy, path), rows[i].here);
		assert_int_equal(policy_permissions_beneath(policy, path), rows[i].beneath);
	}
	assert_false(policy_is_plain(policy));
	policy_free(&policy);

	policy = make(PERM_LIST, "rule\t/a\tdownload\nrule\t/b\tnone");
	assert_int_equal(policy_permissions_somewhere(policy), PERM_LIST | PERM_DOWNLOAD);
	policy_free(&policy);
}

static void a_rule_for_the_root_replaces_the_permissions(void **state)
{
	struct policy *policy = make(PERM_ALL, "rule\t/\tlist\n");

	(void)state;
	assert_int_equal(policy_permissions(policy, T("/")), PERM_LIST);
	assert_int_equal(policy_permissions(policy, T("/a/b")), PERM_LIST);
	policy_free(&policy);
}

static void patterns_hold_for_every_name_of_a_path(void **state)
{
	static const struct {
		const char *path, *denied, *hidden;
	} rows[] = {
		{ "/", NULL, NULL },	       { "/a.exe", "*.exe", NULL },
		{ "/a.exe/b", "*.exe", NULL }, { "/a.EXE", NULL, NULL },
		{ "/exe", NULL, NULL },	       { "/.ssh/key", NULL, ".*" },
		{ "/a/.b", NULL, ".*" },       { "/a/b.", NULL, NULL },
		{ "/.x.exe", "*.exe", ".*" },  { "/s1", "s[0-9]", NULL },
		{ "/sx", NULL, NULL },
	};
	struct policy *policy = make(PERM_ALL, "deny\t*.exe\nhide\t.*\ndeny\ts[0-9]\n");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *denied = policy_denies(policy, text_of(rows[i].path));
		const char *hidden = policy_hides(policy, text_of(rows[i].path));

		assert_string_equal(denied ? denied : "", rows[i].denied ? rows[i].denied : "");
		assert_string_equal(hidden ? hidden : "", rows[i].hidden ? rows[i].hidden : "");
	}
	policy_free(&policy);
}

static void of_two_folders_of_one_name_the_first_counts(void **state)
{
	struct policy *policy = make(PERM_ALL, "folder\t/share\t/srv/a\tro\n"
					       "folder\t/share\t/srv/b\trw\n"
					       "folder\t/a/b\t/srv/c d\trw\n");
	struct policy_entry folder;

	(void)state;
	assert_true(policy_folder(policy, 0, &folder));
	assert_string_equal(folder.name.ptr, "/share");
	assert_string_equal(folder.directory.ptr, "/srv/a");
	assert_true(folder.is_read_only);
	assert_true(policy_folder(policy, 1, &folder));
	assert_string_equal(folder.directory.ptr, "/srv/c d");
	assert_false(folder.is_read_only);
	assert_false(policy_folder(policy, 2, &folder));
	policy_free(&policy);
}

static void a_folder_has_a_quota_where_its_line_says_one(void **state)
{
	static const struct {
		const char *line, *written;
		struct quota_limits quota;
	} rows[] = {
		{ "folder\t/a\t/srv\trw\n", NULL, { 0, 0 } },
		{ "folder\t/a\t/srv\trw\t1000\t7\n", NULL, { 1000, 7 } },
		{ "folder\t/a\t/srv\tro\t0\t7\n", NULL, { 0, 7 } },
		{ "folder\t/a\t/srv\trw\t9223372036854775807\t0\n", NULL, { SIZE_MOST, 0 } },
		{ "folder\t/a\t/srv\trw\t0\t0\n", "folder\t/a\t/srv\trw\n", { 0, 0 } },
	};
	char storage[200];
	struct buf out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct text lines = text_of(rows[i].line);
		struct policy_entry entry;

		assert_int_equal(policy_take_entry(&lines, &entry), 1);
		assert_int_equal(entry.quota.bytes, rows[i].quota.bytes);
		assert_int_equal(entry.quota.files, rows[i].quota.files);
		buf_init(&out, storage, sizeof(storage));
		policy_add_entry(&out, &entry);
		assert_string_equal(storage, rows[i].written ? rows[i].written : rows[i].line);
	}
}

static void more_folders_than_a_session_can_hold_are_refused(void **state)
{
	struct policy *policy = NULL;
	char storage[4096];
	struct buf lines;

	(void)state;
	buf_init(&lines, storage, sizeof(storage));
	for (unsigned i = 0; i < POLICY_MAX_FOLDERS; i++)
		buf_addf(&lines, "folder\t/s%u\t/srv\trw\n", i);
	assert_int_equal(policy_new(0, buf_text(&lines), &policy), 0);
	policy_free(&policy);
	buf_add(&lines, T("folder\t/more\t/srv\trw\n"));
	assert_int_equal(policy_new(0, buf_text(&lines), &policy), -EINVAL);
}

static void a_policy_without_entries_is_plain(void **state)
{
	struct policy *policy = make(PERM_LIST, "");

	(void)state;
	assert_true(policy_is_plain(policy));
	assert_int_equal(policy_permissions(policy, T("/a")), PERM_LIST);
	assert_int_equal(policy_permissions_beneath(policy, T("/")), PERM_LIST);
	assert_int_equal(policy_permissions_somewhere(policy), PERM_LIST);
	assert_null(policy_hides(policy, T("/.a")));
	policy_free(&policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_no_policy_are_refused),
		cmocka_unit_test(the_most_specific_rule_wins_and_the_first_of_equals),
		cmocka_unit_test(a_rule_for_the_root_replaces_the_permissions),
		cmocka_unit_test(patterns_hold_for_every_name_of_a_path),
		cmocka_unit_test(of_two_folders_of_one_name_the_first_counts),
		cmocka_unit_test(a_folder_has_a_quota_where_its_line_says_one),
		cmocka_unit_test(more_folders_than_a_session_can_hold_are_refused),
		cmocka_unit_test(a_policy_without_entries_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
