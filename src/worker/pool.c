/* worker/pool.c - see pool.h. */
#include "worker/pool.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/socket.h"
#include "worker/balance.h"
#include "worker/mailbox.h"
#include "worker/manager_link.h"
#include "worker/sessions.h"

#define STACK_BYTES (256 * 1024)
#define PIPE_BYTES (1024 * 1024)
#define LEAVE_AFTER_MS 5000
#define KEPT_SPARES 1u
/* Events that are fetched with one call. */
#define BATCH 16u

struct spare_wake {
	struct spare_wake *next;
	int fd;
};

/* A thread that waits to be made the leader. */
struct spare {
	struct spare *next;
	sem_t called;
};

struct pool {
	struct worker *worker;
	int epoll;
	unsigned n_cpus;
	atomic_bool is_closed; /* accepts no more */
	atomic_uint threads;   /* all */
	atomic_uint working; /* neither waiting for events or for work, nor blocked in a session */
	/* The thread that waits for events or handles one, by its number; 0: there is none, or it
	 * is about to be found. */
	_Atomic uint64_t leader;
	_Atomic uint64_t last_number;
	atomic_bool is_sought; /* a leader: somebody has been called and is on the way */
	atomic_uint turns;     /* counts what leaders have begun and ended to handle; odd: begun */
	unsigned turns_seen;   /* by pool_tend */
	atomic_uint n_fetched; /* what follows holds so many; changes under the lock */
	pthread_mutex_t lock;  /* guards the rest; innermost */
	/* Events that were fetched and have not been handled yet, from first_fetched on, in a
	 * ring: whoever leads handles them before it fetches others. Two batches, for a leader that
	 * was given up for lost at the very moment in which it came back. */
	struct epoll_event fetched[2 * BATCH];
	unsigned first_fetched;
	struct spare *spares; /* the last that came goes first: its stack is still warm */
	unsigned n_spares;
	struct spare_wake *spare_wakes;
	int spare_fd; /* given up for a moment when descriptors run out, to refuse politely */
};

static _Thread_local struct pool_thread *self;

struct pool_thread *pool_self(void)
{
	return self;
}

char *pool_buffer(void)
{
	if (!self->buffer)
		self->buffer = malloc(POOL_BUFFER_SIZE);
	return self->buffer;
}

