/* worker/cmd_list.c - LIST, NLST, MLSD, MLST, STAT with a path (RFC 959 4.1.3, RFC 3659 7). Entries
 * are written out as they are read: a directory of any size costs one buffer. */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/partial.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/hosts.h"
#include "worker/place.h"
#include "worker/pool.h"
#include "worker/transfer.h"

enum listing_format { FORMAT_LS, FORMAT_NAMES, FORMAT_FACTS };

/* Of LIST -R: each level holds a descriptor and a path on the stack of its thread. */
#define MAX_DEPTH 16

struct lister {
	struct session *s;
	enum listing_format format;
	const struct home *home; /* of what is listed now */
	struct data *data;	 /* where it goes; NULL: to the control connection */
	const char *line_start;	 /* " " on the control connection (RFC 959 4.2) */
	struct text name_prefix; /* NLST with a path: names lead from the working directory */
	const char *pattern;	 /* NULL: all */
	bool shows_dots;	 /* "." and ".." as well (LIST -a) */
	bool is_recursive;	 /* LIST -R */
	int64_t now_s;
	uint32_t own_uid, own_gid;
	struct buf out;
	uint64_t bytes;
};

/* --- entries ---------------------------------------------------------------------------------- */

/* perm of RFC 3659 7.5.5: what this user may do with it. The letters of a file, or of a
 * directory. */
static const char *perm_letters(uint32_t permissions, bool is_directory, unsigned access,
				char ret[static 12])
{
	static const struct {
		char letter;
		bool of_directory;
		uint32_t needs;	 /* enum permission bits */
		unsigned access; /* and what the file system must allow us: R_OK, W_OK, X_OK */
	} rows[] = {
		{ 'a', false, PERM_OVERWRITE, W_OK },
		{ 'c', true, PERM_UPLOAD, W_OK | X_OK },
		{ 'd', false, PERM_DELETE, 0 },
		{ 'd', true, PERM_RMDIR, 0 },
		{ 'e', true, 0, X_OK },
		{ 'f', false, PERM_RENAME, 0 },
		{ 'f', true, PERM_RENAME, 0 },
		{ 'l', true, PERM_LIST, R_OK },
		{ 'm', true, PERM_MKDIR, W_OK | X_OK },
		{ 'p', true, PERM_DELETE, W_OK | X_OK },
		{ 'r', false, PERM_DOWNLOAD, R_OK },
		{ 'w', false, PERM_OVERWRITE, W_OK },
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].of_directory == is_directory && (rows[i].needs & ~permissions) == 0 &&
		    (rows[i].access & ~access) == 0)
			ret[n++] = rows[i].letter;
	ret[n] = '\0';
	return ret;
}

/* What the mode bits let us do: R_OK, W_OK, X_OK. Root is not asked. */
static unsigned access_of(const struct lister *l, const struct statx *st)
{
	if (l->own_uid == 0)
		return R_OK | W_OK | X_OK;
	if (st->stx_uid == l->own_uid)
		return st->stx_mode >> 6 & 7u;
	return st->stx_gid == l->own_gid ? st->stx_mode >> 3 & 7u : st->stx_mode & 7u;
}

static void fill_entry(const struct lister *l, const struct statx *st, struct text name,
		       uint32_t permissions, char perm[static 12], struct entry *ret)
{
	bool is_directory = S_ISDIR(st->stx_mode);

	*ret = (struct entry){
		.name = name,
		.kind = is_directory		? ENTRY_DIRECTORY
			: S_ISREG(st->stx_mode) ? ENTRY_FILE
			: S_ISLNK(st->stx_mode) ? ENTRY_LINK
						: ENTRY_OTHER,
		.mode = st->stx_mode & 07777,
		.links = st->stx_nlink,
		.uid = st->stx_uid,
		.gid = st->stx_gid,
		/* The daemon's own files are the user's. */
		.owner = st->stx_uid == l->own_uid ? text_of(l->s->user->name)
						   : (struct text){ NULL, 0 },
		.group = st->stx_uid == l->own_uid ? T("ftp") : (struct text){ NULL, 0 },
		.size = st->stx_size,
		.mtime_s = st->stx_mtime.tv_sec,
		.btime_s = st->stx_mask & STATX_BTIME ? st->stx_btime.tv_sec : 0,
		.device = makedev(st->stx_dev_major, st->stx_dev_minor),
		.inode = st->stx_ino,
		.perm = perm_letters(permissions, is_directory, access_of(l, st), perm),
	};
}

