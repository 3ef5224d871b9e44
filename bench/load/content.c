/* load/content.c - eight bytes at a time: the number of the word times a large odd constant. */
#include "load/content.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 20 };

static uint64_t word_at(uint64_t number)
{
	return (number + 1) * 0x9E3779B97F4A7C15ull; /* 2^64 / the golden ratio */
}

void content_fill(uint8_t *bytes, uint64_t offset, size_t size)
{
	while (size > 0) {
		uint64_t word = word_at(offset >> 3);
		size_t at = offset & 7, n = sizeof(word) - at;
		if (n > size)
			n = size;
		memcpy(bytes, (const char *)&word + at, n);
		bytes += n;
		offset += n;
		size -= n;
	}
}

bool content_matches(const uint8_t *bytes, uint64_t offset, size_t size)
{
	uint8_t wanted[16384];
	while (size > 0) {
		size_t n = size < sizeof(wanted) ? size : sizeof(wanted);
		content_fill(wanted, offset, n);
		if (memcmp(wanted, bytes, n) != 0)
			return false;
		bytes += n;
		offset += n;
		size -= n;
	}
	return true;
}

static int complain(const char *path)
{
	perror(path);
	return 1;
}

int content_make_file(const char *path, long size)
{
	static uint8_t block[BLOCK];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return complain(path);
	for (long offset = 0; offset < size;) {
		long n = size - offset < BLOCK ? size - offset : BLOCK;
		content_fill(block, (uint64_t)offset, (size_t)n);
		if (write(fd, block, (size_t)n) != n) {
			(void)close(fd); /* the write has failed already */
			return complain(path);
		}
		offset += n;
	}
	return close(fd) ? complain(path) : 0;
}

int content_make_tree(const char *folder, const char *prefix, long count, long size)
{
	char path[500];
	(void)mkdir(folder, 0755); /* may be there; a folder that is not shows at the first file */
	for (long i = 0; i < count; i++) {
		if (snprintf(path, sizeof(path), "%s/%s%05ld", folder, prefix, i) >=
		    (int)sizeof(path)) {
			fprintf(stderr, "%s: the path is too long\n", folder);
			return 1;
		}
		if (content_make_file(path, size))
			return 1;
	}
	return 0;
}

int content_check_file(const char *path, long size)
{
	static uint8_t block[BLOCK];
	long offset = 0, n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return complain(path);
	while ((n = read(fd, block, sizeof(block))) > 0) {
		if (!content_matches(block, (uint64_t)offset, (size_t)n)) {
			fprintf(stderr, "%s: differs at or after %ld\n", path, offset);
			return 1;
		}
		offset += n;
	}
	(void)close(fd); /* only read from */
	if (offset != size) {
		fprintf(stderr, "%s: %ld bytes, not %ld\n", path, offset, size);
		return 1;
	}
	return 0;
}
