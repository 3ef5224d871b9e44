/* worker/balance.h - which worker serves a new control connection. The kernel wakes the same worker
 * again and again while it keeps up, so that one would have all sessions, and its death all of the
 * harm. Who accepts hands the connection to the worker with the fewest sessions. Threads: any. */
#ifndef WORKER_BALANCE_H
#define WORKER_BALANCE_H

#include "worker/state.h"

/* True: another worker has fewer sessions, and the connection is its now (*fd is -1). */
bool balance_hand_over(struct worker *worker, int *fd, const struct address *peer,
		       bool is_implicit);

/* Main thread: a connection that another worker has accepted. Takes fd. */
void balance_take_over(struct worker *worker, int fd, const struct address *peer, bool is_implicit);

#endif
