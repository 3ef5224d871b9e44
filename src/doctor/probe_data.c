/* doctor/probe_data.c - see probe_data.h. The order is that of most clients: passive connections
 * are dialled before the command, TLS begins behind the 150 (RFC 4217 9). */
#include "doctor/probe_data.h"

#include <netinet/tcp.h>
#include <poll.h>

#include "doctor/other_end.h"
#include "ftp/hostport.h"
#include "net/socket.h"

#define BUFFER_SIZE ((size_t)64 * 1024)
/* An endless listing is not read to its end. */
#define LISTING_MAX ((uint64_t)4 * 1024 * 1024)
#define LISTING_MAX_MS 20000
/* What a download may be longer than expected before it is clear that it is another file. */
#define EXCESS_MAX ((uint64_t)64 * 1024)
#define CLOSE_MS 5000
/* How long the rest of an upload may trickle on. */
#define DRAIN_MS 20000
/* How long a write that has taken too long is looked at: do its bytes still get through? */
#define STILL_MOVES_MS 1500
#define ARRIVAL_LOOKS 5
#define ARRIVAL_LOOK_MS 100

/* A data connection in the making. */
struct data {
	struct client *client;
	struct transfer *transfer;
	const struct data_task *task;
	int listener; /* active, until the server came; else -1 */
	struct stream stream;
	struct patience patience;
	struct tls_peer tls;
	int64_t up_ms; /* when it stood */
	char *buffer;
};

void probe_content(uint64_t offset, char *ret, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint64_t at = offset + i;

		switch (at % 64) {
		case 31:
			ret[i] = '\n';
			break;
		case 62:
			ret[i] = '\r';
			break;
		case 63:
			ret[i] = '\n';
			break;
		default:
			/* A long period, so that a lost piece is seen; bytes of every kind. */
			ret[i] = (char)((at * 2654435761U >> 13) & 0xff);
		}
	}
}

static void fail(struct data *data, enum transfer_result result, enum net_outcome failure)
{
	if (data->transfer->result == TRANSFER_UNTRIED) {
		data->transfer->result = result;
		data->transfer->failure = failure;
	}
}

static bool has_failed(const struct data *data)
{
	return data->transfer->result != TRANSFER_UNTRIED;
}

static int64_t stall_ms(const struct data *data)
{
	return doctor_patience(data->client->doctor, data->client->doctor->stall_ms);
}

static int64_t closing_ms(const struct data *data)
{
	return doctor_patience(data->client->doctor, CLOSE_MS);
}

/* --- set-up ----------------------------------------------------------------------------------- */

static bool is_host_under_test(const struct client *client, const struct address *address)
{
	const struct dns *dns = &client->doctor->evidence->dns;

	for (size_t i = 0; i < dns->n_addresses; i++)
		if (address_same_host(&dns->addresses[i], address))
			return true;
	return address_same_host(&client->control->attempt.peer, address);
}

/* A command and its reply that belong to the transfer and not to the list of exchanges. */
static bool ask(struct client *client, const char *command, char *ret_command,
		struct reply *ret_reply)
{
	evidence_text(text_of(command), ret_command, EVIDENCE_LINE);
	ret_reply->outcome = client->broken;
	return client_send(client, "%s", command) &&
	       client_read_reply(client, ret_reply, client->doctor->reply_ms);
}

static bool parse_passive(const struct client *client, struct transfer *transfer,
			  enum data_mode mode)
{
	struct text text = text_of(transfer->setup.text);
	const struct address *peer = &client->control->attempt.peer;

	if (mode == DATA_EPSV) {
		transfer->announced = *peer;
		return reply_parse_229(text, &transfer->announced.port) == 0;
	}
	if (reply_parse_227(text, &transfer->announced) < 0 || transfer->announced.port == 0)
		return false;
	transfer->announced_differs = !address_same_host(&transfer->announced, peer);
	transfer->announced_is_private =
		address_is_private(&transfer->announced) && !address_is_private(peer);
	return true;
}

