/* accounts/activity.h - what has happened on the server: logins and their failures, data
 * connections that did not come, kicks, reloads ..., and beside it, told in the same way, the
 * records of transfers and changes, which are kept in a table of their own.
 * Threads: any. Reading and writing use separate connections. */
#ifndef ACCOUNTS_ACTIVITY_H
#define ACCOUNTS_ACTIVITY_H

#include "accounts/database.h"
#include "base/text.h"
#include "ftp/account.h"

enum activity_severity { ACTIVITY_NOTE, ACTIVITY_WARNING, ACTIVITY_PROBLEM };

#define ACTIVITY_KIND_SIZE 24
#define ACTIVITY_ADDRESS_SIZE 72
#define ACTIVITY_TEXT_SIZE 384
#define ACTIVITY_FACTS_SIZE 1024

/* Something that has happened. All texts are UTF-8. */
struct activity_record {
	int64_t id;		   /* given by the database, growing; 0: it was there already */
	uint64_t source, sequence; /* who noted it, and its count there: stored once; 0: none */
	int64_t wall_ms;
	enum activity_severity severity;
	uint64_t session; /* 0: none */
	char kind[ACTIVITY_KIND_SIZE];
	char user[USER_NAME_MAX + 1];	     /* or empty; so is the address */
	char address[ACTIVITY_ADDRESS_SIZE]; /* without a port */
	char text[ACTIVITY_TEXT_SIZE];	     /* a sentence */
	char facts[ACTIVITY_FACTS_SIZE];     /* a JSON object */
};

/* How it is shown, for things of both kinds; all pointers are borrowed for the call. */
struct activity_view {
	bool is_transfer; /* a row of the other table: transfer_kind says what, facts is empty */
	int64_t id;	  /* in its own table */
	int64_t wall_ms;
	enum activity_severity severity;
	uint64_t session, bytes, duration_ms;
	unsigned transfer_kind; /* enum event_kind */
	const char *kind;	/* "" for transfers */
	const char *user, *address;
	const char *text; /* of transfers: the result */
	const char *facts;
	struct text path, new_path; /* any bytes */
};

/* Where a page ends: what comes next has smaller ids. INT64_MAX: the newest; 0: nothing is left. */
struct activity_place {
	int64_t event_id, transfer_id;
};

struct activity_filter {
	/* NULL, below 0 and 0: all. Of the two kinds at most one is set; kind "" leaves all events
	 * out, transfer_kind ACTIVITY_NO_TRANSFERS all transfers. */
	const char *kind;
	int transfer_kind;
	const char *user, *address;
	const char *search; /* somewhere in the text, user, address or path; ASCII in either case */
	int severity;	    /* this one; below 0: all */
	uint64_t session;
	int64_t since_wall_ms, until_wall_ms;
	struct activity_place from;
	unsigned limit;
};
#define ACTIVITY_NO_TRANSFERS 1000

struct activity;

/* The database must have been opened by accounts_open before. 0, or -errno with *ret_error
 * filled. */
int activity_open(const char *path, struct activity **ret,
		  struct database_error *ret_error) MUST_CHECK;
void activity_free(struct activity **activity); /* accepts NULL; leaves NULL */

/* Stores all of them in one transaction and sets their ids. 0 or -errno: then nothing was
 * stored. */
int activity_add(struct activity *activity, struct activity_record *const *records,
		 size_t n) MUST_CHECK;

/* Calls each for what passes the filter, about in the order of time, newest first, under the lock
 * of reading. A call looks at so many rows at most: *ret_next says where to go on, also after a
 * page that is not full. 0 or -errno. */
int activity_list(struct activity *activity, const struct activity_filter *filter,
		  void (*each)(const struct activity_view *view, void *arg), void *arg,
		  struct activity_place *ret_next) MUST_CHECK;

/* Deletes up to `most` of those that are older, or that more than `keep` newer ones stand before.
 * Returns how many, or -errno. */
int activity_prune(struct activity *activity, int64_t before_wall_ms, int64_t keep,
		   unsigned most) MUST_CHECK;

#endif
