/* worker/manager_link.c - see manager_link.h. */
#include "worker/manager_link.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "worker/control.h"
#include "worker/events.h"
#include "worker/pool.h"
#include "worker/quota_count.h"
#include "worker/sessions.h"

#define SEND_TIMEOUT_MS 2000
/* Few enough to fit into the channel's queue, so that sending never has to wait; the others wait
 * here. */
#define MAX_IN_FLIGHT 32u
/* A manager that has died is back within a second or two; longer means that something is broken. */
#define ANSWER_TIMEOUT_MS 30000

struct question {
	struct list link;
	struct session *session;
	struct message_auth_request request;
	struct message_auth_reply answer;
	bool is_sent, is_answered;
};

/* Of a thread that waits for a page of members. */
struct page {
	struct list link;
	struct message_members_reply *reply;
	uint64_t id;
	bool is_answered;
};

struct manager_link {
	struct worker *worker;
	int epoll;
	pthread_mutex_t lock; /* guards all below; the sessions' lock may be taken inside */
	int channel;	      /* -1 while there is none */
	uint64_t last_id;
	unsigned in_flight; /* sent and not answered */
	struct list questions;
	struct list pages;
	pthread_cond_t page_came;
};

struct manager_link *manager_link_new(struct worker *worker, int epoll)
{
	struct manager_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->worker = worker;
	link->epoll = epoll;
	link->channel = -1;
	(void)pthread_mutex_init(&link->lock, NULL);
	list_init(&link->questions);
	list_init(&link->pages);
	(void)pthread_cond_init(&link->page_came, NULL);
	return link;
}

/* Sends what may be sent; the rest goes out as answers come in, or when the manager is back. */
static void send_questions_locked(struct manager_link *link)
{
	for (struct list *l = link->questions.next;
	     l != &link->questions && link->channel >= 0 && link->in_flight < MAX_IN_FLIGHT;
	     l = l->next) {
		struct question *question = list_entry(l, struct question, link);

		if (question->is_sent)
			continue;
		int r = channel_send(link->channel, &question->request, sizeof(question->request),
				     NULL, 0, SEND_TIMEOUT_MS);
		if (r < 0) {
			log_event(LOG_WARNING, "manager-unreachable", F_ERRNO(r),
				  F_STR("consequence", "logins wait for the next manager"));
			return;
		}
		question->is_sent = true;
		link->in_flight++;
	}
}

static void ask(struct manager_link *link, struct question *question)
{
	(void)pthread_mutex_lock(&link->lock);
	question->request.request_id = ++link->last_id;
	list_append(&link->questions, &question->link);
	send_questions_locked(link);
	(void)pthread_mutex_unlock(&link->lock);
}

static void take_back(struct manager_link *link, struct question *question)
{
	(void)pthread_mutex_lock(&link->lock);
	list_remove(&question->link);
	if (question->is_sent && !question->is_answered) {
		link->in_flight--;
		send_questions_locked(link);
	}
	(void)pthread_mutex_unlock(&link->lock);
}

static bool is_answered(struct manager_link *link, const struct question *question)
{
	(void)pthread_mutex_lock(&link->lock);
	bool answered = question->is_answered;
	(void)pthread_mutex_unlock(&link->lock);
	return answered;
}

int manager_link_authenticate(struct manager_link *link, struct session *s, const char *user,
			      const struct secret *password, struct message_auth_reply *ret_reply)
{
	struct question question = {
		.session = s,
		.request = { .head = { .kind = MSG_AUTH_REQUEST },
			     .session_id = s->id,
			     .peer = s->peer,
			     .is_tls = session_is_tls(s),
			     .password = *password },
	};
	int64_t deadline = deadline_in(ANSWER_TIMEOUT_MS);
	int r = text_copy(text_of(user), question.request.user, sizeof(question.request.user));

	if (r == 0) {
		ask(link, &question);
		while (r == 0 && !is_answered(link, &question))
			r = atomic_load(&s->farewell) ? -ECANCELED
						      : control_wait_wake(s, deadline, false);
		take_back(link, &question);
	}
	if (r == 0)
		*ret_reply = question.answer;
	secret_release(&question.request.password);
	return r;
}

/* One that is lost with its manager is asked for again by the next try. */
static int try_members_locked(struct manager_link *link, struct page *page,
			      struct message_members_request *request)
{
	struct timespec until;

	page->id = request->request_id = ++link->last_id;
	if (link->channel >= 0)
		(void)!channel_send(link->channel, request, sizeof(*request), NULL, 0, 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	while (!page->is_answered)
		if (pthread_cond_clockwait(&link->page_came, &link->lock, CLOCK_MONOTONIC,
					   &until) == ETIMEDOUT)
			break;
	return page->is_answered ? page->reply->error : -ETIMEDOUT;
}

int manager_link_members(struct manager_link *link, const char *group, const char *after,
			 struct message_members_reply *ret)
{
	struct message_members_request request = { .head = { MSG_MEMBERS_REQUEST } };
	struct page page = { .reply = ret };
	bool is_of_pool = pool_self() != NULL;
	int r = text_copy(text_of(group), request.group, sizeof(request.group));

