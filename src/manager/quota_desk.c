/* manager/quota_desk.c - see quota_desk.h.
 * Threads: one lock guards the list of those who wait. */
#include "manager/quota_desk.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"

#define PATIENCE_S 600 /* a tree of millions of files */
#define DEATHS_MAX 3   /* of workers that had the request */
/* Without a worker: one that keeps dying is started again after ten seconds at most. */
#define WORKER_PATIENCE_MS 20000
#define LOOK_AGAIN_MS 100

struct waiter {
	struct list link;
	uint64_t id;
	struct message_quota_reply *reply;
	bool is_answered;
};

struct quota_desk {
	struct worker_links *links;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an answer or a worker has come, or it is closed */
	uint64_t last_id;
	bool is_closed;
	bool is_deserted; /* somebody has waited for a worker in vain, and none has come since */
	uint64_t n_came;  /* workers */
	struct list waiters;
};

struct quota_desk *quota_desk_new(struct worker_links *links)
{
	struct quota_desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return NULL;
	desk->links = links;
	(void)pthread_mutex_init(&desk->lock, NULL);
	(void)pthread_cond_init(&desk->changed, NULL);
	list_init(&desk->waiters);
	return desk;
}

void quota_desk_free(struct quota_desk **desk)
{
	if (!*desk)
		return;
	(void)pthread_cond_destroy(&(*desk)->changed);
	(void)pthread_mutex_destroy(&(*desk)->lock);
	free(*desk);
	*desk = NULL;
}

