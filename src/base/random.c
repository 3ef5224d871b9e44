/* base/random.c - see random.h. */
#include "base/random.h"

#include <assert.h>
#include <pthread.h>
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

/* Numbers in stock: a system call for each would be most of its price. Children of a fork must not
 * draw the same ones; only the thread that forks lives on in them. */
#define STOCK 64

static _Thread_local struct {
	uint32_t numbers[STOCK];
	size_t left;
} stock;

static void forget_stock(void)
{
	stock.left = 0;
}

__attribute__((constructor)) static void forget_at_fork(void)
{
	if (pthread_atfork(NULL, NULL, forget_stock) != 0)
		abort();
}

static uint32_t draw(void)
{
	if (stock.left == 0) {
		random_bytes(stock.numbers, sizeof(stock.numbers));
		stock.left = STOCK;
	}
	return stock.numbers[--stock.left];
}

uint32_t random_below(uint32_t below)
{
	uint32_t value, limit;

	assert(below > 0);
	limit = UINT32_MAX - UINT32_MAX % below; /* the last whole multiple: no bias */
	do {
		value = draw();
	} while (value >= limit);
	return value % below;
}
