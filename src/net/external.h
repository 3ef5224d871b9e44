/* net/external.h - which address a 227 reply announces (R34, D-25, D-26, D-28).
 *
 * Grammar of the setting external_ip: comma separated rules, first match wins:
 *	203.0.113.5                  for every client
 *	ftp.example.com              for every client; a name, resolved again every minute
 *	10.0.0.0/8=10.0.0.5          for clients of that network; address or name
 *	10.0.0.0/8=local             ... the address that the client's control connection came in on
 * With no matching rule (or an empty setting): local.
 * Names are resolved on a thread of their own, never in the session; the last good answer stays
 * while the resolver fails. Threads: any, after external_new. */
#ifndef NET_EXTERNAL_H
#define NET_EXTERNAL_H

#include "net/address.h"

struct external;

/* Checks the grammar without resolving: 0, or -EINVAL with the offending rule in *ret_bad (part
 * of rules, or a static text). Addresses that are announced are IPv4 and not 0.0.0.0. Pure. */
int external_check(struct text rules, struct text *ret_bad) MUST_CHECK;

/* Whether a rule (of a checked text) holds a name, so that names will be resolved. */
bool external_needs_names(struct text rules);

/* Starts the resolver thread when a rule holds a name and waits for its first answers, at most 2 s.
 * Processes that fork call it after the fork. external_free does not wait for the resolver.
 * 0, -EINVAL, -ENOMEM, -EAGAIN (no thread). */
int external_new(struct text rules, struct external **ret) MUST_CHECK;
void external_free(struct external **external);

/* The IPv4 address to announce to a client: *ret (port untouched). False when the rule's name
 * has never resolved, or the answer is local and the control connection is IPv6: the caller
 * answers 425 rather than announce a wrong address. */
bool external_for(struct external *external, const struct address *client,
		  const struct address *control_local, struct address *ret);

#endif
