/* worker/list_lines.c - see list_lines.h. */
#include "worker/list_lines.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "store/partial.h"

/* --- entries ---------------------------------------------------------------------------------- */

/* perm of RFC 3659 7.5.5: what this user may do with it. The letters of a file, or of a
 * directory. */
static void find_perm(uint32_t permissions, bool is_directory, unsigned access,
		      char ret[static LIST_PERM_SIZE])
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
}

static const char *perm_letters(struct list_lines *lines, uint32_t permissions, bool is_directory,
				unsigned access)
{
	struct perm_memo *memo = &lines->perm;

	if (!memo->is_known || memo->permissions != permissions || memo->access != access ||
	    memo->is_directory != is_directory) {
		*memo = (struct perm_memo){ permissions, access, is_directory, true, "" };
		find_perm(permissions, is_directory, access, memo->letters);
	}
	return memo->letters;
}

/* What the mode bits let us do: R_OK, W_OK, X_OK. Root is not asked. */
static unsigned access_of(const struct list_lines *lines, const struct statx *st)
{
	if (lines->own_uid == 0)
		return R_OK | W_OK | X_OK;
	if (st->stx_uid == lines->own_uid)
		return st->stx_mode >> 6 & 7u;
	return st->stx_gid == lines->own_gid ? st->stx_mode >> 3 & 7u : st->stx_mode & 7u;
}

void list_fill_entry(struct list_lines *lines, const struct statx *st, struct text name,
		     uint32_t permissions, struct entry *ret)
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
		.size = st->stx_size,
		.mtime_s = st->stx_mtime.tv_sec,
		.btime_s = st->stx_mask & STATX_BTIME ? st->stx_btime.tv_sec : 0,
		.device = makedev(st->stx_dev_major, st->stx_dev_minor),
		.inode = st->stx_ino,
		.perm = lines->format == FORMAT_FACTS
				? perm_letters(lines, permissions, is_directory,
					       access_of(lines, st))
				: "",
	};
	if (st->stx_uid == lines->own_uid) {
		/* The daemon's own files are the user's. */
		ret->owner = lines->user_name;
		ret->group = T("ftp");
	}
}

#define STATX_WANTED (STATX_BASIC_STATS | STATX_BTIME)

int list_stat_place(const struct place *place, struct statx *ret)
{
	AUTO_CLOSE int fd = -1;
	int r = home_openat(place->home, place_beneath(place), O_PATH, 0, &fd);

	if (r < 0)
		return r;
	return statx(fd, "", AT_EMPTY_PATH, STATX_WANTED, ret) < 0 ? -errno : 0;
}

/* --- lines ----------------------------------------------------------------------------------- */

bool list_is_sendable(struct text name)
{
	return text_find(name, '\n') < 0 && text_find(name, '\r') < 0;
}

/* What must be added to UTC so that LIST shows the time that the setting wants. */
static int64_t zone_offset_s(struct list_lines *lines, int64_t time_s)
{
	time_t time = (time_t)time_s;
	struct tm tm;

	if (!lines->s->worker->settings->local_times)
		return 0;
	/* localtime_r(3) takes a lock; files that came together have one time. */
	if (time_s != lines->zone.time_s || time_s == 0)
		lines->zone =
			(struct zone_memo){ time_s, localtime_r(&time, &tm) ? tm.tm_gmtoff : 0 };
	return lines->zone.offset_s;
}

static void add_ls(struct list_lines *lines, struct entry *entry)
{
	entry->mtime_s += zone_offset_s(lines, entry->mtime_s);
	listing_add_ls(&lines->out, entry, lines->now_s);
}

void list_lines_init(struct list_lines *lines, const struct session *s, enum listing_format format,
		     char *storage, size_t size)
{
	*lines = (struct list_lines){
		.s = s,
		.format = format,
		.facts = s->facts,
		.line_start = "",
		.own_uid = geteuid(),
		.own_gid = getegid(),
		.user_name = text_of(s->user->name),
		.stat_mask = STATX_BASIC_STATS,
	};
	if (format == FORMAT_FACTS && s->facts & FACT_CREATE)
		lines->stat_mask |= STATX_BTIME;
	lines->now_s = clock_wall_ms() / 1000;
	lines->now_s += zone_offset_s(lines, lines->now_s);
	buf_init(&lines->out, storage, size);
}

