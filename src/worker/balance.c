/* worker/balance.c - see balance.h. */
#include "worker/balance.h"

#include "ipc/channel.h"
#include "net/socket.h"
#include "worker/pool.h"
#include "worker/session_limits.h"
#include "worker/sessions.h"

/* Handing over costs a message and a wake-up: where there are many, a quarter more are no harm. Of
 * a few busy clients each counts: a worker that serves one more than the other keeps it waiting
 * while a processor idles. */
static bool is_worth_it(uint32_t own, uint32_t fewest)
{
	return own > fewest + own / 4;
}

/* The serving worker of our generation with the fewest sessions; ourselves when none has fewer. */
static uint32_t least_loaded(const struct worker *worker)
{
	const struct worker_start *start = worker->start;
	struct worker_view own, view;
	uint32_t best = start->slot;

	scoreboard_get_worker(start->board, start->slot, &own);
	uint32_t fewest = own.sessions, most_others = start->n_workers - 1;
	for (uint32_t slot = 0; fewest > 0 && most_others > 0 && slot < SCOREBOARD_WORKERS;
	     slot++) {
		if (slot == start->slot)
			continue;
		scoreboard_get_worker(start->board, slot, &view);
		if (view.state != WORKER_SERVING || view.generation != start->generation)
			continue;
		most_others--;
		if (view.sessions >= fewest)
			continue;
		best = slot;
		fewest = view.sessions;
	}
	return is_worth_it(own.sessions, fewest) ? best : start->slot;
}

bool balance_hand_over(struct worker *worker, int *fd, const struct address *peer, bool is_implicit)
{
	const struct worker_start *start = worker->start;
	struct message_control_connection message = {
		.head = { .kind = MSG_CONTROL_CONNECTION },
		.peer = *peer,
		.is_implicit = is_implicit,
	};
	uint32_t slot = start->n_workers > 1 ? least_loaded(worker) : start->slot;

	if (slot == start->slot)
		return false;
	/* A worker that does not take its messages at once is busy: then we serve the client. */
	if (channel_send(start->mailboxes[slot], &message, sizeof(message), fd, 1, 0) < 0)
		return false;
	fd_close(fd);
	return true;
}

void balance_take_over(struct worker *worker, int fd, const struct address *peer, bool is_implicit)
{
	struct session_refusal refusal;
	const struct pool_thread *self = pool_self();
	struct session *s = sessions_open(worker->sessions, fd, peer, is_implicit,
					  self ? self->wake_fd : -1, &refusal);

	if (s && self)
		session_begin(s);
	else if (s)
		sessions_dispatch(worker->sessions, s);
	else
		limits_refuse(worker, fd, peer, is_implicit, &refusal);
}
