/* net/file_window.c - see file_window.h. */
#include "net/file_window.h"

#include <assert.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/vfs.h>

/* Not among the kernel's public names. */
#define XFS_MAGIC 0x58465342

/* The window of this thread, as its signal handler sees it. */
static _Thread_local struct {
	volatile uintptr_t start, size; /* size 0: none */
	volatile bool is_torn;
} here;

static bool catches_cuts;
static uintptr_t page_size;
static struct sigaction before;

/* Zeros from the page of this address up to the end of the window. Only system calls. */
static bool mend(uintptr_t at)
{
	uintptr_t start = here.start, page = at & ~(page_size - 1);

	if (at < start || at - start >= here.size)
		return false;
	here.is_torn = true;
	return mmap((void *)page, here.size - (page - start), PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static void on_bus_error(int number, siginfo_t *info, void *context UNUSED)
{
	/* Memory that has failed somewhere, not where we look now: nobody has to die of it. */
	if (info->si_code == BUS_MCEERR_AO)
		return;

	int saved = errno;
	bool is_fault = info->si_code > 0; /* else somebody has sent it */

	if (!is_fault || !mend((uintptr_t)info->si_addr)) {
		(void)sigaction(SIGBUS, &before, NULL);
		/* A fault comes again by itself. */
		if (!is_fault)
			(void)raise(number);
	}
	errno = saved;
}

int file_window_catch_cuts(void)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO }, old;

	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	(void)sigemptyset(&action.sa_mask);
	if (sigaction(SIGBUS, &action, &old) < 0)
		return -errno;
	if (!catches_cuts || old.sa_sigaction != on_bus_error)
		before = old;
	catches_cuts = true;
	return 0;
}

bool file_window_suits(int file)
{
	struct statfs fs;

	if (!catches_cuts || fstatfs(file, &fs) < 0)
		return false;
	switch (fs.f_type) {
	case TMPFS_MAGIC:
	case EXT4_SUPER_MAGIC:
	case XFS_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
		return true;
	default: /* over a network or in user space: a page at a time, and nobody says when */
		return false;
	}
}

/* Whether the page that holds this byte can be had without waiting for the disk. Yes also where the
 * kernel does not tell: of a file that is another user's. */
static bool is_in_memory(const char *byte)
{
	unsigned char is_there = 1;

	return mincore((void *)((uintptr_t)byte & ~(page_size - 1)), 1, &is_there) < 0 ||
	       (is_there & 1) != 0;
}

int file_window_open(struct file_window *ret, int file, off_t offset, size_t len)
{
	size_t skipped = (size_t)offset & (page_size - 1);
	struct file_window window = { .size = skipped + len };

	assert(here.size == 0);
	if (!catches_cuts)
		return -EOPNOTSUPP;
	window.start =
		mmap(NULL, window.size, PROT_READ, MAP_SHARED, file, offset - (off_t)skipped);
	if (window.start == MAP_FAILED)
		return -EOPNOTSUPP;
	if (!is_in_memory((const char *)window.start + window.size - 1)) {
		(void)munmap(window.start, window.size); /* it is ours: it cannot fail */
		return -EOPNOTSUPP;
	}
	/* All pages at once. Where the kernel cannot (before 5.14), or behind a cut: singly. */
	(void)madvise(window.start, window.size, MADV_POPULATE_READ);
	window.bytes = (const char *)window.start + skipped;
	here.is_torn = false;
	here.start = (uintptr_t)window.start;
	here.size = window.size;
	*ret = window;
	return 0;
}

bool file_window_is_torn(void)
{
	return here.is_torn;
}

void file_window_close(struct file_window *window)
{
	here.size = 0;
	here.is_torn = false;
	(void)munmap(window->start, window->size); /* it is ours: it cannot fail */
	*window = (struct file_window){ 0 };
}
