/* manager/api.h - the REST API: HTTP over a Unix socket, for root and the daemon's own user only
 * (SO_PEERCRED). Threads: libmicrohttpd's own, few; api_start and api_stop belong to the main
 * loop. */
#ifndef MANAGER_API_H
#define MANAGER_API_H

#include "manager/api_request.h"

struct api;

/* listener is a listening AF_UNIX socket, borrowed (a duplicate is used). *context is copied. 0;
 * -errno. */
int api_start(const struct api_context *context, int listener, struct api **ret) MUST_CHECK;

/* Accepts no more, lets the requests in hand finish (for a bounded time), ends the threads.
 * Accepts NULL; leaves NULL. */
void api_stop(struct api **api);

#endif
