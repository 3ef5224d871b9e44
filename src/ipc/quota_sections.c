/* ipc/quota_sections.c - see quotas.h: sections, what is changed in them, and files that grow. */
#include "ipc/quota_table.h"

#include <assert.h>

/* --- sections --------------------------------------------------------------------------------- */

/* Under the lock, which it keeps on success. */
static int enter_locked(struct quota_section *section, const int directories[2], bool adds)
{
	struct quota_actor *actor = section->actor;
	struct quotas *q = actor->quotas;
	const struct quota_record *record = quota_own_record(actor);
	struct quota_set of_record = { 0 };

	section->sets[1] = (struct quota_set){ 0 };
	int r = quota_set_climb_locked(q, directories[0], &section->sets[0]);
	if (r == 0 && directories[1] >= 0)
		r = quota_set_climb_locked(q, directories[1], &section->sets[1]);
	if (r < 0)
		return r;
	if (record)
		quota_set_of_record(q, record, &of_record);
	if (!actor->holds && (quota_is_held_locked(q, section->sets[0].at, section->sets[0].n) ||
			      quota_is_held_locked(q, section->sets[1].at, section->sets[1].n) ||
			      quota_is_held_locked(q, of_record.at, of_record.n)))
		return -EAGAIN;
	/* What a move adds is added to the other directory. */
	if (adds)
		r = quota_check_known_locked(actor, &section->sets[directories[1] >= 0]);
	if (r < 0)
		return r;
	quota_journal_locked(q, &section->sets[0]);
	quota_journal_locked(q, &section->sets[1]);
	quota_journal_locked(q, &of_record);
	if (record)
		q->journal_record = actor->record + 1;
	return 0;
}

int quotas_enter(struct quota_section *section, struct quota_actor *actor, const int directories[2],
		 bool adds)
{
	section->actor = actor;
	quota_lock(actor->quotas);
	int r = enter_locked(section, directories, adds);
	if (r < 0)
		quota_unlock(actor->quotas);
	return r;
}

void quotas_leave(struct quota_section *section)
{
	quota_end_journal_locked(section->actor->quotas);
	quota_unlock(section->actor->quotas);
}

bool quotas_is_one_set(const struct quota_section *section)
{
	const struct quota_set *a = &section->sets[0], *b = &section->sets[1];

	for (uint32_t i = 0; i < a->n; i++)
		if (!quota_set_has(b, a->at[i]))
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
	struct quota_usage room = quota_room_locked(section->actor, &section->sets[0], NULL);

	return room.files > 0 || replaces ? 0 : -EDQUOT;
}

/* The record of another upload with this file is that of a worker that has just died: locks on the
 * file see to that. What it was granted is ours now. */
static struct quota_usage take_over_locked(struct quotas *q, const struct stat *file)
{
	struct quota_record *other = quota_find_growing_locked(q, file);
	struct quota_usage granted = usage_of(file);
	struct quota_set set;

	if (!other)
		return granted;
	granted = other->granted;
	quota_set_of_record(q, other, &set);
	quota_change_credit_locked(q, &set, &other->credit, false);
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

	struct quota_record *record = &q->records[actor->record];

	q->journal_record = actor->record + 1;
	if (record->owner > 0) { /* of a worker that has died */
		struct quota_set old;

		quota_set_of_record(q, record, &old);
		quota_doubt_set_locked(q, &old);
		quota_drop_record_locked(q, record);
	}
	record->granted = is_new ? one : take_over_locked(q, file);
	record->credit = usage_of(replaces);
	record->device = file->st_dev;
	record->inode = file->st_ino;
	record->n_trees = set->n_trees;
	memcpy(record->trees, set->at, set->n_trees * sizeof(set->at[0]));
	record->is_doubtful = record->is_detached = false;
	record->owner = actor->worker_slot + 1;
	quota_list_record_locked(q, actor->record);
	if (is_new)
		quota_add_locked(q, set, &one);
	quota_change_credit_locked(q, set, &record->credit, true);
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
		const struct quota_counter *c = &actor->quotas->counters[bound->counter];

		if (!quota_set_has(set, bound->counter) || !c->is_known)
			continue;

		uint64_t bytes = quota_less(
			c->used.bytes, back->bytes + quota_less(c->credit.bytes, credit->bytes));
		uint64_t files = quota_less(
			c->used.files, back->files + quota_less(c->credit.files, credit->files));
		struct quota_usage over = {
			bound->limits.bytes ? quota_less(bytes, bound->limits.bytes) : 0,
			bound->limits.files ? quota_less(files, bound->limits.files) : 0,
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
	const struct quota_record *record = quota_own_record(section->actor);
	struct quota_usage back = usage_of(now);
	struct quota_set set;

	/* What was granted is within the bounds unless it was so on credit. */
	if (!record || (back.bytes >= record->credit.bytes && back.files >= record->credit.files))
		return 0;
	quota_set_of_record(section->actor->quotas, record, &set);

