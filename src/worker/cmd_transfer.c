/* worker/cmd_transfer.c - RETR, STOR, APPE, REST, ABOR (RFC 959 4.1.3, RFC 3659 5). */
#include <fcntl.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "store/attributes.h"
#include "store/upload.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/data_note.h"
#include "worker/events.h"
#include "worker/opening.h"
#include "worker/place.h"
#include "worker/pool.h"
#include "worker/quota.h"
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

/* The end of a transfer, for the log and for the manager. */
static void note_end(struct session *s, enum event_kind kind, const struct path *path,
		     const struct transfer *t, const struct data *data)
{
	uint64_t ms = (uint64_t)(clock_ms() - data->opened_ms);
	char peer[ADDRESS_TEXT_SIZE];

	log_event(t->error == 0 ? LOG_INFO : LOG_WARNING,
		  kind == EVENT_UPLOAD ? "upload" : "download", F_UINT("session", s->id),
		  F_STR("user", s->user->name), F_STR("peer", address_format_ip(&s->peer, peer)),
		  F_TEXT("path", path_text(path)), F_UINT("bytes", t->bytes), F_UINT("ms", ms),
		  F_STR("bound", !s->protects_data	  ? "no-tls"
				 : data->binding.is_bound ? "yes"
							  : "no"),
		  F_STR("end", end_state(s, t)), F_STR("result", events_result(t->error)));
	events_note_transfer(s, kind, path, t, ms, end_state(s, t));
}

static void reply_complete(struct session *s, const struct transfer *t, const struct data *data)
{
	uint64_t ms = (uint64_t)(clock_ms() - data->opened_ms);
	char storage[256];
	struct buf text;

	/* By hand: for a small file the formatting of printf(3) would be seen in a profile. */
	buf_init(&text, storage, sizeof(storage));
	buf_add(&text, T("Transfer complete: "));
	buf_add_uint(&text, t->bytes);
	buf_add(&text, T(" bytes in "));
	buf_add_uint(&text, ms / 1000);
	buf_add_char(&text, '.');
	for (unsigned unit = 100; unit > 0; unit /= 10)
		buf_add_char(&text, (char)('0' + ms / unit % 10));
	buf_add(&text, T(" s."));
	if (t->limit)
		buf_addf(&text, " [D-81] It was held back by %s = %" PRIu64 " bytes/s.", t->limit,
			 t->limit_rate);
	reply_text(s, 226, buf_text(&text));
}

/* more: what is kept, and how to go on. */
static void reply_failed(struct session *s, const struct path *path, const struct transfer *t,
			 const char *more)
{
	if (t->error == -ETIME)
		limits_reply_slow(s, t->slow_rate, more);
	else if (t->is_file_error && t->error == -EOVERFLOW)
		limits_reply_too_large(s, limits_value(s, LIMIT_UPLOAD_SIZE));
	else if (t->is_file_error)
		reply_errno_more(s, t->error, path_text(path), more);
	else
		data_reply_broken(s, t->error, more);
}

/* --- downloads -------------------------------------------------------------------------------- */

struct outgoing {
	struct opening opening; /* first */
	struct path path;
	int file;
	uint64_t offset, end, size;
};

static void free_outgoing(struct outgoing **outgoing)
{
	if (*outgoing)
		fd_close(&(*outgoing)->file);
	free(*outgoing);
	*outgoing = NULL;
}
#define AUTO_OUTGOING __attribute__((cleanup(free_outgoing)))

static void send_outgoing(struct session *s, struct opening *opening, bool is_open)
{
	AUTO_OUTGOING struct outgoing *out = (struct outgoing *)opening;
	struct data *data = &opening->data;
	struct transfer t;

	if (is_open) {
		/* As many bytes as have been announced, should the file grow meanwhile. */
		transfer_send(s, data, out->file, out->offset, MIN_OF(out->end, out->size),
			      out->offset == 0 && out->end >= out->size, &t);
		s->bytes_sent += t.bytes;
		data_close(s, data);
		if (t.error == 0)
			reply_complete(s, &t, data);
		else
			reply_failed(s, &out->path, &t, "");
		note_end(s, EVENT_DOWNLOAD, &out->path, &t, data);
	} else {
		events_note_unopened(s, EVENT_DOWNLOAD, &out->path);
	}
	transfer_end(s);
}

