/* worker/passive.c - see passive.h. */
#include "worker/passive.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "ipc/channel.h"
#include "net/socket.h"
#include "worker/control.h"
#include "worker/pool.h"
#include "worker/sessions.h"

/* Listeners held at a time: enough for the choice to be hard to guess, few enough for descriptors.
 * A listener that nobody has used for its lifetime is given back and others take its place. */
#define MAX_OPEN 128
#define LIFETIME_MS (120 * 1000)
/* The client of an abandoned reservation may still be on its way; its pair rests so long. */
#define QUARANTINE_MS 2000
#define BROKER_TIMEOUT_MS 5000

enum listener_state { LISTENER_NONE, LISTENER_ASKED, LISTENER_OPEN, LISTENER_FAILED };

struct listener {
	enum listener_state state;
	uint16_t port;
	int error; /* LISTENER_FAILED */
	size_t n_fds;
	int fds[CHANNEL_MAX_FDS];
	int64_t used_ms;
};

/* A data connection of another worker's session that its mailbox has no room for yet. */
struct letter {
	uint32_t worker_slot;
	struct message_data_connection message;
	int fd; /* owned; -1: of a connection that was turned away */
};
#define MAX_LETTERS 1024

struct passive {
	struct worker *worker;
	int epoll;    /* of the main thread */
	int arrivals; /* an epoll of all listeners, itself watched by the main thread's on demand */
	pthread_mutex_t lock; /* guards all below; innermost */
	pthread_cond_t changed;
	unsigned n_watching;
	struct listener listeners[MAX_OPEN];
	uint8_t places[UINT16_MAX + 1]; /* by port: where its listener may be, + 1 */
	size_t n_letters;
	struct letter letters[MAX_LETTERS];
};

struct passive *passive_new(struct worker *worker, int epoll)
{
	struct passive *passive = calloc(1, sizeof(*passive));
	struct epoll_event event = { .data.u64 = PASSIVE_TAG };
	pthread_condattr_t attr;

	if (!passive)
		return NULL;
	passive->arrivals = epoll_create1(EPOLL_CLOEXEC);
	if (passive->arrivals < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, passive->arrivals, &event) < 0) {
		fd_close(&passive->arrivals);
		free(passive);
		return NULL;
	}
	passive->worker = worker;
	passive->epoll = epoll;
	(void)pthread_mutex_init(&passive->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&passive->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	return passive;
}

/* --- listeners -------------------------------------------------------------------------------- */

/* Older than this, and no reservation can depend on it any more. */
static int64_t unused_since_ms(const struct passive *passive)
{
	return clock_coarse_ms() - LIFETIME_MS -
	       (int64_t)passive->worker->settings->data_timeout_s * 1000;
}

static struct listener *find_locked(struct passive *passive, uint16_t port)
{
	uint8_t place = passive->places[port];
	struct listener *listener = place > 0 ? &passive->listeners[place - 1] : NULL;

	return listener && listener->state != LISTENER_NONE && listener->port == port ? listener
										      : NULL;
}

static int tell_supervisor(struct passive *passive, enum message_kind kind, uint16_t port)
{
	struct message_listener message = { .head = { .kind = kind }, .port = port };

	return channel_send(passive->worker->start->supervisor, &message, sizeof(message), NULL, 0,
			    BROKER_TIMEOUT_MS);
}

static void close_listener_locked(struct listener *listener)
{
	for (size_t i = 0; i < listener->n_fds; i++)
		fd_close(&listener->fds[i]);
	*listener = (struct listener){ .state = LISTENER_NONE };
}

/* A place for one more listener: a free one, or that of the one longest unused. */
static struct listener *make_room_locked(struct passive *passive, int64_t idle_since_ms)
{
	struct listener *oldest = NULL;

	for (size_t i = 0; i < MAX_OPEN; i++) {
		struct listener *listener = &passive->listeners[i];
		if (listener->state == LISTENER_NONE)
			return listener;
		if (listener->state == LISTENER_ASKED || listener->used_ms > idle_since_ms)
			continue;
		if (!oldest || listener->used_ms < oldest->used_ms)
			oldest = listener;
	}
	if (!oldest)
		return NULL;
	if (oldest->state == LISTENER_OPEN)
		(void)tell_supervisor(passive, MSG_LISTENER_RELEASE, oldest->port);
	close_listener_locked(oldest);
	return oldest;
}

