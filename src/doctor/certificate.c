/* doctor/certificate.c - what a TLS handshake told: version, cipher, certificates, and what is
 * wrong with them; see probe.h. Source: SSL_get_peer_cert_chain(3), X509_check_host(3), RFC 5246
 * 7.4.2 (the leaf first, each certified by the next), RFC 5280 4.2.2.1 (where the issuer's is). */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "doctor/probe.h"

static void name_text(const X509_NAME *name, char *ret, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;

	*ret = '\0';
	if (!bio)
		return;
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		long len = BIO_get_mem_data(bio, &bytes);

		evidence_text((struct text){ bytes, (size_t)len }, ret, size);
	}
	BIO_free(bio);
}

/* The common name, or the organisation where there is none. */
static void short_name(const X509_NAME *name, char *ret, size_t size)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	*ret = '\0';
	if (at < 0)
		at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
	if (at < 0)
		return;

	unsigned char *bytes = NULL;
	int len = ASN1_STRING_to_UTF8(&bytes,
				      X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len >= 0)
		evidence_text((struct text){ (const char *)bytes, (size_t)len }, ret, size);
	OPENSSL_free(bytes);
}

static int64_t seconds_of(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void add_ip(struct buf *out, const ASN1_OCTET_STRING *bytes)
{
	const unsigned char *data = ASN1_STRING_get0_data(bytes);
	char shown[ADDRESS_TEXT_SIZE];
	struct address address = { 0 };

	if (ASN1_STRING_length(bytes) == 4)
		address = address_from_v4(data, 0);
	else if (ASN1_STRING_length(bytes) == 16)
		memcpy(address.ip, data, sizeof(address.ip));
	else
		return;
	buf_addf(out, "IP:%s", address_format_ip(&address, shown));
}

static void names_text(X509 *certificate, char *ret, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	char storage[EVIDENCE_NAMES];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (out.len > 0)
			buf_add(&out, T(", "));
		if (name->type == GEN_DNS)
			buf_addf(&out, "DNS:%.*s", ASN1_STRING_length(name->d.dNSName),
				 ASN1_STRING_get0_data(name->d.dNSName));
		else if (name->type == GEN_IPADD)
			add_ip(&out, name->d.iPAddress);
	}
	evidence_text(buf_text(&out), ret, size);
	GENERAL_NAMES_free(names);
}

static void issuer_url(X509 *certificate, char *ret, size_t size)
{
	AUTHORITY_INFO_ACCESS *list = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(list); i++) {
		const ACCESS_DESCRIPTION *access = sk_ACCESS_DESCRIPTION_value(list, i);
		const ASN1_IA5STRING *url = access->location->d.uniformResourceIdentifier;

		if (OBJ_obj2nid(access->method) == NID_ad_ca_issuers &&
		    access->location->type == GEN_URI)
			evidence_text((struct text){ (const char *)ASN1_STRING_get0_data(url),
						     (size_t)ASN1_STRING_length(url) },
				      ret, size);
	}
	AUTHORITY_INFO_ACCESS_free(list);
}

static void fingerprint_text(const X509 *certificate, char ret[static 72])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf out;

	buf_init(&out, ret, 72);
	if (!certificate || X509_digest(certificate, EVP_sha256(), digest, &len) != 1)
		return;
	for (unsigned i = 0; i < len; i++)
		buf_addf(&out, "%02x", digest[i]);
}

void peer_fingerprint(const SSL *ssl, char ret[static 72])
{
	fingerprint_text(SSL_get0_peer_certificate(ssl), ret);
}

static void describe(X509 *certificate, struct certificate *ret)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
	const X509_NAME *subject = X509_get_subject_name(certificate);
	const X509_NAME *issuer = X509_get_issuer_name(certificate);

	name_text(subject, ret->subject, sizeof(ret->subject));
	name_text(issuer, ret->issuer, sizeof(ret->issuer));
	short_name(subject, ret->common_name, sizeof(ret->common_name));
	short_name(issuer, ret->issuer_name, sizeof(ret->issuer_name));
	names_text(certificate, ret->names, sizeof(ret->names));
	issuer_url(certificate, ret->issuer_url, sizeof(ret->issuer_url));
	fingerprint_text(certificate, ret->fingerprint);
	ret->not_before_s = seconds_of(X509_get0_notBefore(certificate));
	ret->not_after_s = seconds_of(X509_get0_notAfter(certificate));
	(void)snprintf(ret->key_type, sizeof(ret->key_type), "%s", type ? type : "");
	ret->key_bits = key ? (uint32_t)EVP_PKEY_get_bits(key) : 0;
	(void)snprintf(ret->signature, sizeof(ret->signature), "%s",
		       OBJ_nid2sn(X509_get_signature_nid(certificate)));
	ret->is_authority = X509_check_ca(certificate) == 1;
	ret->is_self_signed = X509_check_issued(certificate, certificate) == X509_V_OK && key &&
			      X509_verify(certificate, key) == 1;
}

