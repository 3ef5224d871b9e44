/* supervisor/reload.h - a running server takes over a changed configuration, or keeps the old one
 * when anything is wrong with the new. Threads: one (the supervisor's loop). */
#ifndef SUPERVISOR_RELOAD_H
#define SUPERVISOR_RELOAD_H

#include "supervisor/supervisor.h"

/* Failure is logged and shown on the scoreboard at once, success by reload_announce. */
void reload(struct supervisor *supervisor);

/* After each event: tells that a reload is done when the old workers accept no more. Who is told so
 * and connects is served with the new configuration. */
void reload_announce(struct supervisor *supervisor);

#endif
