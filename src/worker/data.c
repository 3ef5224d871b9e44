/* worker/data.c - see data.h. Source: RFC 959 3.2, 3.3; RFC 4217 7, 9. The cause ids in the replies
 * are those of the doctor. */
#include "worker/data.h"

#include <poll.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/socket.h"
#include "worker/control.h"
#include "worker/data_note.h"
#include "worker/passive.h"
#include "worker/sessions.h"
#include "worker/site_doctor.h"

void data_forget(struct session *s)
{
	/* What has come for this reservation must not be taken for another one's. First no more is
	 * delivered, then what has been is closed. */
	passive_look(s->worker->passive, s);
	data_note_abandon(s);
	passive_drop(s->worker->passive, s);
	int fd = sessions_take_arrived(s->worker->sessions, s, NULL);

	fd_close(&fd);
	s->plan = DATA_NONE;
}

bool data_is_possible(struct session *s)
{
	if (s->tls && !s->protects_data && s->worker->settings->require_data_tls) {
		reply(s, 522,
		      "[D-54] Data connections must be protected: send PBSZ 0 and PROT P first.");
		return false;
	}
	if (s->plan == DATA_NONE) {
		reply(s, 425,
		      "No data connection was agreed on: send PASV or EPSV (or PORT, EPRT) first.");
		return false;
	}
	return true;
}

/* --- TCP -------------------------------------------------------------------------------------- */

static void note_nothing_arrived(struct session *s, int64_t waited_ms)
{
	struct address stray;

	if (sessions_stray(s->worker->sessions, s, &stray))
		data_note_outcome(s, DATA_ELSEWHERE, 31, &stray, waited_ms);
	else
		data_note_outcome(s, DATA_NEVER, 20, NULL, waited_ms);
}

static void reply_nothing_arrived(struct session *s)
{
	const struct settings *settings = s->worker->settings;
	char theirs[ADDRESS_TEXT_SIZE], ours[ADDRESS_TEXT_SIZE];
	struct address stray;

	if (sessions_stray(s->worker->sessions, s, &stray)) {
		reply(s, 425,
		      "[D-31] The connection to port %u came from %s, not from %s as this session: the "
		      "firewall or router in between must use one address for both.",
		      s->passive_port, address_format_ip(&stray, theirs),
		      address_format_ip(&s->peer, ours));
		log_event(LOG_WARNING, "data-connection-missing", F_UINT("session", s->id),
			  F_STR("user", s->user->name), F_UINT("port", s->passive_port),
			  F_STR("from", theirs), F_STR("cause", "D-31"));
		return;
	}
	reply(s, 425,
	      "[D-20] No connection from your address arrived at port %u within %u s: a firewall between us "
	      "seems to block the passive ports; it must let TCP %u-%u through.",
	      s->passive_port, settings->data_timeout_s, settings->passive_ports.first,
	      settings->passive_ports.last);
	log_event(LOG_WARNING, "data-connection-missing", F_UINT("session", s->id),
		  F_STR("user", s->user->name), F_UINT("port", s->passive_port),
		  F_STR("cause", "D-20"));
}

#define LOOK_EVERY_MS 1000

static int wait_watched(struct session *s, int64_t deadline)
{
	for (;;) {
		int64_t slice = MIN_OF(deadline, deadline_in(LOOK_EVERY_MS));
		int r = control_wait_wake(s, slice, true);

		if (r != -ETIMEDOUT || slice == deadline)
			return r;
		passive_look(s->worker->passive, s);
		if (atomic_load(&s->reserved_ms) == 0)
			return 0; /* it has come */
	}
}

/* Waits for a wake-up until the deadline. */
static int wait_arrival(struct session *s, int64_t deadline)
{
	passive_watch(s->worker->passive);
	int r = wait_watched(s, deadline);
	passive_unwatch(s->worker->passive);
	return r;
}