#define STATX_WANTED (STATX_BASIC_STATS | STATX_BTIME)

/* What a place holds, links followed inside its home. */
static int stat_place(const struct place *place, struct statx *ret)
{
	AUTO_CLOSE int fd = -1;
	int r = home_openat(place->home, place_beneath(place), O_PATH, 0, &fd);

	if (r < 0)
		return r;
	return statx(fd, "", AT_EMPTY_PATH, STATX_WANTED, ret) < 0 ? -errno : 0;
}

/* --- output ----------------------------------------------------------------------------------- */

/* On the control connection a byte 255 would be Telnet's IAC: it is doubled (RFC 854). */
static int send_on_control(struct session *s, struct text bytes, int64_t deadline)
{
	ptrdiff_t at;
	int r = 0;

	while (r == 0 && (at = text_find(bytes, '\xff')) >= 0) {
		r = stream_write(&s->control, bytes.ptr, (size_t)at + 1, deadline);
		if (r == 0)
			r = stream_write(&s->control, "\xff", 1, deadline);
		bytes.ptr += at + 1;
		bytes.len -= (size_t)at + 1;
	}
	return r == 0 ? stream_write(&s->control, bytes.ptr, bytes.len, deadline) : r;
}

static int send_bytes(struct lister *l, struct text bytes)
{
	struct session *s = l->s;
	int64_t deadline = deadline_in((int64_t)s->worker->settings->stall_timeout_s * 1000);
	int r = l->data ? data_write(l->data, bytes.ptr, bytes.len, deadline)
			: send_on_control(s, bytes, deadline);

	if (r == 0) {
		l->bytes += bytes.len;
		transfer_count(s, bytes.len);
	}
	return r;
}

/* Sends what has been collected, in the client's character set. */
static int flush(struct lister *l)
{
	struct charset *charset = hosts_charset(l->s);
	struct text rest = buf_text(&l->out);
	char storage[8192];
	struct buf piece;
	int r = charset ? 0 : send_bytes(l, rest);

	while (charset && r == 0 && rest.len > 0) {
		buf_init(&piece, storage, sizeof(storage));
		charset_encode(charset, &rest, &piece);
		r = send_bytes(l, buf_text(&piece));
	}
	buf_reset(&l->out);
	return r;
}

static bool is_sendable(struct text name)
{
	/* A line end inside a name would forge an entry. */
	return text_find(name, '\n') < 0 && text_find(name, '\r') < 0;
}

/* What must be added to UTC so that LIST shows the time that the setting wants. */
static int64_t zone_offset_s(const struct lister *l, int64_t time_s)
{
	time_t time = (time_t)time_s;
	struct tm tm;

	if (!l->s->worker->settings->local_times || !localtime_r(&time, &tm))
		return 0;
	return tm.tm_gmtoff;
}

static void add_line(struct lister *l, const struct entry *entry, const char *as_type)
{
	struct entry local = *entry;

	buf_add(&l->out, text_of(l->line_start));
	switch (l->format) {
	case FORMAT_LS:
		local.mtime_s += zone_offset_s(l, entry->mtime_s);
		listing_add_ls(&l->out, &local, l->now_s + zone_offset_s(l, l->now_s));
		return;
	case FORMAT_NAMES:
		buf_add(&l->out, l->name_prefix);
		buf_add(&l->out, entry->name);
		break;
	case FORMAT_FACTS:
		listing_add_facts(&l->out, entry, l->s->facts, as_type, entry->name);
		break;
	}
	buf_add(&l->out, T("\r\n"));
}

