/* worker/data.h - one data connection: from the plan (PASV, PORT) to the open stream and its end.
 * Threads: the one that runs the session. */
#ifndef WORKER_DATA_H
#define WORKER_DATA_H

#include "ftp/compress.h"
#include "worker/session.h"

struct data {
	struct stream stream;
	struct tls_binding binding;
	int64_t opened_ms;
	/* MODE Z; NULL in MODE S. */
	struct compressor *deflate, *inflate;
	char *packed;	       /* DATA_PACKED_SIZE bytes on their way from or to the wire */
	struct text to_unpack; /* what of packed has not been inflated yet */
	bool has_ended_packed; /* the zlib stream has come to its end */
};
#define DATA_PACKED_SIZE ((size_t)32 * 1024)

/* Brings up the data connection that the client has asked for: waits for it or dials it, says 150
 * (with what: "Sending ..."), does the TLS handshake. 0; on failure everything has been said to the
 * client, nothing is open, and the result is negative. */
int data_open(struct session *s, struct data *data, const char *what) MUST_CHECK;
/* The same in two steps: all but TLS; then, with PROT P, TLS: data_secure waits for the client,
 * data_try_secure says -EAGAIN when more of its bytes are needed: call it again when they have
 * come.
 */
int data_connect(struct session *s, struct data *data, const char *what) MUST_CHECK;
int data_secure(struct session *s, struct data *data) MUST_CHECK;
int data_try_secure(struct session *s, struct data *data) MUST_CHECK;

/* The content, whatever the transfer mode. data_write: 0 or an error; data_read: as stream_read,
 * and
 * -EBADMSG for a broken zlib stream, -ENODATA when it is cut off. */
int data_write(struct data *data, const void *bytes, size_t len, int64_t deadline_ms) MUST_CHECK;
ssize_t data_read(struct data *data, void *ret, size_t size, int64_t deadline_ms) MUST_CHECK;
/* All has been written: the end of the content, then of the connection (close_notify, FIN). Nothing
 * is to be read from it after that. */
int data_end(struct data *data, int64_t deadline_ms) MUST_CHECK;

/* Closes it. Then a fresh ticket goes out on the control connection with the
 * next reply when the client has spent one. */
void data_close(struct session *s, struct data *data);

/* A transfer that broke off with this error: the reply that says why, and more behind it, or "". */
void data_reply_broken(struct session *s, int error, const char *more);

/* Whether a plan exists and policy lets it be used; else replies and says false. Cheap: before
 * files are opened. */
bool data_is_possible(struct session *s) MUST_CHECK;

/* Forgets plan, reservation and a connection that has arrived. */
void data_forget(struct session *s);

#endif
