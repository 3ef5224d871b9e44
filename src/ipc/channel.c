/* ipc/channel.c - see channel.h. */
#include "ipc/channel.h"

#include <assert.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

/* The control message with its descriptors; the union aligns it. */
union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int) * CHANNEL_MAX_FDS)];
};

int channel_pair(int ret_ends[static 2])
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	ret_ends[0] = ends[0];
	ret_ends[1] = ends[1];
	return 0;
}

static void attach_fds(struct msghdr *header, union control *control, const int *fds, size_t n_fds)
{
	memset(control, 0, sizeof(*control));
	header->msg_control = control;
	header->msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);

	struct cmsghdr *c = CMSG_FIRSTHDR(header);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
}

/* One try. 0, -EAGAIN, -EPIPE or -errno. */
static int send_now(int channel, const struct msghdr *header)
{
	ssize_t n;

	do {
		n = sendmsg(channel, header, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	switch (errno) {
	case ECONNRESET:
	case ECONNREFUSED: /* SOCK_DGRAM */
	case ENOTCONN:
		return -EPIPE;
	default:
		return -errno;
	}
}

int channel_send(int channel, const void *message, size_t len, const int *fds, size_t n_fds,
		 int timeout_ms)
{
	/* sendmsg(2) does not write through the vector; the cast drops const for the struct
	 * only. */
	struct iovec data = { (void *)(uintptr_t)message, len };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
	int64_t deadline = deadline_in(timeout_ms);
	union control control;

	assert(len > 0 && n_fds <= CHANNEL_MAX_FDS);
	if (n_fds > 0)
		attach_fds(&header, &control, fds, n_fds);
	for (;;) {
		struct pollfd wait = { channel, POLLOUT, 0 };
		int r = send_now(channel, &header);

		if (r != -EAGAIN)
			return r;

		int left = deadline_left(deadline);

		if (left == 0)
			return -ETIMEDOUT;
		if (poll(&wait, 1, left) < 0 && errno != EINTR)
			return -errno;
	}
}

/* Moves the descriptors of the packet to ret_fds, so that each has an owner whatever follows. */
static size_t detach_fds(struct msghdr *header, int ret_fds[static CHANNEL_MAX_FDS])
{
	size_t n = 0;

	for (size_t i = 0; i < CHANNEL_MAX_FDS; i++)
		ret_fds[i] = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = MIN_OF((c->cmsg_len - CMSG_LEN(0)) / sizeof(int), (size_t)CHANNEL_MAX_FDS);
		memcpy(ret_fds, CMSG_DATA(c), n * sizeof(int));
	}
	return n;
}

ssize_t channel_receive(int channel, void *ret, size_t size, int ret_fds[static CHANNEL_MAX_FDS],
			size_t *ret_n_fds)
{
	struct iovec data = { ret, size };
	union control control;
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control };
	ssize_t n;

	/* A peer that closes with unread packets of ours leaves ECONNRESET, once; what it sent
	 * before that is still in the queue behind it. */
	do {
		header.msg_controllen = sizeof(control);
		n = recvmsg(channel, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	*ret_n_fds = detach_fds(&header, ret_fds);
	if (!(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	for (size_t i = 0; i < *ret_n_fds; i++)
		fd_close(&ret_fds[i]);
	*ret_n_fds = 0;
	return header.msg_flags & MSG_TRUNC ? -EMSGSIZE : -EMFILE;
}
