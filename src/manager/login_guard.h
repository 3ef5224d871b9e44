/* manager/login_guard.h - how often a login to the manager may fail: per address and per name
 * within some minutes. A name that fails from elsewhere does not lock out the place that its owner
 * logged in from last. Threads: any; a lock inside. */
#ifndef MANAGER_LOGIN_GUARD_H
#define MANAGER_LOGIN_GUARD_H

#include "net/address.h"

#define LOGIN_GUARD_WINDOW_S 300
#define LOGIN_GUARD_ADDRESS_MOST 10
#define LOGIN_GUARD_NAME_MOST 20

struct login_guard;

/* now_ms: a monotonic clock. NULL: memory is short. */
struct login_guard *login_guard_new(int64_t (*now_ms)(void)) MUST_CHECK;
void login_guard_free(struct login_guard **guard); /* accepts NULL; leaves NULL */

/* Seconds until somebody may try again; 0: now. is_home: the name's owner logged in from there
 * last. IPv6 counts by /64. */
unsigned login_guard_wait_s(struct login_guard *guard, const char *from, const char *name,
			    bool is_home);
void login_guard_failed(struct login_guard *guard, const char *from, const char *name);
void login_guard_succeeded(struct login_guard *guard, const char *from, const char *name);

/* Passwords are verified one at a time: each takes 16 MiB and a tenth of a second of a CPU. */
void login_guard_lock(struct login_guard *guard);
void login_guard_unlock(struct login_guard *guard);

#endif
