/* ipc/buckets.c - see buckets.h. */
#include "ipc/buckets.h"

#define SECOND_NS INT64_C(1000000000)
#define CATCH_UP_NS (SECOND_NS / 4)
#define SLICES_PER_SECOND 50
#define SMALLEST_SLICE ((uint64_t)256)
#define LARGEST_SLICE ((uint64_t)256 * 1024)

uint64_t bucket_slice(uint64_t rate)
{
	uint64_t slice = rate / SLICES_PER_SECOND;

	return MIN_OF(MAX_OF(slice, SMALLEST_SLICE), LARGEST_SLICE);
}

/* Rounded up, so that many small pieces are not for free. */
static int64_t cost_ns(uint64_t rate, uint64_t bytes)
{
	uint64_t most = UINT64_MAX / SECOND_NS - 1;

	return (int64_t)((MIN_OF(bytes, most) * (uint64_t)SECOND_NS + rate - 1) / rate);
}

static int64_t start_ns(int64_t free_ns, int64_t now_ns)
{
	if (free_ns < now_ns - SECOND_NS)
		return now_ns; /* it was idle */
	return MAX_OF(free_ns, now_ns - CATCH_UP_NS);
}

int64_t bucket_take(struct bucket *bucket, uint64_t rate, uint64_t bytes, int64_t now_ns)
{
	int64_t cost = cost_ns(rate, bytes), start;
	int64_t free_ns = atomic_load_explicit(&bucket->free_ns, memory_order_relaxed);

	do {
		start = start_ns(free_ns, now_ns);
	} while (!atomic_compare_exchange_weak_explicit(&bucket->free_ns, &free_ns, start + cost,
							memory_order_relaxed,
							memory_order_relaxed));
	return MAX_OF(start, now_ns);
}

void bucket_give_back(struct bucket *bucket, uint64_t rate, uint64_t bytes)
{
	(void)atomic_fetch_sub_explicit(&bucket->free_ns, cost_ns(rate, bytes),
					memory_order_relaxed);
}
