/* store/home.c - see home.h.
 *
 * beneath() is the only way to a descriptor in this file; what changes names (mkdir, unlink,
 * rename) opens the parent directory that way and then acts on one last name in it, which has no
 * '/' and is neither "." nor "..", so that the kernel has no further step to take.
 *
 * Thousands of sessions of one user share one descriptor: each opens the home by its path, as if
 * there were no other, and when that leads to a directory that is open already, in the same mount,
 * takes that one. A lock guards the table of them and their counts. */
#include "store/home.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/buf.h"

/* openat2(2) gives up with EAGAIN when something was renamed or mounted while it walked over
 * "..". */
#define RACE_TRIES 64

/* Which directory it is. */
struct identity {
	uint64_t device, inode, mount;
};

/* A directory that is open, for all sessions that have it as a home. */
struct root {
	int fd; /* O_PATH */
	size_t users;
	struct identity identity;
	/* As fstat(2) tells it; it stays so while the descriptor is open. */
	dev_t device;
	ino_t inode;
	uid_t self;	   /* that we open files as */
	bool is_local;	   /* the file system writes to a disk or to memory by itself */
	struct root *next; /* in the chain of its inode */
};

struct home {
	int fd;		  /* that of root */
	uint32_t refuses; /* RESOLVE_NO_SYMLINKS, or 0 */
	struct ledger *ledger;
	struct root *root;
};

#define CHAINS 1024
static struct root *chains[CHAINS];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER; /* guards it; innermost */

void home_release_parent(struct home_parent *parent)
{
	if (parent->is_home)
		parent->fd = -1;
	parent->is_home = false;
	fd_close(&parent->fd);
}

/* openat2(2). Returns a descriptor or -errno. */
static int resolve(int root, const char *path, int flags, mode_t mode, uint64_t how_to_resolve)
{
	const struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode & 07777 : 0,
		.resolve = how_to_resolve | RESOLVE_NO_MAGICLINKS,
	};

	for (int tries = 0;; tries++) {
		long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EINTR && (errno != EAGAIN || tries >= RACE_TRIES))
			return -errno;
	}
}

static int beneath(const struct home *home, const char *path, int flags, mode_t mode)
{
	return resolve(home->fd, path, flags, mode, RESOLVE_BENEATH | home->refuses);
}

int home_check_kernel(void)
{
	const struct home here = { .fd = AT_FDCWD };
	AUTO_CLOSE int fd = beneath(&here, ".", O_PATH | O_DIRECTORY, 0);

	/* EPERM: a container's seccomp filter that does not know the call. */
	return fd == -ENOSYS || fd == -EPERM ? -ENOSYS : 0;
}

/* -EINVAL when path ends in '/' or is empty, -EBUSY for "." and "..". */
int home_open_parent(const struct home *home, const char *path, struct home_parent *ret)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char parent[PATH_MAX];

	if (*name == '\0')
		return -EINVAL;
	if (text_equal(text_of(name), T(".")) || text_equal(text_of(name), T("..")))
		return -EBUSY;
	if (!slash) {
		*ret = (struct home_parent){ home->fd, true, name };
		return 0;
	}

	/* The slash goes along: that of "/name" is the parent itself, and leads out of the home. */
	int r = text_copy((struct text){ path, (size_t)(slash - path) + 1 }, parent,
			  sizeof(parent));

	if (r < 0)
		return r;

	int fd = beneath(home, parent, O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	*ret = (struct home_parent){ fd, false, name };
	return 0;
}

/* Makes the directories of path that are missing, one after the other. */
static int make_directories(const struct home *root, const char *path)
{
	char part[PATH_MAX];
	int r = text_copy(text_of(path), part, sizeof(part));

	for (char *at = part; r == 0 && *at != '\0';) {
		at += strcspn(at, "/");

		char end = *at;

		*at = '\0';
		r = home_mkdir(root, part, 0700);
		if (r == -EEXIST)
			r = 0;
		*at = end;
		at += strspn(at, "/");
	}
	return r;
}

