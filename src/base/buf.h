/* base/buf.h - text built inside storage of a fixed size that the caller owns.
 * What does not fit marks the buffer as overflowed and changes nothing else: callers build first
 * and ask once at the end. Threads: one at a time per buffer. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/text.h"

struct buf {
	char *ptr;
	size_t len;
	size_t size;
	bool has_overflowed;
};

/* storage is borrowed for the life of the buffer. The bytes are kept NUL-terminated, so size - 1
 * bytes of text fit. size must not be 0. */
void buf_init(struct buf *buf, char *storage, size_t size);
void buf_reset(struct buf *buf);

void buf_add(struct buf *buf, struct text in);
void buf_add_char(struct buf *buf, char c);
void buf_add_uint(struct buf *buf, uint64_t value); /* in decimal */
void buf_addf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

static inline size_t buf_room(const struct buf *buf)
{
	return buf->size - 1 - buf->len;
}

static inline struct text buf_text(const struct buf *buf)
{
	return (struct text){ buf->ptr, buf->len };
}

#endif
