/* accounts/account_page.h - the accounts of a server with many, a page at a time.
 * Threads: any, as accounts/accounts.h. */
#ifndef ACCOUNTS_ACCOUNT_PAGE_H
#define ACCOUNTS_ACCOUNT_PAGE_H

#include "accounts/accounts.h"

struct account_filter {
	const char *search; /* in the name or the home, letters of either case; NULL: all */
	const char *group;  /* its members; NULL: all */
	int enabled;	    /* 1: those only; 0: the disabled ones; below: all */
};

/* Calls each for at most `limit` accounts that pass the filter, those behind the name `after`
 * (empty: from the first on), ordered by name, under the lock of reading: each must not call back.
 * 0 or
 * -errno. */
int account_page(struct accounts *accounts, const struct account_filter *filter, const char *after,
		 unsigned limit, void (*each)(const struct account *account, void *arg),
		 void *arg) MUST_CHECK;

/* How many pass the filter. 0 or -errno. */
int account_count(struct accounts *accounts, const struct account_filter *filter,
		  uint64_t *ret) MUST_CHECK;

#endif
