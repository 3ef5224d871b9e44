/* net/test_peer.h - for tests: the client at the other end of a stream.
 *
 * It moves on whenever the server's side has to wait, so that a test needs no threads: what the
 * server asks its waiter for comes about inside of the waiter. Threads: the test's own. */
#ifndef NET_TEST_PEER_H
#define NET_TEST_PEER_H

#include "base/test.h"
#include "net/stream.h"

#define PATIENCE_MS 30000 /* for what must come; nothing waits so long when all is well */
#define PEER_SESSIONS 8

/* A self-signed ECDSA certificate and its key, in files of a folder of their own. */
struct test_certificate {
	char folder[64], certificate[96], key[96];
};

void test_certificate_make(struct test_certificate *ret);
void test_certificate_remove(const struct test_certificate *certificate);

/* A server with the certificate; its keys seal tickets. Fails the test when it cannot be made. */
struct tls_server *test_server_new(const struct test_certificate *certificate,
				   const struct tls_ticket_keys *keys);

struct peer {
	struct waiter waiter; /* of the server's stream */
	int fd;		      /* the client's end, non-blocking */
	SSL *ssl;	      /* the client's; NULL: plain */
	/* What the client does when the server waits; NULL: nothing. */
	void (*move)(struct peer *peer);
	int error; /* not 0: what the waiter answers instead of waiting */
	unsigned n_waits;

	/* What has arrived at the client. */
	char *received;
	size_t n_received;
	SSL_SESSION *sessions[PEER_SESSIONS]; /* in TLS 1.2 also those with an id and no ticket */
	unsigned n_sessions;
	unsigned n_tickets, n_empty_tickets; /* NewSessionTicket messages; those without a ticket */
};

/* A pair of connected sockets: one end becomes the stream, the other the peer's. */
void peer_init(struct peer *peer, struct stream *ret_stream);
void peer_release(struct peer *peer);

/* For the client's SSL: versions are from..to, options as SSL_set_options(3); ciphers of TLS 1.2,
 * NULL: the usual ones; session (borrowed, may be NULL): to be resumed. */
struct peer_tls {
	int from, to;
	uint64_t options;
	const char *ciphers;
	SSL_SESSION *session;
	const char *name; /* in the ClientHello; NULL: none */
};
void peer_want_tls(struct peer *peer, const struct peer_tls *how);

/* Reads all that is there; true: the server has ended its direction (with close_notify in TLS). */
bool peer_drain(struct peer *peer);
/* The same, as a move. */
void peer_move_drain(struct peer *peer);

/* Both sides of a handshake, up to the tickets. The server's result. */
int peer_handshake(struct peer *peer, struct stream *stream, struct tls_server *server,
		   struct tls_binding *binding, struct tls_error *ret_error) MUST_CHECK;

#endif
