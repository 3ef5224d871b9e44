/* ipc/quota_table.c - see quota_table.h.
 *
 * What counts after a kill: counters (trees by their roots, groups by their names) are written
 * before they are chained; of the section that was cut short the journal tells the counters, which
 * are unknown from then on, and the upload whose record may be half changed. Chains, the list of
 * active records and credits are derived, and built anew; the members of groups are asked for
 * again. */
#include "ipc/quota_table.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "base/random.h"
#include "ipc/robust_mutex.h"

#define MAX_CLIMB 1024 /* directories above a directory */

struct quotas *quotas_new(size_t max_sessions)
{
	size_t size = sizeof(struct quotas) + MAX_COUNTERS * sizeof(struct quota_counter) +
		      MAX_LINKS * sizeof(struct quota_link) +
		      max_sessions * (sizeof(struct quota_record) + sizeof(uint32_t));
	struct quotas *q = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (q == MAP_FAILED)
		return NULL;
	/* Forks map it at the same place, so pointers into it are good in each of them. */
	q->counters = (struct quota_counter *)(q + 1);
	q->records = (struct quota_record *)(q->counters + MAX_COUNTERS);
	q->links = (struct quota_link *)(q->records + max_sessions);
	q->active = (uint32_t *)(q->links + MAX_LINKS);
	q->max_records = max_sessions;
	q->unused = q->unused_links = NIL + 1;
	random_bytes(&q->seed, sizeof(q->seed));
	if (robust_mutex_init(&q->mutex) < 0) {
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

uint32_t quota_find_locked(struct quotas *q, uint64_t device, uint64_t inode, const char *name)
{
	uint32_t at = *chain_of(q, device, inode, name);

	for (; at != NIL; at = q->counters[at].next) {
		const struct quota_counter *c = &q->counters[at];

		if (c->inode == inode && c->device == device && strcmp(c->name, name) == 0)
			break;
	}
	return at;
}

static void chain_locked(struct quotas *q, uint32_t at)
{
	struct quota_counter *c = &q->counters[at];
	uint32_t *chain = chain_of(q, c->device, c->inode, c->name);

	c->next = *chain;
	*chain = at;
}

int quota_make_locked(struct quotas *q, const struct stat *root, const char *name, uint32_t *ret)
{
	uint32_t at = quota_find_locked(q, root->st_dev, root->st_ino, name);

	if (at == NIL) {
		if (q->unused == MAX_COUNTERS)
			return -ENOSPC;
		at = q->unused;
		q->counters[at] =
			(struct quota_counter){ .device = root->st_dev, .inode = root->st_ino };
		(void)snprintf(q->counters[at].name, sizeof(q->counters[at].name), "%s", name);
		q->unused = at + 1;
		chain_locked(q, at);
	}
	*ret = at;
	return 0;
}

/* --- sets ------------------------------------------------------------------------------------- */

bool quota_set_has(const struct quota_set *set, uint32_t counter)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (set->at[i] == counter)
			return true;
	return false;
}

/* What finds no room is unknown: it is counted anew when it is needed. */
static void set_add(struct quotas *q, struct quota_set *set, uint32_t counter)
{
	if (quota_set_has(set, counter))
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
	uint32_t at = quota_find_locked(q, st->st_dev, st->st_ino, "");

	if (at == NIL || quota_set_has(set, at))
		return 0;
	if (set->n == QUOTA_TREES_MAX)
		return -ELOOP;
	set->at[set->n++] = at;
	return 0;
}

/* From the directory up to the root. Where we may not look any higher there is nothing of ours. */
int quota_set_climb_locked(struct quotas *q, int directory, struct quota_set *set)
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

void quota_set_of_record(struct quotas *q, const struct quota_record *record, struct quota_set *ret)
{
	*ret = (struct quota_set){ 0 };
	for (uint32_t i = 0; i < record->n_trees; i++)
		ret->at[ret->n++] = record->trees[i];
	set_add_groups(q, ret);
}

/* --- changing what is counted ----------------------------------------------------------------- */

void quota_journal_locked(struct quotas *q, const struct quota_set *set)
{
	for (uint32_t i = 0; i < set->n && q->n_journal < ARRAY_SIZE(q->journal); i++)
		q->journal[q->n_journal++] = set->at[i];
}

void quota_end_journal_locked(struct quotas *q)
{
	q->n_journal = 0;
	q->journal_record = 0;
}

/* Something that went on behind our back, such as files that others have made, shows here. */
void quota_take_locked(struct quota_counter *c, const struct quota_usage *amount)
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

void quota_give_locked(struct quota_counter *c, const struct quota_usage *amount)
{
	c->used.bytes += amount->bytes;
	c->used.files += amount->files;
}

void quota_add_locked(struct quotas *q, const struct quota_set *set,
		      const struct quota_usage *amount)
{
	for (uint32_t i = 0; i < set->n; i++)
		quota_give_locked(&q->counters[set->at[i]], amount);
}

void quota_subtract_locked(struct quotas *q, const struct quota_set *set,
			   const struct quota_usage *amount)
{
	for (uint32_t i = 0; i < set->n; i++)
		quota_take_locked(&q->counters[set->at[i]], amount);
}

void quota_change_credit_locked(struct quotas *q, const struct quota_set *set,
				const struct quota_usage *credit, bool is_given)
{
	for (uint32_t i = 0; i < set->n; i++) {
		struct quota_usage *sum = &q->counters[set->at[i]].credit;

		sum->bytes += is_given ? credit->bytes : -credit->bytes;
		sum->files += is_given ? credit->files : -credit->files;
	}
}

void quota_credit_anew_locked(struct quotas *q)
{
	struct quota_set set;

	for (uint32_t i = NIL + 1; i < q->unused; i++)
		q->counters[i].credit = (struct quota_usage){ 0 };
	for (uint32_t i = 0; i < q->n_active; i++) {
		const struct quota_record *record = &q->records[q->active[i]];

		quota_set_of_record(q, record, &set);
		quota_change_credit_locked(q, &set, &record->credit, true);
	}
}

/* --- records ---------------------------------------------------------------------------------- */

struct quota_record *quota_own_record(const struct quota_actor *actor)
{
	struct quotas *q = actor->quotas;