void list_lines_add(struct list_lines *lines, const struct statx *st, struct text name,
		    uint32_t permissions, const char *as_type)
{
	struct entry entry;

	if (!list_is_sendable(name))
		return;
	if (lines->format == FORMAT_NAMES) {
		listing_add_name(&lines->out, lines->name_prefix, name);
		return;
	}
	list_fill_entry(lines, st, name, permissions, &entry);
	buf_add(&lines->out, text_of(lines->line_start));
	if (lines->format == FORMAT_LS) {
		add_ls(lines, &entry);
	} else {
		listing_add_facts(&lines->out, &entry, lines->facts, as_type, name);
		buf_add(&lines->out, T("\r\n"));
	}
}

/* --- a directory ------------------------------------------------------------------------------ */

void list_directory_init(struct list_directory *directory, const struct session *s, int fd,
			 const struct path *path)
{
	size_t before_name = path_is_root(path) ? path->len : path->len + 1;

	*directory = (struct list_directory){
		.fd = fd,
		.path = path,
		.is_plain = policy_is_plain(s->user->policy),
		.permissions = place_permissions(s, path),
		.longest_name = PATH_MAX_LEN - 1 - MIN_OF(before_name, (size_t)PATH_MAX_LEN - 1),
	};
}

bool list_is_dots(struct text name)
{
	return name.ptr[0] == '.' && (name.len == 1 || (name.len == 2 && name.ptr[1] == '.'));
}

static bool is_wanted(const struct list_lines *lines, struct text name)
{
	if (list_is_dots(name))
		return lines->shows_dots && !lines->pattern;
	return !partial_is_reserved(name) &&
	       (!lines->pattern || fnmatch(lines->pattern, name.ptr, FNM_PERIOD) == 0);
}

bool list_is_covered(const struct session *s, const struct path *directory, struct text name)
{
	struct path child;

	return place_hides_name(s, name.ptr) ||
	       (s->user->n_folders > 0 && path_join(directory, name, &child) == 0 &&
		!text_equal(name, T("..")) && place_is_folder(s, &child));
}

/* What may be done with an entry, and what a link there leads to. -ENAMETOOLONG. */
static int look_closely(const struct session *s, const struct list_directory *directory,
			struct text name, struct statx *st, uint32_t *permissions)
{
	struct statx target;
	struct place place;
	struct path child;
	int r = path_join(directory->path, name, &child);

	if (r < 0)
		return r;
	*permissions = place_permissions(s, &child);
	if (S_ISLNK(st->stx_mode) && place_look(s, &child, &place) == 0 &&
	    list_stat_place(&place, &target) == 0) {
		*st = target;
		*permissions &= place.permissions;
	}
	return 0;
}

/* One name of an open directory; it ends in NUL. */
static void add_child(struct list_lines *lines, const struct list_directory *directory,
		      struct text name)
{
	uint32_t permissions = directory->permissions;
	struct statx st;

	if (lines->format == FORMAT_NAMES) {
		list_lines_add(lines, NULL, name, 0, NULL);
		return;
	}
	if (statx(directory->fd, name.ptr, AT_SYMLINK_NOFOLLOW, lines->stat_mask, &st) < 0 ||
	    name.len > directory->longest_name)
		return; /* gone meanwhile, or too deep to be named */
	if ((!directory->is_plain || S_ISLNK(st.stx_mode)) &&
	    look_closely(lines->s, directory, name, &st, &permissions) < 0)
		return;
	list_lines_add(lines, &st, name, permissions, NULL);
}

void list_lines_add_batch(struct list_lines *lines, const struct list_directory *directory,
			  struct names *names)
{
	struct text name;

	while (list_lines_have_room(lines) && names_take(names, &name))
		if (is_wanted(lines, name) &&
		    (directory->is_plain || !list_is_covered(lines->s, directory->path, name)))
			add_child(lines, directory, name);
}

void list_lines_add_self(struct list_lines *lines, const struct list_directory *directory)
{
	struct statx st;

	if (statx(directory->fd, "", AT_EMPTY_PATH, STATX_WANTED, &st) == 0)
		list_lines_add(lines, &st, T("."), directory->permissions, "cdir");
}

void list_lines_add_folder(struct list_lines *lines, const struct session_folder *folder)
{
	struct statx st = { 0 };
	struct path path;
	struct place place;

	path_set_root(&path);
	if (path_join(&path, folder->path, &path) < 0 || !is_wanted(lines, path_name(&path)) ||
	    place_look(lines->s, &path, &place) < 0 ||
	    (lines->format != FORMAT_NAMES && list_stat_place(&place, &st) < 0))
		return; /* hidden, or gone meanwhile */
	list_lines_add(lines, &st, path_name(&path), place.permissions, NULL);
}
