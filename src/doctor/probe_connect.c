/* doctor/probe_connect.c - TCP connections that tell how they failed: the error queue of the socket
 * holds the ICMP message and who sent it, without any privilege. Source: ip(7) IP_RECVERR,
 * ipv6(7) IPV6_RECVERR, tcp(7); linux/errqueue.h. */
#include <assert.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <time.h>

#include <linux/errqueue.h>
#include <linux/icmp.h>

#include "doctor/probe.h"
#include "net/socket.h"

/* --- ICMP ------------------------------------------------------------------------------------- */

static const char *kind_v4(uint8_t type, uint8_t code)
{
	if (type == ICMP_TIME_EXCEEDED)
		return "ttl_exceeded";
	if (type != ICMP_DEST_UNREACH)
		return "other";
	switch (code) {
	case ICMP_NET_UNREACH:
	case ICMP_NET_UNKNOWN:
		return "net_unreachable";
	case ICMP_HOST_UNREACH:
	case ICMP_HOST_UNKNOWN:
		return "host_unreachable";
	case ICMP_PORT_UNREACH:
		return "port_unreachable";
	case ICMP_FRAG_NEEDED:
		return "fragmentation_needed";
	case ICMP_NET_ANO:
	case ICMP_HOST_ANO:
	case ICMP_PKT_FILTERED:
		return "prohibited";
	default:
		return "other";
	}
}

static const char *kind_v6(uint8_t type, uint8_t code)
{
	if (type == ICMP6_TIME_EXCEEDED)
		return "ttl_exceeded";
	if (type == ICMP6_PACKET_TOO_BIG)
		return "fragmentation_needed";
	if (type != ICMP6_DST_UNREACH)
		return "other";
	switch (code) {
	case ICMP6_DST_UNREACH_NOROUTE:
		return "net_unreachable";
	case ICMP6_DST_UNREACH_ADDR:
		return "host_unreachable";
	case ICMP6_DST_UNREACH_NOPORT:
		return "port_unreachable";
	case ICMP6_DST_UNREACH_ADMIN:
	case 5: /* source address failed policy (RFC 4443 3.1) */
	case 6: /* reject route */
		return "prohibited";
	default:
		return "other";
	}
}

static void note_icmp(const struct sock_extended_err *error, const struct sockaddr *from,
		      struct icmp *ret)
{
	bool is_v6 = error->ee_origin == SO_EE_ORIGIN_ICMP6;

	if (error->ee_origin != SO_EE_ORIGIN_ICMP && !is_v6)
		return;
	*ret = (struct icmp){ .is_there = true,
			      .type = error->ee_type,
			      .code = error->ee_code,
			      .mtu = error->ee_info };
	(void)snprintf(ret->kind, sizeof(ret->kind), "%s",
		       is_v6 ? kind_v6(error->ee_type, error->ee_code)
			     : kind_v4(error->ee_type, error->ee_code));
	if (strcmp(ret->kind, "fragmentation_needed") != 0)
		ret->mtu = 0;
	if (address_from_sockaddr(from, &ret->from) == 0)
		ret->from.port = 0;
}

