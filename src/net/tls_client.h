/* net/tls_client.h - the client's TLS: what to trust, what to offer, sessions to resume.
 *
 * A handshake goes through whatever the server shows: the verdict about its certificate is a result
 * that the caller must read before it sends anything worth protecting (tls_peer.verify_error and
 * the name, which the caller checks). Threads: any; a peer belongs to one at a time. */
#ifndef NET_TLS_CLIENT_H
#define NET_TLS_CLIENT_H

#include <openssl/ssl.h>

#include "net/tls_server.h"

struct tls_client;

struct tls_client_options {
	const char
		*ca_path; /* PEM: authorities trusted instead of the system's; NULL: the system's */
	int maximum_version; /* TLS1_2_VERSION ...; 0: the highest */
	/* Offers TLS 1.0 and weak ciphers too: to see what a server is, never to send a
	 * password. */
	bool accepts_old;
};

/* 0 and *ret owned by the caller; -EINVAL with the reason. */
int tls_client_new(const struct tls_client_options *options, struct tls_client **ret,
		   struct tls_error *ret_error) MUST_CHECK;
void tls_client_free(struct tls_client **client); /* accepts NULL; leaves NULL */

/* Sessions that may be resumed. A ticket of TLS 1.3 is for one use (RFC 8446 C.4), and some servers
 * insist: each is offered once, the oldest first. Others give few and take them again (TLS 1.2, and
 * ProFTPD, which sends no new one with an upload): when none is left the last one is offered again.
 * Zeroed at the begin. */
#define TLS_SESSIONS 8
struct tls_sessions {
	SSL_SESSION *fresh[TLS_SESSIONS]; /* owned */
	size_t n_fresh;
	SSL_SESSION *last;    /* owned: was offered before */
	SSL_SESSION *offered; /* owned: the copy of last that was; OpenSSL spoils what it uses */
};
/* Borrowed until the next call; NULL: there never was one, or memory is short. */
SSL_SESSION *tls_sessions_next(struct tls_sessions *sessions);
void tls_sessions_release(struct tls_sessions *sessions);

/* What one connection asks for, and what it learns. Zeroed but for the first three at the begin; it
 * must live as long as the connection. */
struct tls_peer {
	const char *name;     /* for SNI; NULL: none, as for an address (RFC 6066 3) */
	SSL_SESSION *resumed; /* borrowed, to be offered; NULL: none */
	/* Borrowed: where the server's sessions go to, unless it did not take up the one that was
	 * offered; NULL: nowhere. */
	struct tls_sessions *sessions;

	unsigned alert;		/* number of the fatal alert that came; 0: none */
	bool wants_certificate; /* the server asked for one of ours */
	long verify_error; /* X509_V_OK, X509_V_ERR_...: the chain and its dates, not the name */
};

/* A fresh connection object for the connecting side, owned by the caller (SSL_free); NULL when
 * memory is short. fd and peer are borrowed. */
SSL *tls_client_connection(struct tls_client *client, int fd, struct tls_peer *peer) MUST_CHECK;

/* The authorities that the client trusts; borrowed. */
X509_STORE *tls_client_store(struct tls_client *client);

#endif
