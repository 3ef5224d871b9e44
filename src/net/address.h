/* net/address.h - an IP address with a port, IPv4 and IPv6 alike.
 * The 16 bytes are always IPv6; IPv4 is kept as ::ffff:a.b.c.d, so that a client seen through a
 * dual-stack socket compares equal to the same client written as IPv4.
 * Threads: any; pure functions. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"

struct address {
	uint8_t ip[16];
	uint32_t scope_id; /* of link-local IPv6 addresses, else 0 */
	uint16_t port;	   /* host byte order */
};

/* Room for "ffff:...:255.255.255.255%4294967295" and "[...]:65535". */
#define ADDRESS_TEXT_SIZE 72

bool address_is_v4(const struct address *a);
bool address_is_loopback(const struct address *a);
/* Addresses that no one can reach from elsewhere: RFC 1918, 100.64/10, 169.254/16, fc00::/7,
 * fe80::/10, loopback and unspecified. */
bool address_is_private(const struct address *a);
bool address_is_unspecified(const struct address *a);

bool address_same_host(const struct address *a, const struct address *b); /* ignores ports */

struct address address_from_v4(const uint8_t ip[static 4], uint16_t port);

/* "192.0.2.1", "2001:db8::1", "fe80::1%3"; no brackets, no port (port becomes 0);
 * the scope is a number and for link-local addresses only.
 * 0 or -EINVAL with *ret untouched. */
int address_parse(struct text in, struct address *ret) MUST_CHECK;

/* From accept4(2), getsockname(2) ...; 0 or -EAFNOSUPPORT. */
int address_from_sockaddr(const struct sockaddr *sa, struct address *ret) MUST_CHECK;
/* An AF_INET sockaddr for IPv4, else AF_INET6. Returns its length. */
socklen_t address_to_sockaddr(const struct address *a, struct sockaddr_storage *ret);

/* The address without the port: "192.0.2.1". Returns ret. */
const char *address_format_ip(const struct address *a, char ret[static ADDRESS_TEXT_SIZE]);
/* With the port: "192.0.2.1:21", "[2001:db8::1]:21". Returns ret. */
const char *address_format(const struct address *a, char ret[static ADDRESS_TEXT_SIZE]);

/* A network: an address and how many of its bits count. */
struct network {
	uint8_t ip[16];
	unsigned prefix_bits; /* of the 128; IPv4 /24 is 120 */
};

/* "10.0.0.0/8", "2001:db8::/32", or a single address. 0 or -EINVAL (also when host bits are set,
 * as in 10.0.0.1/8: such a line is rarely what its author meant). */
int network_parse(struct text in, struct network *ret) MUST_CHECK;
#define NETWORK_TEXT_SIZE (ADDRESS_TEXT_SIZE + 4)
/* "10.0.0.0/8", "2001:db8::/32"; of a single address "192.0.2.1". Returns ret. */
const char *network_format(const struct network *network, char ret[static NETWORK_TEXT_SIZE]);
/* A network of IPv6 (also ::/0) never contains an IPv4 address. */
bool network_contains(const struct network *network, const struct address *a);

#endif
