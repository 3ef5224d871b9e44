/* net/certificate_bundle.c - see certificate_bundle.h. */
#include "net/certificate_bundle.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/buf.h"
#include "net/address.h"
#include "net/host_name.h"

#define RSA_LEAST_BITS 2048
#define EC_LEAST_BITS 224
#define SOON_DAYS 21
#define DAY_MS ((int64_t)24 * 3600 * 1000)

struct certificate_bundle {
	X509 *leaf;
	STACK_OF(X509) * rest; /* its chain in order, without what does not belong to it */
	EVP_PKEY *key;	       /* NULL: none was given */
	bool was_out_of_order;
	size_t n_unused;
};

void certificate_bundle_free(struct certificate_bundle **bundle)
{
	struct certificate_bundle *b = *bundle;

	if (!b)
		return;
	X509_free(b->leaf);
	sk_X509_pop_free(b->rest, X509_free);
	EVP_PKEY_free(b->key);
	free(b);
	*bundle = NULL;
}

bool certificate_bundle_has_key(const struct certificate_bundle *bundle)
{
	return bundle->key != NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int refuse(struct certificate_problem *problem, const char *id, const char *detail)
{
	*problem = (struct certificate_problem){ .id = id, .is_serious = true };
	(void)snprintf(problem->detail, sizeof(problem->detail), "%s", detail);
	return -EINVAL;
}

/* Nobody is asked for the password of a key. */
static int no_password(char *storage UNUSED, int size UNUSED, int writes UNUSED, void *arg UNUSED)
{
	return 0;
}

static BIO *open_text(struct text in)
{
	return in.len <= INT32_MAX ? BIO_new_mem_buf(in.ptr ? in.ptr : "", (int)in.len) : NULL;
}

static STACK_OF(X509) * read_certificates(struct text in)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	BIO *bio = open_text(in);
	X509 *one;

	while (bio && all && sk_X509_num(all) <= CERTIFICATE_CHAIN_MAX &&
	       (one = PEM_read_bio_X509(bio, NULL, no_password, NULL)))
		if (sk_X509_push(all, one) == 0)
			X509_free(one);
	BIO_free(bio);
	ERR_clear_error();
	return all;
}

