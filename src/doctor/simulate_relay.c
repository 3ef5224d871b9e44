/* doctor/simulate_relay.c - one data connection through the simulator, and what goes wrong with
 * it. */
#include <poll.h>

#include "doctor/simulate_parts.h"
#include "doctor/simulate_tail.h"
#include "net/socket.h"

#define PIECE 16384
#define TAIL_TICKS 5 /* a client that waits for the answer to its close_notify gets none */

struct relay {
	struct simulator *simulator;
	struct simulate_session *session; /* held; may be NULL */
	int accepted;
	struct address target;
	bool is_active;
	struct wire client, server;
	uint64_t n_up, n_down;
	unsigned n_kills;
	bool up_has_ended, down_has_ended, is_counted;
	bool is_stalled, upload_is_stalled;
	struct tail tail; /* DATA_UPLOAD_LOST */
};

static bool must_give_up(const struct relay *relay)
{
	return simulator_is_stopping(relay->simulator) ||
	       (relay->session && atomic_load(&relay->session->has_ended));
}

static void count(struct relay *relay)
{
	(void)atomic_fetch_add(&relay->simulator->n_data_now, 1);
	relay->is_counted = true;
}

/* Before the other side hears of the end: its next connection is not one at the same time. */
static void stop_counting(struct relay *relay)
{
	if (relay->is_counted)
		(void)atomic_fetch_sub(&relay->simulator->n_data_now, 1);
	relay->is_counted = false;
}

/* What is decided when a data connection arrives; false: it is reset. */
static bool may_enter(struct relay *relay)
{
	struct simulator *s = relay->simulator;
	unsigned n = atomic_fetch_add(&s->n_data, 1) + 1;
	unsigned now = atomic_load(&s->n_data_now);

	switch (s->cause->data) {
	case DATA_RESET:
		return false;
	case DATA_LIMITED:
		return now <= s->options.limit;
	case DATA_BANNED:
		if (n > s->options.limit)
			atomic_store(&s->is_banned, true);
		return n <= s->options.limit;
	default:
		return true;
	}
}

/* The ticket is for one use; owned by the caller, NULL when there is none. */
static SSL_SESSION *take_ticket(struct simulate_session *session)
{
	(void)pthread_mutex_lock(&session->simulator->lock);
	unsigned char *bytes = session->ticket;
	int len = session->ticket_len;
	session->ticket = NULL;
	session->ticket_len = 0;
	(void)pthread_mutex_unlock(&session->simulator->lock);

	const unsigned char *at = bytes;
	SSL_SESSION *ticket = bytes ? d2i_SSL_SESSION(NULL, &at, len) : NULL;

	free(bytes);
	return ticket;
}

static int start_tls(struct relay *relay)
{
	struct simulator *s = relay->simulator;
	struct simulate_session *session = relay->session;

	if (!session || !session->is_taken_apart || !atomic_load(&session->is_protected))
		return 0;
	int r = wire_accept_tls(&relay->client, s->certificates.data, false);
	if (r < 0)
		return r;
	bool is_refused = s->cause->data == DATA_MUST_RESUME
				  ? !SSL_session_reused(relay->client.ssl)
				  : s->cause->data == DATA_TICKETS_END &&
					    atomic_load(&s->n_data) > s->options.limit;
	if (is_refused) {
		atomic_store(&session->must_refuse, true);
		return -EPERM;
	}
	SSL_SESSION *ticket = take_ticket(session);
	r = wire_connect_tls(&relay->server, s->certificates.server, ticket, NULL);
	SSL_SESSION_free(ticket);
	return r;
}

void simulate_lose(const struct simulation *cause, const struct wire *wire)
{
	if (cause->clamps)
		wire_lose(wire, SIMULATE_CLAMP, 100);
	else if (cause->data == DATA_LOSSY)
		wire_lose(wire, SIMULATE_LOSABLE, SIMULATE_LOSS);
}

void simulate_narrow(const struct simulation *cause, const struct door *door)
{
	if (cause->clamps || cause->data == DATA_LOSSY)
		door_narrow(door, SIMULATE_SEGMENT);
}

