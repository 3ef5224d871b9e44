/* net/certificate_bundle.h - a certificate with its chain and key as somebody hands them in: read,
 * put into order, judged, and written as one PEM text for net/tls_server.h.
 *
 * Nothing is asked for on the network. What this machine trusts is read from OpenSSL's usual place.
 * Threads: any; a bundle does not change. Source: RFC 5280, RFC 8446 4.4.2 (order of the chain). */
#ifndef NET_CERTIFICATE_BUNDLE_H
#define NET_CERTIFICATE_BUNDLE_H

#include "base/text.h"

#define CERTIFICATE_NAME_SIZE 256
#define CERTIFICATE_NAMES_SIZE 2048
#define CERTIFICATE_CHAIN_MAX 10
#define CERTIFICATE_PROBLEMS_MAX 16

struct certificate_bundle;

struct certificate_problem {
	const char *id; /* "expired", "name", "chain" ...: static */
	/* Clients will refuse it; else it is only worth knowing. */
	bool is_serious;
	char detail[512];
};

/* One certificate of those that are sent, from the server's own upwards. */
struct certificate_link {
	char subject[CERTIFICATE_NAME_SIZE], issuer[CERTIFICATE_NAME_SIZE];
	int64_t not_after_ms;
	bool is_self_signed;
	char problem[128]; /* empty: none */
};

struct certificate_facts {
	char subject[CERTIFICATE_NAME_SIZE], issuer[CERTIFICATE_NAME_SIZE];
	char names[CERTIFICATE_NAMES_SIZE]; /* that it is valid for, separated by ", " */
	int64_t not_before_ms, not_after_ms;
	char serial[64];	  /* hexadecimal */
	char fingerprint[32 * 3]; /* SHA-256, "AB:CD:..." */
	char key[48];		  /* "RSA 2048", "EC P-256" */
	bool is_self_signed;
	size_t n_chain;
	struct certificate_link chain[CERTIFICATE_CHAIN_MAX];
	bool is_chain_complete;			    /* up to an authority, whoever trusts it */
	char missing_issuer[CERTIFICATE_NAME_SIZE]; /* else: whose certificate is missing */
	size_t n_problems;
	struct certificate_problem problems[CERTIFICATE_PROBLEMS_MAX];
};

/* certificates: PEM of one or more, in any order; key: PEM, or empty when it is with them or when
 * there is none to see (then the first certificate is taken for the server's). 0 and *ret owned by
 * the caller; -EINVAL with the problem: not PEM, no certificate, an encrypted key, a key that
 * belongs to none of them; -ENOMEM. */
int certificate_bundle_parse(struct text certificates, struct text key,
			     struct certificate_bundle **ret,
			     struct certificate_problem *ret_problem) MUST_CHECK;
void certificate_bundle_free(struct certificate_bundle **bundle); /* accepts NULL; leaves NULL */
bool certificate_bundle_has_key(const struct certificate_bundle *bundle);

/* names: those that clients use, host names or addresses; each must be covered. *ret is large: on
 * the heap. */
void certificate_bundle_judge(const struct certificate_bundle *bundle, const char *const *names,
			      size_t n_names, int64_t now_ms, struct certificate_facts *ret);

/* The certificate, its chain in order, its key. Owned by the caller, to be wiped; NULL when memory
 * is short. */
char *certificate_bundle_pem(const struct certificate_bundle *bundle) MUST_CHECK;

/* A fresh key with a certificate that it has signed itself, for tests. 0 and *ret; -EINVAL (no
 * names, or one that is none); -ENOMEM. */
int certificate_bundle_self_sign(const char *const *names, size_t n_names, unsigned days,
				 struct certificate_bundle **ret) MUST_CHECK;

#endif
