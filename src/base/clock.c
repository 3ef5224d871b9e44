/* base/clock.c - see clock.h. */
#include "base/clock.h"

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts); /* cannot fail for these clocks */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_coarse_ms(void)
{
	return read_ms(CLOCK_MONOTONIC_COARSE);
}

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int deadline_left(int64_t deadline_ms)
{
	if (deadline_ms == DEADLINE_NEVER)
		return -1;

	int64_t left = deadline_ms - clock_ms();

	if (left <= 0)
		return 0;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

void clock_format_iso(int64_t wall_ms, char ret[static CLOCK_ISO_SIZE])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(ret, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		ret[0] = '\0';
		return;
	}
	size_t len = strlen(ret);
	(void)snprintf(ret + len, CLOCK_ISO_SIZE - len, ".%03dZ", (int)(wall_ms % 1000));
}
