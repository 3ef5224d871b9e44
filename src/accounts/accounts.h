/* accounts/accounts.h - the users of this server, kept in an SQLite database.
 *
 *	r = accounts_open("/var/lib/sallyport/accounts.db", &accounts, &error);
 *	r = accounts_get(accounts, T("alice"), &account);
 *	accounts_free(&accounts);
 *
 * Threads: any. Reading and changing use separate connections, so that a change that waits for the
 * disk delays no login. What a change has committed, every later read sees. */
#ifndef ACCOUNTS_ACCOUNTS_H
#define ACCOUNTS_ACCOUNTS_H

#include "accounts/database.h"
#include "accounts/password.h"
#include "ftp/access.h"
#include "ftp/quota.h"
#include "ftp/user_limits.h"

#define ACCOUNT_FROM_SIZE 72 /* an address as text */

struct account {
	char name[USER_NAME_MAX + 1];
	char password_hash[PASSWORD_HASH_SIZE];
	char home[USER_HOME_MAX + 1]; /* absolute, or relative to data_root */
	bool is_enabled;
	uint32_t permissions;	   /* enum permission bits */
	struct user_limits limits; /* LIMIT_AS_SERVER: its group's, or else the server's */
	enum user_uploads uploads; /* likewise */
	struct quota_choice quota;
	struct user_access access;
	int64_t created_wall_ms, updated_wall_ms;
	int64_t last_login_wall_ms; /* 0: never */
	char last_login_from[ACCOUNT_FROM_SIZE];
};

/* The parts of an account that a change can name. */
enum account_part {
	ACCOUNT_PASSWORD_HASH = 1 << 0,
	ACCOUNT_HOME = 1 << 1,
	ACCOUNT_ENABLED = 1 << 2,
	ACCOUNT_PERMISSIONS = 1 << 3,
	ACCOUNT_LIMITS = 1 << 4, /* limits, uploads and quota: all of them */
	/* The parts of access. */
	ACCOUNT_NETWORKS = 1 << 5,
	ACCOUNT_EXPIRES = 1 << 6,
	ACCOUNT_REQUIRES_TLS = 1 << 7,
};

struct account_login {
	char name[USER_NAME_MAX + 1];
	char from[ACCOUNT_FROM_SIZE];
	int64_t wall_ms;
};

struct accounts;

/* Makes the file (mode 0600) or leads it to the newest schema. 0, or -errno with *ret_error
 * filled. */
int accounts_open(const char *path, struct accounts **ret,
		  struct database_error *ret_error) MUST_CHECK;
void accounts_free(struct accounts **accounts); /* accepts NULL; leaves NULL */

/* All changes between the two, those of the other headers of this folder that take a struct
 * accounts included, are one transaction, which other threads' changes wait for; they may nest.
 * Reads do not see it before its end. begin: 0, or -errno and nothing has begun. end commits when r
 * and all nested ends are not negative, else it takes everything back; returns r, what kept the
 * commit from succeeding, or -ECANCELED where only a nested end was negative. */
int accounts_begin(struct accounts *accounts) MUST_CHECK;
int accounts_end(struct accounts *accounts, int r) MUST_CHECK;

/* Adds the account; created and updated become now, the last login never. Values must be checked
 * already (user_name_problem, account_home_problem, password_hash_problem).
 * 0; -EEXIST; -errno of the database. */
int accounts_add(struct accounts *accounts, const struct account *account) MUST_CHECK;

/* 0; -ENOENT; -errno. *ret holds a hash: wipe it when it is not needed any more. */
int accounts_get(struct accounts *accounts, struct text name, struct account *ret) MUST_CHECK;

/* Sets the named parts (enum account_part) to those of values. 0; -ENOENT; -errno. */
int accounts_change(struct accounts *accounts, struct text name, unsigned parts,
		    const struct account *values) MUST_CHECK;

/* 0; -ENOENT; -errno. */
int accounts_delete(struct accounts *accounts, struct text name) MUST_CHECK;

/* Calls each for every account, ordered by name, under the lock of reading: each must not call
 * back. 0 or -errno. */
int accounts_list(struct accounts *accounts, void (*each)(const struct account *account, void *arg),
		  void *arg) MUST_CHECK;

/* Notes all these logins in one transaction; accounts that are gone are skipped. 0 or -errno. */
int accounts_note_logins(struct accounts *accounts, const struct account_login *logins,
			 size_t n_logins) MUST_CHECK;

/* A home that can be stored: an absolute path, or one relative to data_root; no "..", no control
 * bytes, at most USER_HOME_MAX bytes. NULL when good, else a sentence. */
const char *account_home_problem(struct text home);

#endif
