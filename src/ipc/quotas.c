/* ipc/quotas.c - see quotas.h.
 *
 * What counts after a kill: counters (trees by their roots, groups by their names) are written
 * before they are chained; of the section that was cut short the journal tells the counters, which
 * are unknown from then on, and the upload whose record may be half changed. Chains, the list of
 * active records and credits are derived, and built anew; the members of groups are asked for
 * again. */
#include "ipc/quotas.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/random.h"

#define NIL 0u			    /* no counter, no link; number 0 is never used */
#define MAX_COUNTERS ((size_t)1 << 18) /* memory is taken for those in use only */
#define MAX_LINKS ((size_t)1 << 18)
#define N_CHAINS ((size_t)1 << 17)
#define MAX_CLIMB 1024 /* directories above a directory */

struct counter {
	uint64_t device, inode;	      /* of the tree's root; of the group's data root */
	char name[USER_NAME_MAX + 1]; /* of the group; empty: a tree */
	struct quota_usage used;      /* when it is known */
	/* What uploads that replace a file will give back: it does not stand in their way. */
	struct quota_usage credit;
	bool is_known;
	uint64_t counted_at;
	uint32_t holder; /* worker slot + 1; 0: nobody */
	uint32_t epoch;	 /* of a group: changes with its members */
	uint32_t next;	 /* in its chain */
	uint32_t links;	 /* of a tree: the groups that it belongs to */
};

struct link {
	uint32_t group, next;
	bool is_top; /* no other tree of the group lies above */
};

/* An upload, and the file that it writes to. */
struct record {
	uint32_t owner; /* worker slot + 1; 0: none */
	bool is_doubtful;
	bool is_detached;   /* the file has lost its name; nothing of it is counted */
	uint32_t active_at; /* in the list of active records */
	uint32_t n_trees;
	uint32_t trees[QUOTA_TREES_MAX];
	uint64_t device, inode;
	struct quota_usage granted, credit;
};

struct quotas {
	pthread_mutex_t mutex;
	_Atomic bool is_on;
	size_t max_records;
	uint64_t seed, moment;
	uint32_t unused;	/* counters from here on were never used */
	uint32_t unused_links;	/* likewise */
	uint32_t free_links;	/* those that were used before */
	uint32_t n_active;
	uint32_t n_journal;
	uint32_t journal[3 * QUOTA_SET_MAX];
	uint32_t journal_record; /* + 1; 0: none */
	struct counter *counters;
	struct link *links;
	struct record *records;
	uint32_t *active;
	uint32_t chains[N_CHAINS];
};

static int init_mutex(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;
	int r = pthread_mutexattr_init(&attributes);

	if (r != 0)
		return -r;
	(void)pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	(void)pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	r = pthread_mutex_init(mutex, &attributes);
	(void)pthread_mutexattr_destroy(&attributes);
	return -r;
}

struct quotas *quotas_new(size_t max_sessions)
{
	size_t size = sizeof(struct quotas) + MAX_COUNTERS * sizeof(struct counter) +
		      MAX_LINKS * sizeof(struct link) +
		      max_sessions * (sizeof(struct record) + sizeof(uint32_t));
	struct quotas *q = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (q == MAP_FAILED)
		return NULL;
	/* Forks map it at the same place, so pointers into it are good in each of them. */
	q->counters = (struct counter *)(q + 1);
	q->records = (struct record *)(q->counters + MAX_COUNTERS);
	q->links = (struct link *)(q->records + max_sessions);
	q->active = (uint32_t *)(q->links + MAX_LINKS);
	q->max_records = max_sessions;
	q->unused = q->unused_links = NIL + 1;
	random_bytes(&q->seed, sizeof(q->seed));
	if (init_mutex(&q->mutex) < 0) {
		(void)munmap(q, size);
		return NULL;
	}
	return q;
}

bool quotas_are_on(const struct quotas *q)
{
	return atomic_load_explicit(&q->is_on, memory_order_relaxed);
}

/* --- counters by name ------------------------------------------------------------------------- */

/* FNV-1a with a secret start. */
static uint32_t *chain_of(struct quotas *q, uint64_t device, uint64_t inode, const char *name)
{
	const uint64_t prime = 0x100000001b3u;
	uint64_t hash = (q->seed ^ device) * prime;

	hash = (hash ^ inode) * prime;
	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * prime;
	hash = (hash ^ hash >> 29) * prime;
	return &q->chains[(hash ^ hash >> 32) & (N_CHAINS - 1)];
}

