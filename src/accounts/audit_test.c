/* accounts/audit_test.c - rows are found by filter, leave when they are many, and are there exactly
 * when the change is that they tell of. */
#include "base/test.h"

#include "accounts/audit.h"

static char folder[] = "/tmp/audit_test.XXXXXX";
static char path[64];
static struct accounts *accounts;

static int open_all(void **state)
{
	struct database_error error;

	(void)state;
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

static int add(const char *who, const char *action, const char *object, const char *after)
{
	const struct audit_record record = {
		.who = who, .from = "192.0.2.1", .action = action, .object = object, .after = after
	};

	return audit_add(accounts, &record);
}

struct found {
	size_t n;
	char objects[256];
};

static void keep(const struct audit_record *record, void *arg)
{
	struct found *found = arg;
	size_t len = strlen(found->objects);

	assert_string_equal(record->from, "192.0.2.1");
	assert_true(record->wall_ms > 0);
	assert_null(record->before);
	(void)snprintf(found->objects + len, sizeof(found->objects) - len, "%s ", record->object);
	found->n++;
}

static struct found list(struct audit_filter filter)
{
	struct found found = { 0 };

	filter.limit = filter.limit ? filter.limit : 100;
	assert_int_equal(audit_list(accounts, &filter, keep, &found), 0);
	return found;
}

static void rows_are_found_by_filter(void **state)
{
	(void)state;
	assert_int_equal(add("ann", "user-added", "bob", "{\"home\":\"/srv/100%\"}"), 0);
	assert_int_equal(add("ann", "user-changed", "carl", NULL), 0);
	assert_int_equal(add("key:x", "group-added", "Bobs", NULL), 0);
	assert_string_equal(list((struct audit_filter){ 0 }).objects, "Bobs carl bob ");
	assert_string_equal(list((struct audit_filter){ .who = "ann" }).objects, "carl bob ");
	assert_string_equal(list((struct audit_filter){ .what = "user" }).objects, "carl bob ");
	assert_string_equal(list((struct audit_filter){ .what = "user-a" }).objects, "bob ");
	assert_string_equal(list((struct audit_filter){ .search = "BOB" }).objects, "Bobs bob ");
	assert_string_equal(list((struct audit_filter){ .search = "100%" }).objects, "bob ");
	assert_int_equal(list((struct audit_filter){ .search = "1_0" }).n, 0);
	assert_string_equal(list((struct audit_filter){ .limit = 1 }).objects, "Bobs ");
	assert_string_equal(list((struct audit_filter){ .before_id = 3 }).objects, "carl bob ");
	assert_int_equal(list((struct audit_filter){ .until_wall_ms = 1 }).n, 0);
	assert_int_equal(list((struct audit_filter){ .since_wall_ms = INT64_MAX }).n, 0);
}

static void a_change_that_is_taken_back_takes_its_row_along(void **state)
{
	struct account account = { .name = "dora", .home = "dora", .password_hash = "*" };

	(void)state;
	assert_int_equal(accounts_begin(accounts), 0);
	assert_int_equal(accounts_add(accounts, &account), 0);
	assert_int_equal(add("eve", "user-added", "dora", NULL), 0);
	assert_int_equal(accounts_end(accounts, -EIO), -EIO);
	assert_int_equal(accounts_get(accounts, T("dora"), &account), -ENOENT);
	assert_int_equal(list((struct audit_filter){ .who = "eve" }).n, 0);

	assert_int_equal(accounts_begin(accounts), 0);
	assert_int_equal(accounts_begin(accounts), 0);
	assert_int_equal(accounts_add(accounts, &account), 0);
	assert_int_equal(accounts_end(accounts, 0), 0);
	assert_int_equal(add("eve", "user-added", "dora", NULL), 0);
	assert_int_equal(accounts_get(accounts, T("dora"), &account), -ENOENT);
	assert_int_equal(accounts_end(accounts, 0), 0);
	assert_int_equal(accounts_get(accounts, T("dora"), &account), 0);
	assert_int_equal(list((struct audit_filter){ .who = "eve" }).n, 1);

	/* What failed within fails all of it. */
	assert_int_equal(accounts_begin(accounts), 0);
	assert_int_equal(accounts_delete(accounts, T("dora")), 0);
	assert_int_equal(accounts_begin(accounts), 0);
	assert_int_equal(accounts_end(accounts, -ENOENT), -ENOENT);
	assert_int_equal(accounts_end(accounts, 0), -ECANCELED);
	assert_int_equal(accounts_get(accounts, T("dora"), &account), 0);
}

static void old_rows_leave(void **state)
{
	(void)state;
	size_t before = list((struct audit_filter){ 0 }).n;

	assert_true(before > 2);
	assert_int_equal(audit_prune(accounts, 1000), 0);
	assert_int_equal(audit_prune(accounts, 2), before - 2);
	assert_int_equal(list((struct audit_filter){ 0 }).n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found_by_filter),
		cmocka_unit_test(a_change_that_is_taken_back_takes_its_row_along),
		cmocka_unit_test(old_rows_leave),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
