/* doctor/simulate.c - the simulator's doors and threads; see simulate.h. */
#include "doctor/simulate.h"

#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "doctor/simulate_parts.h"
#include "net/socket.h"

#define THREAD_STACK (256 * 1024)

/* --- threads and references ------------------------------------------------------------------- */

bool simulator_is_stopping(const struct simulator *simulator)
{
	return simulator_pause(simulator, 0);
}

bool simulator_pause(const struct simulator *simulator, unsigned ms)
{
	struct pollfd stop = { .fd = simulator->stop_fd, .events = POLLIN };

	return poll(&stop, 1, (int)MIN_OF(ms, (unsigned)INT32_MAX)) == 1;
}

bool simulator_spawn(struct simulator *simulator, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attributes;
	pthread_t thread;
	bool is_started = false;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	(void)pthread_attr_setstacksize(&attributes, THREAD_STACK);
	(void)pthread_mutex_lock(&simulator->lock);
	if (simulator->n_threads < SIMULATE_MAX_THREADS)
		is_started = pthread_create(&thread, &attributes, fn, arg) == 0;
	simulator->n_threads += is_started;
	(void)pthread_mutex_unlock(&simulator->lock);
	(void)pthread_attr_destroy(&attributes);
	return is_started;
}

void simulator_leave(struct simulator *simulator)
{
	(void)pthread_mutex_lock(&simulator->lock);
	simulator->finished[simulator->n_finished++] = pthread_self();
	(void)pthread_cond_broadcast(&simulator->changed);
	(void)pthread_mutex_unlock(&simulator->lock);
}

/* Joins those that have left: they may still be on their last steps. With wants_all it waits until
 * none is left. */
static void join_threads(struct simulator *simulator, bool wants_all)
{
	(void)pthread_mutex_lock(&simulator->lock);
	for (;;) {
		while (wants_all && simulator->n_finished == 0 && simulator->n_threads > 0)
			(void)pthread_cond_wait(&simulator->changed, &simulator->lock);
		if (simulator->n_finished == 0)
			break;
		pthread_t thread = simulator->finished[--simulator->n_finished];
		(void)pthread_mutex_unlock(&simulator->lock);
		(void)pthread_join(thread, NULL);
		(void)pthread_mutex_lock(&simulator->lock);
		simulator->n_threads--;
	}
	(void)pthread_mutex_unlock(&simulator->lock);
}

void session_hold(struct simulate_session *session)
{
	(void)pthread_mutex_lock(&session->simulator->lock);
	session->n_references++;
	(void)pthread_mutex_unlock(&session->simulator->lock);
}

void session_drop(struct simulate_session *session)
{
	(void)pthread_mutex_lock(&session->simulator->lock);
	bool is_last = --session->n_references == 0;
	(void)pthread_mutex_unlock(&session->simulator->lock);
	if (!is_last)
		return;
	free(session->ticket);
	free(session);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void take_defaults(struct simulate_options *options)
{
	const struct simulation *cause = options->simulation;

	options->seconds = options->seconds ? options->seconds : cause->seconds;
	options->limit = options->limit ? options->limit : cause->limit;
	options->rate = options->rate ? options->rate : cause->rate;
	options->size = options->size ? options->size : cause->size;
	if (cause->data == DATA_OTHER_SOURCE && !options->has_source) {
		static const uint8_t near[4] = { 127, 0, 0, 99 };
		options->source = address_from_v4(near, 0);
	}
}

static int check(const struct simulate_options *options, bool intercepts,
		 struct simulate_error *ret_error)
{
	const struct simulation *cause = options->simulation;
	bool has_range = options->passive_ports.first > 0;
	const char *wrong = NULL, *lacks = simulate_lacks(options);

	if (cause->data == DATA_PARTLY && (!has_range || options->open.first == 0))
		wrong = "needs --passive-ports FIRST-LAST of the server, and --open FIRST-LAST of "
			"them";
	else if (intercepts && has_range)
		wrong = "reads the dialogue and so announces ports of its own: leave "
			"--passive-ports out";
	else if (cause->data == DATA_OTHER_SOURCE && !options->has_source &&
		 !address_is_loopback(&options->server))
		wrong = "needs --source ADDRESS, another address of this machine";
	if (wrong)
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s %s", cause->id, wrong);
	else if (options->is_implicit && lacks)
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
			       "%s cannot be played with --implicit: TLS hides which ports are "
			       "announced; it needs %s",
			       cause->id, lacks);
	else
		return 0;
	return -EINVAL;
}