/* Longest line: a path of PATH_MAX_LEN before the name, facts and the name itself. */
#define LINE_ROOM (PATH_MAX_LEN + 2048)

static int add_entry(struct lister *l, const struct statx *st, struct text name,
		     uint32_t permissions, const char *as_type)
{
	struct entry entry;
	char perm[12];
	int r = 0;

	if (!is_sendable(name))
		return 0;
	if (buf_room(&l->out) < LINE_ROOM)
		r = flush(l);
	if (r == 0) {
		fill_entry(l, st, name, permissions, perm, &entry);
		add_line(l, &entry, as_type);
	}
	return r;
}

static bool is_wanted(const struct lister *l, const char *name)
{
	bool is_dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;

	if (partial_is_reserved(text_of(name)))
		return false;
	if (is_dots)
		return l->shows_dots && !l->pattern;
	return !l->pattern || fnmatch(l->pattern, name, FNM_PERIOD) == 0;
}

/* One name of an open directory. Links are shown as what they lead to while that lies inside the
 * home; others as links, and where those lead is not told. */
static int add_child(struct lister *l, int directory, const struct path *path, const char *name)
{
	uint32_t permissions;
	struct statx st;
	struct path child;

	if (l->format == FORMAT_NAMES) {
		st = (struct statx){ 0 };
		return add_entry(l, &st, text_of(name), 0, NULL);
	}
	if (statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_WANTED, &st) < 0 ||
	    path_join(path, text_of(name), &child) < 0)
		return 0; /* gone meanwhile, or too deep to be named */
	permissions = place_permissions(l->s, &child);
	if (S_ISLNK(st.stx_mode)) {
		struct statx target;
		struct place place;
		if (place_look(l->s, &child, &place) == 0 && stat_place(&place, &target) == 0) {
			st = target;
			permissions &= place.permissions;
		}
	}
	return add_entry(l, &st, text_of(name), permissions, NULL);
}

/* A virtual folder that lies in the directory. */
static int add_folder(struct lister *l, const struct session_folder *folder)
{
	struct statx st = { 0 };
	struct path path;
	struct place place;

	path_set_root(&path);
	if (path_join(&path, folder->path, &path) < 0 || !is_wanted(l, path_name(&path).ptr) ||
	    place_look(l->s, &path, &place) < 0 ||
	    (l->format != FORMAT_NAMES && stat_place(&place, &st) < 0))
		return 0; /* hidden, or gone meanwhile */
	return add_entry(l, &st, path_name(&path), place.permissions, NULL);
}

static bool lies_in(const struct session_folder *folder, const struct path *directory)
{
	struct text rest = folder->path;

	return text_skip(&rest, path_text(directory)) &&
	       (path_is_root(directory) || text_skip_char(&rest, '/')) && rest.len > 0 &&
	       text_find(rest, '/') < 0;
}

static int add_folders(struct lister *l, const struct path *directory)
{
	const struct session_user *user = l->s->user;
	int r = 0;

	for (size_t i = 0; r == 0 && i < user->n_folders; i++)
		if (lies_in(&user->folders[i], directory))
			r = add_folder(l, &user->folders[i]);
	return r;
}

/* What the directory holds under this name is not to be seen: it is hidden, or a folder has the
 * name. */
static bool is_covered(const struct lister *l, const struct path *directory, const char *name)
{
	const struct session *s = l->s;
	struct path child;

	if (policy_is_plain(s->user->policy))
		return false;
	return place_hides_name(s, name) ||
	       (s->user->n_folders > 0 && path_join(directory, text_of(name), &child) == 0 &&
		strcmp(name, "..") != 0 && place_is_folder(s, &child));
}

/* MLSD begins with the directory itself (RFC 3659 7.5.1.1). */
static int add_self(struct lister *l, int directory, const struct path *path)
{
	struct statx st;

	if (l->format != FORMAT_FACTS)
		return 0;
	if (statx(directory, "", AT_EMPTY_PATH, STATX_WANTED, &st) < 0)
		return 0;
	return add_entry(l, &st, T("."), place_permissions(l->s, path), "cdir");
}

