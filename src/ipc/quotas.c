/* ipc/quotas.c - see quotas.h: counters, how they come to be known, groups. */
#include "ipc/quota_table.h"

/* --- counters --------------------------------------------------------------------------------- */

int quotas_find_tree(struct quotas *q, const struct stat *root, uint32_t *ret)
{
	quota_lock(q);
	int r = quota_make_locked(q, root, "", ret);
	/* In the lock, before anybody counts: who has changed something without it looks again
	 * afterwards. */
	atomic_store(&q->is_on, true);
	quota_unlock(q);
	return r;
}

int quotas_find_group(struct quotas *q, const char *name, const struct stat *data_root,
		      uint32_t *ret)
{
	quota_lock(q);
	int r = quota_make_locked(q, data_root, name, ret);
	atomic_store(&q->is_on, true);
	quota_unlock(q);
	return r;
}

int quotas_look(struct quotas *q, uint32_t counter, struct quota_usage *ret)
{
	int r = -ENODATA;

	quota_lock(q);
	if (q->counters[counter].is_known) {
		*ret = q->counters[counter].used;
		r = 0;
	}
	quota_unlock(q);
	return r;
}

int quotas_room(struct quota_actor *actor, int directory, struct quota_usage *ret)
{
	struct quota_set set;

	quota_lock(actor->quotas);
	int r = quota_set_climb_locked(actor->quotas, directory, &set);
	if (r == 0)
		r = quota_check_known_locked(actor, &set);
	if (r == 0)
		*ret = quota_room_locked(actor, &set, NULL);
	quota_unlock(actor->quotas);
	return r;
}

uint64_t quotas_moment(struct quotas *q)
{
	quota_lock(q);
	uint64_t moment = ++q->moment;
	quota_unlock(q);
	return moment;
}

void quotas_doubt_older(struct quotas *q, uint64_t moment)
{
	quota_lock(q);
	for (uint32_t i = NIL + 1; i < q->unused; i++)
		if (q->counters[i].counted_at < moment)
			q->counters[i].is_known = false;
	quota_unlock(q);
}

void quotas_doubt_groups(struct quotas *q)
{
	quota_lock(q);
	for (uint32_t i = NIL + 1; i < q->unused; i++) {
		if (!*q->counters[i].name)
			continue;
		q->counters[i].is_known = false;
		q->counters[i].epoch++;
	}
	quota_unlock(q);
}

void quotas_doubt_above(struct quotas *q, int directory)
{
	struct quota_set set;

	quota_lock(q);
	(void)!quota_set_climb_locked(q, directory, &set);
	quota_doubt_set_locked(q, &set);
	quota_unlock(q);
}

/* --- counting --------------------------------------------------------------------------------- */

static int hold_locked(struct quota_actor *actor, const uint32_t counters[], size_t n)
{
	if (quota_is_held_locked(actor->quotas, counters, n))
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
	quota_lock(actor->quotas);
	int r = hold_locked(actor, counters, n);
	quota_unlock(actor->quotas);
	return r;
}

void quotas_release(struct quota_actor *actor, const uint32_t counters[], size_t n)
{
	quota_lock(actor->quotas);
	release_locked(actor, counters, n);
	quota_unlock(actor->quotas);
}

int quotas_hold_above(struct quota_actor *actor, const int directories[2], uint32_t ret[],
		      size_t *ret_n)
{
	struct quotas *q = actor->quotas;
	struct quota_set sets[2];
	size_t n = 0;

	quota_lock(q);
	int r = quota_set_climb_locked(q, directories[0], &sets[0]);
	if (r == 0)
		r = quota_set_climb_locked(q, directories[1], &sets[1]);
	for (uint32_t i = 0; r == 0 && i < sets[0].n_trees; i++)
		ret[n++] = sets[0].at[i];
	for (uint32_t i = 0; r == 0 && i < sets[1].n_trees; i++)
		if (!quota_set_has(&sets[0], sets[1].at[i]))
			ret[n++] = sets[1].at[i];
	if (r == 0)
		r = hold_locked(actor, ret, n);
	quota_unlock(q);
	*ret_n = n;
	return r;
}

