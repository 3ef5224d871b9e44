/* worker/control.c - see control.h. */
#include "worker/control.h"

#include <linux/sockios.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/log.h"
#include "ftp/reply.h"
#include "worker/commands.h"
#include "worker/flow.h"
#include "worker/hosts.h"
#include "worker/pool.h"
#include "worker/sessions.h"

#define REPLY_MAX 9000 /* a path of PATH_MAX_LEN, quotes doubled, and the words around it */

/* --- replies ---------------------------------------------------------------------------------- */

/* A reply in the client's character set; out overflows when it does not fit. */
static void add_encoded(struct charset *charset, unsigned code, struct text text, struct buf *out)
{
	char storage[REPLY_MAX];
	struct buf encoded;

	buf_init(&encoded, storage, sizeof(storage));
	charset_encode(charset, &text, &encoded);
	if (text.len == 0)
		reply_add(out, code, buf_text(&encoded));
	else
		out->has_overflowed = true;
}

void control_flush(struct session *s)
{
	struct pool_thread *self = pool_self();
	size_t len = self->replies_len;

	if (!s->is_published)
		session_publish_now(s);
	if (*self->command) {
		scoreboard_set_command(s->worker->start->board, s->board_slot, self->command,
				       clock_wall_ms());
		*self->command = '\0';
	}
	if (len == 0)
		return;
	/* First: the wait in stream_write comes here again. */
	self->replies_len = 0;

	int64_t deadline = deadline_in((int64_t)s->worker->settings->idle_timeout_s * 1000);

	if (stream_write(&s->control, self->replies, len, deadline) < 0)
		s->wants_end = true;
}

void control_record(const struct session *s, enum recorder_source source, struct text line)
{
	const struct worker_start *start = s->worker->start;

	if (start->recorder)
		recorder_note(start->recorder, start->slot, s->id, source, line);
}

void reply_text(struct session *s, unsigned code, struct text text)
{
	struct pool_thread *self = pool_self();
	struct charset *charset = hosts_charset(s);
	struct buf out;

	if (s->wants_end && code != 221 && code != 421)
		return;
	if (sizeof(self->replies) - self->replies_len < REPLY_MAX)
		control_flush(s);
	buf_init(&out, self->replies + self->replies_len, REPLY_MAX);
	if (charset)
		add_encoded(charset, code, text, &out);
	else
		reply_add(&out, code, text);
	if (out.has_overflowed) {
		buf_reset(&out);
		reply_add(&out, code, T("(the reply is too long)"));
	}
	log_event(LOG_DEBUG, "reply", F_UINT("session", s->id), F_TEXT("text", buf_text(&out)));
	control_record(s, RECORDER_SERVER, buf_text(&out));
	self->replies_len += out.len;
}

void reply(struct session *s, unsigned code, const char *format, ...)
{
	char text[REPLY_MAX / 2];
	va_list args;

	if (!strchr(format, '%')) { /* nothing to fill in */
		reply_text(s, code, text_of(format));
		return;
	}
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	reply_text(s, code,
		   (struct text){ text, (size_t)MAX_OF(0, MIN_OF(n, (int)sizeof(text) - 1)) });
}

struct errno_reply {
	int error;
	unsigned code;
	const char *text;
};

static const struct errno_reply errno_replies[] = {
	{ -ENOENT, 550, "No such file or directory" },
	{ -ENOTDIR, 550, "Not a directory" },
	{ -EISDIR, 550, "Is a directory" },
	{ -EEXIST, 550, "Already exists" },
	{ -ENOTEMPTY, 550, "Directory is not empty" },
	{ -EACCES, 550, "Permission denied" },
	{ -EPERM, 550, "Permission denied" },
	{ -EROFS, 550, "Read-only file system" },
	{ -EXDEV, 550, "Leads out of your home directory" },
	{ -ELOOP, 550, "Too many symbolic links" },
	{ -EBUSY, 550, "Busy, or the root directory" },
	{ -ETXTBSY, 450, "Busy" },
	{ -ESTALE, 550, "Moved away meanwhile" },
	{ -EINVAL, 550, "Not a regular file" },
	{ -ENXIO, 550, "Not a regular file" },
	{ -ENAMETOOLONG, 553, "Name too long" },
	{ -EILSEQ, 553, "Name holds a byte that is not allowed (NUL, CR or LF)" },
	{ -ENOSPC, 452, "Disk full [D-88]" },
	{ -EDQUOT, 552, "Quota exceeded [D-89]" },
	{ -EFBIG, 552, "File too large" },
	{ -ESPIPE, 451,
	  "It has become shorter while it was sent; what you have is not the whole file" },
	{ -ERANGE, 554, "The restart point is behind the end of the file" },
};

