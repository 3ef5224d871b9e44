/* net/tls_server.c - see tls_server.h. Source: SSL_CTX_set_session_ticket_cb(3),
 * SSL_CTX_set_tlsext_ticket_key_evp_cb(3), RFC 5077, RFC 8446 4.6.1, RFC 9325. */
#include "net/tls_server.h"

#include <fcntl.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/x509v3.h>

#include "base/random.h"
#include "net/host_name.h"

/* RFC 9325 4.2: authenticated encryption with forward secrecy, nothing else. */
#define DEFAULT_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20"

/* RFC 8446 4.6.1 allows a week. A ticket must outlive the control session that gave it, or its next
 * data connection cannot resume (proftpd#1931). */
#define TICKET_LIFETIME_S (7 * 24 * 3600L)

/* Only clients without ticket support end up in the cache of session ids. */
#define SESSION_CACHE_SIZE 1024L

struct tls_server {
	struct tls_ticket_keys keys;
	EVP_CIPHER *ticket_cipher; /* looked up once */
	unsigned (*find_host)(struct text name, const void *arg);
	const void *find_host_arg;
	size_t n_contexts;
	SSL_CTX *contexts
		[]; /* by host; those without a certificate of their own share the first one */
};

static int binding_index(void)
{
	static _Atomic int index = -1; /* made by tls_server_new before any thread starts */

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

void tls_ticket_keys_generate(struct tls_ticket_keys *ret)
{
	random_bytes(ret, sizeof(*ret));
}

void tls_error_take(struct tls_error *ret)
{
	unsigned long first = ERR_get_error();
	const char *reason = first ? ERR_reason_error_string(first) : NULL;

	(void)snprintf(ret->text, sizeof(ret->text), "%s", reason ? reason : "unknown TLS error");
	ERR_clear_error();
}

/* --- hosts ------------------------------------------------------------------------------------ */

static const struct tls_server *server_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

/* Before OpenSSL looks at tickets, so that it compares them with the certificate that will be shown
 * (SSL_CTX_set_tlsext_servername_callback(3) would come behind that). */
static int choose_host(SSL *ssl, int *alert UNUSED, void *arg UNUSED)
{
	struct tls_binding *binding = SSL_get_ex_data(ssl, binding_index());
	const struct tls_server *server = server_of(ssl);
	const unsigned char *extension;
	struct text name;
	size_t len;

	if (binding->is_data || !server->find_host ||
	    SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &extension, &len) != 1 ||
	    !host_name_of_sni((struct text){ (const char *)extension, len }, &name))
		return SSL_CLIENT_HELLO_SUCCESS;

	unsigned host = server->find_host(name, server->find_host_arg);

	if (host == 0 || host >= server->n_contexts)
		return SSL_CLIENT_HELLO_SUCCESS;
	binding->host = host;
	binding->is_named = true;
	/* The session id context changes with it; the cache of session ids and the ticket keys do
	 * not. */
	return SSL_set_SSL_CTX(ssl, server->contexts[host]) ? SSL_CLIENT_HELLO_SUCCESS
							    : SSL_CLIENT_HELLO_ERROR;
}

/* RFC 6066 3: a server that used the name says so; one that did not know it goes on in silence. */
static int acknowledge_name(SSL *ssl, int *alert UNUSED, void *arg UNUSED)
{
	const struct tls_binding *binding = SSL_get_ex_data(ssl, binding_index());

	return binding->is_named ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

bool tls_server_shares_certificate(const struct tls_server *server, unsigned host, unsigned other)
{
	return server->contexts[host] == server->contexts[other];
}

bool tls_server_is_named(const struct tls_server *server, const char *name)
{
	X509 *certificate = SSL_CTX_get0_certificate(server->contexts[0]);

	return X509_check_host(certificate, name, strlen(name), 0, NULL) == 1 ||
	       X509_check_ip_asc(certificate, name, 0) == 1;
}

/* --- tickets ---------------------------------------------------------------------------------- */

static bool session_identity(const SSL_SESSION *session, struct tls_identity *ret)
{
	void *data;
	size_t len;

	if (!SSL_SESSION_get0_ticket_appdata((SSL_SESSION *)session, &data, &len) ||
	    len != sizeof(ret->bytes))
		return false;
	memcpy(ret->bytes, data, len);
	return true;
}

static int stamp_ticket(SSL *ssl, void *arg UNUSED)
{
	struct tls_binding *binding = SSL_get_ex_data(ssl, binding_index());

	if (binding->is_data)
		return 1; /* no ticket is sent there; nothing to stamp */
	return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), binding->identity.bytes,
					       sizeof(binding->identity.bytes));
}