/* The connection that the client makes to us. */
static int await_passive(struct session *s, int *ret_fd, struct address *ret_peer)
{
	int64_t since = atomic_load(&s->reserved_ms);
	int64_t limit = (int64_t)s->worker->settings->data_timeout_s * 1000;
	/* Clients connect before or after the transfer command; the wait begins with the latter. */
	int64_t begun = clock_ms(), deadline = begun + limit;
	int fd;

	passive_look(s->worker->passive, s);
	while ((fd = sessions_take_arrived(s->worker->sessions, s, ret_peer)) < 0) {
		int r = since == 0 ? -ETIMEDOUT : wait_arrival(s, deadline);

		/* What came at the last moment counts. */
		if (r < 0 && (fd = sessions_take_arrived(s->worker->sessions, s, ret_peer)) >= 0)
			break;
		if (r < 0)
			note_nothing_arrived(s, clock_ms() - begun);
		if (r == -ETIMEDOUT)
			reply_nothing_arrived(s);
		else if (r < 0)
			data_reply_broken(s, r, "");
		if (r < 0)
			return r;
	}
	data_note_outcome(s, DATA_ARRIVED, 0, ret_peer, clock_ms() - begun);
	*ret_fd = fd;
	return 0;
}

static void reply_unreachable(struct session *s, int error)
{
	char text[ADDRESS_TEXT_SIZE];

	reply(s, 425,
	      "[D-35] Cannot connect to %s (%s): a firewall or NAT on your side does not let us in. Use "
	      "passive mode.",
	      address_format(&s->active_to, text), strerrordesc_np(-error));
	log_event(LOG_WARNING, "data-connection-missing", F_UINT("session", s->id),
		  F_STR("user", s->user->name), F_STR("to", text), F_STR("cause", "D-35"),
		  F_ERRNO(error));
}

