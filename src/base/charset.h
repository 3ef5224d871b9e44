/* base/charset.h - names in a legacy character set for clients from before UTF-8 (RFC 2640 3):
 * iconv(3), bounded.
 *
 * A set must hold ASCII as it is and use bytes above 127 for all else, since commands, line ends
 * and slashes are found in it by their ASCII bytes: UTF-16, EBCDIC, UTF-7 or ISO-2022-JP are none.
 * The converters are opened once, so that nothing is loaded later by a process that sees no files.
 * Threads: any; a lock inside guards the converters, and nothing blocks under it. */
#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include "base/buf.h"

#define CHARSET_NAME_SIZE 64

struct charset;

/* 0 and *ret owned by the caller, or NULL there for UTF-8, which needs no converter; -EINVAL:
 * iconv(3) does not know the name, or it is of the wrong kind (see above); -ENOMEM. */
int charset_new(struct text name, struct charset **ret) MUST_CHECK;
void charset_free(struct charset **charset); /* accepts NULL; leaves NULL */

/* From UTF-8: appends what fits and moves *in past it; what the set does not hold, and what is no
 * UTF-8, becomes '?'. Stops only when *in is empty or out is full. */
void charset_encode(struct charset *charset, struct text *in, struct buf *out);

/* To UTF-8: 0; -EILSEQ: bytes that are none of the set; -ENOBUFS: too long for out. out is as it
 * was on an error. */
int charset_decode(struct charset *charset, struct text in, struct buf *out) MUST_CHECK;

#endif