/* Takes note of whose ticket is being resumed; says whether it may be. */
static bool note_resumption(struct tls_binding *binding, const SSL_SESSION *session)
{
	struct tls_identity identity;

	if (!session_identity(session, &identity))
		return false;
	if (!binding->is_data) {
		binding->parent = identity;
		binding->has_parent = true;
		return true;
	}
	binding->is_bound = binding->accepts(&identity, binding->arg);
	return binding->is_bound;
}

static SSL_TICKET_RETURN judge_ticket(SSL *ssl, SSL_SESSION *session,
				      const unsigned char *key_name UNUSED, size_t len UNUSED,
				      SSL_TICKET_STATUS status, void *arg UNUSED)
{
	struct tls_binding *binding = SSL_get_ex_data(ssl, binding_index());

	switch (status) {
	case SSL_TICKET_SUCCESS:
	case SSL_TICKET_SUCCESS_RENEW:
		break;
	case SSL_TICKET_EMPTY:
		/* A client that would like a ticket: on control connections it gets one. */
		return binding->is_data ? SSL_TICKET_RETURN_IGNORE : SSL_TICKET_RETURN_IGNORE_RENEW;
	default:
		return binding->is_data ? SSL_TICKET_RETURN_IGNORE : SSL_TICKET_RETURN_IGNORE_RENEW;
	}
	if (!note_resumption(binding, session))
		return binding->is_data ? SSL_TICKET_RETURN_IGNORE : SSL_TICKET_RETURN_IGNORE_RENEW;
	/* A control connection that resumes gets a ticket with its own identity (TLS 1.2 would go
	 * on with the old one). */
	return binding->is_data ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

static bool init_mac(EVP_MAC_CTX *mac, const struct tls_ticket_keys *keys)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)keys->mac,
						  sizeof(keys->mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* 1: done; 0: no ticket (encrypting) or not ours (decrypting); -1: error. */
static int seal_ticket(SSL *ssl, unsigned char key_name[16], unsigned char *iv,
		       EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_encrypting)
{
	const struct tls_server *server = server_of(ssl);
	const struct tls_ticket_keys *keys = &server->keys;
	const struct tls_binding *binding = SSL_get_ex_data(ssl, binding_index());

	if (is_encrypting) {
		/* An empty ticket is how TLS 1.2 says "none" (RFC 5077 3.3). */
		if (binding->is_data)
			return 0;
		random_bytes(iv, 16);
		memcpy(key_name, keys->name, sizeof(keys->name));
		if (EVP_EncryptInit_ex(cipher, server->ticket_cipher, NULL, keys->cipher, iv) != 1)
			return -1;
	} else {
		if (memcmp(key_name, keys->name, sizeof(keys->name)) != 0)
			return 0;
		if (EVP_DecryptInit_ex(cipher, server->ticket_cipher, NULL, keys->cipher, iv) != 1)
			return -1;
	}
	return init_mac(mac, keys) ? 1 : -1;
}

/* --- context ---------------------------------------------------------------------------------- */

static int fail(struct tls_error *ret_error, const char *what, const char *which)
{
	struct tls_error reason;

	tls_error_take(&reason);
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s %.200s: %.200s", what, which,
		       reason.text);
	return -EINVAL;
}

/* OpenSSL's own words for a missing file are hard to read. access(2) would ask for the real user's
 * rights and forget the capability that the supervisor holds while it reloads. */
static int check_readable(const char *setting, const char *path, struct tls_error *ret_error)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return 0;
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s %.200s: %s", setting, path,
		       strerrordesc_np(errno));
	return -EINVAL;
}

/* A session that began with one certificate must not be resumed where another is shown: the client
 * would take that host for proven. OpenSSL compares the context of sessions of every kind. */
