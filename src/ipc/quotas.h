/* ipc/quotas.h - how many bytes and files there are in the trees that somebody has a quota for,
 * over all workers; in memory shared by all of our processes.
 *
 * A *counter* belongs to a directory tree (a home, the directory of a virtual folder), known by
 * device and inode of its root, or to a group: all the homes of its members together. What it
 * counts are the names of regular files beneath, and their sizes; partials are files like others.
 * Directories and symbolic links cost nothing. A change of a file changes the counters of all trees
 * that the file lies in, found by climbing from its directory up to the root: so trees may overlap,
 * and links may lead wherever they want.
 *
 * A counter is *known* once its tree was walked through. It becomes unknown when somebody died in
 * the middle of a change in it; who needs it next counts again.
 *
 * Changes are made in a *section*, which one at a time has in all processes: looking at a file,
 * changing its name and counting that are one step. Files that grow meanwhile are charged before
 * they are written to, in their upload's record; a walk takes them from there.
 *
 *	quotas_enter → look, quotas_may_..., the system call, quotas_removed ... → quotas_leave
 *
 * Threads and processes: any. One robust mutex guards everything; when its holder was killed the
 * next one distrusts what that one was changing, and goes on. */
#ifndef IPC_QUOTAS_H
#define IPC_QUOTAS_H

#include <sys/stat.h>

#include "ftp/account.h"
#include "ftp/quota.h"

struct quotas;

#define QUOTA_TREES_MAX 24 /* counted trees that one file lies in */
#define QUOTA_SET_MAX 64   /* with the groups that they belong to */
#define QUOTA_NO_RECORD UINT32_MAX

/* What a counter must not exceed by the changes of one session. */
struct quota_bound {
	uint32_t counter;
	struct quota_limits limits;
};

/* Who makes changes. */
struct quota_actor {
	struct quotas *quotas;
	const struct quota_bound *bounds; /* borrowed: its user's, its group's, its folders' */
	uint32_t n_bounds;
	uint32_t worker_slot;
	uint32_t
		record; /* of its uploads: its slot on the scoreboard; QUOTA_NO_RECORD: it has none */
	uint32_t unknown;  /* after -ENODATA: the counter that has to be counted first */
	uint32_t exceeded; /* after -EDQUOT: the bound that stood in the way, by its index */
	/* When it was looked last what is left: the bounds that leave the fewest bytes and
	 * files. */
	uint32_t tightest_bytes, tightest_files;
	bool holds; /* the held trees are its own */
};

/* The counters of a directory: of the trees that it lies in, then of their groups. */
struct quota_set {
	uint32_t n_trees, n;
	uint32_t at[QUOTA_SET_MAX];
};

struct quota_section {
	struct quota_actor *actor;
	struct quota_set sets[2]; /* of the directory, and of the other one */
};

/* Supervisor, before the first fork. NULL when memory is short. */
struct quotas *quotas_new(size_t max_sessions) MUST_CHECK;

/* Something is counted: one relaxed load. Once it is true it stays so. */
bool quotas_are_on(const struct quotas *q);

/* --- counters --------------------------------------------------------------------------------- */

/* The counter of the tree with this root; it is made when it is not there. 0; -ENOSPC. */
int quotas_find_tree(struct quotas *q, const struct stat *root, uint32_t *ret) MUST_CHECK;
/* That of the group, with the homes beneath this data root. 0; -ENOSPC. */
int quotas_find_group(struct quotas *q, const char *name, const struct stat *data_root,
		      uint32_t *ret) MUST_CHECK;

/* 0 and *ret; -ENODATA: it is not known. */
int quotas_look(struct quotas *q, uint32_t counter, struct quota_usage *ret) MUST_CHECK;
/* What the actor may still add, by the tightest of its bounds on this directory (UINT64_MAX: any
 * number). 0; -ENODATA. */
int quotas_room(struct quota_actor *actor, int directory, struct quota_usage *ret) MUST_CHECK;

/* Moments come in the order of counts. */
uint64_t quotas_moment(struct quotas *q);
/* They have to be counted again before they are used: all that were counted before the moment; the
 * groups, since the members of one may have changed. */
void quotas_doubt_older(struct quotas *q, uint64_t moment);
void quotas_doubt_groups(struct quotas *q);
/* All trees that the directory lies in. */
void quotas_doubt_above(struct quotas *q, int directory);

/* --- counting --------------------------------------------------------------------------------- */

/* Until the release nobody else changes a name in these trees; files that are being uploaded go on
 * growing. 0; -EAGAIN: somebody else has one of them now. */
