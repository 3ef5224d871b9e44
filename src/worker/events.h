/* worker/events.h - what sessions did with files, on its way to the manager.
 *
 * A transfer never waits for it: sessions put events into a bounded queue, the main thread sends
 * them, and each stays in the queue until the manager has stored it. What the manager has not
 * acknowledged when it dies goes to the next one, which knows what it has already. When the queue
 * is full the newest are lost: that is counted and logged.
 * Threads: any, where nothing else is said. */
#ifndef WORKER_EVENTS_H
#define WORKER_EVENTS_H

#include "ftp/data_record.h"
#include "worker/transfer.h"

struct events;

/* Makes an entry in the main thread's epoll with EVENTS_TAG. NULL when memory or descriptors are
 * short. */
struct events *events_new(struct worker *worker, int epoll) MUST_CHECK;
#define EVENTS_TAG ((uint64_t)3)

/* A transfer of the session has ended. end_state: "proven" and its like. With what is known of its
 * data connection. */
void events_note_transfer(struct session *s, enum event_kind kind, const struct path *path,
			  const struct transfer *t, uint64_t ms, const char *end_state);
/* "complete", or why not, in the words of the reply where it has words of its own. */
const char *events_result(int error);
/* One that could not begin, for want of a data connection. */
void events_note_unopened(struct session *s, enum event_kind kind, const struct path *path);
/* A change, or a transfer that was refused before its data flowed: error is 0 or why it did not
 * happen. new_path: of a rename, or NULL. */
void events_note_change(struct session *s, enum event_kind kind, struct text path,
			const struct path *new_path, int error);

/* A file was copied within the server, which took ms. */
void events_note_copy(struct session *s, struct text from, const struct path *to, uint64_t bytes,
		      uint64_t ms, int error);

/* These wait until something else is sent, or a second; when too many of them wait the newest are
 * left out: whoever can make them must not crowd out the others. */
/* A data connection that belongs to no transfer; path: what it was to list. */
void events_note_data(struct session *s, struct text path, const struct data_record *data);
/* The session of a user has ended, for this reason. */
void events_note_logout(struct session *s, const char *reason);
/* TLS on a control connection has failed; cause: number of the D-id, or 0. */
void events_note_handshake(const struct session *s, unsigned cause, const char *error);

/* Main thread: its entry in epoll is ready. Sends nothing. */
void events_woken(struct events *events);
/* Main thread: sends what is due: the first event at once, those that follow close behind it
 * together. Returns the milliseconds until the next call. */
int events_tend(struct events *events);
/* Sends what the channel takes; the rest at the next call. */
void events_send(struct events *events);
/* There is another manager: it gets all that was not acknowledged. */
void events_send_again(struct events *events);
/* The manager has stored everything up to this sequence. */
void events_acknowledge(struct events *events, uint64_t sequence);
/* Nothing is on its way. */
bool events_are_done(struct events *events);

#endif
