/* base/size.h - numbers of bytes as people write them: "500", "64K", "10G".
 * K, M, G and T are powers of 1024; upper or lower case. Threads: any; pure functions. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include "base/buf.h"

#define SIZE_MOST ((uint64_t)INT64_MAX)

/* 0; -EINVAL (not a number with an optional K, M, G or T); -ERANGE (above SIZE_MOST). *ret is
 * untouched on failure. */
int size_parse(struct text in, uint64_t *ret) MUST_CHECK;
/* With the largest unit that expresses it exactly: "64K", "1000". */
void size_format(uint64_t bytes, struct buf *out);

#endif
