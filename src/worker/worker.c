/* worker/worker.c - see worker.h. What this process may see: the data root, its sockets, the shared
 * boards. What it never sees: a password hash, the database, the configuration file.
 *
 * The main thread does what must be prompt and never blocks for a client: channels, arriving data
 * connections, timeouts. Sessions belong to the pool. */
#include "worker/worker.h"

#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory_use.h"
#include "ipc/channel.h"
#include "net/file_window.h"
#include "net/socket.h"
#include "worker/events.h"
#include "worker/hosts.h"
#include "worker/housekeeping.h"
#include "worker/mailbox.h"
#include "worker/manager_link.h"
#include "worker/passive.h"
#include "worker/pool.h"
#include "worker/sessions.h"

#define SUPERVISOR_TAG ((uint64_t)1)

#define FLUSH_MS 2000
#define LOOK_EVERY_MS 400
#define FAREWELL "The server is shutting down."

enum phase { SERVING, DRAINING, TERMINATING };

struct main_loop {
	struct worker worker;
	int epoll;	    /* of the main thread */
	int sessions_epoll; /* of the pool */
	enum phase phase;
	int64_t flush_until_ms; /* the last session has ended: when to give up on events; 0: not yet */
	int64_t next_look_ms;
	int memory_fd;	       /* memory_use_open */
	int64_t stay_until_ms; /* a pool thread may be about to open a session that it has accepted */
};

/* --- messages --------------------------------------------------------------------------------- */

static void stop_accepting(struct main_loop *loop)
{
	const struct worker_start *start = loop->worker.start;

	pool_stop_accepting(loop->worker.pool);
	/* Other processes go on listening on the same sockets. */
	for (size_t i = 0; i < start->n_listeners; i++)
		(void)epoll_ctl(loop->sessions_epoll, EPOLL_CTL_DEL, start->listeners[i].fd, NULL);
}

static void confirm_drain(const struct main_loop *loop)
{
	const struct message_head message = { .kind = MSG_DRAINING };
	int r = channel_send(loop->worker.start->supervisor, &message, sizeof(message), NULL, 0,
			     1000);

	if (r < 0)
		log_event(LOG_WARNING, "supervisor-deaf", F_ERRNO(r));
}

static void change_phase(struct main_loop *loop, enum phase phase)
{
	if (phase <= loop->phase)
		return;
	loop->phase = phase;
	loop->stay_until_ms = deadline_in(200);
	stop_accepting(loop);
	if (phase == DRAINING)
		confirm_drain(loop);
	log_event(LOG_INFO, phase == DRAINING ? "draining" : "terminating",
		  F_UINT("sessions", sessions_count(loop->worker.sessions)));
}

/* False: the supervisor is not what we think it is. */
static bool take_supervisor_message(struct main_loop *loop, const union message *message,
				    size_t len, int fds[], size_t n_fds)
{
	switch (message->head.kind) {
	case MSG_MANAGER_CHANNEL:
		if (n_fds != 1)
			return false;
		manager_link_connect(loop->worker.manager, fd_take(&fds[0]));
		return true;
	case MSG_LISTENER_REPLY:
		if (len != sizeof(message->listener))
			return false;
		passive_listener_reply(loop->worker.passive, &message->listener, fds, n_fds);
		return true;
	case MSG_DRAIN:
		change_phase(loop, DRAINING);
		return true;
	case MSG_TERMINATE:
		change_phase(loop, TERMINATING);
		return true;
	default:
		return false;
	}
}

static void read_supervisor(struct main_loop *loop)
{
	union message message;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;

	for (;;) {
		ssize_t n = channel_receive(loop->worker.start->supervisor, &message,
					    sizeof(message), fds, &n_fds);
		if (n == -EAGAIN)
			return;
		if (n == -EMFILE || n == -EMSGSIZE) {
			log_event(LOG_ERROR, "message-lost", F_STR("from", "supervisor"),
				  F_ERRNO((int)n));
			continue;
		}
		if (n >= (ssize_t)sizeof(message.head) &&
		    take_supervisor_message(loop, &message, (size_t)n, fds, n_fds))
			continue;
		log_event(LOG_WARNING, "supervisor-gone", F_INT("result", n));
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->worker.start->supervisor, NULL);
		change_phase(loop, TERMINATING);
		return;
	}
}

