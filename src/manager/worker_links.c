/* manager/worker_links.c - see worker_links.h. */
#include "manager/worker_links.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "ipc/channel.h"

#define PATIENCE_MS 2000 /* with a worker that does not read */

struct worker_link {
	atomic_uint holders;
	uint32_t worker_slot;
	int channel;
	pthread_mutex_t lock; /* guards sending and the two below */
	bool is_gone;
	bool is_stuck; /* the last packet found no room: the next ones do not wait */
};

struct worker_links {
	pthread_mutex_t lock;
	size_t n;
	struct worker_link *links[WORKER_LINKS_MAX];
};

struct worker_links *worker_links_new(void)
{
	struct worker_links *links = calloc(1, sizeof(*links));

	if (links)
		(void)pthread_mutex_init(&links->lock, NULL);
	return links;
}

void worker_links_free(struct worker_links **links)
{
	struct worker_links *l = *links;

	if (!l)
		return;
	while (l->n > 0)
		worker_links_remove(l, l->links[0]);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
	*links = NULL;
}

static struct worker_link *link_new(int *channel, uint32_t worker_slot)
{
	struct worker_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	atomic_init(&link->holders, 1);
	(void)pthread_mutex_init(&link->lock, NULL);
	link->worker_slot = worker_slot;
	link->channel = fd_take(channel);
	return link;
}

int worker_links_add(struct worker_links *links, int *channel, uint32_t worker_slot,
		     struct worker_link **ret)
{
	AUTO_CLOSE int taken = fd_take(channel);

	if (links->n == WORKER_LINKS_MAX)
		return -ENOSPC;
	struct worker_link *link = link_new(&taken, worker_slot);
	if (!link)
		return -ENOMEM;
	(void)pthread_mutex_lock(&links->lock);
	links->links[links->n++] = link;
	(void)pthread_mutex_unlock(&links->lock);
	*ret = link;
	return 0;
}

void worker_links_remove(struct worker_links *links, struct worker_link *link)
{
	(void)pthread_mutex_lock(&link->lock);
	link->is_gone = true;
	(void)pthread_mutex_unlock(&link->lock);

	(void)pthread_mutex_lock(&links->lock);
	for (size_t i = 0; i < links->n; i++) {
		if (links->links[i] != link)
			continue;
		links->links[i] = links->links[--links->n];
		break;
	}
	(void)pthread_mutex_unlock(&links->lock);
	worker_link_drop(&link);
}

size_t worker_links_poll(struct worker_links *links, struct pollfd *ret_polls,
			 struct worker_link **ret_links)
{
	for (size_t i = 0; i < links->n; i++) {
		ret_polls[i] = (struct pollfd){ links->links[i]->channel, POLLIN, 0 };
		ret_links[i] = links->links[i];
	}
	return links->n;
}

struct worker_link *worker_link_hold(struct worker_link *link)
{
	(void)atomic_fetch_add(&link->holders, 1);
	return link;
}

void worker_link_drop(struct worker_link **link)
{
	struct worker_link *l = *link;

	*link = NULL;
	if (!l || atomic_fetch_sub(&l->holders, 1) > 1)
		return;
	fd_close(&l->channel);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
}

bool worker_link_is_gone(struct worker_link *link)
{
	(void)pthread_mutex_lock(&link->lock);
	bool is_gone = link->is_gone;
	(void)pthread_mutex_unlock(&link->lock);
	return is_gone;
}

uint32_t worker_link_slot(const struct worker_link *link)
{
	return link->worker_slot;
}

int worker_link_channel(const struct worker_link *link)
{
	return link->channel;
}

static int send_locked(struct worker_link *link, const void *packet, size_t len)
{
	if (link->is_gone)
		return -EPIPE;

	int patience_ms = link->is_stuck ? 0 : PATIENCE_MS;
	int r = channel_send(link->channel, packet, len, NULL, 0, patience_ms);
	link->is_stuck = r == -ETIMEDOUT;
	return r;
}

int worker_link_send(struct worker_link *link, const void *packet, size_t len,
		     int (*confirm)(void *arg), void *arg)
{
	(void)pthread_mutex_lock(&link->lock);
	int r = confirm ? confirm(arg) : 0;
	if (r >= 0)
		r = send_locked(link, packet, len);
	(void)pthread_mutex_unlock(&link->lock);
	return r;
}

int worker_link_send_now(struct worker_link *link, void *packet, ssize_t (*make)(void *arg),
			 void *arg)
{
	if (pthread_mutex_trylock(&link->lock) != 0)
		return -EAGAIN;

	ssize_t len = link->is_gone ? -EPIPE : make(arg);
	int r = len < 0 ? (int)len : channel_send(link->channel, packet, (size_t)len, NULL, 0, 0);
	(void)pthread_mutex_unlock(&link->lock);
	return r == -ETIMEDOUT ? -EAGAIN : r;
}

/* The links of this moment, held. One that comes later belongs to a worker that asks from now on,
 * or is looked through when it comes (manager.c). */
static size_t hold_all(struct worker_links *links, struct worker_link **ret)
{
	(void)pthread_mutex_lock(&links->lock);
	size_t n = links->n;
	for (size_t i = 0; i < n; i++)
		ret[i] = worker_link_hold(links->links[i]);
	(void)pthread_mutex_unlock(&links->lock);
	return n;
}

/* The one that came last is not about to leave. */
struct worker_link *worker_links_any(struct worker_links *links)
{
	(void)pthread_mutex_lock(&links->lock);
	struct worker_link *link =
		links->n > 0 ? worker_link_hold(links->links[links->n - 1]) : NULL;
	(void)pthread_mutex_unlock(&links->lock);
	return link;
}

void worker_links_kick(struct worker_links *links, const struct message_kick *kick)
{
	struct worker_link *all[WORKER_LINKS_MAX];
	size_t n = hold_all(links, all);

	for (size_t i = 0; i < n; i++) {
		int r = worker_link_send(all[i], kick, sizeof(*kick), NULL, NULL);
		if (r < 0 && r != -EPIPE)
			log_event(LOG_ERROR, "kick-lost", F_UINT("worker", all[i]->worker_slot),
				  F_STR("user", kick->user), F_UINT("session", kick->session_id),
				  F_ERRNO(r));
		worker_link_drop(&all[i]);
	}
}
