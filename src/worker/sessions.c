/* worker/sessions.c - see sessions.h.
 *
 * Lists in the order of their deadlines, so that the sweep looks at their heads only: sessions that
 * have not logged in (in the order of their connections), parked ones (in the order in which they
 * were parked), those whose client owes the first byte of its handshake, and those that have been
 * told to go.
 *
 * Control connections are watched for edges: an event comes once for each arrival of bytes, whoever
 * reads them, so that nothing is armed again when a session is parked. What comes while it runs is
 * remembered (is_pending), and it looks once more before it is parked. */
#include "worker/sessions.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "ftp/digest.h"
#include "ipc/places.h"
#include "net/socket.h"
#include "worker/opening.h"
#include "worker/passive.h"
#include "worker/pool.h"

/* So long a session has for its 421; a client that takes nothing is then cut off. */
#define LEAVE_MS 3000
#define EXPIRE_EVERY_MS 1000
/* So long a transfer may wait for its client without a thread. */
#define AWAIT_DATA_MS 1000

/* Of events of its data connection. Above the slot stands which watch it was (the low bits of
 * data_watch): an event may be handled late, and must not say of one connection what was true of
 * the one before it. */
#define DATA_TAG (UINT64_C(1) << 31)
#define WATCH_SHIFT 20
#define MAX_SLOTS ((size_t)1 << WATCH_SHIFT)
#define WATCH_MASK (DATA_TAG - MAX_SLOTS)

struct sessions {
	pthread_mutex_t lock; /* guards all below; innermost */
	struct worker *worker;
	int epoll;
	size_t count;
	struct list waiting_for_login, parked, handshaking, awaiting_data;
	struct list leaving;	/* a farewell is theirs */
	int64_t next_expiry_ms; /* of reservations */
	struct list
		impatient; /* parked with an idle timeout of their own (SITE IDLE): in no order */
	struct session *slots[]; /* by board slot; NULL: not ours */
};

struct sessions *sessions_new(struct worker *worker, int epoll)
{
	size_t max = scoreboard_max_sessions(worker->start->board);
	assert(max <= MAX_SLOTS);
	struct sessions *table = calloc(1, sizeof(*table) + max * sizeof(table->slots[0]));

	if (!table)
		return NULL;
	(void)pthread_mutex_init(&table->lock, NULL);
	table->worker = worker;
	table->epoll = epoll;
	list_init(&table->waiting_for_login);
	list_init(&table->parked);
	list_init(&table->handshaking);
	list_init(&table->awaiting_data);
	list_init(&table->leaving);
	list_init(&table->impatient);
	return table;
}

static uint64_t tag_of(const struct session *s)
{
	return (uint64_t)(uint32_t)s->id << 32 | s->board_slot;
}

static uint64_t watch_of(const struct session *s)
{
	return (uint64_t)s->data_watch << WATCH_SHIFT & WATCH_MASK;
}

/* The end of an upload has come with its last bytes: to read once more would only say so. */
static void note_end(struct session *s, uint64_t watch, uint32_t events)
{
	if (s->opening && watch == watch_of(s) && events == (EPOLLIN | EPOLLRDHUP))
		s->opening->data.stream.knows_end = true;
}

static struct session *find_locked(struct sessions *table, uint32_t board_slot, uint64_t id)
{
	struct session *s = board_slot < scoreboard_max_sessions(table->worker->start->board)
				    ? table->slots[board_slot]
				    : NULL;

	return s && s->id == id ? s : NULL;
}

static void set_timeout_locked(struct session *s, struct list *list, int64_t deadline_ms)
{
	list_remove(&s->timeout_link);
	s->deadline_ms = deadline_ms;
	list_append(list, &s->timeout_link);
}

static void watch_locked(struct sessions *table, struct session *s, uint32_t events)
{
	int operation = s->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	struct epoll_event event = { .events = events | EPOLLRDHUP | EPOLLPRI | EPOLLET,
				     .data.u64 = tag_of(s) };

	/* Fails only when the kernel is out of memory or watches; the sweep ends the session
	 * then. */
	if (epoll_ctl(table->epoll, operation, s->control_fd, &event) == 0)
		s->is_watched = true;
}

static bool is_banned(const struct worker *worker, const struct address *peer,
		      struct ban_entry *ret)
{
	const struct bans *bans = worker->start->bans;

	return bans && bans_find(bans, peer, clock_wall_ms(), ret);
}

