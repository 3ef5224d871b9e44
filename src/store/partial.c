/* store/partial.c - see partial.h. */
#include "store/partial.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/random.h"
#include "ftp/digest.h"

#define PARTIAL_END ".sallyport-part"
#define TEMPORARY_END ".sallyport-temp"
#define TEMPORARY_RANDOM ".00000000"
#define MAX_LINKS 16

/* --- places ----------------------------------------------------------------------------------- */

/* Where the link at the last name of `at` leads, as a path beneath the home; the kernel still
 * resolves every step of it. 0: not a link. 1: *at is the new path. A strict home has been asked
 * about this very name: a link there is a new one, and leads where nobody has asked. */
static int follow_link(const struct home *home, int directory, const char *name,
		       char at[static PATH_MAX])
{
	char target[PATH_MAX], joined[PATH_MAX * 2];
	ssize_t n = readlinkat(directory, name, target, sizeof(target));

	if (n < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : -errno;
	if (home_is_strict(home))
		return -ELOOP;
	if (target[0] == '/')
		return -EXDEV;

	int len =
		snprintf(joined, sizeof(joined), "%.*s%.*s", (int)(name - at), at, (int)n, target);

	if (len < 0 || (size_t)len >= sizeof(joined))
		return -ENAMETOOLONG;

	int r = text_copy((struct text){ joined, (size_t)len }, at, PATH_MAX);

	return r < 0 ? r : 1;
}

/* Takes the parent. */
static int take_parent(struct home_parent *parent, struct partial_place *ret)
{
	int r = text_copy(text_of(parent->name), ret->name, sizeof(ret->name));

	if (r < 0)
		return r;
	ret->directory = fd_take(&parent->fd);
	ret->is_home = parent->is_home;
	return 0;
}

int partial_find_place(const struct home *home, const char *path, struct partial_place *ret)
{
	char at[PATH_MAX];
	int r = text_copy(text_of(path), at, sizeof(at));

	for (int links = 0; r >= 0 && links < MAX_LINKS; links++) {
		AUTO_HOME_PARENT struct home_parent parent = { .fd = -1 };

		r = home_open_parent(home, at, &parent);
		if (r < 0)
			return r;
		r = follow_link(home, parent.fd, parent.name, at);
		if (r <= 0)
			return r < 0 ? r : take_parent(&parent, ret);
	}
	return r < 0 ? r : -ELOOP;
}

int partial_take_place(const struct home *home, const char *path, struct partial_place *ret)
{
	AUTO_HOME_PARENT struct home_parent parent = { .fd = -1 };
	int r = home_open_parent(home, path, &parent);

	return r < 0 ? r : take_parent(&parent, ret);
}

void partial_release_place(struct partial_place *place)
{
	struct home_parent parent = { .fd = place->directory, .is_home = place->is_home };

	home_release_parent(&parent);
	place->directory = -1;
	place->is_home = false;
}

/* --- names ------------------------------------------------------------------------------------ */

static int short_form(const char *name, char ret[static 33])
{
	struct digest *digest = digest_new(DIGEST_SHA256);
	char storage[80];
	struct buf hex;

	if (!digest)
		return -ENOMEM;
	buf_init(&hex, storage, sizeof(storage));
	digest_add(digest, name, strlen(name));
	digest_finish(digest, &hex);
	digest_free(&digest);
	return text_copy((struct text){ storage, 32 }, ret, 33);
}

static int make_name(const char *name, const char *middle, const char *end,
		     char ret[static PARTIAL_NAME_SIZE])
{
	char digits[33];

	/* Also with the longer end of a temporary: the two then speak of the same name. */
	if (strlen(name) > PARTIAL_NAME_SIZE - 1 - strlen("." TEMPORARY_RANDOM TEMPORARY_END)) {
		int r = short_form(name, digits);

		if (r < 0)
			return r;
		name = digits;
	}

	struct buf out;

	buf_init(&out, ret, PARTIAL_NAME_SIZE);
	buf_add_char(&out, '.');
	buf_add(&out, text_of(name));
	buf_add(&out, text_of(middle));
	buf_add(&out, text_of(end));
	return out.has_overflowed ? -ENAMETOOLONG : 0;
}

int partial_name(const char *name, char ret[static PARTIAL_NAME_SIZE])
{
	return make_name(name, "", PARTIAL_END, ret);
}

int partial_temporary_name(const char *name, char ret[static PARTIAL_NAME_SIZE])
{
	char middle[sizeof(TEMPORARY_RANDOM)];

	(void)snprintf(middle, sizeof(middle), ".%08" PRIx32, random_below(UINT32_MAX));
	return make_name(name, middle, TEMPORARY_END, ret);
}

static bool ends_in(struct text name, struct text end)
{
	return name.len > end.len + 1 && name.ptr[0] == '.' &&
	       text_equal((struct text){ name.ptr + name.len - end.len, end.len }, end);
}

bool partial_is_reserved(struct text name)
{
	return ends_in(name, T(PARTIAL_END)) || ends_in(name, T(TEMPORARY_END));
}

bool partial_final_name(struct text name, struct text *ret)
{
	if (!ends_in(name, T(PARTIAL_END)))
		return false;
	*ret = (struct text){ name.ptr + 1, name.len - 1 - strlen(PARTIAL_END) };
	return true;
}

/* --- locks ------------------------------------------------------------------------------------ */

/* Whether the name still leads to the open file, and nothing else does. */
static int check_name(int fd, int directory, const char *name)
{
	struct stat own, named;

	if (fstat(fd, &own) < 0)
		return -errno;
	if (fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (own.st_ino != named.st_ino || own.st_dev != named.st_dev)
		return -ESTALE;
	/* A second name for it was not made by us: writing would change somebody else's file. */
	return S_ISREG(own.st_mode) && own.st_nlink == 1 ? 0 : -EINVAL;
}

static int lock(int fd)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int partial_lock(int fd, int directory, const char *name)
{
	int r = lock(fd);

	return r < 0 ? r : check_name(fd, directory, name);
}

int partial_lock_new(int fd, struct stat *ret)
{
	int r = lock(fd);

	if (fstat(fd, ret) < 0)
		return -errno;
	if (r < 0)
		return r;
	if (ret->st_nlink == 0 || ret->st_size > 0)
		return -ESTALE;
	return ret->st_nlink == 1 ? 0 : -EINVAL;
}

/* Opens a partial that nobody has, and keeps others from continuing it while it is looked at. */
static int open_idle(int directory, const char *name, int *ret_fd)
{
	AUTO_CLOSE int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP ? -ENOENT : -errno;
	while (flock(fd, LOCK_SH | LOCK_NB) < 0)
		if (errno != EINTR)
			return -errno;
	int r = check_name(fd, directory, name);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r == -ESTALE || r == -EINVAL ? -ENOENT : r;
}

int partial_take_idle(int directory, const char *name, int *ret_fd)
{
	const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	AUTO_CLOSE int fd = openat(directory, name, O_RDWR | flags); /* NFS locks no other */

	if (fd < 0 && errno == EACCES)
		fd = openat(directory, name, O_RDONLY | flags);
	if (fd < 0)
		return errno == ELOOP || errno == EISDIR ? -EINVAL : -errno;
	int r = partial_lock(fd, directory, name);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

static int find_partial(const struct home *home, const char *path, struct partial_place *ret_place,
			char ret_name[static PARTIAL_NAME_SIZE])
{
	int r = partial_find_place(home, path, ret_place);

	return r < 0 ? r : partial_name(ret_place->name, ret_name);
}

int partial_look(const struct home *home, const char *path, uint64_t *ret_bytes)
{
	AUTO_PARTIAL_PLACE struct partial_place place = { .directory = -1 };
	AUTO_CLOSE int fd = -1;
	char name[PARTIAL_NAME_SIZE];
	struct stat st;
	int r = find_partial(home, path, &place, name);

	if (r == 0)
		r = open_idle(place.directory, name, &fd);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0)
		return -ENOENT; /* of a crash before the first byte */
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}

static int remove_idle(struct ledger *ledger, int directory, const char *name)
{
	AUTO_CLOSE int fd = -1;
	int r = partial_take_idle(directory, name, &fd);

	if (r == -ESTALE || r == -EINVAL)
		return -ENOENT;
	return r < 0 ? r : ledger_unlink(ledger, directory, name);
}

int partial_forget_beside(struct ledger *ledger, int directory, const char *name)
{
	char partial[PARTIAL_NAME_SIZE];
	int r = partial_name(name, partial);

	return r < 0 ? r : remove_idle(ledger, directory, partial);
}

int partial_forget(const struct home *home, const char *path)
{
	AUTO_PARTIAL_PLACE struct partial_place place = { .directory = -1 };
	int r = partial_find_place(home, path, &place);

	return r < 0 ? r : partial_forget_beside(home_ledger(home), place.directory, place.name);
}

int partial_expire(struct ledger *ledger, int directory, const char *name, uint64_t max_age_s)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r = partial_take_idle(directory, name, &fd);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (clock_wall_ms() / 1000 - st.st_mtime < (int64_t)max_age_s)
		return -EAGAIN;
	return ledger_unlink(ledger, directory, name);
}

/* --- directories ------------------------------------------------------------------------------ */

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* 0: all that is in it can go with it. */
static int has_only_partials(DIR *dir)
{
	const struct dirent *item;

	while ((item = readdir(dir)) != NULL)
		if (!is_dots(item->d_name) && !partial_is_reserved(text_of(item->d_name)))
			return -ENOTEMPTY;
	rewinddir(dir);
	return 0;
}

static int remove_partials(const struct home *home, const char *path)
{
	const struct dirent *item;
	int fd = -1;
	int r = home_openat(home, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd);

	if (r < 0)
		return -ENOTEMPTY;

	DIR *dir = fdopendir(fd);

	if (!dir) {
		fd_close(&fd);
		return -ENOMEM;
	}
	r = has_only_partials(dir);
	while (r == 0 && (item = readdir(dir)) != NULL)
		if (!is_dots(item->d_name) &&
		    (home_depth(home, dirfd(dir), 0) < 0 ||
		     remove_idle(home_ledger(home), dirfd(dir), item->d_name) < 0))
			r = -ENOTEMPTY;
	(void)closedir(dir);
	return r;
}

int partial_rmdir(const struct home *home, const char *path)
{
	int r = home_rmdir(home, path);

	if (r == -ENOTEMPTY && remove_partials(home, path) == 0)
		r = home_rmdir(home, path);
	return r;
}