/* The certificate among those sent that issued this one; NULL: none. */
static X509 *find_issuer(STACK_OF(X509) * chain, X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *other = sk_X509_value(chain, i);

		if (other != certificate && X509_check_issued(other, certificate) == X509_V_OK)
			return other;
	}
	return NULL;
}

static bool store_has_issuer(X509_STORE *store, X509 *certificate)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509 *issuer = NULL;
	bool has = false;

	if (context && X509_STORE_CTX_init(context, store, certificate, NULL) == 1)
		has = X509_STORE_CTX_get1_issuer(&issuer, context, certificate) == 1;
	X509_free(issuer);
	X509_STORE_CTX_free(context);
	return has;
}

/* Follows the issuers from the leaf on, in whatever order they were sent, up to an authority that
 * we know; one that signed itself is an end as well. */
static void follow_chain(STACK_OF(X509) * chain, X509_STORE *store, struct handshake *ret)
{
	X509 *certificate = sk_X509_value(chain, 0);

	for (int at = 0; certificate && at <= sk_X509_num(chain); at++) {
		if (X509_check_issued(certificate, certificate) == X509_V_OK ||
		    store_has_issuer(store, certificate))
			return;
		X509 *issuer = find_issuer(chain, certificate);
		if (!issuer) {
			ret->is_incomplete = true;
			short_name(X509_get_issuer_name(certificate), ret->missing_issuer,
				   sizeof(ret->missing_issuer));
			return;
		}
		ret->is_unordered |= issuer != sk_X509_value(chain, at + 1);
		certificate = issuer;
	}
}

static void check_chain(const struct doctor *doctor, const SSL *ssl, struct tls_client *client,
			struct handshake *ret)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	X509 *leaf = sk_X509_value(chain, 0);
	const struct target *target = &doctor->evidence->target;

	for (int i = 0; i < sk_X509_num(chain) && ret->n_chain < EVIDENCE_CHAIN; i++)
		describe(sk_X509_value(chain, i), &ret->chain[ret->n_chain++]);
	if (!leaf)
		return;
	ret->name_matches =
		target->is_address
			? X509_check_ip_asc(leaf, target->host, 0) == 1
			: X509_check_host(leaf, target->host, strlen(target->host), 0, NULL) == 1;
	follow_chain(chain, tls_client_store(client), ret);
}

void probe_handshake(const struct doctor *doctor, const struct stream *stream,
		     struct tls_client *client, const struct tls_peer *peer, struct handshake *ret)
{
	const SSL *ssl = stream->ssl;

	ret->alert = peer->alert;
	ret->wants_client_certificate = peer->wants_certificate;
	if (peer->name)
		(void)snprintf(ret->sni, sizeof(ret->sni), "%s", peer->name);
	if (!ssl)
		return;
	ret->received_bytes = BIO_number_read(SSL_get_rbio(ssl));
	if (ret->outcome == NET_OK) {
		const char *group =
			SSL_group_to_name((SSL *)(uintptr_t)ssl,
					  (int)SSL_get_negotiated_group((SSL *)(uintptr_t)ssl));

		(void)snprintf(ret->version, sizeof(ret->version), "%s", SSL_get_version(ssl));
		(void)snprintf(ret->cipher, sizeof(ret->cipher), "%s", SSL_get_cipher_name(ssl));
		(void)snprintf(ret->group, sizeof(ret->group), "%s", group ? group : "");
		ret->is_resumed = SSL_session_reused(ssl);
		ret->verify_error = (int)peer->verify_error;
		if (peer->verify_error != X509_V_OK)
			(void)snprintf(ret->verify_text, sizeof(ret->verify_text), "%s",
				       X509_verify_cert_error_string(peer->verify_error));
	}
	check_chain(doctor, ssl, client, ret);
	ERR_clear_error();
}