/* On the scoreboard, and among those of its address. */
static int take_place(const struct worker *worker, struct session *s, const struct address *peer,
		      unsigned *ret_count)
{
	const struct worker_start *start = worker->start;
	int r = scoreboard_open(start->board, start->slot, &s->board_slot, &s->id);

	if (r < 0)
		return r;
	r = places_enter(start->places, s->board_slot, start->slot, peer,
			 worker->settings->address_sessions, ret_count);
	if (r < 0)
		scoreboard_close(start->board, s->board_slot);
	return r;
}

struct session *sessions_open(struct sessions *table, int fd, const struct address *peer,
			      bool is_implicit, int wake_fd, struct session_refusal *ret_refusal)
{
	struct session *s = calloc(1, sizeof(*s));

	*ret_refusal = (struct session_refusal){ .error = -ENOMEM };
	if (!s)
		return NULL;
	ret_refusal->error = is_banned(table->worker, peer, &ret_refusal->ban)
				     ? -EACCES
				     : take_place(table->worker, s, peer, &ret_refusal->count);
	if (ret_refusal->error < 0) {
		free(s);
		return NULL;
	}
	s->worker = table->worker;
	s->host = table->worker->hosts;
	s->peer = *peer;
	s->is_implicit = is_implicit;
	if (socket_local(fd, &s->local) < 0)
		s->local = (struct address){ 0 };
	s->started_ms = clock_ms();
	s->started_wall_ms = clock_wall_ms();
	scoreboard_set_command(table->worker->start->board, s->board_slot, "", s->started_wall_ms);
	s->deadline_ms = s->started_ms + (int64_t)table->worker->settings->login_timeout_s * 1000;
	s->state = SESSION_RUNNING;
	s->wake_fd = wake_fd;
	s->arrived_fd = -1;
	s->facts = FACTS_DEFAULT;
	s->digest = DIGEST_SHA256;
	s->deflate_level = (uint8_t)table->worker->settings->deflate_level;
	line_reader_init(&s->lines);
	s->control.fd = s->control_fd = fd;

	(void)pthread_mutex_lock(&table->lock);
	table->slots[s->board_slot] = s;
	table->count++;
	list_append(&table->waiting_for_login, &s->timeout_link);
	(void)pthread_mutex_unlock(&table->lock);
	return s;
}

static void set_handshake_timeout_locked(struct sessions *table, struct session *s)
{
	int64_t timeout_ms = (int64_t)table->worker->settings->handshake_timeout_s * 1000;

	set_timeout_locked(s, &table->handshaking, deadline_in(timeout_ms));
}

struct session *sessions_take(struct sessions *table, uint64_t tag, uint32_t events, int wake_fd)
{
	bool is_control = !(tag & DATA_TAG);
	uint64_t watch = is_control ? 0 : tag & WATCH_MASK;
	uint32_t slot = (uint32_t)(tag &= ~(is_control ? 0 : DATA_TAG | WATCH_MASK));
	struct session *s = NULL;

	(void)pthread_mutex_lock(&table->lock);
	if (slot < scoreboard_max_sessions(table->worker->start->board))
		s = table->slots[slot];
	if (s && tag_of(s) != tag)
		s = NULL;
	if (s && is_control && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
		atomic_store(&s->has_more_to_say, true);
	if (s && is_control && (s->state != SESSION_PARKED || s->opening))
		atomic_store(&s->is_called, true);
	if (s && s->state != SESSION_PARKED) {
		s->is_pending = true;
		s = NULL;
	}
	if (s) {
		s->state = SESSION_RUNNING;
		s->wake_fd = wake_fd;
		/* Else nothing has come there. */
		if (is_control)
			s->is_drained = false;
		else
			note_end(s, watch, events);
		bool is_leaving = atomic_load(&s->farewell) != NULL;
		if (s->user && !is_leaving)
			list_remove(&s->timeout_link);
		else if (s->awaits_handshake && !s->is_in_handshake && !is_leaving)
			set_handshake_timeout_locked(table, s); /* it begins, it seems */
	}
	(void)pthread_mutex_unlock(&table->lock);
	return s;
}

bool sessions_park(struct sessions *table, struct session *s)
{
	const struct settings *settings = table->worker->settings;
	int64_t idle_ms = (int64_t)settings->idle_timeout_s * 1000;

	(void)pthread_mutex_lock(&table->lock);
	bool is_free = atomic_load(&s->farewell) == NULL && !s->answer && !s->is_pending;
	s->is_pending = false;
	if (!s->opening)
		atomic_store(&s->is_called, false);
	if (is_free) {
		s->state = SESSION_PARKED;
		s->wake_fd = -1;
		if (s->opening) {
			set_timeout_locked(s, &table->awaiting_data,
					   clock_coarse_ms() + AWAIT_DATA_MS);
		} else if (s->user) {
			bool is_impatient = s->idle_timeout_s > 0;
			if (is_impatient)
				idle_ms = (int64_t)s->idle_timeout_s * 1000;
			set_timeout_locked(s, is_impatient ? &table->impatient : &table->parked,
					   clock_coarse_ms() + idle_ms);
		} else if (s->awaits_handshake && !s->is_in_handshake) {
			set_handshake_timeout_locked(table, s);
		}
		if (!s->is_watched)
			watch_locked(table, s, EPOLLIN);
	}
	(void)pthread_mutex_unlock(&table->lock);
	return is_free;
}

bool sessions_await_data(struct sessions *table, struct session *s, struct stream *data)
{
	int operation = data->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	s->data_watch++;

	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLONESHOT,
				     .data.u64 = tag_of(s) | DATA_TAG | watch_of(s) };

