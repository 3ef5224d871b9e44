/* accounts/token.c - see token.h. */
#include "accounts/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/random.h"

static void to_hex(const uint8_t bytes[static TOKEN_BYTES], char ret[static TOKEN_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * (size_t)TOKEN_BYTES] = '\0';
}

void token_make(char ret[static TOKEN_SIZE])
{
	uint8_t bytes[TOKEN_BYTES];

	random_bytes(bytes, sizeof(bytes));
	to_hex(bytes, ret);
	explicit_bzero(bytes, sizeof(bytes));
}

void token_hash(struct text token, uint8_t ret[static TOKEN_HASH_SIZE])
{
	unsigned len = 0;

	/* It fails only without SHA-256 or memory: then nothing may match. */
	if (EVP_Digest(token.ptr ? token.ptr : "", token.len, ret, &len, EVP_sha256(), NULL) != 1)
		random_bytes(ret, TOKEN_HASH_SIZE);
}

void token_derive(struct text token, const char *purpose, char ret[static TOKEN_SIZE])
{
	uint8_t digest[TOKEN_BYTES];
	unsigned len = 0;

	if (!HMAC(EVP_sha256(), token.ptr, (int)MIN_OF(token.len, (size_t)INT32_MAX),
		  (const uint8_t *)purpose, strlen(purpose), digest, &len))
		random_bytes(digest, sizeof(digest));
	to_hex(digest, ret);
	explicit_bzero(digest, sizeof(digest));
}

bool token_equal(const uint8_t a[static TOKEN_HASH_SIZE], const uint8_t b[static TOKEN_HASH_SIZE])
{
	return CRYPTO_memcmp(a, b, TOKEN_HASH_SIZE) == 0;
}

bool token_text_equal(struct text a, struct text b)
{
	return a.len == b.len && CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}
