/* base/memory_use.c - see memory_use.h. */
#include "base/memory_use.h"

#include <fcntl.h>

#include "base/text.h"

int memory_use_open(void)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

uint64_t memory_use_read(int fd)
{
	char line[128];
	struct text rest;
	uint64_t size, resident;
	ssize_t n = fd < 0 ? -1 : pread(fd, line, sizeof(line), 0);

	if (n <= 0)
		return 0;
	rest = (struct text){ line, (size_t)n };
	if (!text_take_uint(&rest, UINT64_MAX, &size) || !text_skip_char(&rest, ' ') ||
	    !text_take_uint(&rest, UINT64_MAX, &resident))
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
