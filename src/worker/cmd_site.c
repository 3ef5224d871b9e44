/* worker/cmd_site.c - SITE and its own table of commands: what RFC 959 leaves to each server, in
 * the words that clients of other servers use (CHMOD, UTIME, SYMLINK, CPFR/CPTO, MKDIR, RMDIR, WHO,
 * IDLE, HELP). */
#include <fcntl.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/attributes.h"
#include "store/tree.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/events.h"
#include "worker/pool.h"

struct site_command {
	const char *verb;
	void (*run)(struct session *s, struct text argument);
	uint32_t permission;
	bool keeps_copy; /* does not forget CPFR */
	const char *syntax;
};

static int pause_for_client(void *arg)
{
	return control_look(arg);
}

static void log_change(const struct session *s, const char *event, const struct path *path)
{
	log_event(LOG_INFO, event, F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_TEXT("path", path_text(path)));
}

static void site_chmod(struct session *s, struct text argument)
{
	struct text word;
	struct path path;
	uint32_t mode;

	if (!text_take_until(&argument, ' ', &word) || argument.len == 0 ||
	    !facts_parse_mode(word, &mode)) {
		reply(s, 501, "Syntax: SITE CHMOD <octal mode> <path>");
		return;
	}
	if (session_path(s, argument, &path) < 0)
		return;
	int r = home_set_mode(s->user->home, path_beneath(&path), mode);
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	log_change(s, "chmod", &path);
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
	struct path path;
	int64_t mtime_s;

	if (!parse_utime(argument, &name, &mtime_s)) {
		reply(s, 501, "Syntax: SITE UTIME <YYYYMMDDHHMMSS> <path>");
		return;
	}
	if (session_path(s, name, &path) < 0)
		return;
	int r = home_set_mtime(s->user->home, path_beneath(&path), mtime_s);
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	log_change(s, "utime", &path);
	reply(s, 200, "Time is set.");
}

static void site_symlink(struct session *s, struct text argument)
{
	struct text target_name;
	struct path target, path;

	if (!text_take_until(&argument, ' ', &target_name) || target_name.len == 0 ||
	    argument.len == 0) {
		reply(s, 501, "Syntax: SITE SYMLINK <target> <link>");
		return;
	}
	if (session_path(s, target_name, &target) < 0 || session_path(s, argument, &path) < 0)
		return;
	int r = home_symlink(s->user->home, path_beneath(&target), path_beneath(&path));
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	log_change(s, "symlink", &path);
	reply(s, 200, "Link is made.");
}

/* --- copying ---------------------------------------------------------------------------------- */

static void site_cpfr(struct session *s, struct text argument)
{
	struct path path;
	struct stat st;

	if (session_path(s, argument, &path) < 0)
		return;
	int r = home_stat(s->user->home, path_beneath(&path), &st);
	if (r == 0 && !S_ISREG(st.st_mode))
		r = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	free(s->user->copy_from);
	s->user->copy_from = text_dup(path_text(&path));
	if (!s->user->copy_from)
		reply_errno(s, -ENOMEM, path_text(&path));
	else
		reply(s, 350, "Now SITE CPTO with the name of the copy.");
}

static int copy_bytes(struct session *s, int from, int to)
{
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)16 * 1024 * 1024, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		int r = control_look(s);
		if (r < 0)
			return r;
	}
}

