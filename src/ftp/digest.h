/* ftp/digest.h - the checksums that FTP clients ask for: HASH (draft-bryan-ftpext-hash) and the
 * older XCRC, XMD5, XSHA... commands. OpenSSL and zlib do the arithmetic. Pure; threads: any, one
 * at a time per digest. */
#ifndef FTP_DIGEST_H
#define FTP_DIGEST_H

#include "base/buf.h"

enum digest_kind {
	DIGEST_CRC32,
	DIGEST_MD5,
	DIGEST_SHA1,
	DIGEST_SHA256,
	DIGEST_SHA512,
	DIGEST_KINDS
};

/* As in FEAT and OPTS HASH: "CRC32", "MD5", "SHA-1", "SHA-256", "SHA-512". */
const char *digest_name(enum digest_kind kind);
/* By that name, any case. 0 or -ENOENT. */
int digest_find(struct text name, enum digest_kind *ret) MUST_CHECK;

struct digest;

/* NULL when memory is short or OpenSSL does not serve the kind (MD5 in FIPS mode). */
struct digest *digest_new(enum digest_kind kind) MUST_CHECK;
void digest_free(struct digest **digest); /* accepts NULL; leaves NULL */
void digest_add(struct digest *digest, const void *data, size_t len);
/* The result in hexadecimal digits, upper case for CRC32 as its users expect, lower case else. */
void digest_finish(struct digest *digest, struct buf *out);

#endif
