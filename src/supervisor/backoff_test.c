/* supervisor/backoff_test.c - the pauses before a restart. */
#include "supervisor/backoff.h"

#include "base/test.h"

static void quick_deaths_wait_longer_and_longer(void **state)
{
	static const int64_t expected[] = { 0, 100, 500, 1000, 2000, 5000, 10000, 10000, 10000 };
	struct backoff backoff = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_int_equal(backoff_next_ms(&backoff, 5), expected[i]);
}

static void a_child_that_lived_is_replaced_at_once(void **state)
{
	struct backoff backoff = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		(void)backoff_next_ms(&backoff, 5);
	assert_int_equal(backoff_next_ms(&backoff, BACKOFF_HEALTHY_MS), 0);
	assert_int_equal(backoff_next_ms(&backoff, BACKOFF_HEALTHY_MS - 1), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quick_deaths_wait_longer_and_longer),
		cmocka_unit_test(a_child_that_lived_is_replaced_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
