/* store/tree.h - whole directory trees beneath a home: make all missing parents, remove, count.
 * Symbolic links inside a tree are never followed. Paths and errors as in store/home.h. Threads:
 * any. */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "store/home.h"

#define TREE_MAX_DEPTH 128 /* deeper: -ELOOP */

/* Asked between two entries; a negative result ends the walk with it. May be NULL. */
typedef int (*tree_pause)(void *arg);

/* The directory and its missing parents; one that is there already is fine. */
int home_make_directories(const struct home *home, const char *path, mode_t mode) MUST_CHECK;

/* The directory with all that is in it. On an error what is left stays. */
int home_remove_tree(const struct home *home, const char *path, tree_pause pause,
		     void *arg) MUST_CHECK;

/* Bytes of all regular files in it, or of the one file. */
int home_tree_bytes(const struct home *home, const char *path, tree_pause pause, void *arg,
		    uint64_t *ret_bytes) MUST_CHECK;

#endif
