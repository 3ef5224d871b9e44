/* worker/site_doctor.h - SITE DOCTOR: this end's view of a session, for `sallyport doctor` at the
 * other end. What it tells is what the session itself has said and seen, and settings that PASV
 * shows anyway. Threads: the one that runs the session. */
#ifndef WORKER_SITE_DOCTOR_H
#define WORKER_SITE_DOCTOR_H

#include "worker/session.h"

/* What is remembered of the last data connection, from the first PASV or PORT of a login on. All
 * notes do nothing where the setting site_doctor is off, or when memory is short. */
void site_doctor_note_passive(struct session *s, unsigned code, struct text text);
void site_doctor_note_active(struct session *s, const char *verb, struct text argument);
/* The data connection is there; TLS on it is up. */
void site_doctor_note_arrival(struct session *s, const struct address *peer);
void site_doctor_note_tls(struct session *s, bool is_resumed);

void site_doctor(struct session *s, struct text argument);

#endif
