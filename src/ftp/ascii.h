/* ftp/ascii.h - TYPE A (RFC 959 3.1.1.1): lines travel as CRLF and are stored as LF.
 * State between pieces lives in the struct, so that a CRLF may be split. Pure. */
#ifndef FTP_ASCII_H
#define FTP_ASCII_H

#include "base/text.h"

struct ascii {
	bool last_was_cr;
};

/* Local to network: LF becomes CRLF, unless a CR already stands before it. ret must have room for
 * 2 * len bytes. Returns the bytes written. */
size_t ascii_encode(struct ascii *state, const void *in, size_t len, char *ret);

/* Network to local: CRLF becomes LF; a CR that stands alone is kept. ret needs len + 1 bytes (a CR
 * held back from the piece before). Returns the bytes written. */
size_t ascii_decode(struct ascii *state, const void *in, size_t len, char *ret);
/* At the end of the data: writes a CR still held back. Returns 0 or 1 bytes. */
size_t ascii_decode_end(struct ascii *state, char *ret);

#endif
