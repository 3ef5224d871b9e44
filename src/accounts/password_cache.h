/* accounts/password_cache.h - a verified password is remembered for a while, so that a client that
 * opens ten connections at once pays for the hash once.
 *
 *	if (!password_cache_enter(cache, user, hash, password, &ticket)) {
 *		matches = password_matches(password, hash);
 *		password_cache_leave(cache, &ticket, matches);
 *	}
 *
 * Kept is only HMAC-SHA256 of (user, stored hash, password) under a key of this process: a changed
 * password has another stored hash and misses at once, and failures are never kept.
 * Threads: any; enter waits while another thread verifies the very same password. */
#ifndef ACCOUNTS_PASSWORD_CACHE_H
#define ACCOUNTS_PASSWORD_CACHE_H

#include "base/text.h"

#define PASSWORD_CACHE_KEY_SIZE 32

struct password_cache;

struct password_ticket {
	uint8_t key[PASSWORD_CACHE_KEY_SIZE];
	uint64_t flight; /* 0: nobody waits for this one */
};

/* lifetime_ms 0: nothing is remembered, every enter says false. now_ms is the clock, for tests.
 * NULL when memory is short. */
struct password_cache *password_cache_new(int64_t lifetime_ms, int64_t (*now_ms)(void)) MUST_CHECK;
void password_cache_free(struct password_cache **cache); /* accepts NULL; leaves NULL */

/* True: verified not long ago. False: verify, then call password_cache_leave with the same
 * ticket. */
bool password_cache_enter(struct password_cache *cache, struct text user, const char *hash,
			  struct text password, struct password_ticket *ret_ticket) MUST_CHECK;
void password_cache_leave(struct password_cache *cache, struct password_ticket *ticket,
			  bool is_verified);

/* True: verified not long ago. Never waits. */
bool password_cache_knows(struct password_cache *cache, struct text user, const char *hash,
			  struct text password) MUST_CHECK;

#endif