static struct outgoing *new_outgoing(struct session *s)
{
	struct outgoing *out = malloc(sizeof(*out));

	if (!out) {
		reply_errno(s, -ENOMEM, T(""));
		return NULL;
	}
	out->opening = (struct opening){ .go_on = send_outgoing };
	out->file = -1;
	return out;
}

/* Opens what is asked for; else it has been refused. */
static bool open_outgoing(struct session *s, struct text argument, struct outgoing *out)
{
	struct place place;
	struct stat st;

	take_range(s, &out->offset, &out->end);
	if (place_find_for(s, argument, PLACE_READ, EVENT_DOWNLOAD, &place) < 0)
		return false;
	int r = home_open_file(place.home, place_beneath(&place), O_RDONLY, 0, &out->file, &st);
	if (r < 0) {
		events_note_change(s, EVENT_DOWNLOAD, path_text(&place.path), NULL, r);
		reply_errno(s, r, path_text(&place.path));
		return false;
	}
	path_copy(&place.path, &out->path);
	out->size = (uint64_t)st.st_size;
	if (out->offset > out->size) {
		events_note_change(s, EVENT_DOWNLOAD, path_text(&place.path), NULL, -ERANGE);
		reply(s, 554, "Byte %" PRIu64 " is behind the end of the file (%" PRIu64 " bytes).",
		      out->offset, out->size);
		return false;
	}
	return data_is_possible(s);
}

void cmd_retr(struct session *s, struct text argument)
{
	AUTO_OUTGOING struct outgoing *out = new_outgoing(s);
	char storage[PATH_MAX_LEN + 64];
	struct buf what;

	if (!out || !open_outgoing(s, argument, out)) {
		data_note_excuse(s);
		return;
	}

	struct opening *opening = &out->opening;
	uint64_t size = MIN_OF(out->end, out->size) - out->offset;

	buf_init(&what, storage, sizeof(storage));
	buf_add(&what, T("Sending "));
	buf_add(&what, path_text(&out->path));
	buf_add(&what, T(" ("));
	buf_add_uint(&what, size);
	buf_add(&what, T(" bytes)."));
	transfer_begin(s, TRANSFER_DOWNLOAD, out->path.bytes, size);
	out = NULL;
	opening_begin(s, opening, storage);
}

/* --- uploads ---------------------------------------------------------------------------------- */

struct receipt {
	bool appends;
	uint64_t offset;    /* of REST or RANG; APPE: what SIZE has told, or UINT64_MAX */
	uint64_t end;	    /* of RANG: what lies behind it stays; else UINT64_MAX */
	bool is_new;	    /* there was no such file before */
	bool is_unique;	    /* STOU: the name is ours */
	struct place place; /* last */
};

/* REST and APPE begin where something ends: the file, or what is kept of a broken upload. */
static int check_offset(struct session *s, const struct receipt *in,
			const struct upload_outlook *look)
{
	bool is_patch = in->end != UINT64_MAX;
	uint64_t kept = is_patch ? 0 : look->kept_bytes;
	bool continues = in->appends || (in->offset > 0 && !is_patch);

	if (continues && look->is_busy) {
		reply(s, 450, "Another upload of this file is in progress: try again.");
		return -ETXTBSY;
	}
	if (in->offset == UINT64_MAX || (in->appends && kept == 0) ||
	    in->offset <= (kept > 0 ? kept : look->size_bytes))
		return 0;
	if (kept > 0)
		reply(s, 554,
		      "Byte %" PRIu64 " is behind the %" PRIu64
		      " bytes that are kept of a broken upload: REST %" PRIu64
		      ", or STOR from the start.",
		      in->offset, kept, kept);
	else
		reply(s, 554, "REST %" PRIu64 " is behind the end of the file (%" PRIu64 " bytes).",
		      in->offset, look->size_bytes);
	return -ERANGE;
}

