/* accounts/totp.h - one-time codes of an authenticator: RFC 6238 with SHA-1, 6 digits and steps of
 * 30 s, which is what all of them know. Threads: any; pure but for the randomness of a new
 * secret. */
#ifndef ACCOUNTS_TOTP_H
#define ACCOUNTS_TOTP_H

#include "base/buf.h"

#define TOTP_STEP_S 30
#define TOTP_SECRET_BYTES 20
#define TOTP_SECRET_SIZE 33 /* base32 (RFC 4648 6) without padding, and the NUL */
#define TOTP_CODE_SIZE 7

void totp_secret_make(char ret[static TOTP_SECRET_SIZE]);

/* The code of a step (seconds since 1970 / TOTP_STEP_S). 0, or -EINVAL: the secret is no base32. */
int totp_code(const char *secret, int64_t step, char ret[static TOTP_CODE_SIZE]) MUST_CHECK;

/* The step whose code this is: that of now, or the one before or after, and later than after_step,
 * so that a code counts once. Blanks in it do not count. -EACCES: it is none of them. */
int64_t totp_check(const char *secret, struct text code, int64_t now_s,
		   int64_t after_step) MUST_CHECK;

/* "otpauth://totp/..." (Key URI Format), for a QR code or a link. */
void totp_uri(const char *secret, struct text issuer, struct text name, struct buf *out);

#endif
