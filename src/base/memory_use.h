/* base/memory_use.h - how much memory this process has in use, from /proc (proc(5), statm).
 * Threads: any. */
#ifndef BASE_MEMORY_USE_H
#define BASE_MEMORY_USE_H

#include "base/common.h"

/* The descriptor to read from, owned by the caller: opened while files may still be opened by name.
 * -errno. */
int memory_use_open(void) MUST_CHECK;
/* Resident bytes, shared ones included; 0 when it cannot be told. */
uint64_t memory_use_read(int fd);

#endif
