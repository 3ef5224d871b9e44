/* manager/examiner_link.h - asks the supervisor for an examiner (supervisor/examiner.h), which sees
 * what the manager must not. Threads: any; a link belongs to one at a time. */
#ifndef MANAGER_EXAMINER_LINK_H
#define MANAGER_EXAMINER_LINK_H

#include <jansson.h>

#include "base/common.h"

struct examiner_link {
	int answers; /* lines of JSON, until the end */
	int cancel;  /* closed: nobody wants to know any more */
	char *storage;
	size_t len, taken;
};

/* request is borrowed; what held a password is wiped. 0; -E2BIG; -errno. */
int examiner_link_open(int supervisor, const json_t *request, struct examiner_link *ret) MUST_CHECK;
/* Breaks the examination off when it is not over. */
void examiner_link_close(struct examiner_link *link);

/* The next object, a new reference. NULL: there is none any more, or none until the deadline. */
json_t *examiner_link_next(struct examiner_link *link, int64_t deadline_ms) MUST_CHECK;

/* Addresses and ports of this machine and of the name (surroundings.h); an empty object when nobody
 * could look. A new reference. */
json_t *examiner_look_around(int supervisor, const char *name) MUST_CHECK;

#endif