static int list_entries(struct lister *l, DIR *dir, const struct path *path)
{
	const struct dirent *item;
	unsigned n = 0;
	int r = add_self(l, dirfd(dir), path);

	while (r == 0 && (item = readdir(dir)) != NULL) {
		if (!is_wanted(l, item->d_name) || is_covered(l, path, item->d_name))
			continue;
		r = add_child(l, dirfd(dir), path, item->d_name);
		if (r == 0 && ++n % 1024 == 0)
			r = control_look(l->s);
	}
	return r == 0 ? add_folders(l, path) : r;
}

static int list_directory(struct lister *l, int fd, const struct path *path, unsigned depth);

/* One directory of "LIST -R" under its heading. Takes fd. */
static int list_below(struct lister *l, int fd, const struct path *path, unsigned depth)
{
	int r = buf_room(&l->out) < LINE_ROOM ? flush(l) : 0;

	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	buf_addf(&l->out, "%s\r\n%s%s:\r\n", l->line_start, l->line_start, path->bytes);
	return list_directory(l, fd, path, depth);
}

/* "LIST -R": each directory below under a heading of its own, as ls writes them. */
static int list_subdirectories(struct lister *l, DIR *dir, const struct path *path, unsigned depth)
{
	const struct dirent *item;
	struct path child;
	struct stat st;
	int r = 0;

	rewinddir(dir);
	while (r == 0 && (item = readdir(dir)) != NULL) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
		    !is_sendable(text_of(item->d_name)) ||
		    fstatat(dirfd(dir), item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode) || path_join(path, text_of(item->d_name), &child) < 0 ||
		    is_covered(l, path, item->d_name) ||
		    !(place_permissions(l->s, &child) & PERM_LIST))
			continue;
		int fd = openat(dirfd(dir), item->d_name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue; /* not ours to read, or gone */
		r = list_below(l, fd, &child, depth + 1);
	}
	return r;
}

/* The same for the virtual folders that lie in the directory. */
static int list_subfolders(struct lister *l, const struct path *directory, unsigned depth)
{
	const struct session_user *user = l->s->user;
	const struct home *home = l->home;
	int r = 0;

	for (size_t i = 0; r == 0 && i < user->n_folders; i++) {
		const struct session_folder *folder = &user->folders[i];
		struct path path;
		int fd;

		l->home = folder->home;

		path_set_root(&path);
		if (lies_in(folder, directory) && path_join(&path, folder->path, &path) == 0 &&
		    !policy_hides(user->policy, folder->path) &&
		    (place_permissions(l->s, &path) & PERM_LIST) &&
		    home_openat(folder->home, ".", O_RDONLY | O_DIRECTORY, 0, &fd) == 0)
			r = list_below(l, fd, &path, depth + 1);
	}
	l->home = home;
	return r;
}

/* Takes fd. */
static int list_directory(struct lister *l, int fd, const struct path *path, unsigned depth)
{
	DIR *dir = fdopendir(fd);

	if (!dir) {
		int error = -errno;
		fd_close(&fd);
		return error;
	}
	/* The data connection may have come much later than the directory was opened. */
	int r = home_depth(l->home, fd);
	if (r >= 0)
		r = list_entries(l, dir, path);
	if (r == 0 && l->is_recursive && depth < MAX_DEPTH)
		r = list_subdirectories(l, dir, path, depth);
	if (r == 0 && l->is_recursive && depth < MAX_DEPTH)
		r = list_subfolders(l, path, depth);
	(void)closedir(dir);
	return r;
}

/* --- what is listed --------------------------------------------------------------------------- */

struct target {
	struct place place; /* the directory, or the one file */
	struct statx st;
	int fd;			  /* of a directory, else -1 */
	char pattern[256];	  /* last name with wildcards, or empty */
	struct text shown_prefix; /* the argument up to its last name, for NLST */
};

