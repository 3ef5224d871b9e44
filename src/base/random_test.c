/* base/random_test.c - random numbers stay below their limit and reach all of it. */
#include "base/test.h"

#include "base/random.h"

static void numbers_stay_below_and_reach_every_value(void **state)
{
	(void)state;
	unsigned seen[51] = { 0 };

	/* A value that 20,000 draws miss would have a chance below 1e-170. */
	for (size_t i = 0; i < 20000; i++) {
		uint32_t value = random_below(51);
		assert_true(value < 51);
		seen[value]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		assert_true(seen[i] > 0);
}

static void the_extremes_are_fine(void **state)
{
	(void)state;
	assert_int_equal(random_below(1), 0);
	assert_true(random_below(UINT32_MAX) < UINT32_MAX);
	assert_true(random_below(0x80000001u) < 0x80000001u);
}

static void bytes_fill_exactly_what_was_asked(void **state)
{
	(void)state;
	uint8_t a[66] = { 0 }, b[66] = { 0 }, zeros[16] = { 0 };

	random_bytes(a, 64);
	random_bytes(b, 64);
	assert_memory_not_equal(a, b, 64);
	assert_memory_not_equal(a + 48, zeros, 16);
	assert_memory_equal(a + 64, zeros, 2);
	random_bytes(a, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stay_below_and_reach_every_value),
		cmocka_unit_test(the_extremes_are_fine),
		cmocka_unit_test(bytes_fill_exactly_what_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
