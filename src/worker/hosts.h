/* worker/hosts.h - the hosts that this server is (RFC 7151, RFC 6066 3): each with its greeting,
 * its files and its character set; all have the same users. Made before the first pool thread
 * starts, constant afterwards, never freed. Threads: any. */
#ifndef WORKER_HOSTS_H
#define WORKER_HOSTS_H

#include "base/charset.h"
#include "worker/session.h"

struct host {
	unsigned number; /* as net/tls_server.h counts: 0 is the default host */
	const char *name;
	const char *banner; /* empty: its name, and that it is ready */
	const char *charset_name;
	struct charset *charset; /* of clients that do not speak UTF-8; NULL: they all do */
	int data_root;
};

/* Makes worker->hosts, the default host first, from its start and server_name. 0 or -errno. */
int hosts_init(struct worker *worker) MUST_CHECK;

/* The host with this name, as a client gives it; NULL: none. The default host has the name of the
 * server, those of its certificate, and the address that the client has connected to. */
const struct host *hosts_find(const struct session *s, struct text name);

/* The host of a session that begins anew: the one that the TLS handshake has proven, or the default
 * one. */
const struct host *hosts_first(const struct session *s);

/* Says 220 with the greeting of the session's host. */
void hosts_greet(struct session *s);

/* The character set of replies and listings; NULL: UTF-8. */
static inline struct charset *hosts_charset(const struct session *s)
{
	return s->wants_utf8 ? NULL : s->host->charset;
}

#endif
