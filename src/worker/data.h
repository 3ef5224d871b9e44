/* worker/data.h - one data connection: from the plan (PASV, PORT) to the open stream and its end.
 * Threads: the one that runs the session. */
#ifndef WORKER_DATA_H
#define WORKER_DATA_H

#include "worker/session.h"

struct data {
	struct stream stream;
	struct tls_binding binding;
	struct address peer;
	int64_t opened_ms;
};

/* Brings up the data connection that the client has asked for: waits for it or dials it, says 150 (with
 * what: "Sending ..."), does the TLS handshake. 0; on failure everything has been said to the client,
 * nothing is open, and the result is negative. */
int data_open(struct session *s, struct data *data, const char *what) MUST_CHECK;

/* Ends it in order (close_notify, FIN). Then a fresh ticket goes out on the control connection with the
 * next reply when the client has spent one. */
void data_close(struct session *s, struct data *data);

/* A transfer that broke off with this error: the reply that says why. */
void data_reply_broken(struct session *s, int error);

/* Whether a plan exists and policy lets it be used; else replies and says false. Cheap: before files are
 * opened. */
bool data_is_possible(struct session *s) MUST_CHECK;

/* Forgets plan, reservation and a connection that has arrived. */
void data_forget(struct session *s);

#endif
