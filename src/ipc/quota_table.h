/* ipc/quota_table.h - what quotas.c and quota_sections.c share: the table in shared memory, its
 * lock, and the steps that changes are made of. For the quotas of this folder only; see
 * quotas.h. */
#ifndef IPC_QUOTA_TABLE_H
#define IPC_QUOTA_TABLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ipc/quotas.h"

#define NIL 0u			       /* no counter, no link; number 0 is never used */
#define MAX_COUNTERS ((size_t)1 << 18) /* memory is taken for those in use only */
#define MAX_LINKS ((size_t)1 << 18)
#define N_CHAINS ((size_t)1 << 17)

struct quota_counter {
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

struct quota_link {
	uint32_t group, next;
	bool is_top; /* no other tree of the group lies above */
};

/* An upload, and the file that it writes to. */
struct quota_record {
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
	uint32_t unused;       /* counters from here on were never used */
	uint32_t unused_links; /* likewise */
	uint32_t free_links;   /* those that were used before */
	uint32_t n_active;
	uint32_t n_journal;
	uint32_t journal[3 * QUOTA_SET_MAX];
	uint32_t journal_record; /* + 1; 0: none */
	struct quota_counter *counters;
	struct quota_link *links;
	struct quota_record *records;
	uint32_t *active;
	uint32_t chains[N_CHAINS];
};

/* --- the lock: all functions named _locked are called under it -------------------------------- */

void quota_lock(struct quotas *q);
void quota_unlock(struct quotas *q);

/* --- counters --------------------------------------------------------------------------------- */

/* name: empty for a tree. NIL: there is none. */
uint32_t quota_find_locked(struct quotas *q, uint64_t device, uint64_t inode,
			   const char *name) MUST_CHECK;
int quota_make_locked(struct quotas *q, const struct stat *root, const char *name,
		      uint32_t *ret) MUST_CHECK; /* 0; -ENOSPC */

/* Somebody has one of them for itself. */
bool quota_is_held_locked(const struct quotas *q, const uint32_t counters[], size_t n) MUST_CHECK;

void quota_give_locked(struct quota_counter *c, const struct quota_usage *amount);
/* More than there is: it is unknown then. */
void quota_take_locked(struct quota_counter *c, const struct quota_usage *amount);

/* --- sets ------------------------------------------------------------------------------------- */

bool quota_set_has(const struct quota_set *set, uint32_t counter) MUST_CHECK;
/* All above the directory, its own first. 0; -ELOOP: too many; -errno. */
int quota_set_climb_locked(struct quotas *q, int directory, struct quota_set *ret) MUST_CHECK;
void quota_set_of_record(struct quotas *q, const struct quota_record *record,
			 struct quota_set *ret);

void quota_add_locked(struct quotas *q, const struct quota_set *set,
		      const struct quota_usage *amount);
void quota_subtract_locked(struct quotas *q, const struct quota_set *set,
			   const struct quota_usage *amount);
void quota_doubt_set_locked(struct quotas *q, const struct quota_set *set);
void quota_change_credit_locked(struct quotas *q, const struct quota_set *set,
				const struct quota_usage *credit, bool is_given);
/* From the records. */
void quota_credit_anew_locked(struct quotas *q);

/* What is being changed is in doubt if we are killed before the end. */
void quota_journal_locked(struct quotas *q, const struct quota_set *set);
void quota_end_journal_locked(struct quotas *q);

/* --- records ---------------------------------------------------------------------------------- */

/* NULL: the actor has no upload. */
struct quota_record *quota_own_record(const struct quota_actor *actor) MUST_CHECK;
/* NULL: nobody uploads to the file. */
struct quota_record *quota_find_growing_locked(struct quotas *q,
					       const struct stat *file) MUST_CHECK;
void quota_list_record_locked(struct quotas *q, uint32_t slot);
void quota_drop_record_locked(struct quotas *q, struct quota_record *record);
/* The file has no name any more that is counted; the upload goes on with it. */
void quota_detach_locked(struct quotas *q, struct quota_record *record);

/* --- bounds ----------------------------------------------------------------------------------- */

/* 0; -ENODATA and actor->unknown. */
int quota_check_known_locked(struct quota_actor *actor, const struct quota_set *set) MUST_CHECK;
/* What the actor's bounds on the set leave, but for those on `others` as well (NULL: none). */
struct quota_usage quota_room_locked(struct quota_actor *actor, const struct quota_set *set,
				     const struct quota_set *others) MUST_CHECK;

/* a - b, or 0. */
static inline uint64_t quota_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

#endif
