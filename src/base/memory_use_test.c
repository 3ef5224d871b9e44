/* base/memory_use_test.c - memory in use shows, and goes again. */
#include "base/memory_use.h"

#include <sys/mman.h>

#include "base/test.h"

#define MUCH (64UL * 1024 * 1024)

static void what_is_taken_shows(void **state)
{
	AUTO_CLOSE int fd = memory_use_open();

	(void)state;
	assert_true(fd >= 0);
	uint64_t before = memory_use_read(fd);
	assert_true(before > 0);
	void *much = mmap(NULL, MUCH, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_ptr_not_equal(much, MAP_FAILED);
	uint64_t with = memory_use_read(fd);
	assert_int_equal(munmap(much, MUCH), 0);
	assert_true(with >= before + MUCH / 2);
	assert_true(memory_use_read(fd) < with);
}

static void without_a_descriptor_nothing_is_told(void **state)
{
	(void)state;
	assert_int_equal(memory_use_read(-1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken_shows),
		cmocka_unit_test(without_a_descriptor_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
