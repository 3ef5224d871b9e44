/* worker/cmd_transfer.c - RETR, STOR, APPE, REST, ABOR (RFC 959 4.1.3, RFC 3659 5). */
#include <fcntl.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/events.h"
#include "worker/session_limits.h"
#include "worker/transfer.h"

void cmd_rest(struct session *s, struct text argument)
{
	uint64_t offset;

	if (text_to_uint(argument, INT64_MAX, &offset) < 0) {
		reply(s, 501, "Syntax: REST <offset>");
		return;
	}
	if (s->type == TYPE_ASCII && offset > 0) {
		reply(s, 501, "[D-95] REST needs TYPE I; you are in TYPE A.");
		return;
	}
	s->restart_at = offset;
	reply(s, 350, "The next transfer starts at byte %" PRIu64 ".", offset);
}

/* REST and RANG hold for one transfer. */
static void take_range(struct session *s, uint64_t *ret_first, uint64_t *ret_end)
{
	*ret_first = s->has_range ? s->range_first : s->restart_at;
	*ret_end = s->has_range ? s->range_end : UINT64_MAX;
	s->restart_at = 0;
	s->has_range = false;
}

void cmd_abor(struct session *s, struct text argument UNUSED)
{
	/* A transfer in progress has ended with its 426 before this line was run (RFC 959
	 * 4.1.3). */
	bool was_transfer = s->wants_abort;

	s->wants_abort = false;
	data_forget(s);
	reply(s, 226,
	      was_transfer ? "ABOR: the transfer is aborted." : "ABOR: no transfer in progress.");
}

/* How sure it is that all of the content was carried: "proven" by close_notify, "likely" where a
 * plain connection ended well or close_notify is not asked for, "truncated" or "broken" else. */
static const char *end_state(const struct session *s, const struct transfer *t)
{
	if (t->error == -ENODATA)
		return "truncated";
	if (t->error < 0)
		return "broken";
	return s->protects_data && s->worker->settings->require_close_notify ? "proven" : "likely";
}

static void reply_complete(struct session *s, const struct transfer *t, uint64_t ms)
{
	char held[128] = "";

	if (t->limit)
		(void)snprintf(held, sizeof(held),
			       " [D-81] It was held back by %s = %" PRIu64 " bytes/s.", t->limit,
			       t->limit_rate);
	reply(s, 226, "Transfer complete: %" PRIu64 " bytes in %" PRIu64 ".%03" PRIu64 " s.%s",
	      t->bytes, ms / 1000, ms % 1000, held);
}

/* One line of the log and the right reply for the end of a transfer. */
static void conclude(struct session *s, enum event_kind kind, const struct path *path,
		     bool names_file, const struct transfer *t, const struct data *data)
{
	uint64_t ms = (uint64_t)(clock_ms() - data->opened_ms);
	char peer[ADDRESS_TEXT_SIZE];

	if (t->error == 0 && names_file)
		reply(s, 226, "FILE: %.*s", TEXT_ARG(path_name(path)));
	else if (t->error == 0)
		reply_complete(s, t, ms);
	else if (t->error == -ETIME)
		limits_reply_slow(s, t->slow_rate);
	else if (t->is_file_error && t->error == -EOVERFLOW)
		limits_reply_too_large(s, limits_value(s, LIMIT_UPLOAD_SIZE));
	else if (t->is_file_error)
		reply_errno(s, t->error, path_text(path));
	else
		data_reply_broken(s, t->error);
	log_event(t->error == 0 ? LOG_INFO : LOG_WARNING,
		  kind == EVENT_UPLOAD ? "upload" : "download", F_UINT("session", s->id),
		  F_STR("user", s->user->name), F_STR("peer", address_format_ip(&s->peer, peer)),
		  F_TEXT("path", path_text(path)), F_UINT("bytes", t->bytes), F_UINT("ms", ms),
		  F_STR("bound", !s->protects_data	  ? "no-tls"
				 : data->binding.is_bound ? "yes"
							  : "no"),
		  F_STR("end", end_state(s, t)),
		  F_STR("result", t->error == 0 ? "complete" : strerrordesc_np(-t->error)));
	events_note_transfer(s, kind, path, t, ms, end_state(s, t));
}