/* --- set-up ----------------------------------------------------------------------------------- */

static int watch(int epoll, int fd, uint64_t tag, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u64 = tag };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* The name that replies show: as set, or the host's own with its domain. */
static void find_server_name(struct worker *worker)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME }, *found = NULL;

	(void)snprintf(worker->server_name, sizeof(worker->server_name), "%s",
		       worker->settings->server_name);
	if (*worker->server_name)
		return;
	if (gethostname(worker->server_name, sizeof(worker->server_name) - 1) < 0)
		(void)snprintf(worker->server_name, sizeof(worker->server_name), "localhost");
	if (!strchr(worker->server_name, '.') &&
	    getaddrinfo(worker->server_name, NULL, &hints, &found) == 0) {
		if (found->ai_canonname && strchr(found->ai_canonname, '.'))
			(void)snprintf(worker->server_name, sizeof(worker->server_name), "%s",
				       found->ai_canonname);
		freeaddrinfo(found);
	}
}

/* Exclusive: of all workers one is woken for a connection. */
static int watch_listener(struct main_loop *loop, size_t i)
{
	return watch(loop->sessions_epoll, loop->worker.start->listeners[i].fd, i,
		     EPOLLIN | EPOLLEXCLUSIVE | EPOLLET);
}

/* The worker that was woken for a connection may have died, or stopped to accept, before it took
 * it, or may have had no descriptor for it: nobody would be woken for it again. */
static void look_at_listeners(struct main_loop *loop)
{
	const struct worker_start *start = loop->worker.start;

	for (size_t i = 0; i < start->n_listeners; i++) {
		struct pollfd polled = { start->listeners[i].fd, POLLIN, 0 };

		if (poll(&polled, 1, 0) != 1)
			continue;
		(void)epoll_ctl(loop->sessions_epoll, EPOLL_CTL_DEL, polled.fd, NULL);
		(void)watch_listener(loop, i); /* an event of its own when it is ready */
	}
}

static int watch_all(struct main_loop *loop)
{
	const struct worker_start *start = loop->worker.start;
	int r = watch(loop->epoll, start->supervisor, SUPERVISOR_TAG, EPOLLIN);

	if (r == 0)
		r = watch(loop->sessions_epoll, start->mailbox, POOL_MAILBOX_TAG,
			  EPOLLIN | EPOLLET);
	for (size_t i = 0; r == 0 && i < start->n_listeners; i++) {
		/* Connections inherit it. Below the shortest NAT timers in the field (D-74). */
		socket_tune_control(start->listeners[i].fd, SOCKET_KEEPALIVE_S);
		r = watch_listener(loop, i);
	}
	return r;
}

static int set_up(struct main_loop *loop, const struct worker_start *start)
{
	struct worker *worker = &loop->worker;
	const struct settings *settings = start->settings;

	worker->start = start;
	worker->settings = settings;
	find_server_name(worker);
	(void)umask(settings->umask);
	/* Sessions come and go in thousands: few arenas, and freed memory goes back to the
	 * system. */
	(void)mallopt(M_ARENA_MAX, 2);
	(void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);

	int r = file_window_catch_cuts();
	if (r == 0)
		r = hosts_init(worker);
	/* The time zone and the character sets are loaded; threads come below. */
	tzset();
	loop->memory_fd = memory_use_open(); /* that it fails only leaves a metric out */
	if (r == 0 && start->confine)
		r = start->confine(start->confine_arg);
	if (r == 0)
		r = peer_list_init(&worker->passive_data_from, settings->passive_data_from);
	if (r == 0)
		r = peer_list_init(&worker->active_data_to, settings->active_data_to);
	if (r == 0)
		r = external_new(text_of(settings->external_ip), &worker->external);
	if (r < 0)
		return r;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->sessions_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0 || loop->sessions_epoll < 0)
		return -errno;
	worker->sessions = sessions_new(worker, loop->sessions_epoll);
	worker->passive = passive_new(worker, loop->epoll);
	worker->manager = manager_link_new(worker, loop->sessions_epoll);
	worker->events = events_new(worker, loop->epoll);
	if (!worker->sessions || !worker->passive || !worker->manager || !worker->events)
		return -ENOMEM;
	/* Before the threads: they look at worker->pool. */
	if (!pool_new(worker, loop->sessions_epoll))
		return -ENOMEM;
	r = housekeeping_start(worker);
	return r < 0 ? r : watch_all(loop);
}

