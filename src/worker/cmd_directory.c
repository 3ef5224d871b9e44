/* worker/cmd_directory.c - PWD, CWD, CDUP, MKD, RMD (RFC 959 4.1). */
#include <fcntl.h>

#include "base/log.h"
#include "ftp/reply.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/events.h"

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

static void change_directory(struct session *s, const struct path *path)
{
	AUTO_CLOSE int fd = -1;
	/* Opened, not only looked at: a directory that may not be entered says so here. */
	int r = home_openat(s->user->home, path_beneath(path), O_PATH | O_DIRECTORY, 0, &fd);

	if (r == 0)
		r = faccessat(fd, ".", X_OK, AT_EACCESS) < 0 ? -errno : 0;
	if (r < 0) {
		reply_errno(s, r, path_text(path));
		return;
	}
	char *directory = text_dup(path_text(path));
	if (!directory) {
		reply_errno(s, -ENOMEM, path_text(path));
		return;
	}
	free(s->user->directory);
	s->user->directory = directory;
	session_publish(s, NULL);
	reply(s, 250, "Directory changed.");
}

void cmd_cwd(struct session *s, struct text argument)
{
	struct path path;

	if (session_path(s, argument, &path) == 0)
		change_directory(s, &path);
}

void cmd_cdup(struct session *s, struct text argument UNUSED)
{
	cmd_cwd(s, T(".."));
}

static void log_change(const struct session *s, const char *event, const struct path *path)
{
	log_event(LOG_INFO, event, F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_TEXT("path", path_text(path)));
}

void cmd_mkd(struct session *s, struct text argument)
{
	struct path path;

	if (session_path(s, argument, &path) < 0)
		return;
	int r = home_mkdir(s->user->home, path_beneath(&path), 0777);
	events_note_change(s, EVENT_MKDIR, path_text(&path), NULL, r);
	if (r < 0) {
		reply_errno(s, path_is_root(&path) ? -EEXIST : r, path_text(&path));
		return;
	}
	log_change(s, "mkdir", &path);
	reply_quoted(s, path_text(&path), " is made.");
}

void cmd_rmd(struct session *s, struct text argument)
{
	struct path path;

	if (session_path(s, argument, &path) < 0)
		return;
	int r = home_rmdir(s->user->home, path_beneath(&path));
	events_note_change(s, EVENT_RMDIR, path_text(&path), NULL, r);
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	log_change(s, "rmdir", &path);
	reply(s, 250, "Directory removed.");
}
