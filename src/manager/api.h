/* manager/api.h - the REST API and the web page: HTTP over a Unix socket, for root and the daemon's
 * own user only (SO_PEERCRED), and over the doors of the page, for administrators and keys.
 * Threads: libmicrohttpd's own, few; api_start and api_stop belong to the main loop. */
#ifndef MANAGER_API_H
#define MANAGER_API_H

#include "manager/api_request.h"
#include "manager/web_files.h"

struct api;

struct api_start {
	int listener; /* a listening AF_UNIX socket, borrowed (a duplicate is used) */
	const struct manager_key *key; /* for the doors (of the context) that speak TLS */
	const struct web_files *files; /* NULL: none */
};

/* *context is copied; all else is borrowed for the life of the API. 0; -errno. */
int api_start(const struct api_context *context, const struct api_start *start,
	      struct api **ret) MUST_CHECK;

/* Accepts no more, lets the requests in hand finish (for a bounded time), ends the threads.
 * Accepts NULL; leaves NULL. */
void api_stop(struct api **api);

#endif
