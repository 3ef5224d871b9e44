/* manager/last_logins.c - see last_logins.h.
 * Threads: the lock guards the two arrays' use and the flags; the writer swaps the arrays and
 * stores the full one without the lock. */
#include "manager/last_logins.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"

#define BATCH_MAX 512
#define GATHER_MS 100 /* after the first login of a batch */

struct batch {
	size_t n;
	struct account_login logins[BATCH_MAX];
};

struct last_logins {
	struct accounts *accounts;
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ending;
	struct batch *gathering, *storing; /* always one each of the two below */
	struct batch batches[2];
};

/* Waits until there is a batch to store, or the end. False: nothing is left to store. */
static bool wait_for_batch_locked(struct last_logins *logins)
{
	struct timespec until;

	while (logins->gathering->n == 0 && !logins->is_ending)
		(void)pthread_cond_wait(&logins->changed, &logins->lock);
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (logins->gathering->n < BATCH_MAX && !logins->is_ending)
		if (pthread_cond_clockwait(&logins->changed, &logins->lock, CLOCK_MONOTONIC,
					   &until) == ETIMEDOUT)
			break;
	return logins->gathering->n > 0;
}

static void store(struct accounts *accounts, const struct batch *batch)
{
	int r = accounts_note_logins(accounts, batch->logins, batch->n);

	if (r < 0)
		log_event(LOG_WARNING, "last-logins-lost", F_UINT("logins", batch->n), F_ERRNO(r));
}

static void *write_batches(void *arg)
{
	struct last_logins *logins = arg;

	(void)pthread_mutex_lock(&logins->lock);
	while (wait_for_batch_locked(logins)) {
		struct batch *full = logins->gathering;

		logins->gathering = logins->storing;
		logins->storing = full;
		(void)pthread_mutex_unlock(&logins->lock);
		store(logins->accounts, full);
		(void)pthread_mutex_lock(&logins->lock);
		full->n = 0;
	}
	(void)pthread_mutex_unlock(&logins->lock);
	return NULL;
}

static void destroy(struct last_logins *logins)
{
	(void)pthread_cond_destroy(&logins->changed);
	(void)pthread_mutex_destroy(&logins->lock);
	free(logins);
}

int last_logins_new(struct accounts *accounts, struct last_logins **ret)
{
	struct last_logins *logins = calloc(1, sizeof(*logins));

	if (!logins)
		return -ENOMEM;
	logins->accounts = accounts;
	logins->gathering = &logins->batches[0];
	logins->storing = &logins->batches[1];
	(void)pthread_mutex_init(&logins->lock, NULL);
	(void)pthread_cond_init(&logins->changed, NULL);
	int code = pthread_create(&logins->writer, NULL, write_batches, logins);
	if (code != 0) {
		destroy(logins);
		return -code;
	}
	*ret = logins;
	return 0;
}

void last_logins_free(struct last_logins **logins)
{
	struct last_logins *l = *logins;

	if (!l)
		return;
	(void)pthread_mutex_lock(&l->lock);
	l->is_ending = true;
	(void)pthread_cond_signal(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	(void)pthread_join(l->writer, NULL);
	destroy(l);
	*logins = NULL;
}

/* The place of this user in the batch: the one it has, or a new one. NULL when the batch is
 * full. */
static struct account_login *place_locked(struct batch *batch, struct text user)
{
	for (size_t i = 0; i < batch->n; i++)
		if (text_equal(text_of(batch->logins[i].name), user))
			return &batch->logins[i];
	return batch->n < BATCH_MAX ? &batch->logins[batch->n++] : NULL;
}

void last_logins_note(struct last_logins *logins, struct text user, struct text from)
{
	struct account_login login = { .wall_ms = clock_wall_ms() };

	if (text_copy(user, login.name, sizeof(login.name)) < 0 ||
	    text_copy(from, login.from, sizeof(login.from)) < 0)
		return;
	(void)pthread_mutex_lock(&logins->lock);
	size_t n_before = logins->gathering->n;
	struct account_login *place = place_locked(logins->gathering, user);
	if (place)
		*place = login;
	/* The writer waits for the first one, and then for the last. */
	size_t n = logins->gathering->n;
	if (n != n_before && (n == 1 || n == BATCH_MAX))
		(void)pthread_cond_signal(&logins->changed);
	(void)pthread_mutex_unlock(&logins->lock);
	if (!place)
		log_event(LOG_WARNING, "last-logins-lost", F_TEXT("user", user),
			  F_UINT("logins", 1));
}
