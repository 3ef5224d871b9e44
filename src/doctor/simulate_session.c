/* doctor/simulate_session.c - one command connection through the simulator. Lines that it can read
 * pass one by one; once TLS hides them, bytes pass as they come. */
#include <poll.h>

#include "base/clock.h"
#include "doctor/simulate_dialogue.h"
#include "doctor/simulate_parts.h"
#include "ftp/hostport.h"
#include "net/socket.h"

#define PENDING_MAX 8192

/* What is kept of one direction until its line is whole. */
struct pending {
	size_t len;
	char bytes[PENDING_MAX];
};

struct dialogue {
	struct simulate_session *session;
	struct simulator *simulator;
	const struct simulation *cause;
	struct pending up, down;
	/* What was announced to one side, and where whoever comes to it goes on to; it may lead
	 * nowhere. */
	struct door data_door;
	struct address data_target;
	bool data_is_active, data_is_open;
	bool is_opaque;	    /* TLS that we do not read */
	bool expects_hello; /* the next bytes of the client are its ClientHello */
	bool was_greeted, is_waiting_for_auth, is_waiting_for_prot, next_is_protected;
	unsigned n_kills;
	int64_t last_ms; /* when something last passed */
};

/* Not an error: the session is over. */
#define SESSION_ENDS (-ESHUTDOWN)

static int send_text(struct wire *wire, const char *text)
{
	return wire_write(wire, text, strlen(text));
}

/* --- TLS -------------------------------------------------------------------------------------- */

static void keep_bytes(struct simulate_session *session, const SSL_SESSION *ticket)
{
	int len = i2d_SSL_SESSION(ticket, NULL);
	unsigned char *bytes = len > 0 ? malloc((size_t)len) : NULL, *end = bytes;

	if (!bytes)
		return;
	len = i2d_SSL_SESSION(ticket, &end);
	(void)pthread_mutex_lock(&session->simulator->lock);
	free(session->ticket);
	session->ticket = bytes;
	session->ticket_len = len;
	(void)pthread_mutex_unlock(&session->simulator->lock);
}

/* OpenSSL's callback: a ticket of the server, for data connections to resume. Returns 0: it is not
 * kept as it is. */
static int keep_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	struct simulate_session *session = SSL_get_app_data(ssl);

	if (session) /* else it is of a data connection */
		keep_bytes(session, ticket);
	return 0;
}

static int take_apart(struct dialogue *d)
{
	struct simulate_session *session = d->session;
	struct simulator *s = d->simulator;
	SSL_CTX *context = s->certificates.server;
	struct address address;
	const char *name = s->options.server_name;
	bool has_name = name && address_parse(text_of(name), &address) < 0;

	int r = wire_connect_tls(&session->server, context, NULL, has_name ? name : NULL);
	if (r == 0)
		(void)SSL_set_app_data(session->server.ssl, session);
	if (r == 0)
		r = wire_accept_tls(&session->client, s->certificates.control, true);
	session->is_taken_apart = r == 0;
	if (r == 0 && SSL_version(session->server.ssl) < TLS1_3_VERSION)
		keep_bytes(session, SSL_get0_session(session->server.ssl));
	return r;
}

/* The client will see nothing of the cause, and whoever practises should know why. */
static void say_what_lacks(const struct simulator *s)
{
	const char *lacks = simulate_lacks(&s->options);
	char text[256];

	if (!lacks || !s->options.tell)
		return;
	(void)snprintf(text, sizeof(text),
		       "a client has begun TLS, and nothing of %s will be seen in its session: "
		       "that needs %s",
		       s->cause->id, lacks);
	s->options.tell(text);
}

static int begin_tls(struct dialogue *d)
{
	if (d->simulator->intercepts)
		return take_apart(d);
	d->is_opaque = true;
	d->expects_hello = true;
	say_what_lacks(d->simulator);
	return 0;
}

/* RFC 8446 4.2.1: the extension supported_versions with 0x0304 in it. A search is good enough: the
 * bytes 00 2b, a length, then versions of two bytes. */
