/* store/attributes.c - see attributes.h. */
#include "store/attributes.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include "base/buf.h"

/* A descriptor that fchmod(2) takes: one for reading, or else for writing. */
static int open_for_change(const struct home *home, const char *path, int *ret_fd)
{
	int r = home_openat(home, path, O_RDONLY, 0, ret_fd);

	return r == -EACCES ? home_openat(home, path, O_WRONLY, 0, ret_fd) : r;
}

int home_set_mode(const struct home *home, const char *path, mode_t mode)
{
	AUTO_CLOSE int fd = -1;

	if (mode & ~(mode_t)0777)
		return -EPERM;
	int r = open_for_change(home, path, &fd);
	if (r < 0)
		return r;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

int home_set_mtime(const struct home *home, const char *path, int64_t mtime_s)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = mtime_s } };
	AUTO_CLOSE int fd = -1;
	int r = home_openat(home, path, O_PATH, 0, &fd);

	if (r < 0)
		return r;
	return utimensat(fd, "", times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

int home_symlink(const struct home *home, const char *target, const char *path)
{
	AUTO_CLOSE int parent = -1;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char directory[4096] = ".", relative[8192];
	struct buf text;

	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EBUSY;
	buf_init(&text, relative, sizeof(relative));
	for (const char *p = path; *p; p++)
		if (*p == '/')
			buf_add(&text, T("../"));
	buf_add(&text, text_of(target));
	if (text.has_overflowed)
		return -ENAMETOOLONG;
	if (slash) {
		int r = text_copy((struct text){ path, (size_t)(slash - path) }, directory,
				  sizeof(directory));
		if (r < 0)
			return r;
	}
	int r = home_openat(home, directory, O_PATH | O_DIRECTORY, 0, &parent);
	if (r < 0)
		return r;
	return symlinkat(relative, parent, name) < 0 ? -errno : 0;
}

int home_free_bytes(const struct home *home, const char *path, uint64_t *ret)
{
	AUTO_CLOSE int fd = -1;
	struct statvfs vfs;
	int r = home_openat(home, path, O_PATH, 0, &fd);

	if (r < 0)
		return r;
	if (fstatvfs(fd, &vfs) < 0)
		return -errno;
	*ret = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	return 0;
}