/* A home below data_root; a missing one is made. Returns a descriptor or -errno. */
static int open_relative(int data_root, const char *path)
{
	const struct home root = { .fd = data_root, .refuses = RESOLVE_NO_SYMLINKS };
	int fd = beneath(&root, path, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd;

	int r = make_directories(&root, path);

	return r < 0 ? r : beneath(&root, path, O_PATH | O_DIRECTORY, 0);
}

/* data_root does not matter to an absolute path; but the sandbox of a worker refuses what starts at
 * the working directory. */
static int open_absolute(int data_root, const char *path)
{
	return resolve(data_root, path, O_PATH | O_DIRECTORY, 0, 0);
}

/* Mounts have numbers since Linux 5.8; before, and where there is no inode, nothing is shared. */
static bool identify(int fd, struct identity *ret)
{
	unsigned wanted = STATX_INO | STATX_MNT_ID;
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, wanted, &st) < 0 || (st.stx_mask & wanted) != wanted)
		return false;
	*ret = (struct identity){
		.device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor,
		.inode = st.stx_ino,
		.mount = st.stx_mnt_id,
	};
	return true;
}

static struct root **chain_of(const struct identity *identity)
{
	return &chains[(identity->inode ^ identity->inode >> 10) % CHAINS];
}

static struct root *find_locked(const struct identity *identity)
{
	struct root *root = *chain_of(identity);

	while (root && memcmp(&root->identity, identity, sizeof(*identity)) != 0)
		root = root->next;
	return root;
}

/* Others may send what is written to another machine or process, when the file is closed. */
static bool is_local(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	default:
		return false;
	}
}

static struct root *new_root(int *fd)
{
	struct root *root = calloc(1, sizeof(*root));
	struct stat st;

	if (!root || fstat(*fd, &st) < 0) {
		free(root);
		return NULL;
	}
	root->device = st.st_dev;
	root->inode = st.st_ino;
	root->self = geteuid();
	root->is_local = is_local(*fd);
	root->fd = fd_take(fd);
	root->users = 1;
	return root;
}

/* The root of this directory; fd is taken when there was none. NULL: no memory. */
static struct root *share_locked(int *fd, const struct identity *identity)
{
	struct root *root = find_locked(identity);

	if (root) {
		root->users++;
		return root;
	}
	root = new_root(fd);
	if (root) {
		root->identity = *identity;
		root->next = *chain_of(identity);
		*chain_of(identity) = root;
	}
	return root;
}

static struct root *open_root(int *fd)
{
	struct identity identity;

	if (!identify(*fd, &identity))
		return new_root(fd);
	(void)pthread_mutex_lock(&table_lock);
	struct root *root = share_locked(fd, &identity);
	(void)pthread_mutex_unlock(&table_lock);
	return root;
}

static void close_root(struct root *root)
{
	(void)pthread_mutex_lock(&table_lock);
	bool is_last = --root->users == 0;
	struct root **at = chain_of(&root->identity);
	while (is_last && *at && *at != root)
		at = &(*at)->next;
	if (is_last && *at)
		*at = root->next;
	(void)pthread_mutex_unlock(&table_lock);
	if (is_last) {
		fd_close(&root->fd);
		free(root);
	}
}

/* Takes *fd, which may be -errno, unless the directory is open already. */
static int make_home(int *fd, uint32_t refuses, struct home **ret)
{
	if (*fd < 0)
		return *fd;

	struct home *home = calloc(1, sizeof(*home));

	if (!home)
		return -ENOMEM;
	home->root = open_root(fd);
	if (!home->root) {
		free(home);
		return -ENOMEM;
	}
	home->fd = home->root->fd;
	home->refuses = refuses;
	*ret = home;
	return 0;
}

static int open_home(int data_root, const char *path, uint32_t refuses, struct home **ret)
{
	if (*path == '\0')
		return -EINVAL;

	AUTO_CLOSE int fd =
		*path == '/' ? open_absolute(data_root, path) : open_relative(data_root, path);

	return make_home(&fd, refuses, ret);
}

