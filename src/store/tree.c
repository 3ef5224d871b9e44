/* store/tree.c - see tree.h. */
#include "store/tree.h"

#include <dirent.h>
#include <fcntl.h>

struct walk {
	const struct home *home;
	tree_visit visit;
	void *arg;
	struct ledger *ledger;
	bool removes;
	uint64_t bytes;
};

static int visit_directory(struct walk *walk, int parent, const char *name, unsigned depth);

static int visit_entry(struct walk *walk, int directory, const char *name, unsigned depth)
{
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno; /* gone meanwhile */
	if (S_ISDIR(st.st_mode)) {
		int r = visit_directory(walk, directory, name, depth + 1);
		if (r == 0 && walk->removes && unlinkat(directory, name, AT_REMOVEDIR) < 0)
			r = -errno;
		return r;
	}
	if (S_ISREG(st.st_mode))
		walk->bytes += (uint64_t)st.st_size;
	return walk->removes ? ledger_unlink(walk->ledger, directory, name) : 0;
}

/* Whether the walk still goes on beneath the home. Asked before each removal: a directory that is
 * moved away takes along what is in it. */
static int check_place(const struct walk *walk, int fd)
{
	int r = home_depth(walk->home, fd, 0);

	return MIN_OF(r, 0);
}

/* Takes fd. */
static int visit_children(struct walk *walk, int fd, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *item;
	int r = 0;

	if (!dir) {
		r = -errno;
		fd_close(&fd);
		return r;
	}
	r = check_place(walk, fd);
	while (r == 0 && (item = readdir(dir)) != NULL) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		r = walk->visit ? walk->visit(walk->arg, item->d_name) : 0;
		if (r == 0 && walk->removes)
			r = check_place(walk, dirfd(dir));
		if (r == 0)
			r = visit_entry(walk, dirfd(dir), item->d_name, depth);
		else if (r > 0)
			r = 0;
	}
	(void)closedir(dir);
	return r;
}

static int visit_directory(struct walk *walk, int parent, const char *name, unsigned depth)
{
	if (depth > TREE_MAX_DEPTH)
		return -ELOOP;
	/* Not through a link that was put there meanwhile. */
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : visit_children(walk, fd, depth);
}

int home_make_directories(const struct home *home, const char *path, mode_t mode)
{
	char part[4096];
	struct stat st;

	for (const char *p = path; *p; p++) {
		if (*p != '/')
			continue;
		int r = text_copy((struct text){ path, (size_t)(p - path) }, part, sizeof(part));
		if (r == 0)
			r = home_mkdir(home, part, mode);
		if (r < 0 && r != -EEXIST)
			return r;
	}
	int r = home_mkdir(home, path, mode);
	if (r != -EEXIST)
		return r;
	r = home_stat(home, path, &st);
	return r == 0 && !S_ISDIR(st.st_mode) ? -EEXIST : r;
}

int home_remove_tree(const struct home *home, const char *path, tree_visit visit, void *arg)
{
	struct walk walk = { .home = home,
			     .visit = visit,
			     .arg = arg,
			     .removes = true,
			     .ledger = home_ledger(home) };
	struct stat st;
	int fd = -1;
	int r = home_lstat(home, path, &st);

	if (r == 0 && !S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	if (r == 0)
		r = home_openat(home, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd);
	if (r == 0)
		r = visit_children(&walk, fd, 0);
	return r == 0 ? home_rmdir(home, path) : r;
}

int home_tree_bytes(const struct home *home, const char *path, tree_visit visit, void *arg,
		    uint64_t *ret_bytes)
{
	struct walk walk = { .home = home, .visit = visit, .arg = arg };
	struct stat st;
	int fd = -1;
	int r = home_stat(home, path, &st);

	if (r == 0 && !S_ISDIR(st.st_mode)) {
		*ret_bytes = (uint64_t)st.st_size;
		return 0;
	}
	if (r == 0)
		r = home_openat(home, path, O_RDONLY | O_DIRECTORY, 0, &fd);
	if (r == 0)
		r = visit_children(&walk, fd, 0);
	if (r == 0)
		*ret_bytes = walk.bytes;
	return r;
}

/* --- all files -------------------------------------------------------------------------------- */

/* The open directories from the root of the walk down to where it is: users may nest them deeper
 * than a thread's stack would bear. */
struct levels {
	DIR **dirs;
	size_t n, room;
};

static int descend(struct levels *levels, int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES || errno == ENOENT ? 0 : -errno;
	if (levels->n == levels->room) {
		size_t room = levels->room ? 2 * levels->room : 32;
		DIR **dirs = reallocarray(levels->dirs, room, sizeof(DIR *));

		if (!dirs) {
			fd_close(&fd);
			return -ENOMEM;
		}
		levels->dirs = dirs;
		levels->room = room;
	}
	levels->dirs[levels->n] = fdopendir(fd);
	if (!levels->dirs[levels->n]) {
		fd_close(&fd);
		return -ENOMEM;
	}
	levels->n++;
	return 0;
}

static int visit_file(struct levels *levels, const struct dirent *item,
		      int (*each)(void *arg, const struct stat *file), void *arg)
{
	int directory = dirfd(levels->dirs[levels->n - 1]);
	struct stat st;

	if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
		return 0;
	if (fstatat(directory, item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return descend(levels, directory, item->d_name);
	return S_ISREG(st.st_mode) ? each(arg, &st) : 0;
}

int tree_files(int directory, int (*each)(void *arg, const struct stat *file), void *arg)
{
	struct levels levels = { 0 };
	int r = descend(&levels, directory, ".");

	while (r == 0 && levels.n > 0) {
		const struct dirent *item = readdir(levels.dirs[levels.n - 1]);

		if (item)
			r = visit_file(&levels, item, each, arg);
		else
			(void)closedir(levels.dirs[--levels.n]);
	}
	while (levels.n > 0)
		(void)closedir(levels.dirs[--levels.n]);
	free(levels.dirs);
	return r;
}