static int dial_far_end(struct relay *relay)
{
	struct simulator *s = relay->simulator;
	bool has_source = s->cause->data == DATA_OTHER_SOURCE && !relay->is_active;
	struct wire *far = relay->is_active ? &relay->client : &relay->server;

	int r = dial(&relay->target, has_source ? &s->options.source : NULL, far);

	if (r < 0)
		return r;
	simulate_lose(s->cause, &relay->client);
	simulate_lose(s->cause, &relay->server);
	return 0;
}

static void end_dialling(struct simulate_session *session)
{
	if (!session)
		return;
	(void)pthread_mutex_lock(&session->simulator->lock);
	session->n_dialling--;
	(void)pthread_cond_broadcast(&session->simulator->changed);
	(void)pthread_mutex_unlock(&session->simulator->lock);
}

void simulate_relay_await(struct simulate_session *session)
{
	(void)pthread_mutex_lock(&session->simulator->lock);
	while (session->n_dialling > 0)
		(void)pthread_cond_wait(&session->simulator->changed, &session->simulator->lock);
	(void)pthread_mutex_unlock(&session->simulator->lock);
}

/* --- the copy --------------------------------------------------------------------------------- */

static void wait_before_piece(struct relay *relay, bool is_up)
{
	struct simulator *s = relay->simulator;

	if (s->cause->data == DATA_LATE && !is_up && relay->n_down == 0)
		(void)simulator_pause(s, s->options.seconds * 1000);
}

/* How many of n bytes still pass in this direction; sets what happens then. */
static size_t let_pass(struct relay *relay, bool is_up, size_t n)
{
	struct simulator *s = relay->simulator;
	uint64_t before = is_up ? relay->n_up : relay->n_down;
	uint64_t size = s->options.size;
	enum simulate_data data = s->cause->data;
	bool is_limited = data == DATA_STALLS || data == DATA_KILLED ||
			  (is_up && (data == DATA_UPLOAD_STALLS || data == DATA_CUT));

	if (s->cause->clamps && n > SIMULATE_CLAMP) {
		relay->is_stalled = true;
		relay->upload_is_stalled = is_up;
		return 0;
	}
	if (!is_limited || before + n <= size)
		return n;
	if (data == DATA_CUT)
		relay->up_has_ended = true;
	else if (data == DATA_KILLED)
		(void)atomic_fetch_add(&s->n_kills, 1);
	else
		relay->is_stalled = true;
	relay->upload_is_stalled = is_up;
	return before < size ? (size_t)(size - before) : 0;
}

/* The server must never see how an upload ends, however quickly it reads. */
static int pass_without_tail(struct relay *relay, const char *piece, size_t n)
{
	uint8_t out[PIECE + TAIL_MAX];

	if (relay->server.ssl) /* its end is ours to write, or not to */
		return wire_write(&relay->server, piece, n);
	size_t n_out = tail_pass(&relay->tail, (const uint8_t *)piece, n, out);
	return wire_write(&relay->server, out, n_out);
}

static int pass_piece(struct relay *relay, bool is_up)
{
	struct simulator *s = relay->simulator;
	struct wire *from = is_up ? &relay->client : &relay->server;
	struct wire *to = is_up ? &relay->server : &relay->client;
	bool is_slow = s->cause->data == DATA_SLOW;
	char piece[PIECE];
	size_t size = is_slow ? MAX_OF(s->options.rate / 8, 1u) : sizeof(piece);

	wait_before_piece(relay, is_up);
	ssize_t n = wire_read(from, piece, MIN_OF(size, sizeof(piece)));
	if (n == -EAGAIN)
		return 0;
	if (n < 0)
		return (int)n;
	if (n == 0 && is_up && s->cause->data == DATA_UPLOAD_LOST && relay->n_up > 0)
		return -ECONNRESET;
	if (n == 0) {
		stop_counting(relay);
		*(is_up ? &relay->up_has_ended : &relay->down_has_ended) = true;
		wire_end(to, is_up || s->cause->data != DATA_NO_NOTIFY);
		return 0;
	}
	size_t passed = let_pass(relay, is_up, (size_t)n);
	*(is_up ? &relay->n_up : &relay->n_down) += passed;
	int r = is_up && s->cause->data == DATA_UPLOAD_LOST
			? pass_without_tail(relay, piece, passed)
			: wire_write(to, piece, passed);
	if (r == 0 && is_slow)
		(void)simulator_pause(s, (unsigned)((uint64_t)n * 1000 / s->options.rate));
	if (relay->up_has_ended)
		wire_end(to, true);
	return r;
}

