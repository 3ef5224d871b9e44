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
	uint32_t board_slot; /* who asks: the session may be gone when the answer comes */
	bool is_sent;
	int64_t deadline_ms;
	struct message_auth_request request;
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
	/* Held while packets are received and taken, so that they are taken in their order: a kick
	 * that follows a login must find it. Outside of all others. */
	pthread_mutex_t reading;
	/* Shared by those who send, so that the channel stays; inside it the lock below. */
	pthread_rwlock_t channel_lock;
	int channel;	      /* -1 while there is none; changed by who holds both of the above */
	pthread_mutex_t lock; /* guards all below */
	uint64_t last_id;
	unsigned in_flight, unsent; /* of the questions: sent, and not sent yet */
	struct list questions;	    /* not answered; in the order in which they were asked */
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
	(void)pthread_mutex_init(&link->reading, NULL);
	(void)pthread_rwlock_init(&link->channel_lock, NULL);
	(void)pthread_mutex_init(&link->lock, NULL);
	list_init(&link->questions);
	list_init(&link->pages);
	(void)pthread_cond_init(&link->page_came, NULL);
	return link;
}

static struct question *find_locked(struct manager_link *link, uint64_t id)
{
	for (struct list *l = link->questions.next; l != &link->questions; l = l->next) {
		struct question *question = list_entry(l, struct question, link);

		if (question->request.request_id == id)
			return question;
	}
	return NULL;
}

static void set_sent_locked(struct manager_link *link, struct question *question, bool is_sent)
{
	question->is_sent = is_sent;
	link->in_flight += is_sent ? 1 : -1u;
	link->unsent += is_sent ? -1u : 1;
}

/* A copy of the next question that may go out, which counts as sent. False: there is none. */
static bool take_unsent(struct manager_link *link, struct message_auth_request *ret)
{
	struct question *found = NULL;

	(void)pthread_mutex_lock(&link->lock);
	if (link->unsent > 0 && link->in_flight < MAX_IN_FLIGHT)
		for (struct list *l = link->questions.next; !found && l != &link->questions;
		     l = l->next) {
			struct question *question = list_entry(l, struct question, link);

			if (!question->is_sent)
				found = question;
		}
	if (found) {
		*ret = found->request;
		set_sent_locked(link, found, true);
	}
	(void)pthread_mutex_unlock(&link->lock);
	return found != NULL;
}

static void keep_unsent(struct manager_link *link, uint64_t id)
{
	(void)pthread_mutex_lock(&link->lock);
	struct question *question = find_locked(link, id);
	if (question && question->is_sent)
		set_sent_locked(link, question, false);
	(void)pthread_mutex_unlock(&link->lock);
}

/* Sends what may be sent; the rest goes out as answers come in, or when the manager is back. The
 * list is not locked meanwhile: the answer may be faster than our return from sendmsg(2). */
static void send_questions(struct manager_link *link)
{
	struct message_auth_request request;
	int r = 0;

	(void)pthread_rwlock_rdlock(&link->channel_lock);
	while (r == 0 && link->channel >= 0 && take_unsent(link, &request)) {
		r = channel_send(link->channel, &request, sizeof(request), NULL, 0,
				 SEND_TIMEOUT_MS);
		if (r < 0) {
			keep_unsent(link, request.request_id);
			log_event(LOG_WARNING, "manager-unreachable", F_ERRNO(r),
				  F_STR("consequence", "logins wait for the next manager"));
		}
		explicit_bzero(&request, sizeof(request));
	}
	(void)pthread_rwlock_unlock(&link->channel_lock);
}

static void question_free(struct question *question)
{
	explicit_bzero(question, sizeof(*question));
	free(question);
}

/* The question is answered, or nobody waits for the answer any more. */
static void close_question_locked(struct manager_link *link, struct question *question)
{
	list_remove(&question->link);
	if (question->is_sent)
		link->in_flight--;
	else
		link->unsent--;
}

int manager_link_ask(struct manager_link *link, const struct session *s, const char *user,
		     const struct secret *password)
{
	struct question *question = calloc(1, sizeof(*question));

	if (!question)
		return -ENOMEM;
	question->board_slot = s->board_slot;
	question->deadline_ms = deadline_in(ANSWER_TIMEOUT_MS);
	question->request.head.kind = MSG_AUTH_REQUEST;
	question->request.session_id = s->id;
	question->request.peer = s->peer;
	question->request.is_tls = session_is_tls(s);
	question->request.password = *password;

	int r = text_copy(text_of(user), question->request.user, sizeof(question->request.user));
	if (r < 0) {
		question_free(question);
		return r;
	}
	(void)pthread_mutex_lock(&link->lock);
	question->request.request_id = ++link->last_id;
	list_append(&link->questions, &question->link);
	link->unsent++;
	(void)pthread_mutex_unlock(&link->lock);
	send_questions(link);
	return 0;
}

void manager_link_forget(struct manager_link *link, const struct session *s)
{
	struct question *found = NULL;

	(void)pthread_mutex_lock(&link->lock);
	for (struct list *l = link->questions.next; !found && l != &link->questions; l = l->next) {
		struct question *question = list_entry(l, struct question, link);

		if (question->request.session_id == s->id)
			found = question;
	}
	if (found)
		close_question_locked(link, found);
	(void)pthread_mutex_unlock(&link->lock);
	if (found) {
		question_free(found);
		send_questions(link);
	}
}

