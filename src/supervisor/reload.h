/* supervisor/reload.h - a running server takes over a changed configuration, or keeps the old one
 * when anything is wrong with the new. Threads: one (the supervisor's loop). */
#ifndef SUPERVISOR_RELOAD_H
#define SUPERVISOR_RELOAD_H

#include "supervisor/supervisor.h"

/* Success and failure are logged and shown on the scoreboard. */
void reload(struct supervisor *supervisor);

#endif
