/* net/socket.h - sockets made, bound, connected and tuned. All are CLOEXEC and non-blocking.
 * Threads: any. Source: socket(7), tcp(7), ip(7), ipv6(7). */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "net/address.h"

/* A listening TCP socket with SO_REUSEADDR. The unspecified IPv6 address listens on IPv4 as well
 * when both_families (IPV6_V6ONLY off); where the kernel has no IPv6 the caller falls back to
 * 0.0.0.0. 0 and *ret_fd owned by the caller, or -errno of socket/bind/listen. */
int socket_listen(const struct address *address, bool both_families, int backlog,
		  int *ret_fd) MUST_CHECK;

/* Accepts without waiting. 0; -EAGAIN; -EMFILE/-ENFILE; connections that died in the queue
 * (ECONNABORTED and the like, accept(2)) are skipped. */
int socket_accept(int listener, int *ret_fd, struct address *ret_peer) MUST_CHECK;

/* Starts a connection to address, from the local address unless it is NULL (its port may be 0).
 * 0: connected or in progress (wait for POLLOUT, then socket_error()); else -errno. */
int socket_connect(const struct address *address, const struct address *local,
		   int *ret_fd) MUST_CHECK;
int socket_error(int fd) MUST_CHECK; /* SO_ERROR as 0 or -errno */

int socket_local(int fd, struct address *ret) MUST_CHECK;

/* Below the shortest timers of NATs in the field (D-74). */
#define SOCKET_KEEPALIVE_S 45
/* Control connections: TCP_NODELAY, keepalive after idle_s so that NATs keep the mapping (D-74),
 * SO_OOBINLINE so that Telnet Synch data arrives in order. Failures are ignored: they are
 * comfort. */
void socket_tune_control(int fd, unsigned idle_s);
/* Data connections: TCP_NODELAY off, keepalive. */
void socket_tune_data(int fd, unsigned idle_s);

/* While it is on, what is written waits for more to fill a segment with; off: all goes out. */
void socket_cork(int fd, bool is_on);

/* For a connection that is about to send much: when the peer is so near (on this host, in a
 * container, behind a virtual switch) that a small send buffer fills the path, it gets one, and
 * segments leave full. Else nothing. Sender and receiver then work on what still lies in the
 * processor's cache and wake each other less often. */
void socket_tune_bulk(int fd, bool is_encrypted);

/* Acknowledges at once what has arrived, and the next segments too (the kernel forgets this after a
 * while): a sender of small pieces with Nagle's algorithm waits for each acknowledgement. */
void socket_acknowledge_now(int fd);

/* Closes so that the peer gets a FIN behind all sent bytes even when it has sent something that
 * we did not read (else the kernel sends RST and the peer may lose our last bytes): when there is
 * something, shuts down writing, unless that has_ended already, and drains it without waiting. *fd
 * becomes -1. */
void socket_close_gently(int *fd, bool has_ended);

#endif