static EVP_PKEY *read_key(struct text in)
{
	BIO *bio = open_text(in);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static bool contains(struct text in, const char *words)
{
	return in.ptr && memmem(in.ptr, in.len, words, strlen(words)) != NULL;
}

/* Its first certificate that the key belongs to; the first of all when there is no key. */
static int find_leaf(const STACK_OF(X509) * all, EVP_PKEY *key)
{
	for (int i = 0; i < sk_X509_num(all); i++)
		if (!key || X509_check_private_key(sk_X509_value(all, i), key) == 1)
			return i;
	ERR_clear_error();
	return -1;
}

static bool is_self_issued(X509 *one)
{
	return X509_self_signed(one, 0) == 1;
}

/* Moves the leaf and then issuer by issuer out of all. */
static int put_in_order(struct certificate_bundle *bundle, STACK_OF(X509) * all, int leaf)
{
	bundle->was_out_of_order = leaf != 0;
	bundle->leaf = sk_X509_delete(all, leaf);
	for (X509 *last = bundle->leaf; !is_self_issued(last);) {
		int next = -1;

		for (int i = 0; next < 0 && i < sk_X509_num(all); i++)
			if (X509_check_issued(sk_X509_value(all, i), last) == X509_V_OK)
				next = i;
		if (next < 0)
			break;
		bundle->was_out_of_order = bundle->was_out_of_order || next != 0;
		last = sk_X509_delete(all, next);
		if (sk_X509_push(bundle->rest, last) == 0) {
			X509_free(last);
			return -ENOMEM;
		}
	}
	bundle->n_unused = (size_t)sk_X509_num(all);
	ERR_clear_error();
	return 0;
}

static int fill(struct certificate_bundle *bundle, STACK_OF(X509) * all, struct text key,
		struct certificate_problem *problem)
{
	if (sk_X509_num(all) == 0)
		return refuse(
			problem, "not-pem",
			"There is no certificate in it: a PEM text is wanted, with lines such "
			"as -----BEGIN CERTIFICATE-----.");
	if (sk_X509_num(all) > CERTIFICATE_CHAIN_MAX)
		return refuse(problem, "too-many",
			      "There are too many certificates in it: the server's own and its "
			      "chain are wanted.");
	if (contains(key, "PRIVATE KEY")) {
		if (contains(key, "ENCRYPTED"))
			return refuse(
				problem, "encrypted-key",
				"The private key is protected by a password, which a server "
				"that starts by itself cannot type; take it off: openssl pkey "
				"-in key.pem -out plain.pem");
		bundle->key = read_key(key);
		if (!bundle->key)
			return refuse(problem, "bad-key", "The private key cannot be read.");
	} else if (key.len > 0) {
		return refuse(
			problem, "no-key",
			"There is no private key in it: a PEM text is wanted, with a line such "
			"as -----BEGIN PRIVATE KEY-----.");
	}
	int leaf = find_leaf(all, bundle->key);

	if (leaf < 0)
		return refuse(problem, "key",
			      "The private key does not belong to any of the certificates.");
	return put_in_order(bundle, all, leaf);
}

int certificate_bundle_parse(struct text certificates, struct text key,
			     struct certificate_bundle **ret,
			     struct certificate_problem *ret_problem)
{
	struct certificate_bundle *bundle = calloc(1, sizeof(*bundle));
	STACK_OF(X509) *all = read_certificates(certificates);
	int r = -ENOMEM;

	*ret_problem = (struct certificate_problem){ .id = "memory" };
	if (bundle)
		bundle->rest = sk_X509_new_null();
	if (key.len == 0 && contains(certificates, "PRIVATE KEY"))
		key = certificates;
	if (bundle && bundle->rest && all)
		r = fill(bundle, all, key, ret_problem);
	sk_X509_pop_free(all, X509_free);
	if (r < 0) {
		certificate_bundle_free(&bundle);
		return r;
	}
	*ret = bundle;
	return 0;
}

/* --- judging ---------------------------------------------------------------------------------- */

static void add_problem(struct certificate_facts *facts, const char *id, bool is_serious,
			const char *format, ...) PRINTF_LIKE(4, 5);

static void add_problem(struct certificate_facts *facts, const char *id, bool is_serious,
			const char *format, ...)
{
	va_list args;

	if (facts->n_problems == CERTIFICATE_PROBLEMS_MAX)
		return;
	struct certificate_problem *problem = &facts->problems[facts->n_problems++];

	*problem = (struct certificate_problem){ .id = id, .is_serious = is_serious };
	va_start(args, format);
	(void)vsnprintf(problem->detail, sizeof(problem->detail), format, args);
	va_end(args);
}

static int64_t time_ms(const ASN1_TIME *time)
{
	struct tm parts;

	return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : 0;
}

/* RFC 4514, "CN=ftp.example.com,O=Example"; what is not printable is escaped. */
static void format_name(const X509_NAME *name, char ret[static CERTIFICATE_NAME_SIZE])
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct text text = T("");
	char *bytes = NULL;

	if (bio &&
	    X509_NAME_print_ex(bio, name, 0,
			       (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)) >= 0) {
		long len = BIO_get_mem_data(bio, &bytes);

		text = (struct text){ bytes, len > 0 ? (size_t)len : 0 };
	}
	text.len = MIN_OF(text.len, (size_t)CERTIFICATE_NAME_SIZE - 1);
	while (text.len > 0 && !text_is_utf8(text))
		text.len--;
	(void)!text_copy(text, ret, CERTIFICATE_NAME_SIZE);
	BIO_free(bio);
}

static void format_key(X509 *leaf, char *ret, size_t size)
{
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	char group[24] = "";
	const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;

	if (!type)
		(void)snprintf(ret, size, "unknown");
	else if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
		(void)snprintf(ret, size, "%s %s", type,
			       strcmp(group, "prime256v1") == 0	 ? "P-256"
			       : strcmp(group, "secp384r1") == 0 ? "P-384"
			       : strcmp(group, "secp521r1") == 0 ? "P-521"
								 : group);
	else if (strcmp(type, "RSA") == 0)
		(void)snprintf(ret, size, "RSA %d", EVP_PKEY_get_bits(key));
	else
		(void)snprintf(ret, size, "%s", type);
	ERR_clear_error();
}

