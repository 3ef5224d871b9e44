/* supervisor/web_key.h - certificate and key of the manager's page as PEM: the supervisor, which
 * alone may read them, gives them to the manager with the fork. Threads: one. */
#ifndef SUPERVISOR_WEB_KEY_H
#define SUPERVISOR_WEB_KEY_H

#include "manager/manager.h"
#include "net/tls_server.h"
#include "supervisor/failure.h"

/* Reads those that FTP sessions are served with when one of the page's addresses speaks TLS, else
 * *ret becomes empty. With the right to read keys. 0; or -errno with the failure. */
int web_key_load(const struct settings *settings, const struct tls_certificate_options *served,
		 struct manager_key *ret, struct failure *ret_failure) MUST_CHECK;

/* Wipes and frees. */
void web_key_release(struct manager_key *key);

#endif
