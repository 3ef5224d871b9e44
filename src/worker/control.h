/* worker/control.h - the control connection: replies out, command lines in, and the one place where
 * a running session waits. Threads: the one that runs the session. */
#ifndef WORKER_CONTROL_H
#define WORKER_CONTROL_H

#include "worker/session.h"

/* More than this of over-long lines is no client's mistake any more. */
#define CONTROL_FLOOD_BYTES ((uint64_t)4 * 1024 * 1024)

/* Sets the session's waiters up; before anything else is done with its streams. */
void control_init(struct session *s);

/* The line goes into the flight recorder; a command's with its secrets masked. */
void control_record(const struct session *s, enum recorder_source source, struct text line);

/* Replies are collected, so that those to commands that came together leave together: this sends
 * them and tells the scoreboard the last command. Every wait does it first, and so must whoever
 * writes to the control connection by itself. When they cannot be sent: s->wants_end. */
void control_flush(struct session *s);

/* "code text" as RFC 959 4.2 wants it; newlines in the text make a multi-line reply. A reply that
 * cannot be sent ends the session: s->wants_end. */
void reply(struct session *s, unsigned code, const char *format, ...) PRINTF_LIKE(3, 4);
/* Text with client bytes in it, already built. */
void reply_text(struct session *s, unsigned code, struct text text);
/* One place where errno becomes a reply, so that every command says 550 for the same reasons. what:
 * the path or the thing, quoted in the reply. */
void reply_errno(struct session *s, int error, struct text what);

/* The same with a sentence behind it. */
void reply_errno_more(struct session *s, int error, struct text what, const char *more);

/* The next command line, or *ret_line.ptr NULL when the client has sent nothing more for now (the
 * session may be parked). 0; -EMSGSIZE: a line was too long; other errors: the connection is gone.
 * The line is borrowed until the next call. */
int control_next_line(struct session *s, struct text *ret_line) MUST_CHECK;

/* All that the client has sent has been read and run: what it sends from now on is an event, for
 * which the session can be parked. */
bool control_has_heard_all(const struct session *s) MUST_CHECK;

/* Drops everything that the client has sent up to now, read or not. */
void control_drop_input(struct session *s);

/* Waits for a wake (an answer of the manager, a data connection). watches_client: ABOR, STAT and
 * NOOP are served meanwhile. 0: something woke us, look again; -ETIMEDOUT; -ECANCELED: ABOR or a
 * farewell;
 * -ECONNRESET: the client has gone. */
int control_wait_wake(struct session *s, int64_t deadline_ms, bool watches_client) MUST_CHECK;

/* Waits until then; ABOR, STAT and NOOP are served meanwhile. 0; -ECANCELED or -ECONNRESET as
 * above. */
int control_rest(struct session *s, int64_t until_ms) MUST_CHECK;

/* A look at the client without waiting, between two pieces of a transfer. 0 or as above. */
int control_look(struct session *s) MUST_CHECK;
/* At the end of an upload's data: 0; -ECONNRESET: the client has left as well; -ECANCELED: it has
 * sent ABOR; a farewell changes nothing of that. What else there is to hear is heard later. */
int control_check_end(struct session *s) MUST_CHECK;
/* The same as control_look for walks and copies that take a function and its argument: the
 * session. */
int control_pause(void *session) MUST_CHECK;

#endif