/* Waits until the supervisor has answered for this port. 0: it is open; or why not. */
static int await_open_locked(struct passive *passive, uint16_t port)
{
	int64_t deadline = deadline_in(BROKER_TIMEOUT_MS);
	struct timespec until = { .tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000 };

	for (;;) {
		struct listener *listener = find_locked(passive, port);

		if (!listener)
			return -EAGAIN;
		if (listener->state == LISTENER_OPEN)
			return 0;
		if (listener->state == LISTENER_FAILED)
			return listener->error;
		pool_block(passive->worker->pool);
		int r = pthread_cond_timedwait(&passive->changed, &passive->lock, &until);
		pool_unblock(passive->worker->pool);
		if (r == ETIMEDOUT)
			return -ETIMEDOUT;
	}
}

/* Makes sure that we listen on the port. 0, -EMFILE (too many are open), or the error of
 * bind(2). */
static int open_listener(struct passive *passive, uint16_t port)
{
	int64_t now = clock_coarse_ms();
	int r = 0;

	(void)pthread_mutex_lock(&passive->lock);
	struct listener *listener = find_locked(passive, port);
	if (listener && listener->state == LISTENER_FAILED && listener->used_ms < now - 30000)
		listener->state = LISTENER_NONE, listener = NULL; /* time to try again */
	if (!listener) {
		listener = make_room_locked(passive, unused_since_ms(passive));
		if (listener) {
			*listener = (struct listener){ .state = LISTENER_ASKED, .port = port };
			passive->places[port] = (uint8_t)(listener - passive->listeners + 1);
			r = tell_supervisor(passive, MSG_LISTENER_REQUEST, port);
			if (r < 0)
				listener->state = LISTENER_NONE;
		} else {
			r = -EMFILE;
		}
	}
	if (r == 0) {
		listener->used_ms = now;
		r = await_open_locked(passive, port);
	}
	(void)pthread_mutex_unlock(&passive->lock);
	return r;
}

void passive_listener_reply(struct passive *passive, const struct message_listener *reply,
			    int fds[], size_t n_fds)
{
	(void)pthread_mutex_lock(&passive->lock);
	struct listener *listener = find_locked(passive, reply->port);
	if (!listener || listener->state != LISTENER_ASKED) {
		for (size_t i = 0; i < n_fds; i++)
			fd_close(&fds[i]);
	} else if (reply->error < 0 || n_fds == 0) {
		listener->state = LISTENER_FAILED;
		listener->error = reply->error < 0 ? reply->error : -EPROTO;
		listener->used_ms = clock_coarse_ms();
	} else {
		listener->state = LISTENER_OPEN;
		listener->n_fds = n_fds;
		for (size_t i = 0; i < n_fds; i++) {
			struct epoll_event event = { .events = EPOLLIN, .data.u32 = reply->port };

			listener->fds[i] = fds[i];
			/* What arrives has it from here. */
			socket_tune_data(fds[i], SOCKET_KEEPALIVE_S);
			(void)epoll_ctl(passive->arrivals, EPOLL_CTL_ADD, fds[i], &event);
		}
	}
	(void)pthread_cond_broadcast(&passive->changed);
	(void)pthread_mutex_unlock(&passive->lock);
}

/* All ports of a narrow range can stay open, so that no other program takes the few that there
 * are. */
static bool keeps_all(const struct passive *passive)
{
	const struct port_range *range = &passive->worker->settings->passive_ports;

	return range->last - range->first < MAX_OPEN;
}

void passive_tend(struct passive *passive)
{
	if (keeps_all(passive))
		return;

	int64_t limit = unused_since_ms(passive);

	(void)pthread_mutex_lock(&passive->lock);
	for (size_t i = 0; i < MAX_OPEN; i++) {
		struct listener *listener = &passive->listeners[i];

		if (listener->state == LISTENER_NONE || listener->state == LISTENER_ASKED ||
		    listener->used_ms > limit)
			continue;
		if (listener->state == LISTENER_OPEN)
			(void)tell_supervisor(passive, MSG_LISTENER_RELEASE, listener->port);
		close_listener_locked(listener);
	}
	(void)pthread_mutex_unlock(&passive->lock);
}

