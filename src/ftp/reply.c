/* ftp/reply.c - see reply.h. */
#include "ftp/reply.h"

#include <assert.h>

#define IAC '\xff'

static bool is_control(char c)
{
	return (uint8_t)c < ' ' || c == 0x7f;
}

/* Adds the text; control bytes become '?', and the byte to double is written twice. */
static void add_clean(struct buf *out, struct text text, char doubled)
{
	size_t begin = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!is_control(c) && c != doubled)
			continue;
		buf_add(out, (struct text){ text.ptr + begin, i - begin });
		if (c == doubled)
			buf_add_char(out, c);
		buf_add_char(out, c == doubled ? c : '?');
		begin = i + 1;
	}
	buf_add(out, (struct text){ text.ptr + begin, text.len - begin });
}

/* All or nothing: half a reply would leave the client waiting. */
static void undo_if_overflowed(struct buf *out, size_t len)
{
	if (!out->has_overflowed)
		return;
	out->len = len;
	out->ptr[len] = '\0';
}

static void add_code(struct buf *out, unsigned code, char separator)
{
	char digits[4] = { (char)('0' + code / 100), (char)('0' + code / 10 % 10),
			   (char)('0' + code % 10), separator };

	buf_add(out, (struct text){ digits, sizeof(digits) });
}

void reply_add(struct buf *out, unsigned code, struct text text)
{
	size_t len = out->len;
	bool is_first = true;
	ptrdiff_t end;

	assert(code >= 100 && code <= 659);
	while ((end = text_find(text, '\n')) >= 0) {
		if (is_first)
			add_code(out, code, '-');
		else
			buf_add_char(out, ' ');
		add_clean(out, (struct text){ text.ptr, (size_t)end }, IAC);
		buf_add(out, T("\r\n"));
		text.ptr += end + 1;
		text.len -= (size_t)end + 1;
		is_first = false;
	}
	add_code(out, code, ' ');
	add_clean(out, text, IAC);
	buf_add(out, T("\r\n"));
	undo_if_overflowed(out, len);
}

void reply_add_quoted(struct buf *out, struct text path)
{
	size_t len = out->len;

	buf_add_char(out, '"');
	add_clean(out, path, '"');
	buf_add_char(out, '"');
	undo_if_overflowed(out, len);
}