/* The copy gets its name only where none is, or where overwriting is allowed. */
static int copy_file(struct session *s, const char *from_path, const struct path *to_path)
{
	AUTO_CLOSE int from = -1;
	AUTO_CLOSE int to = -1;
	struct stat from_stat, to_stat;
	bool replaces = home_stat(s->user->home, path_beneath(to_path), &to_stat) == 0;
	int r;

	if (replaces && !session_may(s, PERM_OVERWRITE))
		return -EEXIST;
	r = home_open_file(s->user->home, from_path + 1, O_RDONLY, 0, &from, &from_stat);
	if (r == 0 && replaces && from_stat.st_ino == to_stat.st_ino &&
	    from_stat.st_dev == to_stat.st_dev)
		return -EEXIST; /* onto itself */
	if (r == 0)
		r = home_open_file(s->user->home, path_beneath(to_path),
				   O_WRONLY | O_CREAT | (replaces ? O_TRUNC : O_EXCL), 0666, &to,
				   NULL);
	if (r < 0)
		return r;
	r = copy_bytes(s, from, to);
	if (r < 0 && !replaces)
		(void)!home_unlink(s->user->home, path_beneath(to_path)); /* best effort */
	return r;
}

static void site_cpto(struct session *s, struct text argument)
{
	AUTO_FREE char *from = s->user->copy_from;
	struct path path;

	s->user->copy_from = NULL;
	if (!from) {
		reply(s, 503, "Send SITE CPFR first.");
		return;
	}
	if (session_path(s, argument, &path) < 0)
		return;
	int r = copy_file(s, from, &path);
	if (r == -ECANCELED)
		reply(s, 426, "Copying aborted.");
	else if (r < 0)
		reply_errno(s, r, path_text(&path));
	else
		reply(s, 250, "Copied.");
	if (r == 0)
		log_change(s, "copy", &path);
}

/* --- directories ------------------------------------------------------------------------------ */

static void site_mkdir(struct session *s, struct text argument)
{
	bool with_parents = text_skip(&argument, T("-p "));
	struct path path;

	if (session_path(s, argument, &path) < 0)
		return;
	int r = with_parents ? home_make_directories(s->user->home, path_beneath(&path), 0777)
			     : home_mkdir(s->user->home, path_beneath(&path), 0777);
	events_note_change(s, EVENT_MKDIR, path_text(&path), NULL, r);
	if (r < 0) {
		reply_errno(s, path_is_root(&path) ? -EEXIST : r, path_text(&path));
		return;
	}
	log_change(s, "mkdir", &path);
	reply(s, 200, "Directory is made.");
}

static void site_rmdir(struct session *s, struct text argument)
{
	bool with_content = text_skip(&argument, T("-r "));
	struct path path;
	int r;

	if (session_path(s, argument, &path) < 0)
		return;
	if (with_content && !session_may(s, PERM_DELETE))
		r = -EACCES;
	else if (path_is_root(&path))
		r = -EBUSY;
	else if (with_content)
		r = home_remove_tree(s->user->home, path_beneath(&path), pause_for_client, s);
	else
		r = home_rmdir(s->user->home, path_beneath(&path));
	events_note_change(s, EVENT_RMDIR, path_text(&path), NULL, r);
	if (r == -ECANCELED) {
		reply(s, 426, "Removing aborted; what is left stays.");
		return;
	}
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	log_change(s, with_content ? "rmdir-recursive" : "rmdir", &path);
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

void cmd_site(struct session *s, struct text argument)
{
	struct text verb = { NULL, 0 };

	(void)text_take_until(&argument, ' ', &verb);
	for (size_t i = 0; i < ARRAY_SIZE(site_commands); i++) {
		const struct site_command *command = &site_commands[i];

		if (!text_equal_nocase(verb, text_of(command->verb)))
			continue;
		if (command->permission && !session_may(s, command->permission)) {
			reply(s, 550, "[D-90] Permission denied: your account may not use SITE %s.",
			      command->verb);
			return;
		}
		if (!command->keeps_copy) {
			free(s->user->copy_from);
			s->user->copy_from = NULL;
		}
		if (argument.len == 0 && strchr(command->syntax, '<') &&
		    command->run != site_idle) {
			reply(s, 501, "Syntax: %s", command->syntax);
			return;
		}
		command->run(s, argument);
		return;
	}
	reply(s, 500, "SITE %.*s: unknown; SITE HELP lists what there is.", TEXT_ARG(verb));
}