void reply_errno(struct session *s, int error, struct text what)
{
	reply_errno_more(s, error, what, "");
}

void reply_errno_more(struct session *s, int error, struct text what, const char *more)
{
	char storage[REPLY_MAX / 2];
	struct buf out;

	/* The client has left in the middle of a long command: nobody waits for a word. */
	if (error == -ECONNRESET && s->wants_end)
		return;

	buf_init(&out, storage, sizeof(storage));
	if (what.len > 0) {
		reply_add_quoted(&out, what);
		buf_add(&out, T(": "));
	}
	for (size_t i = 0; i < ARRAY_SIZE(errno_replies); i++) {
		const struct errno_reply *row = &errno_replies[i];
		if (row->error == error) {
			buf_addf(&out, "%s.%s%s", row->text, *more ? " " : "", more);
			reply_text(s, row->code, buf_text(&out));
			return;
		}
	}
	buf_addf(&out, "Local error; the server's log has the details.%s%s", *more ? " " : "",
		 more);
	log_event(LOG_ERROR, "local-error", F_UINT("session", s->id), F_TEXT("what", what),
		  F_ERRNO(error));
	reply_text(s, 451, buf_text(&out));
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* Lines that may be answered during a transfer are; the first other one is held for later, and with
 * it all that come after. */
static int serve_lines_in_transfer(struct session *s)
{
	struct text line;
	int r;

	while (!s->held_line && (r = line_reader_next(&s->lines, &line)) != 0) {
		if (r == -EMSGSIZE) {
			reply(s, 500, "Line too long.");
			continue;
		}
		if (r < 0)
			return r;
		/* Beside a transfer a client tells the replies apart; the answer to any other long
		 * command is its next one. */
		if (s->transfer_kind != TRANSFER_NONE && commands_serve_in_transfer(s, line))
			continue;
		s->held_line = text_dup(line);
		if (!s->held_line)
			return -ENOMEM;
		s->held_len = line.len;
	}
	if ((s->held_line && commands_is_abort((struct text){ s->held_line, s->held_len })) ||
	    line_reader_has_verb(&s->lines, T("ABOR")))
		s->wants_abort = true;
	return s->wants_abort ? -ECANCELED : 0;
}

/* A client that negotiates Telnet options is refused all of them. */
static int answer_telnet(struct session *s)
{
	char answers[LINE_ANSWERS_MAX];
	size_t n = line_reader_take_answers(&s->lines, answers);

	if (n == 0)
		return 0;
	control_flush(s);
	return stream_write(&s->control, answers, n, deadline_in(10000));
}

/* Takes in what the client has sent. 0, -EAGAIN (nothing), -ENOBUFS (it has piled up), or an
 * error. */
static int read_control(struct session *s)
{
	char bytes[4096];
	ssize_t n = stream_try_read(&s->control, bytes, sizeof(bytes));

	if (n == 0)
		return -ECONNRESET;
	if (n < 0)
		return (int)n;
	/* What comes later is an event of its own. */
	s->is_drained = s->control.is_drained && !atomic_load(&s->has_more_to_say);

	int r = line_reader_feed(&s->lines, bytes, (size_t)n);
	return r < 0 ? r : answer_telnet(s);
}

static bool can_hear_client(const struct session *s)
{
	/* A line that must wait its turn: read on only for an ABOR that may follow, up to the
	 * limit. */
	return !s->wants_end && s->lines.len < 32 * 1024;
}

static int serve_control_in_transfer(struct session *s)
{
	int r = 0;

	while (r == 0 && can_hear_client(s)) {
		int served;

		r = read_control(s);
		served = r == 0 ? serve_lines_in_transfer(s) : 0;
		if (served < 0)
			return served;
	}
	if (r == 0 || r == -EAGAIN)
		return 0;
	s->wants_end = true;
	return -ECONNRESET;
}

/* What came together with the command that is running now: in the same packet, or in the same TLS
 * record. */
static int serve_what_came_along(struct session *s)
{
	int r = 0;

	if (!s->held_line && !line_reader_is_empty(&s->lines))
		r = serve_lines_in_transfer(s);
	return r == 0 && stream_has_pending(&s->control) ? serve_control_in_transfer(s) : r;
}

static void drain_wake(void)
{
	uint64_t n;

	(void)!read(pool_self()->wake_fd, &n,
		    sizeof(n)); /* empty is fine: it was somebody else's */
}

/* poll(2) in the hands of the pool: a leader goes on leading for as long as nobody else has
 * work, so that a short wait wakes no other thread. */
static int poll_in_pool(struct pool *pool, struct pollfd *polled, nfds_t n_polled, int64_t deadline)
{
	int left = deadline_left(deadline);
	struct pollfd *others = &polled[n_polled];

	*others = (struct pollfd){ .fd = left != 0 ? pool_events(pool) : -1, .events = POLLIN };
	if (others->fd >= 0) {
		int n = poll(polled, n_polled + 1, left);

		if (n != 1 || !others->revents)
			return n > 0 && others->revents ? n - 1 : n;
		left = deadline_left(deadline);
	}
	if (left != 0)
		pool_block(pool);
	int n = poll(polled, n_polled, left);
	if (left != 0)
		pool_unblock(pool);
	return n;
}

/* The one wait of a running session: for fd (-1: only for a wake), the wake-up of its thread and,
 * when asked, the client's commands. 0: fd is ready; 1: woken; else an error. */
static int wait_all(struct session *s, int fd, short events, int64_t deadline_ms,
		    bool watches_client)
{
	struct pollfd polled[4] = {
		{ .fd = pool_self()->wake_fd, .events = POLLIN },
		{ .fd = fd, .events = events },
		{ .fd = -1, .events = POLLIN },
	};
	const nfds_t n_polled = 3;

	if (watches_client) {
		int r = serve_what_came_along(s);
		if (r < 0)
			return r;
	}
	/* What TLS has read ahead no event tells of. */
	if (watches_client && can_hear_client(s) && stream_has_pending(&s->control)) {
		int r = serve_control_in_transfer(s);
		if (r < 0)
			return r;
	}
	for (;;) {
		control_flush(s);
		if (atomic_load(&s->farewell) && (watches_client || s->is_in_handshake))
			return -ECANCELED;
		if (watches_client) {
			if (s->wants_abort)
				return -ECANCELED;
			polled[2].fd = can_hear_client(s) ? s->control.fd : -1;
		}
		int n = poll_in_pool(s->worker->pool, polled, n_polled, deadline_ms);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0)
			continue;
		if (polled[2].fd >= 0 && polled[2].revents) {
			int r = serve_control_in_transfer(s);
			if (r < 0)
				return r;
		}
		if (polled[1].revents)
			return 0;
		if (polled[0].revents) {
			drain_wake();
			return 1;
		}
	}
}