static bool has_wildcard(struct text name)
{
	return text_find(name, '*') >= 0 || text_find(name, '?') >= 0 || text_find(name, '[') >= 0;
}

static struct text directory_part(struct text argument)
{
	while (argument.len > 0 && argument.ptr[argument.len - 1] != '/')
		argument.len--;
	return argument;
}

/* Finds out what the argument means: a directory, a file, or names by a pattern. Replies when it is
 * nothing. itself: a directory counts as one entry (LIST -d). */
static int find_target(struct session *s, struct text argument, bool itself, struct target *ret)
{
	ret->fd = -1;
	ret->pattern[0] = '\0';
	ret->shown_prefix = argument;

	int r = place_find(s, argument, PLACE_LOOK, &ret->place);
	if (r < 0)
		return r;
	r = stat_place(&ret->place, &ret->st);
	if (r == -ENOENT && has_wildcard(path_name(&ret->place.path))) {
		struct path parent;

		r = text_copy(path_name(&ret->place.path), ret->pattern, sizeof(ret->pattern));
		ret->shown_prefix = directory_part(argument);
		if (r == 0)
			r = path_join(&ret->place.path, T(".."), &parent);
		if (r == 0 && place_find(s, path_text(&parent), PLACE_LOOK, &ret->place) < 0)
			return -EACCES;
		if (r == 0)
			r = stat_place(&ret->place, &ret->st);
	}
	if (r == 0 && S_ISDIR(ret->st.stx_mode) && !(itself && !ret->pattern[0]))
		r = home_openat(ret->place.home, place_beneath(&ret->place), O_RDONLY | O_DIRECTORY,
				0, &ret->fd);
	if (r < 0)
		reply_errno(s, r, path_text(&ret->place.path));
	return r;
}

static int list_target(struct lister *l, struct target *target, struct text argument)
{
	l->pattern = target->pattern[0] ? target->pattern : NULL;
	l->home = target->place.home;
	if (target->fd >= 0)
		return list_directory(l, fd_take(&target->fd), &target->place.real, 0);
	/* A file: its line, under the name that was asked for. */
	const struct path *path = &target->place.path;
	struct text name = path_is_root(path) ? T(".") : path_name(path);
	return add_entry(l, &target->st,
			 l->format == FORMAT_NAMES && argument.len > 0 ? argument : name,
			 target->place.permissions, NULL);
}

static void lister_init(struct lister *l, struct session *s, enum listing_format format,
			char *buffer)
{
	*l = (struct lister){
		.s = s,
		.format = format,
		.line_start = "",
		.now_s = clock_wall_ms() / 1000,
		.own_uid = geteuid(),
		.own_gid = getegid(),
	};
	buf_init(&l->out, buffer, POOL_BUFFER_SIZE);
}

static void finish_listing(struct session *s, struct lister *l, struct data *data,
			   const struct path *path, int r)
{
	if (r == 0)
		r = flush(l);
	if (r == 0)
		r = data_end(data, deadline_in(10000));
	s->bytes_sent += l->bytes;
	data_close(s, data);
	if (r == -ESTALE)
		reply_errno(s, r, path_text(path));
	else if (r < 0)
		data_reply_broken(s, r, "");
	else
		reply(s, 226, "Listing complete: %" PRIu64 " bytes.", l->bytes);
	log_event(LOG_DEBUG, "listing", F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_TEXT("path", path_text(path)), F_UINT("bytes", l->bytes), F_INT("result", r));
}

/* NLST dir answers dir/name, so that the names can be used as they are (RFC 1123 4.1.2.7). */
static int name_prefix(const struct target *target, char *storage, size_t size, struct text *ret)
{
	struct buf prefix;

	buf_init(&prefix, storage, size);
	buf_add(&prefix, target->shown_prefix);
	if (prefix.len > 0 && storage[prefix.len - 1] != '/')
		buf_add_char(&prefix, '/');
	*ret = buf_text(&prefix);
	return prefix.has_overflowed ? -ENAMETOOLONG : 0;
}

