/* doctor/simulate_certificates.h - the certificates of an authority that lives as long as the
 * simulator. For the simulator only. Threads: one, until they are shared and no longer change. */
#ifndef DOCTOR_SIMULATE_CERTIFICATES_H
#define DOCTOR_SIMULATE_CERTIFICATES_H

#include <openssl/ssl.h>

#include "doctor/simulate.h"

struct certificates {
	SSL_CTX *control, *data; /* towards clients; the same but for TLS_OTHER_ON_DATA */
	SSL_CTX *server;	 /* towards the server: verifies nothing */
};

/* names is NULL-terminated: host names and addresses that the certificate is for. The authority's
 * certificate is written to ca_path unless that is NULL. 0; -errno of the file; -ENOMEM. */
int certificates_make(struct certificates *ret, enum simulate_tls kind, const char *const names[],
		      const char *ca_path) MUST_CHECK;
void certificates_release(struct certificates *certificates);

#endif
