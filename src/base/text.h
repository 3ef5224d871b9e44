/* base/text.h - a borrowed run of bytes, and the only family of number parsers in the tree.
 * A struct text never owns its bytes and need not end in NUL; parsers move it forward as a cursor.
 * Threads: any; pure functions. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/common.h"

struct text {
	const char *ptr;
	size_t len;
};

#define T(literal) ((struct text){ "" literal, sizeof(literal) - 1 })
/* For printf("%.*s", TEXT_ARG(t)): the length is cut to INT_MAX. */
#define TEXT_ARG(t) (int)MIN_OF((t).len, (size_t)INT32_MAX), (t).ptr

static inline struct text text_of(const char *string)
{
	return (struct text){ string, string ? strlen(string) : 0 };
}

static inline bool text_equal(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool text_equal_nocase(struct text a, struct text b); /* ASCII letters only */

static inline bool text_starts(struct text in, struct text prefix)
{
	return in.len >= prefix.len && text_equal((struct text){ in.ptr, prefix.len }, prefix);
}

/* Position of byte c, or -1. */
static inline ptrdiff_t text_find(struct text in, char c)
{
	const char *at = in.len > 0 ? memchr(in.ptr, c, in.len) : NULL;

	return at ? at - in.ptr : -1;
}

/* Without spaces and tabs at both ends. */
struct text text_trim(struct text in);

/* Cursor functions: on a match they move *in past it and say true; else *in stays. */
bool text_skip_char(struct text *in, char c);
bool text_skip(struct text *in, struct text prefix);
/* Skips any number of spaces and tabs. */
void text_skip_blank(struct text *in);
/* Everything up to sep, which is swallowed; or all that is left when there is none.
 * False when *in is already empty. */
bool text_take_until(struct text *in, char sep, struct text *ret_part);
/* One or more digits with a value of at most max; no sign, no blanks. */
bool text_take_uint(struct text *in, uint64_t max, uint64_t *ret_value);

/* The whole text is one number of at most max. 0, -EINVAL (not digits), -ERANGE (above max). */
int text_to_uint(struct text in, uint64_t max, uint64_t *ret_value) MUST_CHECK;

/* Copies into dst and ends it with NUL. 0; -ENAMETOOLONG when it does not fit or -EINVAL when it
 * holds a NUL byte: dst is then the empty string. Cutting is an error, never a silent repair. */
int text_copy(struct text in, char *dst, size_t dst_size) MUST_CHECK;

/* The string, cut to what fits with a NUL; for what is only shown. NULL is the empty string. */
void text_copy_cut(const char *string, char *dst, size_t dst_size);

/* A heap copy that ends in NUL, owned by the caller; NULL when memory is short. */
char *text_dup(struct text in) MUST_CHECK;

/* No byte is a control byte (below ' ', or 0x7f) or 255: nothing that a line, a log or Telnet could
 * trip over. Looks at eight bytes at a time, so that ordinary text is told from what has to be gone
 * through byte by byte. */
bool text_is_printable(struct text in);
/* No byte is NUL, CR or LF. */
bool text_is_one_line(struct text in);

/* True when the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(struct text in);

#endif
