/* supervisor/uploaded_certificates.h - certificates that were uploaded in the manager: files in
 * <state_directory>/certificates, "default.pem" and "<name of a [host]>.pem", each with the key.
 * One is served in place of what the configuration names, unless it is no good. Threads: none. */
#ifndef SUPERVISOR_UPLOADED_CERTIFICATES_H
#define SUPERVISOR_UPLOADED_CERTIFICATES_H

#include "settings/tls.h"

struct uploaded_certificates {
	/* Of the default host and of settings->hosts; empty: none. */
	char paths[1 + SETTINGS_MAX_HOSTS][SETTINGS_CERTIFICATE_PATH_SIZE];
};

/* Puts those that can be served into tls (settings_tls_init), which borrows *ret. What cannot is
 * logged and left out. */
void uploaded_certificates_prefer(const struct settings *settings, struct settings_tls *tls,
				  struct uploaded_certificates *ret);

#endif