bool pool_pipe(void)
{
	if (self->pipe[0] >= 0)
		return true;
	if (pipe2(self->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	/* The kernel allows a user only so many large ones: small ones are slower than copying. */
	if (fcntl(self->pipe[1], F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES)
		return true;
	pool_drop_pipe();
	return false;
}

void pool_drop_pipe(void)
{
	fd_close(&self->pipe[0]);
	fd_close(&self->pipe[1]);
}

/* --- accepting -------------------------------------------------------------------------------- */

static void refuse(int fd, bool is_implicit, const char *text)
{
	/* On an implicit port the peer speaks TLS: plain text would only look like garbage. */
	if (!is_implicit)
		(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	socket_close_gently(&fd, false);
}

/* Out of descriptors: the spare one serves to take the connection off the queue and say why. False:
 * it could not, and whoever looks at the listener next will (worker_main does now and then). */
static bool refuse_without_descriptors(struct pool *pool, const struct control_listener *listener)
{
	struct address peer;
	int fd;

	(void)pthread_mutex_lock(&pool->lock);
	fd_close(&pool->spare_fd);
	bool is_taken = socket_accept(listener->fd, &fd, &peer) == 0;
	if (is_taken)
		refuse(fd, listener->is_implicit, "421 Too many connections; try again later.\r\n");
	pool->spare_fd = eventfd(0, EFD_CLOEXEC);
	(void)pthread_mutex_unlock(&pool->lock);
	log_event(LOG_ERROR, "out-of-descriptors",
		  F_STR("advice", "raise the limit (LimitNOFILE)"));
	return is_taken;
}

/* False: there is none now. */
static bool accept_session(struct pool *pool, const struct control_listener *listener)
{
	struct address peer;
	int fd;
	int r = socket_accept(listener->fd, &fd, &peer);

	if (r == -EMFILE || r == -ENFILE)
		return refuse_without_descriptors(pool, listener);
	if (r < 0)
		return false;
	if (!balance_hand_over(pool->worker, &fd, &peer, listener->is_implicit))
		balance_take_over(pool->worker, fd, &peer, listener->is_implicit);
	return true;
}

/* Each is greeted and left to the pool, so that none waits for another one's commands. */
static void accept_sessions(struct pool *pool, const struct control_listener *listener)
{
	while (!atomic_load(&pool->is_closed) && accept_session(pool, listener))
		;
}

void pool_stop_accepting(struct pool *pool)
{
	atomic_store(&pool->is_closed, true);
}

/* --- threads ---------------------------------------------------------------------------------- */

static void start_thread(struct pool *pool);

static bool is_leader(const struct pool *pool)
{
	return self && atomic_load(&pool->leader) == self->number;
}

static bool try_to_lead(struct pool *pool)
{
	uint64_t nobody = 0;

	return atomic_compare_exchange_strong(&pool->leader, &nobody, self->number);
}

/* Somebody is to lead: a spare, or one more thread. When enough of them compute already (the
 * processors are busy; more would only fight for them) the first that is done takes over. */
static void find_leader(struct pool *pool)
{
	if (atomic_load(&pool->working) >= 2 * pool->n_cpus ||
	    atomic_exchange(&pool->is_sought, true))
		return;
	(void)pthread_mutex_lock(&pool->lock);
	struct spare *spare = pool->spares;
	if (spare) {
		pool->spares = spare->next;
		pool->n_spares--;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (spare)
		(void)sem_post(&spare->called); /* its thread waits for exactly this */
	if (!spare)
		start_thread(pool);
}

void pool_yield(struct pool *pool)
{
	if (!is_leader(pool))
		return;
	atomic_fetch_add(&pool->turns, 1);
	atomic_store(&pool->leader, 0);
	find_leader(pool);
}

void pool_block(struct pool *pool)
{
	atomic_fetch_sub(&pool->working, 1);
	pool_yield(pool);
	/* Nobody was found while too many computed: now there is one less. */
	if (atomic_load(&pool->leader) == 0)
		find_leader(pool);
}

int pool_events(const struct pool *pool)
{
	return is_leader(pool) && atomic_load(&pool->n_fetched) == 0 ? pool->epoll : -1;
}

void pool_unblock(struct pool *pool)
{
	atomic_fetch_add(&pool->working, 1);
}

bool pool_tend(struct pool *pool)
{
	uint64_t leader = atomic_load(&pool->leader);
	unsigned turns = atomic_load(&pool->turns);
	bool is_stuck = turns % 2 == 1 && turns == pool->turns_seen;

	pool->turns_seen = turns;
	if (leader != 0 && !is_stuck)
		return turns % 2 == 1;
	/* It finds out when it is done. */
	if (leader != 0) {
		if (!atomic_compare_exchange_strong(&pool->leader, &leader, 0))
			return false;
		atomic_fetch_add(&pool->turns, 1);
	}
	/* However many compute: they may all hang. */
	start_thread(pool);
	return true;
}

static int take_wake_fd(struct pool *pool)
{
	(void)pthread_mutex_lock(&pool->lock);
	struct spare_wake *spare = pool->spare_wakes;
	if (spare)
		pool->spare_wakes = spare->next;
	(void)pthread_mutex_unlock(&pool->lock);
	if (!spare)
		return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	int fd = spare->fd;
	free(spare);
	return fd;
}

static void keep_wake_fd(struct pool *pool, int fd)
{
	struct spare_wake *spare = malloc(sizeof(*spare));

	if (!spare)
		return; /* the descriptor stays open: a late wake must not hit another file */
	spare->fd = fd;
	(void)pthread_mutex_lock(&pool->lock);
	spare->next = pool->spare_wakes;
	pool->spare_wakes = spare;
	(void)pthread_mutex_unlock(&pool->lock);
}

static void handle(struct pool *pool, uint64_t tag, uint32_t events)
{
	const struct worker_start *start = pool->worker->start;
	struct session *s = NULL;

	if (tag < start->n_listeners)
		accept_sessions(pool, &start->listeners[tag]);
	else if (tag == POOL_MAILBOX_TAG)
		mailbox_read(pool->worker);
	else if (tag == POOL_MANAGER_TAG)
		s = manager_link_read(pool->worker->manager, self->wake_fd);
	else
		s = sessions_take(pool->worker->sessions, tag, events, self->wake_fd);
	if (s)
		session_run(s);
}

/* The oldest of those that wait in the ring. False: there is none. */
static bool take_fetched(struct pool *pool, struct epoll_event *ret)
{
	if (atomic_load(&pool->n_fetched) == 0)
		return false;
	(void)pthread_mutex_lock(&pool->lock);
	bool is_there = atomic_load(&pool->n_fetched) > 0;
	if (is_there) {
		*ret = pool->fetched[pool->first_fetched];
		pool->first_fetched = (pool->first_fetched + 1) % ARRAY_SIZE(pool->fetched);
		atomic_fetch_sub(&pool->n_fetched, 1);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return is_there;
}

static void keep_fetched(struct pool *pool, const struct epoll_event *events, unsigned n)
{
	(void)pthread_mutex_lock(&pool->lock);
	unsigned at = pool->first_fetched + atomic_load(&pool->n_fetched);
	assert(atomic_load(&pool->n_fetched) + n <= ARRAY_SIZE(pool->fetched));
	for (unsigned i = 0; i < n; i++)
		pool->fetched[(at + i) % ARRAY_SIZE(pool->fetched)] = events[i];
	atomic_fetch_add(&pool->n_fetched, n);
	(void)pthread_mutex_unlock(&pool->lock);
}

static bool next_event(struct pool *pool, struct epoll_event *ret)
{
	struct epoll_event events[BATCH];

	if (take_fetched(pool, ret))
		return true;

	int n = epoll_wait(pool->epoll, events, BATCH, -1);

	if (n <= 0)
		return false;
	*ret = events[0];
	if (n > 1)
		keep_fetched(pool, &events[1], (unsigned)n - 1);
	return true;
}

/* The leader's turn: one event, and what comes of it. */
static void take_turn(struct pool *pool)
{
	struct epoll_event event;

	if (!next_event(pool, &event))
		return;
	atomic_fetch_add(&pool->working, 1);
	atomic_fetch_add(&pool->turns, 1);
	handle(pool, event.data.u64, event.events);
	if (is_leader(pool))
		atomic_fetch_add(&pool->turns, 1);
	atomic_fetch_sub(&pool->working, 1);
}

/* True: it was still there. Else somebody has taken it to call it. */
static bool unlink_spare_locked(struct pool *pool, const struct spare *spare)
{
	struct spare **at = &pool->spares;

	while (*at && *at != spare)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = spare->next;
	pool->n_spares--;
	return true;
}

/* False: it was too late. */
static bool wait_for_call(struct spare *spare, int64_t deadline_ms)
{
	struct timespec until = { .tv_sec = deadline_ms / 1000,
				  .tv_nsec = deadline_ms % 1000 * 1000000 };

	while (sem_clockwait(&spare->called, CLOCK_MONOTONIC, &until) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

/* Waits for work. False: there was none for long, the thread may leave. */
static bool wait_as_spare(struct pool *pool)
{
	struct spare own;

	(void)sem_init(&own.called, 0, 0); /* cannot fail with 0 */
	(void)pthread_mutex_lock(&pool->lock);
	own.next = pool->spares;
	pool->spares = &own;
	pool->n_spares++;
	(void)pthread_mutex_unlock(&pool->lock);
	/* A leader that found no spare just before this one came has left the place empty. */
	bool is_needed = atomic_load(&pool->leader) == 0;
	bool is_called = !is_needed && wait_for_call(&own, deadline_in(LEAVE_AFTER_MS));
	(void)pthread_mutex_lock(&pool->lock);
	bool is_taken = !is_called && !unlink_spare_locked(pool, &own);
	bool may_leave = pool->n_spares >= KEPT_SPARES;
	(void)pthread_mutex_unlock(&pool->lock);
	/* Whoever has taken it calls in a moment. */
	if (is_taken)
		is_called = wait_for_call(&own, deadline_in(INT32_MAX));
	(void)sem_destroy(&own.called);
	self->was_called = is_called;
	return is_called || is_needed || !may_leave;
}

static void *thread_main(void *arg)
{
	struct pool *pool = arg;
	struct pool_thread own = { .wake_fd = take_wake_fd(pool),
				   .number = atomic_fetch_add(&pool->last_number, 1) + 1,
				   .was_called = true,
				   .pipe = { -1, -1 } };
	const struct worker_start *start = pool->worker->start;

	self = &own;
	while (own.wake_fd >= 0) {
		bool leads = is_leader(pool) || try_to_lead(pool);

		/* Only who was called says so: it is here, and somebody leads. */
		if (own.was_called)
			atomic_store(&pool->is_sought, false);
		own.was_called = false;
		if (leads)
			take_turn(pool);
		else if (!wait_as_spare(pool))
			break;
	}
	if (own.wake_fd >= 0)
		keep_wake_fd(pool, own.wake_fd);
	pool_drop_pipe();
	free(own.buffer);
	atomic_fetch_sub(&pool->threads, 1);
	scoreboard_add_threads(start->board, start->slot, -1);
	return NULL;
}

static void start_thread(struct pool *pool)
{
	const struct worker_start *start = pool->worker->start;
	pthread_attr_t attr;
	pthread_t thread;

	if (atomic_fetch_add(&pool->threads, 1) >= pool->worker->settings->max_threads) {
		atomic_fetch_sub(&pool->threads, 1);
		atomic_store(&pool->is_sought, false);
		return;
	}
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (pthread_create(&thread, &attr, thread_main, pool) == 0) {
		scoreboard_add_threads(start->board, start->slot, 1);
	} else {
		atomic_fetch_sub(&pool->threads, 1);
		atomic_store(&pool->is_sought, false);
	}
	(void)pthread_attr_destroy(&attr);
}

struct pool *pool_new(struct worker *worker, int epoll)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (!pool)
		return NULL;
	pool->worker = worker;
	pool->epoll = epoll;
	pool->n_cpus = n > 0 ? (unsigned)n : 1;
	pool->spare_fd = eventfd(0, EFD_CLOEXEC);
	(void)pthread_mutex_init(&pool->lock, NULL);
	worker->pool = pool;
	start_thread(pool);
	return pool;
}
