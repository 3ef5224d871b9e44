/* worker/cmd_hash.c - HASH, OPTS HASH, RANG (drafts bryan-ftpext-hash and bryan-ftp-range) and the
 * older XCRC, XMD5, XSHA1, XSHA256, XSHA512. A long computation keeps the control connection alive
 * with lines of a multi-line reply, and ABOR ends it. */
#include <fcntl.h>

#include "base/clock.h"
#include "ftp/digest.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/place.h"
#include "worker/pool.h"

/* Half of the shortest patience that clients are known for. */
#define PROGRESS_EVERY_MS 5000

struct range {
	uint64_t first, end; /* end is not included */
};

struct job {
	struct session *s;
	struct place place;
	int file;
	struct range range;
	unsigned code;	      /* of the reply */
	bool has_begun_reply; /* "code-..." lines have gone out */
	int64_t next_progress_ms;
};

/* A line of the multi-line reply while we compute: nothing else tells a NAT that we live. */
static void tell_progress(struct job *job, uint64_t at)
{
	uint64_t total = job->range.end - job->range.first, done = at - job->range.first;
	uint64_t percent = total ? done * 100 / total : 100;
	char line[96];
	int n = job->has_begun_reply
			? snprintf(line, sizeof(line), " %" PRIu64 " %%\r\n", percent)
			: snprintf(line, sizeof(line), "%u-Computing: %" PRIu64 " %%\r\n",
				   job->code, percent);

	job->has_begun_reply = true;
	job->next_progress_ms = deadline_in(PROGRESS_EVERY_MS);
	control_flush(job->s);
	if (stream_write(&job->s->control, line, (size_t)n, deadline_in(30000)) < 0)
		job->s->wants_end = true;
}

static int compute(struct job *job, struct digest *digest)
{
	char *buffer = pool_buffer();
	uint64_t at = job->range.first;
	int r = buffer ? 0 : -ENOMEM;

	job->next_progress_ms = deadline_in(PROGRESS_EVERY_MS);
	while (r == 0 && at < job->range.end) {
		size_t want = (size_t)MIN_OF(job->range.end - at, (uint64_t)POOL_BUFFER_SIZE);
		ssize_t n = pread(job->file, buffer, want, (off_t)at);

		if (n < 0)
			return -errno;
		if (n == 0)
			return 0; /* the file has become shorter */
		digest_add(digest, buffer, (size_t)n);
		at += (uint64_t)n;
		if (clock_coarse_ms() >= job->next_progress_ms)
			tell_progress(job, at);
		r = control_look(job->s);
	}
	return r;
}

/* Opens the file and bounds the range by its size; replies when that fails. */
static int job_begin(struct job *job, struct session *s, struct text path,
		     const struct range *asked)
{
	struct stat st;

	job->s = s;
	job->file = -1;
	int r = place_find(s, path, PLACE_READ, &job->place);
	if (r < 0)
		return r;
	r = home_open_file(job->place.home, place_beneath(&job->place), O_RDONLY, 0, &job->file,
			   &st);
	if (r < 0) {
		reply_errno(s, r, path_text(&job->place.path));
		return r;
	}
	job->range.first = asked->first;
	job->range.end = MIN_OF(asked->end, (uint64_t)st.st_size);
	if (job->range.first > job->range.end) {
		reply(s, 501, "The range begins behind the end of the file (%" PRIu64 " bytes).",
		      (uint64_t)st.st_size);
		fd_close(&job->file);
		return -EINVAL;
	}
	return 0;
}

/* The last line: after progress lines it must have the same code (RFC 959 4.2). */
static void job_reply(struct job *job, struct text text)
{
	reply_text(job->s, job->code, text);
}

static void job_run(struct job *job, enum digest_kind kind, bool is_hash)
{
	struct digest *digest = digest_new(kind);
	char storage[PATH_MAX_LEN + 512];
	struct buf text;
	int r = digest ? compute(job, digest) : -EOPNOTSUPP;

	buf_init(&text, storage, sizeof(storage));
	if (r < 0) {
		/* A reply that has begun can only end, with its code: two would be one too many. */
		if (job->has_begun_reply)
			job_reply(job, r == -ECANCELED ? T("Computing aborted.")
						       : T("Computing failed."));
		else if (r == -ECANCELED)
			reply(job->s, 426, "Computing aborted.");
		else if (r == -EOPNOTSUPP)
			reply(job->s, 504, "%s is not available here.", digest_name(kind));
		else
			reply_errno(job->s, r, path_text(&job->place.path));
	} else {
		/* HASH: "213 SHA-256 0-49 <hash> <path>", the end of the range included. */
		if (is_hash)
			buf_addf(&text, "%s %" PRIu64 "-%" PRIu64 " ", digest_name(kind),
				 job->range.first,
				 job->range.end > job->range.first ? job->range.end - 1
								   : job->range.first);
		digest_finish(digest, &text);
		if (is_hash) {
			buf_add_char(&text, ' ');
			buf_add(&text, path_text(&job->place.path));
		}
		job_reply(job, buf_text(&text));
	}
	digest_free(&digest);
	fd_close(&job->file);
}

