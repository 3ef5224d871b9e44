/* tests/faults/faults.c - LD_PRELOAD library that lets chosen system calls fail.
 *
 * SALLYPORT_FAULTS names a file of struct plan, mapped by every process: the test arms it and reads
 * how often it has struck, while the server runs. Only files that were opened beneath a home count:
 * relative to a directory; databases, logs and sockets are left alone. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum call { CALL_WRITE, CALL_FSYNC, CALL_RENAME, CALL_OPENAT, CALL_COPY, CALLS };

#define SHORT_WRITE (-1) /* as fault: half of the bytes are written */

struct plan {
	_Atomic int32_t call;	  /* which kind counts; -1: disarmed */
	_Atomic int32_t fault;	  /* errno, or SHORT_WRITE */
	_Atomic int32_t at;	  /* the n-th from now fails, 1 is the next */
	_Atomic int32_t repeats;  /* how many of those that follow fail as well */
	_Atomic int32_t n_struck; /* how often it has */
	_Atomic int32_t seen[CALLS];
};

static struct plan *plan;
static _Atomic unsigned char is_ours[65536]; /* by descriptor */

__attribute__((constructor)) static void map_plan(void)
{
	const char *path = getenv("SALLYPORT_FAULTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	plan = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (plan == MAP_FAILED)
		plan = NULL;
	close(fd);
}

/* 0, or the fault that this call is to have. */
static int strike(enum call call)
{
	if (!plan)
		return 0;
	atomic_fetch_add(&plan->seen[call], 1);
	if (atomic_load(&plan->call) != (int32_t)call)
		return 0;
	int32_t left = atomic_fetch_sub(&plan->at, 1);
	if (left > 1 || left <= -atomic_load(&plan->repeats))
		return 0;
	atomic_fetch_add(&plan->n_struck, 1);
	return atomic_load(&plan->fault);
}

static int counts(int fd)
{
	return fd >= 0 && fd < 65536 && atomic_load(&is_ours[fd]);
}

static int note(int fd)
{
	if (fd >= 0 && fd < 65536)
		atomic_store(&is_ours[fd], 1);
	return fd;
}

static int fails(int fault)
{
	errno = fault;
	return -1;
}

int close(int fd)
{
	if (fd >= 0 && fd < 65536)
		atomic_store(&is_ours[fd], 0);
	return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	int fault = counts(fd) && len > 0 ? strike(CALL_WRITE) : 0;

	if (fault > 0)
		return fails(fault);
	if (fault == SHORT_WRITE && len > 1)
		len /= 2;
	return syscall(SYS_write, fd, bytes, len);
}

int fsync(int fd)
{
	int fault = counts(fd) ? strike(CALL_FSYNC) : 0;

	return fault > 0 ? fails(fault) : (int)syscall(SYS_fsync, fd);
}

int renameat2(int from, const char *old_name, int to, const char *new_name, unsigned flags)
{
	int fault = strike(CALL_RENAME);

	return fault > 0 ? fails(fault)
			 : (int)syscall(SYS_renameat2, from, old_name, to, new_name, flags);
}

int renameat(int from, const char *old_name, int to, const char *new_name)
{
	return renameat2(from, old_name, to, new_name, 0);
}

int openat(int directory, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (directory == AT_FDCWD)
		return (int)syscall(SYS_openat, directory, path, flags, mode);
	int fault = strike(CALL_OPENAT);
	return fault > 0 ? fails(fault)
			 : note((int)syscall(SYS_openat, directory, path, flags, mode));
}

int fcntl(int fd, int command, ...)
{
	va_list args;

	va_start(args, command);
	long argument = va_arg(args, long);
	va_end(args);

	int result = (int)syscall(SYS_fcntl, fd, command, argument);

	if (command == F_DUPFD_CLOEXEC && counts(fd))
		note(result);
	return result;
}

int fcntl64(int fd, int command, ...)
{
	va_list args;

	va_start(args, command);
	long argument = va_arg(args, long);
	va_end(args);
	return fcntl(fd, command, argument);
}

int openat64(int directory, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return openat(directory, path, flags, mode);
}

/* Into files it is a write like any other. */
ssize_t splice(int from, off_t *in, int to, off_t *out, size_t len, unsigned flags)
{
	int fault = counts(to) ? strike(CALL_WRITE) : 0;

	if (fault > 0)
		return fails(fault);
	if (fault == SHORT_WRITE && len > 1)
		len /= 2;
	return syscall(SYS_splice, from, in, to, out, len, flags);
}

ssize_t copy_file_range(int from, off_t *in, int to, off_t *out, size_t len, unsigned flags)
{
	int fault = counts(to) ? strike(CALL_COPY) : 0;

	if (fault > 0)
		return fails(fault);
	if (fault == SHORT_WRITE && len > 1)
		len /= 2;
	return syscall(SYS_copy_file_range, from, in, to, out, len, flags);
}
