/* supervisor/passive_ports.h - the broker of passive ports: opens the listening sockets of a port
 * when the first worker asks for it and closes them when the last holder gave it back or died.
 * Workers have no right to bind; only ports of the asker's own passive range are ever bound.
 * Threads: one (the supervisor's loop). */
#ifndef SUPERVISOR_PASSIVE_PORTS_H
#define SUPERVISOR_PASSIVE_PORTS_H

#include "settings/settings.h"
#include "supervisor/listen_address.h"

struct passive_ports;

/* NULL when memory is short. */
struct passive_ports *passive_ports_new(void) MUST_CHECK;
/* Closes every socket of the broker; accepts NULL; leaves NULL. */
void passive_ports_free(struct passive_ports **ports);

/* The worker in worker_slot asks for port: one socket per address in ret_fds (borrowed: they stay
 * the broker's), their number in *ret_n. Asking again for what one holds gives the same sockets and
 * counts once. 0; -ERANGE outside the range; -ENOMEM; or -errno of bind(2): nothing has changed
 * then. */
int passive_ports_take(struct passive_ports *ports, uint32_t worker_slot, uint16_t port,
		       const struct port_range *range, const struct listen_addresses *addresses,
		       int ret_fds[static LISTEN_ADDRESSES_MAX], size_t *ret_n) MUST_CHECK;

/* The worker needs port no longer; nothing to do when it does not hold it. */
void passive_ports_give_back(struct passive_ports *ports, uint32_t worker_slot, uint16_t port);
/* The worker has died: it gives back all. */
void passive_ports_forget_worker(struct passive_ports *ports, uint32_t worker_slot);

/* How many sockets are open. */
size_t passive_ports_count(const struct passive_ports *ports);

#endif
