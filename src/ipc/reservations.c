/* ipc/reservations.c - see reservations.h.
 *
 * Entry i below max_sessions is the reservation of the session in board slot i; the entries behind
 * them are a ring of pairs in quarantine, of which the oldest is overwritten. Both kinds hang in
 * the same hash chains, so that one look-up knows all about a pair.
 *
 * A process may be killed at any instruction while it holds the mutex. What counts is then the
 * state word of each entry, written last when an entry comes to life and first when it goes;
 * chains and counters are only derived from it, and the next holder of the mutex builds them
 * anew. */
#include "ipc/reservations.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/random.h"
#include "ipc/robust_mutex.h"

#define NIL UINT32_MAX
#define MIN_RING 1024
#define BELLS 256 /* waiters are told apart by the hash of their address */

enum entry_state { ENTRY_FREE, ENTRY_HELD, ENTRY_QUARANTINED };

struct entry {
	_Atomic uint32_t state; /* enum entry_state */
	uint32_t next;		/* in the chain of its bucket, or NIL */
	struct address peer;	/* its port is not used */
	uint16_t port;		/* passive port */
	struct reservation_owner owner;
	int64_t dropped_ms; /* quarantined: since when */
};

/* A futex that counts, and how many wait for it: nobody waiting costs no system call. */
struct bell {
	_Atomic uint32_t rung;
	_Atomic uint32_t waiters;
};

struct reservations {
	pthread_mutex_t mutex;
	size_t max_sessions, ring_size;
	size_t n_buckets;    /* a power of two */
	uint64_t seed;	     /* so that nobody outside can choose colliding pairs */
	size_t held;	     /* entries in ENTRY_HELD */
	size_t next_in_ring; /* the oldest of the ring */
	uint32_t *buckets;
	struct entry *entries;
	struct bell bells[BELLS];
};

static size_t bucket_count(size_t n_entries)
{
	size_t n = 64;

	while (n < n_entries)
		n *= 2;
	return n;
}

struct reservations *reservations_new(size_t max_sessions)
{
	size_t ring_size = MAX_OF(max_sessions, (size_t)MIN_RING);
	size_t n_entries = max_sessions + ring_size;
	size_t n_buckets = bucket_count(n_entries);
	size_t size = sizeof(struct reservations) + n_entries * sizeof(struct entry) +
		      n_buckets * sizeof(uint32_t);

	assert(max_sessions > 0 && max_sessions < UINT32_MAX / 4);

	struct reservations *r =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r == MAP_FAILED)
		return NULL;
	/* Forks map it at the same place, so pointers into it are good in each of them. */
	r->entries = (struct entry *)(r + 1);
	r->buckets = (uint32_t *)(r->entries + n_entries);
	r->max_sessions = max_sessions;
	r->ring_size = ring_size;
	r->n_buckets = n_buckets;
	random_bytes(&r->seed, sizeof(r->seed));
	for (size_t i = 0; i < n_buckets; i++)
		r->buckets[i] = NIL;
	if (robust_mutex_init(&r->mutex) < 0) {
		(void)munmap(r, size);
		return NULL;
	}
	return r;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 29);
}

static uint64_t hash_of(const struct reservations *r, const struct address *peer, uint16_t port)
{
	uint64_t words[2];

	memcpy(words, peer->ip, sizeof(words));
	return mix(mix(mix(mix(r->seed, words[0]), words[1]), peer->scope_id), port);
}

static uint32_t *bucket_of(struct reservations *r, const struct address *peer, uint16_t port)
{
	return &r->buckets[hash_of(r, peer, port) & (r->n_buckets - 1)];
}

/* The exchange orders the state against the plain fields on both sides, as the opening comment
 * wants. */
static void set_state(struct entry *entry, enum entry_state state)
{
	(void)atomic_exchange_explicit(&entry->state, state, memory_order_acq_rel);
}

static enum entry_state state_of(const struct entry *entry)
{
	return atomic_load_explicit(&entry->state, memory_order_relaxed);
}

static struct entry *find_locked(struct reservations *r, const struct address *peer, uint16_t port)
{
	for (uint32_t at = *bucket_of(r, peer, port); at != NIL; at = r->entries[at].next) {
		struct entry *entry = &r->entries[at];

		if (entry->port == port && address_same_host(&entry->peer, peer))
			return entry;
	}
	return NULL;
}