static bool offers_tls_1_3(const uint8_t *hello, size_t len)
{
	for (size_t i = 0; i + 5 < len; i++) {
		if (hello[i] != 0 || hello[i + 1] != 0x2b || hello[i + 2] != 0 ||
		    hello[i + 3] != hello[i + 4] + 1)
			continue;
		for (size_t v = i + 5; v + 1 < len && v < i + 5 + hello[i + 4]; v += 2)
			if (hello[v] == 3 && hello[v + 1] == 4)
				return true;
	}
	return false;
}

/* What the cause does at the ClientHello. 0: it passes. */
static int meet_hello(struct dialogue *d, const uint8_t *hello, size_t len)
{
	uint8_t alert[] = { 21, 3, 3, 0, 2, 2, d->cause->alert };

	d->expects_hello = false;
	switch (d->cause->tls) {
	case TLS_RESET:
		return -ECONNRESET;
	case TLS_ALERT:
		(void)!wire_write(&d->session->client, alert, sizeof(alert));
		return SESSION_ENDS;
	case TLS_NO_1_3:
		return offers_tls_1_3(hello, len) ? -ECONNRESET : 0;
	default:
		return 0;
	}
}

/* --- passive ---------------------------------------------------------------------------------- */

static enum door_kind passive_kind(const struct dialogue *d, bool is_epsv)
{
	if (d->cause->data == DATA_DROPPED || (d->cause->data == DATA_EPSV_DROPPED && is_epsv))
		return DOOR_DROPPED;
	if (d->cause->data == DATA_REFUSED || (d->cause->address == PASSIVE_OTHER_PORT && !is_epsv))
		return DOOR_REFUSED;
	return DOOR_OPEN;
}

/* The address of the 227 reply: ours, or a wrong one. */
static struct address announced(const struct dialogue *d, struct address ours)
{
	static const uint8_t private[4] = { 192, 168, 77, 10 }, foreign[4] = { 198, 51, 100, 77 };

	if (d->cause->address == PASSIVE_PRIVATE)
		return address_from_v4(private, ours.port);
	if (d->cause->address == PASSIVE_FOREIGN)
		return address_from_v4(foreign, ours.port);
	return ours;
}

static int send_passive(struct dialogue *d, const struct address *ours, bool is_epsv)
{
	char storage[128];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	buf_addf(&out, "%u ", is_epsv ? 229 : 227);
	if (is_epsv) {
		hostport_format_229(&out, ours->port);
	} else {
		const struct address shown = announced(d, *ours);

		if (!address_is_v4(&shown))
			return send_text(&d->session->client, "425 Use EPSV over IPv6.\r\n");
		hostport_format_227(&out, &shown);
	}
	buf_add(&out, T("\r\n"));
	return wire_write(&d->session->client, storage, out.len);
}

/* At a port that the kernel chooses, in place of the last one. */
static int open_data_door(struct dialogue *d, struct address *ours, enum door_kind kind,
			  const struct address *target)
{
	ours->port = 0;
	door_close(&d->data_door);
	int r = door_open(&d->data_door, ours, kind);
	if (r == 0)
		simulate_narrow(d->cause, &d->data_door);
	d->data_target = *target;
	d->data_is_open = r == 0 && kind == DOOR_OPEN;
	d->data_is_active = false;
	return r;
}

/* One connection comes to a door; it goes on before anything else does. */
static void meet_data(struct dialogue *d)
{
	struct address peer;
	int fd = -1;

	if (!d->data_is_open || socket_accept(d->data_door.fd, &fd, &peer) < 0)
		return;
	d->data_is_open = false;
	door_close(&d->data_door);
	simulate_relay_start(d->simulator, d->session, fd, &d->data_target, d->data_is_active);
	simulate_relay_await(d->session);
}

static void say_no_door(const struct simulator *s, int reason)
{
	char text[128];

	if (!s->options.tell)
		return;
	(void)snprintf(text, sizeof(text), "no port can be opened for a data connection: %s",
		       strerrordesc_np(-reason));
	s->options.tell(text);
}

