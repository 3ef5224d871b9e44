/* manager/web_header.h - what HTTP headers say of who asks: cookies (RFC 6265), API keys (RFC
 * 6750), hosts and origins (RFC 9110 7.2, RFC 6454). Threads: any; pure. */
#ifndef MANAGER_WEB_HEADER_H
#define MANAGER_WEB_HEADER_H

#include "base/text.h"

/* The value of the first cookie with this name. */
bool web_cookie_find(struct text header, struct text name, struct text *ret_value);

/* "Bearer spk_<id>_<secret>", both of letters and digits. 0 or -EINVAL. */
int web_bearer_parse(struct text header, struct text *ret_id, struct text *ret_secret) MUST_CHECK;

/* "name", "name:8021", "[::1]:8021": the name without brackets. 0 or -EINVAL. */
int web_host_parse(struct text header, struct text *ret_name) MUST_CHECK;

/* Whether the name means this machine, whoever resolves it: localhost, 127.0.0.0/8, ::1. */
bool web_host_is_local(struct text name);

/* Whether a page of this origin ("https://name:8443") is one of ours; host is the Host header. */
bool web_origin_is_same(struct text origin, bool is_tls, struct text host);

#endif