/* One that is lost with its manager is asked for again by the next try. */
static int try_members_locked(struct manager_link *link, struct page *page,
			      struct message_members_request *request)
{
	struct timespec until;

	page->id = request->request_id = ++link->last_id;
	(void)pthread_mutex_unlock(&link->lock);
	(void)!manager_link_send(link, request, sizeof(*request));
	(void)pthread_mutex_lock(&link->lock);
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
	(void)pthread_rwlock_rdlock(&link->channel_lock);
	int r = link->channel < 0 ? -EPIPE : channel_send(link->channel, packet, len, NULL, 0, 0);
	(void)pthread_rwlock_unlock(&link->channel_lock);
	return r;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* channel may be -1. */
static void change_channel(struct manager_link *link, int channel)
{
	(void)pthread_rwlock_wrlock(&link->channel_lock);
	fd_close(&link->channel); /* leaves epoll by itself */
	link->channel = channel;
	(void)pthread_rwlock_unlock(&link->channel_lock);
}

void manager_link_connect(struct manager_link *link, int channel)
{
	/* Not for edges: who reads leaves the rest to the next event. */
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = POOL_MANAGER_TAG };

	(void)pthread_mutex_lock(&link->reading);
	change_channel(link, channel);
	(void)epoll_ctl(link->epoll, EPOLL_CTL_ADD, channel, &event);
	(void)pthread_mutex_lock(&link->lock);
	for (struct list *l = link->questions.next; l != &link->questions; l = l->next) {
		struct question *question = list_entry(l, struct question, link);

		if (question->is_sent)
			set_sent_locked(link, question, false);
	}
	(void)pthread_mutex_unlock(&link->lock);
	(void)pthread_mutex_unlock(&link->reading);
	send_questions(link);
	events_send_again(link->worker->events);
}

/* The question with this id, or the first one (0) if its time is over; it leaves the list. */
static struct question *take_question(struct manager_link *link, uint64_t id)
{
	struct question *found = NULL;

	(void)pthread_mutex_lock(&link->lock);
	if (id != 0)
		found = find_locked(link, id);
	else if (!list_is_empty(&link->questions))
		found = list_entry(link->questions.next, struct question, link);
	if (found && id == 0 && found->deadline_ms > clock_ms())
		found = NULL;
	if (found)
		close_question_locked(link, found);
	bool has_more = link->unsent > 0;
	(void)pthread_mutex_unlock(&link->lock);
	if (found && has_more)
		send_questions(link);
	return found;
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

/* Hands the answer to the session that has asked. Takes question. */
static struct session *deliver(struct manager_link *link, struct question *question,
			       const struct message_auth_reply *reply, int wake_fd)
{
	size_t size = message_auth_reply_size(reply);
	struct message_auth_reply *answer = malloc(sizeof(*answer) < size ? sizeof(*answer) : size);
	struct session *s = NULL;

	/* Without memory the login timeout ends the session. */
	if (answer) {
		memcpy(answer, reply, size);
		s = sessions_answer(link->worker->sessions, question->board_slot,
				    question->request.session_id, answer, wake_fd);
	}
	question_free(question);
	return s;
}

void manager_link_tend(struct manager_link *link)
{
	const struct message_auth_reply nothing = { .result = AUTH_BACKEND_ERROR };
	struct question *question;

	(void)manager_link_read(link, -1);
	while ((question = take_question(link, 0)))
		(void)deliver(link, question, &nothing, -1);
}

/* *session is the session that an answer has brought into the hands of the caller, if the caller
 * wants one (wake_fd >= 0). False: no message of a manager. */
static bool take_message(struct manager_link *link, const union message *message, size_t len,
			 int wake_fd, struct session **session)
{
	struct question *question;

	switch (message->head.kind) {
	case MSG_AUTH_REPLY:
		if (!message_auth_reply_is_whole(&message->auth_reply, len))
			return false;
		question = take_question(link, message->auth_reply.request_id);
		if (question)
			*session = deliver(link, question, &message->auth_reply, wake_fd);
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

/* Takes one packet. False: there is none now. */
static bool read_one(struct manager_link *link, int wake_fd, struct session **session)
{
	union message message;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;

	if (link->channel < 0)
		return false;
	ssize_t n = channel_receive(link->channel, &message, sizeof(message), fds, &n_fds);

	if (n == -EAGAIN)
		return false;
	if (n == -EMFILE || n == -EMSGSIZE)
		return true; /* that packet is lost, the channel is well */
	for (size_t i = 0; n > 0 && i < n_fds; i++)
		fd_close(&fds[i]);
	if (n >= (ssize_t)sizeof(message.head) &&
	    take_message(link, &message, (size_t)n, wake_fd, session))
		return true;
	if (n != 0)
		log_event(LOG_ERROR, "manager-channel-broken", F_INT("result", n));
	change_channel(link, -1);
	return false;
}

struct session *manager_link_read(struct manager_link *link, int wake_fd)
{
	struct session *session = NULL;

	(void)pthread_mutex_lock(&link->reading);
	while (!session && read_one(link, wake_fd, &session))
		;
	(void)pthread_mutex_unlock(&link->reading);
	return session;
}
