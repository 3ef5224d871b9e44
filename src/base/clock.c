/* base/clock.c - see clock.h. */
#include "base/clock.h"

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts); /* cannot fail for these clocks */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
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

int64_t clock_wall_coarse_ms(void)
{
	return read_ms(CLOCK_REALTIME_COARSE);
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
	/* Lines of the log come many to a second. */
	static _Thread_local char last_text[CLOCK_ISO_SIZE];
	static _Thread_local time_t last_seconds;
	static _Thread_local size_t last_len;
	time_t seconds = (time_t)(wall_ms / 1000);
	int ms = (int)(wall_ms % 1000);
	struct tm tm;

	if (last_len == 0 || seconds != last_seconds) {
		last_seconds = seconds;
		last_len = gmtime_r(&seconds, &tm) ? strftime(last_text, sizeof(last_text),
							      "%Y-%m-%dT%H:%M:%S", &tm)
						   : 0;
	}
	if (last_len == 0 || ms < 0 || last_len + sizeof(".123Z") > CLOCK_ISO_SIZE) {
		ret[0] = '\0';
		return;
	}
	memcpy(ret, last_text, last_len);
	ret += last_len;
	ret[0] = '.';
	ret[1] = (char)('0' + ms / 100);
	ret[2] = (char)('0' + ms / 10 % 10);
	ret[3] = (char)('0' + ms % 10);
	ret[4] = 'Z';
	ret[5] = '\0';
}

/* Exactly `digits` digits and then the byte `after`, unless that is 0. */
static bool take_field(struct text *in, size_t digits, char after, int *ret)
{
	struct text field = { in->ptr, digits };
	uint64_t value;

	if (in->len < digits || text_to_uint(field, 9999, &value) < 0)
		return false;
	in->ptr += digits;
	in->len -= digits;
	*ret = (int)value;
	return after == '\0' || text_skip_char(in, after);
}

/* ".123Z" or "Z"; digits beyond the milliseconds are dropped. */
static bool take_fraction(struct text *in, int *ret_ms)
{
	int ms = 0, weight = 100;

	if (text_skip_char(in, '.')) {
		size_t n = 0;
		for (; n < in->len && in->ptr[n] >= '0' && in->ptr[n] <= '9'; n++) {
			ms += (in->ptr[n] - '0') * weight;
			weight /= 10;
		}
		if (n == 0)
			return false;
		*in = (struct text){ in->ptr + n, in->len - n };
	}
	*ret_ms = ms;
	return text_equal(*in, T("Z"));
}

int clock_parse_iso(struct text in, int64_t *ret_ms)
{
	struct tm tm = { 0 };
	int ms;

	if (!take_field(&in, 4, '-', &tm.tm_year) || !take_field(&in, 2, '-', &tm.tm_mon) ||
	    !take_field(&in, 2, 'T', &tm.tm_mday) || !take_field(&in, 2, ':', &tm.tm_hour) ||
	    !take_field(&in, 2, ':', &tm.tm_min) || !take_field(&in, 2, '\0', &tm.tm_sec) ||
	    !take_fraction(&in, &ms))
		return -EINVAL;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret_ms = (int64_t)timegm(&tm) * 1000 + ms;
	return 0;
}
