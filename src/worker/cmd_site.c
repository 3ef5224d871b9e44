/* worker/cmd_site.c - SITE and its own table of commands: what RFC 959 leaves to each server, in
 * the words that clients of other servers use (CHMOD, UTIME, SYMLINK, CPFR/CPTO, MKDIR, RMDIR, WHO,
 * IDLE, HELP). */
#include <fcntl.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "store/attributes.h"
#include "store/tree.h"
#include "store/upload.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/events.h"
#include "worker/place.h"
#include "worker/pool.h"
#include "worker/quota.h"
#include "worker/session_limits.h"
#include "worker/site_doctor.h"

#define COPY_BYTES ((size_t)16 * 1024 * 1024)

struct site_command {
	const char *verb;
	void (*run)(struct session *s, struct text argument);
	uint32_t permission;
	bool keeps_copy; /* does not forget CPFR */
	const char *syntax;
};

static void site_chmod(struct session *s, struct text argument)
{
	struct text word;
	struct place place;
	uint32_t mode;

	if (!text_take_until(&argument, ' ', &word) || argument.len == 0 ||
	    !facts_parse_mode(word, &mode)) {
		reply(s, 501, "Syntax: SITE CHMOD <octal mode> <path>");
		return;
	}
	if (place_find(s, argument, PLACE_ATTRIBUTES, &place) < 0)
		return;
	int r = home_set_mode(place.home, place_beneath(&place), mode);
	if (r < 0) {
		reply_errno(s, r, path_text(&place.path));
		return;
	}
	session_log_change(s, "chmod", &place.path);
	reply(s, 200, "Mode is %03o.", mode);
}

/* Two forms are in use: "<time> <path>", and "<path> <atime> <mtime> <ctime> UTC". */
static bool parse_utime(struct text argument, struct text *ret_path, int64_t *ret_mtime_s)
{
	struct text first, rest = argument;

	if (text_take_until(&rest, ' ', &first) && rest.len > 0 &&
	    listing_parse_time(first, ret_mtime_s) == 0) {
		*ret_path = rest;
		return true;
	}
	const size_t tail = sizeof(" YYYYMMDDHHMMSS YYYYMMDDHHMMSS YYYYMMDDHHMMSS UTC") - 1;
	if (argument.len <= tail)
		return false;
	struct text times = { argument.ptr + argument.len - tail, tail };
	*ret_path = (struct text){ argument.ptr, argument.len - tail };
	return times.ptr[0] == ' ' && times.ptr[15] == ' ' && times.ptr[30] == ' ' &&
	       text_equal_nocase((struct text){ times.ptr + 45, 4 }, T(" UTC")) &&
	       listing_parse_time((struct text){ times.ptr + 16, 14 }, ret_mtime_s) == 0;
}

static void site_utime(struct session *s, struct text argument)
{
	struct text name;
	struct place place;
	int64_t mtime_s;

	if (!parse_utime(argument, &name, &mtime_s)) {
		reply(s, 501, "Syntax: SITE UTIME <YYYYMMDDHHMMSS> <path>");
		return;
	}
	if (place_find(s, name, PLACE_ATTRIBUTES, &place) < 0)
		return;
	int r = home_set_mtime(place.home, place_beneath(&place), mtime_s);
	if (r < 0) {
		reply_errno(s, r, path_text(&place.path));
		return;
	}
	session_log_change(s, "utime", &place.path);
	reply(s, 200, "Time is set.");
}

static void site_symlink(struct session *s, struct text argument)
{
	struct text target_name;
	struct place target, place;

	if (!text_take_until(&argument, ' ', &target_name) || target_name.len == 0 ||
	    argument.len == 0) {
		reply(s, 501, "Syntax: SITE SYMLINK <target> <link>");
		return;
	}
	if (place_find(s, target_name, PLACE_ENTER, &target) < 0 ||
	    place_find(s, argument, PLACE_LINK, &place) < 0)
		return;
	int r = target.home != place.home
			? -EXDEV
			: home_symlink(place.home, place_beneath(&target), place_beneath(&place));
	if (r < 0) {
		reply_errno(s, r, path_text(&place.path));
		return;
	}
	session_log_change(s, "symlink", &place.path);
	reply(s, 200, "Link is made.");
}

