/* ipc/places.c - see places.h.
 *
 * A place refers to up to two nodes: that of its address and that of its user. A node counts the
 * places that refer to it and lives as long as there is one. What counts after a kill is what the
 * places say: a reference is written last when it is taken and first when it is given back; counts,
 * chains and the list of free nodes are derived, and built anew. */
#include "ipc/places.h"

#include <assert.h>
#include <sys/mman.h>

#include "base/random.h"
#include "ipc/robust_mutex.h"

#define NIL 0u	     /* no node; node 0 is never used */
#define KEY_SIZE 132 /* the longest name of a user, a byte in front of it, NUL */

struct node {
	char key[KEY_SIZE]; /* 'u' and a name, or 'a' and an address */
	uint32_t count;
	uint32_t next; /* in the chain of its key, or among the free */
	struct bucket buckets[DIRECTIONS];
};

struct place {
	_Atomic uint32_t owner; /* worker slot + 1; 0: free */
	_Atomic uint32_t address, user;
};

struct places {
	pthread_mutex_t mutex;
	size_t max_sessions, n_nodes;
	size_t n_chains; /* a power of two */
	uint64_t seed;	 /* so that nobody outside can choose colliding keys */
	uint32_t free;	 /* the first free node that was used before */
	uint32_t unused; /* nodes from here on were never used */
	struct bucket total[DIRECTIONS];
	struct place *places;
	struct node *nodes;
	uint32_t *chains;
};

struct places *places_new(size_t max_sessions)
{
	size_t n_nodes = 2 * max_sessions + 2, n_chains = 64;

	assert(max_sessions > 0 && max_sessions < UINT32_MAX / 4);
	while (n_chains < n_nodes)
		n_chains *= 2;

	size_t size = sizeof(struct places) + n_nodes * sizeof(struct node) +
		      max_sessions * sizeof(struct place) + n_chains * sizeof(uint32_t);
	struct places *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	/* Forks map it at the same place, so pointers into it are good in each of them. */
	p->nodes = (struct node *)(p + 1);
	p->places = (struct place *)(p->nodes + n_nodes);
	p->chains = (uint32_t *)(p->places + max_sessions);
	p->max_sessions = max_sessions;
	p->n_nodes = n_nodes;
	p->n_chains = n_chains;
	p->unused = NIL + 1;
	random_bytes(&p->seed, sizeof(p->seed));
	if (robust_mutex_init(&p->mutex) < 0) {
		(void)munmap(p, size);
		return NULL;
	}
	return p;
}

/* FNV-1a with a secret start. */
static uint32_t *chain_of(struct places *p, const char *key)
{
	uint64_t hash = p->seed;

	for (; *key; key++)
		hash = (hash ^ (uint8_t)*key) * 0x100000001b3u;
	return &p->chains[(hash ^ hash >> 32) & (p->n_chains - 1)];
}

/* --- nodes ------------------------------------------------------------------------------------ */

static uint32_t find_locked(struct places *p, const char *key)
{
	uint32_t at = *chain_of(p, key);

	while (at != NIL && strcmp(p->nodes[at].key, key) != 0)
		at = p->nodes[at].next;
	return at;
}

static void link_locked(struct places *p, uint32_t at)
{
	uint32_t *chain = chain_of(p, p->nodes[at].key);

	p->nodes[at].next = *chain;
	*chain = at;
}

/* A node that counts nothing yet. There is always one: each place has two at most, and one more is
 * in hand here. */
static uint32_t add_locked(struct places *p, const char *key)
{
	uint32_t at = p->free;

	if (at != NIL)
		p->free = p->nodes[at].next;
	else
		at = p->unused++;
	assert(at < p->n_nodes);

	struct node *node = &p->nodes[at];

	node->count = 0;
	(void)snprintf(node->key, sizeof(node->key), "%s", key);
	for (size_t i = 0; i < DIRECTIONS; i++)
		atomic_store_explicit(&node->buckets[i].free_ns, 0, memory_order_relaxed);
	link_locked(p, at);
	return at;
}

static void drop_locked(struct places *p, uint32_t at)
{
	struct node *node = &p->nodes[at];

	if (node->count > 0 && --node->count > 0)
		return;

	uint32_t *link = chain_of(p, node->key);

	while (*link != at)
		link = &p->nodes[*link].next;
	*link = node->next;
	node->next = p->free;
	p->free = at;
}

