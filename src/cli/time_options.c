/* cli/time_options.c - see time_options.h. */
#include "cli/time_options.h"

#include "base/clock.h"
#include "cli/complain.h"

/* "2h" as a span in milliseconds. */
static int parse_span(struct text in, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
	uint64_t n;

	if (!text_take_uint(&in, 1000000, &n))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!text_equal(in, text_of(units[i].unit)))
			continue;
		*ret_ms = (int64_t)n * units[i].ms;
		return 0;
	}
	return -EINVAL;
}

int time_option_add(const struct cli *cli, const char *option, const char *parameter,
		    struct buf *query)
{
	const char *given = arguments_option(&cli->arguments, option);
	char iso[CLOCK_ISO_SIZE];
	int64_t ms;

	if (!given)
		return EXIT_OK;
	if (parse_span(text_of(given), &ms) == 0) {
		ms = clock_wall_ms() - ms;
	} else if (clock_parse_iso(text_of(given), &ms) < 0) {
		complain(
			"--%s: \"%s\" is no time; allowed: 2026-11-20T11:17:40Z, or 90s, 30m, 2h, 7d",
			option, given);
		return EXIT_USAGE;
	}
	clock_format_iso(MAX_OF(ms, 1), iso);
	buf_addf(query, "%s%s", parameter, iso);
	return EXIT_OK;
}
