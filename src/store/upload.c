/* store/upload.c - see upload.h. */
#include "store/upload.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "store/durable.h"

#define COPY_BYTES ((off_t)16 * 1024 * 1024)

struct upload {
	struct ledger *ledger;
	const struct home *home;	   /* borrowed */
	unsigned depth;			   /* of the directory in it, to judge by the path */
	struct partial_place place;	   /* of the final name */
	char temporary[PARTIAL_NAME_SIZE]; /* where the bytes are; empty: under the final name */
	int file;
	int old; /* the file as it was; -1: there was none */
	struct stat old_stat;
	struct stat own; /* file, as it was when it became ours */
	uint64_t start;	 /* the first byte that is written */
	uint64_t at;	 /* how far it may be written */
	bool is_durable, may_replace, is_patch;
	bool is_based;	   /* on the old content, which must not change meanwhile */
	bool is_continued; /* bytes before start were kept of an earlier upload */
	bool is_partial;   /* temporary is the name by which a partial is found again */
	bool is_created;   /* the final name, by us, in direct mode */
	bool is_settled;   /* committed or kept: nothing is to be undone */
	bool is_doubtful;  /* the disk has refused the content */
	bool is_counted;   /* file is the ledger's */
};

/* --- the old file ----------------------------------------------------------------------------- */

static int take_stat(struct stat *st, int fd)
{
	if (fstat(fd, st) < 0)
		return -errno;
	if (S_ISDIR(st->st_mode))
		return -EISDIR;
	return S_ISREG(st->st_mode) ? 0 : -EINVAL;
}

/* Opening it for writing is how the kernel tells whether it may be replaced. -ENOENT: none. */
static int open_old(struct upload *up, bool is_read)
{
	int fd = openat(up->place.directory, up->place.name,
			(is_read ? O_RDWR : O_WRONLY) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
				O_CLOEXEC);

	if (fd < 0)
		return errno == ENXIO || errno == ENODEV ? -EINVAL : -errno;

	int r = take_stat(&up->old_stat, fd);

	if (r < 0)
		fd_close(&fd);
	up->old = fd;
	return r;
}

