/* ipc/seqlock.c - see seqlock.h. */
#include "ipc/seqlock.h"

#include <assert.h>

/* A writer needs a microsecond; only one that lost its CPU (or its life) takes longer. */
#define QUICK_TRIES 100
#define SLOW_TRIES 200
#define SLOW_PAUSE_NS 100000

void seqlock_write(struct seqlock *lock, _Atomic uint64_t *words, const void *in, size_t len)
{
	seqlock_write_part(lock, words, 0, in, len);
}

void seqlock_write_part(struct seqlock *lock, _Atomic uint64_t *words, size_t start, const void *in,
			size_t len)
{
	assert(start % 8 == 0);
	words += start / 8;

	/* It is odd already when the writer before us was killed. */
	uint32_t odd = atomic_load_explicit(&lock->sequence, memory_order_relaxed) | 1;
	const char *from = in;

	atomic_store_explicit(&lock->sequence, odd, memory_order_relaxed);
	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = 0;

		memcpy(&word, from + at, MIN_OF(len - at, (size_t)8));
		atomic_store_explicit(&words[at / 8], word, memory_order_release);
	}
	atomic_store_explicit(&lock->sequence, odd + 1, memory_order_release);
}

static bool try_read(const struct seqlock *lock, const _Atomic uint64_t *words, void *ret,
		     size_t len)
{
	uint32_t before = atomic_load_explicit(&lock->sequence, memory_order_acquire);
	char *to = ret;

	if (before & 1)
		return false;
	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = atomic_load_explicit(&words[at / 8], memory_order_acquire);

		memcpy(to + at, &word, MIN_OF(len - at, (size_t)8));
	}
	return atomic_load_explicit(&lock->sequence, memory_order_relaxed) == before;
}

bool seqlock_read(const struct seqlock *lock, const _Atomic uint64_t *words, void *ret, size_t len)
{
	for (unsigned i = 0; i < QUICK_TRIES; i++)
		if (try_read(lock, words, ret, len))
			return true;
	for (unsigned i = 0; i < SLOW_TRIES; i++) {
		const struct timespec pause = { .tv_nsec = SLOW_PAUSE_NS };

		(void)nanosleep(&pause, NULL); /* shorter after a signal, which is fine */
		if (try_read(lock, words, ret, len))
			return true;
	}
	return false;
}
