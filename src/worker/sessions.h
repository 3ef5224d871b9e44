/* worker/sessions.h - the table of a worker's sessions: who is parked, who runs, who has waited too
 * long; where kicks, arriving data connections and timeouts find their session.
 *
 * Threads: any. One lock guards the table and the first group of struct session's fields; it is
 * held for a few instructions and nothing blocks under it. Inside it only the lock of
 * ipc/reservations.h is ever taken. */
#ifndef WORKER_SESSIONS_H
#define WORKER_SESSIONS_H

#include "worker/session.h"

struct sessions;

struct sessions *sessions_new(struct worker *worker, int epoll) MUST_CHECK;

/* A session for a fresh control connection, running, in the hands of the caller. Takes fd. NULL
 * and *ret_refusal when there is none; fd is then still the caller's. */
struct session *sessions_open(struct sessions *table, int fd, const struct address *peer,
			      bool is_implicit, int wake_fd,
			      struct session_refusal *ret_refusal) MUST_CHECK;

/* Events of an epoll entry: the session, now running in the hands of the caller; NULL when it is
 * gone or runs already: then it will look again before it is parked. */
struct session *sessions_take(struct sessions *table, uint64_t tag, uint32_t events,
			      int wake_fd) MUST_CHECK;

/* Parks: false when there is something to do first (a farewell or an event came meanwhile). After
 * true the session must not be touched any more. */
bool sessions_park(struct sessions *table, struct session *s) MUST_CHECK;

/* Bytes on the data connection, once, are an event of the session; so is the end of a second when
 * nothing comes, which counts as a call of the client (is_called). False: the kernel is out of
 * memory. */
bool sessions_await_data(struct sessions *table, struct session *s, struct stream *data) MUST_CHECK;

/* A session that has just been opened, by a thread outside of the pool: a pool thread takes it from
 * here. */
void sessions_dispatch(struct sessions *table, struct session *s);

/* Ends: closes everything and frees it. */
void sessions_close(struct sessions *table, struct session *s);

/* The session counts as logged in from now on: the idle timeout replaces the login timeout. */
void sessions_logged_in(struct sessions *table, struct session *s);
/* The TLS handshake is over: a fresh login timeout. */
void sessions_secured(struct sessions *table, struct session *s);
/* No longer logged in; also with a fresh login timeout. */
void sessions_logged_out(struct sessions *table, struct session *s);

/* Sessions that must end, with the text of their 421 reply: one by id, all of a user, all. Returns
 * how many there were. */
size_t sessions_kick(struct sessions *table, uint64_t id, const char *user, const char *text);
size_t sessions_kick_all(struct sessions *table, const char *text);

/* A data connection from peer for the session in this slot. Takes fd: it is closed when the session
 * is gone. */
void sessions_deliver(struct sessions *table, uint32_t board_slot, uint64_t id,
		      const struct address *peer, int fd);
/* A connection for the session's port that is not from its client has been turned away. */
void sessions_note_stray(struct sessions *table, const struct message_data_connection *stray);
/* The running thread: where it came from, since the port was reserved. False: there was none. */
bool sessions_stray(struct sessions *table, const struct session *s, struct address *ret_peer);
void sessions_forget_stray(struct sessions *table, struct session *s);
/* Likewise: whether its client has come to the port; a reservation that has expired looks like one
 * that was used, until one asks here. */
bool sessions_arrival(struct sessions *table, const struct session *s, struct address *ret_peer);
/* The running thread takes the data connection that has arrived, or -1. Where the last one came
 * from is in ret_peer (NULL: not wanted); port 0: none has come since the port was reserved. */
int sessions_take_arrived(struct sessions *table, struct session *s, struct address *ret_peer);

/* The manager's answer to the login of the session in this slot. A kick of the user who is about to
 * be logged in finds the session from now on. Takes answer, which is freed when the session is
 * gone. Returns the session when it was parked, running in the hands of the caller from now on, if
 * the caller is a pool thread (wake_fd >= 0); a pool thread will find it if not. */
struct session *sessions_answer(struct sessions *table, uint32_t board_slot, uint64_t id,
				struct message_auth_reply *answer, int wake_fd) MUST_CHECK;
/* The running thread takes the answer (its own then), or NULL: there is none yet. */
struct message_auth_reply *sessions_take_answer(struct sessions *table, struct session *s);

/* Ends what has waited too long. Returns the milliseconds until the next one could be due. */
int sessions_sweep(struct sessions *table);

size_t sessions_count(struct sessions *table);

#endif