	if (epoll_ctl(table->epoll, operation, data->fd, &event) < 0)
		return false;
	data->is_watched = true;
	return true;
}

void sessions_dispatch(struct sessions *table, struct session *s)
{
	(void)pthread_mutex_lock(&table->lock);
	s->state = SESSION_PARKED;
	watch_locked(table, s, EPOLLIN | EPOLLOUT); /* writable at once: it greets */
	(void)pthread_mutex_unlock(&table->lock);
}

void sessions_logged_in(struct sessions *table, struct session *s)
{
	(void)pthread_mutex_lock(&table->lock);
	if (!atomic_load(&s->farewell))
		list_remove(&s->timeout_link);
	(void)pthread_mutex_unlock(&table->lock);
}

static void await_login_locked(struct sessions *table, struct session *s)
{
	int64_t timeout_ms = (int64_t)table->worker->settings->login_timeout_s * 1000;

	if (!atomic_load(&s->farewell))
		set_timeout_locked(s, &table->waiting_for_login, deadline_in(timeout_ms));
}

void sessions_secured(struct sessions *table, struct session *s)
{
	(void)pthread_mutex_lock(&table->lock);
	await_login_locked(table, s);
	(void)pthread_mutex_unlock(&table->lock);
}

void sessions_logged_out(struct sessions *table, struct session *s)
{
	(void)pthread_mutex_lock(&table->lock);
	await_login_locked(table, s);
	free(s->login_name);
	s->login_name = NULL;
	(void)pthread_mutex_unlock(&table->lock);
}

void sessions_close(struct sessions *table, struct session *s)
{
	const struct worker_start *start = table->worker->start;

	(void)pthread_mutex_lock(&table->lock);
	table->slots[s->board_slot] = NULL;
	list_remove(&s->timeout_link);
	(void)pthread_mutex_unlock(&table->lock);

	/* Nobody finds it any more. */
	passive_drop(table->worker->passive, s);
	fd_close(&s->arrived_fd);
	session_user_free(&s->user);
	stream_close(&s->control);
	line_reader_release(&s->lines);
	places_leave(start->places, s->board_slot);
	scoreboard_close(start->board, s->board_slot);
	free(s->tls);
	free(s->held_line);
	free(s->login_name);
	free(s->login_user);
	free(s->answer);
	free(atomic_load(&s->farewell));
	free(s);

	/* The process may end with its last session: not before that one is closed in order. */
	(void)pthread_mutex_lock(&table->lock);
	table->count--;
	(void)pthread_mutex_unlock(&table->lock);
}

static void wake_locked(const struct session *s)
{
	const struct pool_thread *self = pool_self();
	uint64_t one = 1;

	/* Who runs the session itself needs no waking. */
	if (s->wake_fd >= 0 && !(self && self->wake_fd == s->wake_fd))
		(void)!write(s->wake_fd, &one, sizeof(one)); /* full means it is awake anyway */
}

/* Makes a session end: a parked one is handed to the pool by an event that is always ready. */
static void bid_farewell_locked(struct sessions *table, struct session *s, const char *text)
{
	if (atomic_load(&s->farewell))
		return;
	atomic_store(&s->farewell, text_dup(text_of(text)));
	set_timeout_locked(s, &table->leaving, deadline_in(LEAVE_MS));
	if (s->state == SESSION_PARKED)
		watch_locked(table, s, EPOLLIN | EPOLLOUT);
	else
		wake_locked(s);
}

