/* worker/cmd_list.c - LIST, NLST, MLSD, MLST, STAT with a path (RFC 959 4.1.3, RFC 3659 7). Entries
 * are written out as they are read: a directory of any size costs one buffer, or two where a helper
 * takes part. */
#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/data_note.h"
#include "worker/hosts.h"
#include "worker/list_helper.h"
#include "worker/list_lines.h"
#include "worker/pool.h"
#include "worker/transfer.h"

/* Of LIST -R: each level holds a descriptor and a path on the stack of its thread. */
#define MAX_DEPTH 16

/* Some 1,000 names; the first ones are few, so that the client soon has something. */
#define FIRST_NAMES 4096
#define NAMES_SIZE ((size_t)32 * 1024)

/* So many batches are short work; what comes behind them may have a helper. */
#define BATCHES_ALONE 3

/* What makes it worth to send; and room for what becomes of a batch of ordinary names. */
#define PIECE ((size_t)64 * 1024)
#define LINES_SIZE ((size_t)144 * 1024)

/* Of the thread's buffer: lines first, then names. */
_Static_assert(LINES_SIZE + NAMES_SIZE <= POOL_BUFFER_SIZE && LINES_SIZE % 8 == 0,
	       "the buffer is too small");

struct lister {
	struct session *s;
	const struct home *home; /* of what is listed now */
	struct data *data;	 /* where it goes; NULL: to the control connection */
	bool is_recursive;	 /* LIST -R */
	struct list_lines lines;
	char *names; /* NAMES_SIZE bytes */
	uint64_t bytes;
	int read_error; /* a directory could not be read to its end */
};

/* --- output ----------------------------------------------------------------------------------- */