int quotas_hold(struct quota_actor *actor, const uint32_t counters[], size_t n) MUST_CHECK;
void quotas_release(struct quota_actor *actor, const uint32_t counters[], size_t n);
/* All trees that the two directories lie in. */
int quotas_hold_above(struct quota_actor *actor, const int directories[2], uint32_t ret[],
		      size_t *ret_n) MUST_CHECK;

/* A walk through the held tree has come to this file. True: it is being uploaded, and not to be
 * counted by the walk. */
bool quotas_meet(struct quotas *q, uint32_t tree, const struct stat *file) MUST_CHECK;
/* Somebody uploads to it. */
bool quotas_is_growing(struct quotas *q, const struct stat *file) MUST_CHECK;
/* The held tree has this, and what is being uploaded: it is known, and released. */
void quotas_counted(struct quota_actor *actor, uint32_t tree, const struct quota_usage *found);

/* The tree of a member's home is not among those of the group: they are to be listed again. */
void quotas_join(struct quotas *q, uint32_t tree, uint32_t group);
/* Before the members are asked for; and what came out: these trees, each once, of which those that
 * lie beneath another of them are not `tops`. 0: the group is known; -EAGAIN: the members have
 * changed since;
 * -ENODATA: *ret_unknown is to be counted first; -ENOSPC. */
uint32_t quotas_members_epoch(struct quotas *q, uint32_t group);
/* The counted trees that the directory lies in, its own first. */
int quotas_trees_above(struct quotas *q, int directory, uint32_t ret[static QUOTA_TREES_MAX],
		       size_t *ret_n) MUST_CHECK;
int quotas_set_members(struct quotas *q, uint32_t group, uint32_t epoch, const uint32_t trees[],
		       const bool tops[], size_t n, uint32_t *ret_unknown) MUST_CHECK;

/* --- sections --------------------------------------------------------------------------------- */

/* A section for changes in the directory, and in another one (-1: none). adds: something may become
 * more. 0; -EAGAIN: a tree is being counted, try again soon; -ENODATA: actor->unknown is to be
 * counted first; -errno. */
int quotas_enter(struct quota_section *section, struct quota_actor *actor, const int directories[2],
		 bool adds) MUST_CHECK;
void quotas_leave(struct quota_section *section);

/* Both directories lie in the same counted trees. */
bool quotas_is_one_set(const struct quota_section *section);

/* One more file in the directory, for an upload; replaces: the file that it is to take the place
 * of, or NULL. 0; -EDQUOT. */
int quotas_may_create(struct quota_section *section, const struct stat *replaces) MUST_CHECK;
/* The file belongs to the actor's upload from now on. is_new: it was not there before. */
void quotas_adopt(struct quota_section *section, const struct stat *file, bool is_new,
		  const struct stat *replaces);
/* The upload takes the place of `now`, or of nothing. 0; -EDQUOT: what it was to replace is gone,
 * and with it the room. */
int quotas_may_replace(struct quota_section *section, const struct stat *now) MUST_CHECK;
/* How many bytes of the upload may stay beside what it did not replace. */
uint64_t quotas_may_keep(struct quota_section *section);
/* The upload's file has come to its end: so much is there under a name (files: 0 or 1). */
void quotas_settle(struct quota_section *section, uint64_t bytes, uint64_t files);

/* A name of the file is gone from the directory (side 0) or the other one. */
void quotas_removed(struct quota_section *section, unsigned side, const struct stat *file);
/* So much goes from the directory to the other one, where it replaces a file or nothing. 0;
 * -EDQUOT. */
int quotas_may_move(struct quota_section *section, const struct quota_usage *amount,
		    const struct stat *replaced) MUST_CHECK;
/* It has gone. file: NULL for a directory. */
void quotas_moved(struct quota_section *section, const struct quota_usage *amount,
		  const struct stat *file);
/* What the file counts: its size, or what its upload has been granted. */
struct quota_usage quotas_amount(struct quota_section *section, const struct stat *file);

/* --- growing ---------------------------------------------------------------------------------- */

/* The actor's upload wants its file to have so many bytes. 0 and *ret_bytes, which may be less;
 * -EDQUOT: nothing at all; -ENODATA: actor->unknown is to be counted first. Outside of sections. */
int quotas_grow(struct quota_actor *actor, uint64_t bytes, uint64_t *ret_bytes) MUST_CHECK;
/* Supervisor: the worker has died. */
void quotas_forget_worker(struct quotas *q, uint32_t worker_slot);

#endif
