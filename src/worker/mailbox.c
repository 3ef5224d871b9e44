/* worker/mailbox.c - see mailbox.h. */
#include "worker/mailbox.h"

#include "ipc/channel.h"
#include "ipc/messages.h"
#include "worker/balance.h"
#include "worker/sessions.h"

struct packet {
	union message message;
	size_t len;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;
};

static void take(struct worker *worker, struct packet *packet)
{
	const union message *message = &packet->message;

	bool is_data = packet->len == sizeof(message->data_connection) &&
		       message->head.kind == MSG_DATA_CONNECTION;

	if (is_data && packet->n_fds == 0)
		sessions_note_stray(worker->sessions, &message->data_connection);
	if (packet->n_fds != 1)
		return;
	if (is_data)
		sessions_deliver(worker->sessions, message->data_connection.board_slot,
				 message->data_connection.session_id,
				 &message->data_connection.peer, fd_take(&packet->fds[0]));
	else if (packet->len == sizeof(message->control_connection) &&
		 message->head.kind == MSG_CONTROL_CONNECTION)
		balance_take_over(worker, fd_take(&packet->fds[0]),
				  &message->control_connection.peer,
				  message->control_connection.is_implicit);
}

void mailbox_read(struct worker *worker)
{
	struct packet packet;

	for (;;) {
		ssize_t n = channel_receive(worker->start->mailbox, &packet.message,
					    sizeof(packet.message), packet.fds, &packet.n_fds);
		if (n == -EMFILE || n == -EMSGSIZE)
			continue; /* that packet is lost */
		if (n <= 0)
			return;
		packet.len = (size_t)n;
		take(worker, &packet);
		for (size_t i = 0; i < packet.n_fds; i++)
			fd_close(&packet.fds[i]);
	}
}
