/* net/progress.h - what the kernel knows of a TCP connection: how much it has really moved (what
 * the peer has acknowledged and what has come from it, whatever lies in buffers), and how far away
 * the peer is. Threads: any. Source: tcp(7), TCP_INFO. */
#ifndef NET_PROGRESS_H
#define NET_PROGRESS_H

#include "base/common.h"

/* 0 and *ret_bytes, both directions together; -errno: this is no TCP connection. */
int progress_read(int fd, uint64_t *ret_bytes) MUST_CHECK;

/* The shortest round trip seen so far, in microseconds; UINT32_MAX: not known. */
uint32_t progress_round_trip_us(int fd);

#endif
