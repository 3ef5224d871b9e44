/* settings/tls.c - see tls.h. */
#include "settings/tls.h"

static unsigned find_host(struct text name, const void *arg)
{
	ptrdiff_t host = settings_find_host(arg, name);

	return host < 0 ? 0 : (unsigned)host + 1;
}

void settings_tls_init(struct settings_tls *tls, const struct settings *values)
{
	tls->options = (struct tls_server_options){
		.certificate = { values->certificate, values->private_key },
		.hosts = tls->hosts,
		.n_hosts = values->n_hosts,
		.find_host = find_host,
		.find_host_arg = values,
		.minimum_version =
			values->tls_minimum == TLS_MINIMUM_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION,
		.ciphers = values->tls_ciphers,
		.ciphersuites = values->tls_ciphersuites,
		/* One for the next data connection; who spends it gets another one with the reply.
		 * Where a data connection without one would be refused, a client has one to spare,
		 * for another control connection. */
		.tickets = values->data_session_reuse == SESSION_REUSE_REQUIRE ? 2 : 1,
	};
	for (size_t i = 0; i < values->n_hosts; i++)
		tls->hosts[i] = (struct tls_certificate_options){ values->hosts[i].certificate,
								  values->hosts[i].private_key };
}
