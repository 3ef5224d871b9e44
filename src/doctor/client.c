/* doctor/client.c - see client.h. */
#include "doctor/client.h"

#include <poll.h>
#include <stdarg.h>

#include "net/socket.h"

#define KEEPALIVE_S 100
#define FAREWELL_MS 2000
#define COMMAND_MAX 1024
/* Replies that a server may send for one command before we stop listening. */
#define REPLIES_MAX 16
/* A single reply above this is an attack, or no FTP. */
#define REPLY_BYTES_MAX ((uint64_t)4 * 1024 * 1024)

static void set_up(struct client *client, const struct doctor *doctor, struct control *control,
		   enum tls_mode mode)
{
	*client = (struct client){ .doctor = doctor,
				   .control = control,
				   .reply_ms = doctor->reply_ms };
	control->mode = mode;
	patience_init(&client->patience, doctor);
	stream_init(&client->stream, -1, &client->patience.waiter);
	reply_reader_init(&client->reader, client->storage, sizeof(client->storage));
	client->opened_ms = clock_ms();
}

void client_adopt(struct client *client, const struct doctor *doctor, struct control *control,
		  int fd, const struct attempt *attempt, enum tls_mode mode)
{
	set_up(client, doctor, control, mode);
	control->attempt = *attempt;
	client->stream.fd = fd;
	socket_tune_control(fd, KEEPALIVE_S);
}

int client_open(struct client *client, const struct doctor *doctor, struct control *control,
		const struct address *peer, enum tls_mode mode)
{
	int fd = -1;

	set_up(client, doctor, control, mode);
	control->attempt.peer = *peer;
	int r = probe_connect(doctor, &control->attempt, NULL, 0,
			      doctor_patience(doctor, doctor->connect_ms), &fd);
	if (r < 0) {
		client->broken = control->ending = control->attempt.outcome;
		return r;
	}
	client->stream.fd = fd;
	socket_tune_control(fd, KEEPALIVE_S);
	return 0;
}

static void note_end(struct client *client, enum net_outcome outcome)
{
	if (client->broken == NET_UNTRIED)
		client->broken = outcome;
	/* The alert that refuses a client without a certificate comes after a TLS 1.3 handshake. */
	if (client->tls.alert != 0)
		client->control->handshake.alert = client->tls.alert;
}

void client_close(struct client *client)
{
	struct control *control = client->control;
	struct reply farewell;

	if (stream_is_open(&client->stream)) {
		if (client_is_alive(client) && client_send(client, "QUIT"))
			(void)client_read_reply(client, &farewell, FAREWELL_MS);
		control->duration_ms = clock_ms() - client->opened_ms;
		/* A server that ends the connection instead of answering QUIT has understood. */
		control->ending = client->broken == NET_UNTRIED ? NET_OK : client->broken;
		stream_close(&client->stream);
	}
	note_end(client, NET_OK);
	tls_sessions_release(&client->sessions);
}

int client_start_tls(struct client *client, struct tls_client *trust)
{
	const struct doctor *doctor = client->doctor;
	struct handshake *handshake = &client->control->handshake;
	struct tls_error error;
	int64_t begin_ms = clock_ms();

	if (!client_is_alive(client))
		return -EPIPE;
	client->in_len = client->in_at = 0;
	client->trust = trust;
	client->tls.sessions = &client->sessions;
	if (!doctor->evidence->target.is_address && !client->hides_name)
		client->tls.name = doctor->evidence->target.host;

	int r = stream_connect_tls(&client->stream, trust, &client->tls,
				   deadline_in(doctor_patience(doctor, doctor->reply_ms)), &error);
	handshake->duration_ms = clock_ms() - begin_ms;
	handshake->outcome = r == 0 ? NET_OK : outcome_of(r);
	if (r < 0) {
		evidence_text(text_of(error.text), handshake->error, sizeof(handshake->error));
		note_end(client, handshake->outcome);
	}
	probe_handshake(doctor, &client->stream, trust, &client->tls, handshake);
	return r;
}

/* Bytes into client->in, at least one. */
static int fill(struct client *client, int64_t deadline_ms)
{
	ssize_t n = stream_read(&client->stream, client->in, sizeof(client->in), deadline_ms);

	if (n <= 0)
		return n < 0 ? (int)n : -ENODATA; /* the end */
	client->in_at = 0;
	client->in_len = (size_t)n;
	return 0;
}

