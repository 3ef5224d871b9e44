/* store/durable.h - onto the disk before the reply: the content of a file, and the entry of its
 * directory. Threads: any.
 *
 * fsync(2) of a file is left to the file system, which commits what several threads ask for
 * together. Directories are another matter: a hundred small uploads into one directory would commit
 * it a hundred times. Here one fsync serves all that came before it began: the first comer leads,
 * those that arrive while it runs wait for the next round, and one of them leads that. */
#ifndef STORE_DURABLE_H
#define STORE_DURABLE_H

#include "base/common.h"

/* The content and the size of an open file. 0 or -errno: then nobody knows what the disk holds. */
int durable_file(int fd) MUST_CHECK;

/* The names in a directory (any descriptor of it, O_PATH too), as they are at the call or later. */
int durable_directory(int directory) MUST_CHECK;

/* How often a directory has been committed by this process, for tests and measurements. */
uint64_t durable_rounds(void);

#endif