/* --- arrivals --------------------------------------------------------------------------------- */

static bool accepts_foreign(const struct address *control_peer UNUSED, void *arg UNUSED)
{
	return true; /* the arriving peer is on the list; any session of that port may be meant */
}

/* 0: on its way, or given up. -ETIMEDOUT: the mailbox is full for now. */
static int send_letter(struct passive *passive, struct letter *letter)
{
	int r = letter->worker_slot < SCOREBOARD_WORKERS
			? channel_send(passive->worker->start->mailboxes[letter->worker_slot],
				       &letter->message, sizeof(letter->message), &letter->fd,
				       letter->fd >= 0 ? 1 : 0, 0)
			: -EINVAL;

	if (r == -ETIMEDOUT)
		return r;
	if (r < 0)
		log_event(LOG_ERROR, "hand-over-failed", F_UINT("worker", letter->worker_slot),
			  F_ERRNO(r));
	fd_close(&letter->fd);
	return 0;
}

/* Takes fd. What does not fit into the other worker's mailbox waits in ours: two workers that
 * waited for each other would stop both. */
static void post_locked(struct passive *passive, uint32_t worker_slot,
			const struct message_data_connection *message, int fd)
{
	struct letter letter = { .worker_slot = worker_slot, .message = *message, .fd = fd };

	if (passive->n_letters == 0 && send_letter(passive, &letter) == 0)
		return;
	if (passive->n_letters < MAX_LETTERS) {
		passive->letters[passive->n_letters++] = letter;
		return;
	}
	log_event(LOG_ERROR, "hand-over-failed", F_UINT("worker", worker_slot),
		  F_STR("error", "too many connections wait to be handed over"));
	fd_close(&letter.fd);
}

bool passive_post(struct passive *passive)
{
	size_t kept = 0;

	(void)pthread_mutex_lock(&passive->lock);
	for (size_t i = 0; i < passive->n_letters; i++)
		if (send_letter(passive, &passive->letters[i]) == -ETIMEDOUT)
			passive->letters[kept++] = passive->letters[i];
	passive->n_letters = kept;
	(void)pthread_mutex_unlock(&passive->lock);
	return kept > 0;
}

/* A connection that is turned away explains what the session that waits at this port will miss. */
static void note_stray(struct passive *passive, uint16_t port, const struct address *peer)
{
	const struct worker_start *start = passive->worker->start;
	struct message_data_connection message = { .head = { .kind = MSG_DATA_CONNECTION },
						   .port = port,
						   .peer = *peer };
	struct reservation_owner owner;

	if (!reservations_find_only(start->reservations, port, &owner))
		return;
	message.board_slot = owner.board_slot;
	message.session_id = owner.session_id;
	if (owner.worker_slot == start->slot) {
		sessions_note_stray(passive->worker->sessions, &message);
		return;
	}
	(void)pthread_mutex_lock(&passive->lock);
	post_locked(passive, owner.worker_slot, &message, -1);
	(void)pthread_mutex_unlock(&passive->lock);
}

static void hand_over(struct passive *passive, const struct reservation_owner *owner, uint16_t port,
		      const struct address *peer, int fd)
{
	const struct worker_start *start = passive->worker->start;
	struct message_data_connection message = {
		.head = { .kind = MSG_DATA_CONNECTION },
		.board_slot = owner->board_slot,
		.session_id = owner->session_id,
		.port = port,
		.peer = *peer,
	};

	if (owner->worker_slot == start->slot) {
		sessions_deliver(passive->worker->sessions, owner->board_slot, owner->session_id,
				 peer, fd);
		return;
	}
	(void)pthread_mutex_lock(&passive->lock);
	post_locked(passive, owner->worker_slot, &message, fd);
	(void)pthread_mutex_unlock(&passive->lock);
}

