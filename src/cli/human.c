/* cli/human.c - see human.h. */
#include "cli/human.h"

#include "base/clock.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

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
