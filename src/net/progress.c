/* net/progress.c - see progress.h. The C library's struct tcp_info lacks the counters, the kernel's
 * header has them; the two headers cannot be included together. */
#include "net/progress.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

int progress_read(int fd, uint64_t *ret_bytes)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return -errno;
	*ret_bytes = info.tcpi_bytes_acked + info.tcpi_bytes_received;
	return 0;
}

uint32_t progress_round_trip_us(int fd)
{
	struct tcp_info info = { .tcpi_min_rtt = UINT32_MAX };
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ? UINT32_MAX
								      : info.tcpi_min_rtt;
}
