/* doctor/session.h - logged-in sessions: who may send the password, and the way there.
 * Threads: one at a time per client. */
#ifndef DOCTOR_SESSION_H
#define DOCTOR_SESSION_H

#include "doctor/client.h"

/* Opens a control connection to peer, makes it what mode says, and logs in; the slot of the
 * evidence tells how far it came. True: logged in. Close the client either way. */
bool session_open(struct client *client, const struct doctor *doctor, struct control *control,
		  const struct address *peer, enum tls_mode mode);

/* Whether the certificate is good enough for a password. */
bool handshake_is_trusted(const struct handshake *handshake);

#endif
