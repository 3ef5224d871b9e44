/* manager/live.h - what the web page shows as it changes: every second the throughput, and the
 * sessions when they are others than before. Sessions are not looked at while nobody
 * listens.
 * Threads: one of its own; new and free belong to the main loop. */
#ifndef MANAGER_LIVE_H
#define MANAGER_LIVE_H

#include "ipc/scoreboard.h"
#include "manager/bus.h"

struct live;

/* 0; -errno. Borrows both. */
int live_new(const struct scoreboard *board, struct bus *bus, struct live **ret) MUST_CHECK;
/* Bytes a second of all sessions, over the last second. Any thread. */
void live_rates(const struct live *live, uint64_t *ret_in_per_s, uint64_t *ret_out_per_s);
void live_free(struct live **live); /* accepts NULL; leaves NULL */

#endif
