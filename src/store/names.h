/* store/names.h - the names in an open directory, in the order of the file system, in large batches
 * (getdents64(2)) through memory of the caller: a directory of millions costs no more of it than an
 * empty one. Threads: one at a time per reader. */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "base/text.h"

struct names {
	int fd;		/* borrowed */
	char *storage;	/* borrowed */
	size_t len, at; /* of the batch, and where its next record begins */
};

/* Longest record: a name of 255 bytes and what the kernel puts before it. */
#define NAMES_MIN_SIZE 512

/* Goes on where the descriptor stands. storage begins at a multiple of 8. */
void names_init(struct names *names, int fd, char *storage);

/* The next batch: size bytes of storage, NAMES_MIN_SIZE or more. 1; 0: there are no more, or the
 * directory was removed meanwhile; -errno. The batch is empty then. */
int names_read(struct names *names, size_t size) MUST_CHECK;

/* The next name of the batch, "." and ".." among them: it ends in NUL and is borrowed until the
 * next batch. False: that was all of it. */
bool names_take(struct names *names, struct text *ret_name);
static inline bool names_are_left(const struct names *names)
{
	return names->at < names->len;
}

#endif
