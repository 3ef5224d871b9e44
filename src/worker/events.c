/* worker/events.c - see events.h. */
#include "worker/events.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "worker/data_note.h"
#include "worker/manager_link.h"

#define MOST_EVENTS 8192u
/* So long the first event of a packet waits for others, unless nothing was sent just before. */
#define GATHER_MS 20
#define MOST_IN_FLIGHT 2048u
/* Events that are in no hurry. */
#define QUIET_MS 1000
#define MOST_QUIET 1024u

struct queued {
	struct list link;
	bool is_sent, is_quiet;
	struct event event; /* only its first event_size bytes */
};

struct events {
	struct worker *worker;
	int wake_fd;
	uint64_t source;      /* of this process, for the manager to tell repetitions */
	pthread_mutex_t lock; /* guards the rest */
	uint64_t last_sequence, lost, lost_logged;
	bool is_awake;	 /* the main thread knows that there is something to send */
	int64_t next_ms; /* before that only a full batch is sent */
	unsigned count, in_flight, quiet;
	int64_t quiet_until_ms; /* when those that wait quietly go, with nothing else to send */
	struct message_events packet; /* being filled */
	struct list queue;	      /* in the order of their sequences; those sent come first */
};

struct events *events_new(struct worker *worker, int epoll)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = EVENTS_TAG };
	struct events *events = calloc(1, sizeof(*events));

	if (!events)
		return NULL;
	events->worker = worker;
	random_bytes(&events->source, sizeof(events->source));
	(void)pthread_mutex_init(&events->lock, NULL);
	list_init(&events->queue);
	events->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (events->wake_fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, events->wake_fd, &event) < 0) {
		fd_close(&events->wake_fd);
		free(events);
		return NULL;
	}
	return events;
}

/* --- noting ----------------------------------------------------------------------------------- */

static struct queued *new_event(const struct session *s, enum event_kind kind, struct text path,
				struct text new_path)
{
	size_t len = offsetof(struct event, text) + path.len + new_path.len;
	struct queued *queued =
		calloc(1, offsetof(struct queued, event) + ((len + 7) & ~(size_t)7));

	if (!queued)
		return NULL;

	struct event *message = &queued->event;

	message->kind = kind;
	message->session_id = s->id;
	message->peer = s->peer;
	message->ended_wall_ms = clock_wall_ms();
	message->is_tls = s->tls != NULL;
	message->is_ascii = s->type == TYPE_ASCII;
	if (s->user)
		(void)!text_copy(text_of(s->user->name), message->user, sizeof(message->user));
	message->path_len = (uint16_t)path.len;
	message->new_path_len = (uint16_t)new_path.len;
	memcpy(message->text, path.ptr, path.len);
	if (new_path.len > 0)
		memcpy(message->text + path.len, new_path.ptr, new_path.len);
	return queued;
}

const char *events_result(int error)
{
	switch (error) {
	case 0:
		return "complete";
	case -EOVERFLOW:
		return "Larger than an upload may make it (upload_size)";
	case -ETIME:
		return "The transfer is too slow (min_rate)";
	case -ENODATA:
		return "The file may be cut short";
	case -ESTALE:
		return "Moved away meanwhile";
	case -ESPIPE:
		return "The file has become shorter while it was sent";
	case -EXDEV:
		return "Leads out of the home directory";
	default:
		return strerrordesc_np(-error);
	}
}

static void set_result(struct event *event, int error)
{
	text_copy_cut(events_result(error), event->result, sizeof(event->result));
}

static void append_locked(struct events *events, struct queued *queued)
{
	queued->event.source = events->source;
	queued->event.sequence = ++events->last_sequence;
	list_append(&events->queue, &queued->link);
	events->count++;
}

/* Takes queued. The main thread comes by several times a second while there are sessions. */
static void enqueue_quietly(struct events *events, struct queued *queued)
{
	if (!queued)
		return;
	queued->is_quiet = true;
	(void)pthread_mutex_lock(&events->lock);
	bool has_room = events->quiet < MOST_QUIET && events->count < MOST_EVENTS / 2;
	if (has_room) {
		if (events->count == events->in_flight)
			events->quiet_until_ms = clock_coarse_ms() + QUIET_MS;
		append_locked(events, queued);
		events->quiet++;
	}
	(void)pthread_mutex_unlock(&events->lock);
	if (!has_room)
		free(queued);
}

