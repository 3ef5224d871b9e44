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
	AUTO_HOME_PARENT struct home_parent parent = { .fd = -1 };
	char relative[8192];
	struct buf text;
	int r = home_open_parent(home, path, &parent);

	if (r < 0)
		return r;
	/* Not as deep as the path says: a link on the way may lead upwards. */
	int depth = home_depth(home, parent.fd, 0);

	if (depth < 0)
		return depth;
	buf_init(&text, relative, sizeof(relative));
	while (depth-- > 0)
		buf_add(&text, T("../"));
	buf_add(&text, text_of(target));
	buf_add_char(&text, '\0');
	if (text.has_overflowed)
		return -ENAMETOOLONG;
	return symlinkat(relative, parent.fd, parent.name) < 0 ? -errno : 0;
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
