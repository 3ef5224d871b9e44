/* base/size.c - see size.h. */
#include "base/size.h"

static const char units[] = { 'K', 'M', 'G', 'T' };

static int take_factor(struct text unit, uint64_t *ret)
{
	*ret = 1;
	if (unit.len == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		*ret *= 1024;
		if (text_equal_nocase(unit, (struct text){ &units[i], 1 }))
			return 0;
	}
	return -EINVAL;
}

int size_parse(struct text in, uint64_t *ret)
{
	struct text rest = in;
	uint64_t value, factor;

	if (in.len == 0 || in.ptr[0] < '0' || in.ptr[0] > '9')
		return -EINVAL;
	if (!text_take_uint(&rest, SIZE_MOST, &value))
		return -ERANGE;
	int r = take_factor(rest, &factor);
	if (r < 0)
		return r;
	if (value > SIZE_MOST / factor)
		return -ERANGE;
	*ret = value * factor;
	return 0;
}

void size_format(uint64_t bytes, struct buf *out)
{
	size_t unit = 0;

	while (bytes > 0 && bytes % 1024 == 0 && unit < ARRAY_SIZE(units)) {
		bytes /= 1024;
		unit++;
	}
	buf_addf(out, "%" PRIu64, bytes);
	if (unit > 0)
		buf_add_char(out, units[unit - 1]);
}
