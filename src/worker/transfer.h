/* worker/transfer.h - the copying itself: file to data connection and back. Threads: the one that
 * runs the session; it serves the client's ABOR, STAT and NOOP meanwhile. */
#ifndef WORKER_TRANSFER_H
#define WORKER_TRANSFER_H

#include "store/upload.h"
#include "worker/data.h"

struct transfer {
	uint64_t bytes;	    /* of content */
	int error;	    /* 0, or the first negative error */
	bool is_file_error; /* the error is the file's, not the network's */
	const char *limit;  /* the bandwidth limit that held it back most of its time, or NULL */
	uint64_t limit_rate;
	uint64_t slow_rate; /* error -ETIME: what it had, slower than the server allows */
	char sha256[65];    /* of a whole file, when asked for */
};

/* The file from offset up to end (or its own end, if that comes first); TYPE A converts line
 * ends. is_whole: that is all of it, to be hashed when asked for. */
void transfer_send(struct session *s, struct data *data, int file, uint64_t offset, uint64_t end,
		   bool is_whole, struct transfer *ret);

/* Everything until the client ends, to the upload's file. More than most_bytes on disk is refused
 * (-EFBIG, of the file; -EDQUOT by a quota); what fits is written. */
void transfer_receive(struct session *s, struct data *data, struct upload *up, uint64_t most_bytes,
		      struct transfer *ret);

/* Around a transfer: what STAT and the scoreboard show of it. path is borrowed until the end.
 * size: of all that is to come, UINT64_MAX when that is not known. */
void transfer_begin(struct session *s, enum transfer_kind kind, const char *path, uint64_t size);
void transfer_end(struct session *s);
/* So many bytes more; the scoreboard hears of it now and then. */
void transfer_count(struct session *s, uint64_t bytes);

#endif
