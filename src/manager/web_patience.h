/* manager/web_patience.h - connections of the page that take too long to say what they want, or to
 * take what they get, are cut off: a trickle of bytes holds no place for ever.
 * Threads: any; one of its own that looks once a second while there are connections. */
#ifndef MANAGER_WEB_PATIENCE_H
#define MANAGER_WEB_PATIENCE_H

#include "base/common.h"

struct web_patience;
struct web_guest; /* a connection */

int web_patience_new(struct web_patience **ret) MUST_CHECK; /* 0 or -errno */
/* No connection may be left; accepts NULL; leaves NULL. */
void web_patience_free(struct web_patience **patience);

/* A connection that has ask_ms for its first request. NULL: memory is short. fd is borrowed until
 * web_guest_left. */
struct web_guest *web_guest_came(struct web_patience *patience, int fd, int64_t patience_ms);
/* It has so long from now on; DEADLINE_NEVER: as long as it wants. */
void web_guest_has(struct web_guest *guest, int64_t patience_ms);
/* Before fd is closed. Accepts NULL. */
void web_guest_left(struct web_guest *guest);

#endif