/* Until the end that waits gives up; the other one may have said all and closed. */
static void stay_stalled(struct relay *relay)
{
	bool is_up = relay->upload_is_stalled;
	struct pollfd ends[2] = { { .fd = relay->client.fd, .events = is_up ? 0 : POLLRDHUP },
				  { .fd = relay->server.fd, .events = is_up ? POLLRDHUP : 0 } };

	while (!must_give_up(relay) && poll(ends, 2, SIMULATE_TICK_MS) == 0)
		;
}

static int wait_for_piece(struct relay *relay, bool *ret_up, bool *ret_down)
{
	struct pollfd ends[2] = {
		{ .fd = relay->up_has_ended ? -1 : relay->client.fd, .events = POLLIN },
		{ .fd = relay->down_has_ended ? -1 : relay->server.fd, .events = POLLIN },
	};

	*ret_up = !relay->up_has_ended && wire_has_pending(&relay->client);
	*ret_down = !relay->down_has_ended && wire_has_pending(&relay->server);
	int r = poll(ends, 2, *ret_up || *ret_down ? 0 : SIMULATE_TICK_MS);
	if (r < 0 && errno != EINTR)
		return -errno;
	*ret_up = *ret_up || ends[0].revents != 0;
	*ret_down = *ret_down || ends[1].revents != 0;
	return 0;
}

/* A download is over when the server has ended; its client then closes, or is slow to. */
static int copy(struct relay *relay)
{
	unsigned n_idle = 0;
	bool up, down;
	int r = 0;

	while (r == 0 && !(relay->up_has_ended && relay->down_has_ended)) {
		if (relay->is_stalled) {
			stay_stalled(relay);
			return -ECANCELED;
		}
		if (simulator_is_stopping(relay->simulator) ||
		    atomic_load(&relay->simulator->n_kills) != relay->n_kills)
			return -ECANCELED;
		r = wait_for_piece(relay, &up, &down);
		n_idle = up || down ? 0 : n_idle + 1;
		if (relay->down_has_ended && n_idle > 10 * 1000 / SIMULATE_TICK_MS)
			return 0;
		if (tail_has_record(&relay->tail) && n_idle > TAIL_TICKS)
			return -ECONNRESET;
		if (r == 0 && down)
			r = pass_piece(relay, false);
		if (r == 0 && up && !relay->up_has_ended)
			r = pass_piece(relay, true);
	}
	return r;
}

/* --- the thread ------------------------------------------------------------------------------- */

static void *run(void *arg)
{
	struct relay *relay = arg;
	struct simulator *s = relay->simulator;
	bool enters;
	int r;

	count(relay);
	enters = may_enter(relay);
	wire_init(relay->is_active ? &relay->server : &relay->client, fd_take(&relay->accepted));
	r = enters ? dial_far_end(relay) : -ECONNREFUSED;
	end_dialling(relay->session);
	if (r == 0)
		r = start_tls(relay);
	if (r == 0)
		r = copy(relay);
	stop_counting(relay);
	if (r < 0) {
		wire_reset(&relay->client);
		wire_reset(&relay->server);
	}
	wire_close(&relay->client);
	wire_close(&relay->server);
	if (relay->session)
		session_drop(relay->session);
	free(relay);
	simulator_leave(s);
	return NULL;
}

void simulate_relay_start(struct simulator *simulator, struct simulate_session *session, int fd,
			  const struct address *target, bool is_active)
{
	struct relay *relay = malloc(sizeof(*relay));

	if (!relay) {
		fd_close(&fd);
		return;
	}
	*relay = (struct relay){ .simulator = simulator,
				 .session = session,
				 .accepted = fd,
				 .target = *target,
				 .is_active = is_active,
				 .n_kills = atomic_load(&simulator->n_kills),
				 .client.fd = -1,
				 .server.fd = -1 };
	if (session) {
		session_hold(session);
		(void)pthread_mutex_lock(&simulator->lock);
		session->n_dialling++;
		(void)pthread_mutex_unlock(&simulator->lock);
	}
	if (simulator_spawn(simulator, run, relay))
		return;
	end_dialling(session);
	if (session)
		session_drop(session);
	fd_close(&fd);
	free(relay);
}
