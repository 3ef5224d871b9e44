/* base/banned.h - functions that have no place in this tree become compile errors.
 * Unbounded writes (strcpy, sprintf), hidden state (strtok, gmtime) and silent number parsing
 * (atoi) each have a bounded sibling in base/. Idea: git's banned.h. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* The headers that declare them come first, so that only our own uses are poisoned. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With clang and _FORTIFY_SOURCE glibc makes macros of these two. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll gets
#pragma GCC poison gmtime localtime ctime asctime

#endif
