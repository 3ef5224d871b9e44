/* ftp/ascii_fuzz.c - both directions give the same bytes wherever the data is cut, and what is
 * written out and read back is what would have been read in the first place. */
#include <assert.h>

#include "ftp/ascii.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Blocks of exactly the promised size, so that a sanitizer sees one byte too many. */
static char *room(size_t size)
{
	char *bytes = malloc(MAX_OF(size, 1));

	assert(bytes);
	return bytes;
}

static size_t encode_in_two(struct text in, size_t cut, char *ret)
{
	struct ascii ascii = { 0 };
	size_t n = ascii_encode(&ascii, in.ptr, cut, ret);

	return n + ascii_encode(&ascii, in.ptr + cut, in.len - cut, ret + n);
}

static size_t decode_in_two(struct text in, size_t cut, char *ret)
{
	struct ascii ascii = { 0 };
	size_t n = ascii_decode(&ascii, in.ptr, cut, ret);

	n += ascii_decode(&ascii, in.ptr + cut, in.len - cut, ret + n);
	return n + ascii_decode_end(&ascii, ret + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;

	struct text in = { (const char *)data + 1, size - 1 };
	size_t cut = data[0] % (in.len + 1);
	AUTO_FREE char *network = room(2 * in.len), *network_cut = room(2 * in.len);
	AUTO_FREE char *local = room(in.len + 1), *local_cut = room(in.len + 1);
	AUTO_FREE char *back = room(2 * in.len + 1);

	size_t n = encode_in_two(in, in.len, network);
	assert(n <= 2 * in.len && n == encode_in_two(in, cut, network_cut));
	assert(memcmp(network, network_cut, n) == 0);

	size_t local_len = decode_in_two(in, in.len, local);
	assert(local_len <= in.len && local_len == decode_in_two(in, cut, local_cut));
	assert(memcmp(local, local_cut, local_len) == 0);

	assert(decode_in_two((struct text){ network, n }, n, back) == local_len);
	assert(memcmp(back, local, local_len) == 0);
	return 0;
}