/* --- copying ---------------------------------------------------------------------------------- */

static void site_cpfr(struct session *s, struct text argument)
{
	struct place place;
	struct stat st;

	if (place_find(s, argument, PLACE_READ, &place) < 0)
		return;
	int r = home_stat(place.home, place_beneath(&place), &st);
	if (r == 0 && !S_ISREG(st.st_mode))
		r = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (r < 0) {
		reply_errno(s, r, path_text(&place.path));
		return;
	}
	free(s->user->copy_from);
	s->user->copy_from = text_dup(path_text(&place.path));
	if (!s->user->copy_from)
		reply_errno(s, -ENOMEM, path_text(&place.path));
	else
		reply(s, 350, "Now SITE CPTO with the name of the copy.");
}

/* The next `size` bytes. 0; 1: the file is shorter now. */
static int copy_piece(int from, int to, size_t size, uint64_t *ret_bytes)
{
	while (size > 0) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 1;
		size -= (size_t)n;
		*ret_bytes += (uint64_t)n;
	}
	return 0;
}

static int copy_bytes(struct session *s, int from, uint64_t left, struct upload *up,
		      uint64_t *ret_bytes)
{
	int r = 0;

	while (left > 0 && r == 0) {
		size_t wanted = (size_t)MIN_OF(left, (uint64_t)COPY_BYTES), granted = 0;

		r = upload_reserve(up, wanted, &granted);
		if (r == 0 && granted < wanted)
			r = -EDQUOT;
		if (r == 0)
			r = copy_piece(from, upload_file(up), wanted, ret_bytes);
		if (r > 0)
			return 0;
		if (r == 0)
			r = control_look(s);
		left -= wanted;
	}
	return r;
}

/* The copy gets its name when it is whole, and only where none is, or where overwriting is
 * allowed. -EOVERFLOW: it is larger than an upload may be. */
static int copy_file(struct session *s, const struct place *source, const struct place *place,
		     uint64_t *ret_bytes)
{
	const struct settings *settings = s->worker->settings;
	AUTO_CLOSE int from = -1;
	struct stat from_stat, to_stat;
	bool replaces = home_stat(place->home, place_beneath(place), &to_stat) == 0;
	const struct upload_request request = {
		.home = place->home,
		.path = place_beneath(place),
		.is_atomic = true,
		.is_durable = settings->durability == DURABILITY_FSYNC,
		.may_replace = place_may(place, PERM_OVERWRITE),
	};
	struct upload *up = NULL;
	int r;

	if (replaces && !request.may_replace)
		return -EEXIST;
	if (!replaces && !place_may(place, PERM_UPLOAD))
		return -EACCES;
	r = home_open_file(source->home, place_beneath(source), O_RDONLY, 0, &from, &from_stat);
	if (r == 0 && replaces && from_stat.st_ino == to_stat.st_ino &&
	    from_stat.st_dev == to_stat.st_dev)
		return -EEXIST; /* onto itself */
	if (r == 0 && (uint64_t)from_stat.st_size > limits_upload_room(s, 0))
		return -EOVERFLOW;
	if (r == 0)
		r = upload_begin(&request, &up);
	if (r < 0)
		return r;
	r = copy_bytes(s, from, (uint64_t)from_stat.st_size, up, ret_bytes);
	if (r == 0)
		r = upload_commit(up);
	upload_free(&up);
	return r;
}

static void site_cpto(struct session *s, struct text argument)
{
	AUTO_FREE char *from = s->user->copy_from;
	struct place source, place;

	s->user->copy_from = NULL;
	if (!from) {
		reply(s, 503, "Send SITE CPFR first.");
		return;
	}
	int r = place_find_for(s, text_of(from), PLACE_READ, EVENT_COPY, &source);

	if (r < 0)
		return;
	r = place_find(s, argument, PLACE_WRITE, &place);
	if (r < 0) {
		if (place.path.len > 0)
			events_note_copy(s, text_of(from), &place.path, 0, 0, r);
		return;
	}
	int64_t began_ms = clock_ms();
	uint64_t bytes = 0;
	r = copy_file(s, &source, &place, &bytes);
	events_note_copy(s, text_of(from), &place.path, bytes, (uint64_t)(clock_ms() - began_ms),
			 r);
	if (r == -ECANCELED)
		reply(s, 426, "Copying aborted.");
	else if (r == -EOVERFLOW)
		limits_reply_too_large(s, bytes);
	else if (r < 0)
		quota_reply_errno(s, r, &place);
	else
		reply(s, 250, "Copied.");
	if (r == 0)
		session_log_change(s, "copy", &place.path);
}

