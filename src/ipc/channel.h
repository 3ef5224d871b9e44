/* ipc/channel.h - messages between our processes: SOCK_SEQPACKET, one struct per packet,
 * descriptors attached (SCM_RIGHTS). See ipc/messages.h for the structs. Works on SOCK_DGRAM
 * mailboxes as well. Threads: any; each call is one packet.
 * Source: unix(7), cmsg(3). */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#include "base/common.h"

#define CHANNEL_MAX_FDS 8

/* Two connected ends, CLOEXEC, non-blocking. 0 or -errno. */
int channel_pair(int ret_ends[static 2]) MUST_CHECK;

/* Sends one packet (len is not 0) with up to CHANNEL_MAX_FDS descriptors, which are borrowed. Waits
 * while the queue of the peer is full, at most timeout_ms.
 * 0, -EPIPE (the peer is gone), -ETIMEDOUT, -errno. */
int channel_send(int channel, const void *message, size_t len, const int *fds, size_t n_fds,
		 int timeout_ms) MUST_CHECK;

/* Receives one packet without waiting. Returns its length; 0 when the peer is gone; -EAGAIN;
 * -EMSGSIZE when it is larger than size; -EMFILE when descriptors were lost because this process
 * has too many open (both: the packet is gone, the channel is well); -errno. Received
 * descriptors are owned by the caller and CLOEXEC; fds beyond *ret_n_fds are -1. */
ssize_t channel_receive(int channel, void *ret, size_t size, int ret_fds[static CHANNEL_MAX_FDS],
			size_t *ret_n_fds) MUST_CHECK;

#endif