/* The connection that we make to the client. */
static int dial_active(struct session *s, int *ret_fd)
{
	struct address local = s->local;
	AUTO_CLOSE int fd = -1;
	int64_t begun = clock_ms();
	int64_t deadline = begun + (int64_t)s->worker->settings->data_timeout_s * 1000;

	local.port = (uint16_t)s->worker->settings->active_source_port;
	/* From the address that the client knows us by, unless the other family is asked for. */
	bool same_family = address_is_v4(&local) == address_is_v4(&s->active_to);
	int r = socket_connect(&s->active_to, same_family ? &local : NULL, &fd);
	if (r == 0)
		r = s->data_waiter.wait(&s->data_waiter, fd, POLLOUT, deadline);
	if (r == 0)
		r = socket_error(fd);
	data_note_outcome(s, r < 0 ? DATA_NEVER : DATA_ARRIVED, r < 0 ? 35 : 0,
			  r < 0 ? NULL : &s->active_to, clock_ms() - begun);
	if (r == -ECANCELED || s->wants_end) {
		data_reply_broken(s, r, "");
		return r;
	}
	if (r < 0) {
		reply_unreachable(s, r);
		return r;
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

/* --- TLS -------------------------------------------------------------------------------------- */

static bool same_identity(const struct tls_identity *a, const struct tls_identity *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Tickets of this control session, or of the one that it resumed itself. */
static bool accepts_identity(const struct tls_identity *identity, void *arg)
{
	const struct session *s = arg;

	return same_identity(identity, &s->tls->identity) ||
	       (s->tls->has_parent && same_identity(identity, &s->tls->parent));
}

static int shake_hands(struct session *s, struct data *data, bool waits,
		       struct tls_error *ret_error)
{
	const struct settings *settings = s->worker->settings;
	struct tls_server *server = s->worker->start->tls;
	int64_t deadline = deadline_in((int64_t)settings->handshake_timeout_s * 1000);

	if (!data->stream.ssl)
		data->binding = (struct tls_binding){
			.is_data = true,
			.host = s->tls->host,
			.tolerates_bare_end = !settings->require_close_notify,
			.reads_ahead = true,
			.accepts = accepts_identity,
			.arg = s,
		};
	return waits ? stream_start_tls(&data->stream, server, &data->binding, deadline, ret_error)
		     : stream_try_tls(&data->stream, server, &data->binding, deadline, ret_error);
}

static int start_tls(struct session *s, struct data *data, bool waits)
{
	const struct settings *settings = s->worker->settings;
	struct tls_error error;
	int r = shake_hands(s, data, waits, &error);

	if (r == -EAGAIN && !s->wants_end)
		return r;
	/* Every resumption may have cost the client a single-use ticket. */
	s->needs_ticket = s->needs_ticket || data->binding.is_bound;
	if (r == -ECANCELED || s->wants_end) {
		data_reply_broken(s, r, "");
		return -ECANCELED;
	}
	if (r < 0) {
		data_note_tls_failure(s, 55);
		reply(s, 425, "[D-55] The TLS handshake on the data connection failed: %s.",
		      error.text);
		log_event(LOG_WARNING, "data-handshake-failed", F_UINT("session", s->id),
			  F_STR("error", error.text));
		return r;
	}
	site_doctor_note_tls(s, data->binding.is_bound);
	data_note_tls(s, data->binding.is_bound);
	if (settings->data_session_reuse == SESSION_REUSE_REQUIRE && !data->binding.is_bound) {
		data_note_tls_failure(s, 52);
		reply(s, 522,
		      "[D-52] The data connection must resume the TLS session of the control connection "
		      "(data_session_reuse = require): turn on TLS session reuse in the client.");
		return -EPROTO;
	}
	return 0;
}

/* --- MODE Z ----------------------------------------------------------------------------------- */

static int start_mode_z(struct session *s, struct data *data)
{
	data->deflate = compressor_new_deflate((int)s->deflate_level);
	data->inflate = compressor_new_inflate();
	data->packed = malloc(DATA_PACKED_SIZE);
	if (data->deflate && data->inflate && data->packed)
		return 0;
	reply(s, 451, "Not enough memory for MODE Z.");
	return -ENOMEM;
}

static void end_mode_z(struct data *data)
{
	compressor_free(&data->deflate);
	compressor_free(&data->inflate);
	free(data->packed);
	data->packed = NULL;
}

static int write_packed(struct data *data, struct text in, bool is_end, int64_t deadline_ms)
{
	size_t len = 0;
	int r = 0, ended = 0;

	do {
		ended = compressor_run(data->deflate, &in, is_end, data->packed, DATA_PACKED_SIZE,
				       &len);
		r = ended < 0
			    ? ended
			    : stream_write_steadily(&data->stream, data->packed, len, deadline_ms);
	} while (r == 0 && ended == 0 && (in.len > 0 || len == DATA_PACKED_SIZE || is_end));
	return r;
}

static ssize_t read_packed(struct data *data, void *ret, size_t size, int64_t deadline_ms)
{
	size_t len = 0;

	while (!data->has_ended_packed) {
		int r = compressor_run(data->inflate, &data->to_unpack, false, ret, size, &len);
		if (r < 0)
			return r;
		data->has_ended_packed = r == 1;
		if (len > 0)
			return (ssize_t)len;
		if (data->has_ended_packed)
			break;
		ssize_t n = stream_read(&data->stream, data->packed, DATA_PACKED_SIZE, deadline_ms);
		if (n <= 0)
			return n == 0 ? -ENODATA : n;
		data->to_unpack = (struct text){ data->packed, (size_t)n };
	}
	/* Behind the end of the zlib stream only the end of the connection may come. */
	ssize_t n = stream_read(&data->stream, data->packed, DATA_PACKED_SIZE, deadline_ms);
	return n > 0 ? -EBADMSG : n;
}

int data_write(struct data *data, const void *bytes, size_t len, int64_t deadline_ms)
{
	if (!data->deflate)
		return stream_write_steadily(&data->stream, bytes, len, deadline_ms);
	return len > 0 ? write_packed(data, (struct text){ bytes, len }, false, deadline_ms) : 0;
}

ssize_t data_read(struct data *data, void *ret, size_t size, int64_t deadline_ms)
{
	if (!data->inflate)
		return stream_read(&data->stream, ret, size, deadline_ms);
	return read_packed(data, ret, size, deadline_ms);
}

int data_end(struct data *data, int64_t deadline_ms)
{
	int r = data->deflate ? write_packed(data, T(""), true, deadline_ms) : 0;

	return r == 0 ? stream_finish(&data->stream, deadline_ms) : r;
}

/* --- whole ------------------------------------------------------------------------------------ */

static void abandon(struct data *data)
{
	stream_close(&data->stream);
	end_mode_z(data);
}

int data_connect(struct session *s, struct data *data, const char *what)
{
	enum data_plan plan = s->plan;
	struct address peer = s->active_to;
	int fd = -1, r;

	*data = (struct data){ .stream = { .fd = -1 } };
	r = plan == DATA_PASSIVE ? await_passive(s, &fd, &peer) : dial_active(s, &fd);
	/* A plan is good for one transfer (RFC 959 3.2). A port that nothing reached is given
	 * back. */
	s->plan = DATA_NONE;
	passive_drop(s->worker->passive, s);
	if (r < 0)
		return r;

	site_doctor_note_arrival(s, &peer);
	if (plan == DATA_ACTIVE) /* others have it from their listener */
		socket_tune_data(fd, SOCKET_KEEPALIVE_S);
	stream_init(&data->stream, fd, &s->data_waiter);
	data->opened_ms = clock_ms();
	reply_text(s, 150, text_of(what));
	if (s->wants_end)
		r = -ECONNRESET;
	if (r == 0 && s->is_mode_z)
		r = start_mode_z(s, data);
	if (r < 0)
		abandon(data);
	return r;
}

void data_close(struct session *s, struct data *data)
{
	abandon(data);
	if (s->needs_ticket)
		stream_push_ticket(&s->control);
	s->needs_ticket = false;
}

static int secure(struct session *s, struct data *data, bool waits)
{
	int r = start_tls(s, data, waits);

	if (r < 0 && r != -EAGAIN)
		data_close(s, data);
	return r;
}

int data_secure(struct session *s, struct data *data)
{
	return secure(s, data, true);
}

int data_try_secure(struct session *s, struct data *data)
{
	return secure(s, data, false);
}

int data_open(struct session *s, struct data *data, const char *what)
{
	int r = data_connect(s, data, what);

	return r == 0 && s->protects_data ? data_secure(s, data) : r;
}

/* What to say of a broken transfer, with the cause id that it has. */
static void describe_broken(const struct session *s, int error, struct buf *out)
{
	switch (error) {
	case -ECANCELED:
		buf_add(out,
			s->wants_abort ? T("Transfer aborted, as asked.") : T("Transfer aborted."));
		break;
	case -ETIMEDOUT:
		buf_addf(out, "[D-78] The data connection stalled for %u s; transfer aborted.",
			 s->worker->settings->stall_timeout_s);
		break;
	case -ENODATA:
		buf_add(out,
			s->is_mode_z
				? T("[D-93] The data connection ended before its zlib stream: the file is cut short.")
				: T("[D-57] The data connection ended without TLS close_notify: the file may be cut "
				    "short."));
		break;
	case -EBADMSG:
		buf_add(out,
			T("What arrived is not a zlib stream, as MODE Z wants it; transfer aborted."));
		break;
	case -ECONNRESET:
	case -EPIPE:
		buf_add(out, T("The data connection was closed by your side; transfer aborted."));
		break;
	case -EPROTO:
		buf_add(out, T("TLS error on the data connection; transfer aborted."));
		break;
	default:
		buf_addf(out, "The data connection failed (%s); transfer aborted.",
			 strerrordesc_np(-error));
	}
}

void data_reply_broken(struct session *s, int error, const char *more)
{
	char storage[1024];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	describe_broken(s, error, &out);
	buf_addf(&out, "%s%s", *more ? " " : "", more);
	reply_text(s, 426, buf_text(&out));
}
