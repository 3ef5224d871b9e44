/* worker/pool.c - see pool.h. */
#include "worker/pool.h"

#include <pthread.h>
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
#define LEAVE_AFTER_MS 5000
#define KEPT_THREADS 2u

struct spare_wake {
	struct spare_wake *next;
	int fd;
};

struct pool {
	struct worker *worker;
	int epoll;
	unsigned n_cpus;
	atomic_bool is_closed; /* accepts no more */
	atomic_uint threads;  /* all */
	atomic_uint waiting;  /* in epoll_wait */
	atomic_uint working;  /* neither waiting for events nor blocked inside a session */
	pthread_mutex_t lock; /* guards the rest; innermost */
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

/* --- accepting -------------------------------------------------------------------------------- */

static void refuse(int fd, bool is_implicit, const char *text)
{
	/* On an implicit port the peer speaks TLS: plain text would only look like garbage. */
	if (!is_implicit)
		(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	socket_close_gently(&fd);
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

/* A thread takes up work: there must be another one to wait for the next event, unless enough of
 * them compute already (the processors are busy; more threads would only fight for them). */
static void ensure_waiter(struct pool *pool)
{
	if (atomic_load(&pool->waiting) == 0 && atomic_load(&pool->working) < 2 * pool->n_cpus)
		start_thread(pool);
}

void pool_block(struct pool *pool)
{
	atomic_fetch_sub(&pool->working, 1);
	ensure_waiter(pool);
}

void pool_unblock(struct pool *pool)
{
	atomic_fetch_add(&pool->working, 1);
}

bool pool_tend(struct pool *pool)
{
	if (atomic_load(&pool->waiting) > 0)
		return false;
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

static void handle(struct pool *pool, uint64_t tag)
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
		s = sessions_take(pool->worker->sessions, tag, self->wake_fd);
	if (s)
		session_run(s);
}

/* Leaves when others wait already. */
static bool may_leave(struct pool *pool)
{
	unsigned waiting = atomic_load(&pool->waiting);

	while (waiting > KEPT_THREADS)
		if (atomic_compare_exchange_weak(&pool->waiting, &waiting, waiting - 1))
			return true;
	return false;
}

static void *thread_main(void *arg)
{
	struct pool *pool = arg;
	struct pool_thread own = { .wake_fd = take_wake_fd(pool) };
	const struct worker_start *start = pool->worker->start;

	self = &own;
	while (own.wake_fd >= 0) {
		struct epoll_event event;
		int n = epoll_wait(pool->epoll, &event, 1, LEAVE_AFTER_MS);

		if (n == 0 && may_leave(pool))
			break;
		if (n <= 0)
			continue;
		atomic_fetch_add(&pool->working, 1);
		atomic_fetch_sub(&pool->waiting, 1);
		ensure_waiter(pool);
		handle(pool, event.data.u64);
		atomic_fetch_add(&pool->waiting, 1);
		atomic_fetch_sub(&pool->working, 1);
	}
	if (own.wake_fd >= 0)
		keep_wake_fd(pool, own.wake_fd);
	else
		atomic_fetch_sub(&pool->waiting, 1);
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
		return;
	}
	atomic_fetch_add(&pool->waiting,
			 1); /* counts from now on: no second one for the same need */
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (pthread_create(&thread, &attr, thread_main, pool) == 0) {
		scoreboard_add_threads(start->board, start->slot, 1);
	} else {
		atomic_fetch_sub(&pool->waiting, 1);
		atomic_fetch_sub(&pool->threads, 1);
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
	for (unsigned i = 0; i < KEPT_THREADS; i++)
		start_thread(pool);
	return pool;
}