/* Puts the key's node into *reference, unless `most` refer to it already. */
static int refer_locked(struct places *p, _Atomic uint32_t *reference, const char *key,
			unsigned most, unsigned *ret_count)
{
	uint32_t at = find_locked(p, key);

	if (at == NIL)
		at = add_locked(p, key);
	*ret_count = p->nodes[at].count;
	if (most > 0 && *ret_count >= most)
		return -EUSERS;
	p->nodes[at].count++;
	atomic_store_explicit(reference, at, memory_order_release);
	return 0;
}

static void give_back_locked(struct places *p, _Atomic uint32_t *reference)
{
	uint32_t at = atomic_exchange_explicit(reference, NIL, memory_order_acq_rel);

	if (at != NIL)
		drop_locked(p, at);
}

static void leave_locked(struct places *p, struct place *place)
{
	give_back_locked(p, &place->user);
	give_back_locked(p, &place->address);
	atomic_store_explicit(&place->owner, 0, memory_order_release);
}

/* --- the lock --------------------------------------------------------------------------------- */

static void count_reference_locked(struct places *p, _Atomic uint32_t *reference)
{
	p->nodes[atomic_load_explicit(reference, memory_order_acquire)].count++;
}

/* After its holder was killed. */
static void repair_locked(void *arg)
{
	struct places *p = arg;

	for (size_t i = 0; i < p->n_chains; i++)
		p->chains[i] = NIL;
	for (uint32_t i = 0; i < p->unused; i++)
		p->nodes[i].count = 0;
	for (size_t i = 0; i < p->max_sessions; i++) {
		count_reference_locked(p, &p->places[i].address);
		count_reference_locked(p, &p->places[i].user);
	}
	p->free = NIL;
	for (uint32_t i = NIL + 1; i < p->unused; i++) {
		if (p->nodes[i].count > 0) {
			link_locked(p, i);
		} else {
			p->nodes[i].next = p->free;
			p->free = i;
		}
	}
}

static void lock(struct places *p)
{
	robust_mutex_lock(&p->mutex, repair_locked, p);
}

static void unlock(struct places *p)
{
	robust_mutex_unlock(&p->mutex);
}

/* --- places ----------------------------------------------------------------------------------- */

static struct place *place_at(struct places *p, uint32_t board_slot)
{
	assert(board_slot < p->max_sessions);
	return &p->places[board_slot];
}

int places_enter(struct places *places, uint32_t board_slot, uint32_t worker_slot,
		 const struct address *peer, unsigned most, unsigned *ret_count)
{
	struct place *place = place_at(places, board_slot);
	char ip[ADDRESS_TEXT_SIZE], key[KEY_SIZE];

	(void)snprintf(key, sizeof(key), "a%s", address_format_ip(peer, ip));
	lock(places);
	leave_locked(places, place);
	atomic_store_explicit(&place->owner, worker_slot + 1, memory_order_release);
	int r = refer_locked(places, &place->address, key, most, ret_count);
	if (r < 0)
		leave_locked(places, place);
	unlock(places);
	return r;
}

int places_log_in(struct places *places, uint32_t board_slot, const char *user, unsigned most,
		  unsigned *ret_count)
{
	struct place *place = place_at(places, board_slot);
	char key[KEY_SIZE];

	(void)snprintf(key, sizeof(key), "u%s", user);
	lock(places);
	give_back_locked(places, &place->user);
	int r = refer_locked(places, &place->user, key, most, ret_count);
	unlock(places);
	return r;
}

void places_log_out(struct places *places, uint32_t board_slot)
{
	lock(places);
	give_back_locked(places, &place_at(places, board_slot)->user);
	unlock(places);
}

void places_leave(struct places *places, uint32_t board_slot)
{
	lock(places);
	leave_locked(places, place_at(places, board_slot));
	unlock(places);
}

void places_forget_worker(struct places *places, uint32_t worker_slot)
{
	lock(places);
	for (size_t i = 0; i < places->max_sessions; i++) {
		struct place *place = &places->places[i];

		if (atomic_load_explicit(&place->owner, memory_order_acquire) == worker_slot + 1)
			leave_locked(places, place);
	}
	unlock(places);
}

struct bucket *places_user_bucket(struct places *places, uint32_t board_slot,
				  enum direction direction)
{
	uint32_t at =
		atomic_load_explicit(&place_at(places, board_slot)->user, memory_order_acquire);

	return &places->nodes[at].buckets[direction];
}

struct bucket *places_total_bucket(struct places *places, enum direction direction)
{
	return &places->total[direction];
}
