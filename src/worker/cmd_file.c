/* worker/cmd_file.c - SIZE, MDTM, DELE, RNFR, RNTO (RFC 959 4.1.3, RFC 3659 3 and 4). */
#include "base/log.h"
#include "store/partial.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/events.h"
#include "worker/place.h"
#include "worker/quota.h"

/* The regular file that SIZE and MDTM are asked about. */
static int stat_file(const struct place *place, struct stat *ret)
{
	int r = home_stat(place->home, place_beneath(place), ret);

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
static int find_size(const struct place *place, bool wants_partial, uint64_t *ret)
{
	struct stat st;
	int r = wants_partial ? -ENOENT : stat_file(place, &st);

	if (r == 0)
		*ret = (uint64_t)st.st_size;
	else if (r == -ENOENT && partial_look(place->home, place_beneath(place), ret) == 0)
		r = 0;
	return r;
}

static void remember_size(struct session_user *user, struct text path, uint64_t size)
{
	if (!user->sized_path || !text_equal(text_of(user->sized_path), path)) {
		free(user->sized_path);
		user->sized_path = text_dup(path); /* NULL: APPE goes to the end */
	}
	user->sized_bytes = size;
}

void cmd_size(struct session *s, struct text argument)
{
	char storage[PATH_MAX_LEN];
	struct place place;
	uint64_t size;

	/* The size on the wire of a text would have to be counted line by line (RFC 3659 4). */
	if (s->type == TYPE_ASCII) {
		reply(s, 550, "[D-95] SIZE needs TYPE I; you are in TYPE A.");
		return;
	}
	bool wants_partial = take_partial_name(&argument, storage);
	if (place_find(s, argument, PLACE_LOOK, &place) < 0)
		return;
	int r = find_size(&place, wants_partial, &size);
	if (r < 0) {
		reply_errno(s, r, path_text(&place.path));
		return;
	}
	remember_size(s->user, path_text(&place.path), size);

	char digits[24];
	struct buf text;

	buf_init(&text, digits, sizeof(digits));
	buf_add_uint(&text, size);
	reply_text(s, 213, buf_text(&text));
}

void cmd_mdtm(struct session *s, struct text argument)
{
	struct place place;
	struct stat st;
	char when[TIMEVAL_SIZE];

	if (place_find(s, argument, PLACE_LOOK, &place) < 0)
		return;
	int r = stat_file(&place, &st);
	if (r < 0) {
		reply_errno(s, r, path_text(&place.path));
		return;
	}
	listing_format_time(st.st_mtime, when);
	reply(s, 213, "%s", when);
}

void cmd_dele(struct session *s, struct text argument)
{
	struct place place;

	if (place_find_for(s, argument, PLACE_DELETE, EVENT_DELETE, &place) < 0)
		return;
	int r = home_unlink(place.home, place_beneath(&place));
	/* What is kept of a broken upload goes along; it may be all that there is. */
	if ((r == 0 || r == -ENOENT) && partial_forget(place.home, place_beneath(&place)) == 0)
		r = 0;
	events_note_change(s, EVENT_DELETE, path_text(&place.path), NULL, r);
	if (r < 0) {
		reply_errno(s, place_is_root(&place) ? -EISDIR : r, path_text(&place.path));
		return;
	}
	log_event(LOG_INFO, "delete", F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_TEXT("path", path_text(&place.path)));
	reply(s, 250, "File deleted.");
}

void cmd_rnfr(struct session *s, struct text argument)
{
	struct place place;
	struct stat st;

	if (place_find_for(s, argument, PLACE_RENAME_FROM, EVENT_RENAME, &place) < 0)
		return;
	int r = place_is_root(&place) ? -EBUSY : home_lstat(place.home, place_beneath(&place), &st);
	if (r < 0) {
		events_note_change(s, EVENT_RENAME, path_text(&place.path), NULL, r);
		reply_errno(s, r, path_text(&place.path));
		return;
	}
	s->user->rename_from = text_dup(path_text(&place.path));
	if (!s->user->rename_from)
		reply_errno(s, -ENOMEM, path_text(&place.path));
	else
		reply(s, 350, "Now RNTO with the new name.");
}

/* The new name may be no path at all. */
static void note_refused_rename(struct session *s, const char *from, const struct place *to,
				int error)
{
	events_note_change(s, EVENT_RENAME, text_of(from), to->path.len > 0 ? &to->path : NULL,
			   error);
}

void cmd_rnto(struct session *s, struct text argument)
{
	AUTO_FREE char *from = s->user->rename_from;
	struct place source, place;

	s->user->rename_from = NULL;
	if (!from) {
		reply(s, 503, "Send RNFR first.");
		return;
	}
	int r = place_find_for(s, text_of(from), PLACE_RENAME_FROM, EVENT_RENAME, &source);

	if (r < 0)
		return;
	r = place_find(s, argument, PLACE_RENAME_TO, &place);
	if (r < 0) {
		note_refused_rename(s, from, &place, r);
		return;
	}
	if (source.home != place.home) {
		note_refused_rename(s, from, &place, -EXDEV);
		reply(s, 550, "%s: cannot rename across folders; copy it and delete the old one.",
		      place.path.bytes);
		return;
	}
	r = home_rename(place.home, place_beneath(&source), place_beneath(&place),
			place_may(&place, PERM_OVERWRITE));
	events_note_change(s, EVENT_RENAME, text_of(from), &place.path, r);
	if (r < 0) {
		quota_reply_errno(s, r, &place);
		return;
	}
	log_event(LOG_INFO, "rename", F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_STR("from", from), F_TEXT("path", path_text(&place.path)));
	reply(s, 250, "Renamed.");
}
