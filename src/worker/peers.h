/* worker/peers.h - a list of networks, as the settings passive_data_from and active_data_to hold
 * them. Threads: any, once it is made. */
#ifndef WORKER_PEERS_H
#define WORKER_PEERS_H

#include "net/address.h"

#define PEER_LIST_MAX 64

struct peer_list {
	size_t n;
	struct network networks[PEER_LIST_MAX];
};

/* A comma separated list; the settings have checked its grammar. 0, -EINVAL, -E2BIG. */
int peer_list_init(struct peer_list *list, const char *text) MUST_CHECK;
bool peer_list_contains(const struct peer_list *list, const struct address *address);

#endif
