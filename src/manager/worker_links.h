/* manager/worker_links.h - the channels to the workers, and the order in which answers and kicks go
 * through each of them.
 *
 * A user who was disabled must not get in afterwards. Every link has a lock under which packets are
 * sent. A login is confirmed (the account read again) and its AUTH_OK sent without letting that
 * lock go; a disable commits first and sends its KICK second. So either the AUTH_OK was sent before
 * the KICK, and the KICK, next in the same queue, ends the session; or the confirmation came after
 * the commit, and sees it.
 *
 * Threads: worker_links_add, _remove and _poll belong to the main loop; the rest is for any. Locks:
 * that of the set before that of a link before those of accounts/; no packet is sent under the
 * set's. */
#ifndef MANAGER_WORKER_LINKS_H
#define MANAGER_WORKER_LINKS_H

#include <poll.h>

#include "ipc/messages.h"

#define WORKER_LINKS_MAX 128 /* live workers, and dead ones whose end we have not read yet */

struct worker_link;
struct worker_links;

struct worker_links *worker_links_new(void) MUST_CHECK; /* NULL when memory is short */
void worker_links_free(struct worker_links **links);	/* accepts NULL; leaves NULL */

/* Takes *channel. 0 and *ret borrowed from the set; -ENOSPC, -ENOMEM: *channel is closed. */
int worker_links_add(struct worker_links *links, int *channel, uint32_t worker_slot,
		     struct worker_link **ret) MUST_CHECK;
/* The worker has gone: nothing is sent to it from now on. */
void worker_links_remove(struct worker_links *links, struct worker_link *link);

/* Fills both arrays (WORKER_LINKS_MAX) with what to wait for; returns how many. */
size_t worker_links_poll(struct worker_links *links, struct pollfd *ret_polls,
			 struct worker_link **ret_links);

/* A worker that serves, held for the caller; NULL: there is none. Any thread. */
struct worker_link *worker_links_any(struct worker_links *links) MUST_CHECK;

/* Sends to every worker: each looks for the sessions that are meant. */
void worker_links_kick(struct worker_links *links, const struct message_kick *kick);

/* A link lives until its last holder drops it. */
struct worker_link *worker_link_hold(struct worker_link *link);
void worker_link_drop(struct worker_link **link);

bool worker_link_is_gone(struct worker_link *link);
uint32_t worker_link_slot(const struct worker_link *link);
int worker_link_channel(const struct worker_link *link); /* for receiving only */

/* Sends the packet. When confirm is given, it is called first, under the link's lock; a negative
 * answer of it is returned and nothing is sent. 0; -EPIPE (gone); -ETIMEDOUT (the worker does not
 * read). */
int worker_link_send(struct worker_link *link, const void *packet, size_t len,
		     int (*confirm)(void *arg), void *arg) MUST_CHECK;
/* The same without ever waiting: make is called first, under the link's lock, to fill the packet;
 * it returns the length, or a negative number, which is returned. -EAGAIN: the link is in use or
 * has no room. */
int worker_link_send_now(struct worker_link *link, void *packet, ssize_t (*make)(void *arg),
			 void *arg) MUST_CHECK;

#endif
