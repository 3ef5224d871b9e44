/* ipc/bans.h - the networks that get no session here, in memory shared by all of our processes: the
 * manager writes the list, workers look at it for each connection.
 * Threads and processes: bans_publish one at a time (the manager), the rest any; readers never
 * wait for the writer. */
#ifndef IPC_BANS_H
#define IPC_BANS_H

#include "net/address.h"

#define BANS_MAX 1024

struct ban_entry {
	struct network network;
	int64_t until_wall_ms; /* 0: for good */
	bool is_automatic;     /* for failed logins, not by an administrator */
};

struct bans;

/* Supervisor, before the first fork. NULL when memory is short. */
struct bans *bans_new(void) MUST_CHECK;

/* These from now on, and no others. n is at most BANS_MAX. */
void bans_publish(struct bans *bans, const struct ban_entry *entries, size_t n);

/* Whether the address is banned now; *ret is the entry that says so. */
bool bans_find(const struct bans *bans, const struct address *peer, int64_t now_wall_ms,
	       struct ban_entry *ret);

#endif