/* Waits of streams go on through wake-ups that are not for them. */
static int wait_stream(struct session *s, int fd, short events, int64_t deadline_ms,
		       bool watches_client)
{
	int r;

	do {
		r = wait_all(s, fd, events, deadline_ms, watches_client);
	} while (r == 1);
	return r;
}

static int control_waiter(struct waiter *waiter, int fd, short events, int64_t deadline_ms)
{
	struct session *s = list_entry(waiter, struct session, control_waiter);

	return wait_stream(s, fd, events, deadline_ms, false);
}

/* Bytes that the peer has not acknowledged yet. */
static int bytes_in_queue(int fd)
{
	int n = 0;

	return ioctl(fd, SIOCOUTQ, &n) < 0 ? 0 : n;
}

/* A socket counts as writable once a third of its buffer is free, which takes a slow client
 * minutes: as long as its bytes dwindle nothing has stalled. */
static int data_waiter(struct waiter *waiter, int fd, short events, int64_t deadline_ms)
{
	struct session *s = list_entry(waiter, struct session, data_waiter);
	int patience_ms = deadline_left(deadline_ms);
	int queued = events & POLLOUT ? bytes_in_queue(fd) : 0;

	for (;;) {
		int64_t until_ms = flow_wait_until(s, deadline_ms);
		int r = wait_stream(s, fd, events, until_ms, true);

		if (r == -ETIMEDOUT && until_ms < deadline_ms) {
			r = flow_look(s);
			if (r < 0)
				return r;
			continue;
		}
		int left = r == -ETIMEDOUT && queued > 0 ? bytes_in_queue(fd) : queued;

		if (r != -ETIMEDOUT || left >= queued || patience_ms <= 0)
			return r;
		queued = left;
		deadline_ms = deadline_in(patience_ms);
	}
}

