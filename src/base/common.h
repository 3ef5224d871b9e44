/* base/common.h - the few macros that every file uses: cleanup, attributes, array sizes.
 * Source: the GNU attributes of gcc 12 and clang 14. */
#ifndef BASE_COMMON_H
#define BASE_COMMON_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#define UNUSED __attribute__((unused))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* They evaluate the one that they return twice: no calls that do something. */
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

/* Closes *fd unless it is negative, and sets it to -1; errno survives. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		(void)close(*fd); /* nothing useful can be done about a late error here */
		errno = saved;
	}
	*fd = -1;
}

/* Hands the descriptor over: returns *fd and leaves -1. */
static inline int fd_take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

static inline void auto_free_(void *p)
{
	void **pp = p;
	free(*pp);
	*pp = NULL;
}

/* AUTO_CLOSE int fd = -1; is closed at the end of its scope. AUTO_FREE char *p; likewise freed. */
#define AUTO_CLOSE __attribute__((cleanup(fd_close)))
#define AUTO_FREE __attribute__((cleanup(auto_free_)))

#endif
