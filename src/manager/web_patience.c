/* manager/web_patience.c - see web_patience.h. The lock guards everything here. */
#include "manager/web_patience.h"

#include <pthread.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/list.h"

#define PERIOD_S 1

struct web_guest {
	struct list link;
	struct web_patience *patience;
	int fd;
	int64_t deadline_ms;
};

struct web_patience {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list guests;
	bool is_ending, has_thread;
	pthread_t thread;
};

/* Both ends see the end; libmicrohttpd closes it then. */
static void cut_off_locked(struct web_patience *p)
{
	int64_t now_ms = clock_ms();

	for (struct list *l = p->guests.next; l != &p->guests; l = l->next) {
		struct web_guest *guest = list_entry(l, struct web_guest, link);

		if (guest->deadline_ms > now_ms)
			continue;
		(void)shutdown(guest->fd, SHUT_RDWR); /* fails when it has gone by itself */
		guest->deadline_ms = DEADLINE_NEVER;
	}
}

static void *run(void *arg)
{
	struct web_patience *p = arg;
	struct timespec until;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->is_ending) {
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += PERIOD_S;
		if (list_is_empty(&p->guests))
			(void)pthread_cond_wait(&p->changed, &p->lock);
		else
			(void)pthread_cond_clockwait(&p->changed, &p->lock, CLOCK_MONOTONIC,
						     &until);
		cut_off_locked(p);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

int web_patience_new(struct web_patience **ret)
{
	struct web_patience *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->changed, NULL);
	list_init(&p->guests);
	int r = -pthread_create(&p->thread, NULL, run, p);
	p->has_thread = r == 0;
	if (r < 0)
		web_patience_free(&p);
	else
		*ret = p;
	return r;
}

void web_patience_free(struct web_patience **patience)
{
	struct web_patience *p = *patience;

	if (!p)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->is_ending = true;
	(void)pthread_cond_signal(&p->changed);
	(void)pthread_mutex_unlock(&p->lock);
	if (p->has_thread)
		(void)pthread_join(p->thread, NULL);
	(void)pthread_cond_destroy(&p->changed);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
	*patience = NULL;
}

struct web_guest *web_guest_came(struct web_patience *patience, int fd, int64_t patience_ms)
{
	struct web_guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return NULL;
	guest->patience = patience;
	guest->fd = fd;
	guest->deadline_ms = deadline_in(patience_ms);
	(void)pthread_mutex_lock(&patience->lock);
	list_append(&patience->guests, &guest->link);
	(void)pthread_cond_signal(&patience->changed);
	(void)pthread_mutex_unlock(&patience->lock);
	return guest;
}

void web_guest_has(struct web_guest *guest, int64_t patience_ms)
{
	if (!guest)
		return;
	(void)pthread_mutex_lock(&guest->patience->lock);
	guest->deadline_ms =
		patience_ms == DEADLINE_NEVER ? DEADLINE_NEVER : deadline_in(patience_ms);
	(void)pthread_mutex_unlock(&guest->patience->lock);
}

void web_guest_left(struct web_guest *guest)
{
	if (!guest)
		return;
	struct web_patience *patience = guest->patience;

	(void)pthread_mutex_lock(&patience->lock);
	list_remove(&guest->link);
	(void)pthread_mutex_unlock(&patience->lock);
	free(guest);
}
