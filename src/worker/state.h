/* worker/state.h - what all parts of one worker process share. Set up by worker_main before the
 * first pool thread starts; the pointers never change afterwards. */
#ifndef WORKER_STATE_H
#define WORKER_STATE_H

#include "net/external.h"
#include "worker/peers.h"
#include "worker/worker.h"

struct worker {
	const struct worker_start *start;
	const struct settings *settings;
	char server_name[256];
	const struct host *hosts; /* by number, see worker/hosts.h */
	struct sessions *sessions;
	struct pool *pool;
	struct passive *passive;
	struct manager_link *manager;
	struct events *events;
	struct external *external;
	struct peer_list passive_data_from; /* besides the control connection's peer */
	struct peer_list active_data_to;
};

#endif
