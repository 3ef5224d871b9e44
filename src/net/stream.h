/* net/stream.h - one connection, plain or TLS, with deadlines: all bytes of clients go through
 * here.
 *
 * The socket is non-blocking; where a call would have to wait it asks its waiter, so that the owner
 * decides what else is watched meanwhile (a session polls control and data connection together).
 * Deadlines are on the monotonic clock (base/clock.h).
 * Errors: -ETIMEDOUT (deadline), -ECANCELED or another value from the waiter, -ECONNRESET, -EPIPE,
 * -EPROTO (TLS: the reason is in *ret_error of the handshake).
 * The process must ignore SIGPIPE: sendfile(2) and OpenSSL raise it for a peer that has gone.
 * Threads: one at a time per stream. */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "net/tls_client.h"
#include "net/tls_server.h"

struct waiter {
	/* Returns 0 when fd is ready for events (POLLIN, POLLOUT) or has failed; else a negative
	 * error that ends the call in progress. */
	int (*wait)(struct waiter *waiter, int fd, short events, int64_t deadline_ms);
};

struct stream {
	int fd;	      /* owned */
	int read_end; /* what all further reads say when has_read_end: 0 or an error */
	SSL *ssl;     /* owned; NULL: plain */
	struct tls_binding *binding; /* of the server's side of TLS; borrowed */
	struct waiter *waiter;
	bool has_failed_tls; /* nothing more may be sent on it, not even close_notify */
	bool has_ended;	     /* our direction, by stream_end */
	bool is_drained;     /* the last read has taken all that had come by then */
	/* The owner's note, plain: the peer's FIN has come, and nothing urgent, so that a read
	 * which takes less than there is room for has reached it. */
	bool knows_end;
	bool has_read_end;
	bool is_watched;  /* the owner's note: fd is in its epoll set */
	bool owes_ticket; /* one goes out in front of the next bytes */
};

/* Takes fd. */
void stream_init(struct stream *stream, int fd, struct waiter *waiter);
/* Closes without ceremony; safe on a released or zeroed stream whose fd is -1. */
void stream_release(struct stream *stream);
static inline bool stream_is_open(const struct stream *stream)
{
	return stream->fd >= 0;
}

/* The server's side of a TLS handshake. Borrows server and binding for the life of the stream. */
int stream_start_tls(struct stream *stream, struct tls_server *server, struct tls_binding *binding,
		     int64_t deadline_ms, struct tls_error *ret_error) MUST_CHECK;
/* The same without waiting for the client: -EAGAIN means that more of its bytes are needed; call
 * again, with the same arguments, when they have come. The deadline is that of sending. */
int stream_try_tls(struct stream *stream, struct tls_server *server, struct tls_binding *binding,
		   int64_t deadline_ms, struct tls_error *ret_error) MUST_CHECK;

/* The client's side. Borrows client and peer for the life of the stream. -ECONNRESET also when the
 * server ends the connection instead of a handshake. */
int stream_connect_tls(struct stream *stream, struct tls_client *client, struct tls_peer *peer,
		       int64_t deadline_ms, struct tls_error *ret_error) MUST_CHECK;

/* What is there now: the number of bytes, -EAGAIN, or as stream_read. */
ssize_t stream_try_read(struct stream *stream, void *ret, size_t size) MUST_CHECK;
/* At least one byte, waiting for it. 0: the peer has ended its direction (TLS: with close_notify);
 * -ENODATA: TLS ended by a bare FIN, so that the end is not proven (RFC 8446 6.1); the binding may
 * tolerate that: then it is 0. */
ssize_t stream_read(struct stream *stream, void *ret, size_t size, int64_t deadline_ms) MUST_CHECK;

/* As stream_read, of a plain stream: up to len bytes go into the pipe, which must be empty and not
 * block, without being copied. */
ssize_t stream_read_to_pipe(struct stream *stream, int pipe, size_t len,
			    int64_t deadline_ms) MUST_CHECK;

/* TLS holds bytes that have come but have not been read; no event of the socket will tell of
 * them. */
bool stream_has_pending(const struct stream *stream);

/* All of it. 0 or a negative error. */
int stream_write(struct stream *stream, const void *data, size_t len,
		 int64_t deadline_ms) MUST_CHECK;
/* The same with a deadline for progress only: it is put off by what it was away with every piece
 * that gets through, however long the whole takes. */
int stream_write_steadily(struct stream *stream, const void *data, size_t len,
			  int64_t deadline_ms) MUST_CHECK;

/* Sends up to len bytes of the file from *offset on, which moves along with what got through, also
 * when it fails: sendfile(2) where the stream is plain. buffer (size bytes) is scratch space for
 * TLS. Returns the bytes sent, 0 at the end of the file; -EIO etc. when the file cannot be read. */
ssize_t stream_send_file(struct stream *stream, int file, off_t *offset, size_t len, char *buffer,
			 size_t size, int64_t deadline_ms) MUST_CHECK;

/* The same on a TLS stream without the copy into a buffer; len must not be 0. -EOPNOTSUPP: these
 * bytes are to be read (file_window_open), nothing was sent. -ESPIPE: the file has been cut
 * meanwhile, what is sent may end with bytes that are not its own; -EIO: it cannot be read. Nothing
 * more goes out on the stream after either, so that the client does not see a proven end. */
ssize_t stream_send_mapped(struct stream *stream, int file, off_t *offset, size_t len,
			   int64_t deadline_ms) MUST_CHECK;

/* Ends our direction: close_notify, then FIN; the peer may still be sending. */
int stream_end(struct stream *stream, int64_t deadline_ms) MUST_CHECK;
/* The same, for who reads nothing more: a plain stream is closed with it, if the peer has neither
 * sent anything nor ended its own direction; stream_close still belongs behind it. */
int stream_finish(struct stream *stream, int64_t deadline_ms) MUST_CHECK;
/* Ends TLS but not the connection, which goes on in clear (CCC, RFC 4217 12.3): exchanges
 * close_notify. */
int stream_clear(struct stream *stream, int64_t deadline_ms) MUST_CHECK;
/* stream_end without waiting, and the socket closed so that the peer gets all that was sent. */
void stream_close(struct stream *stream);

/* TLS 1.3: a fresh ticket goes out with the next bytes (RFC 8446 4.6.1). Else nothing. */
void stream_push_ticket(struct stream *stream);
/* "TLSv1.3 TLS_AES_128_GCM_SHA256", or "" on a plain stream. */
void stream_describe_tls(const struct stream *stream, char *ret, size_t size);

#endif
