/* ipc/bans.c - see bans.h. */
#include "ipc/bans.h"

#include <sys/mman.h>

#include "ipc/seqlock.h"

#define TRIES 50

struct list_of_bans {
	uint64_t n;
	struct ban_entry entries[BANS_MAX];
};

struct bans {
	_Atomic uint64_t n; /* as in the list: where it is 0, nobody looks any further */
	struct seqlock lock;
	_Atomic uint64_t words[SEQLOCK_WORDS(sizeof(struct list_of_bans))];
};

static size_t size_of(size_t n)
{
	return offsetof(struct list_of_bans, entries) + n * sizeof(struct ban_entry);
}

struct bans *bans_new(void)
{
	struct bans *bans = mmap(NULL, sizeof(*bans), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return bans == MAP_FAILED ? NULL : bans;
}

void bans_publish(struct bans *bans, const struct ban_entry *entries, size_t n)
{
	struct list_of_bans list = { .n = MIN_OF(n, (size_t)BANS_MAX) };

	for (size_t i = 0; i < list.n; i++)
		list.entries[i] = entries[i];
	seqlock_write(&bans->lock, bans->words, &list, size_of(list.n));
	atomic_store(&bans->n, list.n);
}

static bool read_list(const struct bans *bans, struct list_of_bans *ret)
{
	for (int i = 0; i < TRIES; i++) {
		size_t n = MIN_OF(atomic_load(&bans->n), (uint64_t)BANS_MAX);

		/* The list may have grown between the two reads. */
		if (seqlock_read(&bans->lock, bans->words, ret, size_of(n)) && ret->n <= n)
			return true;
	}
	return false;
}

bool bans_find(const struct bans *bans, const struct address *peer, int64_t now_wall_ms,
	       struct ban_entry *ret)
{
	struct list_of_bans list;

	if (atomic_load(&bans->n) == 0 || !read_list(bans, &list))
		return false;
	for (size_t i = 0; i < list.n; i++) {
		const struct ban_entry *entry = &list.entries[i];

		if ((entry->until_wall_ms != 0 && entry->until_wall_ms <= now_wall_ms) ||
		    !network_contains(&entry->network, peer))
			continue;
		*ret = *entry;
		return true;
	}
	return false;
}
