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

	if (text_is_printable(text) && text_find(text, doubled) < 0) {
		buf_add(out, text);
		return;
	}
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

#define CODE_LEN ((size_t)4) /* with its separator */

static void write_code(char ret[static CODE_LEN], unsigned code, char separator)
{
	ret[0] = (char)('0' + code / 100);
	ret[1] = (char)('0' + code / 10 % 10);
	ret[2] = (char)('0' + code % 10);
	ret[3] = separator;
}

static void add_code(struct buf *out, unsigned code, char separator)
{
	char digits[CODE_LEN];

	write_code(digits, code, separator);
	buf_add(out, (struct text){ digits, sizeof(digits) });
}

/* Nearly all replies: one line in which nothing has to be changed. False: it is another one. */
static bool add_simple(struct buf *out, unsigned code, struct text text)
{
	char *at = out->ptr + out->len;
	size_t len = CODE_LEN + text.len + strlen("\r\n");

	if (!text_is_printable(text) || out->has_overflowed || len > buf_room(out))
		return false;
	write_code(at, code, ' ');
	memcpy(at + CODE_LEN, text.ptr, text.len);
	memcpy(at + CODE_LEN + text.len, "\r\n", sizeof("\r\n"));
	out->len += len;
	return true;
}

void reply_add(struct buf *out, unsigned code, struct text text)
{
	size_t len = out->len;
	bool is_first = true;
	ptrdiff_t end;

	assert(code >= 100 && code <= 659);
	if (add_simple(out, code, text))
		return;
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