/* The first ICMP message in the error queue of the socket, if there is any. */
static void take_icmp(int fd, struct icmp *ret)
{
	char control[512];
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = sizeof(byte) };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };

	if (ret->is_there || recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		struct sock_extended_err error;
		struct sockaddr_storage from = { 0 };
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (!((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		      (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) ||
		    len < sizeof(error))
			continue;
		memcpy(&error, CMSG_DATA(c), sizeof(error));
		memcpy(&from, CMSG_DATA(c) + sizeof(error),
		       MIN_OF(len - sizeof(error), sizeof(from)));
		note_icmp(&error, (const struct sockaddr *)&from, ret);
	}
}

/* --- connects --------------------------------------------------------------------------------- */

static void set_int(int fd, int level, int option, int value)
{
	/* Without it less is known; the connect itself still tells most. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* socket_connect() would begin before the options are set. */
static int begin_connect(const struct attempt *attempt, const struct address *local, unsigned ttl,
			 int *ret_fd)
{
	struct sockaddr_storage sa, own;
	socklen_t len = address_to_sockaddr(&attempt->peer, &sa);
	bool is_v6 = sa.ss_family == AF_INET6;
	AUTO_CLOSE int fd =
		socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

	if (fd < 0)
		return -errno;
	set_int(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_RECVERR : IP_RECVERR, 1);
	if (ttl > 0)
		set_int(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_UNICAST_HOPS : IP_TTL,
			(int)ttl);
	if (local) {
		socklen_t own_len = address_to_sockaddr(local, &own);

		if (own.ss_family != sa.ss_family)
			return -EAFNOSUPPORT;
		set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
		if (bind(fd, (struct sockaddr *)&own, own_len) < 0)
			return -errno;
	}
	if (connect(fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS && errno != EINTR)
		return -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* An error before anything came from the network is one of our own machine. */
static enum net_outcome outcome_of_connect(int error, const struct icmp *icmp)
{
	if (icmp->is_there)
		return NET_UNREACHABLE;
	if (error == -ENETUNREACH || error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT)
		return NET_NO_ROUTE;
	/* A connect that TCP itself gave up, and ARP or neighbour discovery without an answer. */
	return outcome_of(error);
}

static void finish_attempt(const struct doctor *doctor, struct attempt *attempt, int fd, int error)
{
	struct tcp_numbers numbers;

	attempt->duration_ms = doctor_now(doctor) - attempt->started_ms;
	if (fd >= 0) {
		take_icmp(fd, &attempt->icmp);
		(void)!socket_local(fd, &attempt->local);
	}
	if (error == 0) {
		attempt->outcome = NET_OK;
		tcp_numbers_get(fd, &numbers);
		attempt->mss = numbers.mss;
		return;
	}
	attempt->error = error == -ECANCELED ? 0 : -error;
	attempt->outcome =
		error == -ECANCELED ? NET_SKIPPED : outcome_of_connect(error, &attempt->icmp);
}

int probe_connect(const struct doctor *doctor, struct attempt *attempt, const struct address *local,
		  unsigned ttl, int64_t timeout_ms, int *ret_fd)
{
	AUTO_CLOSE int fd = -1;
	struct patience patience;

	patience_init(&patience, doctor);
	attempt->started_ms = doctor_now(doctor);
	int r = begin_connect(attempt, local, ttl, &fd);
	if (r == 0)
		r = patience.waiter.wait(&patience.waiter, fd, POLLOUT, deadline_in(timeout_ms));
	if (r == 0)
		r = socket_error(fd);
	finish_attempt(doctor, attempt, fd, r);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

/* What many connects at once have in common. */
struct batch {
	struct attempt *attempts[EVIDENCE_SAMPLES];
	struct pollfd fds[EVIDENCE_SAMPLES + 1]; /* the last: the user's wish to stop */
	int *kept; /* where connections that stand go to; NULL: they are closed */
	size_t n, n_open;
	int64_t deadline_ms;
	int64_t grace_end_ms; /* the deadline once one connection stands */
};

static_assert(EVIDENCE_DOORS <= EVIDENCE_SAMPLES, "a batch holds all doors");

static void settle(const struct doctor *doctor, struct batch *batch, size_t i, int error)
{
	finish_attempt(doctor, batch->attempts[i], batch->fds[i].fd, error);
	if (error == 0)
		batch->deadline_ms = MIN_OF(batch->deadline_ms, batch->grace_end_ms);
	if (error == 0 && batch->kept)
		batch->kept[i] = fd_take(&batch->fds[i].fd);
	fd_close(&batch->fds[i].fd);
	batch->n_open--;
}

static void run_batch(const struct doctor *doctor, struct batch *batch)
{
	batch->fds[batch->n] = (struct pollfd){ .fd = doctor->cancel_fd, .events = POLLIN };
	while (batch->n_open > 0) {
		int n = poll(batch->fds, batch->n + 1, deadline_left(batch->deadline_ms));

		if (n < 0 && errno == EINTR)
			continue;

		int all = n == 0				  ? -ETIMEDOUT
			  : n < 0 || batch->fds[batch->n].revents ? -ECANCELED
								  : 0;
		for (size_t i = 0; i < batch->n; i++) {
			if (batch->fds[i].fd < 0)
				continue;
			if (all < 0)
				settle(doctor, batch, i, all);
			else if (batch->fds[i].revents)
				settle(doctor, batch, i, socket_error(batch->fds[i].fd));
		}
	}
}

static void begin_batch(const struct doctor *doctor, struct batch *batch, const unsigned *ttls)
{
	batch->n_open = batch->n;
	for (size_t i = 0; i < batch->n; i++) {
		struct attempt *attempt = batch->attempts[i];

		batch->fds[i] = (struct pollfd){ .fd = -1, .events = POLLOUT };
		attempt->started_ms = doctor_now(doctor);
		int r = begin_connect(attempt, NULL, ttls ? ttls[i] : 0, &batch->fds[i].fd);
		if (r < 0)
			settle(doctor, batch, i, r);
	}
}

void probe_connect_all(const struct doctor *doctor, struct attempt **attempts, const unsigned *ttls,
		       size_t n_attempts, int64_t timeout_ms)
{
	struct batch batch = { .n = MIN_OF(n_attempts, (size_t)EVIDENCE_SAMPLES),
			       .deadline_ms = deadline_in(timeout_ms),
			       .grace_end_ms = DEADLINE_NEVER };

	for (size_t i = 0; i < batch.n; i++)
		batch.attempts[i] = attempts[i];
	begin_batch(doctor, &batch, ttls);
	run_batch(doctor, &batch);
}

void probe_connect_doors(const struct doctor *doctor, struct door *doors, size_t n_doors,
			 int64_t timeout_ms, int64_t grace_ms, int *ret_fds)
{
	int fds[EVIDENCE_DOORS];
	size_t index[EVIDENCE_DOORS];
	struct batch batch = { .kept = fds,
			       .deadline_ms = deadline_in(timeout_ms),
			       .grace_end_ms = deadline_in(grace_ms) };

	for (size_t i = 0; i < n_doors; i++) {
		struct door *door = &doors[i];

		ret_fds[i] = -1;
		if (door->outcome == NET_OK || door->n_attempts == EVIDENCE_ATTEMPTS)
			continue;
		batch.attempts[batch.n] = &door->attempts[door->n_attempts++];
		batch.attempts[batch.n]->peer = door->address;
		fds[batch.n] = -1;
		index[batch.n++] = i;
	}
	begin_batch(doctor, &batch, NULL);
	run_batch(doctor, &batch);
	for (size_t i = 0; i < batch.n; i++) {
		ret_fds[index[i]] = fds[i];
		doors[index[i]].outcome = batch.attempts[i]->outcome;
	}
}