static uint32_t find_locked(struct quotas *q, uint64_t device, uint64_t inode, const char *name)
{
	uint32_t at = *chain_of(q, device, inode, name);

	for (; at != NIL; at = q->counters[at].next) {
		const struct counter *c = &q->counters[at];

		if (c->inode == inode && c->device == device && strcmp(c->name, name) == 0)
			break;
	}
	return at;
}

static void chain_locked(struct quotas *q, uint32_t at)
{
	struct counter *c = &q->counters[at];
	uint32_t *chain = chain_of(q, c->device, c->inode, c->name);

	c->next = *chain;
	*chain = at;
}

static int make_locked(struct quotas *q, const struct stat *root, const char *name, uint32_t *ret)
{
	uint32_t at = find_locked(q, root->st_dev, root->st_ino, name);

	if (at == NIL) {
		if (q->unused == MAX_COUNTERS)
			return -ENOSPC;
		at = q->unused;
		q->counters[at] =
			(struct counter){ .device = root->st_dev, .inode = root->st_ino };
		(void)snprintf(q->counters[at].name, sizeof(q->counters[at].name), "%s", name);
		q->unused = at + 1;
		chain_locked(q, at);
	}
	*ret = at;
	return 0;
}

/* --- sets ------------------------------------------------------------------------------------- */

static bool set_has(const struct quota_set *set, uint32_t counter)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (set->at[i] == counter)
			return true;
	return false;
}

/* What finds no room is unknown: it is counted anew when it is needed. */
static void set_add(struct quotas *q, struct quota_set *set, uint32_t counter)
{
	if (set_has(set, counter))
		return;
	if (set->n < QUOTA_SET_MAX)
		set->at[set->n++] = counter;
	else
		q->counters[counter].is_known = false;
}

/* Behind the trees come the groups; one that two of the trees belong to comes once. */
static void set_add_groups(struct quotas *q, struct quota_set *set)
{
	set->n_trees = set->n;
	for (uint32_t i = 0; i < set->n_trees; i++)
		for (uint32_t l = q->counters[set->at[i]].links; l != NIL; l = q->links[l].next)
			set_add(q, set, q->links[l].group);
}

static int set_add_tree_of(struct quotas *q, struct quota_set *set, const struct stat *st)
{
	uint32_t at = find_locked(q, st->st_dev, st->st_ino, "");

	if (at == NIL || set_has(set, at))
		return 0;
	if (set->n == QUOTA_TREES_MAX)
		return -ELOOP;
	set->at[set->n++] = at;
	return 0;
}

/* From the directory up to the root. Where we may not look any higher there is nothing of ours. */
static int set_climb_locked(struct quotas *q, int directory, struct quota_set *set)
{
	AUTO_CLOSE int fd = openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st, above;
	int r = 0;

	*set = (struct quota_set){ 0 };
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	for (int i = 0; i < MAX_CLIMB; i++) {
		r = set_add_tree_of(q, set, &st);
		int up = r < 0 ? -1 : openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			break;
		fd_close(&fd);
		fd = up;
		if (fstat(fd, &above) < 0 ||
		    (above.st_ino == st.st_ino && above.st_dev == st.st_dev))
			break;
		st = above;
	}
	set_add_groups(q, set);
	return r;
}

static void set_of_record(struct quotas *q, const struct record *record, struct quota_set *ret)
{
	*ret = (struct quota_set){ 0 };
	for (uint32_t i = 0; i < record->n_trees; i++)
		ret->at[ret->n++] = record->trees[i];
	set_add_groups(q, ret);
}

/* --- changing what is counted ----------------------------------------------------------------- */

static void journal_locked(struct quotas *q, const struct quota_set *set)
{
	for (uint32_t i = 0; i < set->n && q->n_journal < ARRAY_SIZE(q->journal); i++)
		q->journal[q->n_journal++] = set->at[i];
}

static void end_journal_locked(struct quotas *q)
{
	q->n_journal = 0;
	q->journal_record = 0;
}

/* Something that went on behind our back, such as files that others have made, shows here. */
static void take_locked(struct counter *c, const struct quota_usage *amount)
{
	if (!c->is_known)
		return;
	if (c->used.bytes < amount->bytes || c->used.files < amount->files) {
		c->is_known = false;
		return;
	}
	c->used.bytes -= amount->bytes;
	c->used.files -= amount->files;
}

static void give_locked(struct counter *c, const struct quota_usage *amount)
{
	c->used.bytes += amount->bytes;
	c->used.files += amount->files;
}

