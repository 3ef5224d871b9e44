/* manager/login.c - see login.h. */
#include "manager/login.h"

#include "base/clock.h"

static bool matches_cached(const struct login_base *base, const struct account *account,
			   struct text password, bool *ret_is_paid)
{
	struct password_ticket ticket;

	if (password_cache_enter(base->cache, text_of(account->name), account->password_hash,
				 password, &ticket))
		return true;
	bool matches = password_matches(password, account->password_hash);
	password_cache_leave(base->cache, &ticket, matches);
	/* A password that is too long for crypt(3) was not computed at all. */
	*ret_is_paid =
		password.len <= PASSWORD_MAX && password_hash_costs_default(account->password_hash);
	return matches;
}

static enum auth_result check_access(const struct account *account,
				     const struct login_attempt *attempt)
{
	return access_check(&account->access, attempt->peer, attempt->is_tls, clock_wall_ms());
}

enum auth_result login_check(const struct login_base *base, const struct login_attempt *attempt,
			     struct account *ret_account)
{
	enum auth_result result = AUTH_NO_USER;
	bool is_paid = false;

	int r = accounts_get(base->accounts, attempt->user, ret_account);
	if (r < 0 && r != -ENOENT)
		return AUTH_BACKEND_ERROR;
	/* A disabled user does not reach the cache: nothing of the password may show in the
	 * time. */
	if (r == 0 && !ret_account->is_enabled)
		result = AUTH_DISABLED;
	else if (r == 0)
		result = matches_cached(base, ret_account, attempt->password, &is_paid)
				 ? AUTH_OK
				 : AUTH_WRONG_PASSWORD;
	if (result != AUTH_OK && !is_paid)
		password_pay();
	return result == AUTH_OK ? check_access(ret_account, attempt) : result;
}

int login_recall(const struct login_base *base, const struct login_attempt *attempt,
		 struct account *ret_account, struct effective_rights *ret_rights)
{
	int r = rights_get_login(base->accounts, attempt->user, ret_account, ret_rights);

	if (r < 0)
		return r;
	if (!ret_account->is_enabled || check_access(ret_account, attempt) != AUTH_OK)
		return -ENOENT;
	return password_cache_knows(base->cache, text_of(ret_account->name),
				    ret_account->password_hash, attempt->password)
		       ? 0
		       : -ENOENT;
}

int login_confirm(const struct login_base *base, const struct account *account)
{
	struct account now;

	int r = accounts_get(base->accounts, text_of(account->name), &now);
	if (r < 0)
		return -ESTALE;
	bool is_same = now.is_enabled && strcmp(now.password_hash, account->password_hash) == 0;
	explicit_bzero(&now, sizeof(now));
	return is_same ? 0 : -ESTALE;
}

static const struct {
	const char *reason, *cause;
} refusals[] = {
	[AUTH_OK] = { "none", "" },
	[AUTH_NO_USER] = { "no-such-user", "D-61" },
	[AUTH_WRONG_PASSWORD] = { "wrong-password", "D-61" },
	[AUTH_DISABLED] = { "disabled", "D-60" },
	[AUTH_BACKEND_ERROR] = { "accounts-unavailable", "D-67" },
	[AUTH_EXPIRED] = { "account-expired", "D-66" },
	[AUTH_WRONG_ADDRESS] = { "address-not-allowed", "D-65" },
	[AUTH_NEEDS_TLS] = { "account-needs-tls", "D-59" },
};

const char *login_reason(enum auth_result result)
{
	return refusals[result].reason;
}

const char *login_cause(enum auth_result result)
{
	return refusals[result].cause;
}