/* One reply into the reader. 0 or negative. */
static int read_into_reader(struct client *client, int64_t deadline_ms)
{
	reply_reader_reset(&client->reader);
	for (;;) {
		struct text in = { client->in + client->in_at, client->in_len };
		int r = reply_reader_feed(&client->reader, &in);

		client->in_at = (size_t)(in.ptr - client->in);
		client->in_len = in.len;
		if (r != 0)
			return r == 1 ? 0 : r;
		if (client->reader.size_bytes > REPLY_BYTES_MAX)
			return -EMSGSIZE;
		/* A server that never stops talking does not starve the deadline. */
		if (deadline_left(deadline_ms) == 0)
			return -ETIMEDOUT;
		r = fill(client, deadline_ms);
		if (r < 0)
			return r;
	}
}

static void take_text(const struct client *client, struct reply *ret)
{
	struct text text = buf_text(&client->reader.text);

	while (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	evidence_text(text, ret->text, sizeof(ret->text));
	ret->size_bytes = client->reader.size_bytes;
	ret->is_odd = client->reader.is_odd;
	ret->is_masked = reply_is_masked(text);
}

bool client_read_reply(struct client *client, struct reply *ret, int64_t timeout_ms)
{
	int64_t begin_ms = clock_ms();

	*ret = (struct reply){ .outcome = client->broken };
	if (!client_is_alive(client))
		return false;

	int r = read_into_reader(client, begin_ms + doctor_patience(client->doctor, timeout_ms));
	ret->after_ms = clock_ms() - begin_ms;
	take_text(client, ret);
	if (r < 0) {
		bool is_ours =
			r == -ECANCELED || (r == -ETIMEDOUT && doctor_gives_up(client->doctor));

		ret->outcome = is_ours ? NET_SKIPPED : outcome_of(r);
		note_end(client, ret->outcome);
		return false;
	}
	ret->outcome = NET_OK;
	ret->code = client->reader.code;
	client->control->was_asked_to_leave |= ret->code == 421;
	return true;
}

static bool PRINTF_LIKE(2, 0) send_line(struct client *client, const char *format, va_list args)
{
	char line[COMMAND_MAX];

	if (!client_is_alive(client))
		return false;
	int n = vsnprintf(line, sizeof(line) - 2, format, args);
	if (n < 0 || (size_t)n >= sizeof(line) - 2)
		return false;
	line[n] = '\r';
	line[n + 1] = '\n';
	int r = stream_write(
		&client->stream, line, (size_t)n + 2,
		deadline_in(doctor_patience(client->doctor, client->doctor->reply_ms)));
	explicit_bzero(line, sizeof(line)); /* it may have been a password */
	/* A peer that has gone may have said why: reading tells. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		note_end(client, outcome_of(r));
	return client_is_alive(client);
}

bool client_send(struct client *client, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	bool is_sent = send_line(client, format, args);
	va_end(args);
	return is_sent;
}

/* When all slots are taken the last one is used again: what was asked first tells most. */
static struct exchange *next_exchange(struct client *client)
{
	struct control *control = client->control;
	struct exchange *exchange = control_add_exchange(control);

	if (!exchange) {
		exchange = &control->exchanges[EVIDENCE_EXCHANGES - 1];
		*exchange = (struct exchange){ .is_tls = false };
	}
	exchange->started_ms = doctor_now(client->doctor);
	exchange->is_tls = client->stream.ssl != NULL;
	return exchange;
}

const struct reply *client_ask(struct client *client, const char *verb, const char *shown,
			       const char *format, ...)
{
	struct exchange *exchange = next_exchange(client);
	va_list args;

	(void)snprintf(exchange->verb, sizeof(exchange->verb), "%s", verb);
	if (shown) {
		(void)snprintf(exchange->command, sizeof(exchange->command), "%s", shown);
	} else {
		va_start(args, format);
		(void)vsnprintf(exchange->command, sizeof(exchange->command), format, args);
		va_end(args);
	}
	exchange->reply.outcome = client->broken;
	va_start(args, format);
	bool is_sent = send_line(client, format, args);
	va_end(args);
	for (int i = 0; is_sent && i < REPLIES_MAX; i++)
		if (!client_read_reply(client, &exchange->reply, client->reply_ms) ||
		    exchange->reply.code >= 200)
			break;
	return &exchange->reply;
}

const struct reply *client_read_banner(struct client *client, int64_t timeout_ms)
{
	struct exchange *exchange = next_exchange(client);

	for (int i = 0; i < REPLIES_MAX; i++) /* 120: ready in some minutes */
		if (!client_read_reply(client, &exchange->reply, timeout_ms) ||
		    exchange->reply.code >= 200)
			break;
	return &exchange->reply;
}

bool client_has_reply(struct client *client, int64_t timeout_ms)
{
	if (!client_is_alive(client))
		return false;
	if (client->in_len > 0 || (client->stream.ssl && SSL_pending(client->stream.ssl) > 0))
		return true;
	return client->patience.waiter.wait(&client->patience.waiter, client->stream.fd, POLLIN,
					    deadline_in(timeout_ms)) == 0;
}
