/* manager/live.h - what the web page shows as it changes: every second the throughput, and the
 * sessions when they are others than before. Nothing is looked at while nobody listens.
 * Threads: one of its own; new and free belong to the main loop. */
#ifndef MANAGER_LIVE_H
#define MANAGER_LIVE_H

#include "ipc/scoreboard.h"
#include "manager/bus.h"

struct live;

/* 0; -errno. Borrows both. */
int live_new(const struct scoreboard *board, struct bus *bus, struct live **ret) MUST_CHECK;
void live_free(struct live **live); /* accepts NULL; leaves NULL */

#endif
