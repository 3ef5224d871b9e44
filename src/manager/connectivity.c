/* manager/connectivity.c - see connectivity.h. */
#include "manager/connectivity.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "manager/network_detail.h"

#define BUCKETS 4096u
#define FLUSH_EVERY_MS 3000
/* By then the manager before us, at a reload, has written all that it had. */
#define LOAD_AGAIN_MS 5000
#define PORTS ((size_t)UINT16_MAX + 1)

struct entry {
	struct list seen;   /* the one that was heard of last comes first */
	struct list bucket; /* of the same hash */
	bool is_known;	    /* somebody has logged in from there: it is stored */
	bool is_dirty;
	bool is_ours; /* we have heard of it ourselves */
	struct reach_counts stored, pending;
	struct network_state state;
};

struct port {
	struct reach_port_counts stored, pending;
};

struct connectivity {
	struct reach_store *store;
	const struct settings *settings;
	int64_t next_flush_ms, load_again_ms;
	pthread_mutex_t lock; /* guards the rest; the store's is taken within it, or without it */
	size_t n_known, n_strangers;
	bool has_evicted, has_dirty_ports;
	struct list known, strangers;
	struct list buckets[BUCKETS];
	struct port ports[PORTS];
};

/* --- networks --------------------------------------------------------------------------------- */

struct network connectivity_network_of(const struct address *peer,
				       char ret_name[static REACH_NETWORK_SIZE])
{
	struct network network = { .prefix_bits = address_is_v4(peer) ? 120 : 64 };
	char name[NETWORK_TEXT_SIZE];

	memcpy(network.ip, peer->ip, network.prefix_bits / 8);
	network_format(&network, name);
	(void)snprintf(ret_name, REACH_NETWORK_SIZE, "%.*s", (int)REACH_NETWORK_SIZE - 1, name);
	return network;
}

static size_t bucket_of(const struct network *network)
{
	uint32_t hash = 0x811c9dc5;

	for (size_t i = 0; i < sizeof(network->ip); i++)
		hash = (hash ^ network->ip[i]) * 0x01000193;
	return hash % BUCKETS;
}

static bool same_network(const struct network *a, const struct network *b)
{
	return a->prefix_bits == b->prefix_bits && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

static struct entry *find_locked(struct connectivity *c, const struct network *network)
{
	struct list *bucket = &c->buckets[bucket_of(network)];

	for (struct list *l = bucket->next; l != bucket; l = l->next) {
		struct entry *entry = list_entry(l, struct entry, bucket);

		if (same_network(&entry->state.network, network))
			return entry;
	}
	return NULL;
}

static void remove_locked(struct connectivity *c, struct entry *entry)
{
	*(entry->is_known ? &c->n_known : &c->n_strangers) -= 1;
	list_remove(&entry->seen);
	list_remove(&entry->bucket);
	free(entry);
}

static void make_room_locked(struct connectivity *c, bool is_known)
{
	size_t most =
		is_known ? CONNECTIVITY_NETWORKS - CONNECTIVITY_STRANGERS : CONNECTIVITY_STRANGERS;
	struct list *seen = is_known ? &c->known : &c->strangers;

	if ((is_known ? c->n_known : c->n_strangers) < most)
		return;
	remove_locked(c, list_entry(seen->prev, struct entry, seen));
	c->has_evicted = c->has_evicted || is_known;
}

static struct entry *add_locked(struct connectivity *c, const struct network *network,
				bool is_known)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	make_room_locked(c, is_known);
	entry->is_known = is_known;
	entry->state.network = *network;
	list_append(is_known ? &c->known : &c->strangers, &entry->seen);
	list_append(&c->buckets[bucket_of(network)], &entry->bucket);
	*(is_known ? &c->n_known : &c->n_strangers) += 1;
	return entry;
}

static void move_to_front(struct list *seen, struct entry *entry)
{
	list_remove(&entry->seen);
	list_append(seen->next, &entry->seen); /* before the first is behind the head */
}

/* Somebody has logged in: it may stay as long as others like it. */
static void make_known_locked(struct connectivity *c, struct entry *entry)
{
	if (entry->is_known)
		return;
	list_remove(&entry->seen);
	c->n_strangers--;
	make_room_locked(c, true);
	entry->is_known = true;
	list_append(&c->known, &entry->seen);
	c->n_known++;
}

