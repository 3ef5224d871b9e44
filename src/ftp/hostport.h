/* ftp/hostport.h - addresses of data connections as FTP writes them: PORT and PASV (RFC 959 4.1.2),
 * EPRT and EPSV (RFC 2428). Pure; threads: any. */
#ifndef FTP_HOSTPORT_H
#define FTP_HOSTPORT_H

#include "base/buf.h"
#include "net/address.h"

/* "h1,h2,h3,h4,p1,p2". 0 or -EINVAL with *ret untouched. */
int hostport_parse_port(struct text argument, struct address *ret) MUST_CHECK;

/* "|1|132.235.1.2|6275|" with any delimiter of ASCII 33-126. 0; -EINVAL: syntax (501);
 * -EPROTONOSUPPORT: a protocol other than 1 and 2 (522). The address must fit the protocol;
 * a zone ("fe80::1%eth0") is the client's own and dropped, so that scope_id is 0. */
int hostport_parse_eprt(struct text argument, struct address *ret) MUST_CHECK;

/* Argument of EPSV. */
enum epsv_request { EPSV_ANY, EPSV_IPV4, EPSV_IPV6, EPSV_ALL };
/* "", "1", "2", "ALL" (any case). 0; -EINVAL (501); -EPROTONOSUPPORT: another number (522). */
int hostport_parse_epsv(struct text argument, enum epsv_request *ret) MUST_CHECK;

/* "Entering Passive Mode (h1,h2,h3,h4,p1,p2)." exactly so: firewall helpers and clients parse it.
 * address must be IPv4. */
void hostport_format_227(struct buf *out, const struct address *address);
/* "Entering Extended Passive Mode (|||port|)" byte-exact. */
void hostport_format_229(struct buf *out, uint16_t port);

#endif
