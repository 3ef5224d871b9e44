/* net/progress.h - how much a TCP connection has really moved: what the peer has acknowledged and
 * what has come from it, whatever lies in buffers. Threads: any. Source: tcp(7), TCP_INFO. */
#ifndef NET_PROGRESS_H
#define NET_PROGRESS_H

#include "base/common.h"

/* 0 and *ret_bytes, both directions together; -errno: this is no TCP connection. */
int progress_read(int fd, uint64_t *ret_bytes) MUST_CHECK;

#endif
