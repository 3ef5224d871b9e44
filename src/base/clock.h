/* base/clock.h - monotonic milliseconds for deadlines, wall time for people.
 * A deadline is a point on the monotonic clock in milliseconds. Threads: any. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/text.h"

#define DEADLINE_NEVER INT64_MAX

/* CLOCK_MONOTONIC in milliseconds; clock_coarse_ms is cheaper and up to 4 ms late. */
int64_t clock_ms(void);
int64_t clock_coarse_ms(void);

/* CLOCK_MONOTONIC in nanoseconds, for what is measured in slices. */
int64_t clock_ns(void);

/* CLOCK_REALTIME in milliseconds since 1970; coarse as above. */
int64_t clock_wall_ms(void);
int64_t clock_wall_coarse_ms(void);

static inline int64_t deadline_in(int64_t ms)
{
	return clock_ms() + ms;
}

/* What poll(2) wants: milliseconds left (0 when past), -1 for DEADLINE_NEVER. */
int deadline_left(int64_t deadline_ms);

/* "2026-11-20T11:17:40.123Z"; always 24 characters and the NUL for years 1970 to 9999. */
#define CLOCK_ISO_SIZE 32
void clock_format_iso(int64_t wall_ms, char ret[static CLOCK_ISO_SIZE]);
/* "2026-11-20T11:17:40Z", with or without a fraction of a second, as milliseconds since 1970.
 * 0, or -EINVAL with *ret_ms untouched. */
int clock_parse_iso(struct text in, int64_t *ret_ms) MUST_CHECK;

#endif