static void link_locked(struct reservations *r, struct entry *entry)
{
	uint32_t *bucket = bucket_of(r, &entry->peer, entry->port);

	entry->next = *bucket;
	*bucket = (uint32_t)(entry - r->entries);
	if (state_of(entry) == ENTRY_HELD)
		r->held++;
}

static void remove_locked(struct reservations *r, struct entry *entry)
{
	uint32_t at = (uint32_t)(entry - r->entries);
	uint32_t *link = bucket_of(r, &entry->peer, entry->port);

	if (state_of(entry) == ENTRY_HELD)
		r->held--;
	set_state(entry, ENTRY_FREE);
	while (*link != at)
		link = &r->entries[*link].next;
	*link = entry->next;
}

/* After its holder was killed. Pairs in quarantine go first: a pair that is also held was on its
 * way into quarantine, and is no longer held. */
static void repair_locked(void *arg)
{
	struct reservations *r = arg;
	size_t n_entries = r->max_sessions + r->ring_size;

	for (size_t i = 0; i < r->n_buckets; i++)
		r->buckets[i] = NIL;
	r->held = 0;
	for (size_t i = r->max_sessions; i < n_entries; i++)
		if (state_of(&r->entries[i]) != ENTRY_FREE)
			link_locked(r, &r->entries[i]);
	for (size_t i = 0; i < r->max_sessions; i++) {
		struct entry *entry = &r->entries[i];

		if (state_of(entry) == ENTRY_FREE)
			continue;
		if (find_locked(r, &entry->peer, entry->port))
			set_state(entry, ENTRY_FREE);
		else
			link_locked(r, entry);
	}
}

static void lock(struct reservations *r)
{
	robust_mutex_lock(&r->mutex, repair_locked, r);
}

static void unlock(struct reservations *r)
{
	robust_mutex_unlock(&r->mutex);
}

static struct bell *bell_of(const struct reservations *r, const struct address *peer)
{
	/* Ringing writes, also on behalf of readers that hold the table as const. */
	struct bell *bells = (struct bell *)(uintptr_t)r->bells;

	return &bells[hash_of(r, peer, 0) % BELLS];
}

/* Shared between processes, so without FUTEX_PRIVATE_FLAG. */
static long futex(_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, (uint32_t *)word, op, value, timeout, NULL, 0);
}

static void ring(struct reservations *r, const struct address *peer)
{
	struct bell *bell = bell_of(r, peer);

	atomic_fetch_add(&bell->rung, 1);
	if (atomic_load(&bell->waiters) > 0)
		(void)futex(&bell->rung, FUTEX_WAKE, INT_MAX, NULL);
}

/* The pair of a held entry moves to the ring and nobody holds it any more. The new place is filled
 * before the old one is freed, so that a kill in between cannot set the pair free. */
static void quarantine_locked(struct reservations *r, struct entry *held)
{
	struct entry *place = &r->entries[r->max_sessions + r->next_in_ring];

	r->next_in_ring = (r->next_in_ring + 1) % r->ring_size;
	if (state_of(place) != ENTRY_FREE)
		remove_locked(r, place);
	place->peer = held->peer;
	place->port = held->port;
	place->owner = held->owner;
	place->dropped_ms = clock_ms();
	set_state(place, ENTRY_QUARANTINED);
	remove_locked(r, held);
	link_locked(r, place);
	ring(r, &place->peer);
}

/* Whether what stands in the way of the pair forbids it to the owner now. */
static bool is_busy(const struct entry *entry, const struct reservation_owner *owner,
		    int64_t quarantine_ms)
{
	if (entry->owner.session_id == owner->session_id)
		return false;
	if (state_of(entry) == ENTRY_HELD)
		return true;
	return clock_ms() - entry->dropped_ms < quarantine_ms;
}

static int take_locked(struct reservations *r, const struct address *peer, uint16_t port,
		       const struct reservation_owner *owner, int64_t quarantine_ms)
{
	struct entry *mine = &r->entries[owner->board_slot];
	struct entry *there = find_locked(r, peer, port);

	if (there && is_busy(there, owner, quarantine_ms))
		return -EBUSY;
	if (there)
		remove_locked(r, there);
	if (state_of(mine) == ENTRY_HELD)
		quarantine_locked(r, mine);
	mine->peer = *peer;
	mine->port = port;
	mine->owner = *owner;
	set_state(mine, ENTRY_HELD);
	link_locked(r, mine);
	return 0;
}