bool quotas_meet(struct quotas *q, uint32_t tree, const struct stat *file)
{
	quota_lock(q);
	struct quota_record *record = quota_find_growing_locked(q, file);
	bool has_it = false;

	for (uint32_t i = 0; record && i < record->n_trees; i++)
		has_it = has_it || record->trees[i] == tree;
	/* The upload is older than the counter. */
	if (record && !has_it && record->n_trees < QUOTA_TREES_MAX)
		record->trees[record->n_trees++] = tree;
	quota_unlock(q);
	return record != NULL;
}

bool quotas_is_growing(struct quotas *q, const struct stat *file)
{
	quota_lock(q);
	bool is_growing = quota_find_growing_locked(q, file) != NULL;
	quota_unlock(q);
	return is_growing;
}

/* A group is the sum of its trees, one of which is another one now. */
static void correct_groups_locked(struct quotas *q, const struct quota_counter *tree,
				  bool was_known, const struct quota_usage *before)
{
	for (uint32_t l = tree->links; l != NIL; l = q->links[l].next) {
		struct quota_counter *group = &q->counters[q->links[l].group];

		if (!was_known)
			group->is_known = false;
		if (!q->links[l].is_top)
			continue;
		quota_give_locked(group, &tree->used);
		quota_take_locked(group, before);
	}
}

void quotas_counted(struct quota_actor *actor, uint32_t tree, const struct quota_usage *found)
{
	struct quotas *q = actor->quotas;
	struct quota_counter *c = &q->counters[tree];

	quota_lock(q);
	const struct quota_usage before = c->used;
	bool was_known = c->is_known;
	c->used = *found;
	for (uint32_t i = 0; i < q->n_active; i++) {
		const struct quota_record *record = &q->records[q->active[i]];

		for (uint32_t t = 0; t < record->n_trees; t++)
			if (record->trees[t] == tree)
				quota_give_locked(c, &record->granted);
	}
	c->is_known = true;
	c->counted_at = q->moment;
	correct_groups_locked(q, c, was_known, &before);
	quota_credit_anew_locked(q);
	release_locked(actor, &tree, 1);
	quota_unlock(q);
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
		q->links[at] = (struct quota_link){ .group = group };
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
	quota_lock(q);
	if (*find_link_locked(q, tree, group) == NIL)
		q->counters[group].is_known = false;
	quota_unlock(q);
}

uint32_t quotas_members_epoch(struct quotas *q, uint32_t group)
{
	quota_lock(q);
	uint32_t epoch = q->counters[group].epoch;
	quota_unlock(q);
	return epoch;
}

static int sum_group_locked(struct quotas *q, uint32_t group, const uint32_t trees[],
			    const bool tops[], size_t n, uint32_t *ret_unknown)
{
	struct quota_usage sum = { 0, 0 };
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		const struct quota_counter *tree = &q->counters[trees[i]];

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
	quota_credit_anew_locked(q);
	return r;
}

int quotas_set_members(struct quotas *q, uint32_t group, uint32_t epoch, const uint32_t trees[],
		       const bool tops[], size_t n, uint32_t *ret_unknown)
{
	quota_lock(q);
	int r = q->counters[group].epoch != epoch
			? -EAGAIN
			: sum_group_locked(q, group, trees, tops, n, ret_unknown);
	quota_unlock(q);
	return r;
}

int quotas_trees_above(struct quotas *q, int directory, uint32_t ret[static QUOTA_TREES_MAX],
		       size_t *ret_n)
{
	struct quota_set set;

	quota_lock(q);
	int r = quota_set_climb_locked(q, directory, &set);
	quota_unlock(q);
	for (uint32_t i = 0; i < set.n_trees; i++)
		ret[i] = set.at[i];
	*ret_n = set.n_trees;
	return r;
}

void quotas_forget_worker(struct quotas *q, uint32_t worker_slot)
{
	struct quota_set set;

	quota_lock(q);
	for (uint32_t i = 0; i < q->max_records; i++) {
		struct quota_record *record = &q->records[i];

		if (record->owner != worker_slot + 1)
			continue;
		quota_set_of_record(q, record, &set);
		quota_doubt_set_locked(q, &set);
		quota_drop_record_locked(q, record);
	}
	for (uint32_t i = NIL + 1; i < q->unused; i++) {
		if (q->counters[i].holder != worker_slot + 1)
			continue;
		q->counters[i].holder = 0;
		q->counters[i].is_known = false;
	}
	quota_credit_anew_locked(q);
	quota_unlock(q);
}