	if (actor->record >= q->max_records)
		return NULL;

	struct quota_record *record = &q->records[actor->record];

	return record->owner == actor->worker_slot + 1 ? record : NULL;
}

struct quota_record *quota_find_growing_locked(struct quotas *q, const struct stat *file)
{
	for (uint32_t i = 0; i < q->n_active; i++) {
		struct quota_record *record = &q->records[q->active[i]];

		if (record->inode == file->st_ino && record->device == file->st_dev &&
		    !record->is_detached)
			return record;
	}
	return NULL;
}

void quota_list_record_locked(struct quotas *q, uint32_t slot)
{
	q->records[slot].active_at = q->n_active;
	q->active[q->n_active++] = slot;
}

void quota_drop_record_locked(struct quotas *q, struct quota_record *record)
{
	uint32_t at = record->active_at;

	record->owner = 0;
	q->n_active--;
	q->active[at] = q->active[q->n_active];
	q->records[q->active[at]].active_at = at;
}

/* The file has no name any more that is counted; the upload goes on with it. */
void quota_detach_locked(struct quotas *q, struct quota_record *record)
{
	struct quota_set set;

	quota_set_of_record(q, record, &set);
	quota_subtract_locked(q, &set, &record->granted);
	quota_change_credit_locked(q, &set, &record->credit, false);
	record->is_detached = true;
	record->n_trees = 0;
	record->credit = (struct quota_usage){ 0 };
}

void quota_doubt_set_locked(struct quotas *q, const struct quota_set *set)
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
static void repair_locked(void *arg)
{
	struct quotas *q = arg;

	for (uint32_t i = 0; i < q->n_journal; i++)
		q->counters[q->journal[i]].is_known = false;
	if (q->journal_record > 0)
		q->records[q->journal_record - 1].is_doubtful = true;
	quota_end_journal_locked(q);
	memset(q->chains, 0, sizeof(q->chains));
	for (uint32_t i = NIL + 1; i < q->unused; i++)
		chain_locked(q, i);
	forget_members_locked(q);
	q->n_active = 0;
	for (uint32_t i = 0; i < q->max_records; i++)
		if (q->records[i].owner > 0)
			quota_list_record_locked(q, i);
	quota_credit_anew_locked(q);
}

void quota_lock(struct quotas *q)
{
	robust_mutex_lock(&q->mutex, repair_locked, q);
}

void quota_unlock(struct quotas *q)
{
	robust_mutex_unlock(&q->mutex);
}

/* --- bounds ----------------------------------------------------------------------------------- */

/* What a bound leaves. */
static struct quota_usage rest_locked(const struct quota_actor *actor,
				      const struct quota_bound *bound)
{
	const struct quota_counter *c = &actor->quotas->counters[bound->counter];
	uint64_t bytes = quota_less(c->used.bytes, c->credit.bytes);
	uint64_t files = quota_less(c->used.files, c->credit.files);

	return (struct quota_usage){
		.bytes = bound->limits.bytes ? quota_less(bound->limits.bytes, bytes) : UINT64_MAX,
		.files = bound->limits.files ? quota_less(bound->limits.files, files) : UINT64_MAX,
	};
}

/* All counters of the set that bind the actor are known. Of a group that is not, it is not known
 * either what belongs to it. */
int quota_check_known_locked(struct quota_actor *actor, const struct quota_set *set)
{
	for (size_t i = 0; i < actor->n_bounds; i++) {
		uint32_t counter = actor->bounds[i].counter;
		const struct quota_counter *c = &actor->quotas->counters[counter];

		if (c->is_known || (!*c->name && !quota_set_has(set, counter)))
			continue;
		actor->unknown = counter;
		return -ENODATA;
	}
	return 0;
}

/* The tightest bounds on the set, but for those on `others` as well. */
struct quota_usage quota_room_locked(struct quota_actor *actor, const struct quota_set *set,
				     const struct quota_set *others)
{
	struct quota_usage room = { UINT64_MAX, UINT64_MAX };

	actor->tightest_bytes = actor->tightest_files = UINT32_MAX; /* none */

	for (size_t i = 0; i < actor->n_bounds; i++) {
		const struct quota_bound *bound = &actor->bounds[i];

		if (!quota_set_has(set, bound->counter) ||
		    (others && quota_set_has(others, bound->counter)))
			continue;

		struct quota_usage rest = rest_locked(actor, bound);

		if (rest.bytes < room.bytes)
			actor->tightest_bytes = (uint32_t)i;
		if (rest.files < room.files)
			actor->tightest_files = (uint32_t)i;
		room.bytes = MIN_OF(room.bytes, rest.bytes);
		room.files = MIN_OF(room.files, rest.files);
	}
	actor->exceeded = actor->tightest_bytes; /* who wants for files says so */
	return room;
}
bool quota_is_held_locked(const struct quotas *q, const uint32_t counters[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (q->counters[counters[i]].holder > 0)
			return true;
	return false;
}
