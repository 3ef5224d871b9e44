/* worker/opening.h - a transfer whose data connection is coming up. What the client owes first, its
 * flights of the TLS handshake and the first byte of an upload, no thread waits for: the session is
 * parked meanwhile, for a second at most each time. Then, or when the client says something else,
 * the thread that runs the session waits, and hears commands.
 * Threads: the one that runs the session. */
#ifndef WORKER_OPENING_H
#define WORKER_OPENING_H

#include "worker/data.h"

/* The head of what a transfer must remember; heap. */
struct opening {
	struct data data;
	bool awaits_content; /* the client is the one that sends */
	/* The rest of the transfer; takes opening. is_open: its data connection is up; else nothing
	 * is open, and all has been said to the client. */
	void (*go_on)(struct session *s, struct opening *opening, bool is_open);
	bool is_secured; /* opening.c's own */
};

/* Takes opening, whose data connection has been agreed on; what: as of data_open. */
void opening_begin(struct session *s, struct opening *opening, const char *what);

/* Goes on with s->opening when the session has been parked and runs again. 0: it is NULL now; 1:
 * park once more. */
int opening_go_on(struct session *s) MUST_CHECK;

#endif
