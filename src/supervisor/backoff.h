/* supervisor/backoff.h - how long to wait before a dead child is started again.
 * At once the first time; while deaths follow each other within ten seconds of a start the pause
 * grows, so that a child that cannot start does not eat the machine. Pure. */
#ifndef SUPERVISOR_BACKOFF_H
#define SUPERVISOR_BACKOFF_H

#include "base/common.h"

#define BACKOFF_HEALTHY_MS 10000

struct backoff {
	unsigned n_quick_deaths; /* zero-filled is a fresh start */
};

/* A child that lived for lived_ms has died: the pause before the next one, in milliseconds. */
int64_t backoff_next_ms(struct backoff *backoff, int64_t lived_ms);

#endif