static void add_locked(struct quotas *q, const struct quota_set *set,
		       const struct quota_usage *amount)
{
	for (uint32_t i = 0; i < set->n; i++)
		give_locked(&q->counters[set->at[i]], amount);
}

static void subtract_locked(struct quotas *q, const struct quota_set *set,
			    const struct quota_usage *amount)
{
	for (uint32_t i = 0; i < set->n; i++)
		take_locked(&q->counters[set->at[i]], amount);
}

static void change_credit_locked(struct quotas *q, const struct quota_set *set,
				 const struct quota_usage *credit, bool is_given)
{
	for (uint32_t i = 0; i < set->n; i++) {
		struct quota_usage *sum = &q->counters[set->at[i]].credit;

		sum->bytes += is_given ? credit->bytes : -credit->bytes;
		sum->files += is_given ? credit->files : -credit->files;
	}
}

static void credit_anew_locked(struct quotas *q)
{
	struct quota_set set;

	for (uint32_t i = NIL + 1; i < q->unused; i++)
		q->counters[i].credit = (struct quota_usage){ 0 };
	for (uint32_t i = 0; i < q->n_active; i++) {
		const struct record *record = &q->records[q->active[i]];

		set_of_record(q, record, &set);
		change_credit_locked(q, &set, &record->credit, true);
	}
}

/* --- records ---------------------------------------------------------------------------------- */

static struct record *own_record(const struct quota_actor *actor)
{
	struct quotas *q = actor->quotas;

	if (actor->record >= q->max_records)
		return NULL;

	struct record *record = &q->records[actor->record];

	return record->owner == actor->worker_slot + 1 ? record : NULL;
}

static struct record *find_growing_locked(struct quotas *q, const struct stat *file)
{
	for (uint32_t i = 0; i < q->n_active; i++) {
		struct record *record = &q->records[q->active[i]];

		if (record->inode == file->st_ino && record->device == file->st_dev &&
		    !record->is_detached)
			return record;
	}
	return NULL;
}

static void list_record_locked(struct quotas *q, uint32_t slot)
{
	q->records[slot].active_at = q->n_active;
	q->active[q->n_active++] = slot;
}

static void drop_record_locked(struct quotas *q, struct record *record)
{
	uint32_t at = record->active_at;

	record->owner = 0;
	q->n_active--;
	q->active[at] = q->active[q->n_active];
	q->records[q->active[at]].active_at = at;
}

/* The file has no name any more that is counted; the upload goes on with it. */
static void detach_locked(struct quotas *q, struct record *record)
{
	struct quota_set set;

	set_of_record(q, record, &set);
	subtract_locked(q, &set, &record->granted);
	change_credit_locked(q, &set, &record->credit, false);
	record->is_detached = true;
	record->n_trees = 0;
	record->credit = (struct quota_usage){ 0 };
}

static void doubt_set_locked(struct quotas *q, const struct quota_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		q->counters[set->at[i]].is_known = false;
}

/* --- the lock --------------------------------------------------------------------------------- */

static void forget_members_locked(struct quotas *q)
{
	for (uint32_t i = NIL + 1; i < q->unused; i++) {
		q->counters[i].links = NIL;
		if (*q->counters[i].name) {
			q->counters[i].is_known = false;
			q->counters[i].epoch++;
		}
	}
	q->free_links = NIL;
	q->unused_links = NIL + 1;
}

/* After its holder was killed. */
static void repair_locked(struct quotas *q)
{
	for (uint32_t i = 0; i < q->n_journal; i++)
		q->counters[q->journal[i]].is_known = false;
	if (q->journal_record > 0)
		q->records[q->journal_record - 1].is_doubtful = true;
	end_journal_locked(q);
	memset(q->chains, 0, sizeof(q->chains));
	for (uint32_t i = NIL + 1; i < q->unused; i++)
		chain_locked(q, i);
	forget_members_locked(q);
	q->n_active = 0;
	for (uint32_t i = 0; i < q->max_records; i++)
		if (q->records[i].owner > 0)
			list_record_locked(q, i);
	credit_anew_locked(q);
}

static void lock(struct quotas *q)
{
	int error = pthread_mutex_lock(&q->mutex);

	if (error == EOWNERDEAD) {
		repair_locked(q);
		error = pthread_mutex_consistent(&q->mutex);
	}
	assert(error == 0);
}

static void unlock(struct quotas *q)
{
	int error = pthread_mutex_unlock(&q->mutex);

	assert(error == 0);
	(void)error;
}

/* --- counters --------------------------------------------------------------------------------- */

