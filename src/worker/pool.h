/* worker/pool.h - the threads that run sessions. One of them, the leader, waits for events; it runs
 * what has come, parks it and waits again, without another thread being woken.
 *
 * A leader that is about to wait inside a session (pool_block), or whose work turns out to be long
 * (pool_yield), first makes another thread the leader, so that neither slow clients nor slow logins
 * keep others waiting. Threads without work are spares; they leave after a while.
 * Threads: any. */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include "worker/state.h"

struct pool;

#define POOL_BUFFER_SIZE (256 * 1024)
#define POOL_REPLIES_SIZE (16 * 1024)

/* What belongs to the calling pool thread. */
struct pool_thread {
	uint64_t number; /* from 1 up; never used again */
	bool was_called; /* to lead; not yet looked whether it may */
	int wake_fd; /* eventfd; never closed while the process lives, so that a late wake is harmless */
	char *buffer; /* for copying; POOL_BUFFER_SIZE bytes, made at the first use; NULL before */
	int pipe[2];  /* its ends for reading and writing, empty; -1: not made yet */
	/* Of the session that it runs, for control_flush: */
	char command[SESSION_VIEW_TEXT]; /* the last one, masked; empty: it is published */
	char replies[POOL_REPLIES_SIZE]; /* that have not been sent yet */
	size_t replies_len;
};

/* What the pool's epoll watches beside sessions: tags with the upper 32 bits 0, which are the index
 * of a control listener or one of these. Listeners and the mailbox are watched EPOLLET: one
 * thread is woken for what has come, and takes all of it; of the manager's channel it takes one
 * answer and leaves the rest to the next event. */
#define POOL_MANAGER_TAG ((uint64_t)UINT32_MAX)
#define POOL_MAILBOX_TAG ((uint64_t)UINT32_MAX - 1)

/* epoll is where sessions, control listeners, the mailbox and the manager's channel are watched. */
struct pool *pool_new(struct worker *worker, int epoll) MUST_CHECK;

/* No connection is accepted from now on. */
void pool_stop_accepting(struct pool *pool);

/* The calling thread's own; NULL outside of the pool. */
struct pool_thread *pool_self(void);
/* Its copy buffer, or NULL when memory is short. */
char *pool_buffer(void);

/* Its pipe, pool_self()->pipe. False: there is none of a useful size to be had. */
bool pool_pipe(void);
/* What is left in the pipe goes with it. */
void pool_drop_pipe(void);

/* Around a wait inside a session. */
void pool_block(struct pool *pool);
void pool_unblock(struct pool *pool);
/* Where a leader that waits hears of other work, to pool_block then; -1 for others, who have
 * blocked or must do so before they wait. */
int pool_events(const struct pool *pool);
/* The caller computes or copies for a while: somebody else must wait for events. */
void pool_yield(struct pool *pool);

/* Called now and then by the worker's main thread: a leader that hangs in the file system must not
 * stop the others; another one takes over. True while this should be called soon again. */
bool pool_tend(struct pool *pool);

#endif
