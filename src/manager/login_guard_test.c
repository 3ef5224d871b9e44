/* manager/login_guard_test.c - who has failed often waits; others do not. */
#include "base/test.h"

#include "manager/login_guard.h"

static int64_t now_ms;
static struct login_guard *guard;

static int64_t now(void)
{
	return now_ms;
}

static int make_guard(void **state)
{
	(void)state;
	now_ms = 1000;
	guard = login_guard_new(now);
	return guard ? 0 : -1;
}

static int free_guard(void **state)
{
	(void)state;
	login_guard_free(&guard);
	return 0;
}

static void an_address_waits_after_its_failures(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LOGIN_GUARD_ADDRESS_MOST; i++) {
		assert_int_equal(login_guard_wait_s(guard, "192.0.2.1", "ann", true), 0);
		login_guard_failed(guard, "192.0.2.1", i % 2 ? "ann" : "bob");
	}
	assert_int_equal(login_guard_wait_s(guard, "192.0.2.1", "ann", true), 300);
	assert_int_equal(login_guard_wait_s(guard, "192.0.2.1", "carl", false), 300);
	assert_int_equal(login_guard_wait_s(guard, "192.0.2.2", "ann", false), 0);
	now_ms += 299500;
	assert_int_equal(login_guard_wait_s(guard, "192.0.2.1", "ann", false), 1);
	now_ms += 500;
	assert_int_equal(login_guard_wait_s(guard, "192.0.2.1", "ann", false), 0);
}

static void a_name_waits_but_not_at_home(void **state)
{
	char from[32];

	(void)state;
	for (unsigned i = 0; i < LOGIN_GUARD_NAME_MOST; i++) {
		(void)snprintf(from, sizeof(from), "192.0.2.%u", i);
		login_guard_failed(guard, from, "ann");
	}
	assert_int_equal(login_guard_wait_s(guard, "198.51.100.1", "ann", false), 300);
	assert_int_equal(login_guard_wait_s(guard, "198.51.100.1", "ann", true), 0);
	assert_int_equal(login_guard_wait_s(guard, "198.51.100.1", "bob", false), 0);
}

static void success_forgives(void **state)
{
	(void)state;
	for (unsigned i = 0; i + 1 < LOGIN_GUARD_ADDRESS_MOST; i++)
		login_guard_failed(guard, "192.0.2.1", "ann");
	login_guard_succeeded(guard, "192.0.2.1", "ann");
	login_guard_failed(guard, "192.0.2.1", "ann");
	assert_int_equal(login_guard_wait_s(guard, "192.0.2.1", "ann", false), 0);
}

static void a_network_of_ipv6_is_one_address(void **state)
{
	char from[48];

	(void)state;
	for (unsigned i = 0; i < LOGIN_GUARD_ADDRESS_MOST; i++) {
		(void)snprintf(from, sizeof(from), "2001:db8::%u", i);
		login_guard_failed(guard, from, from);
	}
	assert_true(login_guard_wait_s(guard, "2001:db8::ffff", "ann", false) > 0);
	assert_int_equal(login_guard_wait_s(guard, "2001:db8:0:1::1", "ann", false), 0);
}

static void a_flood_stays_within_the_table(void **state)
{
	char from[32];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		(void)snprintf(from, sizeof(from), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		login_guard_failed(guard, from, "ann");
	}
	/* The name itself may have been pushed out between two floods; it counts anew at once. */
	for (unsigned i = 0; i < LOGIN_GUARD_NAME_MOST; i++)
		login_guard_failed(guard, "192.0.2.1", "ann");
	assert_true(login_guard_wait_s(guard, "192.0.2.9", "ann", false) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_address_waits_after_its_failures, make_guard,
						free_guard),
		cmocka_unit_test_setup_teardown(a_name_waits_but_not_at_home, make_guard,
						free_guard),
		cmocka_unit_test_setup_teardown(success_forgives, make_guard, free_guard),
		cmocka_unit_test_setup_teardown(a_network_of_ipv6_is_one_address, make_guard,
						free_guard),
		cmocka_unit_test_setup_teardown(a_flood_stays_within_the_table, make_guard,
						free_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
