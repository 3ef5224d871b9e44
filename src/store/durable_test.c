/* Tests of store/durable.h: all that come are served, with fewer rounds than calls. */
#include <fcntl.h>
#include <pthread.h>

#include "base/test.h"
#include "store/durable.h"

#define THREADS 16
#define CALLS 20

static void *call_often(void *arg)
{
	int directory = *(const int *)arg;

	for (int i = 0; i < CALLS; i++)
		if (durable_directory(directory) != 0)
			return arg;
	return NULL;
}

static void test_what_cannot_be_committed(void **state)
{
	int pipe_ends[2];

	(void)state;
	assert_int_equal(durable_file(-1), -EBADF);
	assert_int_equal(durable_directory(-1), -EBADF);
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_int_equal(durable_directory(pipe_ends[0]), -ENOTDIR);
	assert_int_equal(durable_file(pipe_ends[0]), -EINVAL);
	(void)close(pipe_ends[0]);
	(void)close(pipe_ends[1]);
}

static void test_many_threads_share_rounds(void **state)
{
	AUTO_CLOSE int directory = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	pthread_t threads[THREADS];
	uint64_t before = durable_rounds();

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, &directory), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed;
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_in_range(durable_rounds() - before, CALLS, THREADS * CALLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_be_committed),
		cmocka_unit_test(test_many_threads_share_rounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