static void sort_arrival(struct passive *passive, uint16_t port, const struct address *peer, int fd)
{
	struct worker *worker = passive->worker;
	struct reservation_owner owner;
	char text[ADDRESS_TEXT_SIZE];

	if (reservations_match(worker->start->reservations, peer, port, &owner) ||
	    (peer_list_contains(&worker->passive_data_from, peer) &&
	     reservations_match_foreign(worker->start->reservations, port, accepts_foreign, NULL,
					&owner))) {
		hand_over(passive, &owner, port, peer, fd);
		return;
	}
	note_stray(passive, port, peer);
	log_event(LOG_WARNING, "data-connection-refused", F_STR("peer", address_format(peer, text)),
		  F_UINT("port", port),
		  F_STR("reason", "no session of this address waits on this port"));
	fd_close(&fd);
}

/* One connection from one of the port's sockets. -EAGAIN: there is none. */
static int accept_one(struct passive *passive, uint16_t port, int *ret_fd, struct address *ret_peer)
{
	int r = -EAGAIN;

	/* Under the lock, so that nobody gives the socket back meanwhile. */
	(void)pthread_mutex_lock(&passive->lock);
	struct listener *listener = find_locked(passive, port);
	for (size_t i = 0; r == -EAGAIN && listener && i < listener->n_fds; i++)
		r = socket_accept(listener->fds[i], ret_fd, ret_peer);
	if (r == 0)
		listener->used_ms = clock_coarse_ms();
	(void)pthread_mutex_unlock(&passive->lock);
	return r;
}

/* False: there was nothing more. */
static bool take_one(struct passive *passive, uint16_t port)
{
	struct address peer;
	int fd;
	int r = accept_one(passive, port, &fd, &peer);

	if (r == 0)
		sort_arrival(passive, port, &peer, fd);
	else if (r != -EAGAIN)
		log_event(LOG_ERROR, "accept-failed", F_UINT("port", port), F_ERRNO(r));
	return r == 0;
}

void passive_look(struct passive *passive, struct session *s)
{
	while (atomic_load(&s->reserved_ms) != 0 && take_one(passive, s->passive_port))
		;
}

void passive_look_everywhere(struct passive *passive)
{
	struct epoll_event events[64];
	int n = epoll_wait(passive->arrivals, events, ARRAY_SIZE(events), 0);

	for (int i = 0; i < n; i++)
		while (take_one(passive, (uint16_t)events[i].data.u32))
			;
}

static void set_watch_locked(const struct passive *passive, uint32_t wanted)
{
	struct epoll_event event = { .events = wanted, .data.u64 = PASSIVE_TAG };

	/* Cannot fail for an entry that is there; who waits looks for itself now and then. */
	(void)epoll_ctl(passive->epoll, EPOLL_CTL_MOD, passive->arrivals, &event);
}

void passive_watch(struct passive *passive)
{
	(void)pthread_mutex_lock(&passive->lock);
	if (passive->n_watching++ == 0)
		set_watch_locked(passive, EPOLLIN);
	(void)pthread_mutex_unlock(&passive->lock);
}

void passive_unwatch(struct passive *passive)
{
	(void)pthread_mutex_lock(&passive->lock);
	if (--passive->n_watching == 0)
		set_watch_locked(passive, 0);
	(void)pthread_mutex_unlock(&passive->lock);
}

/* --- choosing a port -------------------------------------------------------------------------- */

/* A set of ports: every step-th one of the range, from first on. */
struct port_set {
	uint32_t first, step, n;
};

/* Each worker prefers ports of its own, so that connections seldom arrive at another one; a narrow
 * range is shared by all. */
static struct port_set own_ports(const struct worker *worker)
{
	const struct port_range *range = &worker->settings->passive_ports;
	uint32_t n = (uint32_t)(range->last - range->first) + 1;
	uint32_t workers = MAX_OF(1u, worker->start->n_workers);

	if (n < 16 * workers)
		return (struct port_set){ range->first, 1, n };
	return (struct port_set){ range->first + worker->start->index, workers,
				  (n - worker->start->index + workers - 1) / workers };
}

/* Whether we listen on the port, or may listen on one more. */
static bool can_listen(struct passive *passive, uint16_t port)
{
	int64_t limit = unused_since_ms(passive);

	(void)pthread_mutex_lock(&passive->lock);
	bool can = find_locked(passive, port) != NULL;
	for (size_t i = 0; !can && i < MAX_OPEN; i++) {
		const struct listener *listener = &passive->listeners[i];

		can = listener->state == LISTENER_NONE ||
		      (listener->state != LISTENER_ASKED && listener->used_ms <= limit);
	}
	(void)pthread_mutex_unlock(&passive->lock);
	return can;
}