/* An upload that begins where upload_size ends could only fail. */
static int check_room(struct session *s, const struct receipt *in,
		      const struct upload_outlook *look)
{
	uint64_t there = in->appends ? MAX_OF(look->size_bytes, look->kept_bytes) : in->offset;

	if (limits_upload_room(s, there) > 0)
		return 0;
	limits_reply_too_large(s, there);
	return -EOVERFLOW;
}

/* What a quota leaves for the whole of the file, with what is there of it now and will be replaced:
 * when that is nothing, the data need not flow. An empty file is refused as well: that it will be
 * empty nobody can know, and a client that is cut off while it sends may not see the reply. */
static int check_quota(struct session *s, const struct receipt *in,
		       const struct upload_outlook *look)
{
	bool is_patch = in->end != UINT64_MAX;
	uint64_t there = look->size_bytes + look->kept_bytes, first = in->offset;
	struct quota_usage room;
	int r = quota_room(s, &in->place, &room);

	if (is_patch)
		there = look->size_bytes;
	else if (in->appends && (look->kept_bytes == 0 || first == UINT64_MAX))
		first = there;
	if (r == 0 && room.bytes == 0 && there <= first) {
		r = -EDQUOT;
	} else if (r == 0 && room.files == 0 && look->is_new && look->kept_bytes == 0) {
		quota_blame_files(s);
		r = -EDQUOT;
	}
	if (r < 0)
		quota_reply_errno(s, r, &in->place);
	return r;
}

/* What can be said before any data flows: rights, names, places. The file itself is touched only
 * once its data connection is open, so that a blocked one leaves nothing behind (D-83). */
static int check_upload(struct session *s, struct receipt *in)
{
	const struct place *place = &in->place;
	struct upload_outlook look = { 0 };
	int r = place_is_root(place) ? -EISDIR
				     : upload_look(place->home, place_beneath(place), &look);

	in->is_new = look.is_new;
	if (r == 0 && (in->appends || in->offset > 0 || quota_holds(s)))
		upload_look_kept(place->home, place_beneath(place), &look);
	if (r < 0) {
		reply_errno(s, r, path_text(&place->path));
		return r;
	}
	if (!place_may(place, in->is_new ? PERM_UPLOAD : PERM_OVERWRITE)) {
		place_refuse(s, place,
			     in->is_new ? "upload new files" : "change or replace existing files");
		return -EACCES;
	}
	r = check_offset(s, in, &look);
	if (r == 0)
		r = check_room(s, in, &look);
	return r == 0 ? check_quota(s, in, &look) : r;
}

static bool may_upload(struct session *s, struct receipt *in)
{
	int r = check_upload(s, in);

	if (r < 0)
		events_note_change(s, EVENT_UPLOAD, path_text(&in->place.path), NULL, r);
	return r == 0;
}

static bool uploads_atomically(const struct session *s)
{
	if (s->user->uploads != USER_UPLOADS_AS_SERVER)
		return s->user->uploads == USER_UPLOADS_ATOMIC;
	return s->worker->settings->uploads == UPLOADS_ATOMIC;
}

static int begin_upload(struct session *s, const struct receipt *in, struct upload **ret)
{
	const struct settings *settings = s->worker->settings;
	const struct upload_request request = {
		.home = in->place.home,
		.path = place_beneath(&in->place),
		.is_atomic = uploads_atomically(s),
		.is_durable = settings->durability == DURABILITY_FSYNC,
		/* Somebody else may have made it meanwhile. */
		.may_replace =
			!in->is_new || (!in->is_unique && place_may(&in->place, PERM_OVERWRITE)),
		.is_free = in->is_new,
		.is_patch = in->end != UINT64_MAX,
		.appends = in->appends,
		.offset = in->offset,
		.pause = control_pause,
		.arg = s,
	};

	return upload_begin(&request, ret);
}

