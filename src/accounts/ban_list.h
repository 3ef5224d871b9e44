/* accounts/ban_list.h - the networks that get no session, as the accounts database keeps them.
 * Threads: any, as accounts/accounts.h. */
#ifndef ACCOUNTS_BAN_LIST_H
#define ACCOUNTS_BAN_LIST_H

#include "accounts/accounts.h"

#define BAN_NETWORK_SIZE 64 /* "2001:db8::/32" as network_format writes it */
#define BAN_REASON_SIZE 200
#define BAN_BY_SIZE 160

struct ban {
	char network[BAN_NETWORK_SIZE];
	char reason[BAN_REASON_SIZE];
	char by[BAN_BY_SIZE]; /* which administrator; "server": for failed logins */
	bool is_automatic;
	int64_t created_wall_ms;
	int64_t expires_wall_ms; /* 0: never */
};

/* Replaces a ban of the same network. 0 or -errno. */
int ban_list_put(struct accounts *accounts, const struct ban *ban) MUST_CHECK;
/* 0; -ENOENT; -errno. */
int ban_list_remove(struct accounts *accounts, struct text network) MUST_CHECK;
/* Forgets those that have expired by then. Returns how many, or -errno. */
int ban_list_expire(struct accounts *accounts, int64_t now_wall_ms) MUST_CHECK;
/* Calls each for every ban, ordered by network, under the lock of reading: each must not call back.
 * 0 or -errno. */
int ban_list_each(struct accounts *accounts, void (*each)(const struct ban *ban, void *arg),
		  void *arg) MUST_CHECK;

#endif
