/* store/ledger.h - how this folder tells whoever counts bytes and files (for quotas) what it is
 * about to change, and what it has changed. All that makes, removes or renames files beneath a home
 * goes through here.
 *
 * A *section* makes looking at a file, changing its name and counting that one step:
 *
 *	ledger_enter → look, ledger_may_..., the system call, ledger_removed ... → ledger_leave
 *
 * Without a ledger (NULL), or while nothing is counted, all of these do nothing and say yes. When
 * counting begins in the middle of a section, its end tells that the trees are in doubt.
 * Threads: one at a time per ledger. */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include <sys/stat.h>

#include "base/common.h"

struct ledger;

struct ledger_amount {
	uint64_t bytes, files;
};

/* What a ledger must be able to do; see the functions below. */
struct ledger_calls {
	bool (*is_on)(const struct ledger *l);
	int (*enter)(struct ledger *l, const int directories[2], bool adds);
	void (*leave)(struct ledger *l);
	void (*doubt)(struct ledger *l, int directory);
	int (*may_create)(struct ledger *l, const struct stat *replaces);
	void (*adopt)(struct ledger *l, const struct stat *file, bool is_new,
		      const struct stat *replaces);
	int (*may_replace)(struct ledger *l, const struct stat *now);
	uint64_t (*may_keep)(struct ledger *l);
	void (*settle)(struct ledger *l, uint64_t bytes, uint64_t files);
	void (*removed)(struct ledger *l, unsigned side, const struct stat *file);
	bool (*is_one_set)(const struct ledger *l);
	struct ledger_amount (*amount)(struct ledger *l, const struct stat *file);
	int (*may_move)(struct ledger *l, const struct ledger_amount *amount,
			const struct stat *replaced);
	void (*moved)(struct ledger *l, const struct ledger_amount *amount,
		      const struct stat *file);
	int (*grow)(struct ledger *l, uint64_t bytes, uint64_t *ret_bytes);
	int (*hold)(struct ledger *l, const int directories[2]);
	void (*release)(struct ledger *l);
	bool (*is_growing)(struct ledger *l, const struct stat *file);
};

struct ledger {
	const struct ledger_calls *calls;
	/* Between enter and leave: */
	bool is_counting;
	int directories[2];
};

/* A section for changes in the directory, and in another one (-1: none). adds: something may become
 * more. 0 or -errno. */
int ledger_enter(struct ledger *l, int directory, int other, bool adds) MUST_CHECK;
void ledger_leave(struct ledger *l);

/* Inside a section. An upload may make one more file in the directory; replaces: the file that it
 * is to take the place of, or NULL. 0; -EDQUOT. */
int ledger_may_create(struct ledger *l, const struct stat *replaces) MUST_CHECK;
/* The open file is the upload's. is_new: it was not there before. */
void ledger_adopt(struct ledger *l, const struct stat *file, bool is_new,
		  const struct stat *replaces);
/* The upload takes the place of `now`, or of nothing. 0; -EDQUOT. */
int ledger_may_replace(struct ledger *l, const struct stat *now) MUST_CHECK;
/* So many bytes of the upload may stay although it has not replaced anything. */
uint64_t ledger_may_keep(struct ledger *l);
/* The upload has ended, and so much is there under a name (files: 0 or 1). */
void ledger_settle(struct ledger *l, uint64_t bytes, uint64_t files);
/* A name of this file is gone from the directory. */
void ledger_removed(struct ledger *l, const struct stat *file);

/* Outside of sections. The upload's file is to have so many bytes: 0 and how many it may have;
 * -EDQUOT: none more; -errno. */
int ledger_grow(struct ledger *l, uint64_t bytes, uint64_t *ret_bytes) MUST_CHECK;

/* Whole sections. unlinkat(2) of what is no directory; renameat2(2), with -EEXIST when the new name
 * must be free and is not. Beyond their errors: -EDQUOT; -ETXTBSY: an upload is going on in a
 * directory that would come to count elsewhere. */
int ledger_unlink(struct ledger *l, int directory, const char *name) MUST_CHECK;
struct ledger_rename {
	int from_directory, to_directory;
	const char *from, *to;
	bool may_replace;
};
int ledger_rename(struct ledger *l, const struct ledger_rename *what) MUST_CHECK;

#endif