/* --- directories ------------------------------------------------------------------------------ */

/* Each missing parent is asked about on its own: a rule may hold for one of them. */
static void make_directories(struct session *s, struct text argument)
{
	struct place place;
	struct path path, part;
	struct text rest, name;
	int r = session_path(s, argument, &path);

	if (r < 0)
		return;
	path_set_root(&part);
	for (rest = path_text(&path); text_take_until(&rest, '/', &name);) {
		struct stat st;

		r = path_join(&part, name, &part);
		if (r == 0 && place_look(s, &part, &place) == 0 &&
		    home_stat(place.home, place_beneath(&place), &st) == 0 && S_ISDIR(st.st_mode))
			continue;
		if (place_find_for(s, path_text(&part), PLACE_MAKE, EVENT_MKDIR, &place) < 0)
			return;
		if (r == 0)
			r = home_mkdir(place.home, place_beneath(&place), 0777);
		events_note_change(s, EVENT_MKDIR, path_text(&place.path), NULL, r);
		if (r < 0) {
			reply_errno(s, r, path_text(&place.path));
			return;
		}
	}
	session_log_change(s, "mkdir", &path);
	reply(s, 200, "Directory is made.");
}

static void site_mkdir(struct session *s, struct text argument)
{
	bool with_parents = text_skip(&argument, T("-p "));
	struct place place;

	if (with_parents) {
		make_directories(s, argument);
		return;
	}
	if (place_find_for(s, argument, PLACE_MAKE, EVENT_MKDIR, &place) < 0)
		return;
	int r = home_mkdir(place.home, place_beneath(&place), 0777);
	events_note_change(s, EVENT_MKDIR, path_text(&place.path), NULL, r);
	if (r < 0) {
		reply_errno(s, place_is_root(&place) ? -EEXIST : r, path_text(&place.path));
		return;
	}
	session_log_change(s, "mkdir", &place.path);
	reply(s, 200, "Directory is made.");
}

static void site_rmdir(struct session *s, struct text argument)
{
	bool with_content = text_skip(&argument, T("-r "));
	struct place place;
	int r;

	if (place_find_for(s, argument, with_content ? PLACE_REMOVE_TREE : PLACE_REMOVE,
			   EVENT_RMDIR, &place) < 0)
		return;
	if (place_is_root(&place))
		r = -EBUSY;
	else if (with_content)
		r = home_remove_tree(place.home, place_beneath(&place), place_visit, s);
	else
		r = partial_rmdir(place.home, place_beneath(&place));
	events_note_change(s, EVENT_RMDIR, path_text(&place.path), NULL, r);
	if (r == -ECANCELED) {
		reply(s, 426, "Removing aborted; what is left stays.");
		return;
	}
	if (r < 0) {
		reply_errno(s, r, path_text(&place.path));
		return;
	}
	session_log_change(s, with_content ? "rmdir-recursive" : "rmdir", &place.path);
	reply(s, 200, "Directory is removed.");
}

/* --- sessions --------------------------------------------------------------------------------- */

/* The user's own sessions, from the scoreboard. */
static void site_who(struct session *s, struct text argument UNUSED)
{
	const struct scoreboard *board = s->worker->start->board;
	char storage[4096], peer[ADDRESS_TEXT_SIZE];
	struct session_view view;
	struct buf text;

	buf_init(&text, storage, sizeof(storage));
	buf_add(&text, T("Your sessions:\n"));
	for (uint32_t i = 0; i < scoreboard_max_sessions(board) && buf_room(&text) > 512; i++) {
		if (!scoreboard_get_session(board, i, &view) ||
		    strcmp(view.user, s->user->name) != 0)
			continue;
		buf_addf(&text, "%" PRIu64 " from %s: %.64s%s\n", view.id,
			 address_format_ip(&view.peer, peer), view.command,
			 view.id == s->id ? " (this one)" : "");
	}
	buf_add(&text, T("End"));
	reply_text(s, 200, buf_text(&text));
}