static void format_names(X509 *leaf, char *ret, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	struct buf out;

	buf_init(&out, ret, size);
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const char *separator = out.len > 0 ? ", " : "";
		char text[ADDRESS_TEXT_SIZE];
		struct address address = { .port = 0 };

		if (name->type == GEN_DNS) {
			struct text dns = {
				(const char *)ASN1_STRING_get0_data(name->d.dNSName),
				(size_t)ASN1_STRING_length(name->d.dNSName),
			};
			if (text_is_utf8(dns) && text_find(dns, '\0') < 0)
				buf_addf(&out, "%s%.*s", separator, TEXT_ARG(dns));
		} else if (name->type == GEN_IPADD) {
			const uint8_t *ip = ASN1_STRING_get0_data(name->d.iPAddress);
			int len = ASN1_STRING_length(name->d.iPAddress);

			if (len == 4)
				address = address_from_v4(ip, 0);
			else if (len == 16)
				memcpy(address.ip, ip, 16);
			if (len == 4 || len == 16)
				buf_addf(&out, "%s%s", separator,
					 address_format_ip(&address, text));
		}
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
}

static void format_numbers(X509 *leaf, struct certificate_facts *facts)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
	char *hex = number ? BN_bn2hex(number) : NULL;
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf out;

	(void)snprintf(facts->serial, sizeof(facts->serial), "%.60s", hex ? hex : "");
	OPENSSL_free(hex);
	BN_free(number);
	buf_init(&out, facts->fingerprint, sizeof(facts->fingerprint));
	if (X509_digest(leaf, EVP_sha256(), digest, &len) == 1)
		for (unsigned i = 0; i < len; i++)
			buf_addf(&out, "%s%02X", i > 0 ? ":" : "", digest[i]);
}

static void add_link(struct certificate_facts *facts, X509 *one, int64_t now_ms)
{
	if (facts->n_chain == CERTIFICATE_CHAIN_MAX)
		return;
	struct certificate_link *link = &facts->chain[facts->n_chain++];

	format_name(X509_get_subject_name(one), link->subject);
	format_name(X509_get_issuer_name(one), link->issuer);
	link->not_after_ms = time_ms(X509_get0_notAfter(one));
	link->is_self_signed = is_self_issued(one);
	if (link->not_after_ms < now_ms)
		(void)snprintf(link->problem, sizeof(link->problem), "expired");
	else if (time_ms(X509_get0_notBefore(one)) > now_ms)
		(void)snprintf(link->problem, sizeof(link->problem), "not yet valid");
	ERR_clear_error();
}

static void judge_dates(struct certificate_facts *facts, int64_t now_ms)
{
	int64_t left_days = (facts->not_after_ms - now_ms) / DAY_MS;

	if (facts->not_after_ms < now_ms)
		add_problem(facts, "expired", true, "The certificate expired %d days ago.",
			    (int)-left_days);
	else if (facts->not_before_ms > now_ms)
		add_problem(
			facts, "not-yet-valid", true,
			"The certificate is not valid yet: it begins in %d days (or the clock of "
			"this machine is wrong).",
			(int)((facts->not_before_ms - now_ms) / DAY_MS) + 1);
	else if (left_days < SOON_DAYS)
		add_problem(facts, "expiring", false, "The certificate expires in %d days.",
			    (int)left_days);
	for (size_t i = 1; i < facts->n_chain; i++)
		if (*facts->chain[i].problem)
			add_problem(facts, "chain-dates", true,
				    "The certificate of %s in the chain is %s.",
				    facts->chain[i].subject, facts->chain[i].problem);
}