int reservations_take(struct reservations *r, const struct address *peer, uint16_t port,
		      const struct reservation_owner *owner, int64_t quarantine_ms)
{
	assert(owner->board_slot < r->max_sessions);
	lock(r);
	int result = take_locked(r, peer, port, owner, quarantine_ms);
	unlock(r);
	return result;
}

bool reservations_match(struct reservations *r, const struct address *peer, uint16_t port,
			struct reservation_owner *ret_owner)
{
	lock(r);
	struct entry *entry = find_locked(r, peer, port);
	bool is_held = entry && state_of(entry) == ENTRY_HELD;

	if (is_held)
		*ret_owner = entry->owner;
	if (entry)
		remove_locked(r, entry);
	unlock(r);
	if (entry)
		ring(r, peer);
	return is_held;
}

/* NULL when none or several fit. */
static struct entry *find_foreign_locked(struct reservations *r, uint16_t port,
					 bool (*accepts)(const struct address *, void *), void *arg)
{
	struct entry *only = NULL;

	for (size_t i = 0; i < r->max_sessions; i++) {
		struct entry *entry = &r->entries[i];

		if (state_of(entry) != ENTRY_HELD || entry->port != port ||
		    !accepts(&entry->peer, arg))
			continue;
		if (only)
			return NULL;
		only = entry;
	}
	return only;
}

bool reservations_match_foreign(struct reservations *r, uint16_t port,
				bool (*accepts)(const struct address *control_peer, void *arg),
				void *arg, struct reservation_owner *ret_owner)
{
	struct address peer = { 0 };

	lock(r);
	struct entry *entry = find_foreign_locked(r, port, accepts, arg);

	if (entry) {
		*ret_owner = entry->owner;
		peer = entry->peer;
		remove_locked(r, entry);
	}
	unlock(r);
	if (entry)
		ring(r, &peer);
	return entry != NULL;
}

static bool accepts_all(const struct address *control_peer UNUSED, void *arg UNUSED)
{
	return true;
}

bool reservations_find_only(struct reservations *r, uint16_t port,
			    struct reservation_owner *ret_owner)
{
	lock(r);
	const struct entry *entry = find_foreign_locked(r, port, accepts_all, NULL);

	if (entry)
		*ret_owner = entry->owner;
	unlock(r);
	return entry != NULL;
}

void reservations_drop(struct reservations *r, uint32_t board_slot, uint64_t session_id)
{
	assert(board_slot < r->max_sessions);
	lock(r);
	struct entry *entry = &r->entries[board_slot];

	if (state_of(entry) == ENTRY_HELD && entry->owner.session_id == session_id)
		quarantine_locked(r, entry);
	unlock(r);
}

void reservations_forget_worker(struct reservations *r, uint32_t worker_slot)
{
	lock(r);
	for (size_t i = 0; i < r->max_sessions; i++) {
		struct entry *entry = &r->entries[i];

		if (state_of(entry) == ENTRY_HELD && entry->owner.worker_slot == worker_slot)
			quarantine_locked(r, entry);
	}
	unlock(r);
}

uint32_t reservations_seen(const struct reservations *r, const struct address *peer)
{
	return atomic_load(&bell_of(r, peer)->rung);
}

void reservations_wait(struct reservations *r, const struct address *peer, uint32_t *seen,
		       int timeout_ms)
{
	const struct timespec timeout = { timeout_ms / 1000, (timeout_ms % 1000) * 1000000L };
	struct bell *bell = bell_of(r, peer);

	/* Registered first: a ring that does not see the waiter has changed the word before the
	 * kernel compares it. A waiter that is killed costs later rings a system call, no more. */
	atomic_fetch_add(&bell->waiters, 1);
	(void)futex(&bell->rung, FUTEX_WAIT, *seen, &timeout);
	atomic_fetch_sub(&bell->waiters, 1);
	*seen = atomic_load(&bell->rung);
}

size_t reservations_count(struct reservations *r)
{
	lock(r);
	size_t held = r->held;
	unlock(r);
	return held;
}