	struct quota_usage excess = excess_locked(section->actor, &set, &back, &record->credit);

	return excess.bytes > 0 || excess.files > 0 ? -EDQUOT : 0;
}

uint64_t quotas_may_keep(struct quota_section *section)
{
	const struct quota_record *record = quota_own_record(section->actor);
	const struct quota_usage nothing = { 0, 0 };
	struct quota_set set;

	if (!record || record->credit.files == 0)
		return UINT64_MAX;
	quota_set_of_record(section->actor->quotas, record, &set);

	struct quota_usage excess = excess_locked(section->actor, &set, &nothing, &record->credit);

	return excess.files > 0 ? 0 : quota_less(record->granted.bytes, excess.bytes);
}

void quotas_settle(struct quota_section *section, uint64_t bytes, uint64_t files)
{
	const struct quota_usage is = { bytes, files };
	struct quotas *q = section->actor->quotas;
	struct quota_record *record = quota_own_record(section->actor);
	struct quota_set set;

	if (!record) {
		/* It began when nothing was counted yet. */
		quota_doubt_set_locked(q, &section->sets[0]);
		return;
	}
	quota_set_of_record(q, record, &set);
	quota_subtract_locked(q, &set, &record->granted);
	quota_add_locked(q, &set, &is);
	quota_change_credit_locked(q, &set, &record->credit, false);
	if (record->is_doubtful) {
		quota_doubt_set_locked(q, &set);
		quota_doubt_set_locked(q, &section->sets[0]);
	}
	quota_drop_record_locked(q, record);
}

void quotas_removed(struct quota_section *section, unsigned side, const struct stat *file)
{
	struct quotas *q = section->actor->quotas;
	struct quota_usage amount = usage_of(file);
	struct quota_record *record = quota_find_growing_locked(q, file);

	if (record) {
		q->journal_record = (uint32_t)(record - q->records) + 1;
		quota_detach_locked(q, record);
	} else {
		quota_subtract_locked(q, &section->sets[side], &amount);
	}
}

struct quota_usage quotas_amount(struct quota_section *section, const struct stat *file)
{
	const struct quota_record *record = quota_find_growing_locked(section->actor->quotas, file);

	return record ? record->granted : usage_of(file);
}

int quotas_may_move(struct quota_section *section, const struct quota_usage *amount,
		    const struct stat *replaced)
{
	struct quota_usage back = usage_of(replaced);
	struct quota_usage room =
		quota_room_locked(section->actor, &section->sets[1], &section->sets[0]);

	return quota_less(amount->bytes, back.bytes) > room.bytes ||
			       quota_less(amount->files, back.files) > room.files
		       ? -EDQUOT
		       : 0;
}

void quotas_moved(struct quota_section *section, const struct quota_usage *amount,
		  const struct stat *file)
{
	struct quotas *q = section->actor->quotas;
	const struct quota_set *to = &section->sets[1];
	struct quota_record *record = file ? quota_find_growing_locked(q, file) : NULL;
	struct quota_set set;

	quota_subtract_locked(q, &section->sets[0], amount);
	quota_add_locked(q, to, amount);
	if (!record)
		return;
	q->journal_record = (uint32_t)(record - q->records) + 1;
	quota_set_of_record(q, record, &set);
	quota_change_credit_locked(q, &set, &record->credit, false);
	quota_change_credit_locked(q, to, &record->credit, true);
	memcpy(record->trees, to->at, to->n_trees * sizeof(to->at[0]));
	record->n_trees = to->n_trees;
}

/* --- growing ---------------------------------------------------------------------------------- */

static int grow_locked(struct quota_actor *actor, struct quota_record *record, uint64_t bytes,
		       uint64_t *ret_bytes)
{
	struct quotas *q = actor->quotas;
	struct quota_set set;

	quota_set_of_record(q, record, &set);
	int r = quota_check_known_locked(actor, &set);
	if (r < 0)
		return r;

	struct quota_usage room = quota_room_locked(actor, &set, NULL);
	struct quota_usage more = { MIN_OF(bytes - record->granted.bytes, room.bytes), 0 };

	if (more.bytes == 0)
		return -EDQUOT;
	quota_journal_locked(q, &set);
	q->journal_record = actor->record + 1;
	record->granted.bytes += more.bytes;
	quota_add_locked(q, &set, &more);
	quota_end_journal_locked(q);
	*ret_bytes = record->granted.bytes;
	return 0;
}

int quotas_grow(struct quota_actor *actor, uint64_t bytes, uint64_t *ret_bytes)
{
	int r = 0;

	quota_lock(actor->quotas);
	struct quota_record *record = quota_own_record(actor);

	*ret_bytes = bytes;
	if (record && !record->is_detached && bytes > record->granted.bytes)
		r = grow_locked(actor, record, bytes, ret_bytes);
	quota_unlock(actor->quotas);
	return r;
}
