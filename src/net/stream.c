/* net/stream.c - see stream.h. Source: SSL_get_error(3), sendfile(2), RFC 8446 6.1. */
#include "net/stream.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "net/file_window.h"
#include "net/socket.h"

void stream_init(struct stream *stream, int fd, struct waiter *waiter)
{
	*stream = (struct stream){ .fd = fd, .waiter = waiter };
}

void stream_release(struct stream *stream)
{
	SSL_free(stream->ssl);
	stream->ssl = NULL;
	fd_close(&stream->fd);
}

static int wait_for(struct stream *stream, short events, int64_t deadline_ms)
{
	return stream->waiter->wait(stream->waiter, stream->fd, events, deadline_ms);
}

/* What an SSL_* call that returned `result` wants: POLLIN or POLLOUT to wait for, or a negative
 * error. */
static int tls_outcome(struct stream *stream, int result)
{
	int saved = errno;

	switch (SSL_get_error(stream->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		stream->has_failed_tls = true;
		return saved > 0 ? -saved : -ECONNRESET;
	default:
		stream->has_failed_tls = true;
		if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			return -ENODATA;
		return -EPROTO;
	}
}

/* One step of the handshake. 1: it is done; 0: once more; POLLIN was wanted and not waited for:
 * -EAGAIN; or an error. */
static int shake_hands(struct stream *stream, bool waits_for_client, int64_t deadline_ms)
{
	ERR_clear_error();
	errno = 0;

	int result = SSL_do_handshake(stream->ssl);
	if (result == 1)
		return 1;

	int wanted = tls_outcome(stream, result);
	if (wanted == 0)
		return -ECONNRESET; /* close_notify instead of a handshake */
	if (wanted < 0)
		return wanted;
	/* GnuTLS clients (lftp, FileZilla) send their last flight in two pieces and hold the second
	 * one back until the first is acknowledged. */
	if (SSL_get_state(stream->ssl) != TLS_ST_BEFORE)
		socket_acknowledge_now(stream->fd);
	if (wanted == POLLIN && !waits_for_client)
		return -EAGAIN;
	return wait_for(stream, (short)wanted, deadline_ms);
}

static void describe_failure(int r, struct tls_error *ret_error)
{
	if (r == -EPROTO || r == -ENODATA)
		tls_error_take(ret_error);
	else
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s", strerrordesc_np(-r));
}

/* The handshake of either side. */
static int run_handshake(struct stream *stream, bool waits_for_client, int64_t deadline_ms,
			 struct tls_error *ret_error)
{
	int r = 0;

	while (r == 0)
		r = shake_hands(stream, waits_for_client, deadline_ms);
	if (r == 1 || (r == -EAGAIN && !waits_for_client))
		return r == 1 ? 0 : r;
	stream->has_failed_tls = true;
	describe_failure(r, ret_error);
	return r;
}

static int serve_tls(struct stream *stream, struct tls_server *server, struct tls_binding *binding,
		     bool waits_for_client, int64_t deadline_ms, struct tls_error *ret_error)
{
	ret_error->text[0] = '\0';
	if (!stream->ssl)
		stream->ssl = tls_server_connection(server, stream->fd, binding);
	if (!stream->ssl)
		return -ENOMEM;
	stream->binding = binding;
	int r = run_handshake(stream, waits_for_client, deadline_ms, ret_error);
	if (r == 0)
		tls_server_finish(stream->ssl, binding);
	return r;
}

int stream_start_tls(struct stream *stream, struct tls_server *server, struct tls_binding *binding,
		     int64_t deadline_ms, struct tls_error *ret_error)
{
	return serve_tls(stream, server, binding, true, deadline_ms, ret_error);
}

int stream_try_tls(struct stream *stream, struct tls_server *server, struct tls_binding *binding,
		   int64_t deadline_ms, struct tls_error *ret_error)
{
	return serve_tls(stream, server, binding, false, deadline_ms, ret_error);
}

int stream_connect_tls(struct stream *stream, struct tls_client *client, struct tls_peer *peer,
		       int64_t deadline_ms, struct tls_error *ret_error)
{
	ret_error->text[0] = '\0';
	stream->ssl = tls_client_connection(client, stream->fd, peer);
	return stream->ssl ? run_handshake(stream, true, deadline_ms, ret_error) : -ENOMEM;
}

/* The results are those of read_now. */
static ssize_t read_record(struct stream *stream, void *ret, size_t size, short *ret_events)
{
	struct tls_binding *binding = stream->binding;

	ERR_clear_error();
	errno = 0;
	if (binding)
		binding->has_read_all = false; /* it may find in its buffer what it needs */

	int n = SSL_read(stream->ssl, ret, (int)MIN_OF(size, (size_t)INT_MAX));
	/* Of a record that it holds the beginning of OpenSSL asks for the rest alone. */
	stream->is_drained = binding && binding->has_read_all && SSL_has_pending(stream->ssl) != 1;
	if (n > 0)
		return n;

	int wanted = tls_outcome(stream, n);
	if (wanted <= 0) {
		ERR_clear_error();
		return wanted;
	}
	*ret_events = (short)wanted;
	return -EAGAIN;
}

/* What has come already is read with the first record, so that who stores it has larger pieces. */
static ssize_t read_records(struct stream *stream, char *ret, size_t size, short *ret_events)
{
	ssize_t n = read_record(stream, ret, size, ret_events);
	size_t len = n > 0 ? (size_t)n : 0;

	while (n > 0 && len < size && SSL_has_pending(stream->ssl) == 1) {
		n = read_record(stream, ret + len, size - len, ret_events);
		len += n > 0 ? (size_t)n : 0;
	}
	if (len == 0)
		return n;
	if (n <= 0 && n != -EAGAIN) {
		stream->has_read_end = true;
		stream->read_end = (int)n;
		stream->is_drained = false; /* the end is still to be told */
	}
	return (ssize_t)len;
}

static ssize_t read_plain(struct stream *stream, void *ret, size_t size)
{
	ssize_t n;

	do {
		n = recv(stream->fd, ret, size, 0);
	} while (n < 0 && errno == EINTR);
	stream->is_drained = n < 0 || (size_t)n < size;
	if ((n == 0 && size > 0) || (n > 0 && stream->is_drained && stream->knows_end))
		stream->has_read_end = true;
	return n < 0 ? -errno : n;
}

/* >= 0 bytes (0: proven end), -EAGAIN with *ret_events to wait for, or an error. */
static ssize_t read_now(struct stream *stream, void *ret, size_t size, short *ret_events)
{
	*ret_events = POLLIN;
	if (stream->has_read_end)
		return stream->read_end;
	return stream->ssl ? read_records(stream, ret, size, ret_events)
			   : read_plain(stream, ret, size);
}

bool stream_has_pending(const struct stream *stream)
{
	return stream->ssl && SSL_has_pending(stream->ssl) == 1;
}

ssize_t stream_try_read(struct stream *stream, void *ret, size_t size)
{
	short events;

	return read_now(stream, ret, size, &events);
}

ssize_t stream_read(struct stream *stream, void *ret, size_t size, int64_t deadline_ms)
{
	for (;;) {
		short events;
		ssize_t n = read_now(stream, ret, size, &events);

		if (n != -EAGAIN)
			return n;

		int r = wait_for(stream, events, deadline_ms);
		if (r < 0)
			return r;
	}
}

ssize_t stream_read_to_pipe(struct stream *stream, int pipe, size_t len, int64_t deadline_ms)
{
	for (;;) {
		ssize_t n = splice(stream->fd, NULL, pipe, NULL, len,
				   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;

		int r = wait_for(stream, POLLIN, deadline_ms);
		if (r < 0)
			return r;
	}
}

/* As SSL_write(3). A ticket and the reply behind it, two writes, leave in one segment and wake the
 * client once. */
static int write_records(struct stream *stream, const void *data, size_t len)
{
	/* Refused only before the handshake. */
	bool has_ticket = stream->owes_ticket && SSL_new_session_ticket(stream->ssl) == 1;

	stream->owes_ticket = false;
	if (has_ticket)
		socket_cork(stream->fd, true);
	ERR_clear_error();
	errno = 0;

	int n = SSL_write(stream->ssl, data, (int)MIN_OF(len, (size_t)INT_MAX));
	int saved = errno;

	if (has_ticket)
		socket_cork(stream->fd, false);
	errno = saved;
	return n;
}

/* > 0 bytes, -EAGAIN with *ret_events, or an error. */
static ssize_t write_now(struct stream *stream, const void *data, size_t len, short *ret_events)
{
	*ret_events = POLLOUT;
	/* SSL_write(3) would go on with a handshake that has been given up. */
	if (stream->has_failed_tls)
		return -EPIPE;
	if (!stream->ssl) {
		ssize_t n;

		do {
			n = send(stream->fd, data, len, MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
		return n < 0 ? -errno : n;
	}

	int n = write_records(stream, data, len);
	if (n > 0)
		return n;

	int wanted = tls_outcome(stream, n);
	if (wanted <= 0) {
		ERR_clear_error();
		return wanted < 0 ? wanted : -EPIPE;
	}
	*ret_events = (short)wanted;
	return -EAGAIN;
}

/* patience_ms > 0: the deadline moves on with every piece that got through. *ret_done: so many
 * bytes did, also when it fails. */
static int write_all(struct stream *stream, const void *data, size_t len, int64_t deadline_ms,
		     int patience_ms, size_t *ret_done)
{
	const char *p = data;

	for (*ret_done = 0; *ret_done < len;) {
		short events;
		ssize_t n = write_now(stream, p + *ret_done, len - *ret_done, &events);

		if (n == -EAGAIN) {
			int r = wait_for(stream, events, deadline_ms);
			if (r < 0)
				return r;
			continue;
		}
		if (n < 0)
			return (int)n;
		*ret_done += (size_t)n;
		if (patience_ms > 0)
			deadline_ms = deadline_in(patience_ms);
	}
	return 0;
}

int stream_write(struct stream *stream, const void *data, size_t len, int64_t deadline_ms)
{
	size_t done;

	return write_all(stream, data, len, deadline_ms, 0, &done);
}

int stream_write_steadily(struct stream *stream, const void *data, size_t len, int64_t deadline_ms)
{
	size_t done;

	return write_all(stream, data, len, deadline_ms, deadline_left(deadline_ms), &done);
}

static ssize_t send_file_plain(struct stream *stream, int file, off_t *offset, size_t len,
			       int64_t deadline_ms)
{
	for (;;) {
		ssize_t n = sendfile(stream->fd, file, offset, len);

		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;

		int r = wait_for(stream, POLLOUT, deadline_ms);
		if (r < 0)
			return r;
	}
}

ssize_t stream_send_file(struct stream *stream, int file, off_t *offset, size_t len, char *buffer,
			 size_t size, int64_t deadline_ms)
{
	if (!stream->ssl)
		return send_file_plain(stream, file, offset, len, deadline_ms);

	ssize_t n;
	do {
		n = pread(file, buffer, MIN_OF(len, size), *offset);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;

	size_t done;
	int r = write_all(stream, buffer, (size_t)n, deadline_ms, deadline_left(deadline_ms),
			  &done);

	*offset += (off_t)done;
	return r < 0 ? r : n;
}

/* A record that was made from a torn window does not leave. */
static long hold_back_torn(BIO *bio, int operation, const char *data UNUSED, size_t len UNUSED,
			   int argi UNUSED, long argl UNUSED, int result, size_t *processed UNUSED)
{
	if (operation != BIO_CB_WRITE || !file_window_is_torn())
		return result;
	BIO_clear_retry_flags(bio);
	return -1;
}

/* Bytes of the file from the offset on, `most` at most; 0 at its end. */
static ssize_t bytes_behind(int file, off_t offset, size_t most)
{
	struct stat st;

	if (fstat(file, &st) < 0)
		return -errno;
	return st.st_size > offset ? (ssize_t)MIN_OF((uint64_t)(st.st_size - offset), most) : 0;
}

ssize_t stream_send_mapped(struct stream *stream, int file, off_t *offset, size_t len,
			   int64_t deadline_ms)
{
	struct file_window window;
	ssize_t there = bytes_behind(file, *offset, len), still_there;

	if (there <= 0)
		return there;
	len = (size_t)there;
	if (file_window_open(&window, file, *offset, len) < 0)
		return -EOPNOTSUPP;
	BIO_set_callback_ex(SSL_get_wbio(stream->ssl), hold_back_torn);

	size_t done;
	int r = write_all(stream, window.bytes, len, deadline_ms, deadline_left(deadline_ms),
			  &done);
	bool is_torn = file_window_is_torn();
	file_window_close(&window);
	/* The rest of a page is zeros behind the end of the file, and tears nothing. */
	still_there = bytes_behind(file, *offset, len);
	*offset += (off_t)done;
	if (is_torn || still_there < (ssize_t)len) {
		stream->has_failed_tls = true;
		if (r < 0 && !is_torn)
			return r;
		return still_there < (ssize_t)len && still_there >= 0 ? -ESPIPE : -EIO;
	}
	return r < 0 ? r : (ssize_t)len;
}

/* 1 when close_notify is out, 0 when it would have to wait for *ret_events, or an error. */
static int notify_close(struct stream *stream, short *ret_events)
{
	if (!stream->ssl || stream->has_failed_tls || !SSL_is_init_finished(stream->ssl))
		return 1;
	ERR_clear_error();
	errno = 0;

	int result = SSL_shutdown(stream->ssl); /* 0: sent, the peer's has not come: fine */
	if (result >= 0)
		return 1;

	int wanted = tls_outcome(stream, result);
	ERR_clear_error();
	if (wanted == POLLIN)
		return 1; /* ours is out */
	*ret_events = POLLOUT;
	return wanted > 0 ? 0 : wanted;
}

int stream_end(struct stream *stream, int64_t deadline_ms)
{
	short events;
	int r;

	while ((r = notify_close(stream, &events)) == 0) {
		r = wait_for(stream, events, deadline_ms);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (shutdown(stream->fd, SHUT_WR) < 0)
		return -errno;
	stream->has_ended = true;
	return 0;
}

int stream_finish(struct stream *stream, int64_t deadline_ms)
{
	char first;

	/* Unread bytes would turn the close into a reset; and of a peer that has ended, only
	 * shutdown(2) tells whether it has not refused the last bytes. */
	if (stream->ssl || recv(stream->fd, &first, sizeof(first), MSG_PEEK | MSG_DONTWAIT) >= 0 ||
	    errno != EAGAIN)
		return stream_end(stream, deadline_ms);
	fd_close(&stream->fd); /* the FIN goes out with it */
	stream->has_ended = true;
	return 0;
}

int stream_clear(struct stream *stream, int64_t deadline_ms)
{
	char unread[512];
	short events;
	ssize_t n;
	int r;

	while ((r = notify_close(stream, &events)) == 0) {
		r = wait_for(stream, events, deadline_ms);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	/* What the client still sends under TLS up to its own close_notify is of no use to
	 * anybody. */
	do {
		n = stream_read(stream, unread, sizeof(unread), deadline_ms);
	} while (n > 0 && deadline_left(deadline_ms) != 0);
	if (n != 0)
		return n < 0 ? (int)n : -ETIMEDOUT;
	SSL_free(stream->ssl);
	stream->ssl = NULL;
	stream->has_read_end = false;
	return 0;
}

void stream_close(struct stream *stream)
{
	short events;

	if (stream->fd < 0)
		return;
	if (!stream->has_ended)
		(void)notify_close(stream, &events); /* best effort: it ends either way */
	if (!stream->ssl && stream->has_read_end) {  /* nothing can be unread */
		fd_close(&stream->fd);
		return;
	}
	SSL_free(stream->ssl);
	stream->ssl = NULL;
	socket_close_gently(&stream->fd, stream->has_ended);
}

void stream_push_ticket(struct stream *stream)
{
	/* Not asked of OpenSSL yet: that would send it with whatever it does next, be it a look for
	 * what the client has sent, and wake the client before the reply is there. */
	stream->owes_ticket = stream->ssl && SSL_version(stream->ssl) >= TLS1_3_VERSION;
}

void stream_describe_tls(const struct stream *stream, char *ret, size_t size)
{
	if (stream->ssl)
		(void)snprintf(ret, size, "%s %s", SSL_get_version(stream->ssl),
			       SSL_get_cipher_name(stream->ssl));
	else
		ret[0] = '\0';
}
