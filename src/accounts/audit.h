/* accounts/audit.h - who changed what, when and from where: one row for each change, in the
 * accounts database. Between accounts_begin and accounts_end a row is part of the change that it
 * tells of. Threads: any. */
#ifndef ACCOUNTS_AUDIT_H
#define ACCOUNTS_AUDIT_H

#include "accounts/accounts.h"

#define AUDIT_KEEP 200000 /* rows; older ones leave */
#define AUDIT_ACTION_MAX 63
#define AUDIT_OBJECT_MAX 1055

/* Texts are borrowed. */
struct audit_record {
	int64_t id;	 /* of what is read */
	int64_t wall_ms; /* of what is read; what is added gets the time of now */
	const char *who, *from, *action, *object;
	const char *before, *after; /* JSON, or NULL */
};

/* NULL, 0: not asked for. */
struct audit_filter {
	const char *who;
	const char *what;   /* an action or the beginning of some: "user" finds "user-added" */
	const char *search; /* in object, before and after; case does not count in ASCII */
	int64_t since_wall_ms, until_wall_ms; /* from the first on, and before the second */
	int64_t before_id;
	unsigned limit;
};

/* 0 or -errno. */
int audit_add(struct accounts *accounts, const struct audit_record *record) MUST_CHECK;

/* Newest first, under the lock of reading: each must not call back. 0 or -errno. */
int audit_list(struct accounts *accounts, const struct audit_filter *filter,
	       void (*each)(const struct audit_record *record, void *arg), void *arg) MUST_CHECK;

/* Drops all but the newest `keep` rows. How many went, or -errno. */
int audit_prune(struct accounts *accounts, int64_t keep) MUST_CHECK;

#endif
