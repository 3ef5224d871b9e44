/* ipc/seqlock.h - a struct in shared memory with one writer and any number of readers that never
 * wait for it: readers copy, and copy again when the writer was at work meanwhile.
 *
 * The bytes travel as 64-bit atomic words, stored with release and loaded with acquire order: a
 * reader that saw one word of a write also sees that the sequence was odd, so no fences are needed
 * and ThreadSanitizer can follow. A writer that is killed in the middle leaves an odd sequence:
 * readers give up after a bounded time, and the next write heals it.
 * Threads and processes: seqlock_write one at a time per lock, seqlock_read any. */
#ifndef IPC_SEQLOCK_H
#define IPC_SEQLOCK_H

#include <stdatomic.h>

#include "base/common.h"

#define SEQLOCK_WORDS(bytes) (((bytes) + 7) / 8)

/* The number of writes, times two; odd while one goes on. Zero bytes are a good start. */
struct seqlock {
	_Atomic uint32_t sequence;
};

/* words has room for SEQLOCK_WORDS(len). */
void seqlock_write(struct seqlock *lock, _Atomic uint64_t *words, const void *in, size_t len);
/* Only the bytes from at on, a multiple of 8: the others stay. */
void seqlock_write_part(struct seqlock *lock, _Atomic uint64_t *words, size_t at, const void *in,
			size_t len);

/* False when no consistent copy was had within some 20 ms; ret then holds no useful bytes. */
bool seqlock_read(const struct seqlock *lock, const _Atomic uint64_t *words, void *ret,
		  size_t len) MUST_CHECK;

#endif