/* --- loop ------------------------------------------------------------------------------------- */

static void handle(struct main_loop *loop, uint64_t tag)
{
	if (tag & PASSIVE_TAG)
		passive_look_everywhere(loop->worker.passive);
	else if (tag == SUPERVISOR_TAG)
		read_supervisor(loop);
	else
		events_woken(loop->worker.events);
}

/* Housekeeping between events. Returns how long the next wait may be. */
static int tend(struct main_loop *loop, int64_t *next_tend_ms)
{
	int wait_ms = sessions_sweep(loop->worker.sessions);
	int64_t now = clock_ms();

	/* A session may have been accepted at the very moment when we said good-bye to all. */
	if (loop->phase == TERMINATING)
		(void)sessions_kick_all(loop->worker.sessions, FAREWELL);

	int events_ms = events_tend(loop->worker.events);

	wait_ms = MIN_OF(wait_ms, events_ms);
	passive_look_everywhere(loop->worker.passive);
	if (pool_tend(loop->worker.pool))
		wait_ms = MIN_OF(wait_ms, 20);
	else if (sessions_count(loop->worker.sessions) > 0)
		wait_ms = MIN_OF(wait_ms, 100);
	if (passive_post(loop->worker.passive))
		wait_ms = MIN_OF(wait_ms, 5);
	if (now >= loop->next_look_ms) {
		loop->next_look_ms = now + LOOK_EVERY_MS;
		/* The pool does it, unless all its threads hang. */
		manager_link_tend(loop->worker.manager);
		mailbox_read(&loop->worker);
		if (loop->phase == SERVING)
			look_at_listeners(loop);
	}
	if (now >= *next_tend_ms) {
		passive_tend(loop->worker.passive);
		(void)malloc_trim(0);
		scoreboard_set_memory(loop->worker.start->board, loop->worker.start->slot,
				      memory_use_read(loop->memory_fd));
		*next_tend_ms = deadline_in(10000);
	}
	return wait_ms;
}

/* The manager, which leaves after us, has a moment to store what the last sessions did. */
static bool is_done(struct main_loop *loop)
{
	if (loop->phase == SERVING || clock_ms() < loop->stay_until_ms ||
	    sessions_count(loop->worker.sessions) > 0)
		return false;
	if (loop->flush_until_ms == 0)
		loop->flush_until_ms = deadline_in(FLUSH_MS);
	return events_are_done(loop->worker.events) || clock_ms() >= loop->flush_until_ms;
}

int worker_main(const struct worker_start *start)
{
	struct main_loop loop = { .phase = SERVING };
	int64_t next_tend_ms = 0;
	int r = set_up(&loop, start);

	if (r < 0) {
		log_event(LOG_ERROR, "worker-failed", F_ERRNO(r));
		return 1;
	}
	log_event(LOG_INFO, "worker-ready", F_UINT("generation", start->generation));
	while (!is_done(&loop)) {
		struct epoll_event events[64];
		int wait_ms = tend(&loop, &next_tend_ms);
		int n = epoll_wait(loop.epoll, events, ARRAY_SIZE(events),
				   loop.phase == SERVING ? wait_ms : MIN_OF(wait_ms, 20));

		for (int i = 0; i < n; i++)
			handle(&loop, events[i].data.u64);
	}
	log_event(LOG_INFO, "worker-done", F_UINT("generation", start->generation));
	return 0;
}
