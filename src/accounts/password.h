/* accounts/password.h - passwords as crypt(3) hashes: new ones are yescrypt, all kinds are
 * verified.
 *
 * One yescrypt of the default cost (16 MiB and tens of milliseconds) is the price of a guess:
 * whoever refuses a login sees to it that it was paid (password_pay), whatever the reason of the
 * refusal, so that its time tells nothing. Threads: any.
 * Source: crypt(3), crypt(5), crypt_gensalt(3). */
#ifndef ACCOUNTS_PASSWORD_H
#define ACCOUNTS_PASSWORD_H

#include "base/text.h"

#define PASSWORD_MAX 511       /* bytes; what crypt(3) takes */
#define PASSWORD_HASH_SIZE 384 /* with the NUL; CRYPT_OUTPUT_SIZE */

/* NULL when the password can be set, else a sentence: 1 to PASSWORD_MAX bytes, no control bytes,
 * which no FTP client could send. */
const char *password_problem(struct text password);

/* Hashes with a new salt. 0; -EINVAL (see password_problem); -ENOMEM. */
int password_hash(struct text password, char ret[static PASSWORD_HASH_SIZE]) MUST_CHECK;

/* NULL when hash is a complete hash of a kind that crypt(3) knows here, else a sentence. Costs one
 * computation of that kind. */
const char *password_hash_problem(struct text hash);

/* Kinds of hashes of which one has passed, for files with many. All zero at first. */
struct password_kinds {
	struct {
		char kind[24]; /* "y" */
		size_t len;    /* of what stands behind the last '$' */
	} seen[8];
	size_t n;
};
/* As password_hash_problem, but one hash of each kind and length is computed only: the others are
 * looked at. */
const char *password_hash_problem_of_many(struct text hash, struct password_kinds *known);

/* True when the password is the one that was hashed; compares in constant time. */
bool password_matches(struct text password, const char *hash);

/* True when verifying against hash costs what a new hash costs. */
bool password_hash_costs_default(const char *hash);

/* Computes one yescrypt of the default cost, for nothing. */
void password_pay(void);

#endif
