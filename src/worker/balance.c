/* worker/balance.c - see balance.h. */
#include "worker/balance.h"

#include "ipc/channel.h"
#include "net/socket.h"
#include "worker/session_limits.h"
#include "worker/sessions.h"

/* The serving worker of our generation with the fewest sessions; ourselves when none has fewer. */
static uint32_t least_loaded(const struct worker *worker)
{
	const struct worker_start *start = worker->start;
	struct worker_view own, view;
	uint32_t best = start->slot;

	scoreboard_get_worker(start->board, start->slot, &own);
	uint32_t fewest = own.sessions;
	for (uint32_t slot = 0; fewest > 0 && slot < SCOREBOARD_WORKERS; slot++) {
		scoreboard_get_worker(start->board, slot, &view);
		if (view.state != WORKER_SERVING || view.generation != start->generation ||
		    view.sessions >= fewest)
			continue;
		best = slot;
		fewest = view.sessions;
	}
	return best;
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
	struct session *s = sessions_open(worker->sessions, fd, peer, is_implicit, -1, &refusal);

	if (s)
		sessions_dispatch(worker->sessions, s);
	else
		limits_refuse(worker, fd, peer, is_implicit, &refusal);
}