size_t sessions_kick(struct sessions *table, uint64_t id, const char *user, const char *text)
{
	size_t max = scoreboard_max_sessions(table->worker->start->board), n = 0;

	(void)pthread_mutex_lock(&table->lock);
	for (size_t i = 0; i < max; i++) {
		struct session *s = table->slots[i];

		if (!s || (id != 0 && s->id != id))
			continue;
		if (id == 0 && user &&
		    (!s->login_name || !text_equal(text_of(s->login_name), text_of(user))))
			continue;
		bid_farewell_locked(table, s, text);
		n++;
	}
	(void)pthread_mutex_unlock(&table->lock);
	return n;
}

size_t sessions_kick_all(struct sessions *table, const char *text)
{
	return sessions_kick(table, 0, NULL, text);
}

void sessions_deliver(struct sessions *table, uint32_t board_slot, uint64_t id,
		      const struct address *peer, int fd)
{
	(void)pthread_mutex_lock(&table->lock);
	struct session *s = find_locked(table, board_slot, id);
	/* A connection that was on its way when the session gave it up is nobody's. */
	if (s && atomic_load(&s->reserved_ms) != 0) {
		int before = s->arrived_fd;
		s->arrived_fd = fd;
		s->arrived_from = *peer;
		fd = before; /* an older one that was never used */
		atomic_store(&s->reserved_ms, 0);
		wake_locked(s);
	}
	(void)pthread_mutex_unlock(&table->lock);
	fd_close(&fd);
}

void sessions_note_stray(struct sessions *table, const struct message_data_connection *stray)
{
	(void)pthread_mutex_lock(&table->lock);
	struct session *s = find_locked(table, stray->board_slot, stray->session_id);

	if (s && atomic_load(&s->reserved_ms) != 0 && s->passive_port == stray->port)
		s->stray = stray->peer;
	(void)pthread_mutex_unlock(&table->lock);
}

bool sessions_stray(struct sessions *table, const struct session *s, struct address *ret_peer)
{
	(void)pthread_mutex_lock(&table->lock);
	bool is_there = s->stray.port != 0;
	if (is_there)
		*ret_peer = s->stray;
	(void)pthread_mutex_unlock(&table->lock);
	return is_there;
}

bool sessions_arrival(struct sessions *table, const struct session *s, struct address *ret_peer)
{
	(void)pthread_mutex_lock(&table->lock);
	bool is_there = s->arrived_from.port != 0;
	if (is_there)
		*ret_peer = s->arrived_from;
	(void)pthread_mutex_unlock(&table->lock);
	return is_there;
}

void sessions_forget_stray(struct sessions *table, struct session *s)
{
	(void)pthread_mutex_lock(&table->lock);
	s->stray = s->arrived_from = (struct address){ .port = 0 };
	(void)pthread_mutex_unlock(&table->lock);
}

int sessions_take_arrived(struct sessions *table, struct session *s, struct address *ret_peer)
{
	(void)pthread_mutex_lock(&table->lock);
	int fd = fd_take(&s->arrived_fd);
	if (ret_peer)
		*ret_peer = s->arrived_from;
	(void)pthread_mutex_unlock(&table->lock);
	return fd;
}

struct session *sessions_answer(struct sessions *table, uint32_t board_slot, uint64_t id,
				struct message_auth_reply *answer, int wake_fd)
{
	struct session *taken = NULL;

	(void)pthread_mutex_lock(&table->lock);
	struct session *s = find_locked(table, board_slot, id);
	if (s && !s->answer) {
		s->answer = answer;
		answer = NULL;
		if (s->answer->result == AUTH_OK) {
			free(s->login_name);
			s->login_name = text_dup(text_of(s->answer->user));
		}
		/* A running one sees it when it wants to park; one with a farewell has its
		 * event. */
		bool is_waiting = s->state == SESSION_PARKED && !atomic_load(&s->farewell);
		if (is_waiting && wake_fd >= 0) {
			s->state = SESSION_RUNNING;
			s->wake_fd = wake_fd;
			taken = s;
		} else if (is_waiting) {
			watch_locked(table, s, EPOLLIN | EPOLLOUT);
		}
	}
	(void)pthread_mutex_unlock(&table->lock);
	free(answer);
	return taken;
}

struct message_auth_reply *sessions_take_answer(struct sessions *table, struct session *s)
{
	(void)pthread_mutex_lock(&table->lock);
	struct message_auth_reply *answer = s->answer;
	s->answer = NULL;
	(void)pthread_mutex_unlock(&table->lock);
	return answer;
}

