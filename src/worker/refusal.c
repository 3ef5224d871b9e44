/* worker/refusal.c - see refusal.h. Whoever is refused must cost little: few at a time, for a short
 * time, beside the pool, whose threads are for sessions. */
#include "worker/refusal.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/random.h"
#include "net/socket.h"
#include "net/stream.h"

#define STACK_BYTES (256 * 1024) /* as in the pool */
#define MAX_AT_A_TIME 8u
#define PATIENCE_MS 3000

struct refusal {
	struct tls_server *tls;
	int fd;
	size_t len;
	char text[512];
};

static atomic_uint n_going_on;

static int wait_in_poll(struct waiter *waiter UNUSED, int fd, short events, int64_t deadline_ms)
{
	struct pollfd polled = { .fd = fd, .events = events };
	int n;

	do {
		n = poll(&polled, 1, deadline_left(deadline_ms));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

static void *tell(void *arg)
{
	AUTO_FREE struct refusal *refusal = arg;
	struct waiter waiter = { .wait = wait_in_poll };
	struct tls_binding binding = { 0 };
	struct tls_error error;
	struct stream stream;
	int64_t deadline = deadline_in(PATIENCE_MS);

	random_bytes(binding.identity.bytes, sizeof(binding.identity.bytes));
	stream_init(&stream, refusal->fd, &waiter);
	if (stream_start_tls(&stream, refusal->tls, &binding, deadline, &error) == 0 &&
	    stream_write(&stream, refusal->text, refusal->len, deadline) == 0)
		(void)!stream_end(&stream, deadline); /* it has been told */
	stream_close(&stream);
	atomic_fetch_sub(&n_going_on, 1);
	return NULL;
}

static int start_thread(struct refusal *refusal)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return -error;
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
	error = pthread_create(&thread, &attributes, tell, refusal);
	(void)pthread_attr_destroy(&attributes);
	return -error;
}

/* Owned by the caller; NULL: it is to be closed only. */
static struct refusal *new_refusal(const struct worker *worker, int fd, struct text text)
{
	struct refusal *refusal = worker->start->tls ? malloc(sizeof(*refusal)) : NULL;

	if (!refusal)
		return NULL;
	refusal->tls = worker->start->tls;
	refusal->fd = fd;
	refusal->len = MIN_OF(text.len, sizeof(refusal->text));
	memcpy(refusal->text, text.ptr, refusal->len);
	return refusal;
}

void refusal_tell_in_tls(const struct worker *worker, int *fd, struct text text)
{
	if (atomic_fetch_add(&n_going_on, 1) < MAX_AT_A_TIME) {
		struct refusal *refusal = new_refusal(worker, *fd, text);

		if (refusal && start_thread(refusal) == 0) {
			*fd = -1;
			return;
		}
		free(refusal);
	}
	atomic_fetch_sub(&n_going_on, 1);
	socket_close_gently(fd, false);
}