/* The disk may take its time; others must not wait for this thread meanwhile. */
static int commit_upload(struct session *s, struct upload *up)
{
	bool waits = s->worker->settings->durability != DURABILITY_NONE;

	if (waits)
		pool_block(s->worker->pool);
	int r = upload_commit(up);
	if (waits)
		pool_unblock(s->worker->pool);
	return r;
}

static bool is_out_of_space(int error)
{
	return error == -ENOSPC || error == -EDQUOT;
}

/* A broken upload: why, with figures where there is no room, and what is kept. */
static void reply_broken(struct session *s, const struct receipt *in, const struct transfer *t,
			 uint64_t kept)
{
	struct place directory = in->place;
	char storage[512];
	struct buf more;
	uint64_t free_bytes;

	buf_init(&more, storage, sizeof(storage) - 1);
	if (t->error == -EDQUOT && t->is_file_error) {
		quota_describe(s, &more);
		buf_add_char(&more, ' ');
	} else if (is_out_of_space(t->error) &&
		   path_join(&directory.real, T(".."), &directory.real) == 0 &&
		   home_free_bytes(directory.home, place_beneath(&directory), &free_bytes) == 0)
		buf_addf(&more, "%" PRIu64 " bytes were written, %" PRIu64 " are free now. ",
			 t->bytes, free_bytes);
	if (kept > 0 && s->type == TYPE_IMAGE)
		buf_addf(&more, "%" PRIu64 " bytes are kept; resume with REST %" PRIu64 ".", kept,
			 kept);
	else if (kept > 0)
		buf_addf(&more, "%" PRIu64 " bytes are kept; TYPE I and REST %" PRIu64 " resume.",
			 kept, kept);
	else
		buf_add(&more, T("Nothing of it is kept."));
	storage[more.len] = '\0';
	reply_failed(s, &in->place.path, t, storage);
}

/* What RANG leaves room for, and the largest file that may be. */
static void receive_within_limits(struct session *s, const struct receipt *in, struct data *data,
				  struct upload *up, struct transfer *t)
{
	uint64_t room = limits_upload_room(s, upload_start(up));
	uint64_t range = in->end == UINT64_MAX ? UINT64_MAX : in->end - in->offset;

	transfer_receive(s, data, up, MIN_OF(room, range), t);
	if (t->error == -EFBIG && t->is_file_error && room < range)
		t->error = -EOVERFLOW;
	if (in->end != UINT64_MAX)
		t->sha256[0] = '\0'; /* not of the whole file */
}

/* Returns the bytes that are kept of an upload that failed. */
static uint64_t store_content(struct session *s, const struct receipt *in, struct data *data,
			      struct transfer *t)
{
	struct upload *up = NULL;
	uint64_t kept = 0;

	t->error = begin_upload(s, in, &up);
	t->is_file_error = t->error < 0 && t->error != -ECANCELED && t->error != -ECONNRESET;
	if (t->error < 0)
		return 0;
	receive_within_limits(s, in, data, up, t);
	/* More than the range takes: the range is filled, and the client told that this is not
	 * all. */
	bool fills_range = t->error == -EFBIG && t->is_file_error && in->end != UINT64_MAX;
	if (t->error == 0 || fills_range) {
		int r = commit_upload(s, up);
		t->is_file_error = t->error < 0 || r < 0;
		t->error = r < 0 ? r : t->error;
	}
	/* What is too large is of no use to anybody. */
	if (t->error < 0 && t->error != -EOVERFLOW)
		kept = upload_keep(up, is_out_of_space(t->error));
	upload_free(&up);
	return kept;
}

static void receive(struct session *s, const struct receipt *in, struct data *data)
{
	struct transfer t = { 0 };
	uint64_t kept = store_content(s, in, data, &t);

	/* A client that resumes after this looks anew. */
	free(s->user->sized_path);
	s->user->sized_path = NULL;
	s->bytes_received += t.bytes;
	data_close(s, data);
	if (t.error < 0)
		reply_broken(s, in, &t, kept);
	else if (in->is_unique)
		reply(s, 226, "FILE: %.*s", TEXT_ARG(path_name(&in->place.path)));
	else
		reply_complete(s, &t, data);
	note_end(s, EVENT_UPLOAD, &in->place.path, &t, data);
}

