/* base/secret.h - a short secret (password, key) that is wiped when it is released.
 * Threads: one at a time per secret. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/text.h"

#define SECRET_MAX 512 /* bytes, without the NUL */

struct secret {
	size_t len;
	char bytes[SECRET_MAX + 1]; /* ends in NUL */
};

/* 0, -ENAMETOOLONG, or -EINVAL (a NUL byte inside); *secret is then empty. */
int secret_set(struct secret *secret, struct text value) MUST_CHECK;
void secret_release(struct secret *secret);
#define AUTO_SECRET __attribute__((cleanup(secret_release)))

static inline struct text secret_text(const struct secret *secret)
{
	return (struct text){ secret->bytes, secret->len };
}

#endif
