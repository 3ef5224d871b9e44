/* accounts/account_page_test.c - many accounts, a page at a time. */
#include "base/test.h"

#include "accounts/account_page.h"
#include "accounts/rights.h"

static char folder[] = "/tmp/account_page_test.XXXXXX";
static char path[64];
static struct accounts *accounts;

static void add(const char *name, const char *home, bool is_enabled, const char *group)
{
	struct account account = { .is_enabled = is_enabled };
	struct rights rights = { .inherits_permissions = true };

	assert_int_equal(text_copy(text_of(name), account.name, sizeof(account.name)), 0);
	assert_int_equal(text_copy(text_of(home), account.home, sizeof(account.home)), 0);
	assert_int_equal(text_copy(text_of(group), rights.group, sizeof(rights.group)), 0);
	assert_int_equal(rights_add_account(accounts, &account,
					    *group ? RIGHTS_GROUP | RIGHTS_INHERITS : 0, &rights),
			 0);
}

static int open_all(void **state)
{
	struct group staff = { .name = "staff" };
	struct database_error error;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/accounts.db", folder);
	if (accounts_open(path, &accounts, &error) < 0 || group_add(accounts, &staff) < 0)
		return -1;
	add("alice", "alice", true, "staff");
	add("Bob", "/srv/scanner", true, "");
	add("bob2", "bob2", false, "staff");
	add("50%_off", "x", true, "");
	add("zoë", "zoë", true, "");
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	accounts_free(&accounts);
	return unlink(path) < 0 || rmdir(folder) < 0 ? -1 : 0;
}

static void add_name(const struct account *account, void *arg)
{
	buf_addf(arg, "%s ", account->name);
}

static void all_pages_have_what_passes_the_filter(void **state)
{
	static const struct {
		struct account_filter filter;
		const char *after;
		unsigned limit;
		const char *names;
		uint64_t total;
	} rows[] = {
		{ { NULL, NULL, -1 }, "", 100, "50%_off Bob alice bob2 zoë ", 5 },
		{ { NULL, NULL, -1 }, "", 2, "50%_off Bob ", 5 },
		{ { NULL, NULL, -1 }, "Bob", 2, "alice bob2 ", 5 },
		{ { NULL, NULL, -1 }, "zoë", 2, "", 5 },
		{ { "bob", NULL, -1 }, "", 100, "Bob bob2 ", 2 },
		{ { "SCAN", NULL, -1 }, "", 100, "Bob ", 1 },
		{ { "%", NULL, -1 }, "", 100, "50%_off ", 1 },
		{ { "_", NULL, -1 }, "", 100, "50%_off ", 1 },
		{ { "zoë", NULL, -1 }, "", 100, "zoë ", 1 },
		{ { "nobody", NULL, -1 }, "", 100, "", 0 },
		{ { "' OR 1=1 --", NULL, -1 }, "", 100, "", 0 },
		{ { NULL, "staff", -1 }, "", 100, "alice bob2 ", 2 },
		{ { NULL, "staff", 1 }, "", 100, "alice ", 1 },
		{ { NULL, NULL, 0 }, "", 100, "bob2 ", 1 },
		{ { NULL, "nogroup", -1 }, "", 100, "", 0 },
	};
	char storage[256];
	uint64_t total;
	struct buf names;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		buf_init(&names, storage, sizeof(storage));
		storage[0] = '\0';
		assert_int_equal(account_page(accounts, &rows[i].filter, rows[i].after,
					      rows[i].limit, add_name, &names),
				 0);
		assert_string_equal(storage, rows[i].names);
		assert_int_equal(account_count(accounts, &rows[i].filter, &total), 0);
		assert_int_equal(total, rows[i].total);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_pages_have_what_passes_the_filter),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
