/* ftp/compress.c - see compress.h. Source: zlib.h. */
#include "ftp/compress.h"

#include <zlib.h>

struct compressor {
	z_stream stream;
	bool inflates;
};

static struct compressor *compressor_new(bool inflates, int level)
{
	struct compressor *compressor = calloc(1, sizeof(*compressor));

	if (!compressor)
		return NULL;
	compressor->inflates = inflates;
	int r = inflates ? inflateInit(&compressor->stream)
			 : deflateInit(&compressor->stream, level);
	if (r != Z_OK) {
		free(compressor);
		return NULL;
	}
	return compressor;
}

struct compressor *compressor_new_deflate(int level)
{
	return compressor_new(false, level);
}

struct compressor *compressor_new_inflate(void)
{
	return compressor_new(true, 0);
}

void compressor_free(struct compressor **compressor)
{
	if (*compressor) {
		if ((*compressor)->inflates)
			(void)inflateEnd(&(*compressor)->stream);
		else
			(void)deflateEnd(&(*compressor)->stream);
	}
	free(*compressor);
	*compressor = NULL;
}

int compressor_run(struct compressor *compressor, struct text *in, bool is_end, char *out,
		   size_t size, size_t *ret_len)
{
	z_stream *z = &compressor->stream;
	size_t len = MIN_OF(in->len, (size_t)UINT32_MAX);

	z->next_in = (z_const Bytef *)in->ptr;
	z->avail_in = (uInt)len;
	z->next_out = (Bytef *)out;
	z->avail_out = (uInt)MIN_OF(size, (size_t)UINT32_MAX);

	int r = compressor->inflates ? inflate(z, Z_NO_FLUSH)
				     : deflate(z, is_end ? Z_FINISH : Z_NO_FLUSH);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return -EBADMSG;
	if (len > z->avail_in) {
		in->ptr += len - z->avail_in;
		in->len -= len - z->avail_in;
	}
	*ret_len = (size_t)(z->next_out - (Bytef *)out);
	return r == Z_STREAM_END ? 1 : 0;
}