/* One at a time changes what is there; several may replace it. */
static int lock_old(struct upload *up)
{
	while (flock(up->old, LOCK_EX | LOCK_NB) < 0)
		if (errno != EINTR)
			return errno == EWOULDBLOCK ? -ETXTBSY : -errno;
	return take_stat(&up->old_stat, up->old);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
	return is_same_file(a, b) && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The directory must still be where the user may make names. One that was moved within the home
 * takes the file along; one that has left it takes nothing. */
static int check_directory(const struct upload *up)
{
	if (up->place.is_home)
		return 0;

	int depth = home_depth(up->home, up->place.directory, up->depth);

	return MIN_OF(depth, 0);
}

/* --- where the bytes go ----------------------------------------------------------------------- */

/* What the upload is to take the place of. */
static const struct stat *replaced(const struct upload *up)
{
	return up->old >= 0 ? &up->old_stat : NULL;
}

static void settle_in_section(struct upload *up)
{
	struct stat st;
	bool is_there;

	if (up->is_counted && ledger_is_counting(up->ledger)) {
		is_there = fstat(up->file, &st) == 0 && st.st_nlink > 0;
		ledger_settle(up->ledger, is_there ? (uint64_t)st.st_size : 0, is_there);
	}
	up->is_counted = false;
}

/* The new file is ours, and locked. -EWOULDBLOCK: somebody was faster with the lock, and has it. */
static int take_created(struct upload *up)
{
	struct stat st = { 0 };
	int r = partial_lock_new(up->file, &st);

	up->own = st;
	ledger_adopt(up->ledger, &st, true, replaced(up));
	up->is_counted = true;
	if (r < 0) {
		settle_in_section(up);
		fd_close(&up->file);
	}
	return r;
}

/* Makes the file, which nothing has the name of yet. */
static int create(struct upload *up, const char *name)
{
	int r = ledger_enter(up->ledger, up->place.directory, -1, true);

	if (r < 0)
		return r;
	r = ledger_may_create(up->ledger, replaced(up));
	while (r == 0 && up->file < 0) {
		up->file = openat(up->place.directory, name,
				  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (up->file < 0 && errno != EINTR)
			r = -errno;
	}
	if (r == 0)
		r = take_created(up);
	ledger_leave(up->ledger);
	return r;
}

/* An open file, locked by us, that was there before is this upload's to count: where its name is,
 * so it must still have that one. */
static int adopt(struct upload *up, const char *name, const struct stat *replaces)
{
	struct stat st, named;
	int r = ledger_enter(up->ledger, up->place.directory, -1, false);

	if (r < 0)
		return r;
	r = fstat(up->file, &st) < 0 ? -errno : 0;
	if (fstatat(up->place.directory, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !is_same_file(&st, &named))
		r = -ESTALE;
	if (r == 0) {
		ledger_adopt(up->ledger, &st, false, replaces);
		up->own = st;
		up->is_counted = true;
	}
	ledger_leave(up->ledger);
	return r;
}

/* The file stays as it is now, or is gone. */
static void settle(struct upload *up)
{
	if (!up->is_counted || ledger_enter(up->ledger, up->place.directory, -1, false) < 0)
		return; /* the next upload of the session finds the rest and doubts it */
	settle_in_section(up);
	ledger_leave(up->ledger);
}

/* A temporary that only this upload has. */
static int open_unique(struct upload *up)
{
	for (int tries = 0; tries < 16; tries++) {
		int r = partial_temporary_name(up->place.name, up->temporary);

		if (r < 0)
			return r;
		up->is_partial = false;
		r = create(up, up->temporary);
		if (r == 0)
			return 0;
		up->temporary[0] = '\0';
		if (r != -EEXIST && r != -EWOULDBLOCK)
			return r;
	}
	return -EEXIST;
}

/* The partial of this name, when it is nobody's: 0; -EWOULDBLOCK and others when it is not. */
static int open_partial(struct upload *up)
{
	char name[PARTIAL_NAME_SIZE];
	AUTO_CLOSE int fd = -1;
	int r = partial_name(up->place.name, name);

	if (r < 0)
		return r;
	do
		fd = openat(up->place.directory, name,
			    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	r = partial_lock(fd, up->place.directory, name);
	if (r == 0 && fstat(fd, &up->own) < 0)
		r = -errno;
	if (r < 0)
		return r;
	up->file = fd_take(&fd);
	up->is_partial = true;
	return text_copy(text_of(name), up->temporary, sizeof(up->temporary));
}

static int create_partial(struct upload *up)
{
	int r = partial_name(up->place.name, up->temporary);

	if (r == 0)
		r = create(up, up->temporary);
	up->is_partial = r == 0;
	if (r < 0)
		up->temporary[0] = '\0';
	return r;
}

/* Something else has the name of the partial: a directory, a socket, a link, a file with a second
 * name, or one that is not ours to write to. */
static bool is_no_partial(int error)
{
	return error == -EINVAL || error == -ESTALE || error == -EISDIR || error == -ENXIO ||
	       error == -ENODEV || error == -EACCES || error == -EPERM;
}

/* What an earlier upload has left, from the start again: that takes no further file of a quota. An
 * empty one may have been made this moment, by an upload that has yet to lock it. It makes way for
 * a new one, and its maker sees that it has no name any more. */
static int take_over_partial(struct upload *up)
{
	int r = open_partial(up);

	if (r < 0)
		return r;
	if (up->own.st_size == 0) {
		r = ledger_unlink(up->ledger, up->place.directory, up->temporary);
		fd_close(&up->file);
		return r < 0 ? r : create_partial(up);
	}
	r = adopt(up, up->temporary, replaced(up));
	if (r == -ESTALE)
		fd_close(&up->file);
	return r == 0 && ftruncate(up->file, 0) < 0 ? -errno : r;
}

/* Beside the final name: under the partial's name, so that the bytes are found again even when this
 * process dies; or, while another upload has that, under one of its own. */
static int open_beside(struct upload *up)
{
	int created = create_partial(up);
	int r = created;

	if (created == -EEXIST || created == -EDQUOT)
		r = take_over_partial(up);
	if (r == -ENOENT)
		r = created; /* it has just gone, or was never there */
	if (r == -EWOULDBLOCK || r == -EEXIST || is_no_partial(r)) {
		up->temporary[0] = '\0';
		return open_unique(up);
	}
	return r;
}

/* Under the final name from the start. -EEXIST: somebody else was faster. */
static int open_direct(struct upload *up)
{
	int r = create(up, up->place.name);

	/* Whoever appends meanwhile is told to wait; who was faster than us as well. */
	if (r == -ESTALE)
		return -EEXIST; /* another one has taken the name before it was locked */
	if (r < 0)
		return r == -EWOULDBLOCK ? -ETXTBSY : r;
	up->is_created = true;
	return 0;
}

/* Whether the bytes are still where the upload has put them. */
static int check_temporary(const struct upload *up)
{
	struct stat named;

	if (fstatat(up->place.directory, up->temporary, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return is_same_file(&up->own, &named) ? 0 : -ESTALE;
}

/* Takes the partial's name unless another upload has it, or something that is no partial. 0: it is
 * ours. */
static int rename_to_partial(struct upload *up)
{
	char name[PARTIAL_NAME_SIZE];
	AUTO_CLOSE int other = -1;
	int r = partial_name(up->place.name, name);

	if (r < 0 || strcmp(name, up->temporary) == 0)
		return r < 0 ? r : check_temporary(up);
	r = partial_take_idle(up->place.directory, name, &other);
	if (r < 0 && r != -ENOENT)
		return r;
	const struct ledger_rename what = { up->place.directory, up->place.directory, up->temporary,
					    name, other >= 0 };

	r = ledger_rename(up->ledger, &what);
	if (r < 0)
		return r;
	up->is_partial = true;
	return text_copy(text_of(name), up->temporary, sizeof(up->temporary));
}

/* --- content of the old file ------------------------------------------------------------------ */

static int copy_range(int from, int to, off_t at, off_t end)
{
	off_t out = at;

	while (at < end) {
		ssize_t n = copy_file_range(from, &at, to, &out, (size_t)(end - at), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO; /* it has become shorter */
	}
	return 0;
}

/* The next stretch of data from *at on, at most COPY_BYTES of it. False: only a hole is left. */
static bool find_data(int from, off_t end, off_t *at, off_t *ret_end)
{
	off_t data = lseek(from, *at, SEEK_DATA);
	off_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);

	if (data < 0 && errno == ENXIO)
		return false;
	if (data < 0 || hole < 0)
		data = *at, hole = end; /* a file system that does not tell */
	*at = data;
	*ret_end = MIN_OF(MIN_OF(hole, end), data + COPY_BYTES);
	return data < end;
}

/* The first `end` bytes; holes stay holes. */
static int copy_start(const struct upload_request *request, int from, int to, off_t end)
{
	off_t at = 0, piece_end;

	while (at < end && find_data(from, end, &at, &piece_end)) {
		int r = copy_range(from, to, at, piece_end);

		if (r == 0 && request->pause)
			r = request->pause(request->arg);
		if (r < 0)
			return r;
		at = piece_end;
	}
	return ftruncate(to, end) < 0 ? -errno : 0;
}

/* --- begin ------------------------------------------------------------------------------------ */

static int seek_to(struct upload *up, uint64_t at)
{
	up->start = up->at = at;
	return lseek(up->file, (off_t)at, SEEK_SET) < 0 ? -errno : 0;
}

/* From nothing. */
static int begin_fresh(struct upload *up, const struct upload_request *request)
{
	int r = -EEXIST;

	if (up->old < 0 && !request->is_atomic)
		r = open_direct(up);
	if (r == -EEXIST && up->old < 0 && !request->is_atomic && !request->may_replace)
		return r;
	return r == -EEXIST ? open_beside(up) : r;
}

/* Behind bytes that are kept of a broken upload. */
static int begin_continued(struct upload *up, const struct upload_request *request)
{
	struct stat st;

	if (fstat(up->file, &st) < 0)
		return -errno;

	uint64_t kept = (uint64_t)st.st_size;
	uint64_t at = request->offset == UINT64_MAX ? kept : request->offset;

	up->is_continued = true;
	if (at > kept)
		return -ERANGE;

	int r = adopt(up, up->temporary, replaced(up));

	if (r < 0)
		return r == -ESTALE ? -ETXTBSY : r;
	if (ftruncate(up->file, (off_t)at) < 0)
		return -errno;
	return seek_to(up, at);
}

/* Room for so many bytes, all of them. */
static int grow(struct upload *up, uint64_t bytes)
{
	uint64_t granted;
	int r = ledger_grow(up->ledger, bytes, &granted);

	return r == 0 && granted < bytes ? -EDQUOT : r;
}

/* On a copy of the old content: all of it for a patch, else what lies before `at`. The copy gets
 * the partial's name only when it is whole: a shorter one would be continued at the wrong place
 * after a crash. */
static int begin_based(struct upload *up, const struct upload_request *request, uint64_t at)
{
	int r = open_unique(up);

	up->is_based = true;
	up->start = at; /* a shorter copy is not worth keeping */
	if (r == 0)
		r = grow(up, up->is_patch ? (uint64_t)up->old_stat.st_size : at);
	if (r == 0)
		r = copy_start(request, up->old, up->file,
			       up->is_patch ? up->old_stat.st_size : (off_t)at);
	if (r == 0)
		r = check_directory(up); /* the copy may have taken long */
	/* Without that name it is not found again if this process dies; nothing else is lost. */
	if (r == 0 && !up->is_patch)
		(void)!rename_to_partial(up);
	return r == 0 ? seek_to(up, at) : r;
}

/* At the very end of the file itself. */
static int begin_in_place(struct upload *up, uint64_t at)
{
	up->file = fcntl(up->old, F_DUPFD_CLOEXEC, 0);
	if (up->file < 0)
		return -errno;

	int r = adopt(up, up->place.name, NULL);

	if (r == -ESTALE)
		return -ETXTBSY; /* it has just been replaced, renamed or deleted */
	return r < 0 ? r : seek_to(up, at);
}

/* The partial, unless there is none to continue: -ENOENT. */
static int find_kept(struct upload *up)
{
	struct stat st;
	int r = open_partial(up);

	if (r == -EWOULDBLOCK)
		return -ETXTBSY;
	if (is_no_partial(r))
		return -ENOENT;
	if (r < 0)
		return r;
	/* Empty: of a process that died before the first byte. To continue it would lose the old
	 * content. */
	if (fstat(up->file, &st) < 0 || st.st_size > 0)
		return 0;
	(void)!ledger_unlink(up->ledger, up->place.directory, up->temporary);
	fd_close(&up->file);
	up->temporary[0] = '\0';
	return -ENOENT;
}

/* Where the upload goes to, and what is there now, if anything. That the last name is a link, which
 * must be followed, the kernel says when it is to be opened. */
static int find_old(struct upload *up, const struct upload_request *request, bool is_read)
{
	int r = partial_take_place(request->home, request->path, &up->place);

	if (r < 0)
		return r;
	r = open_old(up, is_read);
	if (r == -ELOOP) {
		partial_release_place(&up->place);
		r = partial_find_place(request->home, request->path, &up->place);
		if (r < 0)
			return r;
		r = open_old(up, is_read);
	}
	return r == -ENOENT ? 0 : r;
}

/* What is most often asked for: a new file, straight under its name. False: there is something
 * after all, or it cannot be made; whoever looks more closely knows what to say. */
static bool begin_new(struct upload *up, const struct upload_request *request)
{
	if (partial_take_place(request->home, request->path, &up->place) == 0 &&
	    open_direct(up) == 0)
		return true;
	partial_release_place(&up->place);
	return false;
}

/* Which of these it is. */
static int begin(struct upload *up, const struct upload_request *request)
{
	bool continues = request->appends || request->offset > 0 || request->is_patch;

	if (request->is_free && !continues && !request->is_atomic && begin_new(up, request))
		return 0;

	int r = find_old(up, request, continues);

	if (r < 0)
		return r;
	if (up->old >= 0 && !request->may_replace)
		return -EEXIST;
	if (!continues)
		return begin_fresh(up, request);
	if (!request->is_patch) {
		r = find_kept(up);
		if (r != -ENOENT)
			return r < 0 ? r : begin_continued(up, request);
	}

	r = up->old >= 0 ? lock_old(up) : 0;
	if (r < 0)
		return r;

	uint64_t size = up->old >= 0 ? (uint64_t)up->old_stat.st_size : 0;
	uint64_t at = request->appends ? size : request->offset;

	if (at > size)
		return -ERANGE;
	if (up->old < 0)
		return begin_fresh(up, request);
	/* A file with a second name gets a content of its own: the other name may lie anywhere. */
	if (at == size && !request->is_atomic && !request->is_patch && up->old_stat.st_nlink == 1)
		return begin_in_place(up, at);
	return begin_based(up, request, at);
}

int upload_begin(const struct upload_request *request, struct upload **ret)
{
	struct upload *up = calloc(1, sizeof(*up));

	if (!up)
		return -ENOMEM;
	up->ledger = home_ledger(request->home);
	up->place.directory = up->file = up->old = -1;
	up->home = request->home;
	up->depth = home_likely_depth(request->path);
	up->is_durable = request->is_durable;
	up->may_replace = request->may_replace;
	up->is_patch = request->is_patch;

	int r = begin(up, request);

	if (r < 0) {
		(void)upload_keep(up, false); /* what was kept before stays */
		upload_free(&up);
		return r;
	}
	*ret = up;
	return 0;
}

int upload_file(const struct upload *up)
{
	return up->file;
}

uint64_t upload_start(const struct upload *up)
{
	return up->start;
}

int upload_reserve(struct upload *up, size_t wanted, size_t *ret)
{
	uint64_t end = up->at + wanted;
	int r = ledger_grow(up->ledger, end, &end);

	if (r < 0)
		return r;
	*ret = (size_t)(end - up->at);
	up->at = end;
	return 0;
}

/* --- commit ----------------------------------------------------------------------------------- */

/* Mode and owner of what is replaced; never its set-uid bit, which belongs to its content. An owner
 * that only root could give stays ours. */
static int adopt_identity(const struct upload *up, const struct stat *old)
{
	const struct stat *own = &up->own;
	mode_t mode = old->st_mode & 01777;
	bool is_given = false;

	if (own->st_uid != old->st_uid)
		is_given = fchown(up->file, old->st_uid, old->st_gid) == 0;
	if (own->st_gid != old->st_gid && !is_given)
		(void)!fchown(up->file, (uid_t)-1, old->st_gid);
	if ((own->st_mode & 07777) == mode)
		return 0;
	return fchmod(up->file, mode) < 0 ? -errno : 0;
}

/* What the final name leads to now. 0; -ENOENT. */
static int stat_final(const struct upload *up, struct stat *ret)
{
	return fstatat(up->place.directory, up->place.name, ret, AT_SYMLINK_NOFOLLOW) < 0 ? -errno
											  : 0;
}

static int rename_to_final(const struct upload *up)
{
	int directory = up->place.directory, r;

	do
		r = renameat2(directory, up->temporary, directory, up->place.name,
			      up->may_replace ? 0 : RENAME_NOREPLACE);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return 0;
	if (errno != EINVAL || up->may_replace)
		return -errno;
	/* A file system without RENAME_NOREPLACE: the link fails where the name is taken. */
	if (linkat(directory, up->temporary, directory, up->place.name, 0) < 0)
		return -errno;
	(void)unlinkat(directory, up->temporary, 0);
	return 0;
}

/* What had the final name gives its room back with the same step. */
static int rename_counted(struct upload *up)
{
	struct stat now;
	int r = ledger_enter(up->ledger, up->place.directory, -1, false);

	if (r < 0)
		return r;
	bool was_there =
		ledger_is_counting(up->ledger) && stat_final(up, &now) == 0 && S_ISREG(now.st_mode);
	r = ledger_may_replace(up->ledger, was_there ? &now : NULL);
	if (r == 0)
		r = rename_to_final(up);
	if (r == 0) {
		if (was_there)
			ledger_removed(up->ledger, &now);
		settle_in_section(up);
	}
	ledger_leave(up->ledger);
	return r;
}

/* The temporary takes the final name. */
static int replace(struct upload *up)
{
	struct stat now;
	int r = stat_final(up, &now);

	if (r < 0 && r != -ENOENT)
		return r;
	if (up->is_based && (r < 0 || !is_unchanged(&now, &up->old_stat)))
		return -ETXTBSY;
	if (r == 0 && S_ISREG(now.st_mode))
		r = adopt_identity(up, &now);
	else
		r = 0;
	if (r == 0 && up->is_durable) {
		r = durable_file(up->file);
		up->is_doubtful = r < 0;
	}
	if (r == 0)
		r = check_temporary(up);
	return r == 0 ? rename_counted(up) : r;
}

/* Another upload has replaced the file that was written to in place. This one is complete later, so
 * that its content is to be the file's: on a copy that takes the name. */
static int republish(struct upload *up)
{
	AUTO_CLOSE int from = fcntl(up->file, F_DUPFD_CLOEXEC, 0);
	struct stat st;
	int r = from < 0 || fstat(from, &st) < 0 ? -errno : 0;

	if (r < 0)
		return r;
	settle(up);
	fd_close(&up->file);
	up->is_based = false;
	r = open_unique(up);
	if (r == 0)
		r = grow(up, (uint64_t)st.st_size);
	if (r == 0)
		r = copy_range(from, up->file, 0, st.st_size);
	return r == 0 ? replace(up) : r;
}

static int finish_in_place(struct upload *up)
{
	struct stat now;
	int r = stat_final(up, &now);

	if (r == -ENOENT)
		return 0; /* deleted or renamed meanwhile: what was written went along */
	if (r < 0)
		return r;
	if (!is_same_file(&up->own, &now))
		return republish(up);
	return up->is_durable ? durable_file(up->file) : 0;
}

/* Some file systems report only with close(2) what has failed. */
static int check_late_errors(const struct upload *up)
{
	if (!home_reports_late(up->home, up->own.st_dev))
		return 0;

	int fd = fcntl(up->file, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

int upload_commit(struct upload *up)
{
	int r = check_late_errors(up);

	if (r == 0)
		r = check_directory(up);
	if (r == 0)
		r = *up->temporary ? replace(up) : finish_in_place(up);
	if (r < 0)
		return r;
	settle(up);
	up->is_settled = true;
	/* What an earlier upload has left is of no use any more; if it did not become this one. */
	if (!up->is_patch && !up->is_partial)
		(void)!partial_forget_beside(up->ledger, up->place.directory, up->place.name);
	return up->is_durable ? durable_directory(up->place.directory) : 0;
}

/* --- after a failure -------------------------------------------------------------------------- */

static void unlink_own(const struct upload *up, const char *name)
{
	struct stat own, named;

	if (fstat(up->file, &own) == 0 &&
	    fstatat(up->place.directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    is_same_file(&own, &named))
		/* Else it is found by its age. */
		(void)!ledger_unlink(up->ledger, up->place.directory, name);
}

static uint64_t size_of(const struct upload *up)
{
	struct stat st;

	return fstat(up->file, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* The partial stays, as far as there is room for it beside what it did not replace. Returns its
 * size. */
static uint64_t settle_kept(struct upload *up, uint64_t size)
{
	if (ledger_enter(up->ledger, up->place.directory, -1, false) < 0)
		return 0;

	uint64_t most = ledger_may_keep(up->ledger);

	/* A file that is based on another one is of no use when it is shorter than that part. */
	if (most < size && (up->is_based || ftruncate(up->file, (off_t)most) < 0))
		most = 0;
	size = MIN_OF(size, most);
	if (size > 0)
		settle_in_section(up);
	ledger_leave(up->ledger);
	return size;
}

uint64_t upload_keep(struct upload *up, bool frees_space)
{
	if (up->is_settled || up->file < 0)
		return 0;

	uint64_t size = size_of(up);

	if (check_directory(up) == -ESTALE) {
		/* What an earlier upload has left went away with it, and is not ours to remove. */
		up->is_settled = up->is_continued && ftruncate(up->file, (off_t)up->start) == 0;
		if (up->is_settled)
			settle(up);
		return 0;
	}
	if (!*up->temporary) {
		up->is_settled = size > 0; /* else upload_free removes it */
		if (up->is_settled)
			settle(up);
		return size;
	}
	if (up->is_doubtful || up->is_patch)
		return 0;
	if (up->is_based && (frees_space || size <= up->start))
		return 0;
	if (frees_space) {
		size = up->is_continued ? up->start : 0;
		if (ftruncate(up->file, (off_t)size) < 0)
			return 0;
	}
	if (size == 0 || rename_to_partial(up) < 0)
		return 0;
	size = settle_kept(up, size);
	up->is_settled = size > 0;
	return size;
}

void upload_free(struct upload **up)
{
	struct upload *old = *up;

	if (!old)
		return;
	if (!old->is_settled && old->file >= 0) {
		if (*old->temporary)
			unlink_own(old, old->temporary);
		else if (old->is_created)
			unlink_own(old, old->place.name);
		else
			(void)!ftruncate(old->file, (off_t)old->start); /* best effort */
		settle(old);
	}
	fd_close(&old->file);
	fd_close(&old->old);
	partial_release_place(&old->place);
	free(old);
	*up = NULL;
}
