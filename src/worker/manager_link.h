/* worker/manager_link.h - the worker's end of its channel to the manager: logins go out, answers
 * and kicks come in. The manager may die and come back at any time: what it has not answered is
 * asked again on the new channel. Threads: any; one mutex guards the list of open questions. */
#ifndef WORKER_MANAGER_LINK_H
#define WORKER_MANAGER_LINK_H

#include "worker/session.h"

struct manager_link;

struct manager_link *manager_link_new(struct worker *worker, int epoll) MUST_CHECK;
#define MANAGER_TAG ((uint64_t)1 << 62)

/* Asks whether the password is right and waits for the answer. 0 and *ret_reply; -ETIMEDOUT: the
 * manager does not answer; -ECANCELED: the session must end. Session thread. */
int manager_link_authenticate(struct manager_link *link, struct session *s, const char *user,
			      const struct secret *password,
			      struct message_auth_reply *ret_reply) MUST_CHECK;

/* A page of the homes of a group's members, behind this user. 0; -ETIMEDOUT; -errno. Any thread. */
int manager_link_members(struct manager_link *link, const char *group, const char *after,
			 struct message_members_reply *ret) MUST_CHECK;

/* Sends a packet if there is room for it now. 0 or -errno. Any thread. */
int manager_link_send(struct manager_link *link, const void *packet, size_t len) MUST_CHECK;

/* Main thread: a new channel (taken); something to read on it. */
void manager_link_connect(struct manager_link *link, int channel);
void manager_link_read(struct manager_link *link);

#endif
