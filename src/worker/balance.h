/* worker/balance.h - which worker serves a new control connection. The kernel wakes the same worker
 * again and again while it keeps up, so that one would have all sessions, and its death all of the
 * harm. Who accepts hands the connection to the worker with the fewest sessions, if it has clearly
 * fewer. Threads: any. */
#ifndef WORKER_BALANCE_H
#define WORKER_BALANCE_H

#include "worker/state.h"

/* True: another worker has clearly fewer sessions, and the connection is its now (*fd is -1). */
bool balance_hand_over(struct worker *worker, int *fd, const struct address *peer,
		       bool is_implicit);

/* A connection is ours: a session begins, or is refused. Takes fd. */
void balance_take_over(struct worker *worker, int fd, const struct address *peer, bool is_implicit);

#endif
