/* net/tls_server.h - the server's TLS: certificates, versions, ciphers, session tickets.
 *
 * The server may be several hosts, each with a certificate of its own: number 0 is the default one,
 * the others are counted from 1. The name in the ClientHello (SNI) chooses on a control connection;
 * a data connection uses the certificate of its control connection, whatever name the client gives
 * there. A session that began with one certificate is never resumed under another.
 *
 * A data connection is bound to its control session: tickets carry the identity of the control
 * session that they were given on, none is given on a data connection, and a data handshake counts
 * as bound only when its ticket carries an identity that the caller accepts. This holds for TLS 1.2
 * (tickets and session ids) and 1.3 alike, in every worker, since all share the ticket keys.
 * Threads: any; the context does not change once it is made. */
#ifndef NET_TLS_SERVER_H
#define NET_TLS_SERVER_H

#include <openssl/ssl.h>

#include "base/text.h"

struct tls_server;

/* Keys that seal session tickets; all workers of all generations share them, so that a client may
 * resume with any of them. */
struct tls_ticket_keys {
	uint8_t name[16], cipher[32], mac[32];
};
void tls_ticket_keys_generate(struct tls_ticket_keys *ret);

struct tls_certificate_options {
	const char *certificate_path; /* PEM: leaf, then intermediates */
	const char *private_key_path; /* PEM; NULL or empty: same file */
};

struct tls_server_options {
	struct tls_certificate_options certificate; /* of the default host */
	/* Of the hosts 1 to n_hosts; one without a path has that of the default host. */
	const struct tls_certificate_options *hosts;
	size_t n_hosts;
	/* The number of the host with this name, as the client wrote it; 0: the default one. NULL
	 * when there are no hosts. arg lives as long as the server. */
	unsigned (*find_host)(struct text name, const void *arg);
	const void *find_host_arg;
	int minimum_version;	  /* TLS1_2_VERSION or TLS1_3_VERSION */
	const char *ciphers;	  /* TLS 1.2; NULL or empty: modern AEAD with forward secrecy */
	const char *ciphersuites; /* TLS 1.3; NULL or empty: OpenSSL's */
	struct tls_ticket_keys ticket_keys;
	/* So many a control connection gets with its handshake, where the client resumes nothing
	 * (TLS 1.3); 0: OpenSSL's two. */
	unsigned tickets;
};

struct tls_error {
	char text[512]; /* "certificate /etc/x.pem: no such file" */
};

/* 0 and *ret owned by the caller; -EINVAL with the reason (unreadable file, key does not belong to
 * the certificate, unknown cipher). */
int tls_server_new(const struct tls_server_options *options, struct tls_server **ret,
		   struct tls_error *ret_error) MUST_CHECK;
void tls_server_free(struct tls_server **server); /* accepts NULL; leaves NULL */

#define TLS_IDENTITY_SIZE 16

struct tls_identity {
	uint8_t bytes[TLS_IDENTITY_SIZE];
};

/* What ties a TLS connection to its control session. It must live as long as the connection. */
struct tls_binding {
	bool is_data;
	/* Whose certificate is shown. Control: the one to take when the client names none that we
	 * know; the handshake sets it when it does. */
	unsigned host;
	bool is_named; /* control, set by the handshake: the client named the host */
	/* Control: stamped into the tickets that are given on this connection. */
	struct tls_identity identity;
	/* Control, set by the handshake: the client resumed an earlier session; what it still holds
	 * of that one carries this identity. */
	struct tls_identity parent;
	bool has_parent;
	/* Data: which identities count; called during the handshake. */
	bool (*accepts)(const struct tls_identity *identity, void *arg);
	void *arg;
	/* Data: a bare FIN counts as an end like close_notify, for clients that never send one. */
	bool tolerates_bare_end;
	/* Header and content of a record, and what comes behind it, are read with one system call.
	 * Not where the connection may go on in clear (stream_clear): what follows close_notify is
	 * lost. */
	bool reads_ahead;
	/* Data, set by the handshake: resumed with an accepted identity. */
	bool is_bound;
	/* Control, set by every read of the socket: it has got less than there was room for, all
	 * that had come by then. */
	bool has_read_all;
};

/* A fresh connection object for the accepting side, owned by the caller (SSL_free); NULL when
 * memory is short. fd and binding are borrowed. */
SSL *tls_server_connection(struct tls_server *server, int fd,
			   struct tls_binding *binding) MUST_CHECK;
/* After the handshake: settles parent and is_bound for sessions resumed by id (TLS 1.2). */
void tls_server_finish(SSL *ssl, struct tls_binding *binding);

/* What this host shows: its certificate and the chain as PEM, without the key. Owned by the caller;
 * NULL when memory is short. */
char *tls_server_certificates(const struct tls_server *server, unsigned host) MUST_CHECK;

/* Whether both hosts show the same certificate. */
bool tls_server_shares_certificate(const struct tls_server *server, unsigned host, unsigned other);
/* Whether the certificate of the default host is valid for this name or address. */
bool tls_server_is_named(const struct tls_server *server, const char *name);

/* "no shared cipher" and the like from OpenSSL's queue, which is emptied. */
void tls_error_take(struct tls_error *ret);

#endif
