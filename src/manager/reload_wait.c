/* manager/reload_wait.c - see reload_wait.h.
 * The manager that asks is one of the old generation as soon as the new one takes over: it has the
 * patience of its API's end (api_stop) left, and the supervisor announces within two seconds. */
#include "manager/reload_wait.h"

#include <poll.h>

#include "base/clock.h"
#include "ipc/channel.h"

#define SEND_PATIENCE_MS 2000
#define OUTCOME_PATIENCE_MS 5000
/* The scoreboard wakes nobody: it is shared memory. */
#define LOOK_EVERY_MS 10

int reload_and_wait(const struct scoreboard *board, int supervisor, char *ret_reason,
		    size_t reason_size)
{
	const struct message_head reload = { MSG_RELOAD };
	struct server_view before, now;

	scoreboard_get_server(board, &before);
	ret_reason[0] = '\0';
	int r = channel_send(supervisor, &reload, sizeof(reload), NULL, 0, SEND_PATIENCE_MS);
	if (r < 0)
		return r;
	int64_t deadline = deadline_in(OUTCOME_PATIENCE_MS);
	do {
		(void)poll(NULL, 0, LOOK_EVERY_MS);
		scoreboard_get_server(board, &now);
		if (now.generation != before.generation)
			return 0;
		if (now.last_reload_wall_ms != before.last_reload_wall_ms) {
			(void)snprintf(ret_reason, reason_size, "%s", now.last_reload_error);
			return -ECANCELED;
		}
	} while (deadline_left(deadline) > 0);
	return -ETIMEDOUT;
}