static void site_idle(struct session *s, struct text argument)
{
	uint64_t seconds;
	unsigned most = s->worker->settings->idle_timeout_s;

	if (argument.len == 0) {
		reply(s, 200, "The session closes after %u s without a command.",
		      s->idle_timeout_s ? s->idle_timeout_s : most);
		return;
	}
	if (text_to_uint(argument, most, &seconds) < 0 || seconds < 1) {
		reply(s, 501, "Syntax: SITE IDLE <seconds>, 1 to %u", most);
		return;
	}
	s->idle_timeout_s = (unsigned)seconds;
	reply(s, 200, "The session closes after %u s without a command.", s->idle_timeout_s);
}

static void site_help(struct session *s, struct text argument);

static const struct site_command site_commands[] = {
	{ "CHMOD", site_chmod, PERM_ATTRIBUTES, false, "SITE CHMOD <octal mode> <path>" },
	{ "CPFR", site_cpfr, PERM_DOWNLOAD, true, "SITE CPFR <path>" },
	{ "CPTO", site_cpto, PERM_UPLOAD, true, "SITE CPTO <path>" },
	{ "DOCTOR", site_doctor, 0, false, "SITE DOCTOR [PORT <port>]" },
	{ "HELP", site_help, 0, false, "SITE HELP" },
	{ "IDLE", site_idle, 0, false, "SITE IDLE [<seconds>]" },
	{ "MKDIR", site_mkdir, PERM_MKDIR, false, "SITE MKDIR [-p] <path>" },
	{ "RMDIR", site_rmdir, PERM_RMDIR, false, "SITE RMDIR [-r] <path>" },
	{ "SYMLINK", site_symlink, PERM_UPLOAD, false, "SITE SYMLINK <target> <link>" },
	{ "UTIME", site_utime, PERM_ATTRIBUTES, false, "SITE UTIME <YYYYMMDDHHMMSS> <path>" },
	{ "WHO", site_who, 0, false, "SITE WHO" },
};

static void site_help(struct session *s, struct text argument UNUSED)
{
	char storage[1024];
	struct buf text;

	buf_init(&text, storage, sizeof(storage));
	buf_add(&text, T("The following SITE commands are recognized.\n"));
	for (size_t i = 0; i < ARRAY_SIZE(site_commands); i++)
		buf_addf(&text, "%s\n", site_commands[i].syntax);
	buf_add(&text, T("End"));
	reply_text(s, 214, buf_text(&text));
}

/* Commands that leave a record of what they did. */
static void note_denied(struct session *s, const struct site_command *command, struct text argument)
{
	if (command->run == site_mkdir) {
		(void)text_skip(&argument, T("-p "));
		place_note_denied(s, argument, EVENT_MKDIR);
	} else if (command->run == site_rmdir) {
		(void)text_skip(&argument, T("-r "));
		place_note_denied(s, argument, EVENT_RMDIR);
	}
}

void cmd_site(struct session *s, struct text argument)
{
	struct text verb = { NULL, 0 };

	(void)text_take_until(&argument, ' ', &verb);
	for (size_t i = 0; i < ARRAY_SIZE(site_commands); i++) {
		const struct site_command *command = &site_commands[i];

		if (!text_equal_nocase(verb, text_of(command->verb)))
			continue;
		if (command->permission && !session_may_somewhere(s, command->permission)) {
			reply(s, 550, "[D-90] Permission denied: your account may not use SITE %s.",
			      command->verb);
			note_denied(s, command, argument);
			return;
		}
		if (!command->keeps_copy) {
			free(s->user->copy_from);
			s->user->copy_from = NULL;
		}
		if (argument.len == 0 && strchr(command->syntax, '<') &&
		    command->run != site_idle && command->run != site_doctor) {
			reply(s, 501, "Syntax: %s", command->syntax);
			return;
		}
		command->run(s, argument);
		return;
	}
	reply(s, 500, "SITE %.*s: unknown; SITE HELP lists what there is.", TEXT_ARG(verb));
}
