/* store/ledger.c - see ledger.h. */
#include "store/ledger.h"

#include <fcntl.h>
#include <stdio.h>

#include "store/tree.h"

#define HOLD_TRIES 16

int ledger_enter(struct ledger *l, int directory, int other, bool adds)
{
	if (!l)
		return 0;
	l->directories[0] = directory;
	l->directories[1] = other;
	l->is_counting = false;
	if (!l->calls->is_on(l))
		return 0;

	int r = l->calls->enter(l, l->directories, adds);

	l->is_counting = r == 0;
	return r;
}

void ledger_leave(struct ledger *l)
{
	if (!l)
		return;
	if (l->is_counting) {
		l->is_counting = false;
		l->calls->leave(l);
		return;
	}
	/* Somebody has begun to count, and may have done so before or after our change. */
	for (size_t i = 0; i < 2 && l->calls->is_on(l); i++)
		if (l->directories[i] >= 0)
			l->calls->doubt(l, l->directories[i]);
}

static bool counts(const struct ledger *l)
{
	return l && l->is_counting;
}

int ledger_may_create(struct ledger *l, const struct stat *replaces)
{
	return counts(l) ? l->calls->may_create(l, replaces) : 0;
}

void ledger_adopt(struct ledger *l, const struct stat *file, bool is_new,
		  const struct stat *replaces)
{
	if (counts(l))
		l->calls->adopt(l, file, is_new, replaces);
}

int ledger_may_replace(struct ledger *l, const struct stat *now)
{
	return counts(l) ? l->calls->may_replace(l, now) : 0;
}

uint64_t ledger_may_keep(struct ledger *l)
{
	return counts(l) ? l->calls->may_keep(l) : UINT64_MAX;
}

void ledger_settle(struct ledger *l, uint64_t bytes, uint64_t files)
{
	if (counts(l))
		l->calls->settle(l, bytes, files);
}

void ledger_removed(struct ledger *l, const struct stat *file)
{
	if (counts(l))
		l->calls->removed(l, 0, file);
}

int ledger_grow(struct ledger *l, uint64_t bytes, uint64_t *ret_bytes)
{
	*ret_bytes = bytes;
	return l && l->calls->is_on(l) ? l->calls->grow(l, bytes, ret_bytes) : 0;
}

/* An open descriptor keeps the blocks of what is removed until it is closed: freeing those of a
 * large file takes its time, and others wait for the section. */
static int look(int directory, const char *name, struct stat *ret, int *ret_fd)
{
	int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

int ledger_unlink(struct ledger *l, int directory, const char *name)
{
	AUTO_CLOSE int held = -1;
	struct stat st = { 0 };
	int r = ledger_enter(l, directory, -1, false);

	if (r < 0)
		return r;
	bool is_seen = counts(l) && look(directory, name, &st, &held) == 0;
	r = unlinkat(directory, name, 0) < 0 ? -errno : 0;
	if (r == 0 && is_seen && S_ISREG(st.st_mode))
		ledger_removed(l, &st);
	ledger_leave(l);
	return r;
}

/* --- renaming --------------------------------------------------------------------------------- */

/* Some file systems (NFS, a few of FUSE) know no RENAME_NOREPLACE and say EINVAL. Looking first
 * is the best that is left there; a file that appears between the two calls is replaced. */
static int rename_after_look(const struct ledger_rename *what)
{
	struct stat st;

	if (fstatat(what->to_directory, what->to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	if (errno != ENOENT)
		return -errno;
	return renameat(what->from_directory, what->from, what->to_directory, what->to) < 0 ? -errno
											    : 0;
}

static int rename_now(const struct ledger_rename *what)
{
	if (renameat2(what->from_directory, what->from, what->to_directory, what->to,
		      what->may_replace ? 0 : RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL && !what->may_replace)
		return rename_after_look(what);
	return -errno;
}

/* 1: a directory that would come to count elsewhere; nothing was done. */
static int rename_in_section(struct ledger *l, const struct ledger_rename *what)
{
	AUTO_CLOSE int source = -1, target = -1;
	struct stat from = { 0 }, to = { 0 };
	struct ledger_amount amount = { 0, 0 };
	int r = look(what->from_directory, what->from, &from, &source);

	if (r < 0)
		return r;
	bool replaces = look(what->to_directory, what->to, &to, &target) == 0;
	/* Two names of one file: rename(2) then leaves both. */
	bool is_same = replaces && from.st_ino == to.st_ino && from.st_dev == to.st_dev;

	if (S_ISDIR(from.st_mode) && !l->calls->is_one_set(l))
		return 1;
	replaces = replaces && S_ISREG(to.st_mode);
	if (S_ISREG(from.st_mode)) {
		amount = l->calls->amount(l, &from);
		r = is_same ? 0 : l->calls->may_move(l, &amount, replaces ? &to : NULL);
	}
	if (r == 0)
		r = rename_now(what);
	if (r < 0 || is_same)
		return r;
	if (replaces)
		l->calls->removed(l, 1, &to);
	l->calls->moved(l, &amount, S_ISREG(from.st_mode) ? &from : NULL);
	return 0;
}

struct content {
	struct ledger *ledger;
	struct ledger_amount amount;
};

static int add_content(void *arg, const struct stat *file)
{
	struct content *content = arg;

	content->amount.bytes += (uint64_t)file->st_size;
	content->amount.files++;
	return content->ledger->calls->is_growing(content->ledger, file) ? -ETXTBSY : 0;
}

/* While the trees on both sides are held, so that what was added up stays so. */
static int move_held(struct ledger *l, const struct ledger_rename *what)
{
	struct content content = { .ledger = l };
	AUTO_CLOSE int fd = openat(what->from_directory, what->from,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : tree_files(fd, add_content, &content);

	if (r == 0)
		r = ledger_enter(l, what->from_directory, what->to_directory, true);
	if (r < 0)
		return r;
	r = l->calls->may_move(l, &content.amount, NULL);
	if (r == 0)
		r = rename_now(what);
	if (r == 0)
		l->calls->moved(l, &content.amount, NULL);
	ledger_leave(l);
	return r;
}

static int move_directory(struct ledger *l, const struct ledger_rename *what)
{
	const int directories[2] = { what->from_directory, what->to_directory };
	int r = -EAGAIN;

	for (int tries = 0; r == -EAGAIN && tries < HOLD_TRIES; tries++) {
		/* What has to be counted is counted here: not while we hold it ourselves. */
		r = ledger_enter(l, directories[0], directories[1], true);
		if (r < 0)
			return r;
		ledger_leave(l);
		r = l->calls->hold(l, directories);
		if (r < 0)
			return r;
		r = move_held(l, what);
		l->calls->release(l);
	}
	return r;
}

int ledger_rename(struct ledger *l, const struct ledger_rename *what)
{
	int r = ledger_enter(l, what->from_directory, what->to_directory, false);

	if (r == 0 && counts(l) && !l->calls->is_one_set(l)) {
		ledger_leave(l);
		r = ledger_enter(l, what->from_directory, what->to_directory, true);
	}
	if (r < 0)
		return r;
	r = counts(l) ? rename_in_section(l, what) : rename_now(what);
	ledger_leave(l);
	return r > 0 ? move_directory(l, what) : r;
}
