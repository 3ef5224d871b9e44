/* supervisor/test_ports.h - ports of the loopback interface for tests. Threads: any. */
#ifndef SUPERVISOR_TEST_PORTS_H
#define SUPERVISOR_TEST_PORTS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/random.h"
#include "base/test.h"

/* A bound socket on 127.0.0.1 and its port: a random one below those that the kernel gives to
 * connections, which come and go under a test. */
static inline int bound_socket(uint16_t *ret_port)
{
	struct sockaddr_in where = { .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	do {
		*ret_port = (uint16_t)(4000 + random_below(6000));
		where.sin_port = htons(*ret_port);
	} while (bind(fd, (struct sockaddr *)&where, sizeof(where)) < 0);
	return fd;
}

/* One that was free a moment ago. */
static inline uint16_t free_port(void)
{
	uint16_t port;
	int fd = bound_socket(&port);

	fd_close(&fd);
	return port;
}

/* True when a connection to 127.0.0.1 (or another loopback address) is taken. */
static inline bool can_connect(uint8_t last_byte, uint16_t port)
{
	const struct sockaddr_in where = { .sin_family = AF_INET,
					   .sin_port = htons(port),
					   .sin_addr.s_addr = htonl(0x7f000000u | last_byte) };
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return connect(fd, (const struct sockaddr *)&where, sizeof(where)) == 0;
}

#endif
