/* net/tls_client.c - see tls_client.h. Source: SSL_CTX_sess_set_new_cb(3),
 * SSL_get_verify_result(3), SSL_CTX_set_info_callback(3). */
#include "net/tls_client.h"

/* All that OpenSSL still knows, with keys of any length. */
#define OLD_CIPHERS "ALL:COMPLEMENTOFALL:@SECLEVEL=0"

struct tls_client {
	SSL_CTX *context;
};

static int peer_index(void)
{
	static _Atomic int index = -1; /* made by tls_client_new before any thread starts */

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

static struct tls_peer *peer_of(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, peer_index());
}

static void add_session(struct tls_sessions *sessions, SSL_SESSION *session)
{
	if (sessions->n_fresh == TLS_SESSIONS) {
		SSL_SESSION_free(sessions->fresh[0]);
		memmove(sessions->fresh, sessions->fresh + 1,
			(TLS_SESSIONS - 1) * sizeof(sessions->fresh[0]));
		sessions->n_fresh--;
	}
	sessions->fresh[sessions->n_fresh++] = session;
}

/* 1: the session is ours now. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	const struct tls_peer *peer = peer_of(ssl);

	/* A session that began anew beside the one that was to go on is not of its family: servers
	 * that bind data connections to their control connection would not know it. */
	if (!peer->sessions || (peer->resumed && !SSL_session_reused(ssl)))
		return 0;
	add_session(peer->sessions, session);
	return 1;
}

SSL_SESSION *tls_sessions_next(struct tls_sessions *sessions)
{
	if (sessions->n_fresh > 0) {
		SSL_SESSION_free(sessions->last);
		sessions->last = sessions->fresh[0];
		sessions->n_fresh--;
		memmove(sessions->fresh, sessions->fresh + 1,
			sessions->n_fresh * sizeof(sessions->fresh[0]));
	}
	SSL_SESSION_free(sessions->offered);
	sessions->offered = sessions->last ? SSL_SESSION_dup(sessions->last) : NULL;
	return sessions->offered;
}

void tls_sessions_release(struct tls_sessions *sessions)
{
	for (size_t i = 0; i < sessions->n_fresh; i++)
		SSL_SESSION_free(sessions->fresh[i]);
	SSL_SESSION_free(sessions->last);
	SSL_SESSION_free(sessions->offered);
	*sessions = (struct tls_sessions){ .n_fresh = 0 };
}

static void note_alert(const SSL *ssl, int where, int value)
{
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (value & 0xff) != 0 &&
	    value >> 8 == SSL3_AL_FATAL)
		peer_of(ssl)->alert = (unsigned)value & 0xff;
}

static int note_request(SSL *ssl, X509 **certificate UNUSED, EVP_PKEY **key UNUSED)
{
	peer_of(ssl)->wants_certificate = true;
	return 0; /* we have none */
}

/* Looking goes on with whatever is shown: the result is kept for the caller. */
static int go_on(int is_good UNUSED, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_peer *peer = peer_of(ssl);
	int error = X509_STORE_CTX_get_error(store);

	/* The first error is the one that a strict client stops at. */
	if (peer->verify_error == X509_V_OK)
		peer->verify_error = error;
	return 1;
}

static int fail(struct tls_error *ret_error, const char *what)
{
	struct tls_error reason;

	tls_error_take(&reason);
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%.200s: %.200s", what,
		       reason.text);
	return -EINVAL;
}

static int configure(SSL_CTX *context, const struct tls_client_options *options,
		     struct tls_error *ret_error)
{
	if (SSL_CTX_set_min_proto_version(context, options->accepts_old ? TLS1_VERSION
									: TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(context, options->maximum_version) != 1 ||
	    (options->accepts_old && SSL_CTX_set_cipher_list(context, OLD_CIPHERS) != 1))
		return fail(ret_error, "versions");
	if (options->ca_path ? SSL_CTX_load_verify_file(context, options->ca_path) != 1
			     : SSL_CTX_set_default_verify_paths(context) != 1)
		return fail(ret_error, options->ca_path ? options->ca_path : "authorities");
	SSL_CTX_set_mode(context,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, go_on);
	SSL_CTX_set_session_cache_mode(context,
				       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(context, keep_session);
	SSL_CTX_set_client_cert_cb(context, note_request);
	SSL_CTX_set_info_callback(context, note_alert);
	return 0;
}

int tls_client_new(const struct tls_client_options *options, struct tls_client **ret,
		   struct tls_error *ret_error)
{
	struct tls_client *client = calloc(1, sizeof(*client));

	if (!client || peer_index() < 0)
		goto fail_memory;
	client->context = SSL_CTX_new(TLS_client_method());
	if (!client->context)
		goto fail_memory;

	int r = configure(client->context, options, ret_error);
	if (r < 0) {
		tls_client_free(&client);
		return r;
	}
	*ret = client;
	return 0;

fail_memory:
	tls_client_free(&client);
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "not enough memory");
	return -EINVAL;
}

void tls_client_free(struct tls_client **client)
{
	if (*client)
		SSL_CTX_free((*client)->context);
	free(*client);
	*client = NULL;
}

SSL *tls_client_connection(struct tls_client *client, int fd, struct tls_peer *peer)
{
	SSL *ssl = SSL_new(client->context);

	if (!ssl)
		return NULL;
	if (SSL_set_ex_data(ssl, peer_index(), peer) != 1 || SSL_set_fd(ssl, fd) != 1 ||
	    (peer->name && SSL_set_tlsext_host_name(ssl, peer->name) != 1) ||
	    (peer->resumed && SSL_set_session(ssl, peer->resumed) != 1)) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_connect_state(ssl);
	return ssl;
}

X509_STORE *tls_client_store(struct tls_client *client)
{
	return SSL_CTX_get_cert_store(client->context);
}
