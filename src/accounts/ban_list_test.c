/* accounts/ban_list_test.c - bans are kept, replaced, removed, and forgotten when they expire. */
#include "base/test.h"

#include "accounts/ban_list.h"

static char folder[] = "/tmp/ban_list_test.XXXXXX";
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
	(void)state;
	accounts_free(&accounts);
	return unlink(path) < 0 || rmdir(folder) < 0 ? -1 : 0;
}

static void put(const char *network, const char *reason, int64_t expires_ms)
{
	struct ban ban = { .by = "local:0", .created_wall_ms = 7, .expires_wall_ms = expires_ms };

	assert_int_equal(text_copy(text_of(network), ban.network, sizeof(ban.network)), 0);
	assert_int_equal(text_copy(text_of(reason), ban.reason, sizeof(ban.reason)), 0);
	assert_int_equal(ban_list_put(accounts, &ban), 0);
}

struct found {
	size_t n;
	struct ban last;
};

static void note(const struct ban *ban, void *arg)
{
	struct found *found = arg;

	found->n++;
	found->last = *ban;
}

static struct found look(void)
{
	struct found found = { 0 };

	assert_int_equal(ban_list_each(accounts, note, &found), 0);
	return found;
}

static void bans_come_and_go(void **state)
{
	(void)state;
	assert_int_equal(look().n, 0);
	put("203.0.113.0/24", "scanners", 0);
	put("192.0.2.1", "scanner", 1000);
	assert_int_equal(look().n, 2);
	put("203.0.113.0/24", "it's \"quoted\"", 500);

	struct found found = look();

	assert_int_equal(found.n, 2);
	assert_string_equal(found.last.network, "203.0.113.0/24");
	assert_string_equal(found.last.reason, "it's \"quoted\"");
	assert_string_equal(found.last.by, "local:0");
	assert_int_equal(found.last.created_wall_ms, 7);
	assert_int_equal(found.last.expires_wall_ms, 500);
	assert_int_equal(ban_list_remove(accounts, T("192.0.2.1")), 0);
	assert_int_equal(ban_list_remove(accounts, T("192.0.2.1")), -ENOENT);
	assert_int_equal(look().n, 1);
}

static void expired_bans_are_forgotten(void **state)
{
	(void)state;
	put("203.0.113.0/24", "for good", 0);
	put("192.0.2.1", "for a while", 1000);
	assert_int_equal(ban_list_expire(accounts, 999), 0);
	assert_int_equal(ban_list_expire(accounts, 1000), 1);
	assert_int_equal(look().n, 1);
	assert_int_equal(ban_list_remove(accounts, T("203.0.113.0/24")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bans_come_and_go),
		cmocka_unit_test(expired_bans_are_forgotten),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