/* Announces a port of ours instead of the server's. */
static int relay_passive(struct dialogue *d, uint16_t server_port, bool is_epsv)
{
	struct simulator *s = d->simulator;
	struct address ours, target = s->options.server;
	enum door_kind kind = passive_kind(d, is_epsv);

	int r = socket_local(d->session->client.fd, &ours);
	if (r < 0)
		return r;
	target.port = server_port;
	if (s->passive) { /* doors stand at the server's own ports */
		ours.port = server_port;
		if (d->cause->address == PASSIVE_OTHER_PORT && !is_epsv)
			ours.port = (uint16_t)(s->options.passive_ports.last + 1u);
		return send_passive(d, &ours, is_epsv);
	}
	r = open_data_door(d, &ours, kind, &target);
	if (r < 0) {
		say_no_door(s, r);
		return send_text(&d->session->client, "425 The simulator has no port left.\r\n");
	}
	ours.port = d->data_door.address.port;
	return send_passive(d, &ours, is_epsv);
}

/* --- active ----------------------------------------------------------------------------------- */

static int send_active(struct dialogue *d, const struct address *shown)
{
	char storage[128], ip[ADDRESS_TEXT_SIZE];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	if (address_is_v4(shown))
		buf_addf(&out, "PORT %u,%u,%u,%u,%u,%u\r\n", shown->ip[12], shown->ip[13],
			 shown->ip[14], shown->ip[15], shown->port >> 8, shown->port & 255);
	else
		buf_addf(&out, "EPRT |2|%s|%u|\r\n", address_format_ip(shown, ip), shown->port);
	return wire_write(&d->session->server, storage, out.len);
}

/* The server shall dial us; we dial the client. Returns 1 when the command is not to be passed. */
static int relay_active(struct dialogue *d, struct text argument, bool is_eprt)
{
	static const uint8_t private[4] = { 192, 168, 77, 20 };
	struct address target, ours;
	bool leads_nowhere = d->cause->address == ACTIVE_DROPPED;
	int r = is_eprt ? hostport_parse_eprt(argument, &target)
			: hostport_parse_port(argument, &target);

	if (r < 0 || socket_local(d->session->server.fd, &ours) < 0)
		return 0; /* the server tells what is wrong with it */
	r = open_data_door(d, &ours, leads_nowhere ? DOOR_DROPPED : DOOR_OPEN, &target);
	if (r < 0)
		return r;
	d->data_is_active = true;
	struct address shown = d->data_door.address;
	if (d->cause->address == ACTIVE_PRIVATE)
		shown = address_from_v4(private, shown.port);
	if (d->cause->address == ACTIVE_OTHER_PORT)
		shown.port = (uint16_t)(shown.port > 60000 ? shown.port - 1000 : shown.port + 1000);
	r = send_active(d, &shown);
	return r < 0 ? r : 1;
}

/* --- lines ------------------------------------------------------------------------------------ */

static int give_answer(struct dialogue *d, const struct simulate_answer *answer)
{
	if (!answer->reply)
		return -ECONNRESET;
	int r = send_text(&d->session->client, answer->reply);
	if (r == 0)
		r = send_text(&d->session->client, "\r\n");
	return r == 0 && answer->closes ? SESSION_ENDS : r;
}