static int try_port(struct passive *passive, struct session *s, uint16_t port)
{
	struct worker *worker = passive->worker;
	struct reservation_owner owner = { worker->start->slot, s->board_slot, s->id };
	/* First, since a reservation that is taken back puts its pair into quarantine. */
	if (!can_listen(passive, port))
		return -EMFILE;
	int r = reservations_take(worker->start->reservations, &s->peer, port, &owner,
				  QUARANTINE_MS);

	if (r < 0)
		return r;
	r = open_listener(passive, port);
	if (r < 0) {
		reservations_drop(worker->start->reservations, s->board_slot, s->id);
		return r;
	}
	sessions_forget_stray(worker->sessions, s);
	s->plan = DATA_PASSIVE;
	s->passive_port = port;
	atomic_store(&s->reserved_ms, clock_ms());
	return 0;
}

/* Ports that are open already, from a random one on. */
static int try_open_ports(struct passive *passive, struct session *s)
{
	size_t start = random_below(MAX_OPEN);
	int r = -EBUSY;

	for (size_t i = 0; i < MAX_OPEN; i++) {
		(void)pthread_mutex_lock(&passive->lock);
		const struct listener *listener = &passive->listeners[(start + i) % MAX_OPEN];
		uint16_t port = listener->state == LISTENER_OPEN ? listener->port : 0;
		(void)pthread_mutex_unlock(&passive->lock);
		if (port != 0)
			r = try_port(passive, s, port);
		if (r == 0)
			return 0;
	}
	return r;
}

/* The ports of a set, from a random one on: all of a small set, some of a large one. */
static int try_set(struct passive *passive, struct session *s, const struct port_set *set)
{
	uint32_t start = random_below(set->n), tries = MIN_OF(set->n, (uint32_t)MAX_OPEN);
	int worst = -EBUSY;

	for (uint32_t i = 0; i < tries; i++) {
		uint32_t at = (start + i) % set->n;
		int r = try_port(passive, s, (uint16_t)(set->first + at * set->step));

		if (r == 0)
			return 0;
		if (r == -EMFILE)
			return try_open_ports(passive, s);
		if (r != -EBUSY)
			worst = r;
	}
	return worst;
}

static int try_all(struct passive *passive, struct session *s)
{
	const struct port_range *range = &passive->worker->settings->passive_ports;
	struct port_set own = own_ports(passive->worker);
	struct port_set whole = { range->first, 1, (uint32_t)(range->last - range->first) + 1 };
	int r = try_set(passive, s, &own);

	return r < 0 && own.step > 1 ? try_set(passive, s, &whole) : r;
}

int passive_reserve(struct passive *passive, struct session *s)
{
	struct reservations *all = passive->worker->start->reservations;
	int64_t deadline = deadline_in(passive->worker->settings->passive_wait_ms);

	for (bool has_looked = false;;) {
		uint32_t seen = reservations_seen(all, &s->peer);
		int r = try_all(passive, s);

		/* Connections that wait in the queues free their ports. */
		if (r == -EBUSY && !has_looked) {
			has_looked = true;
			passive_look_everywhere(passive);
			continue;
		}

		if (r != -EBUSY)
			return r;
		if (atomic_load(&s->farewell))
			return -ECANCELED;
		int left = deadline_left(deadline);
		if (left == 0)
			return -EBUSY;
		pool_block(passive->worker->pool);
		passive_watch(passive);
		reservations_wait(all, &s->peer, &seen, MIN_OF(left, 250));
		passive_unwatch(passive);
		pool_unblock(passive->worker->pool);
		has_looked = false;
	}
}

int passive_reserve_port(struct passive *passive, struct session *s, uint16_t port)
{
	return try_port(passive, s, port);
}

void passive_drop(struct passive *passive, struct session *s)
{
	if (atomic_exchange(&s->reserved_ms, 0) != 0)
		reservations_drop(passive->worker->start->reservations, s->board_slot, s->id);
}
