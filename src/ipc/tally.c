/* ipc/tally.c - see tally.h. */
#include "ipc/tally.h"

#include <stdatomic.h>
#include <sys/mman.h>

struct tally {
	_Atomic uint64_t cells[TALLY_ROWS][TALLY_COLUMNS];
};

struct tally *tally_new(void)
{
	struct tally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return tally == MAP_FAILED ? NULL : tally;
}

void tally_add(struct tally *tally, enum tally_row row, unsigned column, uint64_t n)
{
	if (tally)
		(void)atomic_fetch_add_explicit(
			&tally->cells[row][MIN_OF(column, TALLY_COLUMNS - 1)], n,
			memory_order_relaxed);
}

uint64_t tally_get(const struct tally *tally, enum tally_row row, unsigned column)
{
	return tally ? atomic_load_explicit(&tally->cells[row][MIN_OF(column, TALLY_COLUMNS - 1)],
					    memory_order_relaxed)
		     : 0;
}
