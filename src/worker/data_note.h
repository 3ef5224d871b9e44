/* worker/data_note.h - what becomes of a session's data connection, from the plan (PASV, PORT) to
 * its end, for the manager: it travels with the transfer, or by itself when there is none.
 * Without a login, or when memory is short, nothing is noted.
 * Threads: the one that runs the session. */
#ifndef WORKER_DATA_NOTE_H
#define WORKER_DATA_NOTE_H

#include "ftp/data_record.h"
#include "worker/session.h"

/* The client may use a data connection now. advertised: as of struct data_record. */
void data_note_plan(struct session *s, enum data_mode mode, const struct address *advertised);
/* It may not, for this cause (number of the D-id). */
void data_note_refusal(struct session *s, enum data_mode mode, const struct address *advertised,
		       unsigned cause);

/* The plan was used: somebody has come (from peer) or not (NULL, or who else came). */
void data_note_outcome(struct session *s, enum data_outcome outcome, unsigned cause,
		       const struct address *peer, int64_t waited_ms);
void data_note_tls(struct session *s, bool is_resumed);
void data_note_tls_failure(struct session *s, unsigned cause);
/* It broke off later, with this error. */
void data_note_broken(struct session *s, int error);

/* It belongs to a transfer, which tells of it; false: there was no plan. Forgets it. */
bool data_note_take(struct session *s, struct data_record *ret);
/* The transfer was refused before the data connection was looked at: whether the client would have
 * come is not known. */
void data_note_excuse(struct session *s);
/* It was for this listing. */
void data_note_listing(struct session *s, struct text path);
/* The plan is given up; before the reservation is. */
void data_note_abandon(struct session *s);

#endif
