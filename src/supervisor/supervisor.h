/* supervisor/supervisor.h - the parent of all processes: binds ports, reads keys, forks, restarts,
 * reloads. It never reads a byte from a client.
 *
 * May see: the configuration, keys, all listening sockets. May do: bind low ports and read keys
 * (raised for that moment only). Hears from workers: "open", "give back" a passive port; from the
 * manager: "reload". Anything else ends the peer. Threads: none. */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include "supervisor/children.h"
#include "supervisor/configuration.h"
#include "supervisor/privileges.h"

struct supervisor {
	const struct configuration *configuration;
	struct identity identity;
	struct generation *generation; /* the newest */
	struct tls_ticket_keys ticket_keys;
	struct listeners listeners;
	struct web_listeners web;
	struct server_view view;
	struct children children;
	int signals; /* signalfd(2) */
	bool wants_reload;
	int64_t announce_by_ms; /* a reload is told as done by then at the latest; 0: none is going on */
	bool is_ending;
	bool was_interrupted; /* SIGINT has come once */
	bool owns_run_files;
};

/* Runs the server until a signal ends it. Returns 0 after an ordered end; -errno with the failure
 * when it could not start. */
int supervisor_run(const struct configuration *configuration,
		   struct failure *ret_failure) MUST_CHECK;

/* Loads everything that a start would load and throws it away. 0 or -errno with the failure. */
int supervisor_check(const struct configuration *configuration,
		     struct failure *ret_failure) MUST_CHECK;

#endif
