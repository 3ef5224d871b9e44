/* manager/bus.c - see bus.h. The lock guards everything here. */
#include "manager/bus.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/text.h"

struct message {
	unsigned n_users;
	int64_t id;
	char topic[64];
	void *thing; /* that the bytes are made from, as long as nobody has wanted them */
	json_t *(*make)(const void *thing);
	size_t len;
	char *bytes; /* as they go over the wire */
};

struct bus_listener {
	struct list link;
	struct bus *bus;
	struct bus_subscription subscription;
	char topics[BUS_TOPICS_SIZE], owner[BUS_OWNER_SIZE];
	struct message *waiting[BUS_WAITING_MAX]; /* a ring */
	size_t first, n;
	size_t bytes;	/* of all that wait */
	size_t n_taken; /* of the first of them */
	int64_t told_ms;
	bool is_waiting, has_ended;
};

struct bus {
	pthread_mutex_t lock;
	struct list listeners;
	size_t n_listeners;
	uint64_t n_newcomers;
	struct message *history[BUS_HISTORY]; /* a ring; the oldest is overwritten */
	size_t n_history;
	bool is_closed;
};

struct bus *bus_new(void)
{
	struct bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return NULL;
	(void)pthread_mutex_init(&bus->lock, NULL);
	list_init(&bus->listeners);
	return bus;
}

static void message_unref(struct message *message)
{
	if (!message || --message->n_users > 0)
		return;
	free(message->thing);
	free(message->bytes);
	free(message);
}

void bus_free(struct bus **bus)
{
	struct bus *b = *bus;

	if (!b)
		return;
	for (size_t i = 0; i < BUS_HISTORY; i++)
		message_unref(b->history[i]);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
	*bus = NULL;
}

static struct message *message_new(const char *topic, int64_t id)
{
	struct message *message = malloc(sizeof(*message));

	if (!message)
		return NULL;
	*message = (struct message){ .n_users = 1, .id = id };
	text_copy_cut(topic, message->topic, sizeof(message->topic));
	return message;
}

/* JSON without line ends stands in one line of data. */
static void print(struct message *message, const json_t *data)
{
	AUTO_FREE char *json = data ? json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	size_t size = json ? strlen(json) + 128 : 0;
	char number[40] = "";

	message->bytes = json ? malloc(size) : NULL;
	if (!message->bytes)
		return;
	if (message->id > 0)
		(void)snprintf(number, sizeof(number), "id: %" PRId64 "\n", message->id);
	message->len = (size_t)snprintf(message->bytes, size, "%sevent: %s\ndata: %s\n\n", number,
					message->topic, json);
}

static bool has_topic(const char *topics, const char *topic)
{
	struct text list = text_of(topics), one;

	while (text_take_until(&list, ',', &one))
		if (text_equal(text_trim(one), text_of(topic)))
			return true;
	return false;
}

/* --- all of these under the lock -------------------------------------------------------------- */

static void wake_locked(struct bus_listener *listener)
{
	if (!listener->is_waiting)
		return;
	listener->is_waiting = false;
	listener->subscription.wake(listener->subscription.arg);
}

static void drop_first_locked(struct bus_listener *listener)
{
	struct message *message = listener->waiting[listener->first];

	listener->bytes -= message->len;
	listener->n_taken = 0;
	listener->first = (listener->first + 1) % BUS_WAITING_MAX;
	listener->n--;
	message_unref(message);
}

static void end_locked(struct bus_listener *listener)
{
	listener->has_ended = true;
	while (listener->n > 0)
		drop_first_locked(listener);
	wake_locked(listener);
}

static bool has_bytes_locked(struct message *message)
{
	if (message->thing) {
		json_t *data = message->make(message->thing);

		print(message, data);
		json_decref(data);
		free(message->thing);
		message->thing = NULL;
	}
	return message->bytes != NULL;
}

static void add_locked(struct bus_listener *listener, struct message *message)
{
	if (listener->has_ended || !has_bytes_locked(message))
		return;
	if (listener->n == BUS_WAITING_MAX ||
	    (listener->n > 0 && listener->bytes + message->len > BUS_BYTES_MAX)) {
		end_locked(listener); /* too slow: it comes again and asks for what it has missed */
		return;
	}
	message->n_users++;
	listener->waiting[(listener->first + listener->n) % BUS_WAITING_MAX] = message;
	listener->n++;
	listener->bytes += message->len;
	listener->told_ms = clock_ms();
	wake_locked(listener);
}

static struct bus_listener *listener_of(struct list *link)
{
	return list_entry(link, struct bus_listener, link);
}

static void send_locked(struct bus *bus, struct message *message)
{
	for (struct list *l = bus->listeners.next; l != &bus->listeners; l = l->next)
		if (has_topic(listener_of(l)->topics, message->topic))
			add_locked(listener_of(l), message);
	if (message->id <= 0)
		return;
	struct message **place = &bus->history[bus->n_history++ % BUS_HISTORY];
	message_unref(*place);
	message->n_users++;
	*place = message;
}

/* --- publishing ------------------------------------------------------------------------------- */

/* Takes message; NULL: nobody listens, or memory is short, and a listener asks again anyway. */
static void send_message(struct bus *bus, struct message *message)
{
	if (!message)
		return;
	(void)pthread_mutex_lock(&bus->lock);
	send_locked(bus, message);
	message_unref(message);
	(void)pthread_mutex_unlock(&bus->lock);
}

void bus_publish(struct bus *bus, const char *topic, int64_t id, json_t *data)
{
	struct message *message = NULL;

	if (data && (id > 0 || bus_is_heard(bus, topic)))
		message = message_new(topic, id);
	if (message)
		print(message, data);
	json_decref(data);
	send_message(bus, message);
}

