/* store/upload.h - one upload, from its first byte to the moment when the file is whole, or to the
 * partial that is kept when it breaks off.
 *
 *	upload_begin → write to upload_file → upload_commit → upload_free
 *	                                    ↘ upload_keep   ↗
 *
 * An existing file is never written to while it is being replaced: the new content is collected
 * beside it (store/partial.h) and takes its place with one rename(2), with mode and owner of the
 * old one. Uploads to one name do not see each other: the last that commits wins, whole.
 *
 * New files: atomic, they appear when they are whole; direct, they grow under their own name.
 * Only what grows a file at its very end is written in place, and only in direct mode.
 *
 * There is no O_TMPFILE here on purpose: bytes under a name survive the death of the process, and
 * can be resumed; and linkat(2) of an unnamed file needs /proc, which a worker does not see.
 * Threads: any, one at a time per upload. */
#ifndef STORE_UPLOAD_H
#define STORE_UPLOAD_H

#include "store/partial.h"

struct upload_request {
	const struct home *home; /* borrowed until upload_free */
	const char *path;	 /* as in store/home.h */
	bool is_atomic;		 /* uploads = atomic */
	bool is_durable;	 /* durability = fsync */
	bool may_replace;	 /* else the name must be free, at the end as well */
	bool is_free;		 /* upload_look has just found no such file */
	bool is_patch;		 /* RANG: what lies behind the written bytes stays */
	bool appends;		 /* APPE: offset is what the client believes, or UINT64_MAX */
	uint64_t offset;	 /* of REST or RANG */
	/* Asked between pieces when content of the old file must be copied; a negative result ends
	 * upload_begin with it. May be NULL. */
	int (*pause)(void *arg);
	void *arg;
};

/* How things stand before an upload, for what can be said before data flows. */
struct upload_outlook {
	bool is_new;	     /* there is no such file */
	uint64_t size_bytes; /* of the file */
	/* By upload_look_kept: */
	uint64_t kept_bytes; /* of a broken upload; 0: none */
	bool is_busy;	     /* an upload of this name is going on */
};

/* 0 or as home_stat; -EISDIR, -EINVAL for what is no plain file. The parent of a new file is there
 * and a directory. */
int upload_look(const struct home *home, const char *path, struct upload_outlook *ret) MUST_CHECK;
/* Then what is left of an earlier upload, where that matters. */
void upload_look_kept(const struct home *home, const char *path, struct upload_outlook *ret);

struct upload;

/* -ERANGE: the offset lies behind what there is; -ETXTBSY: another upload appends to or continues
 * the same file; -EDQUOT; else as open(2). */
int upload_begin(const struct upload_request *request, struct upload **ret) MUST_CHECK;

/* Where to write, positioned; borrowed. */
int upload_file(const struct upload *up);
/* Before each write, which continues where the last one ended: room for `wanted` bytes. 0 and how
 * many of them may be written, which is fewer where a quota ends; -EDQUOT: none; -errno. */
int upload_reserve(struct upload *up, size_t wanted, size_t *ret) MUST_CHECK;
/* Which byte of the file comes first. */
uint64_t upload_start(const struct upload *up);
/* All bytes are written: the file becomes what its name leads to, and with is_durable it is on disk
 * when this returns 0. An error leaves the old file as it was (except where only the last commit to
 * disk failed); then upload_keep. -ETXTBSY: the file that this upload continues was changed by
 * somebody else meanwhile; -EEXIST: somebody else has taken a name that had to be free; -ESTALE:
 * the directory was moved out of the home, or somebody else has moved the bytes away. */
int upload_commit(struct upload *up) MUST_CHECK;

/* After a failure: leaves what has arrived for REST and APPE and returns how many bytes that are,
 * or 0 when nothing is kept. frees_space: the disk is full, or the quota is reached: what this
 * attempt has written is given back, so that one upload that cannot succeed does not stop all
 * others. */
uint64_t upload_keep(struct upload *up, bool frees_space);

/* Without commit or keep before it: as if the upload had never been. Accepts NULL; leaves NULL. */
void upload_free(struct upload **up);

#endif
