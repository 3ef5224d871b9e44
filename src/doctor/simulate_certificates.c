/* doctor/simulate_certificates.c - see simulate_certificates.h. Source: OpenSSL's X509(3) pages. */
#include "doctor/simulate_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#define DAY_S (24L * 3600)

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

static void identity_release(struct identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->certificate);
	*identity = (struct identity){ NULL, NULL };
}

static bool add_extension(X509 *certificate, X509 *issuer, int kind, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
	bool is_added = extension && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return is_added;
}

static bool add_names(X509 *certificate, X509 *issuer, const char *const names[])
{
	char storage[2048];
	struct buf value;
	struct address address;

	buf_init(&value, storage, sizeof(storage));
	for (size_t i = 0; names[i]; i++)
		buf_addf(&value, "%s%s:%s", i > 0 ? "," : "",
			 address_parse(text_of(names[i]), &address) == 0 ? "IP" : "DNS", names[i]);
	return !value.has_overflowed &&
	       add_extension(certificate, issuer, NID_subject_alt_name, storage);
}

static bool set_validity(X509 *certificate, long first_day, long last_day)
{
	return X509_gmtime_adj(X509_getm_notBefore(certificate), first_day * DAY_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), last_day * DAY_S);
}

static bool set_name(X509 *certificate, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
					  -1, -1, 0) == 1;
}

/* issuer NULL: it signs itself. names NULL: it is an authority. */
static int identity_make(struct identity *ret, const char *name, const struct identity *issuer,
			 const char *const names[], bool is_expired)
{
	struct identity made = { EVP_EC_gen("P-256"), X509_new() };
	unsigned char serial[8];
	X509 *certificate = made.certificate;

	if (!issuer)
		issuer = &made;
	bool is_good =
		made.key && certificate && RAND_bytes(serial, sizeof(serial)) == 1 &&
		X509_set_version(certificate, X509_VERSION_3) == 1 &&
		ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate),
					(uint64_t)serial[0] << 40 | (uint64_t)serial[1] << 32 |
						(uint64_t)serial[2] << 24 | serial[3]) == 1 &&
		set_validity(certificate, is_expired ? -90 : -1, is_expired ? -30 : 30) &&
		X509_set_pubkey(certificate, made.key) == 1 && set_name(certificate, name) &&
		X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) ==
			1 &&
		add_extension(certificate, issuer->certificate, NID_basic_constraints,
			      names ? "critical,CA:FALSE" : "critical,CA:TRUE") &&
		add_extension(certificate, issuer->certificate, NID_key_usage,
			      names ? "critical,digitalSignature"
				    : "critical,keyCertSign,cRLSign") &&
		add_extension(certificate, issuer->certificate, NID_subject_key_identifier,
			      "hash") &&
		(!names || add_names(certificate, issuer->certificate, names)) &&
		X509_sign(certificate, issuer->key, EVP_sha256()) > 0;
	if (!is_good) {
		identity_release(&made);
		return -ENOMEM;
	}
	*ret = made;
	return 0;
}

static int write_certificate(const char *path, X509 *certificate)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	bool is_written = PEM_write_X509(file, certificate) == 1;
	if (fclose(file) != 0 || !is_written)
		return errno ? -errno : -EIO;
	return 0;
}

/* A context that shows the leaf, and the intermediate unless that is NULL. */
static int make_context(SSL_CTX **ret, const struct identity *leaf, X509 *intermediate)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	static const unsigned char id[] = "sallyport simulate";

	bool is_good = context && SSL_CTX_use_certificate(context, leaf->certificate) == 1 &&
		       SSL_CTX_use_PrivateKey(context, leaf->key) == 1 &&
		       SSL_CTX_set_session_id_context(context, id, sizeof(id) - 1) == 1 &&
		       (!intermediate || SSL_CTX_add1_chain_cert(context, intermediate) == 1);
	if (!is_good) {
		SSL_CTX_free(context);
		return -ENOMEM;
	}
	/* Old clients close without a word; that is theirs to say, not ours to judge. */
	(void)SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	*ret = context;
	return 0;
}

struct authority {
	struct identity root, intermediate, leaf, other;
};

static int make_authority(struct authority *a, enum simulate_tls kind, const char *const names[])
{
	static const char *const other_names[] = { "other.example.net", NULL };
	const char *const *shown = kind == TLS_OTHER_NAME ? other_names : names;
	int r = identity_make(&a->root, "Simulated inspection authority", NULL, NULL, false);

	if (r == 0)
		r = identity_make(&a->intermediate, "Simulated intermediate", &a->root, NULL,
				  false);
	if (r == 0)
		r = identity_make(&a->leaf, shown[0],
				  kind == TLS_SELF_SIGNED ? NULL : &a->intermediate, shown,
				  kind == TLS_EXPIRED);
	if (r == 0 && kind == TLS_OTHER_ON_DATA)
		r = identity_make(&a->other, names[0], &a->intermediate, names, false);
	return r;
}

static int make_contexts(struct certificates *ret, enum simulate_tls kind,
			 const struct authority *a)
{
	bool sends_chain = kind != TLS_INCOMPLETE && kind != TLS_SELF_SIGNED;
	X509 *chain = sends_chain ? a->intermediate.certificate : NULL;
	int r = make_context(&ret->control, &a->leaf, chain);

	if (r == 0 && kind == TLS_OTHER_ON_DATA) {
		r = make_context(&ret->data, &a->other, chain);
	} else if (r == 0) {
		(void)SSL_CTX_up_ref(ret->control);
		ret->data = ret->control;
	}
	if (r == 0 && kind == TLS_WANTS_CLIENT)
		SSL_CTX_set_verify(ret->control, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
	ret->server = SSL_CTX_new(TLS_client_method());
	if (r == 0 && !ret->server)
		r = -ENOMEM;
	if (ret->server)
		(void)SSL_CTX_set_session_cache_mode(
			ret->server, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	return r;
}

int certificates_make(struct certificates *ret, enum simulate_tls kind, const char *const names[],
		      const char *ca_path)
{
	struct authority authority = { 0 };
	struct certificates made = { 0 };
	int r = make_authority(&authority, kind, names);

	if (r == 0 && ca_path)
		r = write_certificate(ca_path, authority.root.certificate);
	if (r == 0)
		r = make_contexts(&made, kind, &authority);
	identity_release(&authority.root);
	identity_release(&authority.intermediate);
	identity_release(&authority.leaf);
	identity_release(&authority.other);
	if (r < 0)
		certificates_release(&made);
	else
		*ret = made;
	return r;
}

void certificates_release(struct certificates *certificates)
{
	SSL_CTX_free(certificates->control);
	SSL_CTX_free(certificates->data);
	SSL_CTX_free(certificates->server);
	*certificates = (struct certificates){ NULL, NULL, NULL };
}
