/* supervisor/passive_ports.c - see passive_ports.h. Who holds a socket is a bit per worker slot. */
#include "supervisor/passive_ports.h"

#include <assert.h>

#include "ipc/scoreboard.h"

#define N_PORTS 65536

struct passive_socket {
	struct passive_socket *next; /* of the same port: other addresses */
	struct listen_address place;
	int fd;
	uint64_t holders; /* bit: worker slot */
};

struct passive_ports {
	size_t n_open;
	struct passive_socket *by_port[N_PORTS];
};

static_assert(SCOREBOARD_WORKERS <= 64, "holders has a bit per worker slot");

static uint64_t bit_of(uint32_t worker_slot)
{
	assert(worker_slot < SCOREBOARD_WORKERS);
	return UINT64_C(1) << worker_slot;
}

struct passive_ports *passive_ports_new(void)
{
	return calloc(1, sizeof(struct passive_ports));
}

/* Takes the holders off every socket of the port and closes those that nobody holds any more. */
static void drop(struct passive_ports *ports, uint16_t port, uint64_t holders)
{
	struct passive_socket **link = &ports->by_port[port];

	while (*link) {
		struct passive_socket *socket = *link;

		socket->holders &= ~holders;
		if (socket->holders != 0) {
			link = &socket->next;
			continue;
		}
		*link = socket->next;
		fd_close(&socket->fd);
		free(socket);
		ports->n_open--;
	}
}

void passive_ports_free(struct passive_ports **ports)
{
	if (!*ports)
		return;
	for (size_t port = 0; port < N_PORTS; port++)
		drop(*ports, (uint16_t)port, UINT64_MAX);
	free(*ports);
	*ports = NULL;
}

static struct passive_socket *find(const struct passive_ports *ports,
				   const struct listen_address *place)
{
	struct passive_socket *socket = ports->by_port[place->address.port];

	while (socket && !listen_address_equal(&socket->place, place))
		socket = socket->next;
	return socket;
}

static int find_or_open(struct passive_ports *ports, const struct listen_address *place,
			struct passive_socket **ret)
{
	struct passive_socket *socket = find(ports, place);

	if (!socket) {
		socket = calloc(1, sizeof(*socket));
		if (!socket)
			return -ENOMEM;

		int r = listen_address_open(place, &socket->fd);

		if (r < 0) {
			free(socket);
			return r;
		}
		socket->place = *place;
		socket->next = ports->by_port[place->address.port];
		ports->by_port[place->address.port] = socket;
		ports->n_open++;
	}
	*ret = socket;
	return 0;
}

/* Whether the worker holds the port already, at any address. */
static bool holds(const struct passive_ports *ports, uint16_t port, uint64_t holder)
{
	for (const struct passive_socket *s = ports->by_port[port]; s; s = s->next)
		if (s->holders & holder)
			return true;
	return false;
}

int passive_ports_take(struct passive_ports *ports, uint32_t worker_slot, uint16_t port,
		       const struct port_range *range, const struct listen_addresses *addresses,
		       int ret_fds[static LISTEN_ADDRESSES_MAX], size_t *ret_n)
{
	if (port == 0 || port < range->first || port > range->last)
		return -ERANGE;

	uint64_t holder = bit_of(worker_slot);
	bool held_before = holds(ports, port, holder);

	for (size_t i = 0; i < addresses->n; i++) {
		struct listen_address place = addresses->items[i];
		struct passive_socket *socket;

		place.address.port = port;

		int r = find_or_open(ports, &place, &socket);

		if (r < 0) {
			/* Who held the port holds all of its addresses: those cannot fail. */
			if (!held_before)
				drop(ports, port, holder);
			return r;
		}
		socket->holders |= holder;
		ret_fds[i] = socket->fd;
	}
	*ret_n = addresses->n;
	return 0;
}

void passive_ports_give_back(struct passive_ports *ports, uint32_t worker_slot, uint16_t port)
{
	drop(ports, port, bit_of(worker_slot));
}

void passive_ports_forget_worker(struct passive_ports *ports, uint32_t worker_slot)
{
	for (size_t port = 0; port < N_PORTS; port++)
		drop(ports, (uint16_t)port, bit_of(worker_slot));
}

size_t passive_ports_count(const struct passive_ports *ports)
{
	return ports->n_open;
}
