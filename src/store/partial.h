/* store/partial.h - what an upload that broke off leaves behind: a hidden file beside the final
 * one, under a name that follows from the final one, so that REST and APPE find it again.
 *
 *	report.pdf                           the file, as it was before
 *	.report.pdf.sallyport-part           the bytes that are kept of the broken upload
 *	.report.pdf.1a2b3c4d.sallyport-temp  a second upload at the same time, while it runs
 *
 * Where that would be longer than 255 bytes, 32 digits of the SHA-256 of the name stand for it.
 * A running upload holds a lock (flock(2)) on its file, which the kernel frees with the process: a
 * partial without a lock is nobody's, and may be continued or removed.
 * Clients never name these files: they name the final one. Threads: any. */
#ifndef STORE_PARTIAL_H
#define STORE_PARTIAL_H

#include "store/home.h"

#define PARTIAL_NAME_SIZE 256

/* The file that an upload goes to: its directory and its name there, the links of the last name
 * followed. */
struct partial_place {
	int directory;		      /* O_PATH; owned, unless it is the home's */
	bool is_home;		      /* it is, and is good for as long as that */
	char name[PARTIAL_NAME_SIZE]; /* one component */
};

/* Paths and errors as in store/home.h; the file itself need not be there. */
int partial_find_place(const struct home *home, const char *path,
		       struct partial_place *ret) MUST_CHECK;
/* The same, quicker, where the caller sees to it that the last name is no link (O_NOFOLLOW). */
int partial_take_place(const struct home *home, const char *path,
		       struct partial_place *ret) MUST_CHECK;
void partial_release_place(struct partial_place *place);
#define AUTO_PARTIAL_PLACE __attribute__((cleanup(partial_release_place)))

/* The names beside a final name. -ENOMEM when the digest of a long one cannot be made. */
int partial_name(const char *name, char ret[static PARTIAL_NAME_SIZE]) MUST_CHECK;
int partial_temporary_name(const char *name, char ret[static PARTIAL_NAME_SIZE]) MUST_CHECK;

/* Names of this kind are not for clients, and not in listings. */
bool partial_is_reserved(struct text name);
/* The final name inside a partial's; false for other names. A digest is given back as it is. */
bool partial_final_name(struct text name, struct text *ret);

/* Locks the open file at this name in the directory. 0; -EWOULDBLOCK: another upload has it;
 * -ESTALE: the name has come to lead elsewhere; -EINVAL: not a plain file of one name. */
int partial_lock(int fd, int directory, const char *name) MUST_CHECK;

/* The same for a file that the caller has just made there. *ret says what it is, also when the lock
 * is somebody else's; -ESTALE: somebody has removed it already, or written to it. For that, nobody
 * takes over an empty file that has no lock: it may just have been made. */
int partial_lock_new(int fd, struct stat *ret) MUST_CHECK;

/* Opens what nobody has at this name, and locks it alone: whoever removes a name, or gives it to
 * another file, holds this from the look until it is done. Two that only look may do so at the same
 * time; were these two such, the slower one would remove what has come to the name since. The
 * caller owns *ret_fd. -ENOENT: the name is free; else as partial_lock. */
int partial_take_idle(int directory, const char *name, int *ret_fd) MUST_CHECK;

/* Bytes that are kept of a broken upload to the path: 0 and *ret_bytes; -ENOENT: none;
 * -EWOULDBLOCK: an upload of this name is going on. */
int partial_look(const struct home *home, const char *path, uint64_t *ret_bytes) MUST_CHECK;

/* Removes what is kept of a broken upload to the path; one that is going on is left alone. -ENOENT:
 * there is none. */
int partial_forget(const struct home *home, const char *path) MUST_CHECK;
int partial_forget_beside(struct ledger *ledger, int directory, const char *name) MUST_CHECK;

/* As home_rmdir, and what broken uploads have left in the directory goes with it, if nothing else
 * is there. */
int partial_rmdir(const struct home *home, const char *path) MUST_CHECK;

/* Removes name in the directory when no upload has it and its last byte is older than max_age_s. 0:
 * removed; -EWOULDBLOCK: in use; -EAGAIN: too young; other errors of unlinkat(2). */
int partial_expire(struct ledger *ledger, int directory, const char *name,
		   uint64_t max_age_s) MUST_CHECK;

#endif
