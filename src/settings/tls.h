/* settings/tls.h - what the TLS server is told by the settings, for the server and for
 * `sallyport config check`. Threads: any; pure functions. */
#ifndef SETTINGS_TLS_H
#define SETTINGS_TLS_H

#include "net/tls_server.h"
#include "settings/settings.h"

struct settings_tls {
	struct tls_server_options options; /* hosts and ticket keys included, once those are set */
	struct tls_certificate_options hosts[SETTINGS_MAX_HOSTS];
};

/* Fills everything but the ticket keys. Borrows values, as does the TLS server that is made of
 * it. */
void settings_tls_init(struct settings_tls *tls, const struct settings *values);

#endif