static int pass_command(struct dialogue *d, struct text line)
{
	struct simulate_session *session = d->session;
	char verb[DIALOGUE_VERB_SIZE];
	int r;

	dialogue_verb(line, verb);
	struct text argument = dialogue_argument(line);
	const struct simulate_answer *answer = dialogue_answer(d->cause, verb, !session->client.ssl,
							       atomic_load(&session->is_protected));
	if (answer)
		return give_answer(d, answer);
	bool is_eprt = strcmp(verb, "EPRT") == 0;
	if (is_eprt || strcmp(verb, "PORT") == 0) {
		r = relay_active(d, argument, is_eprt);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	d->is_waiting_for_auth = strcmp(verb, "AUTH") == 0;
	d->is_waiting_for_prot = strcmp(verb, "PROT") == 0;
	d->next_is_protected = argument.len > 0 && (argument.ptr[0] & ~0x20) == 'P';
	return wire_write(&session->server, line.ptr, line.len);
}

static int pass_reply(struct dialogue *d, struct text line)
{
	struct simulate_session *session = d->session;
	char storage[512];
	struct buf masked;
	unsigned code = 0;
	uint16_t port;
	bool is_last = false, is_greeting = false;

	(void)dialogue_code(line, &code, &is_last);
	if (code && !d->was_greeted)
		is_greeting = d->was_greeted = true;
	buf_init(&masked, storage, sizeof(storage));
	if (d->cause->masks && dialogue_mask(line, is_greeting && is_last, &masked))
		return wire_write(&session->client, storage, masked.len);
	if ((code == 227 || code == 229) && is_last && dialogue_passive_port(line, &port))
		return relay_passive(d, port, code == 229);
	if (code >= 200 && is_last && atomic_exchange(&session->must_refuse, false))
		return send_text(&session->client,
				 "522 SSL connection failed: session reuse required.\r\n");
	if (d->is_waiting_for_prot && code == 200 && is_last) {
		d->is_waiting_for_prot = false;
		atomic_store(&session->is_protected, d->next_is_protected);
	}
	int r = wire_write(&session->client, line.ptr, line.len);
	if (r == 0 && d->is_waiting_for_auth && code == 234 && is_last) {
		d->is_waiting_for_auth = false;
		r = begin_tls(d);
	}
	return r;
}

/* Takes whole lines out of the pending bytes; what is too long for one passes as it is. */
static int pass_lines(struct dialogue *d, struct pending *pending, bool is_up)
{
	int r = 0;

	while (r == 0 && pending->len > 0 && !d->is_opaque) {
		const char *end = memchr(pending->bytes, '\n', pending->len);
		if (!end && pending->len < sizeof(pending->bytes))
			break;
		size_t len = end ? (size_t)(end - pending->bytes) + 1 : pending->len;
		struct text line = { pending->bytes, len };
		r = is_up ? pass_command(d, line) : pass_reply(d, line);
		pending->len -= len;
		memmove(pending->bytes, pending->bytes + len, pending->len);
	}
	return r;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static int freeze(struct dialogue *d)
{
	struct pollfd end = { .fd = d->session->client.fd, .events = POLLRDHUP };

	while (!simulator_is_stopping(d->simulator) && poll(&end, 1, SIMULATE_TICK_MS) == 0)
		;
	return SESSION_ENDS;
}

static int pass_raw(struct dialogue *d, struct pending *pending, bool is_up)
{
	struct wire *to = is_up ? &d->session->server : &d->session->client;
	size_t len = pending->len;
	int r = 0;

	pending->len = 0;
	if (is_up && d->expects_hello && len > 0)
		r = meet_hello(d, (const uint8_t *)pending->bytes, len);
	return r < 0 ? r : wire_write(to, pending->bytes, len);
}

static int pass(struct dialogue *d, bool is_up)
{
	struct wire *from = is_up ? &d->session->client : &d->session->server;
	struct pending *pending = is_up ? &d->up : &d->down;
	int r = 0;

	ssize_t n = wire_read(from, pending->bytes + pending->len,
			      sizeof(pending->bytes) - pending->len);
	if (n == -EAGAIN)
		return 0;
	if (n <= 0)
		return n == 0 ? SESSION_ENDS : (int)n;
	if (d->cause->clamps && n > SIMULATE_CLAMP)
		return freeze(d);
	d->last_ms = clock_ms();
	pending->len += (size_t)n;
	if (!d->is_opaque)
		r = pass_lines(d, pending, is_up);
	if (r == 0 && d->is_opaque)
		r = pass_raw(d, pending, is_up);
	return r;
}

/* --- the session ------------------------------------------------------------------------------ */

static int meet_idleness(struct dialogue *d)
{
	int64_t limit_ms = (int64_t)d->simulator->options.seconds * 1000;

	if (clock_ms() - d->last_ms < limit_ms)
		return 0;
	switch (d->cause->control) {
	case CONTROL_IDLE_DROPPED:
		return freeze(d);
	case CONTROL_IDLE_RESET:
		return -ECONNRESET;
	case CONTROL_IDLE_CLOSED:
		if (atomic_load(&d->simulator->n_data_now) > 0)
			return 0; /* a transfer is not idleness */
		(void)!send_text(&d->session->client, "421 Idle timeout, closing.\r\n");
		return SESSION_ENDS;
	default:
		return 0;
	}
}

static int serve(struct dialogue *d)
{
	struct simulate_session *session = d->session;
	int r = 0;

	while (r == 0) {
		bool up = wire_has_pending(&session->client);
		bool down = wire_has_pending(&session->server);
		/* The door last: who has connected before speaking is seen to have done so. */
		struct pollfd ends[3] = { { .fd = session->client.fd, .events = POLLIN },
					  { .fd = session->server.fd, .events = POLLIN },
					  { .fd = d->data_is_open ? d->data_door.fd : -1,
					    .events = POLLIN } };

		if (poll(ends, 3, up || down ? 0 : SIMULATE_TICK_MS) < 0 && errno != EINTR)
			return -errno;
		if (simulator_is_stopping(d->simulator))
			return SESSION_ENDS;
		if (atomic_load(&d->simulator->n_kills) != d->n_kills)
			return -ECONNRESET;
		if (atomic_load(&d->simulator->is_banned))
			return freeze(d);
		if (ends[2].revents)
			meet_data(d);
		if (down || ends[1].revents)
			r = pass(d, false);
		if (r == 0 && (up || ends[0].revents))
			r = pass(d, true);
		if (r == 0)
			r = meet_idleness(d);
	}
	return r;
}

/* What happens before anything passes. 0: the session goes on. */
static int open_session(struct dialogue *d)
{
	struct simulator *s = d->simulator;
	struct simulate_session *session = d->session;

	if (d->cause->control == CONTROL_CLOSED)
		return SESSION_ENDS;
	if (d->cause->control == CONTROL_SILENT)
		return freeze(d);
	if (d->cause->control == CONTROL_SPEAKS) {
		(void)!send_text(&session->client, d->cause->text);
		return SESSION_ENDS;
	}
	int r = dial(&s->options.server, NULL, &session->server);

	if (r == 0)
		simulate_lose(s->cause, &session->server);
	if (r == 0 && s->options.is_implicit) {
		d->was_greeted = true; /* inside of TLS, where nobody masks it */
		atomic_store(&session->is_protected, true);
		r = begin_tls(d);
	}
	if (r == 0 && d->cause->control == CONTROL_SLOW)
		(void)simulator_pause(s, s->options.seconds * 1000);
	return r;
}

static void *run(void *arg)
{
	struct simulate_session *session = arg;
	struct simulator *s = session->simulator;
	struct dialogue *d = calloc(1, sizeof(*d));
	int r = -ENOMEM;

	if (d) {
		d->session = session;
		d->simulator = s;
		d->cause = s->cause;
		d->n_kills = atomic_load(&s->n_kills);
		door_init(&d->data_door);
		d->last_ms = clock_ms();
		r = open_session(d);
		d->last_ms = clock_ms();
		if (r == 0)
			r = serve(d);
		door_close(&d->data_door);
	}
	atomic_store(&session->has_ended, true);
	if (r == SESSION_ENDS) {
		wire_end(&session->client, true);
		wire_end(&session->server, true);
	} else {
		wire_reset(&session->client);
		wire_reset(&session->server);
	}
	wire_close(&session->client);
	wire_close(&session->server);
	free(d);
	session_drop(session);
	simulator_leave(s);
	return NULL;
}

void simulate_session_start(struct simulator *simulator, int client)
{
	struct simulate_session *session = calloc(1, sizeof(*session));

	if (!session) {
		fd_close(&client);
		return;
	}
	session->simulator = simulator;
	session->n_references = 1;
	session->server.fd = -1;
	wire_init(&session->client, client);
	simulate_lose(simulator->cause, &session->client);
	if (simulator->certificates.server)
		SSL_CTX_sess_set_new_cb(simulator->certificates.server, keep_ticket);
	if (!simulator_spawn(simulator, run, session)) {
		wire_close(&session->client);
		session_drop(session);
	}
}