int home_open_in_root(int data_root, const char *path, size_t root_len, bool is_strict,
		      struct home **ret)
{
	char root_path[PATH_MAX];
	int r = text_copy((struct text){ path, root_len }, root_path, sizeof(root_path));

	if (r < 0)
		return r;

	AUTO_CLOSE int root_fd = open_absolute(data_root, root_path);
	const struct home root = { .fd = root_fd, .refuses = RESOLVE_NO_SYMLINKS };
	const char *rest = path + root_len + strspn(path + root_len, "/");

	if (root_fd < 0)
		return root_fd;

	AUTO_CLOSE int fd = beneath(&root, *rest ? rest : ".", O_PATH | O_DIRECTORY, 0);

	return make_home(&fd, is_strict ? RESOLVE_NO_SYMLINKS : 0, ret);
}

int home_open(int data_root, const char *path, struct home **ret)
{
	return open_home(data_root, path, 0, ret);
}

int home_open_strict(int data_root, const char *path, struct home **ret)
{
	return open_home(data_root, path, RESOLVE_NO_SYMLINKS, ret);
}

int home_find(int data_root, const char *path, struct home **ret)
{
	const struct home root = { .fd = data_root };
	AUTO_CLOSE int fd = *path == '/' ? open_absolute(data_root, path)
					 : beneath(&root, path, O_PATH | O_DIRECTORY, 0);

	return make_home(&fd, RESOLVE_NO_SYMLINKS, ret);
}

void home_count(struct home *home, struct ledger *ledger)
{
	home->ledger = ledger;
}

struct ledger *home_ledger(const struct home *home)
{
	return home->ledger;
}

bool home_is_strict(const struct home *home)
{
	return home->refuses & RESOLVE_NO_SYMLINKS;
}

void home_free(struct home **home)
{
	if (!*home)
		return;
	close_root((*home)->root);
	free(*home);
	*home = NULL;
}

