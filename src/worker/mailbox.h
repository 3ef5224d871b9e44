/* worker/mailbox.h - what other workers send to this one: connections that they have accepted, and
 * that belong here. Threads: any. */
#ifndef WORKER_MAILBOX_H
#define WORKER_MAILBOX_H

#include "worker/state.h"

/* Takes all that there is. */
void mailbox_read(struct worker *worker);

#endif
