/* worker/worker.h - a worker process: FTP sessions and transfers. It sees the data root and its
 * sockets; it never sees a password hash and never opens the configuration or the database. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "ipc/bans.h"
#include "ipc/places.h"
#include "ipc/quotas.h"
#include "ipc/recorder.h"
#include "ipc/reservations.h"
#include "ipc/scoreboard.h"
#include "ipc/tally.h"
#include "net/tls_server.h"
#include "settings/settings.h"

struct control_listener {
	int fd; /* listening, non-blocking */
	struct address address;
	bool is_implicit; /* TLS from the first byte */
};

/* Everything a worker is given; all borrowed for the life of the process. */
struct worker_start {
	const struct settings *settings;
	struct scoreboard *board;
	struct reservations *reservations;
	struct places *places;
	const struct bans *bans;   /* NULL: nobody is banned */
	struct quotas *quotas;	   /* NULL: nothing is counted */
	struct recorder *recorder; /* NULL: nothing is recorded */
	struct tally *tally;	   /* NULL: nothing is counted for the metrics */
	struct tls_server *tls;	   /* NULL: no certificate; TLS is neither offered nor accepted */
	const struct control_listener *listeners;
	size_t n_listeners;
	uint32_t slot, generation;
	uint32_t n_workers;   /* of this generation, for spreading the passive ports */
	uint32_t index;	      /* 0 .. n_workers - 1 */
	int supervisor;	      /* channel */
	int mailbox;	      /* where other workers send our connections (SOCK_SEQPACKET) */
	const int *mailboxes; /* SCOREBOARD_WORKERS sending ends, by worker slot */
	int data_root;	      /* O_PATH directory */
	/* Of settings->hosts, likewise; -1: data_root. NULL when there are no hosts. */
	const int *host_roots;
	/* Called once everything that needs names of files is loaded, before the first thread: from
	 * then on the process is held to what sessions need. 0 or -errno: the worker ends. NULL:
	 * nothing to do. */
	int (*confine)(void *arg);
	void *confine_arg;
};

/* Runs until the supervisor says TERMINATE, or DRAIN and the last session has ended, or the
 * supervisor is gone. Privileges are already dropped. Returns the exit status. */
int worker_main(const struct worker_start *start) MUST_CHECK;

#endif