static void judge_key(X509 *leaf, struct certificate_facts *facts)
{
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	int bits = key ? EVP_PKEY_get_bits(key) : 0, digest = NID_undef;
	bool is_rsa = key && EVP_PKEY_is_a(key, "RSA") == 1;
	bool is_dsa = key && EVP_PKEY_is_a(key, "DSA") == 1;

	if (is_dsa || bits < (is_rsa ? RSA_LEAST_BITS : EC_LEAST_BITS))
		add_problem(
			facts, "weak-key", true,
			"The key (%s) is too weak: clients refuse it; RSA from 2048 bits on, or "
			"EC P-256, is wanted.",
			facts->key);
	if (X509_get_signature_info(leaf, &digest, NULL, NULL, NULL) == 1 &&
	    (digest == NID_sha1 || digest == NID_md5) && !facts->is_self_signed)
		add_problem(facts, "weak-signature", true,
			    "The certificate is signed with %s, which clients refuse.",
			    OBJ_nid2sn(digest));
	ERR_clear_error();
}

static void judge_names(X509 *leaf, const char *const *names, size_t n_names,
			struct certificate_facts *facts)
{
	struct address address;

	for (size_t i = 0; i < n_names; i++) {
		bool is_address = address_parse(text_of(names[i]), &address) == 0;
		int fits = is_address ? X509_check_ip_asc(leaf, names[i], 0)
				      : X509_check_host(leaf, names[i], 0, 0, NULL);

		if (fits != 1)
			add_problem(facts, "name", true,
				    "The certificate is not for %.200s, which clients use; it is "
				    "for: %.200s.",
				    names[i], *facts->names ? facts->names : "no name at all");
	}
	ERR_clear_error();
}

/* What OpenSSL says of the way from the certificate to an authority, dates apart. */
static void judge_verdict(struct certificate_facts *facts, int verdict, X509 *at)
{
	facts->is_chain_complete = true;
	switch (verdict) {
	case X509_V_OK:
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		add_problem(facts, "self-signed", false,
			    "The certificate is signed by itself: clients warn of it, or refuse it "
			    "unless they are told to trust it.");
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		add_problem(facts, "private-authority", false,
			    "The chain ends at an authority that this machine does not know: "
			    "clients need its certificate.");
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		facts->is_chain_complete = false;
		format_name(X509_get_issuer_name(at), facts->missing_issuer);
		add_problem(facts, "chain", true,
			    "The chain is not complete: the certificate of %.200s is missing. Add "
			    "it below the server's certificate; authorities offer it as "
			    "\"intermediate\" or within \"fullchain\".",
			    facts->missing_issuer);
		break;
	case X509_V_ERR_INVALID_PURPOSE:
		add_problem(facts, "purpose", true,
			    "The certificate, or one of its chain, is not made for a TLS server.");
		break;
	default:
		add_problem(facts, "chain-broken", true, "The chain does not hold: %s.",
			    X509_verify_cert_error_string(verdict));
	}
}

static void judge_chain(const struct certificate_bundle *bundle, struct certificate_facts *facts)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();

	if (store && context && X509_STORE_set_default_paths(store) == 1 &&
	    X509_STORE_CTX_init(context, store, bundle->leaf, bundle->rest) == 1) {
		X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME);
		(void)X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);

		bool is_good = X509_verify_cert(context) == 1;
		X509 *at = X509_STORE_CTX_get_current_cert(context);

		judge_verdict(facts, is_good ? X509_V_OK : X509_STORE_CTX_get_error(context),
			      at ? at : bundle->leaf);
	}
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	ERR_clear_error();
}

void certificate_bundle_judge(const struct certificate_bundle *bundle, const char *const *names,
			      size_t n_names, int64_t now_ms, struct certificate_facts *ret)
{
	X509 *leaf = bundle->leaf;

	*ret = (struct certificate_facts){ .n_chain = 0 };
	format_name(X509_get_subject_name(leaf), ret->subject);
	format_name(X509_get_issuer_name(leaf), ret->issuer);
	format_names(leaf, ret->names, sizeof(ret->names));
	format_key(leaf, ret->key, sizeof(ret->key));
	format_numbers(leaf, ret);
	ret->not_before_ms = time_ms(X509_get0_notBefore(leaf));
	ret->not_after_ms = time_ms(X509_get0_notAfter(leaf));
	ret->is_self_signed = is_self_issued(leaf);
	add_link(ret, leaf, now_ms);
	for (int i = 0; i < sk_X509_num(bundle->rest); i++)
		add_link(ret, sk_X509_value(bundle->rest, i), now_ms);
	judge_dates(ret, now_ms);
	judge_key(leaf, ret);
	judge_names(leaf, names, n_names, ret);
	judge_chain(bundle, ret);
	if (bundle->was_out_of_order)
		add_problem(ret, "order", false,
			    "The certificates were not in order (the server's first, each followed "
			    "by its issuer): they have been put into it.");
	if (bundle->n_unused > 0)
		add_problem(ret, "unused", false,
			    "%zu of the certificates do not belong to the chain and are left out.",
			    bundle->n_unused);
}

