/* base/secret.c - see secret.h. */
#include "base/secret.h"

int secret_set(struct secret *secret, struct text value)
{
	secret_release(secret);

	int r = text_copy(value, secret->bytes, sizeof(secret->bytes));
	if (r < 0)
		return r;
	secret->len = value.len;
	return 0;
}

void secret_release(struct secret *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}
