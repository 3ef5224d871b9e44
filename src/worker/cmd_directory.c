/* worker/cmd_directory.c - PWD, CWD, CDUP, MKD, RMD (RFC 959 4.1). */
#include "ftp/reply.h"
#include "store/partial.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/events.h"
#include "worker/place.h"

/* "path" and words behind it: 257 has its path in double quotes (RFC 959 Appendix II). */
static void reply_quoted(struct session *s, struct text path, const char *words)
{
	char storage[2 * PATH_MAX_LEN + 64];
	struct buf text;

	buf_init(&text, storage, sizeof(storage));
	reply_add_quoted(&text, path);
	buf_add(&text, text_of(words));
	reply_text(s, 257, buf_text(&text));
}

void cmd_pwd(struct session *s, struct text argument UNUSED)
{
	reply_quoted(s, text_of(s->user->directory), " is the current directory.");
}

static void change_directory(struct session *s, const struct place *place)
{
	int r = home_enter(place->home, place_beneath(place));

	if (r < 0) {
		reply_errno(s, r, path_text(&place->path));
		return;
	}
	if (text_equal(text_of(s->user->directory), path_text(&place->path))) {
		reply_text(s, 250, T("Directory changed."));
		return;
	}
	char *directory = text_dup(path_text(&place->path));
	if (!directory) {
		reply_errno(s, -ENOMEM, path_text(&place->path));
		return;
	}
	free(s->user->directory);
	s->user->directory = directory;
	session_publish(s);
	reply_text(s, 250, T("Directory changed."));
}

void cmd_cwd(struct session *s, struct text argument)
{
	struct place place;

	if (place_find(s, argument, PLACE_ENTER, &place) == 0)
		change_directory(s, &place);
}

void cmd_cdup(struct session *s, struct text argument UNUSED)
{
	cmd_cwd(s, T(".."));
}

void cmd_mkd(struct session *s, struct text argument)
{
	struct place place;

	if (place_find_for(s, argument, PLACE_MAKE, EVENT_MKDIR, &place) < 0)
		return;
	int r = home_mkdir(place.home, place_beneath(&place), 0777);
	events_note_change(s, EVENT_MKDIR, path_text(&place.path), NULL, r);
	if (r < 0) {
		reply_errno(s, place_is_root(&place) ? -EEXIST : r, path_text(&place.path));
		return;
	}
	session_log_change(s, "mkdir", &place.path);
	reply_quoted(s, path_text(&place.path), " is made.");
}

void cmd_rmd(struct session *s, struct text argument)
{
	struct place place;

	if (place_find_for(s, argument, PLACE_REMOVE, EVENT_RMDIR, &place) < 0)
		return;
	int r = partial_rmdir(place.home, place_beneath(&place));
	events_note_change(s, EVENT_RMDIR, path_text(&place.path), NULL, r);
	if (r < 0) {
		reply_errno(s, r, path_text(&place.path));
		return;
	}
	session_log_change(s, "rmdir", &place.path);
	reply(s, 250, "Directory removed.");
}
