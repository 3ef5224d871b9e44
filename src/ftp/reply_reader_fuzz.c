/* ftp/reply_reader_fuzz.c - whatever a server sends, whole or in pieces: the same replies, within
 * the storage, and the parsers of their texts stay inside of them. */
#include <assert.h>

#include "ftp/reply_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_all(struct text reply)
{
	struct address address;
	struct text line, rest = reply;
	uint16_t port = 1;
	char path[16];

	if (reply_parse_227(reply, &address) == 0)
		assert(address_is_v4(&address));
	(void)!reply_parse_229(reply, &port);
	assert(port != 0);
	(void)!reply_parse_257(reply, path, sizeof(path));
	(void)reply_is_masked(reply);
	while (reply_next_line(&rest, &line))
		assert(line.ptr >= reply.ptr && line.ptr + line.len <= reply.ptr + reply.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char first_storage[256], second_storage[256];
	struct reply_reader whole, pieces;
	struct text rest = { (const char *)data, size };
	int r = 1;

	reply_reader_init(&whole, first_storage, sizeof(first_storage));
	reply_reader_init(&pieces, second_storage, sizeof(second_storage));
	while (r == 1) {
		struct text begin = rest;
		int last = 0;

		r = reply_reader_feed(&whole, &rest);
		for (size_t taken = 0; taken < begin.len - rest.len; taken++) {
			struct text byte = { begin.ptr + taken, 1 };

			assert(last == 0);
			last = reply_reader_feed(&pieces, &byte);
		}
		assert(last == r && whole.code == pieces.code);
		assert(text_equal(buf_text(&whole.text), buf_text(&pieces.text)));
		parse_all(buf_text(&whole.text));
		reply_reader_reset(&whole);
		reply_reader_reset(&pieces);
	}
	parse_all((struct text){ (const char *)data, size });
	return 0;
}
