/* worker/pool.h - the threads that run sessions. All wait in one epoll; each takes one event, runs
 * that session's commands, parks it and waits again.
 *
 * A thread that is about to wait inside a session says so (pool_block); when no thread is left
 * waiting for events another one is started, so that neither slow clients nor slow logins keep
 * others waiting. Threads that find nothing to do for a while leave. Threads: any. */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include "worker/state.h"

struct pool;

/* What belongs to the calling pool thread. */
struct pool_thread {
	int wake_fd; /* eventfd; never closed while the process lives, so that a late wake is harmless */
	char *buffer; /* for copying; POOL_BUFFER_SIZE bytes, made at the first use; NULL before */
};
#define POOL_BUFFER_SIZE (256 * 1024)

/* What the pool's epoll watches beside sessions: tags with the upper 32 bits 0, which are the index
 * of a control listener or one of these. All three are watched EPOLLET: one thread is woken for what
 * has come, and takes all of it. */
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

/* Around a wait inside a session. */
void pool_block(struct pool *pool);
void pool_unblock(struct pool *pool);

/* Called now and then by the worker's main thread: threads that all hang in the file system must
 * not stop the others; one more is started. True while this should be called soon again. */
bool pool_tend(struct pool *pool);

#endif
