/* ipc/tally_test.c - what one process counts, another one reads. */
#include "ipc/tally.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

static void all_processes_count_together(void **state)
{
	struct tally *tally = tally_new();
	int status = -1;

	(void)state;
	assert_non_null(tally);
	pid_t pid = fork();
	if (pid == 0) {
		tally_add(tally, TALLY_CAUSES, 20, 2);
		_exit(0);
	}
	tally_add(tally, TALLY_CAUSES, 20, 3);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(tally_get(tally, TALLY_CAUSES, 20), 5);
	assert_int_equal(tally_get(tally, TALLY_CAUSES, 21), 0);
	assert_int_equal(tally_get(tally, TALLY_LOGINS, 20), 0);
}

static void a_column_that_is_too_large_counts_in_the_last_one(void **state)
{
	struct tally *tally = tally_new();

	(void)state;
	assert_non_null(tally);
	tally_add(tally, TALLY_ROWS - 1, UINT32_MAX, 1);
	assert_int_equal(tally_get(tally, TALLY_ROWS - 1, TALLY_COLUMNS - 1), 1);
}

static void without_a_tally_nothing_is_counted(void **state)
{
	(void)state;
	tally_add(NULL, TALLY_LOGINS, 0, 1);
	assert_int_equal(tally_get(NULL, TALLY_LOGINS, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_processes_count_together),
		cmocka_unit_test(a_column_that_is_too_large_counts_in_the_last_one),
		cmocka_unit_test(without_a_tally_nothing_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