static bool tie_sessions_to_certificate(SSL_CTX *context)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	return X509_digest(SSL_CTX_get0_certificate(context), EVP_sha256(), digest, &len) == 1 &&
	       SSL_CTX_set_session_id_context(context, digest, len) == 1;
}

static int load_certificate(SSL_CTX *context, const struct tls_certificate_options *options,
			    struct tls_error *ret_error)
{
	const char *key = options->private_key_path && *options->private_key_path
				  ? options->private_key_path
				  : options->certificate_path;

	int r = check_readable("certificate", options->certificate_path, ret_error);

	if (r == 0)
		r = check_readable("private_key", key, ret_error);
	if (r < 0)
		return r;
	if (SSL_CTX_use_certificate_chain_file(context, options->certificate_path) != 1)
		return fail(ret_error, "certificate", options->certificate_path);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return fail(ret_error, "private_key", key);
	if (SSL_CTX_check_private_key(context) != 1)
		return fail(ret_error, "private_key does not belong to the certificate", key);
	if (!tie_sessions_to_certificate(context))
		return fail(ret_error, "certificate", options->certificate_path);
	return 0;
}

static int choose_ciphers(SSL_CTX *context, const struct tls_server_options *options,
			  struct tls_error *ret_error)
{
	const char *ciphers =
		options->ciphers && *options->ciphers ? options->ciphers : DEFAULT_CIPHERS;

	if (SSL_CTX_set_min_proto_version(context, options->minimum_version) != 1)
		return fail(ret_error, "tls_minimum", "");
	if (SSL_CTX_set_cipher_list(context, ciphers) != 1)
		return fail(ret_error, "tls_ciphers", ciphers);
	if (options->ciphersuites && *options->ciphersuites &&
	    SSL_CTX_set_ciphersuites(context, options->ciphersuites) != 1)
		return fail(ret_error, "tls_ciphersuites", options->ciphersuites);
	return 0;
}

static int configure(SSL_CTX *context, const struct tls_server_options *options,
		     const struct tls_certificate_options *certificate, struct tls_error *ret_error)
{
	SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE |
					     SSL_OP_PRIORITIZE_CHACHA);
	/* A parked session holds no record buffers. */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_dh_auto(context, 1);
	SSL_CTX_set_timeout(context, TICKET_LIFETIME_S);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(context, SESSION_CACHE_SIZE);
	SSL_CTX_set_client_hello_cb(context, choose_host, NULL);
	if (SSL_CTX_set_tlsext_servername_callback(context, acknowledge_name) != 1 ||
	    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, seal_ticket) != 1 ||
	    SSL_CTX_set_session_ticket_cb(context, stamp_ticket, judge_ticket, NULL) != 1)
		return fail(ret_error, "tickets", "");

	if (options->tickets > 0)
		(void)SSL_CTX_set_num_tickets(context, options->tickets); /* cannot fail */

	int r = choose_ciphers(context, options, ret_error);
	return r < 0 ? r : load_certificate(context, certificate, ret_error);
}

static int fail_memory(struct tls_error *ret_error)
{
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "not enough memory");
	return -EINVAL;
}

static int add_context(struct tls_server *server, const struct tls_server_options *options,
		       const struct tls_certificate_options *certificate,
		       struct tls_error *ret_error)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context)
		return fail_memory(ret_error);
	server->contexts[server->n_contexts++] = context;
	SSL_CTX_set_app_data(context, server);
	return configure(context, options, certificate, ret_error);
}

static int add_host(struct tls_server *server, const struct tls_server_options *options,
		    const struct tls_certificate_options *certificate, struct tls_error *ret_error)
{
	if (certificate->certificate_path && *certificate->certificate_path)
		return add_context(server, options, certificate, ret_error);
	(void)SSL_CTX_up_ref(server->contexts[0]);
	server->contexts[server->n_contexts++] = server->contexts[0];
	return 0;
}

int tls_server_new(const struct tls_server_options *options, struct tls_server **ret,
		   struct tls_error *ret_error)
{
	struct tls_server *server =
		calloc(1, sizeof(*server) + (1 + options->n_hosts) * sizeof(server->contexts[0]));