void cmd_retr(struct session *s, struct text argument)
{
	AUTO_CLOSE int file = -1;
	struct path path;
	struct stat st;
	struct data data;
	struct transfer t;
	char what[PATH_MAX_LEN + 64];
	uint64_t offset, end;

	take_range(s, &offset, &end);
	if (session_path(s, argument, &path) < 0)
		return;
	int r = home_open_file(s->user->home, path_beneath(&path), O_RDONLY, 0, &file, &st);
	if (r < 0) {
		reply_errno(s, r, path_text(&path));
		return;
	}
	if (offset > (uint64_t)st.st_size) {
		reply(s, 554, "Byte %" PRIu64 " is behind the end of the file (%" PRIu64 " bytes).",
		      offset, (uint64_t)st.st_size);
		return;
	}
	if (!data_is_possible(s))
		return;
	(void)snprintf(what, sizeof(what), "Sending %s (%" PRIu64 " bytes).", path.bytes,
		       MIN_OF(end, (uint64_t)st.st_size) - offset);
	transfer_begin(s, TRANSFER_DOWNLOAD, path.bytes);
	if (data_open(s, &data, what) == 0) {
		transfer_send(s, &data, file, offset, end, &t);
		s->bytes_sent += t.bytes;
		data_close(s, &data);
		conclude(s, EVENT_DOWNLOAD, &path, false, &t, &data);
	}
	transfer_end(s);
}

/* --- uploads ---------------------------------------------------------------------------------- */

struct upload {
	struct path path;
	bool appends;
	uint64_t offset; /* of REST or RANG */
	uint64_t end;	 /* of RANG: what lies behind it stays; else UINT64_MAX */
	bool is_new;	 /* there was no such file before */
	bool is_unique;	 /* STOU: the name is ours */
	bool is_made;	 /* the file was made by this upload */
	int file;
};

/* What can be said before any data flows: rights, names, places. The file itself is touched only
 * once its data connection is open, so that a blocked one leaves nothing behind (D-83). */
