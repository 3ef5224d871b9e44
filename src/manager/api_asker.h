/* manager/api_asker.h - who asks, and whether a request is theirs: the peer of the Unix socket, the
 * cookie of a session, an API key; hosts and origins that no page of ours has.
 * Threads: any. */
#ifndef MANAGER_API_ASKER_H
#define MANAGER_API_ASKER_H

#include "manager/api_request.h"

/* With TLS browsers see to it that no other host has set it. */
#define API_COOKIE "sallyport_session"
#define API_COOKIE_TLS "__Host-sallyport_session"

/* The peer of a Unix socket; VIA_NOBODY: neither root nor the daemon's user. */
void api_asker_local(struct MHD_Connection *connection, struct api_asker *ret);

/* Who comes to the page with a cookie or a key; VIA_NOBODY: with none that is good. */
void api_asker_web(const struct api_context *context, const struct manager_door *door,
		   struct MHD_Connection *connection, struct api_asker *ret);

/* Why a request to the page is not answered whoever asks, or NULL: a host that is none of ours at a
 * loopback address (DNS rebinding). */
const char *api_host_problem(const struct api_context *context, const struct manager_door *door,
			     struct MHD_Connection *connection);

/* Why a change is not made, or NULL: it comes from a page of another origin, or without the token
 * of its session. */
const char *api_forgery_problem(const struct api_asker *asker, bool is_tls, bool is_public,
				struct MHD_Connection *connection);

#endif