bool probe_passive_port(struct client *client, struct transfer *transfer, enum data_mode mode,
			bool is_lenient)
{
	unsigned wanted = mode == DATA_EPSV ? 229 : 227;

	transfer->mode = mode;
	transfer->is_lenient = is_lenient;
	if (!ask(client, mode == DATA_EPSV ? "EPSV" : "PASV", transfer->setup_command,
		 &transfer->setup) ||
	    transfer->setup.code != wanted) {
		transfer->result = TRANSFER_SETUP_REFUSED;
		transfer->failure = transfer->setup.outcome;
		return false;
	}
	if (!parse_passive(client, transfer, mode)) {
		transfer->result = TRANSFER_SETUP_UNREADABLE;
		transfer->failure = NET_GARBAGE;
		return false;
	}
	transfer->attempt.peer = transfer->announced;
	if (is_lenient) {
		transfer->attempt.peer = client->control->attempt.peer;
		transfer->attempt.peer.port = transfer->announced.port;
	}
	if (!client->doctor->options->follows_elsewhere &&
	    !is_host_under_test(client, &transfer->attempt.peer)) {
		transfer->result = TRANSFER_ELSEWHERE;
		transfer->failure = NET_SKIPPED;
		return false;
	}
	return true;
}

static void set_up_passive(struct data *data)
{
	const struct doctor *doctor = data->client->doctor;
	struct transfer *transfer = data->transfer;
	int fd = -1;

	if (!probe_passive_port(data->client, transfer, data->task->mode, data->task->is_lenient))
		return;
	if (probe_connect(doctor, &transfer->attempt, NULL, 0,
			  doctor_patience(doctor, data->task->connect_ms), &fd) < 0) {
		fail(data, TRANSFER_NOT_CONNECTED, transfer->attempt.outcome);
		return;
	}
	data->stream.fd = fd;
	data->up_ms = clock_ms();
}

static void ask_for_arrival(struct data *data)
{
	struct server_view *view = &data->transfer->view;
	struct pollfd cancel = { .fd = data->patience.cancel_fd, .events = POLLIN };

	/* What stands between the two ends may open its own connection a moment later. */
	other_end_view(data->client, view);
	for (int i = 0; i < ARRIVAL_LOOKS && view->arrival == ARRIVAL_NOTHING; i++) {
		if (poll(&cancel, 1, ARRIVAL_LOOK_MS) > 0)
			return;
		other_end_view(data->client, view);
	}
	if (view->arrival == ARRIVAL_ELSEWHERE)
		fail(data, TRANSFER_CUT, NET_CLOSED);
}

static void format_active(const struct address *own, enum data_mode mode, char *ret, size_t size)
{
	char shown[ADDRESS_TEXT_SIZE];
	const uint8_t *ip = own->ip + 12;

	if (mode == DATA_PORT)
		(void)snprintf(ret, size, "PORT %d,%d,%d,%d,%d,%d", ip[0], ip[1], ip[2], ip[3],
			       own->port >> 8, own->port & 0xff);
	else
		(void)snprintf(ret, size, "EPRT |%d|%s|%d|", address_is_v4(own) ? 1 : 2,
			       address_format_ip(own, shown), own->port);
}

static void set_up_active(struct data *data)
{
	struct transfer *transfer = data->transfer;
	struct client *client = data->client;
	struct address own;
	char command[EVIDENCE_LINE];

	transfer->mode = data->task->mode;
	int r = socket_local(client->stream.fd, &own);
	own.port = 0;
	if (r == 0)
		r = socket_listen(&own, false, 1, &data->listener);
	if (r == 0)
		r = socket_local(data->listener, &own);
	if (r < 0) {
		fail(data, TRANSFER_NOT_CONNECTED, outcome_of(r));
		return;
	}
	own.scope_id = 0; /* a zone means something on our machine only (RFC 4007 11.2) */
	transfer->announced = own;
	transfer->attempt.started_ms = doctor_now(client->doctor);
	format_active(&own, data->task->mode, command, sizeof(command));
	if (!ask(client, command, transfer->setup_command, &transfer->setup) ||
	    reply_class(&transfer->setup) != 2)
		fail(data, TRANSFER_SETUP_REFUSED, transfer->setup.outcome);
}

/* --- command ---------------------------------------------------------------------------------- */

static void format_command(const struct data_task *task, char *ret, size_t size)
{
	switch (task->operation) {
	case OPERATION_LIST:
		(void)snprintf(ret, size, "LIST");
		break;
	case OPERATION_DOWNLOAD:
	case OPERATION_RESUME:
	case OPERATION_LARGE_DOWNLOAD:
		(void)snprintf(ret, size, "RETR %s", task->name);
		break;
	case OPERATION_DELETE:
		(void)snprintf(ret, size, "DELE %s", task->name);
		break;
	default:
		(void)snprintf(ret, size, "STOR %s", task->name);
	}
}