void cmd_hash(struct session *s, struct text argument)
{
	const struct range whole = { 0, UINT64_MAX }, part = { s->range_first, s->range_end };
	struct job job = { .code = 213 };

	bool has_range = s->has_range;
	s->has_range = false;
	if (job_begin(&job, s, argument, has_range ? &part : &whole) == 0)
		job_run(&job, (enum digest_kind)s->digest, true);
}

/* "<path>", "<path> <end>" or "<path> <start> <end>"; a path with blanks stands in double
 * quotes. */
static bool parse_old_argument(struct text argument, struct text *ret_path, struct range *ret)
{
	uint64_t numbers[2];
	size_t n = 0;

	*ret = (struct range){ 0, UINT64_MAX };
	if (text_skip_char(&argument, '"')) {
		if (!text_take_until(&argument, '"', ret_path))
			return false;
	} else {
		/* Numbers at the end, as many as there are; what stands before them is the name. */
		struct text name = argument;
		for (int i = 0; i < 2; i++) {
			size_t at = name.len;
			uint64_t value;
			while (at > 0 && name.ptr[at - 1] != ' ')
				at--;
			if (at < 2 || text_to_uint((struct text){ name.ptr + at, name.len - at },
						   INT64_MAX, &value) < 0)
				break;
			name.len = at - 1;
		}
		*ret_path = name;
		argument = (struct text){ argument.ptr + name.len, argument.len - name.len };
	}
	for (text_skip_blank(&argument); argument.len > 0; text_skip_blank(&argument))
		if (n == 2 || !text_take_uint(&argument, INT64_MAX, &numbers[n++]))
			return false;
	if (n == 1)
		ret->first = numbers[0];
	if (n == 2)
		*ret = (struct range){ numbers[0], numbers[1] };
	return ret->first <= ret->end && ret_path->len > 0;
}

/* "report 2024" is a file before it is a range of "report". */
static bool is_name_of_file(const struct session *s, struct text argument)
{
	struct place place;
	struct path path;
	struct stat st;

	path_set_root(&path);
	return path_join(&path, text_of(s->user->directory), &path) == 0 &&
	       path_join(&path, argument, &path) == 0 && place_look(s, &path, &place) == 0 &&
	       home_stat(place.home, place_beneath(&place), &st) == 0 && S_ISREG(st.st_mode);
}

static void old_hash(struct session *s, struct text argument, enum digest_kind kind)
{
	struct job job = { .code = 250 };
	struct range range = { 0, UINT64_MAX };
	struct text path = argument;

	if (!is_name_of_file(s, argument) && !parse_old_argument(argument, &path, &range))
		reply(s, 501,
		      "Syntax: <path> [<start> [<end>]]; a path with blanks in double quotes.");
	else if (job_begin(&job, s, path, &range) == 0)
		job_run(&job, kind, false);
}

void cmd_xcrc(struct session *s, struct text argument)
{
	old_hash(s, argument, DIGEST_CRC32);
}

void cmd_xmd5(struct session *s, struct text argument)
{
	old_hash(s, argument, DIGEST_MD5);
}

void cmd_xsha1(struct session *s, struct text argument)
{
	old_hash(s, argument, DIGEST_SHA1);
}

void cmd_xsha256(struct session *s, struct text argument)
{
	old_hash(s, argument, DIGEST_SHA256);
}

void cmd_xsha512(struct session *s, struct text argument)
{
	old_hash(s, argument, DIGEST_SHA512);
}

/* "RANG <first> <last>", both counted from 0 and included; "RANG 1 0" takes it back. */
void cmd_rang(struct session *s, struct text argument)
{
	uint64_t first, last;

	if (!text_take_uint(&argument, INT64_MAX, &first) || !text_skip_char(&argument, ' ') ||
	    text_to_uint(argument, INT64_MAX, &last) < 0) {
		reply(s, 501, "Syntax: RANG <first byte> <last byte>");
		return;
	}
	if (s->type == TYPE_ASCII) {
		reply(s, 551, "[D-95] RANG needs TYPE I; you are in TYPE A.");
		return;
	}
	if (first == 1 && last == 0) {
		s->has_range = false;
		reply(s, 350, "The range is the whole file again.");
		return;
	}
	if (first > last) {
		reply(s, 501, "The range ends before it begins.");
		return;
	}
	s->has_range = true;
	s->range_first = first;
	s->range_end = last + 1;
	s->restart_at = 0;
	reply(s, 350, "Range %" PRIu64 "-%" PRIu64 " for the next transfer or HASH.", first, last);
}

/* OPTS HASH [<algorithm>]. */
void hash_options(struct session *s, struct text value)
{
	enum digest_kind kind = (enum digest_kind)s->digest;

	if (value.len > 0 && digest_find(value, &kind) < 0) {
		reply(s, 504, "Unknown algorithm; FEAT lists those that are served.");
		return;
	}
	s->digest = (uint8_t)kind;
	reply(s, 200, "%s", digest_name(kind));
}

/* "HASH SHA-256*;SHA-512;...": the one in use is starred. */
void hash_add_feat(const struct session *s, struct buf *out)
{
	buf_add(out, T("HASH "));
	for (size_t i = 0; i < DIGEST_KINDS; i++)
		buf_addf(out, "%s%s;", digest_name((enum digest_kind)i), i == s->digest ? "*" : "");
}
