/* settings/web_listen.h - the setting web_listen: where the manager's page and API are reached over
 * HTTP: "127.0.0.1:8021, [::1]:8021"; "*:8443" is every address of the machine. Threads: any;
 * pure. */
#ifndef SETTINGS_WEB_LISTEN_H
#define SETTINGS_WEB_LISTEN_H

#include "net/address.h"
#include "settings/settings.h"

#define WEB_LISTEN_MAX 8
#define WEB_LISTEN_DEFAULT "127.0.0.1:8021"

struct web_address {
	struct address address;
	bool both_families; /* "*" */
};

struct web_addresses {
	size_t n;
	struct web_address items[WEB_LISTEN_MAX];
};

/* 0; -EINVAL with the part that is no address with a port (or is one too many) in *ret_bad. */
int web_listen_parse(struct text setting, struct web_addresses *ret,
		     struct text *ret_bad) MUST_CHECK;

/* Whether HTTPS is spoken there: see the setting web_tls. */
bool web_listen_has_tls(const struct settings *settings, const struct address *address);

/* A port of it that the passive or control ports need as well; 0: there is none. */
unsigned web_listen_collision(const struct settings *settings, const struct web_addresses *web);

#endif