static enum door_kind kind_of_port(const struct simulator *s, unsigned port)
{
	switch (s->cause->data) {
	case DATA_DROPPED:
		return DOOR_DROPPED;
	case DATA_REFUSED:
		return DOOR_REFUSED;
	case DATA_PARTLY:
		return port >= s->options.open.first && port <= s->options.open.last ? DOOR_OPEN
										     : DOOR_DROPPED;
	default:
		return DOOR_OPEN;
	}
}

static int open_passive(struct simulator *s, struct simulate_error *ret_error)
{
	const struct port_range *range = &s->options.passive_ports;
	size_t n =
		range->first > 0 && !s->intercepts ? (size_t)(range->last - range->first) + 1 : 0;
	struct rlimit files;
	struct address at = s->options.listen;
	char text[ADDRESS_TEXT_SIZE];

	if (n == 0)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files); /* else the range is too long below */
	}
	s->passive = calloc(n, sizeof(*s->passive));
	if (!s->passive)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		door_init(&s->passive[i]);
		s->n_passive++;
		at.port = (uint16_t)(range->first + i);
		enum door_kind kind = kind_of_port(s, at.port);
		int r = door_open(&s->passive[i], &at, kind == DOOR_DROPPED ? DOOR_OPEN : kind);
		simulate_narrow(s->cause, &s->passive[i]);
		if (r < 0) {
			(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s%s",
				       address_format(&at, text), strerrordesc_np(-r),
				       r == -EADDRINUSE ? "; --listen needs an address that is "
							  "not the server's"
							: "");
			return r;
		}
	}
	return 0;
}

/* When all ports are taken: what fills a queue comes from a port that the kernel chooses. */
static int drop_passive(struct simulator *s, struct simulate_error *ret_error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_passive; i++)
		if (kind_of_port(s, s->passive[i].address.port) == DOOR_DROPPED)
			r = door_drop(&s->passive[i]);
	if (r < 0)
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
			       "a port cannot be dropped: %s", strerrordesc_np(-r));
	return r;
}

static int open_control(struct simulator *s, struct simulate_error *ret_error)
{
	char text[ADDRESS_TEXT_SIZE];
	enum door_kind kind = s->cause->control == CONTROL_DROPPED   ? DOOR_DROPPED
			      : s->cause->control == CONTROL_REFUSED ? DOOR_REFUSED
								     : DOOR_OPEN;
	int r = door_open(&s->control, &s->options.listen, kind);

	if (r < 0)
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s",
			       address_format(&s->options.listen, text), strerrordesc_np(-r));
	return r;
}

static int make_certificates(struct simulator *s, struct simulate_error *ret_error)
{
	char at[ADDRESS_TEXT_SIZE];
	const char *names[] = { s->options.server_name, "localhost", NULL, NULL };

	if (!s->intercepts)
		return 0;
	if (!address_is_unspecified(&s->control.address))
		names[2] = address_format_ip(&s->control.address, at);
	int r = certificates_make(&s->certificates, s->cause->tls, names, s->options.ca_path);
	if (r < 0)
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s",
			       s->options.ca_path ? s->options.ca_path : "certificates",
			       strerrordesc_np(-r));
	return r;
}

int simulator_new(const struct simulate_options *options, struct simulator **ret,
		  struct simulate_error *ret_error)
{
	struct simulator *s = calloc(1, sizeof(*s));

