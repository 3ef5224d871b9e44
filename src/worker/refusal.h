/* worker/refusal.h - a connection to an implicit port that gets no session is told why: in TLS,
 * since plain words would look like garbage there. Threads: any. */
#ifndef WORKER_REFUSAL_H
#define WORKER_REFUSAL_H

#include "worker/state.h"

/* Sends the text (whole lines) once the handshake is through, on a thread of its own, and closes.
 * Who takes long, or comes while several others are being told, is only closed. *fd becomes -1. */
void refusal_tell_in_tls(const struct worker *worker, int *fd, struct text text);

#endif
