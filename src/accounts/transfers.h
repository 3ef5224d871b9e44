/* accounts/transfers.h - the records of what sessions did with files, in the accounts database.
 * Threads: any. Reading and writing use separate connections. */
#ifndef ACCOUNTS_TRANSFERS_H
#define ACCOUNTS_TRANSFERS_H

#include "accounts/database.h"
#include "base/text.h"
#include "ftp/data_record.h"
#include "ftp/account.h"

#define TRANSFER_PATH_MAX 4096 /* bytes, without the NUL */

struct transfer_record {
	int64_t id;		   /* given by the database, growing */
	uint64_t source, sequence; /* who noted it, and its count there: stored once */
	int64_t ended_wall_ms;
	unsigned kind; /* enum event_kind */
	char user[USER_NAME_MAX + 1];
	char address[72];
	uint64_t session;
	uint64_t bytes, duration_ms;
	bool is_tls, is_ascii;	 /* is_ascii is not stored */
	char result[64];	 /* "complete", or why not */
	char end_state[12];	 /* of transfers: "proven", "likely", "truncated", "broken" */
	char sha256[65];	 /* or empty */
	struct data_record data; /* of transfers; DATA_MODE_NONE: nothing is known */
	char path[TRANSFER_PATH_MAX + 1];
	char new_path[TRANSFER_PATH_MAX + 1]; /* of a rename, else empty */
};

struct transfer_filter {
	const char *user; /* NULL: all */
	/* NULL: all. Else what was done to it, to what is beneath it, and renames and removals of
	 * the directories above it. Clean and absolute, at most TRANSFER_PATH_MAX bytes. */
	const char *path;
	const char *address;   /* NULL: all */
	const char *end_state; /* NULL: all */
	int kind;	       /* enum event_kind; below 0: all */
	enum { TRANSFER_ANY, TRANSFER_COMPLETE, TRANSFER_FAILED } result;
	int64_t since_wall_ms, until_wall_ms; /* 0: all */
	int64_t before_id;		      /* 0: from the newest on */
	unsigned limit;			      /* at most so many */
};

struct transfers;

/* The database must have been opened by accounts_open before, which checks and migrates it.
 * 0, or -errno with *ret_error filled. */
int transfers_open(const char *path, struct transfers **ret,
		   struct database_error *ret_error) MUST_CHECK;
void transfers_free(struct transfers **transfers); /* accepts NULL; leaves NULL */

/* Stores all of them in one transaction, those that are there already once. ret_is_new[i] says
 * whether records[i] was not there; then it has its id, else 0. 0 or -errno: then nothing was
 * stored. */
int transfers_add(struct transfers *transfers, struct transfer_record *const *records, size_t n,
		  bool *ret_is_new) MUST_CHECK;

/* Calls each for the records that pass the filter, newest first, under the lock of reading.
 * *ret_next is the before_id of the next page, 0 when this was the last one: a page may have fewer
 * records than asked for, and not be the last one, since a call takes bounded time. 0 or -errno. */
int transfers_list(struct transfers *transfers, const struct transfer_filter *filter,
		   void (*each)(const struct transfer_record *record, void *arg), void *arg,
		   int64_t *ret_next) MUST_CHECK;

/* The record with this id, to be given back with free(3). 0; -ENOENT; -errno. */
int transfers_get(struct transfers *transfers, int64_t id, struct transfer_record **ret) MUST_CHECK;

/* Deletes up to `most` records that ended before then. Returns how many, or -errno. */
int transfers_prune(struct transfers *transfers, int64_t before_wall_ms, unsigned most) MUST_CHECK;

#endif