static void list(struct session *s, struct text argument, enum listing_format format)
{
	struct list_switches switches = { 0 };
	struct target target;
	struct data data;
	struct lister l;
	char prefix[PATH_MAX_LEN], *buffer = pool_buffer();

	/* REST and RANG hold for the next transfer, whatever it is (RFC 959 4.1.3). */
	s->restart_at = 0;
	s->has_range = false;

	if (format != FORMAT_FACTS)
		listing_take_switches(&argument, &switches);
	if (!buffer) {
		reply_errno(s, -ENOMEM, argument);
		return;
	}
	if (find_target(s, argument, switches.directory_itself, &target) < 0)
		return;
	lister_init(&l, s, format, buffer);
	l.shows_dots = switches.all;
	l.is_recursive = switches.recursive && format == FORMAT_LS;
	if (format == FORMAT_FACTS && (target.fd < 0 || target.pattern[0]))
		reply(s, 501, "MLSD lists directories; MLST tells about one file.");
	else if (name_prefix(&target, prefix, sizeof(prefix), &l.name_prefix) < 0)
		reply_errno(s, -ENAMETOOLONG, argument);
	else if (data_is_possible(s)) {
		if (target.fd < 0)
			l.name_prefix = T("");
		transfer_begin(s, TRANSFER_LISTING, target.place.path.bytes);
		if (data_open(s, &data, "Here comes the listing.") == 0) {
			l.data = &data;
			finish_listing(s, &l, &data, &target.place.path,
				       list_target(&l, &target, argument));
		}
		transfer_end(s);
	}
	fd_close(&target.fd);
}

void cmd_list(struct session *s, struct text argument)
{
	list(s, argument, FORMAT_LS);
}

void cmd_nlst(struct session *s, struct text argument)
{
	list(s, argument, FORMAT_NAMES);
}

void cmd_mlsd(struct session *s, struct text argument)
{
	list(s, argument, FORMAT_FACTS);
}

/* One entry on the control connection, with its full path (RFC 3659 7.2). */
void cmd_mlst(struct session *s, struct text argument)
{
	char storage[2 * PATH_MAX_LEN + 512], perm[12];
	struct lister l = { .s = s, .own_uid = geteuid(), .own_gid = getegid() };
	struct entry entry;
	struct place place;
	struct text path;
	struct statx st;
	struct buf text;

	if (place_find(s, argument, PLACE_LOOK, &place) < 0)
		return;
	path = path_text(&place.path);
	int r = stat_place(&place, &st);
	if (r < 0) {
		reply_errno(s, r, path);
		return;
	}
	fill_entry(&l, &st, path, place.permissions, perm, &entry);
	buf_init(&text, storage, sizeof(storage));
	buf_addf(&text, "Listing of %s:\n", path.ptr);
	listing_add_facts(&text, &entry, s->facts, NULL, path);
	buf_add(&text, T("\nEnd"));
	reply_text(s, 250, buf_text(&text));
}

/* A listing without a data connection (RFC 959 4.1.3): also what gets through where data does
 * not. */
void cmd_stat_path(struct session *s, struct text argument)
{
	struct list_switches switches = { 0 };
	struct target target;
	struct lister l;
	char *buffer = pool_buffer();

	listing_take_switches(&argument, &switches);
	if (!buffer) {
		reply_errno(s, -ENOMEM, argument);
		return;
	}
	if (find_target(s, argument, switches.directory_itself, &target) < 0)
		return;
	unsigned code = target.fd >= 0 ? 212 : 213;
	lister_init(&l, s, FORMAT_LS, buffer);
	l.shows_dots = switches.all;
	l.is_recursive = switches.recursive;
	l.line_start = " ";
	buf_addf(&l.out, "%u-Status of %s:\r\n", code, target.place.path.bytes);
	int r = list_target(&l, &target, argument);
	buf_addf(&l.out, "%u End of status.\r\n", code);
	if (r == 0)
		r = flush(&l);
	if (r < 0)
		s->wants_end = true; /* the reply is cut in the middle */
	fd_close(&target.fd);
}