/* The entry of who's network, which has been heard of now; NULL: memory is short. */
static struct entry *hear_locked(struct connectivity *c, const struct connectivity_who *who,
				 bool is_known)
{
	char name[REACH_NETWORK_SIZE];
	struct network network = connectivity_network_of(who->peer, name);
	struct entry *entry = find_locked(c, &network);

	if (!entry) {
		entry = add_locked(c, &network, is_known);
		if (!entry)
			return NULL;
		memcpy(entry->state.name, name, sizeof(name));
		entry->state.first_ms = who->wall_ms;
	}
	if (is_known)
		make_known_locked(c, entry);
	move_to_front(entry->is_known ? &c->known : &c->strangers, entry);
	entry->is_dirty = entry->is_ours = true;
	entry->state.seen_ms = MAX_OF(entry->state.seen_ms, who->wall_ms);
	network_state_note_who(&entry->state, who);
	return entry;
}

/* --- notes ------------------------------------------------------------------------------------ */

static bool is_passive(const struct data_record *data)
{
	return data->mode == DATA_MODE_PASV || data->mode == DATA_MODE_EPSV;
}

static void note_port_locked(struct connectivity *c, const struct data_record *data)
{
	struct port *port = &c->ports[data->advertised.port];

	if (!is_passive(data) || data->advertised.port == 0)
		return;
	port->pending.offered++;
	port->pending.connected += data->outcome == DATA_ARRIVED ||
				   data->outcome == DATA_TLS_FAILED ||
				   data->outcome == DATA_ELSEWHERE;
	port->pending.timed_out +=
		data->outcome == DATA_NEVER && data->waited_ms >= CONNECTIVITY_BRIEF_MS;
	c->has_dirty_ports = true;
}

static void count(struct entry *entry, enum reach_count what)
{
	entry->pending.n[what]++;
}

void connectivity_note_data(struct connectivity *c, const struct connectivity_who *who,
			    const struct data_record *data)
{
	static const enum reach_count counted[] = {
		[DATA_ARRIVED] = REACH_ARRIVED,	      [DATA_NEVER] = REACH_NEVER,
		[DATA_ELSEWHERE] = REACH_ELSEWHERE,   [DATA_REFUSED] = REACH_REFUSED,
		[DATA_TLS_FAILED] = REACH_TLS_FAILED,
	};

	if (data->mode == DATA_MODE_NONE || data->outcome == DATA_OPEN_QUESTION ||
	    data->outcome >= ARRAY_SIZE(counted))
		return;
	(void)pthread_mutex_lock(&c->lock);
	struct entry *entry = hear_locked(c, who, true);
	if (entry) {
		count(entry, counted[data->outcome]);
		if (data->outcome != DATA_REFUSED)
			count(entry, REACH_OFFERED);
		network_state_note_try(&entry->state, who->wall_ms, data);
	}
	note_port_locked(c, data);
	(void)pthread_mutex_unlock(&c->lock);
}

void connectivity_note_login(struct connectivity *c, const struct connectivity_who *who)
{
	(void)pthread_mutex_lock(&c->lock);
	struct entry *entry = hear_locked(c, who, true);
	if (entry) {
		count(entry, REACH_LOGINS);
		entry->state.login_ms = MAX_OF(entry->state.login_ms, who->wall_ms);
		entry->state.login_failures = 0;
	}
	(void)pthread_mutex_unlock(&c->lock);
}

void connectivity_note_failure(struct connectivity *c, const struct connectivity_who *who,
			       unsigned cause, bool is_login)
{
	(void)pthread_mutex_lock(&c->lock);
	struct entry *entry = hear_locked(c, who, false);
	if (entry) {
		if (is_login) {
			entry->state.login_failure_ms = who->wall_ms;
			entry->state.login_failures++;
		}
		network_state_note_cause(&entry->state, who->wall_ms, cause);
	}
	(void)pthread_mutex_unlock(&c->lock);
}

/* --- the database ----------------------------------------------------------------------------- */

static void load_network(const char *name, int64_t seen_wall_ms, const struct reach_counts *counts,
			 const char *detail, void *arg)
{
	struct connectivity *c = arg;
	struct network network;

	if (network_parse(text_of(name), &network) < 0)
		return;
	struct entry *entry = find_locked(c, &network);
	if (!entry && c->n_known < CONNECTIVITY_NETWORKS - CONNECTIVITY_STRANGERS)
		entry = add_locked(c, &network, true);
	if (!entry)
		return;
	entry->stored = *counts;
	if (entry->is_ours)
		return;
	(void)snprintf(entry->state.name, sizeof(entry->state.name), "%s", name);
	entry->state.seen_ms = seen_wall_ms;
	network_detail_read(detail, &entry->state);
}

