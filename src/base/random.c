/* base/random.c - see random.h. */
#include "base/random.h"

#include <assert.h>
#include <sys/random.h>

void random_bytes(void *dst, size_t len)
{
	char *p = dst;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort();
		p += n;
		len -= (size_t)n;
	}
}

uint32_t random_below(uint32_t below)
{
	uint32_t value, limit;

	assert(below > 0);
	limit = UINT32_MAX - UINT32_MAX % below; /* the last whole multiple: no bias */
	do {
		random_bytes(&value, sizeof(value));
	} while (value >= limit);
	return value % below;
}
