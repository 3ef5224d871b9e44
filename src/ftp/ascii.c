/* ftp/ascii.c - see ascii.h.
 * Both directions look for the one byte that may change with memchr(3) and copy the run before
 * it. */
#include "ftp/ascii.h"

static char *copy_run(char *out, const char *in, size_t len)
{
	memcpy(out, in, len);
	return out + len;
}

size_t ascii_encode(struct ascii *state, const void *in, size_t len, char *ret)
{
	const char *p = in;
	char *out = ret;

	while (len > 0) {
		const char *lf = memchr(p, '\n', len);
		size_t run = lf ? (size_t)(lf - p) : len;

		if (run > 0) {
			out = copy_run(out, p, run);
			state->last_was_cr = p[run - 1] == '\r';
		}
		if (!lf)
			break;
		if (!state->last_was_cr)
			*out++ = '\r';
		*out++ = '\n';
		state->last_was_cr = false;
		p += run + 1;
		len -= run + 1;
	}
	return (size_t)(out - ret);
}

size_t ascii_decode(struct ascii *state, const void *in, size_t len, char *ret)
{
	const char *p = in;
	char *out = ret;

	while (len > 0) {
		/* Here a CR is held back or not; what it was depends on the byte at p. */
		if (state->last_was_cr && *p != '\n')
			*out++ = '\r';

		const char *cr = memchr(p, '\r', len);
		size_t run = cr ? (size_t)(cr - p) : len;

		out = copy_run(out, p, run);
		state->last_was_cr = cr != NULL;
		if (!cr)
			break;
		p += run + 1;
		len -= run + 1;
	}
	return (size_t)(out - ret);
}

size_t ascii_decode_end(struct ascii *state, char *ret)
{
	if (!state->last_was_cr)
		return 0;
	state->last_was_cr = false;
	*ret = '\r';
	return 1;
}
