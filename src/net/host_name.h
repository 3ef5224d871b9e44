/* net/host_name.h - names of hosts as configuration, SNI (RFC 6066 3) and HOST (RFC 7151 3) give
 * them, made equal where they mean the same: lower case, without the dot of the root, addresses in
 * their shortest form without brackets. Threads: any; pure functions. */
#ifndef NET_HOST_NAME_H
#define NET_HOST_NAME_H

#include "base/text.h"

#define HOST_NAME_SIZE 256 /* 253 bytes are the longest (RFC 1035 2.3.4) */

/* Labels of letters, digits, '-' and '_' (names in other scripts in their xn-- form), or an IPv4 or
 * IPv6 address, in brackets or not. 0, or -EINVAL with ret untouched. */
int host_name_parse(struct text in, char ret[static HOST_NAME_SIZE]) MUST_CHECK;

/* The name that a client wants to reach, from the body of its server_name extension. False when
 * there is none, or none that can be read. Borrowed from extension. */
bool host_name_of_sni(struct text extension, struct text *ret) MUST_CHECK;

#endif
