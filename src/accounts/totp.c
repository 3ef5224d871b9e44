/* accounts/totp.c - see totp.h. */
#include "accounts/totp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/random.h"

#define SECRET_MOST 64 /* bytes, of secrets that came from elsewhere */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void totp_secret_make(char ret[static TOTP_SECRET_SIZE])
{
	uint8_t bytes[TOTP_SECRET_SIZE - 1];

	/* Five bits in each character: 160 in all. */
	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		ret[i] = alphabet[bytes[i] & 31];
	ret[sizeof(bytes)] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
}

/* Bytes, or -EINVAL. */
static ssize_t decode(const char *secret, uint8_t ret[static SECRET_MOST])
{
	unsigned bits = 0, n_bits = 0;
	size_t n = 0;

	for (; *secret && *secret != '='; secret++) {
		const char *at = strchr(alphabet, *secret);

		if (!at || n == SECRET_MOST)
			return -EINVAL;
		bits = (bits << 5 | (unsigned)(at - alphabet)) & 0xfff;
		n_bits += 5;
		if (n_bits >= 8) {
			n_bits -= 8;
			ret[n++] = (uint8_t)(bits >> n_bits);
		}
	}
	return n > 0 ? (ssize_t)n : -EINVAL;
}

int totp_code(const char *secret, int64_t step, char ret[static TOTP_CODE_SIZE])
{
	uint8_t key[SECRET_MOST], message[8], digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;
	ssize_t len = decode(secret, key);

	if (len < 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
	bool is_made = HMAC(EVP_sha1(), key, (int)len, message, sizeof(message), digest,
			    &digest_len) != NULL;
	explicit_bzero(key, sizeof(key));
	if (!is_made || digest_len != 20)
		return -EINVAL;
	/* RFC 4226 5.3: the last four bits say where the number stands. */
	size_t at = digest[19] & 15;
	uint32_t number = ((uint32_t)digest[at] & 0x7f) << 24 | (uint32_t)digest[at + 1] << 16 |
			  (uint32_t)digest[at + 2] << 8 | digest[at + 3];

	(void)snprintf(ret, TOTP_CODE_SIZE, "%06u", number % 1000000);
	return 0;
}

/* Without blanks, which authenticators show between the digits. False: not six digits. */
static bool tidy(struct text code, char ret[static TOTP_CODE_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < code.len; i++) {
		if (code.ptr[i] == ' ')
			continue;
		if (code.ptr[i] < '0' || code.ptr[i] > '9' || n == TOTP_CODE_SIZE - 1)
			return false;
		ret[n++] = code.ptr[i];
	}
	ret[n] = '\0';
	return n == TOTP_CODE_SIZE - 1;
}

int64_t totp_check(const char *secret, struct text code, int64_t now_s, int64_t after_step)
{
	char given[TOTP_CODE_SIZE], right[TOTP_CODE_SIZE];
	int64_t found = -EACCES, now = now_s / TOTP_STEP_S;

	if (!tidy(code, given))
		return -EACCES;
	for (int64_t step = now - 1; step <= now + 1; step++)
		if (totp_code(secret, step, right) == 0 &&
		    CRYPTO_memcmp(given, right, TOTP_CODE_SIZE) == 0 && step > after_step)
			found = step;
	return found;
}

static void add_escaped(struct text in, struct buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
				c == '~';

		if (is_plain)
			buf_add_char(out, c);
		else
			buf_addf(out, "%%%02X", (uint8_t)c);
	}
}

void totp_uri(const char *secret, struct text issuer, struct text name, struct buf *out)
{
	buf_add(out, T("otpauth://totp/"));
	add_escaped(issuer, out);
	buf_add_char(out, ':');
	add_escaped(name, out);
	buf_addf(out, "?secret=%s&issuer=", secret);
	add_escaped(issuer, out);
	buf_addf(out, "&algorithm=SHA1&digits=6&period=%d", TOTP_STEP_S);
}