/* Takes queued. */
static void enqueue(struct events *events, struct queued *queued)
{
	uint64_t one = 1;

	(void)pthread_mutex_lock(&events->lock);
	bool wakes = !events->is_awake;
	events->is_awake = true;
	bool is_lost = !queued || events->count >= MOST_EVENTS;
	if (is_lost)
		events->lost++;
	else
		append_locked(events, queued);
	(void)pthread_mutex_unlock(&events->lock);
	if (is_lost)
		free(queued);
	if (wakes)
		(void)!write(events->wake_fd, &one, sizeof(one)); /* full: it is awake anyway */
}

void events_note_transfer(struct session *s, enum event_kind kind, const struct path *path,
			  const struct transfer *t, uint64_t ms, const char *end_state)
{
	struct queued *queued = new_event(s, kind, path_text(path), T(""));

	if (queued) {
		queued->event.bytes = t->bytes;
		queued->event.duration_ms = ms;
		set_result(&queued->event, t->error);
		text_copy_cut(end_state, queued->event.end_state, sizeof(queued->event.end_state));
		text_copy_cut(t->sha256, queued->event.sha256, sizeof(queued->event.sha256));
		data_note_broken(s, t->error);
		(void)data_note_take(s, &queued->event.data);
	}
	enqueue(s->worker->events, queued);
}

static const char *why_unopened(const struct data_record *data)
{
	switch (data->outcome) {
	case DATA_NEVER:
		return "No data connection";
	case DATA_ELSEWHERE:
		return "The data connection came from elsewhere";
	case DATA_TLS_FAILED:
		return "TLS failed on the data connection";
	default:
		return "Ended before it began";
	}
}

void events_note_unopened(struct session *s, enum event_kind kind, const struct path *path)
{
	struct queued *queued = s->user ? new_event(s, kind, path_text(path), T("")) : NULL;

	if (!queued)
		return;

	struct event *event = &queued->event;

	(void)data_note_take(s, &event->data);
	(void)snprintf(event->result, sizeof(event->result), "%s", why_unopened(&event->data));
	(void)snprintf(event->end_state, sizeof(event->end_state), "broken");
	enqueue(s->worker->events, queued);
}

void events_note_data(struct session *s, struct text path, const struct data_record *data)
{
	struct queued *queued = new_event(s, EVENT_DATA, path, T(""));

	if (queued)
		queued->event.data = *data;
	enqueue_quietly(s->worker->events, queued);
}

void events_note_logout(struct session *s, const char *reason)
{
	struct queued *queued = new_event(s, EVENT_LOGOUT, T(""), T(""));

	if (queued) {
		queued->event.duration_ms = (uint64_t)(clock_ms() - s->started_ms);
		queued->event.bytes = s->bytes_sent;
		queued->event.received_bytes = s->bytes_received;
		(void)snprintf(queued->event.result, sizeof(queued->event.result), "%s", reason);
	}
	enqueue_quietly(s->worker->events, queued);
}

void events_note_handshake(const struct session *s, unsigned cause, const char *error)
{
	struct queued *queued = new_event(s, EVENT_HANDSHAKE, T(""), T(""));

	if (queued) {
		queued->event.cause = (uint16_t)cause;
		(void)snprintf(queued->event.result, sizeof(queued->event.result), "%s", error);
	}
	enqueue_quietly(s->worker->events, queued);
}

void events_note_change(struct session *s, enum event_kind kind, struct text path,
			const struct path *new_path, int error)
{
	struct queued *queued = new_event(s, kind, path, new_path ? path_text(new_path) : T(""));

	if (queued)
		set_result(&queued->event, error);
	enqueue(s->worker->events, queued);
}

