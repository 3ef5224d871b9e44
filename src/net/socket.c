/* net/socket.c - see socket.h. */
#include "net/socket.h"

#include <netinet/tcp.h>

#include "net/progress.h"

#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_PROBES 4

/* A peer is near when what the buffer holds (the kernel doubles it) would take more than 30 Gbit/s,
 * or 15 where we encrypt, to be too little for the path. No more than every kernel allows. */
#define NEAR_US 100
#define NEAR_BUFFER_BYTES (208 * 1024)
#define NEAR_ENCRYPTED_BYTES (96 * 1024) /* beside the content and the cipher's own, in the cache */

/* What is read at most while closing; a peer that sends more is cut off. */
#define DRAIN_ROUNDS 32

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int new_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

int socket_listen(const struct address *address, bool both_families, int backlog, int *ret_fd)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(address, &sa);
	AUTO_CLOSE int fd = new_socket(sa.ss_family);

	if (fd < 0)
		return fd;

	int r = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	if (r == 0 && sa.ss_family == AF_INET6)
		r = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY,
			    !(both_families && address_is_unspecified(address)));
	if (r < 0)
		return r;
	if (bind(fd, (struct sockaddr *)&sa, len) < 0 || listen(fd, backlog) < 0)
		return -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Errors of the connection that was first in the queue, not of the listener: accept(2) says to
 * treat them like a connection that is not there. */
static bool is_dead_connection(int error)
{
	switch (error) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case ENOPROTOOPT:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
		return true;
	default:
		return false;
	}
}

int socket_accept(int listener, int *ret_fd, struct address *ret_peer)
{
	AUTO_CLOSE int fd = -1;
	struct sockaddr_storage sa;

	do {
		socklen_t len = sizeof(sa);

		fd = accept4(listener, (struct sockaddr *)&sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && is_dead_connection(errno));
	if (fd < 0)
		return -errno;

	int r = address_from_sockaddr((struct sockaddr *)&sa, ret_peer);

	if (r < 0)
		return r;
	*ret_fd = fd_take(&fd);
	return 0;
}

static int bind_local(int fd, const struct address *local)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(local, &sa);
	/* Several connections may leave from one port (20) to different peers. Without a port the
	 * kernel chooses one when it knows the peer: the choice is then wider. */
	int r = local->port != 0 ? set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1)
				 : set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);

	if (r < 0)
		return r;
	return bind(fd, (struct sockaddr *)&sa, len) < 0 ? -errno : 0;
}

int socket_connect(const struct address *address, const struct address *local, int *ret_fd)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(address, &sa);

	if (local && address_is_v4(local) != address_is_v4(address))
		return -EAFNOSUPPORT;

	AUTO_CLOSE int fd = new_socket(sa.ss_family);

	if (fd < 0)
		return fd;

	int r = local ? bind_local(fd, local) : 0;

	if (r < 0)
		return r;
	/* A connect(2) that a signal interrupts goes on in the background, like EINPROGRESS. */
	if (connect(fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS && errno != EINTR)
		return -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

int socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

int socket_local(int fd, struct address *ret)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	return address_from_sockaddr((struct sockaddr *)&sa, ret);
}

static void set_keepalive(int fd, unsigned idle_s)
{
	(void)set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	(void)set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)MIN_OF(MAX_OF(idle_s, 1u), 32767u));
	(void)set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	(void)set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

void socket_tune_control(int fd, unsigned idle_s)
{
	(void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)set_int(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	set_keepalive(fd, idle_s);
}

void socket_tune_data(int fd, unsigned idle_s)
{
	(void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 0);
	set_keepalive(fd, idle_s);
}

void socket_close_gently(int *fd, bool has_ended)
{
	char rest[4096];
	int rounds = DRAIN_ROUNDS;

	if (*fd < 0)
		return;
	/* Unread bytes would turn the close into a reset, which eats what the peer has not read. */
	if (recv(*fd, rest, sizeof(rest), MSG_DONTWAIT) > 0) {
		if (!has_ended)
			(void)shutdown(*fd, SHUT_WR); /* the peer may have gone first */
		while (rounds > 0 && recv(*fd, rest, sizeof(rest), MSG_DONTWAIT) == sizeof(rest))
			rounds--;
	}
	fd_close(fd);
}

void socket_cork(int fd, bool is_on)
{
	(void)set_int(fd, IPPROTO_TCP, TCP_CORK, is_on); /* comfort */
}

void socket_tune_bulk(int fd, bool is_encrypted)
{
	if (progress_round_trip_us(fd) > NEAR_US)
		return;
	(void)set_int(fd, SOL_SOCKET, SO_SNDBUF,
		      is_encrypted ? NEAR_ENCRYPTED_BYTES : NEAR_BUFFER_BYTES); /* comfort */
	socket_cork(fd, true);
}

void socket_acknowledge_now(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on)); /* comfort */
}
