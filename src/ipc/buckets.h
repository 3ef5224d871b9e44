/* ipc/buckets.h - token buckets in shared memory: how fast bytes may flow through one of them, in
 * all of our processes together.
 *
 *	at_ns = bucket_take(bucket, rate, bucket_slice(rate), clock_ns());
 *	... wait until at_ns, then move the slice ...
 *
 * A bucket is one number: the time from which on it is free. Whoever takes a slice books the next
 * free time and moves it on by what the slice costs, so that takers are served in the order in
 * which they came: of several that want more than there is, each gets the same share, and a slice
 * that nobody booked is lost to nobody. Who is late (the machine was busy) may catch up for a
 * quarter of a second; who was idle longer starts anew, without a burst.
 * Threads and processes: any, without locks; a taker that is killed costs the others its slice. */
#ifndef IPC_BUCKETS_H
#define IPC_BUCKETS_H

#include <stdatomic.h>

#include "base/common.h"

/* Zero bytes are a free bucket. */
struct bucket {
	_Atomic int64_t free_ns; /* CLOCK_MONOTONIC */
};

enum direction { DIRECTION_UPLOAD, DIRECTION_DOWNLOAD, DIRECTIONS };

/* What to take at a time at this rate (bytes per second, not 0): a fiftieth of a second's worth,
 * within bounds that keep the cost of taking small. */
uint64_t bucket_slice(uint64_t rate);

/* Books bytes. Returns when they may flow: now_ns or later. */
int64_t bucket_take(struct bucket *bucket, uint64_t rate, uint64_t bytes,
		    int64_t now_ns) MUST_CHECK;
/* Bytes that were taken and will not flow. */
void bucket_give_back(struct bucket *bucket, uint64_t rate, uint64_t bytes);

#endif