int home_openat(const struct home *home, const char *path, int flags, mode_t mode, int *ret_fd)
{
	/* openat2(2) refuses what O_PATH would ignore. */
	int extra = flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY;
	int fd = beneath(home, path, flags | extra, mode);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

int home_open_file(const struct home *home, const char *path, int flags, mode_t mode, int *ret_fd,
		   struct stat *ret_stat)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r = home_openat(home, path, flags, mode, &fd);

	/* A FIFO that nobody reads, a socket, a device without a driver. */
	if (r == -ENXIO || r == -ENODEV)
		return -EINVAL;
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (ret_stat)
		*ret_stat = st;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* A name in the home itself, or the home: unless it is a link, the kernel has no step to take from
 * there, and one call tells all. */
static bool is_in_home(const char *path)
{
	return !strchr(path, '/') && strcmp(path, "..") != 0;
}

static int stat_with(const struct home *home, const char *path, int flags, struct stat *ret)
{
	struct stat st;

	if (is_in_home(path)) {
		if (fstatat(home->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		if (!S_ISLNK(st.st_mode) || flags & O_NOFOLLOW) {
			*ret = st;
			return 0;
		}
	}

	AUTO_CLOSE int fd = beneath(home, path, O_PATH | flags, 0);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = st;
	return 0;
}

/* A directory of ours in the home: what its owner may do, its mode alone decides; not over a
 * network, where the server decides. */
static bool is_plainly_ours(const struct home *home, const char *path)
{
	struct stat st;

	return is_in_home(path) && home->root->is_local &&
	       fstatat(home->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == home->root->self && st.st_mode & S_IXUSR;
}

int home_stat(const struct home *home, const char *path, struct stat *ret)
{
	return stat_with(home, path, 0, ret);
}

int home_lstat(const struct home *home, const char *path, struct stat *ret)
{
	return stat_with(home, path, O_NOFOLLOW, ret);
}

int home_enter(const struct home *home, const char *path)
{
	char inside[PATH_MAX];
	struct buf name;
	struct stat st;

	/* The dot in it: a directory that may not be entered says so there. */
	if (text_equal(text_of(path), T(".")))
		return fstatat(home->fd, ".", &st, 0) < 0 ? -errno : 0;
	if (is_plainly_ours(home, path))
		return 0;
	buf_init(&name, inside, sizeof(inside));
	buf_add(&name, text_of(path));
	buf_add(&name, T("/."));
	if (name.has_overflowed)
		return -ENAMETOOLONG;

	AUTO_CLOSE int fd = beneath(home, inside, O_PATH | O_DIRECTORY, 0);

	return MIN_OF(fd, 0);
}

int home_mkdir(const struct home *home, const char *path, mode_t mode)
{
	AUTO_HOME_PARENT struct home_parent place = { .fd = -1 };
	int r = home_open_parent(home, path, &place);

	if (r < 0)
		return r;
	return mkdirat(place.fd, place.name, mode) < 0 ? -errno : 0;
}

int home_rmdir(const struct home *home, const char *path)
{
	AUTO_HOME_PARENT struct home_parent place = { .fd = -1 };
	int r = home_open_parent(home, path, &place);

	if (r < 0)
		return r;
	return unlinkat(place.fd, place.name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int home_unlink(const struct home *home, const char *path)
{
	AUTO_HOME_PARENT struct home_parent place = { .fd = -1 };
	int r = home_open_parent(home, path, &place);

	return r < 0 ? r : ledger_unlink(home->ledger, place.fd, place.name);
}

int home_rename(const struct home *home, const char *from, const char *to, bool may_replace)
{
	AUTO_HOME_PARENT struct home_parent source = { .fd = -1 }, target = { .fd = -1 };
	int r = home_open_parent(home, from, &source);

	if (r < 0)
		return r;
	r = home_open_parent(home, to, &target);
	if (r < 0)
		return r;
	const struct ledger_rename what = { source.fd, target.fd, source.name, target.name,
					    may_replace };

	return ledger_rename(home->ledger, &what);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool is_root(const struct home *home, const struct stat *st)
{
	return st->st_ino == home->root->inode && st->st_dev == home->root->device;
}

/* From the directory upwards: the kernel knows a parent for each, wherever it was moved. */
static int climb(const struct home *home, int directory)
{
	AUTO_CLOSE int at = -1;
	struct stat here, above;

	if (fstat(directory, &here) < 0)
		return -errno;
	for (int depth = 0; depth < PATH_MAX; depth++) {
		if (is_root(home, &here))
			return depth;

		int fd = openat(at < 0 ? directory : at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return -errno;
		fd_close(&at);
		at = fd;
		if (fstat(at, &above) < 0)
			return -errno;
		if (is_same(&here, &above))
			break; /* the root of all */
		here = above;
	}
	return -ESTALE;
}

/* Nearly always it is where it was, and not deep. Only who climbs step by step can tell that it
 * lies elsewhere: a directory may be moved between two of these looks. */
int home_depth(const struct home *home, int directory, unsigned likely)
{
	static const char *const above[] = { ".", "..", "../..", "../../..", "../../../.." };
	struct stat st;

	for (unsigned i = 0; i < ARRAY_SIZE(above); i++) {
		unsigned depth = (likely + i) % ARRAY_SIZE(above);

		if (fstatat(directory, above[depth], &st, 0) == 0 && is_root(home, &st))
			return (int)depth;
	}
	return climb(home, directory);
}

bool home_reports_late(const struct home *home, dev_t device)
{
	/* Its number is nobody else's while the home is open. */
	return !home->root->is_local || home->root->device != device;
}

int home_readlink(const struct home *home, const char *path, char *ret, size_t size)
{
	AUTO_CLOSE int fd = beneath(home, path, O_PATH | O_NOFOLLOW, 0);
	char target[PATH_MAX];

	if (fd < 0)
		return fd;

	ssize_t n = readlinkat(fd, "", target, sizeof(target));

	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* ENOENT: it is not a link */
	return text_copy((struct text){ target, (size_t)n }, ret, size);
}