void events_note_copy(struct session *s, struct text from, const struct path *to, uint64_t bytes,
		      uint64_t ms, int error)
{
	struct queued *queued = new_event(s, EVENT_COPY, from, path_text(to));

	if (queued) {
		queued->event.bytes = bytes;
		queued->event.duration_ms = ms;
		set_result(&queued->event, error);
	}
	enqueue(s->worker->events, queued);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void log_lost_locked(struct events *events)
{
	if (events->lost == events->lost_logged)
		return;
	log_event(LOG_ERROR, "events-lost", F_UINT("now", events->lost - events->lost_logged),
		  F_UINT("in_all", events->lost),
		  F_STR("reason", "the manager does not store them fast enough"));
	events->lost_logged = events->lost;
}

void events_woken(struct events *events)
{
	uint64_t n;

	(void)!read(events->wake_fd, &n, sizeof(n)); /* empty is fine */
}

int events_tend(struct events *events)
{
	(void)pthread_mutex_lock(&events->lock);
	bool has_some = events->count > events->in_flight;
	int64_t due_ms = events->is_awake ? events->next_ms : events->quiet_until_ms;
	int left = has_some ? deadline_left(due_ms) : INT_MAX;
	(void)pthread_mutex_unlock(&events->lock);
	if (left == 0)
		events_send(events);
	return left == 0 ? GATHER_MS : left;
}

/* Fills the packet with what has not been sent, as far as it goes. Returns its size; 0: there is
 * nothing. */
static size_t fill_packet_locked(struct events *events, struct list **from)
{
	struct message_events *packet = &events->packet;
	size_t len = 0;

	packet->n = 0;
	for (; *from != &events->queue; *from = (*from)->next) {
		struct queued *queued = list_entry(*from, struct queued, link);
		size_t step = event_step(&queued->event);

		if (queued->is_sent)
			continue;
		if (len + step > sizeof(packet->bytes) ||
		    events->in_flight + packet->n >= MOST_IN_FLIGHT)
			break;
		memcpy(packet->bytes + len, &queued->event, step);
		len += step;
		packet->n++;
	}
	return packet->n > 0 ? offsetof(struct message_events, bytes) + len : 0;
}

static void mark_sent_locked(struct events *events, struct list *first, const struct list *end)
{
	for (struct list *l = first; l != end; l = l->next) {
		struct queued *queued = list_entry(l, struct queued, link);

		events->in_flight += !queued->is_sent;
		queued->is_sent = true;
	}
}

void events_send(struct events *events)
{
	(void)pthread_mutex_lock(&events->lock);
	events->next_ms = deadline_in(GATHER_MS);
	events->packet.head.kind = MSG_EVENTS;
	for (struct list *end = events->queue.next;;) {
		struct list *first = end;
		size_t len = fill_packet_locked(events, &end);

		if (len == 0 ||
		    manager_link_send(events->worker->manager, &events->packet, len) < 0)
			break;
		mark_sent_locked(events, first, end);
	}
	log_lost_locked(events);
	events->is_awake = events->count > events->in_flight;
	(void)pthread_mutex_unlock(&events->lock);
}

void events_send_again(struct events *events)
{
	(void)pthread_mutex_lock(&events->lock);
	for (struct list *l = events->queue.next; l != &events->queue; l = l->next)
		list_entry(l, struct queued, link)->is_sent = false;
	events->in_flight = 0;
	(void)pthread_mutex_unlock(&events->lock);
	events_send(events);
}

void events_acknowledge(struct events *events, uint64_t sequence)
{
	(void)pthread_mutex_lock(&events->lock);
	while (!list_is_empty(&events->queue)) {
		struct queued *queued = list_entry(events->queue.next, struct queued, link);

		if (queued->event.sequence > sequence)
			break;
		list_remove(&queued->link);
		events->count--;
		events->in_flight -= queued->is_sent;
		events->quiet -= queued->is_quiet;
		free(queued);
	}
	(void)pthread_mutex_unlock(&events->lock);
	events_send(events);
}

bool events_are_done(struct events *events)
{
	(void)pthread_mutex_lock(&events->lock);
	events->quiet_until_ms = 0; /* who asks wants to leave */
	bool is_done = events->count == 0;
	(void)pthread_mutex_unlock(&events->lock);
	return is_done;
}