int quotas_find_tree(struct quotas *q, const struct stat *root, uint32_t *ret)
{
	lock(q);
	int r = make_locked(q, root, "", ret);
	/* In the lock, before anybody counts: who has changed something without it looks again
	 * afterwards. */
	atomic_store(&q->is_on, true);
	unlock(q);
	return r;
}

int quotas_find_group(struct quotas *q, const char *name, const struct stat *data_root,
		      uint32_t *ret)
{
	lock(q);
	int r = make_locked(q, data_root, name, ret);
	atomic_store(&q->is_on, true);
	unlock(q);
	return r;
}

int quotas_look(struct quotas *q, uint32_t counter, struct quota_usage *ret)
{
	int r = -ENODATA;

	lock(q);
	if (q->counters[counter].is_known) {
		*ret = q->counters[counter].used;
		r = 0;
	}
	unlock(q);
	return r;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What a bound leaves. */
static struct quota_usage rest_locked(const struct quota_actor *actor,
				      const struct quota_bound *bound)
{
	const struct counter *c = &actor->quotas->counters[bound->counter];
	uint64_t bytes = less(c->used.bytes, c->credit.bytes);
	uint64_t files = less(c->used.files, c->credit.files);

	return (struct quota_usage){
		.bytes = bound->limits.bytes ? less(bound->limits.bytes, bytes) : UINT64_MAX,
		.files = bound->limits.files ? less(bound->limits.files, files) : UINT64_MAX,
	};
}

/* All counters of the set that bind the actor are known. Of a group that is not, it is not known
 * either what belongs to it. */
static int check_known_locked(struct quota_actor *actor, const struct quota_set *set)
{
	for (size_t i = 0; i < actor->n_bounds; i++) {
		uint32_t counter = actor->bounds[i].counter;
		const struct counter *c = &actor->quotas->counters[counter];

		if (c->is_known || (!*c->name && !set_has(set, counter)))
			continue;
		actor->unknown = counter;
		return -ENODATA;
	}
	return 0;
}

/* The tightest bounds on the set, but for those on `others` as well. */
static struct quota_usage room_locked(struct quota_actor *actor, const struct quota_set *set,
				      const struct quota_set *others)
{
	struct quota_usage room = { UINT64_MAX, UINT64_MAX };

	for (size_t i = 0; i < actor->n_bounds; i++) {
		const struct quota_bound *bound = &actor->bounds[i];

		if (!set_has(set, bound->counter) || (others && set_has(others, bound->counter)))
			continue;

		struct quota_usage rest = rest_locked(actor, bound);

		if (rest.bytes < room.bytes || rest.files < room.files)
			actor->exceeded = (uint32_t)i;
		room.bytes = MIN_OF(room.bytes, rest.bytes);
		room.files = MIN_OF(room.files, rest.files);
	}
	return room;
}

int quotas_room(struct quota_actor *actor, int directory, struct quota_usage *ret)
{
	struct quota_set set;

	lock(actor->quotas);
	int r = set_climb_locked(actor->quotas, directory, &set);
	if (r == 0)
		r = check_known_locked(actor, &set);
	if (r == 0)
		*ret = room_locked(actor, &set, NULL);
	unlock(actor->quotas);
	return r;
}

uint64_t quotas_moment(struct quotas *q)
{
	lock(q);
	uint64_t moment = ++q->moment;
	unlock(q);
	return moment;
}

void quotas_doubt_older(struct quotas *q, uint64_t moment)
{
	lock(q);
	for (uint32_t i = NIL + 1; i < q->unused; i++)
		if (q->counters[i].counted_at < moment)
			q->counters[i].is_known = false;
	unlock(q);
}

void quotas_doubt_groups(struct quotas *q)
{
	lock(q);
	for (uint32_t i = NIL + 1; i < q->unused; i++) {
		if (!*q->counters[i].name)
			continue;
		q->counters[i].is_known = false;
		q->counters[i].epoch++;
	}
	unlock(q);
}

void quotas_doubt_above(struct quotas *q, int directory)
{
	struct quota_set set;

	lock(q);
	(void)!set_climb_locked(q, directory, &set);
	doubt_set_locked(q, &set);
	unlock(q);
}

/* --- counting --------------------------------------------------------------------------------- */

static bool is_held_locked(const struct quotas *q, const uint32_t counters[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (q->counters[counters[i]].holder > 0)
			return true;
	return false;
}

static int hold_locked(struct quota_actor *actor, const uint32_t counters[], size_t n)
{
	if (is_held_locked(actor->quotas, counters, n))
		return -EAGAIN;
	for (size_t i = 0; i < n; i++)
		actor->quotas->counters[counters[i]].holder = actor->worker_slot + 1;
	actor->holds = true;
	return 0;
}

static void release_locked(struct quota_actor *actor, const uint32_t counters[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		actor->quotas->counters[counters[i]].holder = 0;
	actor->holds = false;
}

int quotas_hold(struct quota_actor *actor, const uint32_t counters[], size_t n)
{
	lock(actor->quotas);
	int r = hold_locked(actor, counters, n);
	unlock(actor->quotas);
	return r;
}

void quotas_release(struct quota_actor *actor, const uint32_t counters[], size_t n)
{
	lock(actor->quotas);
	release_locked(actor, counters, n);
	unlock(actor->quotas);
}

int quotas_hold_above(struct quota_actor *actor, const int directories[2], uint32_t ret[],
		      size_t *ret_n)
{
	struct quotas *q = actor->quotas;
	struct quota_set sets[2];
	size_t n = 0;

	lock(q);
	int r = set_climb_locked(q, directories[0], &sets[0]);
	if (r == 0)
		r = set_climb_locked(q, directories[1], &sets[1]);
	for (uint32_t i = 0; r == 0 && i < sets[0].n_trees; i++)
		ret[n++] = sets[0].at[i];
	for (uint32_t i = 0; r == 0 && i < sets[1].n_trees; i++)
		if (!set_has(&sets[0], sets[1].at[i]))
			ret[n++] = sets[1].at[i];
	if (r == 0)
		r = hold_locked(actor, ret, n);
	unlock(q);
	*ret_n = n;
	return r;
}

bool quotas_meet(struct quotas *q, uint32_t tree, const struct stat *file)
{
	lock(q);
	struct record *record = find_growing_locked(q, file);
	bool has_it = false;

	for (uint32_t i = 0; record && i < record->n_trees; i++)
		has_it = has_it || record->trees[i] == tree;
	/* The upload is older than the counter. */
	if (record && !has_it && record->n_trees < QUOTA_TREES_MAX)
		record->trees[record->n_trees++] = tree;
	unlock(q);
	return record != NULL;
}

bool quotas_is_growing(struct quotas *q, const struct stat *file)
{
	lock(q);
	bool is_growing = find_growing_locked(q, file) != NULL;
	unlock(q);
	return is_growing;
}

/* A group is the sum of its trees, one of which is another one now. */
static void correct_groups_locked(struct quotas *q, const struct counter *tree, bool was_known,
				  const struct quota_usage *before)
{
	for (uint32_t l = tree->links; l != NIL; l = q->links[l].next) {
		struct counter *group = &q->counters[q->links[l].group];

		if (!was_known)
			group->is_known = false;
		if (!q->links[l].is_top)
			continue;
		give_locked(group, &tree->used);
		take_locked(group, before);
	}
}

void quotas_counted(struct quota_actor *actor, uint32_t tree, const struct quota_usage *found)
{
	struct quotas *q = actor->quotas;
	struct counter *c = &q->counters[tree];

	lock(q);
	const struct quota_usage before = c->used;
	bool was_known = c->is_known;
	c->used = *found;
	for (uint32_t i = 0; i < q->n_active; i++) {
		const struct record *record = &q->records[q->active[i]];

		for (uint32_t t = 0; t < record->n_trees; t++)
			if (record->trees[t] == tree)
				give_locked(c, &record->granted);
	}
	c->is_known = true;
	c->counted_at = q->moment;
	correct_groups_locked(q, c, was_known, &before);
	credit_anew_locked(q);
	release_locked(actor, &tree, 1);
	unlock(q);
}

/* --- groups ----------------------------------------------------------------------------------- */

static uint32_t *find_link_locked(struct quotas *q, uint32_t tree, uint32_t group)
{
	uint32_t *at = &q->counters[tree].links;

	while (*at != NIL && q->links[*at].group != group)
		at = &q->links[*at].next;
	return at;
}

static int add_link_locked(struct quotas *q, uint32_t tree, uint32_t group, bool is_top)
{
	uint32_t *place = find_link_locked(q, tree, group);
	uint32_t at = *place;

	if (at == NIL) {
		if (q->free_links != NIL) {
			at = q->free_links;
			q->free_links = q->links[at].next;
		} else if (q->unused_links < MAX_LINKS) {
			at = q->unused_links++;
		} else {
			return -ENOSPC;
		}
		q->links[at] = (struct link){ .group = group };
		*place = at;
	}
	q->links[at].is_top = is_top;
	return 0;
}

static void unlink_group_locked(struct quotas *q, uint32_t group)
{
	for (uint32_t i = NIL + 1; i < q->unused; i++) {
		uint32_t *place = find_link_locked(q, i, group);
		uint32_t at = *place;

		if (at == NIL)
			continue;
		*place = q->links[at].next;
		q->links[at].next = q->free_links;
		q->free_links = at;
	}
}

void quotas_join(struct quotas *q, uint32_t tree, uint32_t group)
{
	lock(q);
	if (*find_link_locked(q, tree, group) == NIL)
		q->counters[group].is_known = false;
	unlock(q);
}

uint32_t quotas_members_epoch(struct quotas *q, uint32_t group)
{
	lock(q);
	uint32_t epoch = q->counters[group].epoch;
	unlock(q);
	return epoch;
}

static int sum_group_locked(struct quotas *q, uint32_t group, const uint32_t trees[],
			    const bool tops[], size_t n, uint32_t *ret_unknown)
{
	struct quota_usage sum = { 0, 0 };
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		const struct counter *tree = &q->counters[trees[i]];

		if (!tree->is_known) {
			*ret_unknown = trees[i];
			return -ENODATA;
		}
		if (tops[i]) {
			sum.bytes += tree->used.bytes;
			sum.files += tree->used.files;
		}
	}
	unlink_group_locked(q, group);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_link_locked(q, trees[i], group, tops[i]);
	q->counters[group].used = sum;
	q->counters[group].is_known = r == 0;
	q->counters[group].counted_at = q->moment;
	credit_anew_locked(q);
	return r;
}

int quotas_set_members(struct quotas *q, uint32_t group, uint32_t epoch, const uint32_t trees[],
		       const bool tops[], size_t n, uint32_t *ret_unknown)
{
	lock(q);
	int r = q->counters[group].epoch != epoch
			? -EAGAIN
			: sum_group_locked(q, group, trees, tops, n, ret_unknown);
	unlock(q);
	return r;
}

/* --- sections --------------------------------------------------------------------------------- */

/* Under the lock, which it keeps on success. */
static int enter_locked(struct quota_section *section, const int directories[2], bool adds)
{
	struct quota_actor *actor = section->actor;
	struct quotas *q = actor->quotas;
	const struct record *record = own_record(actor);
	struct quota_set of_record = { 0 };

	section->sets[1] = (struct quota_set){ 0 };
	int r = set_climb_locked(q, directories[0], &section->sets[0]);
	if (r == 0 && directories[1] >= 0)
		r = set_climb_locked(q, directories[1], &section->sets[1]);
	if (r < 0)
		return r;
	if (record)
		set_of_record(q, record, &of_record);
	if (!actor->holds && (is_held_locked(q, section->sets[0].at, section->sets[0].n) ||
			      is_held_locked(q, section->sets[1].at, section->sets[1].n) ||
			      is_held_locked(q, of_record.at, of_record.n)))
		return -EAGAIN;
	/* What a move adds is added to the other directory. */
	if (adds)
		r = check_known_locked(actor, &section->sets[directories[1] >= 0]);
	if (r < 0)
		return r;
	journal_locked(q, &section->sets[0]);
	journal_locked(q, &section->sets[1]);
	journal_locked(q, &of_record);
	if (record)
		q->journal_record = actor->record + 1;
	return 0;
}

int quotas_enter(struct quota_section *section, struct quota_actor *actor, const int directories[2],
		 bool adds)
{
	section->actor = actor;
	lock(actor->quotas);
	int r = enter_locked(section, directories, adds);
	if (r < 0)
		unlock(actor->quotas);
	return r;
}

void quotas_leave(struct quota_section *section)
{
	end_journal_locked(section->actor->quotas);
	unlock(section->actor->quotas);
}

bool quotas_is_one_set(const struct quota_section *section)
{
	const struct quota_set *a = &section->sets[0], *b = &section->sets[1];

	for (uint32_t i = 0; i < a->n; i++)
		if (!set_has(b, a->at[i]))
			return false;
	return a->n == b->n;
}

static struct quota_usage usage_of(const struct stat *file)
{
	return (struct quota_usage){ .bytes = file ? (uint64_t)file->st_size : 0,
				     .files = file ? 1 : 0 };
}

int quotas_may_create(struct quota_section *section, const struct stat *replaces)
{
	struct quota_usage room = room_locked(section->actor, &section->sets[0], NULL);

	return room.files > 0 || replaces ? 0 : -EDQUOT;
}

/* The record of another upload with this file is that of a worker that has just died: locks on the
 * file see to that. What it was granted is ours now. */
static struct quota_usage take_over_locked(struct quotas *q, const struct stat *file)
{
	struct record *other = find_growing_locked(q, file);
	struct quota_usage granted = usage_of(file);
	struct quota_set set;

	if (!other)
		return granted;
	granted = other->granted;
	set_of_record(q, other, &set);
	change_credit_locked(q, &set, &other->credit, false);
	other->is_detached = true;
	other->n_trees = 0;
	other->credit = (struct quota_usage){ 0 };
	return granted;
}

void quotas_adopt(struct quota_section *section, const struct stat *file, bool is_new,
		  const struct stat *replaces)
{
	struct quota_actor *actor = section->actor;
	struct quotas *q = actor->quotas;
	const struct quota_set *set = &section->sets[0];
	const struct quota_usage one = { 0, 1 };

	assert(actor->record < q->max_records);

	struct record *record = &q->records[actor->record];

	q->journal_record = actor->record + 1;
	if (record->owner > 0) { /* of a worker that has died */
		struct quota_set old;

		set_of_record(q, record, &old);
		doubt_set_locked(q, &old);
		drop_record_locked(q, record);
	}
	record->granted = is_new ? one : take_over_locked(q, file);
	record->credit = usage_of(replaces);
	record->device = file->st_dev;
	record->inode = file->st_ino;
	record->n_trees = set->n_trees;
	memcpy(record->trees, set->at, set->n_trees * sizeof(set->at[0]));
	record->is_doubtful = record->is_detached = false;
	record->owner = actor->worker_slot + 1;
	list_record_locked(q, actor->record);
	if (is_new)
		add_locked(q, set, &one);
	change_credit_locked(q, set, &record->credit, true);
}

/* Bytes and files above the bounds when `back` is given back, the record's credit is spent, and
 * those of others stay. */
static struct quota_usage excess_locked(struct quota_actor *actor, const struct quota_set *set,
					const struct quota_usage *back,
					const struct quota_usage *credit)
{
	struct quota_usage excess = { 0, 0 };

	for (size_t i = 0; i < actor->n_bounds; i++) {
		const struct quota_bound *bound = &actor->bounds[i];
		const struct counter *c = &actor->quotas->counters[bound->counter];

		if (!set_has(set, bound->counter) || !c->is_known)
			continue;

		uint64_t bytes =
			less(c->used.bytes, back->bytes + less(c->credit.bytes, credit->bytes));
		uint64_t files =
			less(c->used.files, back->files + less(c->credit.files, credit->files));
		struct quota_usage over = {
			bound->limits.bytes ? less(bytes, bound->limits.bytes) : 0,
			bound->limits.files ? less(files, bound->limits.files) : 0,
		};

		if (over.bytes > excess.bytes || over.files > excess.files)
			actor->exceeded = (uint32_t)i;
		excess.bytes = MAX_OF(excess.bytes, over.bytes);
		excess.files = MAX_OF(excess.files, over.files);
	}
	return excess;
}

int quotas_may_replace(struct quota_section *section, const struct stat *now)
{
	const struct record *record = own_record(section->actor);
	struct quota_usage back = usage_of(now);
	struct quota_set set;

	/* What was granted is within the bounds unless it was so on credit. */
	if (!record ||
	    (back.bytes >= record->credit.bytes && back.files >= record->credit.files))
		return 0;
	set_of_record(section->actor->quotas, record, &set);

	struct quota_usage excess = excess_locked(section->actor, &set, &back, &record->credit);

	return excess.bytes > 0 || excess.files > 0 ? -EDQUOT : 0;
}

uint64_t quotas_may_keep(struct quota_section *section)
{
	const struct record *record = own_record(section->actor);
	const struct quota_usage nothing = { 0, 0 };
	struct quota_set set;

	if (!record || record->credit.files == 0)
		return UINT64_MAX;
	set_of_record(section->actor->quotas, record, &set);

	struct quota_usage excess = excess_locked(section->actor, &set, &nothing, &record->credit);

	return excess.files > 0 ? 0 : less(record->granted.bytes, excess.bytes);
}

void quotas_settle(struct quota_section *section, uint64_t bytes, uint64_t files)
{
	const struct quota_usage is = { bytes, files };
	struct quotas *q = section->actor->quotas;
	struct record *record = own_record(section->actor);
	struct quota_set set;

	if (!record) {
		/* It began when nothing was counted yet. */
		doubt_set_locked(q, &section->sets[0]);
		return;
	}
	set_of_record(q, record, &set);
	subtract_locked(q, &set, &record->granted);
	add_locked(q, &set, &is);
	change_credit_locked(q, &set, &record->credit, false);
	if (record->is_doubtful) {
		doubt_set_locked(q, &set);
		doubt_set_locked(q, &section->sets[0]);
	}
	drop_record_locked(q, record);
}

void quotas_removed(struct quota_section *section, unsigned side, const struct stat *file)
{
	struct quotas *q = section->actor->quotas;
	struct quota_usage amount = usage_of(file);
	struct record *record = find_growing_locked(q, file);

	if (record) {
		q->journal_record = (uint32_t)(record - q->records) + 1;
		detach_locked(q, record);
	} else {
		subtract_locked(q, &section->sets[side], &amount);
	}
}

struct quota_usage quotas_amount(struct quota_section *section, const struct stat *file)
{
	const struct record *record = find_growing_locked(section->actor->quotas, file);

	return record ? record->granted : usage_of(file);
}

int quotas_may_move(struct quota_section *section, const struct quota_usage *amount,
		    const struct stat *replaced)
{
	struct quota_usage back = usage_of(replaced);
	struct quota_usage room =
		room_locked(section->actor, &section->sets[1], &section->sets[0]);

	return less(amount->bytes, back.bytes) > room.bytes ||
			       less(amount->files, back.files) > room.files
		       ? -EDQUOT
		       : 0;
}

void quotas_moved(struct quota_section *section, const struct quota_usage *amount,
		  const struct stat *file)
{
	struct quotas *q = section->actor->quotas;
	const struct quota_set *to = &section->sets[1];
	struct record *record = file ? find_growing_locked(q, file) : NULL;
	struct quota_set set;

	subtract_locked(q, &section->sets[0], amount);
	add_locked(q, to, amount);
	if (!record)
		return;
	q->journal_record = (uint32_t)(record - q->records) + 1;
	set_of_record(q, record, &set);
	change_credit_locked(q, &set, &record->credit, false);
	change_credit_locked(q, to, &record->credit, true);
	memcpy(record->trees, to->at, to->n_trees * sizeof(to->at[0]));
	record->n_trees = to->n_trees;
}

/* --- growing ---------------------------------------------------------------------------------- */

static int grow_locked(struct quota_actor *actor, struct record *record, uint64_t bytes,
		       uint64_t *ret_bytes)
{
	struct quotas *q = actor->quotas;
	struct quota_set set;

	set_of_record(q, record, &set);
	int r = check_known_locked(actor, &set);
	if (r < 0)
		return r;

	struct quota_usage room = room_locked(actor, &set, NULL);
	struct quota_usage more = { MIN_OF(bytes - record->granted.bytes, room.bytes), 0 };

	if (more.bytes == 0)
		return -EDQUOT;
	journal_locked(q, &set);
	q->journal_record = actor->record + 1;
	record->granted.bytes += more.bytes;
	add_locked(q, &set, &more);
	end_journal_locked(q);
	*ret_bytes = record->granted.bytes;
	return 0;
}

int quotas_grow(struct quota_actor *actor, uint64_t bytes, uint64_t *ret_bytes)
{
	int r = 0;

	lock(actor->quotas);
	struct record *record = own_record(actor);

	*ret_bytes = bytes;
	if (record && !record->is_detached && bytes > record->granted.bytes)
		r = grow_locked(actor, record, bytes, ret_bytes);
	unlock(actor->quotas);
	return r;
}

int quotas_trees_above(struct quotas *q, int directory, uint32_t ret[static QUOTA_TREES_MAX],
		       size_t *ret_n)
{
	struct quota_set set;

	lock(q);
	int r = set_climb_locked(q, directory, &set);
	unlock(q);
	for (uint32_t i = 0; i < set.n_trees; i++)
		ret[i] = set.at[i];
	*ret_n = set.n_trees;
	return r;
}

void quotas_forget_worker(struct quotas *q, uint32_t worker_slot)
{
	struct quota_set set;

	lock(q);
	for (uint32_t i = 0; i < q->max_records; i++) {
		struct record *record = &q->records[i];

		if (record->owner != worker_slot + 1)
			continue;
		set_of_record(q, record, &set);
		doubt_set_locked(q, &set);
		drop_record_locked(q, record);
	}
	for (uint32_t i = NIL + 1; i < q->unused; i++) {
		if (q->counters[i].holder != worker_slot + 1)
			continue;
		q->counters[i].holder = 0;
		q->counters[i].is_known = false;
	}
	credit_anew_locked(q);
	unlock(q);
}