/* On the control connection a byte 255 would be Telnet's IAC: it is doubled (RFC 854). */
static int send_on_control(struct session *s, struct text bytes, int64_t deadline)
{
	ptrdiff_t at;
	int r = 0;

	control_flush(s);
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

/* Sends lines, in the client's character set. */
static int send_lines(struct lister *l, struct buf *lines)
{
	struct charset *charset = hosts_charset(l->s);
	struct text rest = buf_text(lines);
	char storage[8192];
	struct buf piece;
	int r = charset ? 0 : send_bytes(l, rest);

	while (charset && r == 0 && rest.len > 0) {
		buf_init(&piece, storage, sizeof(storage));
		charset_encode(charset, &rest, &piece);
		r = send_bytes(l, buf_text(&piece));
	}
	buf_reset(lines);
	return r;
}

static int flush(struct lister *l)
{
	return send_lines(l, &l->lines.out);
}

static int make_room(struct lister *l)
{
	return list_lines_have_room(&l->lines) ? 0 : flush(l);
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

	for (size_t i = 0; r == 0 && i < user->n_folders; i++) {
		if (!lies_in(&user->folders[i], directory))
			continue;
		r = make_room(l);
		if (r == 0)
			list_lines_add_folder(&l->lines, &user->folders[i]);
	}
	return r;
}

/* Sends these lines, and those of the names that found no room among them. */
static int send_part(struct lister *l, struct list_lines *lines,
		     const struct list_directory *directory, struct names *names)
{
	int r = send_lines(l, &lines->out);

	while (r == 0 && names_are_left(names)) {
		list_lines_add_batch(lines, directory, names);
		r = send_lines(l, &lines->out);
	}
	return r;
}

/* The helper makes the lines of one batch, and we those of the next. What has been collected is
 * sent before. 1: there may be more; 0; or an error. */
static int list_two_batches(struct lister *l, const struct list_directory *directory,
			    struct names *names, struct list_helper *helper)
{
	struct list_part *part = list_helper_part(helper);
	int found = names_read(&part->names, NAMES_SIZE), r;

	if (found <= 0)
		return l->read_error = found;
	list_helper_begin(helper);
	found = names_read(names, NAMES_SIZE);
	list_lines_add_batch(&l->lines, directory, names);
	list_helper_wait(helper);
	r = send_part(l, &part->lines, directory, &part->names);
	if (r == 0)
		r = send_part(l, &l->lines, directory, names);
	if (r == 0)
		r = control_look(l->s);
	if (r == 0 && found < 0)
		l->read_error = found;
	return r == 0 ? found : r;
}

static int list_with_helper(struct lister *l, const struct list_directory *directory,
			    struct names *names, struct list_helper *helper)
{
	int r = flush(l);

	if (r < 0)
		return r;
	do {
		r = list_two_batches(l, directory, names, helper);
	} while (r > 0);
	return r;
}

static int list_batch(struct lister *l, const struct list_directory *directory, struct names *names)
{
	int r = 0;

	list_lines_add_batch(&l->lines, directory, names);
	if (names_are_left(names) || l->bytes == 0 || l->lines.out.len >= PIECE)
		r = send_part(l, &l->lines, directory, names);
	return r == 0 ? control_look(l->s) : r;
}

static int list_names(struct lister *l, const struct list_directory *directory)
{
	bool may_be_helped = l->lines.format != FORMAT_NAMES; /* names alone are cheap */
	struct names names;
	int r = 0, found;

	names_init(&names, directory->fd, l->names);
	for (unsigned i = 0; r == 0; i++) {
		struct list_helper *helper;

		if (i == BATCHES_ALONE && may_be_helped &&
		    list_helper_new(&l->lines, directory, LINES_SIZE, NAMES_SIZE, &helper) == 0) {
			r = list_with_helper(l, directory, &names, helper);
			list_helper_free(&helper);
			return r;
		}
		found = names_read(&names, i == 0 ? FIRST_NAMES : NAMES_SIZE);
		if (found <= 0)
			return l->read_error = found;
		r = list_batch(l, directory, &names);
	}
	return r;
}

static int list_entries(struct lister *l, int fd, const struct path *path)
{
	struct list_directory directory;
	int r = make_room(l);

	list_directory_init(&directory, l->s, fd, path);
	if (r == 0 && l->lines.format == FORMAT_FACTS)
		list_lines_add_self(&l->lines, &directory);
	if (r == 0)
		r = list_names(l, &directory);
	return r == 0 ? add_folders(l, path) : r;
}

static int list_directory(struct lister *l, int fd, const struct path *path, unsigned depth);

/* One directory of "LIST -R" under its heading. Takes fd. */
static int list_below(struct lister *l, int fd, const struct path *path, unsigned depth)
{
	int r = make_room(l);

	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	buf_addf(&l->lines.out, "%s\r\n%s%s:\r\n", l->lines.line_start, l->lines.line_start,
		 path->bytes);
	return list_directory(l, fd, path, depth);
}

static bool is_subdirectory(int directory, const struct dirent *item)
{
	struct stat st;

	if (list_is_dots(text_of(item->d_name)) ||
	    (item->d_type != DT_DIR && item->d_type != DT_UNKNOWN))
		return false;
	return fstatat(directory, item->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* "LIST -R": each directory below under a heading of its own, as ls writes them. */
static int list_subdirectories(struct lister *l, DIR *dir, const struct path *path, unsigned depth)
{
	const struct dirent *item;
	struct path child;
	int r = 0;

	rewinddir(dir);
	while (r == 0 && (item = readdir(dir)) != NULL) {
		struct text name = text_of(item->d_name);

		if (!is_subdirectory(dirfd(dir), item) || !list_is_sendable(name) ||
		    path_join(path, name, &child) < 0 || list_is_covered(l->s, path, name) ||
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

/* The directories below, once the entries have been listed. Takes fd. */
static int list_deeper(struct lister *l, int fd, const struct path *path, unsigned depth)
{
	DIR *dir = fdopendir(fd);

	if (!dir) {
		int error = -errno;
		fd_close(&fd);
		return error;
	}
	int r = list_subdirectories(l, dir, path, depth);
	if (r == 0)
		r = list_subfolders(l, path, depth);
	(void)closedir(dir);
	return r;
}

/* Takes fd. */
static int list_directory(struct lister *l, int fd, const struct path *path, unsigned depth)
{
	/* The data connection may have come much later than the directory was opened. */
	int r = home_depth(l->home, fd, 0);

	if (r >= 0)
		r = list_entries(l, fd, path);
	if (r == 0 && l->is_recursive && depth < MAX_DEPTH)
		r = list_deeper(l, fd_take(&fd), path, depth);
	fd_close(&fd);
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
	r = list_stat_place(&ret->place, &ret->st);
	if (r == -ENOENT && has_wildcard(path_name(&ret->place.path))) {
		struct path parent;

		r = text_copy(path_name(&ret->place.path), ret->pattern, sizeof(ret->pattern));
		ret->shown_prefix = directory_part(argument);
		if (r == 0)
			r = path_join(&ret->place.path, T(".."), &parent);
		if (r == 0 && place_find(s, path_text(&parent), PLACE_LOOK, &ret->place) < 0)
			return -EACCES;
		if (r == 0)
			r = list_stat_place(&ret->place, &ret->st);
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
	l->lines.pattern = target->pattern[0] ? target->pattern : NULL;
	l->home = target->place.home;
	if (target->fd >= 0)
		return list_directory(l, fd_take(&target->fd), &target->place.real, 0);
	/* A file: its line, under the name that was asked for. */
	const struct path *path = &target->place.path;
	struct text name = path_is_root(path) ? T(".") : path_name(path);
	list_lines_add(&l->lines, &target->st,
		       l->lines.format == FORMAT_NAMES && argument.len > 0 ? argument : name,
		       target->place.permissions, NULL);
	return 0;
}

static void lister_init(struct lister *l, struct session *s, enum listing_format format,
			char *buffer)
{
	*l = (struct lister){ .s = s, .names = buffer + LINES_SIZE };
	list_lines_init(&l->lines, s, format, buffer, LINES_SIZE);
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
	if (l->read_error == 0 && r < 0)
		data_note_broken(s, r);
	if (l->read_error < 0 || r == -ESTALE)
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
	if (find_target(s, argument, switches.directory_itself, &target) < 0) {
		data_note_excuse(s);
		return;
	}
	lister_init(&l, s, format, buffer);
	l.lines.shows_dots = switches.all;
	l.is_recursive = switches.recursive && format == FORMAT_LS;
	if (format == FORMAT_FACTS && (target.fd < 0 || target.pattern[0]))
		reply(s, 501, "MLSD lists directories; MLST tells about one file.");
	else if (name_prefix(&target, prefix, sizeof(prefix), &l.lines.name_prefix) < 0)
		reply_errno(s, -ENAMETOOLONG, argument);
	else if (data_is_possible(s)) {
		if (target.fd < 0)
			l.lines.name_prefix = T("");
		transfer_begin(s, TRANSFER_LISTING, target.place.path.bytes, UINT64_MAX);
		if (data_open(s, &data, "Here comes the listing.") == 0) {
			l.data = &data;
			finish_listing(s, &l, &data, &target.place.path,
				       list_target(&l, &target, argument));
		}
		data_note_listing(s, path_text(&target.place.path));
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
	char storage[2 * PATH_MAX_LEN + 512];
	struct list_lines lines;
	struct entry entry;
	struct place place;
	struct text path;
	struct statx st;
	struct buf text;

	if (place_find(s, argument, PLACE_LOOK, &place) < 0)
		return;
	path = path_text(&place.path);
	int r = list_stat_place(&place, &st);
	if (r < 0) {
		reply_errno(s, r, path);
		return;
	}
	list_lines_init(&lines, s, FORMAT_FACTS, storage, sizeof(storage));
	list_fill_entry(&lines, &st, path, place.permissions, &entry);
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
	l.lines.shows_dots = switches.all;
	l.is_recursive = switches.recursive;
	l.lines.line_start = " ";
	buf_addf(&l.lines.out, "%u-Status of %s:\r\n", code, target.place.path.bytes);
	int r = list_target(&l, &target, argument);
	buf_addf(&l.lines.out, "%u End of status.\r\n", code);
	if (r == 0)
		r = flush(&l);
	if (r < 0)
		s->wants_end = true; /* the reply is cut in the middle */
	fd_close(&target.fd);
}
