/* store/tree.h - whole directory trees beneath a home: make all missing parents, remove, count.
 * Symbolic links inside a tree are never followed. Paths and errors as in store/home.h. Threads:
 * any. */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "store/home.h"

#define TREE_MAX_DEPTH 128 /* deeper: -ELOOP */

/* Asked about each entry by its name: 0 goes on, above 0 passes it over, below ends the walk with
 * it. May be NULL.
 * A directory that is moved out of the home meanwhile ends a walk with -ESTALE. */
typedef int (*tree_visit)(void *arg, const char *name);

/* The directory and its missing parents; one that is there already is fine. */
int home_make_directories(const struct home *home, const char *path, mode_t mode) MUST_CHECK;

/* The directory with all that is in it. On an error what is left stays; -ENOTEMPTY: something was
 * passed over. */
int home_remove_tree(const struct home *home, const char *path, tree_visit visit,
		     void *arg) MUST_CHECK;

/* Bytes of all regular files in it, or of the one file. */
int home_tree_bytes(const struct home *home, const char *path, tree_visit visit, void *arg,
		    uint64_t *ret_bytes) MUST_CHECK;

/* Calls each for every regular file beneath the directory (any descriptor of it), by all its names,
 * hidden ones too; a negative result ends the walk with it. Directories that may not be looked into
 * are passed over. 0 or -errno. */
int tree_files(int directory, int (*each)(void *arg, const struct stat *file),
	       void *arg) MUST_CHECK;

#endif
