/* worker/manager_link.h - the worker's end of its channel to the manager: logins go out, answers
 * and kicks come in. The manager may die and come back at any time: what it has not answered is
 * asked again on the new channel. No thread waits for an answer: the session that has asked is
 * parked, and goes on in the thread that reads the answer. Threads: any, unless it says else. */
#ifndef WORKER_MANAGER_LINK_H
#define WORKER_MANAGER_LINK_H

#include "worker/session.h"

struct manager_link;

/* epoll is that of the pool: what comes is an event with POOL_MANAGER_TAG there. */
struct manager_link *manager_link_new(struct worker *worker, int epoll) MUST_CHECK;

/* Asks whether the password is right; sessions_answer brings the answer to the session, which is
 * AUTH_BACKEND_ERROR when none comes. 0 or -errno (nothing was asked). */
int manager_link_ask(struct manager_link *link, const struct session *s, const char *user,
		     const struct secret *password) MUST_CHECK;
/* The session ends before its answer has come. */
void manager_link_forget(struct manager_link *link, const struct session *s);

/* A page of the homes of a group's members, behind this user. 0; -ETIMEDOUT; -errno. Any thread. */
int manager_link_members(struct manager_link *link, const char *group, const char *after,
			 struct message_members_reply *ret) MUST_CHECK;

/* Sends a packet if there is room for it now. 0 or -errno. Any thread. */
int manager_link_send(struct manager_link *link, const void *packet, size_t len) MUST_CHECK;

/* Takes what there is to read. With a pool thread's wake_fd a session that has its answer may come
 * back, running in the hands of the caller: then the rest is left, and the next event of the pool
 * tells of it. Other threads (-1) get NULL, and the pool hears of each session. */
struct session *manager_link_read(struct manager_link *link, int wake_fd);

/* Main thread: a new channel (taken). Now and then: reads, as all threads of the pool may hang; and
 * answers what the manager leaves unanswered. */
void manager_link_connect(struct manager_link *link, int channel);
void manager_link_tend(struct manager_link *link);

#endif