/* Ends the sessions at the head of a list whose time has come. Returns the next deadline. */
static int64_t sweep_locked(struct sessions *table, struct list *list, int64_t now,
			    const char *text)
{
	while (!list_is_empty(list)) {
		struct session *s = list_entry(list->next, struct session, timeout_link);

		if (s->deadline_ms > now)
			return s->deadline_ms;
		list_remove(&s->timeout_link);
		bid_farewell_locked(table, s, text);
	}
	return DEADLINE_NEVER;
}

/* A thread waits for the data of these from now on. */
static int64_t sweep_awaiting_data_locked(struct sessions *table, int64_t now)
{
	while (!list_is_empty(&table->awaiting_data)) {
		struct session *s =
			list_entry(table->awaiting_data.next, struct session, timeout_link);

		if (s->deadline_ms > now)
			return s->deadline_ms;
		list_remove(&s->timeout_link);
		watch_locked(table, s, EPOLLIN | EPOLLOUT);
	}
	return DEADLINE_NEVER;
}

static void sweep_impatient_locked(struct sessions *table, int64_t now, const char *text)
{
	struct list *next;

	for (struct list *l = table->impatient.next; l != &table->impatient; l = next) {
		struct session *s = list_entry(l, struct session, timeout_link);

		next = l->next;
		if (s->deadline_ms > now)
			continue;
		list_remove(&s->timeout_link);
		bid_farewell_locked(table, s, text);
	}
}

/* Cuts off whoever has not left: a client that reads nothing can neither be told nor, while its
 * socket is full, be woken for. */
static int64_t sweep_leaving_locked(struct sessions *table, int64_t now)
{
	while (!list_is_empty(&table->leaving)) {
		struct session *s = list_entry(table->leaving.next, struct session, timeout_link);

		if (s->deadline_ms > now)
			return s->deadline_ms;
		list_remove(&s->timeout_link);
		(void)shutdown(s->control_fd, SHUT_RDWR); /* it may be closed by the peer already */
	}
	return DEADLINE_NEVER;
}

/* Reservations for which nothing came: others of the same address may want the port. */
static void expire_reservations_locked(struct sessions *table, int64_t now)
{
	int64_t limit = now - (int64_t)table->worker->settings->data_timeout_s * 1000;
	const struct session *s;

	if (now < table->next_expiry_ms)
		return;
	table->next_expiry_ms = now + EXPIRE_EVERY_MS;
	for (struct list *l = table->parked.next; l != &table->parked; l = l->next) {
		s = list_entry(l, struct session, timeout_link);
		int64_t since = atomic_load(&s->reserved_ms);
		if (since != 0 && since < limit)
			passive_drop(table->worker->passive, (struct session *)s);
	}
}

int sessions_sweep(struct sessions *table)
{
	const struct settings *settings = table->worker->settings;
	int64_t now = clock_ms(), next = DEADLINE_NEVER, next_of[5];
	char login[160], idle[160], handshake[160];

	(void)snprintf(login, sizeof(login), "No login within %u seconds; closing.",
		       settings->login_timeout_s);
	(void)snprintf(
		idle, sizeof(idle),
		"Idle for %u seconds; closing. A keepalive (NOOP) every %u seconds prevents it.",
		settings->idle_timeout_s, settings->idle_timeout_s * 5 / 6);
	(void)snprintf(handshake, sizeof(handshake), "No TLS handshake within %u seconds; closing.",
		       settings->handshake_timeout_s);
	(void)pthread_mutex_lock(&table->lock);
	next_of[0] = sweep_locked(table, &table->waiting_for_login, now, login);
	next_of[1] = sweep_locked(table, &table->parked, now, idle);
	next_of[2] = sweep_locked(table, &table->handshaking, now, handshake);
	next_of[3] = sweep_awaiting_data_locked(table, now);
	sweep_impatient_locked(table, now, "Idle for longer than SITE IDLE allows; closing.");
	next_of[4] = sweep_leaving_locked(table, now);
	for (size_t i = 0; i < ARRAY_SIZE(next_of); i++)
		next = MIN_OF(next, next_of[i]);
	expire_reservations_locked(table, now);
	(void)pthread_mutex_unlock(&table->lock);

	return next == DEADLINE_NEVER ? 500 : (int)MAX_OF(10, MIN_OF(next - now, 500));
}

size_t sessions_count(struct sessions *table)
{
	(void)pthread_mutex_lock(&table->lock);
	size_t n = table->count;
	(void)pthread_mutex_unlock(&table->lock);
	return n;
}