static void load_port(uint16_t port, const struct reach_port_counts *counts, void *arg)
{
	struct connectivity *c = arg;

	c->ports[port].stored = *counts;
}

static int load(struct connectivity *c)
{
	if (!c->store)
		return 0;
	(void)pthread_mutex_lock(&c->lock);
	int r = reach_store_load_networks(c->store, CONNECTIVITY_NETWORKS, load_network, c);
	if (r == 0)
		r = reach_store_load_ports(c->store, load_port, c);
	(void)pthread_mutex_unlock(&c->lock);
	return r;
}

/* What is to be written of one network, so that the lock need not be held meanwhile. */
struct line {
	struct network network;
	char name[REACH_NETWORK_SIZE];
	int64_t seen_ms;
	struct reach_counts counts, added;
	char *detail;
};

static size_t take_dirty_locked(struct connectivity *c, struct line *lines, size_t most)
{
	size_t n = 0;

	for (struct list *l = c->known.next; l != &c->known && n < most; l = l->next) {
		struct entry *entry = list_entry(l, struct entry, seen);

		if (!entry->is_dirty)
			continue;
		lines[n] = (struct line){ .network = entry->state.network,
					  .seen_ms = entry->state.seen_ms,
					  .counts = entry->pending,
					  .added = entry->pending,
					  .detail = network_detail_write(&entry->state) };
		memcpy(lines[n].name, entry->state.name, sizeof(lines[n].name));
		entry->is_dirty = false;
		n += lines[n].detail != NULL;
	}
	return n;
}

static void settle_locked(struct connectivity *c, const struct line *line, bool is_written)
{
	struct entry *entry = find_locked(c, &line->network);

	if (!entry)
		return;
	entry->is_dirty = entry->is_dirty || !is_written;
	for (size_t i = 0; is_written && i < N_REACH_COUNTS; i++)
		entry->pending.n[i] -= line->added.n[i];
	if (is_written)
		entry->stored = line->counts;
}

static int write_lines(struct connectivity *c, struct line *lines, size_t n)
{
	int r = reach_store_begin(c->store);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++)
		r = reach_store_add_network(c->store, lines[i].name, lines[i].seen_ms,
					    &lines[i].counts, lines[i].detail);
	if (r == 0 && c->has_evicted)
		r = reach_store_trim_networks(c->store, CONNECTIVITY_NETWORKS);
	return reach_store_end(c->store, r);
}

static bool is_pending(const struct port *port)
{
	return port->pending.offered > 0;
}

/* What the database has of a port, with what was pending. */
struct port_line {
	uint16_t port;
	struct reach_port_counts counts;
};

static int add_ports(struct connectivity *c, struct port_line *lines, size_t n)
{
	int r = reach_store_begin(c->store);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++)
		r = reach_store_add_port(c->store, lines[i].port, &lines[i].counts);
	return reach_store_end(c->store, r);
}

/* Notes belong to this thread, so that what is pending stays as it is meanwhile; readers look at
 * both under the lock, which is not held together with that of the store. */
static int write_ports(struct connectivity *c)
{
	size_t n = 0, i = 0;

	for (size_t port = 0; port < PORTS; port++)
		n += is_pending(&c->ports[port]);
	AUTO_FREE struct port_line *lines = calloc(MAX_OF(n, (size_t)1), sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	for (size_t port = 0; port < PORTS; port++)
		if (is_pending(&c->ports[port]))
			lines[i++] = (struct port_line){ (uint16_t)port, c->ports[port].pending };

	int r = add_ports(c, lines, n);
	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&c->lock);
	for (i = 0; i < n; i++)
		c->ports[lines[i].port] = (struct port){ .stored = lines[i].counts };
	(void)pthread_mutex_unlock(&c->lock);
	return 0;
}

#define LINES 256u

static int flush_networks(struct connectivity *c)
{
	struct line *lines = calloc(LINES, sizeof(*lines));
	size_t n = 0;
	int r = lines ? 0 : -ENOMEM;

	do {
		if (r < 0)
			break;
		(void)pthread_mutex_lock(&c->lock);
		n = take_dirty_locked(c, lines, LINES);
		(void)pthread_mutex_unlock(&c->lock);
		r = n > 0 || c->has_evicted ? write_lines(c, lines, n) : 0;
		(void)pthread_mutex_lock(&c->lock);
		for (size_t i = 0; i < n; i++) {
			settle_locked(c, &lines[i], r == 0);
			free(lines[i].detail);
		}
		c->has_evicted = c->has_evicted && r < 0;
		(void)pthread_mutex_unlock(&c->lock);
	} while (n == LINES);
	free(lines);
	return r;
}

