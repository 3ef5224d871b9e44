/* store/leftovers.c - see leftovers.h. */
#include "store/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/clock.h"
#include "store/tree.h"

#define PATH_SIZE ((size_t)8192)

static bool is_locked(int directory, const char *name)
{
	AUTO_CLOSE int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int visit_leftover(struct leftover_walk *walk, int directory, const char *name,
			  const char *path)
{
	struct text final;
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0; /* gone meanwhile, or none of ours */

	struct leftover found = {
		.path = path,
		.kind = partial_final_name(text_of(name), &final) ? LEFTOVER_PARTIAL
								  : LEFTOVER_TEMPORARY,
		.size_bytes = (uint64_t)st.st_size,
		.mtime_s = st.st_mtime,
		.is_in_use = is_locked(directory, name),
		.is_expired = clock_wall_ms() / 1000 - st.st_mtime >= (int64_t)walk->max_age_s,
	};
	if (walk->removes && found.is_expired)
		found.is_removed =
			partial_expire(walk->ledger, directory, name, walk->max_age_s) == 0;
	walk->n_found++;
	walk->bytes_found += found.size_bytes;
	if (found.is_removed) {
		walk->n_removed++;
		walk->bytes_removed += found.size_bytes;
	}
	return walk->visit ? walk->visit(walk->arg, &found) : 0;
}

static int walk_directory(struct leftover_walk *walk, int fd, char path[static PATH_SIZE],
			  size_t len, unsigned depth);

static int visit_entry(struct leftover_walk *walk, DIR *dir, const struct dirent *item,
		       char path[static PATH_SIZE], size_t len, unsigned depth)
{
	const char *name = item->d_name;
	int n = snprintf(path + len, PATH_SIZE - len, "%s%s", len > 0 ? "/" : "", name);

	if (n < 0 || (size_t)n >= PATH_SIZE - len)
		return 0;
	if (partial_is_reserved(text_of(name)))
		return visit_leftover(walk, dirfd(dir), name, path);
	if (item->d_type != DT_DIR && item->d_type != DT_UNKNOWN)
		return 0;
	int fd = openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return walk_directory(walk, fd, path, len + (size_t)n, depth + 1);
	walk->n_unreadable += errno == EACCES || errno == EMFILE || errno == ENFILE;
	return 0;
}

/* Takes fd. */
static int walk_directory(struct leftover_walk *walk, int fd, char path[static PATH_SIZE],
			  size_t len, unsigned depth)
{
	DIR *dir = depth > TREE_MAX_DEPTH ? NULL : fdopendir(fd);
	const struct dirent *item;
	int r = 0;

	if (!dir) {
		fd_close(&fd);
		walk->n_unreadable++;
		return 0;
	}
	while (r == 0 && (item = readdir(dir)) != NULL) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		r = walk->pause ? walk->pause(walk->arg) : 0;
		if (r == 0)
			r = visit_entry(walk, dir, item, path, len, depth);
	}
	(void)closedir(dir);
	return r;
}

int leftovers_walk(struct leftover_walk *walk, int directory)
{
	char path[PATH_SIZE] = "";
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : walk_directory(walk, fd, path, 0, 0);
}
