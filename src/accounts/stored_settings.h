/* accounts/stored_settings.h - settings that were edited in the manager: names and values as they
 * would stand in the file. What they mean is settings/'s part. Threads: any. */
#ifndef ACCOUNTS_STORED_SETTINGS_H
#define ACCOUNTS_STORED_SETTINGS_H

#include "accounts/shelf.h"

#define STORED_SETTINGS_MAX 256

struct stored_change {
	const char *name;
	const char *value; /* NULL: it is not stored any more */
};

/* All of them, ordered by name. Owned by the caller; its texts live in one block. */
struct stored_list {
	size_t n;
	struct stored_change items[STORED_SETTINGS_MAX]; /* with a value each */
	char *block;
	size_t block_len, block_size;
};

void stored_list_release(struct stored_list *list);
/* Copies. 0, -E2BIG or -ENOMEM. */
int stored_list_add(struct stored_list *list, const char *name, const char *value) MUST_CHECK;

/* 0 or -errno; *ret is to be released in any case. */
int stored_settings_get(struct shelf *shelf, struct stored_list *ret) MUST_CHECK;

/* All of the changes or none. 0 or -errno. */
int stored_settings_change(struct shelf *shelf, const struct stored_change *changes,
			   size_t n_changes) MUST_CHECK;

/* The same for a process that has no other connection to the database: reads only, makes and
 * migrates nothing. A file or table that is not there yet holds none. 0 or -errno; *ret is to be
 * released in any case. */
int stored_settings_read(const char *path, struct stored_list *ret) MUST_CHECK;

#endif