static void flush(struct connectivity *c)
{
	if (!c->store)
		return;
	int r = flush_networks(c);
	if (r == 0 && c->has_dirty_ports) {
		r = write_ports(c);
		c->has_dirty_ports = r < 0;
	}
	if (r < 0)
		log_event(LOG_WARNING, "connectivity-not-stored", F_ERRNO(r));
}

int64_t connectivity_tend(struct connectivity *c)
{
	int64_t now = clock_ms();

	if (now >= c->load_again_ms) {
		c->load_again_ms = DEADLINE_NEVER;
		(void)!load(c); /* what it is for has been loaded once */
	}
	if (now >= c->next_flush_ms) {
		flush(c);
		c->next_flush_ms = now + FLUSH_EVERY_MS;
	}
	return MIN_OF(c->next_flush_ms, c->load_again_ms);
}

/* --- life ------------------------------------------------------------------------------------- */

int connectivity_new(struct reach_store *store, const struct settings *settings,
		     struct connectivity **ret)
{
	struct connectivity *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->store = store;
	c->settings = settings;
	c->next_flush_ms = clock_ms() + FLUSH_EVERY_MS;
	c->load_again_ms = clock_ms() + LOAD_AGAIN_MS;
	(void)pthread_mutex_init(&c->lock, NULL);
	list_init(&c->known);
	list_init(&c->strangers);
	for (size_t i = 0; i < BUCKETS; i++)
		list_init(&c->buckets[i]);

	int r = load(c);

	if (r < 0) {
		c->store = NULL;
		connectivity_free(&c);
		return r;
	}
	*ret = c;
	return 0;
}

void connectivity_free(struct connectivity **connectivity)
{
	struct connectivity *c = *connectivity;

	if (!c)
		return;
	flush(c);
	while (!list_is_empty(&c->known))
		remove_locked(c, list_entry(c->known.next, struct entry, seen));
	while (!list_is_empty(&c->strangers))
		remove_locked(c, list_entry(c->strangers.next, struct entry, seen));
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
	*connectivity = NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* With the counts as they are now. */
static const struct network_state *state_of(struct entry *entry)
{
	for (size_t i = 0; i < N_REACH_COUNTS; i++)
		entry->state.counts.n[i] = entry->stored.n[i] + entry->pending.n[i];
	return &entry->state;
}

void connectivity_each(struct connectivity *c,
		       bool (*each)(const struct network_state *state, void *arg), void *arg)
{
	(void)pthread_mutex_lock(&c->lock);
	struct list *known = c->known.next, *strange = c->strangers.next;
	for (bool goes_on = true; goes_on && (known != &c->known || strange != &c->strangers);) {
		struct entry *a = list_entry(known, struct entry, seen);
		struct entry *b = list_entry(strange, struct entry, seen);
		bool takes_known = strange == &c->strangers ||
				   (known != &c->known && a->state.seen_ms >= b->state.seen_ms);

		goes_on = each(state_of(takes_known ? a : b), arg);
		if (takes_known)
			known = known->next;
		else
			strange = strange->next;
	}
	(void)pthread_mutex_unlock(&c->lock);
}

int connectivity_get(struct connectivity *c, const char *name, struct network_state *ret)
{
	struct network network;

	if (network_parse(text_of(name), &network) < 0)
		return -ENOENT;
	(void)pthread_mutex_lock(&c->lock);
	struct entry *entry = find_locked(c, &network);
	if (entry)
		*ret = *state_of(entry);
	(void)pthread_mutex_unlock(&c->lock);
	return entry ? 0 : -ENOENT;
}

void connectivity_each_port(struct connectivity *c,
			    void (*each)(uint16_t port, const struct reach_port_counts *counts,
					 void *arg),
			    void *arg)
{
	(void)pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < PORTS; i++) {
		const struct port *port = &c->ports[i];
		const struct reach_port_counts counts = {
			port->stored.offered + port->pending.offered,
			port->stored.connected + port->pending.connected,
			port->stored.timed_out + port->pending.timed_out,
		};

		if (counts.offered > 0)
			each((uint16_t)i, &counts, arg);
	}
	(void)pthread_mutex_unlock(&c->lock);
}
