/* doctor/simulate_wire.c - see simulate_wire.h. Sources: tcp(7), listen(2), socket(7),
 * SO_ATTACH_FILTER of the kernel's networking/filter.rst. */
#include "doctor/simulate_wire.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/time.h>

#include "net/socket.h"

#define PATIENCE_S 30
#define FILLER_MS 50
#define TCP_HEADER 60 /* with all options */

void wire_init(struct wire *wire, int fd)
{
	const struct timeval limit = { .tv_sec = PATIENCE_S };
	const int on = 1;
	int flags = fcntl(fd, F_GETFL);

	/* Comfort: without these a dead peer only lasts longer. */
	(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*wire = (struct wire){ .fd = fd };
}

void wire_lose(const struct wire *wire, unsigned size, unsigned percent)
{
	/* Segments of at most this length pass; of the others those that a die of 2^32 sides
	 * decides for. */
	const uint32_t all = UINT32_MAX;
	const uint32_t lost = percent >= 100 ? all : all / 100 * percent;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, size + TCP_HEADER, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, lost, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, all),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	/* Without it the line is only better than it was to be. */
	(void)setsockopt(wire->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void wire_close(struct wire *wire)
{
	SSL_free(wire->ssl);
	wire->ssl = NULL;
	fd_close(&wire->fd);
}

void wire_reset(struct wire *wire)
{
	const struct linger at_once = { .l_onoff = 1 };

	if (wire->fd >= 0)
		(void)setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	wire_close(wire);
}

void wire_end(struct wire *wire, bool with_notify)
{
	if (wire->ssl && with_notify)
		(void)SSL_shutdown(wire->ssl); /* a peer that has gone misses nothing */
	if (wire->fd >= 0)
		(void)shutdown(wire->fd, SHUT_WR);
}

/* SSL_get_error(3) tells an old error of this thread from a new one as little as errno does. */
static void forget_errors(void)
{
	ERR_clear_error();
	errno = 0;
}

/* Takes connection, which may be NULL. */
static int start_tls(struct wire *wire, SSL *connection, bool accepts)
{
	if (!connection || SSL_set_fd(connection, wire->fd) != 1) {
		SSL_free(connection);
		return -ENOMEM;
	}
	/* A record without data must not keep us inside of SSL_read. */
	(void)SSL_clear_mode(connection, SSL_MODE_AUTO_RETRY);
	wire->ssl = connection;
	for (;;) {
		forget_errors();
		int r = accepts ? SSL_accept(connection) : SSL_connect(connection);
		if (r == 1)
			return 0;
		int why = SSL_get_error(connection, r);
		bool goes_on = (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) &&
			       errno != EAGAIN;
		if (!goes_on)
			return -EPROTO;
	}
}

int wire_accept_tls(struct wire *wire, SSL_CTX *context, bool gives_tickets)
{
	SSL *connection = SSL_new(context);

	if (connection && !gives_tickets)
		(void)SSL_set_num_tickets(connection, 0);
	return start_tls(wire, connection, true);
}

int wire_connect_tls(struct wire *wire, SSL_CTX *context, SSL_SESSION *session, const char *name)
{
	SSL *connection = SSL_new(context);

	if (connection && session)
		(void)SSL_set_session(connection, session);
	if (connection && name)
		(void)SSL_set_tlsext_host_name(connection, name);
	return start_tls(wire, connection, false);
}

ssize_t wire_read(struct wire *wire, void *ret, size_t size)
{
	if (!wire->ssl) {
		ssize_t n = recv(wire->fd, ret, size, 0);
		return n < 0 ? (errno == EINTR ? -EAGAIN : -errno) : n;
	}
	forget_errors();
	int n = SSL_read(wire->ssl, ret, (int)MIN_OF(size, (size_t)INT32_MAX));
	if (n > 0)
		return n;
	switch (SSL_get_error(wire->ssl, n)) {
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	default:
		return errno ? -errno : -EPROTO;
	}
}

bool wire_has_pending(const struct wire *wire)
{
	return wire->ssl && SSL_has_pending(wire->ssl) && SSL_pending(wire->ssl) > 0;
}

int wire_write(struct wire *wire, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = wire->ssl ? SSL_write(wire->ssl, at, (int)MIN_OF(len, (size_t)16384))
				      : send(wire->fd, at, len, MSG_NOSIGNAL);
		if (n <= 0 && !wire->ssl && errno == EINTR)
			continue;
		if (n <= 0)
			return wire->ssl ? -EPIPE : -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* --- doors ------------------------------------------------------------------------------------ */

void door_init(struct door *door)
{
	*door = (struct door){ .fd = -1 };
}

/* A bound port that does not listen refuses connections, and nobody else can take it. */
static int bind_only(const struct address *address, int *ret_fd)
{
	struct sockaddr_storage name;
	socklen_t len = address_to_sockaddr(address, &name);
	const int on = 1;
	AUTO_CLOSE int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&name, len) < 0)
		return -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Linux answers no SYN while the queue of a listener is full; a queue of length 0 holds one
 * connection, and keeps it when its client has closed. */
static int fill_queue(const struct door *door)
{
	struct address near = door->address;
	struct pollfd arrived = { .events = POLLOUT };
	int filler = -1;

	if (address_is_unspecified(&near))
		(void)!address_parse(address_is_v4(&near) ? T("127.0.0.1") : T("::1"), &near);
	near.port = door->address.port;
	int r = socket_connect(&near, NULL, &filler);
	if (r < 0)
		return r;
	arrived.fd = filler;
	(void)poll(&arrived, 1, FILLER_MS); /* else the queue is full already */
	fd_close(&filler);
	return 0;
}

int door_drop(struct door *door)
{
	return listen(door->fd, 0) < 0 ? -errno : fill_queue(door);
}

int door_open(struct door *door, const struct address *address, enum door_kind kind)
{
	int fd = -1;
	int r = kind == DOOR_REFUSED
			? bind_only(address, &fd)
			: socket_listen(address, false, kind == DOOR_OPEN ? 128 : 0, &fd);

	if (r == 0)
		r = socket_local(fd, &door->address);
	if (r == 0 && kind == DOOR_DROPPED)
		r = fill_queue(door);
	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	door->fd = fd;
	return 0;
}

void door_narrow(const struct door *door, int size)
{
	/* Comfort: the loopback's are so large that few are sent. */
	(void)setsockopt(door->fd, IPPROTO_TCP, TCP_MAXSEG, &size, sizeof(size));
}

void door_close(struct door *door)
{
	fd_close(&door->fd);
}

int dial(const struct address *address, const struct address *from, struct wire *ret)
{
	struct pollfd arrived = { .events = POLLOUT };
	int fd = -1;
	int r = socket_connect(address, from, &fd);

	if (r < 0)
		return r;
	arrived.fd = fd;
	r = poll(&arrived, 1, PATIENCE_S * 1000) == 1 ? socket_error(fd) : -ETIMEDOUT;
	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	wire_init(ret, fd);
	return 0;
}
