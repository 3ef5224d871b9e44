/* store/home.h - files beneath a user's home. Every name is resolved by the kernel beneath one
 * directory descriptor (openat2(2): RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS): no string check
 * stands between a client and /etc. Symbolic links are followed while they stay inside.
 *
 * Paths are NUL-terminated, relative to the home, without a leading '/'; "." is the home itself
 * (ftp/path.h makes them). All functions return 0 or -errno; beyond the usual ones:
 * -EXDEV (leads out of the home), -ELOOP. Outputs are written on success only.
 * Threads: any; a home never changes once it is opened. */
#ifndef STORE_HOME_H
#define STORE_HOME_H

#include <sys/stat.h>

#include "base/text.h"
#include "store/ledger.h"

struct home;

/* 0, or -ENOSYS on kernels without openat2 (before 5.6). For a clear error at start-up. */
int home_check_kernel(void) MUST_CHECK;

/* Opens a home: an absolute path, or one relative to data_root (resolved beneath it). A missing
 * relative home is made, with its parents, mode 0700 before the umask; a missing absolute one is
 * -ENOENT. On the way below data_root no symbolic link is followed (-ELOOP): what lies there is
 * made by clients too, and one home may lie inside another. Homes of one directory share its
 * descriptor. */
int home_open(int data_root, const char *path, struct home **ret) MUST_CHECK;
/* The same, but no symbolic link inside is ever followed (-ELOOP): for users whose rights depend on
 * the path, so that a link cannot lead to where another rule holds. Who wants links followed
 * resolves them first, and then opens what was checked. */
int home_open_strict(int data_root, const char *path, struct home **ret) MUST_CHECK;
/* The same, strictly, but nothing is made: a missing one is -ENOENT. */
int home_find(int data_root, const char *path, struct home **ret) MUST_CHECK;
/* home_open, or home_open_strict, for an absolute path whose first root_len bytes name a data root:
 * behind those no symbolic link is followed (-ELOOP). */
int home_open_in_root(int data_root, const char *path, size_t root_len, bool is_strict,
		      struct home **ret) MUST_CHECK;
bool home_is_strict(const struct home *home);
void home_free(struct home **home); /* accepts NULL; leaves NULL */

/* From now on what is made, removed and renamed beneath the home is counted there. Borrowed. Before
 * the home is used by others. */
void home_count(struct home *home, struct ledger *ledger);
struct ledger *home_ledger(const struct home *home); /* NULL: none */

/* open(2) flags; O_CLOEXEC and O_NONBLOCK are added (a FIFO must not block a thread), mode
 * counts with O_CREAT. *ret_fd is owned by the caller. */
int home_openat(const struct home *home, const char *path, int flags, mode_t mode,
		int *ret_fd) MUST_CHECK;

/* A regular file for reading or writing: as home_openat, and -EISDIR for directories, -EINVAL for
 * devices, FIFOs and sockets. ret_stat may be NULL. */
int home_open_file(const struct home *home, const char *path, int flags, mode_t mode, int *ret_fd,
		   struct stat *ret_stat) MUST_CHECK;

/* 0: path is a directory that may be entered; or why not. */
int home_enter(const struct home *home, const char *path) MUST_CHECK;

/* Follows links (home_lstat: not the last one). */
int home_stat(const struct home *home, const char *path, struct stat *ret) MUST_CHECK;
int home_lstat(const struct home *home, const char *path, struct stat *ret) MUST_CHECK;

/* These act on the last name itself, never through a link there; its parent is resolved beneath.
 * "." or ".." as last name is -EBUSY, an empty one (as behind a last '/') -EINVAL. */
int home_mkdir(const struct home *home, const char *path, mode_t mode) MUST_CHECK;
int home_rmdir(const struct home *home, const char *path) MUST_CHECK;
int home_unlink(const struct home *home, const char *path) MUST_CHECK; /* -EISDIR for directories */
int home_rename(const struct home *home, const char *from, const char *to,
		bool may_replace) MUST_CHECK; /* -EEXIST when not */

/* The directory of a path's last name. That of a name in the home itself is open already. */
struct home_parent {
	int fd;		  /* O_PATH; -1: none */
	bool is_home;	  /* fd is the home's, and good for as long as that; else it is owned */
	const char *name; /* borrowed from the path */
};

/* For what must act on several names of one directory. Errors as of home_mkdir. */
int home_open_parent(const struct home *home, const char *path, struct home_parent *ret) MUST_CHECK;
void home_release_parent(struct home_parent *parent);
#define AUTO_HOME_PARENT __attribute__((cleanup(home_release_parent)))

/* How deep an open directory lies in the home now; 0: it is the home. -ESTALE: it lies elsewhere,
 * because somebody has moved it away since it was opened. For what goes on in a directory for
 * longer than one system call. likely: where to look first; any number will do. */
int home_depth(const struct home *home, int directory, unsigned likely) MUST_CHECK;

/* That of the directory of a path that was followed to it, unless links were on the way. */
static inline unsigned home_likely_depth(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Whether the file system of an open file (its st_dev) may report only with close(2) what could not
 * be written, as those do that send the bytes elsewhere. */
bool home_reports_late(const struct home *home, dev_t device);

/* What a link at the last name points to, as text; at most size - 1 bytes and a NUL (else
 * -ENAMETOOLONG). -EINVAL: not a link. */
int home_readlink(const struct home *home, const char *path, char *ret, size_t size) MUST_CHECK;

#endif
