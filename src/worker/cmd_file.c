/* worker/cmd_file.c - SIZE, MDTM, DELE, RNFR, RNTO (RFC 959 4.1.3, RFC 3659 3 and 4). */
#include "base/log.h"
#include "store/partial.h"
#include "worker/commands.h"
#include "worker/control.h"

/* The regular file that SIZE and MDTM are asked about. */
static int stat_file(const struct session *s, const struct path *path, struct stat *ret)
{
	int r = home_stat(s->user->home, path_beneath(path), ret);

	if (r == 0 && S_ISDIR(ret->st_mode))
		r = -EISDIR;
	else if (r == 0 && !S_ISREG(ret->st_mode))
		r = -EINVAL;
	return r;
}

/* The partial's own name stands for what is kept of an upload to the final name, and asks for the
 * same rights. True: *argument is the final name now. */
static bool take_partial_name(struct text *argument, char storage[static PATH_MAX_LEN])
{
	const char *slash = memrchr(argument->ptr, '/', argument->len);
	size_t before = slash ? (size_t)(slash + 1 - argument->ptr) : 0;
	struct text final;

	if (!partial_final_name((struct text){ argument->ptr + before, argument->len - before },
				&final) ||
	    before + final.len >= PATH_MAX_LEN)
		return false;
	memcpy(storage, argument->ptr, before);
	memcpy(storage + before, final.ptr, final.len);
	*argument = (struct text){ storage, before + final.len };
	return true;
}

/* A broken upload of a new file: so much is there to be continued, and SIZE says it as if the file
 * were there, since that is what clients resume by. */
static int find_size(const struct session *s, const struct path *path, bool wants_partial,
		     uint64_t *ret)
{
	struct stat st;
	int r = wants_partial ? -ENOENT : stat_file(s, path, &st);

	if (r == 0)
		*ret = (uint64_t)st.st_size;
	else if (r == -ENOENT && partial_look(s->user->home, path_beneath(path), ret) == 0)
		r = 0;
	return r;
}

void cmd_size(struct session *s, struct text argument)
{
	char storage[PATH_MAX_LEN];
	struct path path;
	uint64_t size;

	/* The size on the wire of a text would have to be counted line by line (RFC 3659 4). */
	if (s->type == TYPE_ASCII) {
		reply(s, 550, "[D-95] SIZE needs TYPE I; you are in TYPE A.");
		return;
	}
	bool wants_partial = take_partial_name(&argument, storage);
	if (session_path(s, argument, &path) < 0)
		return;
	int r = find_size(s, &path, wants_partial, &size);
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	free(s->user->sized_path);
	s->user->sized_path = text_dup(path_text(&path));
	s->user->sized_bytes = size;
	reply(s, 213, "%" PRIu64, size);
}

void cmd_mdtm(struct session *s, struct text argument)
{
	struct path path;
	struct stat st;
	char when[TIMEVAL_SIZE];

	if (session_path(s, argument, &path) < 0)
		return;
	int r = stat_file(s, &path, &st);
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	listing_format_time(st.st_mtime, when);
	reply(s, 213, "%s", when);
}

void cmd_dele(struct session *s, struct text argument)
{
	struct path path;

	if (session_path(s, argument, &path) < 0)
		return;
	int r = home_unlink(s->user->home, path_beneath(&path));
	/* What is kept of a broken upload goes along; it may be all that there is. */
	if ((r == 0 || r == -ENOENT) && partial_forget(s->user->home, path_beneath(&path)) == 0)
		r = 0;
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
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	log_event(LOG_INFO, "rename", F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_STR("from", from), F_TEXT("path", path_text(&path)));
	reply(s, 250, "Renamed.");
}
