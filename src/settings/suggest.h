/* settings/suggest.h - "did you mean ...?": the known name that is nearest to what someone typed.
 * Threads: any; pure functions. */
#ifndef SETTINGS_SUGGEST_H
#define SETTINGS_SUGGEST_H

#include "base/text.h"

/* How many letters must be added, removed, changed or swapped with their neighbour to make a out of
 * b, ignoring the case of ASCII letters and reading '-' as '_'. Names longer than 64 bytes are
 * SUGGEST_FAR from everything. */
#define SUGGEST_FAR 1000u
unsigned suggest_distance(struct text a, struct text b);

/* The running best of a search: start with { .typed = ... }, offer every known name, read nearest,
 * which stays NULL while nothing is near enough to be what was meant. */
struct suggestion {
	struct text typed;
	const char *nearest; /* borrowed from the names offered */
	unsigned distance;
};
void suggestion_offer(struct suggestion *suggestion, const char *name);

#endif
