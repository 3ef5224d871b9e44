/* net/file_window.h - a piece of a file in memory without a copy, to be encrypted from.
 *
 * Whoever cuts a file that is mapped makes the next look behind its new end raise SIGBUS, which
 * kills the process. Here the thread that looks through its window sees zeros from there on, and
 * file_window_is_torn says so: nothing that was read since it last said no may count as content.
 * Every other SIGBUS does what it did before.
 * Zeros of the page that holds the new end come without a signal: at the end of a piece compare the
 * size of the file, too.
 * Source: mmap(2), sigaction(2), signal-safety(7). Threads: a window belongs to the thread that
 * opened it, which has one at a time. */
#ifndef NET_FILE_WINDOW_H
#define NET_FILE_WINDOW_H

#include <sys/types.h>

#include "base/common.h"

struct file_window {
	const char *bytes; /* from the offset on */
	void *start;	   /* of the first page */
	size_t size;	   /* from start on */
};

/* Once per process, in front of all windows and threads. Once more after somebody else has taken
 * the signal. */
int file_window_catch_cuts(void) MUST_CHECK;

/* Whether a mapping of the file is as good as reading it: it lies in a local file system that keeps
 * one page cache for both, and cuts are caught. */
bool file_window_suits(int file);

/* len bytes (above 0) from the offset on. 0; -EOPNOTSUPP: cuts are not caught, this file cannot be
 * mapped, or the piece is still on the disk, from where reading fetches it sooner: it reads ahead
 * while what came before is sent. The file may be closed meanwhile. */
int file_window_open(struct file_window *ret, int file, off_t offset, size_t len) MUST_CHECK;

/* Whether what lies behind the calling thread's window has gone since it was opened. */
bool file_window_is_torn(void);

void file_window_close(struct file_window *window);

#endif
