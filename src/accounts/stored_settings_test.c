/* Tests of the settings that the database keeps: what is read is what was stored, all or none. */
#include "accounts/stored_settings.h"

#include "accounts/accounts.h"
#include "base/test.h"

static char directory[64], path[96];
static struct accounts *accounts;
static struct shelf *shelf;

static int set_up(void **state)
{
	struct database_error error;

	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/sallyport-stored-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/accounts.db", directory);
	if (accounts_open(path, &accounts, &error) < 0)
		return -1;
	return shelf_open(path, &shelf, &error);
}

static int tear_down(void **state)
{
	static const char *const names[] = { "accounts.db", "accounts.db-wal", "accounts.db-shm" };

	(void)state;
	shelf_free(&shelf);
	accounts_free(&accounts);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
	return rmdir(directory);
}

static void what_is_not_there_holds_none(void **state)
{
	struct stored_list list;

	(void)state;
	assert_int_equal(stored_settings_read("/nonexistent/accounts.db", &list), 0);
	assert_int_equal(list.n, 0);
	stored_list_release(&list);
	assert_int_equal(stored_settings_read(path, &list), 0);
	assert_int_equal(list.n, 0);
	stored_list_release(&list);
}

static void changes_are_read_back_by_anyone(void **state)
{
	const struct stored_change first[] = { { "idle_timeout", "90" }, { "banner", "a\"b" } };
	const struct stored_change second[] = { { "banner", NULL }, { "umask", "27" } };
	struct stored_list list;

	(void)state;
	assert_int_equal(stored_settings_change(shelf, first, 2), 0);
	assert_int_equal(stored_settings_get(shelf, &list), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.items[0].name, "banner");
	assert_string_equal(list.items[0].value, "a\"b");
	stored_list_release(&list);
	assert_int_equal(stored_settings_change(shelf, second, 2), 0);
	assert_int_equal(stored_settings_read(path, &list), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.items[1].name, "umask");
	assert_string_equal(list.items[1].value, "27");
	stored_list_release(&list);
}

static void long_values_keep_their_places(void **state)
{
	struct stored_list list = { 0 };
	char value[1024];

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < STORED_SETTINGS_MAX; i++) {
		value[0] = (char)('a' + i % 26);
		assert_int_equal(stored_list_add(&list, "name", value), 0);
	}
	assert_int_equal(stored_list_add(&list, "name", value), -E2BIG);
	for (int i = 0; i < STORED_SETTINGS_MAX; i++)
		assert_int_equal(list.items[i].value[0], 'a' + i % 26);
	stored_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_not_there_holds_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changes_are_read_back_by_anyone, set_up, tear_down),
		cmocka_unit_test(long_values_keep_their_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
