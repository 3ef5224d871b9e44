/* store/names.c - see names.h. */
#include "store/names.h"

#include <assert.h>
#include <dirent.h>

void names_init(struct names *names, int fd, char *storage)
{
	assert((uintptr_t)storage % _Alignof(struct dirent64) == 0);
	*names = (struct names){ .fd = fd, .storage = storage };
}

int names_read(struct names *names, size_t size)
{
	assert(size >= NAMES_MIN_SIZE);
	names->at = names->len = 0;

	ssize_t n = getdents64(names->fd, names->storage, size);

	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	names->len = (size_t)n;
	return n > 0;
}

bool names_take(struct names *names, struct text *ret_name)
{
	if (!names_are_left(names))
		return false;

	const struct dirent64 *item = (const void *)(names->storage + names->at);

	names->at += item->d_reclen;
	*ret_name = text_of(item->d_name);
	return true;
}
