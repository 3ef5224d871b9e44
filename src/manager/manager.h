/* manager/manager.h - the manager process: accounts database, password checks, REST API. It never
 * sees a byte of a client's files. */
#ifndef MANAGER_MANAGER_H
#define MANAGER_MANAGER_H

#include "ipc/bans.h"
#include "ipc/quotas.h"
#include "ipc/recorder.h"
#include "ipc/scoreboard.h"
#include "settings/settings.h"

struct manager_start {
	const struct settings_loaded *settings;
	struct scoreboard *board;
	struct bans *bans;     /* NULL: nobody can be banned */
	int supervisor;	       /* channel */
	int api;	       /* listening AF_UNIX stream socket, <run_directory>/manager.sock */
	struct quotas *quotas; /* NULL: nothing is counted */
	const struct recorder *recorder; /* NULL: nothing is recorded */
};

/* Runs until the supervisor says TERMINATE or is gone: then it finishes the requests in hand.
 * Privileges are already dropped. Returns the exit status. */
int manager_main(const struct manager_start *start) MUST_CHECK;

#endif
