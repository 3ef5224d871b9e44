/* supervisor/listeners.h - the control listeners: every listen address with every explicit and
 * implicit port. A change of configuration keeps the sockets whose place stays: the same
 * descriptor, never closed, so that no connection is refused during a reload. Threads: one. */
#ifndef SUPERVISOR_LISTENERS_H
#define SUPERVISOR_LISTENERS_H

#include "settings/settings.h"
#include "supervisor/listen_address.h"
#include "worker/worker.h"

#define LISTENERS_MAX (LISTEN_ADDRESSES_MAX * 2 * SETTINGS_MAX_PORTS)

/* Zero-filled is a set without listeners. */
struct listeners {
	size_t n;
	struct control_listener items[LISTENERS_MAX]; /* what workers are given */
	bool both_families[LISTENERS_MAX];
};

/* Makes the set what settings ask for at the addresses: keeps, opens, closes. 0; or -errno with the
 * failure naming the address and port: the set is then as it was before. */
int listeners_apply(struct listeners *listeners, const struct settings *settings,
		    const struct listen_addresses *addresses,
		    struct failure *ret_failure) MUST_CHECK;

/* Closes all. */
void listeners_release(struct listeners *listeners);

#endif
