/* ftp/digest.c - see digest.h. */
#include "ftp/digest.h"

#include <openssl/evp.h>
#include <zlib.h>

struct digest {
	EVP_MD_CTX *context; /* NULL for CRC32 */
	uLong crc;
};

static const char *const names[DIGEST_KINDS] = {
	[DIGEST_CRC32] = "CRC32",    [DIGEST_MD5] = "MD5",	  [DIGEST_SHA1] = "SHA-1",
	[DIGEST_SHA256] = "SHA-256", [DIGEST_SHA512] = "SHA-512",
};

const char *digest_name(enum digest_kind kind)
{
	return names[kind];
}

int digest_find(struct text name, enum digest_kind *ret)
{
	for (size_t i = 0; i < DIGEST_KINDS; i++) {
		if (text_equal_nocase(name, text_of(names[i]))) {
			*ret = (enum digest_kind)i;
			return 0;
		}
	}
	return -ENOENT;
}

static const EVP_MD *algorithm(enum digest_kind kind)
{
	switch (kind) {
	case DIGEST_MD5:
		return EVP_md5();
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA256:
		return EVP_sha256();
	case DIGEST_SHA512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

struct digest *digest_new(enum digest_kind kind)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (!digest)
		return NULL;
	if (kind == DIGEST_CRC32) {
		digest->crc = crc32(0, NULL, 0);
		return digest;
	}
	digest->context = EVP_MD_CTX_new();
	if (!digest->context || EVP_DigestInit_ex(digest->context, algorithm(kind), NULL) != 1)
		digest_free(&digest);
	return digest;
}

void digest_free(struct digest **digest)
{
	if (*digest)
		EVP_MD_CTX_free((*digest)->context);
	free(*digest);
	*digest = NULL;
}

void digest_add(struct digest *digest, const void *data, size_t len)
{
	if (digest->context)
		(void)EVP_DigestUpdate(digest->context, data, len); /* fails for no input */
	else
		digest->crc = crc32_z(digest->crc, data, len);
}

void digest_finish(struct digest *digest, struct buf *out)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!digest->context) {
		buf_addf(out, "%08lX", digest->crc);
		return;
	}
	(void)EVP_DigestFinal_ex(digest->context, bytes, &n);
	for (unsigned i = 0; i < n; i++)
		buf_addf(out, "%02x", bytes[i]);
}
