/* supervisor/fake_children.c - see fake_children.h. */
#include "supervisor/fake_children.h"

#include <poll.h>

#include "ipc/channel.h"
#include "ipc/messages.h"
#include "manager/manager.h"
#include "worker/worker.h"

int fake_events = -1;
uint16_t fake_port;
bool fake_asks_reload, fake_ignores_end;

static void report(struct fake_event event)
{
	event.pid = getpid();
	event.can_become_root = geteuid() != 0 && setresuid(0, 0, 0) == 0;
	if (write(fake_events, &event, sizeof(event)) != (ssize_t)sizeof(event))
		_exit(100);
}

/* Follows one message. Returns false when it is time to leave. */
static bool follow(int channel, struct fake_event self)
{
	union message message;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds = 0;
	struct pollfd wait = { channel, POLLIN, 0 };

	(void)poll(&wait, 1, -1);

	ssize_t n = channel_receive(channel, &message, sizeof(message), fds, &n_fds);

	if (n == -EAGAIN)
		return true;
	for (size_t i = 0; n > 0 && i < n_fds; i++)
		fd_close(&fds[i]);
	if (n <= 0) {
		self.what = FAKE_ORPHANED;
		report(self);
		return false;
	}
	self.n_fds = n_fds;
	switch (message.head.kind) {
	case MSG_WORKER_CHANNEL:
		self.slot = message.worker_channel.slot;
		/* fall through */
	case MSG_MANAGER_CHANNEL:
		self.what = FAKE_CONNECTED;
		break;
	case MSG_DRAIN:
		self.what = FAKE_DRAIN;
		break;
	case MSG_TERMINATE:
		self.what = FAKE_TERMINATE;
		break;
	case MSG_LISTENER_REPLY:
		self.what = FAKE_PORT;
		self.error = message.listener.error;
		break;
	default:
		_exit(101);
	}
	report(self);
	return (self.what != FAKE_DRAIN && self.what != FAKE_TERMINATE) || fake_ignores_end;
}

int worker_main(const struct worker_start *start)
{
	struct fake_event self = { FAKE_STARTED, .slot = start->slot,
				   .generation = start->generation };
	const struct message_listener request = { .head = { .kind = MSG_LISTENER_REQUEST },
						  .port = fake_port };

	report(self);
	if (fake_port != 0 &&
	    channel_send(start->supervisor, &request, sizeof(request), NULL, 0, 1000) < 0)
		return 1;
	while (follow(start->supervisor, self))
		continue;
	return 0;
}

int manager_main(const struct manager_start *start)
{
	struct fake_event self = { FAKE_STARTED, .is_manager = true };
	struct server_view view;
	const struct message_head please = { .kind = MSG_RELOAD };

	scoreboard_get_server(start->board, &view);
	report(self);
	if (fake_asks_reload && view.generation == 1 &&
	    channel_send(start->supervisor, &please, sizeof(please), NULL, 0, 1000) < 0)
		return 1;
	while (follow(start->supervisor, self))
		continue;
	return 0;
}
