/* supervisor/backoff.c - see backoff.h. */
#include "supervisor/backoff.h"

static const int64_t pauses_ms[] = { 0, 100, 500, 1000, 2000, 5000, 10000 };

int64_t backoff_next_ms(struct backoff *backoff, int64_t lived_ms)
{
	if (lived_ms >= BACKOFF_HEALTHY_MS)
		backoff->n_quick_deaths = 0;

	int64_t pause_ms = pauses_ms[backoff->n_quick_deaths];

	if (backoff->n_quick_deaths + 1 < ARRAY_SIZE(pauses_ms))
		backoff->n_quick_deaths++;
	return pause_ms;
}
