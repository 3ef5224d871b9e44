/* supervisor/failure.h - why something could not be done, in words for the administrator.
 * Threads: one at a time per failure. */
#ifndef SUPERVISOR_FAILURE_H
#define SUPERVISOR_FAILURE_H

#include "base/common.h"

struct failure {
	char text[1024]; /* "cannot listen on 0.0.0.0:21: Permission denied: ..." */
};

/* Writes the words (cut when they are too long: they are for people) and returns error, so that
 * `return failure_set(...)` reads as one thought. error is a negative errno value. */
int failure_set(struct failure *failure, int error, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
