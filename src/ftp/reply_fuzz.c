/* ftp/reply_fuzz.c - whatever the text holds, a client finds the end of a reply where we end it,
 * and a quoted path reads back. */
#include <assert.h>

#include "ftp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads as RFC 959 4.2 tells a client to: up to the first line that begins with the code and a
 * blank. */
static void check_reply(struct buf *out, struct text text)
{
	struct text rest, line;
	bool is_first = true;

	reply_add(out, 211, text);
	if (out->has_overflowed) {
		assert(out->len == 0);
		return;
	}
	rest = buf_text(out);
	while (text_take_until(&rest, '\n', &line)) {
		assert(line.len > 0 && text_find(line, '\r') == (ptrdiff_t)line.len - 1);
		assert(text_find(line, '\0') < 0);
		if (text_starts(line, T("211 ")))
			break;
		assert(text_starts(line, is_first ? T("211-") : T(" ")));
		is_first = false;
	}
	assert(text_starts(line, T("211 ")) && rest.len == 0);
}

static void check_quoted(struct buf *out, struct text path)
{
	struct text rest;

	reply_add_quoted(out, path);
	if (out->has_overflowed) {
		assert(out->len == 0);
		return;
	}
	rest = buf_text(out);
	assert(text_skip_char(&rest, '"'));
	for (size_t i = 0; i < path.len; i++) {
		uint8_t c = (uint8_t)path.ptr[i];

		if (c == '"')
			assert(text_skip_char(&rest, '"'));
		assert(text_skip_char(&rest, c < ' ' || c == 0x7f ? '?' : (char)c));
	}
	assert(text_equal(rest, T("\"")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char storage[16 * 1024];
	struct buf out;

	if (size < 2)
		return 0;

	struct text text = { (const char *)data + 2, size - 2 };
	size_t room = (size_t)(data[0] << 8 | data[1]) % sizeof(storage) + 1;

	buf_init(&out, storage, room);
	check_reply(&out, text);
	buf_reset(&out);
	check_quoted(&out, text);
	return 0;
}
