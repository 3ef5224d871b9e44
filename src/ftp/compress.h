/* ftp/compress.h - MODE Z (draft-preston-ftpext-deflate): data connections carry one zlib stream
 * (RFC 1950). zlib does the work. Pure; threads: one at a time per compressor. */
#ifndef FTP_COMPRESS_H
#define FTP_COMPRESS_H

#include "base/text.h"

struct compressor;

/* level: 1 to 9. NULL when memory is short. */
struct compressor *compressor_new_deflate(int level) MUST_CHECK;
struct compressor *compressor_new_inflate(void) MUST_CHECK;
void compressor_free(struct compressor **compressor); /* accepts NULL; leaves NULL */

/* Works on *in, which moves on, and writes at most size bytes to out. is_end: nothing follows *in
 * (deflating). 0 and *ret_len: call again while *in is not empty, or while out was filled to its
 * end; 1: the stream has ended, all output is there; -EBADMSG: what is inflated is no zlib
 * stream. */
int compressor_run(struct compressor *compressor, struct text *in, bool is_end, char *out,
		   size_t size, size_t *ret_len) MUST_CHECK;

#endif
