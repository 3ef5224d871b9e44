/* ipc/buckets_test.c - tokens against a clock of our own, and shared by two processes. */
#include "base/test.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "ipc/buckets.h"

#define SECOND_NS INT64_C(1000000000)
#define START (INT64_C(1000) * SECOND_NS) /* some time after the machine came up */

/* Takes slices as fast as allowed until the end, each taker `late_ns` after its time. Returns the
 * bytes that flowed. */
static uint64_t run(struct bucket *bucket, uint64_t rate, int64_t from, int64_t end,
		    int64_t late_ns)
{
	uint64_t bytes = 0;
	int64_t now = from;

	for (;;) {
		int64_t at = bucket_take(bucket, rate, bucket_slice(rate), now);

		if (at >= end)
			return bytes;
		now = at + (at > now ? late_ns : 0);
		bytes += bucket_slice(rate);
	}
}

static void assert_near(uint64_t bytes, uint64_t expected)
{
	assert_in_range(bytes, expected - expected / 40, expected + expected / 40);
}

static void a_rate_is_kept_at_every_speed(void **state)
{
	static const uint64_t rates[] = { 1000, 64 * 1024, 1000000, 125000000, 5000000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct bucket bucket = { 0 };

		assert_near(run(&bucket, rates[i], START, START + 10 * SECOND_NS, 0),
			    rates[i] * 10);
	}
}

static void who_wakes_up_late_catches_up(void **state)
{
	(void)state;
	struct bucket bucket = { 0 };

	/* Each wait takes 8 ms longer than it should. */
	assert_near(run(&bucket, 1000000, START, START + 10 * SECOND_NS, 8000000), 10000000);
}

static void idling_saves_nothing_up(void **state)
{
	(void)state;
	struct bucket bucket = { 0 };
	int64_t later = START + 60 * SECOND_NS;

	assert_near(run(&bucket, 1000000, START, START + SECOND_NS, 0), 1000000);
	assert_near(run(&bucket, 1000000, later, later + SECOND_NS, 0), 1000000);
}

static void slices_flow_one_by_one_and_not_once_a_second(void **state)
{
	(void)state;
	struct bucket bucket = { 0 };
	int64_t before = START;

	for (int i = 0; i < 100; i++) {
		int64_t at = bucket_take(&bucket, 1000000, bucket_slice(1000000), before);

		assert_true(at - before <= SECOND_NS / 50);
		before = at;
	}
}

static void takers_get_the_same_share(void **state)
{
	(void)state;
	struct bucket bucket = { 0 };
	int64_t at[10];
	uint64_t bytes[10] = { 0 }, slice = bucket_slice(1000000);

	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		at[i] = bucket_take(&bucket, 1000000, slice, START);
	for (;;) {
		size_t next = 0;

		for (size_t i = 1; i < ARRAY_SIZE(at); i++)
			if (at[i] < at[next])
				next = i;
		if (at[next] >= START + 10 * SECOND_NS)
			break;
		bytes[next] += slice;
		at[next] = bucket_take(&bucket, 1000000, slice, at[next]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		assert_near(bytes[i], 1000000);
}

static void what_is_given_back_is_there_for_others(void **state)
{
	(void)state;
	struct bucket bucket = { 0 };

	assert_int_equal(bucket_take(&bucket, 1000, 500, START), START);
	assert_int_equal(bucket_take(&bucket, 1000, 500, START), START + SECOND_NS / 2);
	bucket_give_back(&bucket, 1000, 500);
	assert_int_equal(bucket_take(&bucket, 1000, 500, START), START + SECOND_NS / 2);
}

/* Takes `n` slices at one moment and leaves. */
static pid_t fork_taker(struct bucket *bucket, unsigned n)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	for (unsigned i = 0; i < n; i++)
		(void)!bucket_take(bucket, 1000000, 1000, START);
	_exit(0);
}

static void two_processes_share_a_bucket_to_the_byte(void **state)
{
	(void)state;
	struct bucket *bucket = mmap(NULL, sizeof(*bucket), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	assert_ptr_not_equal(bucket, MAP_FAILED);
	pid_t one = fork_taker(bucket, 100000), two = fork_taker(bucket, 100000);
	assert_int_equal(waitpid(one, &status, 0), one);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(two, &status, 0), two);
	assert_int_equal(status, 0);
	/* 200,000 slices of 1 ms each. */
	assert_int_equal(bucket_take(bucket, 1000000, 1000, START), START + 200 * SECOND_NS);
	(void)munmap(bucket, sizeof(*bucket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_kept_at_every_speed),
		cmocka_unit_test(who_wakes_up_late_catches_up),
		cmocka_unit_test(idling_saves_nothing_up),
		cmocka_unit_test(slices_flow_one_by_one_and_not_once_a_second),
		cmocka_unit_test(takers_get_the_same_share),
		cmocka_unit_test(what_is_given_back_is_there_for_others),
		cmocka_unit_test(two_processes_share_a_bucket_to_the_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
