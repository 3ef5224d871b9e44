/* accounts/admins.h - the administrators of the manager, their sessions, API keys, and the one-time
 * link for the first of them. They have nothing to do with the users of FTP.
 * Threads: any; see accounts.h for transactions. */
#ifndef ACCOUNTS_ADMINS_H
#define ACCOUNTS_ADMINS_H

#include "accounts/accounts.h"
#include "accounts/role.h"
#include "accounts/token.h"
#include "accounts/totp.h"

struct admin {
	char name[USER_NAME_MAX + 1];
	char password_hash[PASSWORD_HASH_SIZE];
	enum role role;
	bool is_enabled;
	char totp_secret[TOTP_SECRET_SIZE];  /* empty: no codes are asked for */
	char totp_pending[TOTP_SECRET_SIZE]; /* one that has not been confirmed yet, or empty */
	int64_t totp_step;		     /* the last one whose code was used */
	int64_t created_wall_ms, updated_wall_ms;
	int64_t last_login_wall_ms; /* 0: never */
	char last_login_from[ACCOUNT_FROM_SIZE];
};

enum admin_part {
	ADMIN_PASSWORD_HASH = 1 << 0,
	ADMIN_ROLE = 1 << 1,
	ADMIN_ENABLED = 1 << 2,
	ADMIN_TOTP = 1 << 3, /* all three of it */
};

/* Created and updated become now. 0; -EEXIST; -errno. */
int admin_add(struct accounts *accounts, const struct admin *admin) MUST_CHECK;
/* 0; -ENOENT; -errno. *ret holds a hash and a secret: wipe it when it is not needed any more. */
int admin_get(struct accounts *accounts, struct text name, struct admin *ret) MUST_CHECK;
/* Another password, role or state, and no more codes, end all sessions but the one with this hash
 * (NULL: all). 0; -ENOENT; -EBUSY: no enabled owner would be left; -errno. */
int admin_change(struct accounts *accounts, struct text name, unsigned parts,
		 const struct admin *values, const uint8_t *spared_session) MUST_CHECK;
/* 0; -ENOENT; -EBUSY: it is the last enabled owner; -errno. */
int admin_delete(struct accounts *accounts, struct text name) MUST_CHECK;
/* Ordered by name, under the lock of reading: each must not call back. 0 or -errno. */
int admin_list(struct accounts *accounts, void (*each)(const struct admin *admin, void *arg),
	       void *arg) MUST_CHECK;
/* How many there are, or -errno. */
int admin_count(struct accounts *accounts) MUST_CHECK;
/* The code of this step is used up. 0; -ESTALE: it was already; -errno. */
int admin_use_code(struct accounts *accounts, struct text name, int64_t step) MUST_CHECK;

/* --- sessions of the web page ----------------------------------------------------------------- */

#define ADMIN_SESSION_IDLE_MS (INT64_C(12) * 3600 * 1000)
#define ADMIN_SESSION_MOST_MS (INT64_C(7) * 24 * 3600 * 1000)

/* Begins one, notes the login, and forgets those that are over. 0 or -errno. */
int admin_session_add(struct accounts *accounts, struct text name, const char *from,
		      const uint8_t hash[static TOKEN_HASH_SIZE]) MUST_CHECK;
/* Whose it is; and it is in use. 0; -ENOENT: there is none, it is over, or its owner is disabled;
 * -errno. */
int admin_session_find(struct accounts *accounts, const uint8_t hash[static TOKEN_HASH_SIZE],
		       struct admin *ret) MUST_CHECK;
int admin_session_end(struct accounts *accounts,
		      const uint8_t hash[static TOKEN_HASH_SIZE]) MUST_CHECK;

/* --- keys for programs ------------------------------------------------------------------------ */

#define API_KEY_ID_SIZE 17 /* 16 hex digits and the NUL */

struct api_key {
	char id[API_KEY_ID_SIZE];
	char name[USER_NAME_MAX + 1];
	uint8_t secret_hash[TOKEN_HASH_SIZE];
	enum role role;
	char created_by[USER_NAME_MAX + 16];
	int64_t created_wall_ms, expires_wall_ms, used_wall_ms; /* 0: never */
	char used_from[ACCOUNT_FROM_SIZE];
};

/* Created becomes now. 0; -EEXIST; -errno. */
int api_key_add(struct accounts *accounts, const struct api_key *key) MUST_CHECK;
/* 0; -ENOENT; -errno. */
int api_key_get(struct accounts *accounts, struct text id, struct api_key *ret) MUST_CHECK;
int api_key_delete(struct accounts *accounts, struct text id) MUST_CHECK;
/* It is in use, from there; written at most once a minute. 0 or -errno. */
int api_key_note_use(struct accounts *accounts, const struct api_key *key,
		     const char *from) MUST_CHECK;
/* Newest first, under the lock of reading: each must not call back. 0 or -errno. */
int api_key_list(struct accounts *accounts, void (*each)(const struct api_key *key, void *arg),
		 void *arg) MUST_CHECK;

/* --- the link for the first administrator ----------------------------------------------------- */

#define SETUP_LINK_MS (INT64_C(24) * 3600 * 1000)

/* Takes the place of the one before; good for SETUP_LINK_MS. 0 or -errno. */
int setup_link_set(struct accounts *accounts,
		   const uint8_t hash[static TOKEN_HASH_SIZE]) MUST_CHECK;
/* Whether one is there that is still good. 1, 0 or -errno. */
int setup_link_exists(struct accounts *accounts) MUST_CHECK;
/* Uses it up. 0; -ENOENT: it is not this one, is over, or was used; -errno. */
int setup_link_use(struct accounts *accounts,
		   const uint8_t hash[static TOKEN_HASH_SIZE]) MUST_CHECK;

#endif
