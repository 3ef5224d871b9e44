/* worker/cmd_file.c - SIZE, MDTM, DELE, RNFR, RNTO (RFC 959 4.1.3, RFC 3659 3 and 4). */
#include "base/log.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/events.h"

/* The regular file that SIZE and MDTM are asked about. */
static int stat_file(struct session *s, struct text argument, struct stat *ret)
{
	struct path path;
	int r = session_path(s, argument, &path);

	if (r < 0)
		return r;
	r = home_stat(s->user->home, path_beneath(&path), ret);
	if (r == 0 && S_ISDIR(ret->st_mode))
		r = -EISDIR;
	else if (r == 0 && !S_ISREG(ret->st_mode))
		r = -EINVAL;
	if (r < 0)
		reply_errno(s, r, path_text(&path));
	return r;
}

void cmd_size(struct session *s, struct text argument)
{
	struct stat st;

	/* The size on the wire of a text would have to be counted line by line (RFC 3659 4). */
	if (s->type == TYPE_ASCII) {
		reply(s, 550, "[D-95] SIZE needs TYPE I; you are in TYPE A.");
		return;
	}
	if (stat_file(s, argument, &st) == 0)
		reply(s, 213, "%" PRIu64, (uint64_t)st.st_size);
}

void cmd_mdtm(struct session *s, struct text argument)
{
	struct stat st;
	char when[TIMEVAL_SIZE];

	if (stat_file(s, argument, &st) < 0)
		return;
	listing_format_time(st.st_mtime, when);
	reply(s, 213, "%s", when);
}

void cmd_dele(struct session *s, struct text argument)
{
	struct path path;

	if (session_path(s, argument, &path) < 0)
		return;
	int r = home_unlink(s->user->home, path_beneath(&path));
	events_note_change(s, EVENT_DELETE, path_text(&path), NULL, r);
	if (r < 0) {
		reply_errno(s, path_is_root(&path) ? -EISDIR : r, path_text(&path));
		return;
	}
	log_event(LOG_INFO, "delete", F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_TEXT("path", path_text(&path)));
	reply(s, 250, "File deleted.");
}

void cmd_rnfr(struct session *s, struct text argument)
{
	struct path path;
	struct stat st;

	if (session_path(s, argument, &path) < 0)
		return;
	int r = path_is_root(&path) ? -EBUSY : home_lstat(s->user->home, path_beneath(&path), &st);
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	s->user->rename_from = text_dup(path_text(&path));
	if (!s->user->rename_from)
		reply_errno(s, -ENOMEM, path_text(&path));
	else
		reply(s, 350, "Now RNTO with the new name.");
}

void cmd_rnto(struct session *s, struct text argument)
{
	AUTO_FREE char *from = s->user->rename_from;
	struct path path;

	s->user->rename_from = NULL;
	if (!from) {
		reply(s, 503, "Send RNFR first.");
		return;
	}
	if (session_path(s, argument, &path) < 0)
		return;
	int r = home_rename(s->user->home, from + 1, path_beneath(&path),
			    session_may(s, PERM_OVERWRITE));
	events_note_change(s, EVENT_RENAME, text_of(from), &path, r);
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	log_event(LOG_INFO, "rename", F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_STR("from", from), F_TEXT("path", path_text(&path)));
	reply(s, 250, "Renamed.");
}
