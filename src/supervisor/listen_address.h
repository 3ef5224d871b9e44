/* supervisor/listen_address.h - the addresses of the setting `listen`.
 * "*" is every address of the machine: [::] with IPv4 through it, or 0.0.0.0 where the kernel has
 * no IPv6. "::" alone is IPv6 only, so that "0.0.0.0, ::" works as well. Threads: any. */
#ifndef SUPERVISOR_LISTEN_ADDRESS_H
#define SUPERVISOR_LISTEN_ADDRESS_H

#include "ipc/channel.h"
#include "net/address.h"
#include "supervisor/failure.h"

#define LISTEN_BACKLOG 1024
/* The sockets of a passive port travel in one message. */
#define LISTEN_ADDRESSES_MAX CHANNEL_MAX_FDS

struct listen_address {
	struct address address; /* port 0 until somebody fills it */
	bool both_families;
};

struct listen_addresses {
	size_t n;
	struct listen_address items[LISTEN_ADDRESSES_MAX];
};

/* 0, or -EINVAL with the failure: not an address, none at all, or more than
 * LISTEN_ADDRESSES_MAX. Pure. */
int listen_addresses_parse(struct text setting, bool has_ipv6, struct listen_addresses *ret,
			   struct failure *ret_failure) MUST_CHECK;

/* Whether an IPv6 socket can be made and bound here. */
bool kernel_has_ipv6(void);

/* The same place: address, port, families. */
bool listen_address_equal(const struct listen_address *a, const struct listen_address *b);

/* A listening socket at where, with the rights to bind ports below 1024 when this process kept
 * them. 0 and *ret_fd owned by the caller, or -errno. */
int listen_address_open(const struct listen_address *where, int *ret_fd) MUST_CHECK;

#endif