static bool may_upload(struct session *s, struct upload *up)
{
	struct text parent = path_parent(&up->path);
	struct path directory;
	struct stat st;
	int r = path_is_root(&up->path) ? -EISDIR
					: home_stat(s->user->home, path_beneath(&up->path), &st);

	up->is_new = r == -ENOENT;
	if (r == 0 && S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (r == 0 && !S_ISREG(st.st_mode))
		r = -EINVAL;
	if (up->is_new) {
		path_set_root(&directory);
		r = path_join(&directory, parent, &directory);
		if (r == 0)
			r = home_stat(s->user->home, path_beneath(&directory), &st);
		if (r == 0 && !S_ISDIR(st.st_mode))
			r = -ENOTDIR;
	}
	if (r < 0) {
		reply_errno(s, r, path_text(&up->path));
		return false;
	}
	if (!session_may(s, up->is_new ? PERM_UPLOAD : PERM_OVERWRITE)) {
		reply(s, 550, "[D-90] Permission denied: your account may not %s.",
		      up->is_new ? "upload new files" : "change or replace existing files");
		return false;
	}
	uint64_t size = up->is_new ? 0 : (uint64_t)st.st_size;
	if (up->offset > size) {
		reply(s, 554, "REST %" PRIu64 " is behind the end of the file (%" PRIu64 " bytes).",
		      up->offset, size);
		return false;
	}
	if (limits_upload_room(s, up->appends ? size : up->offset) == 0) {
		limits_reply_too_large(s, up->appends ? size : up->offset);
		return false;
	}
	return true;
}

static int open_upload(struct session *s, struct upload *up)
{
	bool must_be_new = up->is_unique || !session_may(s, PERM_OVERWRITE);
	int flags = O_WRONLY | O_CREAT;
	int r = -EEXIST;

	if (!up->appends && up->offset == 0 && up->end == UINT64_MAX)
		flags |= O_TRUNC;
	/* Somebody else may have made it meanwhile: only what we made ourselves may we remove. */
	if (up->is_new) {
		r = home_open_file(s->user->home, path_beneath(&up->path), flags | O_EXCL, 0666,
				   &up->file, NULL);
		up->is_made = r == 0;
	}
	if (r == -EEXIST && !(up->is_new && must_be_new))
		r = home_open_file(s->user->home, path_beneath(&up->path), flags, 0666, &up->file,
				   NULL);
	if (r < 0)
		return r;
	off_t at = up->appends ? lseek(up->file, 0, SEEK_END)
			       : lseek(up->file, (off_t)up->offset, SEEK_SET);
	return at < 0 ? -errno : 0;
}

/* Late disk errors come with close(2). */
static int close_upload(struct upload *up)
{
	int fd = fd_take(&up->file);

	return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

/* What RANG leaves room for, and the largest file that may be. */
static void receive_within_limits(struct session *s, struct upload *up, struct data *data,
				  struct transfer *t)
{
	uint64_t room = limits_upload_room(s, (uint64_t)lseek(up->file, 0, SEEK_CUR));
	uint64_t range = up->end - up->offset;

	transfer_receive(s, data, up->file, MIN_OF(room, range), t);
	if (t->error == -EFBIG && t->is_file_error && room < range)
		t->error = -EOVERFLOW;
	if (up->end != UINT64_MAX)
		t->sha256[0] = '\0'; /* not of the whole file */
}

static void receive(struct session *s, struct upload *up, struct data *data)
{
	struct transfer t = { 0 };

	t.error = open_upload(s, up);
	t.is_file_error = t.error < 0;
	if (t.error == 0)
		receive_within_limits(s, up, data, &t);
	if (t.error == 0 && up->offset > 0 && !up->appends && up->end == UINT64_MAX)
		t.error = ftruncate(up->file, (off_t)(up->offset + t.bytes)) < 0 ? -errno : 0;
	if (up->file >= 0) {
		int r = close_upload(up);
		if (t.error == 0 && r < 0) {
			t.error = r;
			t.is_file_error = true;
		}
	}
	/* A new file of which nothing arrived is no file. */
	if (t.error < 0 && up->is_made && t.bytes == 0)
		(void)!home_unlink(s->user->home, path_beneath(&up->path)); /* best effort */
	s->bytes_received += t.bytes;
	data_close(s, data);
	conclude(s, EVENT_UPLOAD, &up->path, up->is_unique, &t, data);
}

static void run_upload(struct session *s, struct upload *up, const char *what)
{
	struct data data;

	transfer_begin(s, TRANSFER_UPLOAD, up->path.bytes);
	if (data_open(s, &data, what) == 0)
		receive(s, up, &data);
	transfer_end(s);
}

static void upload(struct session *s, struct text argument, bool appends)
{
	struct upload up = { .appends = appends, .file = -1 };
	char what[PATH_MAX_LEN + 64];

	take_range(s, &up.offset, &up.end);
	if (appends)
		up.offset = 0, up.end = UINT64_MAX; /* the end is the end, whatever REST says */
	if (session_path(s, argument, &up.path) < 0 || !may_upload(s, &up) || !data_is_possible(s))
		return;
	(void)snprintf(what, sizeof(what), "Ready to receive %s.", up.path.bytes);
	run_upload(s, &up, what);
}

/* A name that nothing has: the client's wish, or "file", with a random end. */
static int find_unique_path(struct session *s, struct text wish, struct path *ret)
{
	char name[512];
	struct stat st;

	if (wish.len == 0)
		wish = T("file");
	for (int tries = 0; tries < 16; tries++) {
		int n = snprintf(name, sizeof(name), "%.*s.%08" PRIx32, TEXT_ARG(wish),
				 random_below(UINT32_MAX));
		if (n < 0 || (size_t)n >= sizeof(name)) {
			reply_errno(s, -ENAMETOOLONG, wish);
			return -ENAMETOOLONG;
		}
		int r = session_path(s, text_of(name), ret);
		if (r < 0)
			return r;
		if (home_lstat(s->user->home, path_beneath(ret), &st) == -ENOENT)
			return 0;
	}
	reply(s, 450, "No free name was found; try again.");
	return -EEXIST;
}

/* The name stands in the 150 reply (RFC 1123 4.1.2.9) and in the 226. */
void cmd_stou(struct session *s, struct text argument)
{
	struct upload up = { .is_unique = true, .end = UINT64_MAX, .file = -1 };
	uint64_t ignored;
	char what[PATH_MAX_LEN + 64];

	take_range(s, &ignored, &ignored);
	if (find_unique_path(s, argument, &up.path) < 0 || !may_upload(s, &up) ||
	    !data_is_possible(s))
		return;
	(void)snprintf(what, sizeof(what), "FILE: %.*s", TEXT_ARG(path_name(&up.path)));
	run_upload(s, &up, what);
}

void cmd_stor(struct session *s, struct text argument)
{
	upload(s, argument, false);
}

void cmd_appe(struct session *s, struct text argument)
{
	upload(s, argument, true);
}