static bool is_upload(enum operation operation)
{
	return operation == OPERATION_UPLOAD || operation == OPERATION_LARGE_UPLOAD ||
	       operation == OPERATION_EMPTY_UPLOAD;
}

/* The server waits for a data connection that we believe to have: where ours has ended, its silence
 * is the consequence. */
static enum net_outcome reason_of_silence(struct data *data)
{
	struct transfer *transfer = data->transfer;
	char byte;

	if (transfer->preliminary.outcome != NET_TIMED_OUT || !stream_is_open(&data->stream))
		return transfer->preliminary.outcome;
	ssize_t n = recv(data->stream.fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
	if (n > 0 || (n < 0 && errno != ECONNRESET))
		return transfer->preliminary.outcome;
	transfer->end = n == 0 ? DATA_END_FIN : DATA_END_RESET;
	return n == 0 ? NET_CLOSED : NET_RESET;
}

/* 1xx, or a refusal; a 226 at once (of an empty listing) is taken for both. */
static bool read_preliminary(struct data *data)
{
	struct transfer *transfer = data->transfer;

	if (!client_read_reply(data->client, &transfer->preliminary,
			       data->client->doctor->reply_ms)) {
		fail(data, TRANSFER_COMMAND_REFUSED, reason_of_silence(data));
		return false;
	}
	if (transfer->preliminary.code >= 400) {
		fail(data, TRANSFER_COMMAND_REFUSED, NET_OK);
		return false;
	}
	return true;
}

static void send_command(struct data *data)
{
	struct transfer *transfer = data->transfer;
	char command[EVIDENCE_LINE];

	if (data->task->operation == OPERATION_RESUME) {
		const struct reply *reply = client_ask(data->client, "REST", NULL, "REST %" PRIu64,
						       data->task->size_bytes / 2);
		if (reply_class(reply) != 3) {
			transfer->preliminary = *reply;
			(void)snprintf(transfer->command, sizeof(transfer->command), "REST");
			fail(data, TRANSFER_COMMAND_REFUSED, reply->outcome);
			return;
		}
	}
	format_command(data->task, command, sizeof(command));
	evidence_text(text_of(command), transfer->command, sizeof(transfer->command));
	if (!client_send(data->client, "%s", command))
		fail(data, TRANSFER_COMMAND_REFUSED, data->client->broken);
}

/* What came on the control connection need not be a whole reply (TLS tickets are none). */
static void read_while_waiting(struct data *data, int64_t deadline_ms)
{
	struct reply *reply = &data->transfer->preliminary;

	if (!client_read_reply(data->client, reply, deadline_left(deadline_ms)))
		fail(data,
		     reply->outcome == NET_TIMED_OUT ? TRANSFER_NOT_CONNECTED
						     : TRANSFER_COMMAND_REFUSED,
		     reply->outcome);
	else if (reply->code >= 400)
		fail(data, TRANSFER_COMMAND_REFUSED, NET_OK);
}

/* The server's connection to us, or its refusal, whichever comes first. The 150 may come before or
 * behind the connection. */
static void accept_server(struct data *data)
{
	struct transfer *transfer = data->transfer;
	struct client *client = data->client;
	int64_t begin_ms = clock_ms();
	int64_t deadline_ms = begin_ms + doctor_patience(client->doctor, data->task->connect_ms);
	struct pollfd fds[3] = { { .fd = data->listener, .events = POLLIN },
				 { .fd = client->stream.fd, .events = POLLIN },
				 { .fd = client->doctor->cancel_fd, .events = POLLIN } };
	int n = 1;

	while (!fds[0].revents && n != 0 && !fds[2].revents) {
		if (fds[1].fd >= 0 && (fds[1].revents || client->in_len > 0)) {
			fds[1].fd = -1;
			read_while_waiting(data, deadline_ms);
			if (has_failed(data))
				break;
		}
		n = poll(fds, ARRAY_SIZE(fds), deadline_left(deadline_ms));
		if (n < 0 && errno != EINTR)
			break;
	}
	transfer->attempt.duration_ms = clock_ms() - begin_ms;
	if (has_failed(data)) {
		transfer->attempt.outcome = NET_TIMED_OUT; /* nobody came up to now */
		return;
	}
	int r = fds[0].revents
			? socket_accept(data->listener, &data->stream.fd, &transfer->attempt.peer)
			: -ETIMEDOUT;
	transfer->attempt.outcome = r == 0 ? NET_OK : outcome_of(r);
	data->up_ms = clock_ms();
	if (r < 0) {
		fail(data, TRANSFER_NOT_CONNECTED, transfer->attempt.outcome);
		return;
	}
	transfer->peer_differs = !is_host_under_test(client, &transfer->attempt.peer);
	if (transfer->preliminary.outcome == NET_UNTRIED)
		(void)read_preliminary(data);
}

static void start_tls(struct data *data)
{
	struct client *client = data->client;
	struct data_tls *ret = &data->transfer->tls;
	struct tls_error error;
	int64_t begin_ms = clock_ms();

	data->transfer->is_protected = client->stream.ssl != NULL;
	if (!client->stream.ssl)
		return;
	data->tls.name = client->tls.name;
	if (!data->task->without_resumption) {
		data->tls.resumed = tls_sessions_next(&client->sessions);
		data->tls.sessions = &client->sessions;
	}
	ret->offered_resumption = data->tls.resumed != NULL;

	int r = stream_connect_tls(&data->stream, client->trust, &data->tls,
				   deadline_in(stall_ms(data)), &error);
	ret->duration_ms = clock_ms() - begin_ms;
	ret->outcome = r == 0 ? NET_OK : outcome_of(r);
	ret->alert = data->tls.alert;
	if (r < 0) {
		evidence_text(text_of(error.text), ret->error, sizeof(ret->error));
		fail(data, TRANSFER_TLS_FAILED, ret->outcome);
		return;
	}
	(void)snprintf(ret->version, sizeof(ret->version), "%s", SSL_get_version(data->stream.ssl));
	(void)snprintf(ret->cipher, sizeof(ret->cipher), "%s",
		       SSL_get_cipher_name(data->stream.ssl));
	ret->is_resumed = SSL_session_reused(data->stream.ssl);
	peer_fingerprint(data->stream.ssl, ret->fingerprint);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void note_read_end(struct data *data, ssize_t n)
{
	struct transfer *transfer = data->transfer;

	if (n == 0)
		transfer->end = data->stream.ssl ? DATA_END_PROVEN : DATA_END_FIN;
	else if (n == -ENODATA)
		transfer->end = DATA_END_FIN;
	else if (n == -ETIMEDOUT)
		fail(data, TRANSFER_STALLED, NET_TIMED_OUT);
	else
		transfer->end = DATA_END_RESET;
	if (n < 0 && n != -ENODATA && n != -ETIMEDOUT) {
		data->transfer->tls.alert = data->tls.alert;
		fail(data, TRANSFER_CUT, outcome_of((int)n));
	}
}

/* Reads until the server ends, calling take with each piece; false from it: enough. */
static void receive(struct data *data,
		    bool (*take)(struct data *data, struct text piece, void *arg), void *arg,
		    int64_t latest_ms)
{
	for (;;) {
		int64_t deadline_ms = MIN_OF(deadline_in(stall_ms(data)), latest_ms);
		ssize_t n = stream_read(&data->stream, data->buffer, BUFFER_SIZE, deadline_ms);

		if (n <= 0) {
			note_read_end(data, n);
			return;
		}
		if (data->transfer->first_byte_ms == 0)
			data->transfer->first_byte_ms =
				MAX_OF(clock_ms() - data->up_ms, (int64_t)1);
		data->transfer->moved_bytes += (uint64_t)n;
		if (!take(data, (struct text){ data->buffer, (size_t)n }, arg))
			return;
	}
}

static bool take_listing(struct data *data, struct text piece, void *arg)
{
	listing_reader_feed(arg, piece);
	if (data->transfer->moved_bytes <= LISTING_MAX &&
	    clock_ms() - data->up_ms <= LISTING_MAX_MS)
		return true;
	data->transfer->end = DATA_END_OURS; /* the way is open, that is all we want to know */
	data->transfer->failure = NET_TOO_MUCH;
	return false;
}

static void list(struct data *data)
{
	struct listing_reader reader = { .name = data->task->name };

	receive(data, take_listing, &reader, DEADLINE_NEVER);
	data->transfer->n_lines = reader.n_lines;
	data->transfer->n_unreadable_lines = reader.n_unreadable;
	data->transfer->n_foreign_lines = reader.n_foreign;
	data->transfer->lists_probe_file = reader.has_name;
}

/* A slow line need not be watched to the end. */
static bool has_taken_long(struct data *data)
{
	if (data->task->longest_ms == 0 || clock_ms() - data->up_ms < data->task->longest_ms)
		return false;
	data->transfer->end = DATA_END_OURS;
	data->transfer->failure = NET_TOO_MUCH;
	return true;
}

static bool take_download(struct data *data, struct text piece, void *arg)
{
	bool *is_same = arg;
	char expected[1024];
	uint64_t start = data->task->operation == OPERATION_RESUME ? data->task->size_bytes / 2 : 0;
	uint64_t at = start + data->transfer->moved_bytes - piece.len;

	for (size_t i = 0; i < piece.len && *is_same; i += sizeof(expected)) {
		size_t len = MIN_OF(piece.len - i, sizeof(expected));

		probe_content(at + i, expected, len);
		*is_same = memcmp(expected, piece.ptr + i, len) == 0;
	}
	return data->transfer->moved_bytes <= data->transfer->expected_bytes + EXCESS_MAX &&
	       (data->transfer->moved_bytes == data->transfer->expected_bytes ||
		!has_taken_long(data));
}

static void download(struct data *data)
{
	struct transfer *transfer = data->transfer;
	bool is_same = true;

	transfer->expected_bytes = data->task->operation == OPERATION_RESUME
					   ? data->task->size_bytes - data->task->size_bytes / 2
					   : data->task->size_bytes;
	receive(data, take_download, &is_same, DEADLINE_NEVER);
	if (has_failed(data) || (transfer->failure == NET_TOO_MUCH && is_same))
		return;
	if (transfer->moved_bytes < transfer->expected_bytes && is_same)
		fail(data, TRANSFER_CUT, NET_CLOSED);
	else if (!is_same || transfer->moved_bytes != transfer->expected_bytes)
		fail(data, TRANSFER_DIFFERENT, NET_GARBAGE);
}

/* Waits for the next piece of a slow upload; false: the user, or the server, has had enough. */
static bool pause_upload(struct data *data)
{
	struct pollfd fds[2] = { { .fd = data->stream.fd, .events = POLLRDHUP },
				 { .fd = data->patience.cancel_fd, .events = POLLIN } };

	if (data->task->is_enough && data->task->is_enough(data->task->arg))
		return false;
	return poll(fds, ARRAY_SIZE(fds), (int)data->task->pace_ms) == 0;
}

/* A slow line with deep queues is not stuck: bytes still get through. */
static bool goes_on(const struct data *data, uint64_t *acknowledged)
{
	struct tcp_numbers numbers;

	tcp_numbers_get(data->stream.fd, &numbers);
	bool has_moved = numbers.acknowledged_bytes > *acknowledged;
	*acknowledged = numbers.acknowledged_bytes;
	return has_moved;
}

/* What got through before the line stood still does not count. */
static bool still_goes_on(const struct data *data)
{
	struct pollfd cancel = { .fd = data->patience.cancel_fd, .events = POLLIN };
	uint64_t acknowledged = 0;

	(void)goes_on(data, &acknowledged);
	return poll(&cancel, 1, STILL_MOVES_MS) == 0 && goes_on(data, &acknowledged);
}

/* It has not ended in time, and it moves: what has come through tells the rate. */
static void leave_slow_upload(struct data *data, uint64_t acknowledged)
{
	struct transfer *transfer = data->transfer;

	transfer->failure = NET_TOO_MUCH;
	transfer->moved_bytes = MIN_OF(transfer->moved_bytes, acknowledged);
	transfer->acknowledged_bytes = acknowledged;
	transfer->duration_ms = clock_ms() - data->up_ms;
}

static void upload(struct data *data)
{
	struct transfer *transfer = data->transfer;
	size_t piece = data->task->pace_ms > 0 ? 1 : BUFFER_SIZE;
	const int unsent = BUFFER_SIZE;
	struct tcp_numbers numbers;
	uint64_t acknowledged = 0;
	int r = 0;

	/* What waits in our own buffers tells nothing; at worst more of it does. */
	(void)setsockopt(data->stream.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));

	transfer->expected_bytes = data->task->size_bytes;
	while (r == 0 && transfer->moved_bytes < transfer->expected_bytes) {
		uint64_t left = transfer->expected_bytes - transfer->moved_bytes;
		size_t len = (size_t)MIN_OF(left, (uint64_t)piece);

		if ((data->task->pace_ms > 0 && !pause_upload(data)) || has_taken_long(data))
			break;
		(void)goes_on(data, &acknowledged);
		probe_content(transfer->moved_bytes, data->buffer, len);
		r = stream_write_steadily(&data->stream, data->buffer, len,
					  deadline_in(stall_ms(data)));
		if (r == 0)
			transfer->moved_bytes += len;
	}
	transfer->end = DATA_END_OURS;
	if (r == 0)
		r = stream_end(&data->stream, deadline_in(closing_ms(data)));
	if (r == 0)
		return;
	if (r == -ETIMEDOUT && goes_on(data, &acknowledged) && still_goes_on(data)) {
		(void)goes_on(data, &acknowledged);
		leave_slow_upload(data, acknowledged);
		return;
	}
	tcp_numbers_get(data->stream.fd, &numbers);
	transfer->acknowledged_bytes = numbers.acknowledged_bytes;
	transfer->end = r == -ETIMEDOUT ? DATA_END_UNKNOWN : DATA_END_RESET;
	fail(data, r == -ETIMEDOUT ? TRANSFER_STALLED : TRANSFER_CUT, outcome_of(r));
}

/* --- the whole -------------------------------------------------------------------------------- */

static void move_bytes(struct data *data)
{
	enum operation operation = data->task->operation;
	struct tcp_numbers numbers;

	if (has_failed(data))
		return;
	if (is_upload(operation))
		upload(data);
	else if (operation == OPERATION_LIST)
		list(data);
	else
		download(data);
	data->transfer->duration_ms = clock_ms() - data->up_ms;
	tcp_numbers_get(data->stream.fd, &numbers);
	data->transfer->retransmits = numbers.retransmits;
	data->transfer->mss = numbers.mss;
}

/* Of an upload that we have ended. False: the server has not, and nothing moves any more. */
static bool await_server_end(struct data *data)
{
	int64_t latest_ms = deadline_in(DRAIN_MS);
	uint64_t acknowledged = 0;

	(void)goes_on(data, &acknowledged);
	for (;;) {
		ssize_t n = stream_read(&data->stream, data->buffer, BUFFER_SIZE,
					deadline_in(MIN_OF(closing_ms(data), stall_ms(data))));

		if (n != -ETIMEDOUT)
			return true;
		if (!goes_on(data, &acknowledged) || doctor_gives_up(data->client->doctor))
			return false;
		if (clock_ms() < latest_ms)
			continue;
		leave_slow_upload(data, acknowledged);
		return true;
	}
}

/* A stall that ends with data in flight is reset, so that the server does not wait for more. */
static void close_data(struct data *data)
{
	fd_close(&data->listener);
	/* An uploader's last bytes must not be eaten by a reset: the server closes first. One that
	 * does not has not seen the end. */
	if (!has_failed(data) && is_upload(data->task->operation) &&
	    stream_is_open(&data->stream)) {
		struct tcp_numbers numbers;

		if (!await_server_end(data))
			data->transfer->end = DATA_END_UNKNOWN;
		else /* the last bytes have left our own buffers by now */
			data->transfer->duration_ms = clock_ms() - data->up_ms;
		tcp_numbers_get(data->stream.fd, &numbers);
		data->transfer->retransmits = numbers.retransmits;
		data->transfer->acknowledged_bytes = numbers.acknowledged_bytes;
	}
	stream_close(&data->stream);
}

/* 226 or what came instead. Where nobody came to our port, or bytes are lost, the server may go on
 * trying for minutes: the connection is of no use any more. */
static void read_final(struct data *data)
{
	struct transfer *transfer = data->transfer;
	struct client *client = data->client;
	bool was_accepted =
		transfer->preliminary.outcome == NET_OK && transfer->preliminary.code < 200;

	if (transfer->preliminary.code >= 200 && transfer->preliminary.code < 300) {
		transfer->final = transfer->preliminary;
	} else if (was_accepted ||
		   (transfer->result == TRANSFER_NOT_CONNECTED &&
		    transfer->preliminary.outcome == NET_UNTRIED && *transfer->command)) {
		bool is_lost = transfer->result == TRANSFER_NOT_CONNECTED ||
			       transfer->result == TRANSFER_STALLED;
		int64_t wait_ms =
			is_lost ? client->doctor->data_again_ms : client->doctor->reply_ms;

		(void)client_read_reply(client, &transfer->final, wait_ms);
	} else {
		return;
	}
	if (transfer->failure == NET_TOO_MUCH)
		return; /* we ended it: whatever it says to that is right */
	if (transfer->final.outcome != NET_OK)
		fail(data, TRANSFER_NO_REPLY, transfer->final.outcome);
	else if (reply_class(&transfer->final) != 2)
		fail(data, TRANSFER_NOT_CONFIRMED, NET_OK);
}

static void delete_file(struct data *data)
{
	struct transfer *transfer = data->transfer;
	char command[EVIDENCE_LINE];

	transfer->mode = data->task->mode;
	format_command(data->task, command, sizeof(command));
	if (!ask(data->client, command, transfer->command, &transfer->final))
		fail(data, TRANSFER_NO_REPLY, transfer->final.outcome);
	else if (reply_class(&transfer->final) != 2)
		fail(data, TRANSFER_COMMAND_REFUSED, NET_OK);
}

static void run(struct data *data)
{
	bool is_passive = data->task->mode == DATA_EPSV || data->task->mode == DATA_PASV;

	if (is_passive)
		set_up_passive(data);
	else
		set_up_active(data);
	if (!has_failed(data) && is_passive && data->task->asks_for_arrival)
		ask_for_arrival(data);
	if (!has_failed(data))
		send_command(data);
	if (!has_failed(data) && is_passive)
		(void)read_preliminary(data);
	else if (!has_failed(data))
		accept_server(data);
	if (!has_failed(data))
		start_tls(data);
	move_bytes(data);
	close_data(data);
	read_final(data);
}

/* What we had no time for tells nothing, unless nobody came for long enough. */
static void forgive(struct data *data)
{
	struct transfer *transfer = data->transfer;
	const struct doctor *doctor = data->client->doctor;
	bool is_silence = transfer->failure == NET_TIMED_OUT || transfer->failure == NET_SKIPPED;

	if (!has_failed(data) || !is_silence || !doctor_gives_up(doctor) ||
	    (transfer->result == TRANSFER_NOT_CONNECTED &&
	     transfer->attempt.duration_ms >= doctor->data_again_ms))
		return;
	transfer->result = TRANSFER_SKIPPED;
	transfer->failure = NET_SKIPPED;
}

static void describe(const struct client *client, struct transfer *transfer,
		     const struct data_task *task)
{
	const struct control *control = client->control;

	*transfer = (struct transfer){ .mode = task->mode, .operation = task->operation };
	transfer->control = evidence_index(client->doctor->evidence, control);
	transfer->is_v6 = !address_is_v4(&control->attempt.peer);
	transfer->tls_mode = control->mode;
}

void probe_transfer(struct client *client, struct transfer *transfer, const struct data_task *task)
{
	struct data data = { .client = client,
			     .transfer = transfer,
			     .task = task,
			     .listener = -1,
			     .up_ms = clock_ms() };

	describe(client, transfer, task);
	if (!client_is_alive(client)) {
		transfer->result = TRANSFER_SKIPPED;
		return;
	}
	data.buffer = malloc(BUFFER_SIZE);
	patience_init(&data.patience, client->doctor);
	data.patience.cancel_fd = client->patience.cancel_fd;
	stream_init(&data.stream, -1, &data.patience.waiter);
	if (!data.buffer)
		transfer->result = TRANSFER_SKIPPED;
	else if (task->operation == OPERATION_DELETE)
		delete_file(&data);
	else
		run(&data);
	forgive(&data);
	free(data.buffer);
	if (transfer->result == TRANSFER_UNTRIED)
		transfer->result = TRANSFER_OK;
	if (transfer->failure == NET_UNTRIED)
		transfer->failure = NET_OK;
}
