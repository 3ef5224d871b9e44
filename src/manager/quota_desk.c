/* manager/quota_desk.c - see quota_desk.h.
 * Threads: one lock guards the list of those who wait. */
#include "manager/quota_desk.h"

#include <pthread.h>
#include <time.h>

#include "base/list.h"
#include "base/log.h"

#define PATIENCE_S 600 /* a tree of millions of files */
#define TRIES 3

struct waiter {
	struct list link;
	uint64_t id;
	struct message_quota_reply *reply;
	bool is_answered;
};

struct quota_desk {
	struct worker_links *links;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	uint64_t last_id;
	bool is_closed;
	struct list waiters;
};

struct quota_desk *quota_desk_new(struct worker_links *links)
{
	struct quota_desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return NULL;
	desk->links = links;
	(void)pthread_mutex_init(&desk->lock, NULL);
	(void)pthread_cond_init(&desk->answered, NULL);
	list_init(&desk->waiters);
	return desk;
}

void quota_desk_free(struct quota_desk **desk)
{
	if (!*desk)
		return;
	(void)pthread_cond_destroy(&(*desk)->answered);
	(void)pthread_mutex_destroy(&(*desk)->lock);
	free(*desk);
	*desk = NULL;
}

void quota_desk_close(struct quota_desk *desk)
{
	(void)pthread_mutex_lock(&desk->lock);
	desk->is_closed = true;
	(void)pthread_cond_broadcast(&desk->answered);
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
		       pthread_cond_clockwait(&desk->answered, &desk->lock, CLOCK_MONOTONIC,
					      &until) != ETIMEDOUT)
			;
		if (!is_over(desk, waiter) && worker_link_is_gone(link))
			return -EPIPE;
	}
	return waiter->is_answered ? 0 : -ETIMEDOUT;
}

static int ask_one(struct quota_desk *desk, struct worker_link *link,
		   struct message_quota_request *request, struct message_quota_reply *ret)
{
	struct waiter waiter = { .reply = ret };

	(void)pthread_mutex_lock(&desk->lock);
	waiter.id = request->request_id = ++desk->last_id;
	list_append(&desk->waiters, &waiter.link);
	(void)pthread_mutex_unlock(&desk->lock);
	int r = worker_link_send(link, request, sizeof(*request), NULL, NULL);
	(void)pthread_mutex_lock(&desk->lock);
	if (r == 0)
		r = wait_locked(desk, &waiter, link);
	list_remove(&waiter.link);
	(void)pthread_mutex_unlock(&desk->lock);
	return r;
}

int quota_desk_ask(struct quota_desk *desk, struct message_quota_request *request,
		   struct message_quota_reply *ret)
{
	int r = -EPIPE;

	request->head.kind = MSG_QUOTA_REQUEST;
	for (int tries = 0; tries < TRIES && r == -EPIPE; tries++) {
		struct worker_link *link = worker_links_any(desk->links);

		if (!link)
			return -EPIPE;
		r = ask_one(desk, link, request, ret);
		worker_link_drop(&link);
	}
	return r == 0 ? ret->error : r;
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
	(void)pthread_cond_broadcast(&desk->answered);
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
