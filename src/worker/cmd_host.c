/* worker/cmd_host.c - HOST (RFC 7151 3): which of the hosts that this server is the client wants.
 * Sent before AUTH TLS it chooses the certificate too, for clients that give no name in the
 * handshake. */
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/hosts.h"

/* The client has been shown a certificate and has judged it: another host must not take its
 * place. */
static bool is_proven(const struct session *s, const struct host *host)
{
	return !s->tls ||
	       tls_server_shares_certificate(s->worker->start->tls, host->number, s->tls->host);
}

/* Addresses of IPv6 are written in brackets, so that no colon can begin a port. */
static int parse_host(struct text argument, char ret[static HOST_NAME_SIZE])
{
	if (text_find(argument, ':') >= 0 && !text_starts(argument, T("[")))
		return -EINVAL;
	return host_name_parse(argument, ret);
}

void cmd_host(struct session *s, struct text argument)
{
	char name[HOST_NAME_SIZE];

	if (s->user || s->login_user) {
		reply(s, 503, "HOST comes before USER; REIN starts the session over.");
		return;
	}
	if (parse_host(argument, name) < 0) {
		reply(s, 501, "Syntax: HOST <name of the host>");
		return;
	}
	const struct host *host = hosts_find(s, argument);

	if (!host) {
		reply(s, 504, "%s is not a host of this server.", name);
		return;
	}
	if (!is_proven(s, host)) {
		reply(s, 503,
		      "The TLS handshake has shown the certificate of another host: connect "
		      "anew, and name %s there or send HOST before AUTH TLS.",
		      name);
		return;
	}
	s->host = host;
	hosts_greet(s);
}
