/* ftp/reply.h - replies (RFC 959 4.2): three digits, text, multi-line form. Pure; threads: any. */
#ifndef FTP_REPLY_H
#define FTP_REPLY_H

#include "base/buf.h"

/* Adds "code text\r\n"; text with '\n' in it becomes the multi-line form:
 * "code-first\r\n line\r\ncode last\r\n". Lines in between begin with a space, so that none can be
 * taken for the last one (RFC 959 4.2). CR, NUL and other control bytes of the text become '?', IAC
 * (255) is doubled (RFC 854); UTF-8 and other high bytes pass. code is 100 to 659.
 * A reply that does not fit leaves out as it was, marked as overflowed. */
void reply_add(struct buf *out, unsigned code, struct text text);

/* The path of a 257 reply, as a part of the text that reply_add is given: in double quotes, quotes
 * in it doubled (RFC 959 Appendix II), control bytes as '?'. IAC is left to reply_add. */
void reply_add_quoted(struct buf *out, struct text path);

#endif
