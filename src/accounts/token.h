/* accounts/token.h - random tokens (of sessions, keys, one-time links), of which only hashes are
 * stored: whoever reads the database cannot use them. They are random enough for a fast hash.
 * Threads: any. */
#ifndef ACCOUNTS_TOKEN_H
#define ACCOUNTS_TOKEN_H

#include "base/text.h"

#define TOKEN_BYTES 32
#define TOKEN_SIZE (TOKEN_BYTES * 2 + 1) /* as text in hex, with the NUL */
#define TOKEN_HASH_SIZE 32

/* A new one: 256 bits from the kernel. */
void token_make(char ret[static TOKEN_SIZE]);

/* SHA-256 of any text. */
void token_hash(struct text token, uint8_t ret[static TOKEN_HASH_SIZE]);

/* Another token that follows from this one and tells nothing of it. purpose: a literal. */
void token_derive(struct text token, const char *purpose, char ret[static TOKEN_SIZE]);

/* In constant time. */
bool token_equal(const uint8_t a[static TOKEN_HASH_SIZE], const uint8_t b[static TOKEN_HASH_SIZE]);
bool token_text_equal(struct text a, struct text b);

#endif
