/* store/leftovers.h - what broken uploads and crashes have left in a tree: partials and temporaries
 * (store/partial.h), found, and removed once they are old. Symbolic links are not followed.
 * Threads: any. */
#ifndef STORE_LEFTOVERS_H
#define STORE_LEFTOVERS_H

#include "store/partial.h"

enum leftover_kind {
	LEFTOVER_PARTIAL,   /* REST and APPE continue it */
	LEFTOVER_TEMPORARY, /* of a process that has died; nothing finds it any more */
};

struct leftover {
	const char *path; /* beneath the root of the walk */
	enum leftover_kind kind;
	uint64_t size_bytes;
	int64_t mtime_s;
	bool is_in_use; /* an upload is going on */
	bool is_expired;
	bool is_removed;
};

struct leftover_walk {
	uint64_t max_age_s;
	struct ledger *ledger; /* that hears of what is removed; may be NULL */
	bool removes;	       /* those that are expired and not in use */
	/* Told each one; a negative result ends the walk with it. May be NULL. */
	int (*visit)(void *arg, const struct leftover *leftover);
	/* Asked between entries, likewise. May be NULL. */
	int (*pause)(void *arg);
	void *arg;
	/* Results. */
	uint64_t n_found, n_removed, bytes_found, bytes_removed;
	uint64_t n_unreadable; /* directories that could not be looked into */
};

/* Walks the tree beneath the directory (any descriptor of it). 0 or -errno. */
int leftovers_walk(struct leftover_walk *walk, int directory) MUST_CHECK;

#endif