void bus_publish_later(struct bus *bus, const char *topic, int64_t id, void *thing,
		       json_t *(*make)(const void *thing))
{
	struct message *message = thing ? message_new(topic, id) : NULL;

	if (message) {
		message->thing = thing;
		message->make = make;
	} else {
		free(thing);
	}
	send_message(bus, message);
}

bool bus_is_heard(struct bus *bus, const char *topic)
{
	bool is_heard = false;

	(void)pthread_mutex_lock(&bus->lock);
	for (struct list *l = bus->listeners.next; l != &bus->listeners && !is_heard; l = l->next)
		is_heard = has_topic(listener_of(l)->topics, topic);
	(void)pthread_mutex_unlock(&bus->lock);
	return is_heard;
}

uint64_t bus_newcomers(struct bus *bus)
{
	(void)pthread_mutex_lock(&bus->lock);
	uint64_t n = bus->n_newcomers;
	(void)pthread_mutex_unlock(&bus->lock);
	return n;
}

void bus_beat(struct bus *bus, int64_t now_ms)
{
	struct message *beat = message_new("", 0);

	if (!beat)
		return;
	beat->bytes = text_dup(T(":\n\n"));
	beat->len = 3;
	(void)pthread_mutex_lock(&bus->lock);
	for (struct list *l = bus->listeners.next; l != &bus->listeners; l = l->next) {
		struct bus_listener *listener = listener_of(l);

		if (listener->is_waiting &&
		    listener->subscription.is_gone(listener->subscription.arg))
			end_locked(listener);
		else if (now_ms - listener->told_ms >= BUS_BEAT_MS)
			add_locked(listener, beat);
	}
	message_unref(beat);
	(void)pthread_mutex_unlock(&bus->lock);
}

void bus_end_owner(struct bus *bus, const char *owner)
{
	(void)pthread_mutex_lock(&bus->lock);
	for (struct list *l = bus->listeners.next; l != &bus->listeners; l = l->next)
		if (strcmp(listener_of(l)->owner, owner) == 0)
			end_locked(listener_of(l));
	(void)pthread_mutex_unlock(&bus->lock);
}

void bus_close(struct bus *bus)
{
	(void)pthread_mutex_lock(&bus->lock);
	bus->is_closed = true;
	for (struct list *l = bus->listeners.next; l != &bus->listeners; l = l->next)
		end_locked(listener_of(l));
	(void)pthread_mutex_unlock(&bus->lock);
}

/* --- listening -------------------------------------------------------------------------------- */

static void replay_locked(struct bus *bus, struct bus_listener *listener, int64_t after_id)
{
	for (size_t i = 0; i < BUS_HISTORY && after_id > 0; i++) {
		struct message *message = bus->history[(bus->n_history + i) % BUS_HISTORY];

		if (message && message->id > after_id &&
		    has_topic(listener->topics, message->topic))
			add_locked(listener, message);
	}
}

static int join_locked(struct bus *bus, struct bus_listener *listener)
{
	if (bus->is_closed || bus->n_listeners == BUS_LISTENERS_MAX)
		return -EBUSY;
	list_append(&bus->listeners, &listener->link);
	bus->n_listeners++;
	bus->n_newcomers++;
	replay_locked(bus, listener, listener->subscription.after_id);
	return 0;
}

int bus_listen(struct bus *bus, const struct bus_subscription *subscription,
	       struct bus_listener **ret)
{
	struct bus_listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return -ENOMEM;
	listener->bus = bus;
	listener->subscription = *subscription;
	listener->told_ms = clock_ms();
	int r = text_copy(text_of(subscription->topics), listener->topics,
			  sizeof(listener->topics));
	if (r == 0)
		r = text_copy(text_of(subscription->owner), listener->owner,
			      sizeof(listener->owner));
	if (r < 0 || listener->topics[0] == '\0') {
		free(listener);
		return -EINVAL;
	}
	(void)pthread_mutex_lock(&bus->lock);
	r = join_locked(bus, listener);
	(void)pthread_mutex_unlock(&bus->lock);
	if (r < 0)
		free(listener);
	else
		*ret = listener;
	return r;
}

void bus_listener_free(struct bus_listener **listener)
{
	struct bus_listener *l = *listener;

	if (!l)
		return;
	(void)pthread_mutex_lock(&l->bus->lock);
	list_remove(&l->link);
	l->bus->n_listeners--;
	while (l->n > 0)
		drop_first_locked(l);
	(void)pthread_mutex_unlock(&l->bus->lock);
	free(l);
	*listener = NULL;
}

static size_t take_locked(struct bus_listener *listener, char *ret, size_t size)
{
	size_t len = 0;

	while (listener->n > 0 && len < size) {
		const struct message *message = listener->waiting[listener->first];
		size_t n = MIN_OF(message->len - listener->n_taken, size - len);

		memcpy(ret + len, message->bytes + listener->n_taken, n);
		len += n;
		listener->n_taken += n;
		if (listener->n_taken == message->len)
			drop_first_locked(listener);
	}
	return len;
}

ssize_t bus_listener_read(struct bus_listener *listener, char *ret, size_t size)
{
	struct bus *bus = listener->bus;

	(void)pthread_mutex_lock(&bus->lock);
	ssize_t n = (ssize_t)take_locked(listener, ret, size);
	if (n == 0 && listener->has_ended) {
		n = -EPIPE;
	} else if (n == 0) {
		listener->is_waiting = true;
		listener->subscription.wait(listener->subscription.arg);
	}
	(void)pthread_mutex_unlock(&bus->lock);
	return n;
}
