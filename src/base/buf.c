/* base/buf.c - see buf.h. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>

void buf_init(struct buf *buf, char *storage, size_t size)
{
	assert(size > 0);
	*buf = (struct buf){ .ptr = storage, .size = size };
	storage[0] = '\0';
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->has_overflowed = false;
	buf->ptr[0] = '\0';
}

void buf_add(struct buf *buf, struct text in)
{
	if (buf->has_overflowed || in.len > buf_room(buf)) {
		buf->has_overflowed = true;
		return;
	}
	if (in.len > 0)
		memcpy(buf->ptr + buf->len, in.ptr, in.len);
	buf->len += in.len;
	buf->ptr[buf->len] = '\0';
}

void buf_add_char(struct buf *buf, char c)
{
	if (buf->has_overflowed || buf_room(buf) == 0) {
		buf->has_overflowed = true;
		return;
	}
	buf->ptr[buf->len++] = c;
	buf->ptr[buf->len] = '\0';
}

void buf_add_uint(struct buf *buf, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_add(buf, (struct text){ digits + at, sizeof(digits) - at });
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	va_list args;

	if (buf->has_overflowed)
		return;
	va_start(args, format);
	int n = vsnprintf(buf->ptr + buf->len, buf->size - buf->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n > buf_room(buf)) {
		buf->has_overflowed = true;
		buf->ptr[buf->len] = '\0';
		return;
	}
	buf->len += (size_t)n;
}