/* --- writing ---------------------------------------------------------------------------------- */

char *certificate_bundle_pem(const struct certificate_bundle *bundle)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool is_good = bio && PEM_write_bio_X509(bio, bundle->leaf) == 1;
	char *bytes = NULL, *copy = NULL;

	for (int i = 0; is_good && i < sk_X509_num(bundle->rest); i++)
		is_good = PEM_write_bio_X509(bio, sk_X509_value(bundle->rest, i)) == 1;
	if (is_good && bundle->key)
		is_good = PEM_write_bio_PKCS8PrivateKey(bio, bundle->key, NULL, NULL, 0, NULL,
							NULL) == 1;
	if (is_good) {
		long len = BIO_get_mem_data(bio, &bytes);

		copy = text_dup((struct text){ bytes, len > 0 ? (size_t)len : 0 });
	}
	BIO_free(bio);
	ERR_clear_error();
	return copy;
}

/* "DNS:a, IP:1.2.3.4", as OpenSSL reads it: each name is one by its own rules before. */
static int format_alternatives(const char *const *names, size_t n_names, struct buf *out)
{
	struct address address;
	char word[HOST_NAME_SIZE];

	for (size_t i = 0; i < n_names; i++) {
		bool is_address = address_parse(text_of(names[i]), &address) == 0;

		if (!is_address && host_name_parse(text_of(names[i]), word) < 0)
			return -EINVAL;
		buf_addf(out, "%s%s:%s", i > 0 ? "," : "", is_address ? "IP" : "DNS",
			 is_address ? names[i] : word);
	}
	return n_names == 0 || out->has_overflowed ? -EINVAL : 0;
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool is_good = extension && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return is_good;
}

static bool make_certificate(X509 *certificate, EVP_PKEY *key, const char *common_name,
			     const char *alternatives, unsigned days)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	uint64_t serial = 0;

	return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
	       X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1 &&
	       X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, NULL) &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, NULL) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					  (const unsigned char *)common_name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, name) == 1 &&
	       X509_set_pubkey(certificate, key) == 1 &&
	       add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
	       add_extension(certificate, NID_subject_alt_name, alternatives) &&
	       X509_sign(certificate, key, EVP_sha256()) > 0;
}

int certificate_bundle_self_sign(const char *const *names, size_t n_names, unsigned days,
				 struct certificate_bundle **ret)
{
	struct certificate_bundle *bundle = calloc(1, sizeof(*bundle));
	char storage[CERTIFICATE_NAMES_SIZE];
	struct buf alternatives;

	if (!bundle)
		return -ENOMEM;
	buf_init(&alternatives, storage, sizeof(storage));

	int r = format_alternatives(names, n_names, &alternatives);

	if (r == 0) {
		char common_name[64 + 1]; /* X.520's limit */

		(void)snprintf(common_name, sizeof(common_name), "%s", names[0]);
		bundle->rest = sk_X509_new_null();
		bundle->leaf = X509_new();
		bundle->key = EVP_EC_gen("P-256");
		if (!bundle->rest || !bundle->leaf || !bundle->key ||
		    !make_certificate(bundle->leaf, bundle->key, common_name, storage, days))
			r = -ENOMEM;
	}
	ERR_clear_error();
	if (r < 0) {
		certificate_bundle_free(&bundle);
		return r;
	}
	*ret = bundle;
	return 0;
}
