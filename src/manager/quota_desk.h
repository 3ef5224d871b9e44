/* manager/quota_desk.h - what the manager and the workers ask each other about quotas: who the
 * members of a group are, and how much a tree or a group holds. Only workers see files, so they
 * count. Threads: quota_desk_ask any but the main loop, which takes the answers. */
#ifndef MANAGER_QUOTA_DESK_H
#define MANAGER_QUOTA_DESK_H

#include "accounts/rights.h"
#include "manager/worker_links.h"

struct quota_desk;

struct quota_desk *quota_desk_new(struct worker_links *links) MUST_CHECK; /* NULL: no memory */
void quota_desk_free(struct quota_desk **desk); /* accepts NULL; leaves NULL */

/* Sends the request (head and id are filled in) to a worker and waits for its answer. Where none
 * serves at the moment it waits for the next one. 0; -ETIMEDOUT; -EPIPE: none has come for twenty
 * seconds, or several have died over the request; the worker's -errno. */
int quota_desk_ask(struct quota_desk *desk, struct message_quota_request *request,
		   struct message_quota_reply *ret) MUST_CHECK;
/* Main loop: one has been added to the links. */
void quota_desk_worker_came(struct quota_desk *desk);
/* Nobody is answered any more, and who waits gives up: the manager ends. */
void quota_desk_close(struct quota_desk *desk);

/* Main loop: a packet of a worker. False: it is none of these. */
bool quota_desk_take(struct quota_desk *desk, struct accounts *accounts, struct worker_link *link,
		     const union message *message, size_t len) MUST_CHECK;

#endif