	if (server)
		server->ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (!server || !server->ticket_cipher || binding_index() < 0) {
		tls_server_free(&server);
		return fail_memory(ret_error);
	}
	server->keys = options->ticket_keys;
	server->find_host = options->find_host;
	server->find_host_arg = options->find_host_arg;

	int r = add_context(server, options, &options->certificate, ret_error);

	for (size_t i = 0; r == 0 && i < options->n_hosts; i++)
		r = add_host(server, options, &options->hosts[i], ret_error);
	if (r < 0) {
		tls_server_free(&server);
		return r;
	}
	*ret = server;
	return 0;
}

void tls_server_free(struct tls_server **server)
{
	if (*server) {
		for (size_t i = 0; i < (*server)->n_contexts; i++)
			SSL_CTX_free((*server)->contexts[i]);
		EVP_CIPHER_free((*server)->ticket_cipher);
		explicit_bzero(&(*server)->keys, sizeof((*server)->keys));
		free(*server);
	}
	*server = NULL;
}

/* SSL_read(3) does not tell how much of what had come it has taken. BIO_set_callback_ex(3): what
 * is returned replaces what the operation has returned. */
static long note_read(BIO *bio, int operation, const char *bytes UNUSED, size_t room,
		      int argi UNUSED, long argl UNUSED, int result, size_t *processed)
{
	struct tls_binding *binding = (struct tls_binding *)BIO_get_callback_arg(bio);

	if (operation == (BIO_CB_READ | BIO_CB_RETURN))
		binding->has_read_all = result <= 0 || *processed < room;
	return result;
}

SSL *tls_server_connection(struct tls_server *server, int fd, struct tls_binding *binding)
{
	/* All begin with the default host, whose cache of session ids then serves every host. */
	SSL *ssl = SSL_new(server->contexts[0]);

	if (!ssl)
		return NULL;
	if (!SSL_set_SSL_CTX(ssl, server->contexts[binding->host]) ||
	    SSL_set_ex_data(ssl, binding_index(), binding) != 1 || SSL_set_fd(ssl, fd) != 1 ||
	    (binding->is_data && SSL_set_num_tickets(ssl, 0) != 1)) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_read_ahead(ssl, binding->reads_ahead);
	if (!binding->is_data) {
		BIO_set_callback_ex(SSL_get_rbio(ssl), note_read);
		BIO_set_callback_arg(SSL_get_rbio(ssl), (char *)binding);
	}
	if (binding->tolerates_bare_end)
		SSL_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_set_accept_state(ssl);
	return ssl;
}

void tls_server_finish(SSL *ssl, struct tls_binding *binding)
{
	SSL_SESSION *session = SSL_get_session(ssl);

	/* A ticket that was good in itself may have been of another certificate. */
	if (!SSL_session_reused(ssl))
		binding->has_parent = binding->is_bound = false;
	if (SSL_version(ssl) >= TLS1_3_VERSION || !session)
		return;
	if (SSL_session_reused(ssl)) {
		if (!binding->has_parent && !binding->is_bound)
			(void)note_resumption(binding, session);
	} else if (!binding->is_data) {
		/* Kept in the cache of session ids, for clients without tickets. */
		(void)SSL_SESSION_set1_ticket_appdata(session, binding->identity.bytes,
						      sizeof(binding->identity.bytes));
	}
}

char *tls_server_certificates(const struct tls_server *server, unsigned host)
{
	SSL_CTX *context = server->contexts[host];
	STACK_OF(X509) *chain = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL, *copy = NULL;
	bool is_good = bio && PEM_write_bio_X509(bio, SSL_CTX_get0_certificate(context)) == 1 &&
		       SSL_CTX_get0_chain_certs(context, &chain) == 1;

	for (int i = 0; is_good && i < sk_X509_num(chain); i++)
		is_good = PEM_write_bio_X509(bio, sk_X509_value(chain, i)) == 1;
	if (is_good) {
		long len = BIO_get_mem_data(bio, &bytes);

		copy = text_dup((struct text){ bytes, len > 0 ? (size_t)len : 0 });
	}
	BIO_free(bio);
	return copy;
}