	if (r == 0)
		r = text_copy(text_of(after), request.after, sizeof(request.after));
	if (r < 0)
		return r;
	if (is_of_pool)
		pool_block(link->worker->pool);
	(void)pthread_mutex_lock(&link->lock);
	list_append(&link->pages, &page.link);
	r = -ETIMEDOUT;
	for (int tries = 0; r == -ETIMEDOUT && tries < ANSWER_TIMEOUT_MS / 1000; tries++)
		r = try_members_locked(link, &page, &request);
	list_remove(&page.link);
	(void)pthread_mutex_unlock(&link->lock);
	if (is_of_pool)
		pool_unblock(link->worker->pool);
	return r;
}

int manager_link_send(struct manager_link *link, const void *packet, size_t len)
{
	(void)pthread_mutex_lock(&link->lock);
	int r = link->channel < 0 ? -EPIPE : channel_send(link->channel, packet, len, NULL, 0, 0);
	(void)pthread_mutex_unlock(&link->lock);
	return r;
}

/* --- main thread ------------------------------------------------------------------------------ */

static void disconnect_locked(struct manager_link *link)
{
	fd_close(&link->channel); /* leaves epoll by itself */
}

void manager_link_connect(struct manager_link *link, int channel)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = MANAGER_TAG };

	(void)pthread_mutex_lock(&link->lock);
	disconnect_locked(link);
	link->channel = channel;
	(void)epoll_ctl(link->epoll, EPOLL_CTL_ADD, channel, &event);
	link->in_flight = 0;
	for (struct list *l = link->questions.next; l != &link->questions; l = l->next) {
		struct question *question = list_entry(l, struct question, link);
		question->is_sent = question->is_answered;
	}
	send_questions_locked(link);
	(void)pthread_mutex_unlock(&link->lock);
	events_send_again(link->worker->events);
}

/* The name goes into the session before the session hears of its login, so that a kick behind this
 * answer on the channel finds it. */
static void take_answer(struct manager_link *link, const struct message_auth_reply *answer)
{
	(void)pthread_mutex_lock(&link->lock);
	for (struct list *l = link->questions.next; l != &link->questions; l = l->next) {
		struct question *question = list_entry(l, struct question, link);

		if (question->request.request_id != answer->request_id || question->is_answered)
			continue;
		question->answer = *answer;
		question->is_answered = true;
		link->in_flight--;
		sessions_wake(link->worker->sessions, question->session->board_slot,
			      question->session->id,
			      answer->result == AUTH_OK ? answer->user : NULL);
		break;
	}
	send_questions_locked(link);
	(void)pthread_mutex_unlock(&link->lock);
}

static bool take_members(struct manager_link *link, const struct message_members_reply *reply,
			 size_t len)
{
	if (len != sizeof(*reply) || reply->len > sizeof(reply->homes) ||
	    (reply->len > 0 && reply->homes[reply->len - 1] != '\0'))
		return false;
	(void)pthread_mutex_lock(&link->lock);
	for (struct list *l = link->pages.next; l != &link->pages; l = l->next) {
		struct page *page = list_entry(l, struct page, link);

		if (page->id != reply->request_id || page->is_answered)
			continue;
		*page->reply = *reply;
		page->is_answered = true;
	}
	(void)pthread_cond_broadcast(&link->page_came);
	(void)pthread_mutex_unlock(&link->lock);
	return true;
}

static bool take_message(struct manager_link *link, const union message *message, size_t len)
{
	switch (message->head.kind) {
	case MSG_AUTH_REPLY:
		if (!message_auth_reply_is_whole(&message->auth_reply, len))
			return false;
		take_answer(link, &message->auth_reply);
		return true;
	case MSG_KICK:
		if (len != sizeof(message->kick))
			return false;
		(void)sessions_kick(link->worker->sessions, message->kick.session_id,
				    message->kick.user, message->kick.reason);
		return true;
	case MSG_EVENT_STORED:
		if (len != sizeof(message->event_stored))
			return false;
		events_acknowledge(link->worker->events, message->event_stored.sequence);
		return true;
	case MSG_MEMBERS_REPLY:
		return take_members(link, &message->members_reply, len);
	case MSG_QUOTA_REQUEST:
		if (len != sizeof(message->quota_request))
			return false;
		quota_count_request(link->worker, &message->quota_request);
		return true;
	default:
		return false;
	}
}

void manager_link_read(struct manager_link *link)
{
	union message message;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;

	for (;;) {
		ssize_t n = channel_receive(link->channel, &message, sizeof(message), fds, &n_fds);

		if (n == -EAGAIN || link->channel < 0)
			return;
		if (n == -EMFILE || n == -EMSGSIZE)
			continue; /* that packet is lost, the channel is well */
		for (size_t i = 0; n > 0 && i < n_fds; i++)
			fd_close(&fds[i]);
		if (n >= (ssize_t)sizeof(message.head) && take_message(link, &message, (size_t)n))
			continue;
		if (n != 0)
			log_event(LOG_ERROR, "manager-channel-broken", F_INT("result", n));
		(void)pthread_mutex_lock(&link->lock);
		disconnect_locked(link);
		(void)pthread_mutex_unlock(&link->lock);
		return;
	}
}
