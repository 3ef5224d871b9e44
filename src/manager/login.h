/* manager/login.h - is this the user, is this the password: the answer, at the same price whatever
 * it is. Threads: any. */
#ifndef MANAGER_LOGIN_H
#define MANAGER_LOGIN_H

#include "accounts/accounts.h"
#include "accounts/password_cache.h"
#include "accounts/rights.h"

struct login_base {
	struct accounts *accounts;
	struct password_cache *cache;
};

/* Who asks, and from where; text is borrowed. */
struct login_attempt {
	struct text user, password;
	const struct address *peer;
	bool is_tls;
};

/* AUTH_OK with *ret_account; otherwise at least one yescrypt of the default cost was paid, so that
 * an unknown user, a wrong password and a disabled user take the same time (AUTH_BACKEND_ERROR:
 * nothing was paid). *ret_account holds a hash: wipe it after use. */
enum auth_result login_check(const struct login_base *base, const struct login_attempt *attempt,
			     struct account *ret_account) MUST_CHECK;

/* AUTH_OK without the work: the user is there, enabled, may log in like this, and the password
 * was verified not long ago. 0; -ENOENT: that is not known, use login_check; -errno. Never waits
 * for a hash. *ret_account holds one: wipe it after use, in any case. */
int login_recall(const struct login_base *base, const struct login_attempt *attempt,
		 struct account *ret_account, struct effective_rights *ret_rights) MUST_CHECK;

/* 0 while the account is still what login_check saw: there, enabled, with the same password.
 * -ESTALE: check again. */
int login_confirm(const struct login_base *base, const struct account *account) MUST_CHECK;

/* "no-such-user", "wrong-password", "disabled", ... and the cause id that the log gives with it. */
const char *login_reason(enum auth_result result);
const char *login_cause(enum auth_result result);

#endif