struct incoming {
	struct opening opening; /* first */
	struct receipt in;
};

static void receive_incoming(struct session *s, struct opening *opening, bool is_open)
{
	AUTO_FREE struct incoming *incoming = (struct incoming *)opening;

	if (is_open)
		receive(s, &incoming->in, &opening->data);
	else
		events_note_unopened(s, EVENT_UPLOAD, &incoming->in.place.path);
	transfer_end(s);
}

/* The client sends when it has got the 150. Takes *ptr. */
static void run_upload(struct session *s, struct incoming **ptr, const char *what)
{
	struct incoming *incoming = *ptr;

	*ptr = NULL;
	transfer_begin(s, TRANSFER_UPLOAD, incoming->in.place.path.bytes, UINT64_MAX);
	opening_begin(s, &incoming->opening, what);
}

/* The end is the end, whatever REST says. But a client that has just been told a size sends what
 * comes behind it; that counts where a broken upload is continued. */
static uint64_t append_offset(const struct session *s, const struct path *path)
{
	const char *sized = s->user->sized_path;

	return sized && text_equal(text_of(sized), path_text(path)) ? s->user->sized_bytes
								    : UINT64_MAX;
}

static struct incoming *new_incoming(struct session *s)
{
	struct incoming *incoming = malloc(sizeof(*incoming));

	if (!incoming) {
		reply_errno(s, -ENOMEM, T(""));
		return NULL;
	}
	/* Not its paths, which are large: place_find fills them in. */
	memset(incoming, 0, offsetof(struct incoming, in.place));
	incoming->opening.awaits_content = true;
	incoming->opening.go_on = receive_incoming;
	return incoming;
}

static void upload(struct session *s, struct text argument, bool appends)
{
	AUTO_FREE struct incoming *incoming = new_incoming(s);
	char what[PATH_MAX_LEN + 64];

	if (!incoming)
		return;

	struct receipt *in = &incoming->in;

	in->appends = appends;
	take_range(s, &in->offset, &in->end);
	if (place_find_for(s, argument, PLACE_WRITE, EVENT_UPLOAD, &in->place) < 0) {
		data_note_excuse(s);
		return;
	}
	if (appends)
		in->offset = append_offset(s, &in->place.path), in->end = UINT64_MAX;
	if (!may_upload(s, in) || !data_is_possible(s)) {
		data_note_excuse(s);
		return;
	}
	(void)snprintf(what, sizeof(what), "Ready to receive %s.", in->place.path.bytes);
	run_upload(s, &incoming, what);
}

/* A name that nothing has: the client's wish, or "file", with a random end. */
static int find_unique_place(struct session *s, struct text wish, struct place *ret)
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
		int r = place_find_for(s, text_of(name), PLACE_WRITE, EVENT_UPLOAD, ret);
		if (r < 0)
			return r;
		if (home_lstat(ret->home, place_beneath(ret), &st) == -ENOENT)
			return 0;
	}
	reply(s, 450, "No free name was found; try again.");
	return -EEXIST;
}

/* The name stands in the 150 reply (RFC 1123 4.1.2.9) and in the 226. */
void cmd_stou(struct session *s, struct text argument)
{
	AUTO_FREE struct incoming *incoming = new_incoming(s);
	uint64_t ignored;
	char what[PATH_MAX_LEN + 64];

	if (!incoming)
		return;

	struct receipt *in = &incoming->in;

	in->is_unique = true;
	in->end = UINT64_MAX;
	take_range(s, &ignored, &ignored);
	if (find_unique_place(s, argument, &in->place) < 0 || !may_upload(s, in) ||
	    !data_is_possible(s)) {
		data_note_excuse(s);
		return;
	}
	(void)snprintf(what, sizeof(what), "FILE: %.*s", TEXT_ARG(path_name(&in->place.path)));
	run_upload(s, &incoming, what);
}

void cmd_stor(struct session *s, struct text argument)
{
	upload(s, argument, false);
}

void cmd_appe(struct session *s, struct text argument)
{
	upload(s, argument, true);
}
