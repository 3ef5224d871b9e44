/* doctor/tcp_numbers.c - what TCP knows of a connection; see probe.h. Source: tcp(7) TCP_INFO. The
 * header of the C library lacks the newer fields, and cannot stand beside the kernel's. */
#include <linux/tcp.h>

#include "doctor/probe.h"

void tcp_numbers_get(int fd, struct tcp_numbers *ret)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	*ret = (struct tcp_numbers){ 0 };
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return;
	ret->mss = info.tcpi_snd_mss;
	ret->retransmits = info.tcpi_total_retrans;
	if (len >= offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked))
		/* Linux counts the SYN of who connects as one. */
		ret->acknowledged_bytes = info.tcpi_bytes_acked - (info.tcpi_bytes_acked > 0);
}
