/* cli/human.c - see human.h. */
#include "cli/human.h"

#include "base/clock.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

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

int human_parse_iso(struct text in, int64_t *ret_ms)
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
	*ret_ms = (int64_t)timegm(&tm) * SECOND_MS + ms;
	return 0;
}

void human_span(int64_t ms, struct buf *out)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = { { DAY_MS, "d" }, { HOUR_MS, "h" }, { MINUTE_MS, "min" }, { SECOND_MS, "s" } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ms >= units[i].ms) {
			buf_addf(out, "%" PRId64 " %s", ms / units[i].ms, units[i].unit);
			return;
		}
	}
	buf_add(out, T("0 s"));
}

void human_ago(int64_t then_ms, int64_t now_ms, struct buf *out)
{
	char iso[CLOCK_ISO_SIZE];

	if (now_ms - then_ms < 5 * SECOND_MS) {
		buf_add(out, T("just now")); /* or ahead of us: the clocks of two machines */
	} else if (now_ms - then_ms > 60 * DAY_MS) {
		clock_format_iso(then_ms, iso);
		buf_addf(out, "%.10s", iso);
	} else {
		human_span(now_ms - then_ms, out);
		buf_add(out, T(" ago"));
	}
}

void human_bytes(uint64_t bytes, struct buf *out)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t whole = bytes, rest = 0;
	size_t unit = 0;

	if (bytes < 1024) {
		buf_addf(out, "%" PRIu64 " B", bytes);
		return;
	}
	for (; whole >= 1024; unit++) {
		rest = whole % 1024;
		whole /= 1024;
	}
	if (whole < 10 && rest * 10 / 1024 > 0)
		buf_addf(out, "%" PRIu64 ".%" PRIu64 " %s", whole, rest * 10 / 1024,
			 units[unit - 1]);
	else
		buf_addf(out, "%" PRIu64 " %s", whole, units[unit - 1]);
}
