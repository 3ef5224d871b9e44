/* net/test_peer.c - see test_peer.h. */
#include "net/test_peer.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/list.h"

#define RECEIVED_MAX ((size_t)4 * 1024 * 1024)

/* --- certificates ----------------------------------------------------------------------------- */

static void write_pem(const char *path, X509 *certificate, EVP_PKEY *key)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	if (certificate)
		assert_int_equal(PEM_write_X509(file, certificate), 1);
	else
		assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(file), 0);
}

static X509 *sign_itself(EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	assert_non_null(certificate);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), -3600));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
	assert_int_equal(X509_set_pubkey(certificate, key), 1);

	X509_NAME *name = X509_get_subject_name(certificate);

	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
						    (const unsigned char *)"localhost", -1, -1, 0),
			 1);
	assert_int_equal(X509_set_issuer_name(certificate, name), 1);
	assert_int_not_equal(X509_sign(certificate, key, EVP_sha256()), 0);
	return certificate;
}

void test_certificate_make(struct test_certificate *ret)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_non_null(key);
	*ret = (struct test_certificate){ .folder = "/tmp/net_test.XXXXXX" };
	assert_non_null(mkdtemp(ret->folder));
	(void)snprintf(ret->certificate, sizeof(ret->certificate), "%s/cert.pem", ret->folder);
	(void)snprintf(ret->key, sizeof(ret->key), "%s/key.pem", ret->folder);

	X509 *certificate = sign_itself(key);

	write_pem(ret->certificate, certificate, NULL);
	write_pem(ret->key, NULL, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

void test_certificate_remove(const struct test_certificate *certificate)
{
	(void)unlink(certificate->certificate);
	(void)unlink(certificate->key);
	(void)rmdir(certificate->folder);
}

struct tls_server *test_server_new(const struct test_certificate *certificate,
				   const struct tls_ticket_keys *keys)
{
	struct tls_server_options options = {
		.certificate = { certificate->certificate, certificate->key },
		.minimum_version = TLS1_2_VERSION,
		.ticket_keys = *keys,
	};
	struct tls_server *server = NULL;
	struct tls_error error = { "" };

	if (tls_server_new(&options, &server, &error) < 0)
		fail_msg("%s", error.text);
	return server;
}

/* --- the connection --------------------------------------------------------------------------- */

static int wait_for_peer(struct waiter *waiter, int fd, short events, int64_t deadline_ms)
{
	struct peer *peer = list_entry(waiter, struct peer, waiter);
	struct pollfd polled = { fd, events, 0 };

	peer->n_waits++;
	if (peer->error)
		return peer->error;
	if (peer->move)
		peer->move(peer);

	int n = poll(&polled, 1, deadline_left(deadline_ms));

	assert_true(n >= 0);
	return n == 0 ? -ETIMEDOUT : 0;
}

void peer_init(struct peer *peer, struct stream *ret_stream)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
			 0);
	*peer = (struct peer){ .waiter = { wait_for_peer }, .fd = ends[1] };
	peer->received = malloc(RECEIVED_MAX);
	assert_non_null(peer->received);
	stream_init(ret_stream, ends[0], &peer->waiter);
}

void peer_release(struct peer *peer)
{
	for (unsigned i = 0; i < peer->n_sessions; i++)
		SSL_SESSION_free(peer->sessions[i]);
	SSL_free(peer->ssl);
	fd_close(&peer->fd);
	free(peer->received);
	*peer = (struct peer){ .fd = -1 };
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct peer *peer = SSL_get_app_data(ssl);

	if (peer->n_sessions == PEER_SESSIONS)
		return 0;
	peer->sessions[peer->n_sessions++] = session;
	return 1; /* it is ours now */
}

/* RFC 5077 3.3: a lifetime of four bytes, then the ticket with its length; RFC 8446 4.6.1 has
 * other fields before the ticket, and no empty ones. */
static void count_tickets(int is_sent, int version UNUSED, int type, const void *bytes, size_t len,
			  SSL *ssl, void *arg)
{
	const uint8_t *message = bytes;
	struct peer *peer = arg;

	if (is_sent || type != SSL3_RT_HANDSHAKE || len < 10 ||
	    message[0] != SSL3_MT_NEWSESSION_TICKET)
		return;
	peer->n_tickets++;
	if (SSL_version(ssl) == TLS1_2_VERSION && message[8] == 0 && message[9] == 0)
		peer->n_empty_tickets++;
}

static void move_handshake(struct peer *peer)
{
	(void)SSL_do_handshake(peer->ssl); /* as far as it gets; the server's side is judged */
}

/* A copy: OpenSSL spoils a session when a connection that uses it renews it or ends in disorder. */
static void resume(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION *copy = session ? SSL_SESSION_dup(session) : NULL;

	if (copy)
		assert_int_equal(SSL_set_session(ssl, copy), 1);
	SSL_SESSION_free(copy);
}

void peer_want_tls(struct peer *peer, const struct peer_tls *how)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	assert_non_null(context);
	/* Old versions, which the server must refuse, need the lowest level of security here. */
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_session_cache_mode(context,
				       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(context, keep_session);
	(void)SSL_CTX_set_options(context, how->options);
	assert_int_equal(SSL_CTX_set_min_proto_version(context, how->from), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(context, how->to), 1);
	if (how->ciphers)
		assert_int_equal(SSL_CTX_set_cipher_list(context, how->ciphers), 1);
	peer->ssl = SSL_new(context);
	SSL_CTX_free(context);
	assert_non_null(peer->ssl);
	SSL_set_app_data(peer->ssl, peer);
	SSL_set_msg_callback(peer->ssl, count_tickets);
	SSL_set_msg_callback_arg(peer->ssl, peer);
	assert_int_equal(SSL_set_fd(peer->ssl, peer->fd), 1);
	if (how->name)
		assert_int_equal(SSL_set_tlsext_host_name(peer->ssl, how->name), 1);
	resume(peer->ssl, how->session);
	SSL_set_connect_state(peer->ssl);
	peer->move = move_handshake;
}

bool peer_drain(struct peer *peer)
{
	for (;;) {
		char *at = peer->received + peer->n_received;
		size_t room = RECEIVED_MAX - peer->n_received;
		ssize_t n = peer->ssl ? SSL_read(peer->ssl, at, (int)room)
				      : recv(peer->fd, at, room, 0);

		assert_true(room > 0);
		if (n <= 0)
			return peer->ssl ? SSL_get_error(peer->ssl, (int)n) == SSL_ERROR_ZERO_RETURN
					 : n == 0;
		peer->n_received += (size_t)n;
	}
}

void peer_move_drain(struct peer *peer)
{
	(void)peer_drain(peer);
}

int peer_handshake(struct peer *peer, struct stream *stream, struct tls_server *server,
		   struct tls_binding *binding, struct tls_error *ret_error)
{
	int r = stream_start_tls(stream, server, binding, deadline_in(PATIENCE_MS), ret_error);

	/* The client's last step, and the tickets behind it. */
	(void)peer_drain(peer);
	peer->move = peer_move_drain;
	/* OpenSSL does not announce the ticket that renews a session of TLS 1.2. */
	if (r == 0 && SSL_session_reused(peer->ssl) && SSL_version(peer->ssl) == TLS1_2_VERSION &&
	    peer->n_tickets > peer->n_empty_tickets)
		peer->sessions[peer->n_sessions++] = SSL_get1_session(peer->ssl);
	return r;
}