void control_init(struct session *s)
{
	s->control_waiter.wait = control_waiter;
	s->data_waiter.wait = data_waiter;
	stream_init(&s->control, s->control.fd, &s->control_waiter);
}

int control_wait_wake(struct session *s, int64_t deadline_ms, bool watches_client)
{
	int r = wait_all(s, -1, 0, deadline_ms, watches_client);

	return r == 1 ? 0 : r;
}

int control_rest(struct session *s, int64_t until_ms)
{
	int r;

	do {
		r = wait_all(s, -1, 0, until_ms, true);
	} while (r == 1);
	return r == -ETIMEDOUT ? 0 : r;
}

int control_look(struct session *s)
{
	int r;

	pool_yield(s->worker->pool);
	r = wait_all(s, -1, 0, 0, true);
	return r == 1 || r == -ETIMEDOUT ? 0 : r;
}

int control_check_end(struct session *s)
{
	/* Also when a farewell is pending: that is for who still sends, and this one has sent all.
	 * But who has left meanwhile, or was cut off, has not. */
	int r = serve_what_came_along(s);

	if (r == 0)
		r = serve_control_in_transfer(s);
	return r == -ECONNRESET || (r == -ECANCELED && s->wants_abort) ? r : 0;
}

int control_pause(void *session)
{
	return control_look(session);
}

/* --- lines ------------------------------------------------------------------------------------ */

int control_next_line(struct session *s, struct text *ret_line)
{
	for (;;) {
		int r = line_reader_next(&s->lines, ret_line);

		if (r == 1)
			return 0;
		if (r < 0)
			return r;
		/* A line that never ends is reported once; then only its length tells. */
		if (s->lines.skipped_bytes >= CONTROL_FLOOD_BYTES)
			return -EMSGSIZE;
		r = s->is_drained ? -EAGAIN : read_control(s);
		if (r == -EAGAIN) {
			*ret_line = (struct text){ NULL, 0 };
			return 0;
		}
		if (r < 0)
			return r;
	}
}

bool control_has_heard_all(const struct session *s)
{
	int n = 0;

	if (s->held_line || !line_reader_is_empty(&s->lines))
		return false;
	if (s->is_drained || !s->control.ssl)
		return s->is_drained;
	return !stream_has_pending(&s->control) && ioctl(s->control.fd, FIONREAD, &n) == 0 &&
	       n == 0;
}

void control_drop_input(struct session *s)
{
	int r = 0;

	/* Who goes on sending in clear does not want TLS. */
	for (int pieces = 0; r == 0 && pieces < 64; pieces++) {
		line_reader_drop_all(&s->lines);
		r = read_control(s);
	}
	line_reader_drop_all(&s->lines);
	s->wants_abort = false; /* its ABOR is dropped with the rest */
	if (r != -EAGAIN)
		s->wants_end = true;
}
