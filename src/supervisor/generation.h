/* supervisor/generation.h - one state of the configuration with what was made from it: settings,
 * TLS context, data roots, listen addresses. A reload makes the next one; an old one lives as long
 * as its last child. Threads: one. */
#ifndef SUPERVISOR_GENERATION_H
#define SUPERVISOR_GENERATION_H

#include "manager/manager.h"
#include "net/tls_server.h"
#include "settings/settings.h"
#include "supervisor/listen_address.h"

struct generation {
	unsigned n_users; /* children that run on it, and the supervisor while it is the newest */
	uint32_t number;  /* 1 at start */
	struct settings_loaded *loaded;
	const struct settings *settings;	   /* of loaded */
	struct tls_server *tls;			   /* NULL: no certificate */
	struct manager_key web_key;		   /* of the manager's page */
	bool has_uploaded[1 + SETTINGS_MAX_HOSTS]; /* serves a certificate of the manager's */
	int data_root;				   /* O_PATH */
	int host_roots[SETTINGS_MAX_HOSTS];	   /* of settings->hosts, likewise; -1: data_root */
	struct listen_addresses addresses;
};

/* Loads the certificate, reads the addresses; the data roots are opened by
 * generation_open_data_roots. *loaded is taken on success. 0 and *ret with one user; or -errno with
 * the failure. */
int generation_new(uint32_t number, struct settings_loaded **loaded,
		   const struct tls_ticket_keys *ticket_keys, struct generation **ret,
		   struct failure *ret_failure) MUST_CHECK;

/* As the user that the children are, so that what they cannot reach shows at start.
 * 0 or -errno with the failure. */
int generation_open_data_roots(struct generation *generation,
			       struct failure *ret_failure) MUST_CHECK;
/* In a child that has no use for them. */
void generation_close_data_roots(struct generation *generation);

/* One user more. Returns generation. */
struct generation *generation_ref(struct generation *generation);
/* One user less; the last one frees it. Accepts NULL; leaves NULL. */
void generation_unref(struct generation **generation);

#endif
