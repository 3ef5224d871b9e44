/* base/random.h - random bytes from the kernel. Threads: any. Source: getrandom(2). */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/common.h"

/* Fills dst; ends the process when the kernel has no randomness to give, since nothing that we do
 * with it (ports, keys, identities) is safe without. */
void random_bytes(void *dst, size_t len);

/* An unbiased number in [0, below); below must not be 0. */
uint32_t random_below(uint32_t below);

#endif