	(void)snprintf(ret_error->text, sizeof(ret_error->text), "memory is short");
	if (!s)
		return -ENOMEM;
	s->options = *options;
	s->cause = options->simulation;
	s->intercepts =
		options->intercepts || s->cause->reads_dialogue || s->cause->tls >= TLS_INTERCEPTED;
	take_defaults(&s->options);
	door_init(&s->control);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->changed, NULL);
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = s->stop_fd < 0 ? -errno : check(&s->options, s->intercepts, ret_error);
	if (r == 0)
		r = open_passive(s, ret_error);
	if (r == 0)
		r = open_control(s, ret_error);
	if (r == 0)
		r = drop_passive(s, ret_error);
	if (r == 0)
		r = make_certificates(s, ret_error);
	if (r < 0)
		simulator_free(&s);
	else
		*ret = s;
	return r;
}

struct address simulator_address(const struct simulator *simulator)
{
	return simulator->control.address;
}

/* --- serving ---------------------------------------------------------------------------------- */

static void accept_all(struct simulator *s, struct door *door)
{
	struct address peer, target = s->options.server;
	int fd = -1;

	while (socket_accept(door->fd, &fd, &peer) == 0) {
		if (door == &s->control) {
			simulate_session_start(s, fd);
			continue;
		}
		target.port = door->address.port;
		simulate_relay_start(s, NULL, fd, &target, false);
	}
}

static bool is_served(const struct simulator *s, const struct door *door)
{
	if (atomic_load(&s->is_banned))
		return false;
	if (door == &s->control)
		return s->cause->control != CONTROL_DROPPED && s->cause->control != CONTROL_REFUSED;
	return kind_of_port(s, door->address.port) == DOOR_OPEN;
}

/* A door that cannot be dropped is at least not served any more. */
static void drop_all(struct simulator *s)
{
	(void)!door_drop(&s->control);
	for (size_t i = 0; i < s->n_passive; i++)
		(void)!door_drop(&s->passive[i]);
}

/* The control door, then the passive ones, then what stops us. */
static void serve(struct simulator *s, struct pollfd *polled)
{
	size_t n = s->n_passive + 1;
	bool has_dropped = false;

	while (!simulator_is_stopping(s)) {
		join_threads(s, false);
		if (atomic_load(&s->is_banned) && !has_dropped) {
			drop_all(s);
			has_dropped = true;
		}
		for (size_t i = 0; i < n; i++) {
			const struct door *door = i == 0 ? &s->control : &s->passive[i - 1];

			polled[i].fd = is_served(s, door) ? door->fd : -1;
			polled[i].events = POLLIN;
		}
		polled[n] = (struct pollfd){ .fd = s->stop_fd, .events = POLLIN };
		if (poll(polled, n + 1, SIMULATE_TICK_MS) <= 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (polled[i].fd >= 0 && polled[i].revents)
				accept_all(s, i == 0 ? &s->control : &s->passive[i - 1]);
	}
}

void simulator_run(struct simulator *simulator)
{
	AUTO_FREE struct pollfd *polled = calloc(simulator->n_passive + 2, sizeof(*polled));

	if (polled)
		serve(simulator, polled);
	join_threads(simulator, true);
}

void simulator_stop(struct simulator *simulator)
{
	const uint64_t one = 1;

	(void)!write(simulator->stop_fd, &one, sizeof(one)); /* full means told already */
}

void simulator_free(struct simulator **simulator)
{
	struct simulator *s = *simulator;

	*simulator = NULL;
	if (!s)
		return;
	door_close(&s->control);
	for (size_t i = 0; i < s->n_passive; i++)
		door_close(&s->passive[i]);
	free(s->passive);
	certificates_release(&s->certificates);
	fd_close(&s->stop_fd);
	(void)pthread_mutex_destroy(&s->lock);
	(void)pthread_cond_destroy(&s->changed);
	free(s);
}