void quota_desk_close(struct quota_desk *desk)
{
	(void)pthread_mutex_lock(&desk->lock);
	desk->is_closed = true;
	(void)pthread_cond_broadcast(&desk->changed);
	(void)pthread_mutex_unlock(&desk->lock);
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool is_over(const struct quota_desk *desk, const struct waiter *waiter)
{
	return waiter->is_answered || desk->is_closed;
}

/* -EPIPE: the worker has died meanwhile. */
static int wait_locked(struct quota_desk *desk, const struct waiter *waiter,
		       struct worker_link *link)
{
	struct timespec until;

	for (int s = 0; s < PATIENCE_S && !is_over(desk, waiter); s++) {
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		while (!is_over(desk, waiter) &&
		       pthread_cond_clockwait(&desk->changed, &desk->lock, CLOCK_MONOTONIC,
					      &until) != ETIMEDOUT)
			;
		if (!is_over(desk, waiter) && worker_link_is_gone(link))
			return -EPIPE;
	}
	return waiter->is_answered ? 0 : -ETIMEDOUT;
}

/* *deaths counts the workers that have died with the request. */
static int ask_one(struct quota_desk *desk, struct worker_link *link,
		   struct message_quota_request *request, struct message_quota_reply *ret,
		   unsigned *deaths)
{
	struct waiter waiter = { .reply = ret };

	(void)pthread_mutex_lock(&desk->lock);
	waiter.id = request->request_id = ++desk->last_id;
	list_append(&desk->waiters, &waiter.link);
	(void)pthread_mutex_unlock(&desk->lock);
	int r = worker_link_send(link, request, sizeof(*request), NULL, NULL);
	(void)pthread_mutex_lock(&desk->lock);
	if (r == 0) {
		r = wait_locked(desk, &waiter, link);
		*deaths += r == -EPIPE;
	}
	list_remove(&waiter.link);
	(void)pthread_mutex_unlock(&desk->lock);
	return r;
}

/* To the worker that came last, of *ret_n_came. -EPIPE: there is none, or it has died. */
static int ask_any(struct quota_desk *desk, struct message_quota_request *request,
		   struct message_quota_reply *ret, unsigned *deaths, uint64_t *ret_n_came)
{
	(void)pthread_mutex_lock(&desk->lock);
	*ret_n_came = desk->n_came;
	(void)pthread_mutex_unlock(&desk->lock);

	struct worker_link *link = worker_links_any(desk->links);
	int r = link ? ask_one(desk, link, request, ret, deaths) : -EPIPE;

	worker_link_drop(&link);
	return r;
}

/* Until another worker than the n_came before comes, or until it is worth looking whether the main
 * loop has found out that one is gone. False: no more waiting. */
static bool wait_for_worker(struct quota_desk *desk, uint64_t n_came, int64_t deadline_ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_AGAIN_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	(void)pthread_mutex_lock(&desk->lock);
	if (desk->n_came == n_came && deadline_left(deadline_ms) == 0)
		desk->is_deserted = true;
	while (desk->n_came == n_came && !desk->is_closed && !desk->is_deserted &&
	       pthread_cond_clockwait(&desk->changed, &desk->lock, CLOCK_MONOTONIC, &until) !=
		       ETIMEDOUT)
		;
	bool goes_on = !desk->is_closed && !desk->is_deserted;
	(void)pthread_mutex_unlock(&desk->lock);
	return goes_on;
}

/* Workers and managers die and are back soon: who asks between a death and the next start is not
 * told that nothing is known. */
int quota_desk_ask(struct quota_desk *desk, struct message_quota_request *request,
		   struct message_quota_reply *ret)
{
	int64_t deadline_ms = deadline_in(WORKER_PATIENCE_MS);
	unsigned deaths = 0;
	uint64_t n_came;
	int r;

	request->head.kind = MSG_QUOTA_REQUEST;
	do
		r = ask_any(desk, request, ret, &deaths, &n_came);
	while (r == -EPIPE && deaths < DEATHS_MAX && wait_for_worker(desk, n_came, deadline_ms));
	return r == 0 ? ret->error : r;
}

void quota_desk_worker_came(struct quota_desk *desk)
{
	(void)pthread_mutex_lock(&desk->lock);
	desk->n_came++;
	desk->is_deserted = false;
	(void)pthread_cond_broadcast(&desk->changed);
	(void)pthread_mutex_unlock(&desk->lock);
}

static void take_answer(struct quota_desk *desk, const struct message_quota_reply *reply)
{
	(void)pthread_mutex_lock(&desk->lock);
	for (struct list *l = desk->waiters.next; l != &desk->waiters; l = l->next) {
		struct waiter *waiter = list_entry(l, struct waiter, link);

		if (waiter->id != reply->request_id || waiter->is_answered)
			continue;
		*waiter->reply = *reply;
		waiter->is_answered = true;
	}
	(void)pthread_cond_broadcast(&desk->changed);
	(void)pthread_mutex_unlock(&desk->lock);
}

/* --- answering -------------------------------------------------------------------------------- */

struct page {
	const char *after;
	struct message_members_reply *reply;
};

static void add_member(const char *user, const char *home, void *arg)
{
	struct page *page = arg;
	struct message_members_reply *reply = page->reply;
	size_t len = strlen(home) + 1;

	if (!reply->is_last || strcmp(user, page->after) <= 0)
		return;
	if (len > sizeof(reply->homes) - reply->len) {
		reply->is_last = false;
		return;
	}
	memcpy(reply->homes + reply->len, home, len);
	reply->len += (uint32_t)len;
	reply->n++;
	(void)snprintf(reply->last, sizeof(reply->last), "%s", user);
}

static void answer_members(struct accounts *accounts, struct worker_link *link,
			   const struct message_members_request *request)
{
	struct message_members_reply reply = { .head = { MSG_MEMBERS_REPLY },
					       .request_id = request->request_id,
					       .is_last = true };
	struct page page = { request->after, &reply };
	int r = group_members(accounts, text_of(request->group), add_member, &page);

	reply.error = r < 0 ? r : 0;
	r = worker_link_send(link, &reply, sizeof(reply), NULL, NULL);
	if (r < 0 && r != -EPIPE)
		log_event(LOG_ERROR, "members-answer-lost", F_STR("group", request->group),
			  F_ERRNO(r));
}

static bool ends_in_nul(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

bool quota_desk_take(struct quota_desk *desk, struct accounts *accounts, struct worker_link *link,
		     const union message *message, size_t len)
{
	const struct message_members_request *request = &message->members_request;

	if (len == sizeof(message->quota_reply) && message->head.kind == MSG_QUOTA_REPLY) {
		take_answer(desk, &message->quota_reply);
		return true;
	}
	if (len != sizeof(*request) || message->head.kind != MSG_MEMBERS_REQUEST ||
	    !ends_in_nul(request->group, sizeof(request->group)) ||
	    !ends_in_nul(request->after, sizeof(request->after)))
		return false;
	answer_members(accounts, link, request);
	return true;
}
