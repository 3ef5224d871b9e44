/* manager/manager.h - the manager process: accounts database, password checks, REST API. It never
 * sees a byte of a client's files. */
#ifndef MANAGER_MANAGER_H
#define MANAGER_MANAGER_H

#include "ipc/bans.h"
#include "ipc/quotas.h"
#include "ipc/recorder.h"
#include "ipc/reservations.h"
#include "ipc/scoreboard.h"
#include "ipc/tally.h"
#include "settings/settings.h"

/* A listening socket of the page. */
struct manager_door {
	int fd;
	bool is_tls;
	bool is_loopback; /* only this machine can come */
	uint16_t port;
};

/* PEM texts, NULL when no door speaks TLS. */
struct manager_key {
	char *certificate, *private_key;
};

/* What is shown to clients, without the key. */
struct manager_certificate {
	const char *pem; /* NULL: none */
	bool is_uploaded;
};

struct manager_start {
	/* Of the default host, then of settings' hosts. */
	struct manager_certificate certificates[1 + SETTINGS_MAX_HOSTS];
	const struct settings_loaded *settings;
	struct scoreboard *board;
	struct bans *bans;     /* NULL: nobody can be banned */
	int supervisor;	       /* channel */
	int api;	       /* listening AF_UNIX stream socket, <run_directory>/manager.sock */
	struct quotas *quotas; /* NULL: nothing is counted */
	const struct recorder *recorder;   /* NULL: nothing is recorded */
	struct reservations *reservations; /* NULL: nobody knows them */
	struct tally *tally;		   /* NULL: nothing is counted for the metrics */
	const struct manager_door *doors;
	size_t n_doors;
	const struct manager_key *key; /* NULL when there is no door */
	/* Called once all files that are needed by name are read, before anything from outside is;
	 * NULL: not confined. 0, or -errno and this process must end. */
	int (*confine)(void *arg);
	void *confine_arg;
};

/* Runs until the supervisor says TERMINATE or is gone: then it finishes the requests in hand.
 * Privileges are already dropped. Returns the exit status. */
int manager_main(const struct manager_start *start) MUST_CHECK;

#endif
