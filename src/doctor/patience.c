/* doctor/patience.c - waits with a deadline that the user can end, and what their errors mean; see
 * probe.h. */
#include <poll.h>

#include "doctor/probe.h"

/* A reply that is there already can be read even when the time is over. */
#define GLANCE_MS 250

static int wait_patiently(struct waiter *waiter, int fd, short events, int64_t deadline_ms)
{
	const struct patience *patience = (const struct patience *)(const void *)waiter;
	struct pollfd fds[2] = { { .fd = fd, .events = events },
				 { .fd = patience->cancel_fd, .events = POLLIN } };

	for (;;) {
		int n = poll(fds, ARRAY_SIZE(fds), deadline_left(deadline_ms));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (fds[1].revents)
			return -ECANCELED;
		return n == 0 ? -ETIMEDOUT : 0;
	}
}

void patience_init(struct patience *patience, const struct doctor *doctor)
{
	*patience = (struct patience){ .waiter = { .wait = wait_patiently },
				       .cancel_fd = doctor->cancel_fd };
}

bool doctor_is_cancelled(const struct doctor *doctor)
{
	struct pollfd fd = { .fd = doctor->cancel_fd, .events = POLLIN };

	return fd.fd >= 0 && poll(&fd, 1, 0) > 0;
}

int64_t doctor_patience(const struct doctor *doctor, int64_t usual_ms)
{
	if (!doctor->is_frugal)
		return usual_ms;
	int64_t left_ms = doctor->over_ms - clock_ms();

	return MIN_OF(usual_ms, MAX_OF(left_ms, (int64_t)GLANCE_MS));
}

bool doctor_gives_up(const struct doctor *doctor)
{
	return doctor->is_frugal && clock_ms() >= doctor->over_ms;
}

bool doctor_has_time(const struct doctor *doctor)
{
	return doctor->over_ms - clock_ms() >= doctor->data_again_ms;
}

enum net_outcome outcome_of(int error)
{
	switch (-error) {
	case 0:
		return NET_CLOSED;
	case ECONNREFUSED:
		return NET_REFUSED;
	case ETIMEDOUT:
		return NET_TIMED_OUT;
	case ECONNRESET:
	case EPIPE:
		return NET_RESET;
	case ENODATA:
		return NET_CLOSED;
	case EPROTO:
	case EBADMSG:
		return NET_GARBAGE;
	case EMSGSIZE:
		return NET_TOO_MUCH;
	case EHOSTUNREACH:
	case ENETUNREACH:
		return NET_UNREACHABLE;
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return NET_NO_ROUTE;
	default:
		return NET_FAILED;
	}
}
