/* manager/last_logins.h - when each user was last here, written behind the logins' back: a thread
 * of its own gathers what a moment brings and stores it in one transaction.
 * Threads: any may note. */
#ifndef MANAGER_LAST_LOGINS_H
#define MANAGER_LAST_LOGINS_H

#include "accounts/accounts.h"

struct last_logins;

/* accounts is borrowed. 0 or -errno. */
int last_logins_new(struct accounts *accounts, struct last_logins **ret) MUST_CHECK;
/* Stores what is left. Accepts NULL; leaves NULL. */
void last_logins_free(struct last_logins **logins);

/* The user (as stored) is here now, from that address. Never waits for the disk. */
void last_logins_note(struct last_logins *logins, struct text user, struct text from);

#endif
