/* accounts/password_cache.c - see password_cache.h.
 * Threads: one lock guards the keyed hash, another one everything else. The table is a
 * set-associative array: a key may stand in any of the ways of its set, and the oldest one there
 * makes room. */
#include "accounts/password_cache.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

#include "accounts/password.h"
#include "base/random.h"
#include "base/secret.h"
#include "ftp/account.h"

#define SETS 256
#define WAYS 4
#define MAX_FLIGHTS 64 /* verifications that others can wait for; more go on without */

struct entry {
	uint8_t key[PASSWORD_CACHE_KEY_SIZE];
	int64_t until_ms; /* 0: free */
};

struct flight {
	uint8_t key[PASSWORD_CACHE_KEY_SIZE];
	uint64_t number; /* 0: free */
};

struct password_cache {
	EVP_MAC_CTX *mac; /* keyed; each use begins it again */
	int64_t lifetime_ms;
	int64_t (*now_ms)(void);
	pthread_mutex_t mac_lock; /* of its own: a hash delays nobody who waits for a flight */
	pthread_mutex_t lock;
	pthread_cond_t landed;
	uint64_t last_number;
	struct flight flights[MAX_FLIGHTS];
	struct entry entries[SETS][WAYS];
};

/* HMAC-SHA256 under a key that is known here only. */
static EVP_MAC_CTX *new_mac(void)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
	uint8_t key[32];

	random_bytes(key, sizeof(key));
	if (context && EVP_MAC_init(context, key, sizeof(key), params) != 1) {
		EVP_MAC_CTX_free(context);
		context = NULL;
	}
	explicit_bzero(key, sizeof(key));
	EVP_MAC_free(mac); /* the context holds on to it */
	return context;
}

struct password_cache *password_cache_new(int64_t lifetime_ms, int64_t (*now_ms)(void))
{
	struct password_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->mac = new_mac();
	if (!cache->mac) {
		free(cache);
		return NULL;
	}
	cache->lifetime_ms = lifetime_ms;
	cache->now_ms = now_ms;
	(void)pthread_mutex_init(&cache->mac_lock, NULL);
	(void)pthread_mutex_init(&cache->lock, NULL);
	(void)pthread_cond_init(&cache->landed, NULL);
	return cache;
}

void password_cache_free(struct password_cache **cache)
{
	struct password_cache *c = *cache;

	if (!c)
		return;
	(void)pthread_cond_destroy(&c->landed);
	(void)pthread_mutex_destroy(&c->lock);
	(void)pthread_mutex_destroy(&c->mac_lock);
	EVP_MAC_CTX_free(c->mac);
	explicit_bzero(c, sizeof(*c));
	free(c);
	*cache = NULL;
}

struct message {
	size_t len;
	uint8_t bytes[3 * sizeof(uint32_t) + USER_NAME_MAX + PASSWORD_HASH_SIZE + SECRET_MAX];
};

/* Each part goes in behind its length, so that no two triples make the same message. */
static int add_part(struct message *message, struct text part)
{
	uint32_t len = (uint32_t)part.len;

	if (part.len > SECRET_MAX || sizeof(message->bytes) - message->len < sizeof(len) + part.len)
		return -ENAMETOOLONG;
	memcpy(message->bytes + message->len, &len, sizeof(len));
	message->len += sizeof(len);
	if (part.len > 0)
		memcpy(message->bytes + message->len, part.ptr, part.len);
	message->len += part.len;
	return 0;
}

/* To begin again with the key that is set takes no memory, a copy of it does. */
static int sign(struct password_cache *cache, const struct message *message,
		uint8_t ret[static PASSWORD_CACHE_KEY_SIZE])
{
	size_t made = 0;

	(void)pthread_mutex_lock(&cache->mac_lock);
	bool is_good = EVP_MAC_init(cache->mac, NULL, 0, NULL) == 1 &&
		       EVP_MAC_update(cache->mac, message->bytes, message->len) == 1 &&
		       EVP_MAC_final(cache->mac, ret, &made, PASSWORD_CACHE_KEY_SIZE) == 1;
	(void)pthread_mutex_unlock(&cache->mac_lock);
	return is_good ? 0 : -ENOMEM;
}

static int make_key(struct password_cache *cache, struct text user, const char *hash,
		    struct text password, uint8_t ret[static PASSWORD_CACHE_KEY_SIZE])
{
	struct message message;

	message.len = 0;

	int r = add_part(&message, user);
	if (r == 0)
		r = add_part(&message, text_of(hash));
	if (r == 0)
		r = add_part(&message, password);
	if (r == 0)
		r = sign(cache, &message, ret);
	explicit_bzero(message.bytes, message.len);
	return r;
}

static bool same_key(const uint8_t *a, const uint8_t *b)
{
	return CRYPTO_memcmp(a, b, PASSWORD_CACHE_KEY_SIZE) == 0;
}

static struct entry *find_entry_locked(struct password_cache *cache, const uint8_t *key)
{
	for (size_t i = 0; i < WAYS; i++) {
		struct entry *entry = &cache->entries[key[0]][i];
		if (entry->until_ms > cache->now_ms() && same_key(entry->key, key))
			return entry;
	}
	return NULL;
}

static void remember_locked(struct password_cache *cache, const uint8_t *key)
{
	struct entry *set = cache->entries[key[0]];
	struct entry *chosen = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (same_key(set[i].key, key)) {
			chosen = &set[i];
			break;
		}
		if (set[i].until_ms < chosen->until_ms)
			chosen = &set[i];
	}
	memcpy(chosen->key, key, sizeof(chosen->key));
	chosen->until_ms = cache->now_ms() + cache->lifetime_ms;
}

/* By number, or by key when number is 0. */
static struct flight *find_flight_locked(struct password_cache *cache, uint64_t number,
					 const uint8_t *key)
{
	for (size_t i = 0; i < MAX_FLIGHTS; i++) {
		struct flight *flight = &cache->flights[i];
		if (flight->number == 0)
			continue;
		if (number ? flight->number == number : same_key(flight->key, key))
			return flight;
	}
	return NULL;
}

static uint64_t start_flight_locked(struct password_cache *cache, const uint8_t *key)
{
	for (size_t i = 0; i < MAX_FLIGHTS; i++) {
		struct flight *flight = &cache->flights[i];
		if (flight->number != 0)
			continue;
		memcpy(flight->key, key, sizeof(flight->key));
		flight->number = ++cache->last_number;
		return flight->number;
	}
	return 0;
}

/* Those who waited for a flight that failed verify by themselves, all at once and without a flight
 * of their own: a shared "no" would be cheaper than other refusals, and a queue of flights
 * slower. */
static bool enter_locked(struct password_cache *cache, struct password_ticket *ticket)
{
	if (find_entry_locked(cache, ticket->key))
		return true;

	struct flight *flight = find_flight_locked(cache, 0, ticket->key);
	if (!flight) {
		ticket->flight = start_flight_locked(cache, ticket->key);
		return false;
	}
	uint64_t number = flight->number;
	while (find_flight_locked(cache, number, ticket->key))
		(void)pthread_cond_wait(&cache->landed, &cache->lock);
	return find_entry_locked(cache, ticket->key) != NULL;
}

bool password_cache_enter(struct password_cache *cache, struct text user, const char *hash,
			  struct text password, struct password_ticket *ret_ticket)
{
	struct password_ticket ticket = { .flight = 0 };
	bool is_verified = false;

	if (cache->lifetime_ms > 0 && make_key(cache, user, hash, password, ticket.key) == 0) {
		(void)pthread_mutex_lock(&cache->lock);
		is_verified = enter_locked(cache, &ticket);
		(void)pthread_mutex_unlock(&cache->lock);
	}
	*ret_ticket = ticket;
	return is_verified;
}

bool password_cache_knows(struct password_cache *cache, struct text user, const char *hash,
			  struct text password)
{
	uint8_t key[PASSWORD_CACHE_KEY_SIZE];

	if (cache->lifetime_ms == 0 || make_key(cache, user, hash, password, key) < 0)
		return false;
	(void)pthread_mutex_lock(&cache->lock);
	bool is_known = find_entry_locked(cache, key) != NULL;
	(void)pthread_mutex_unlock(&cache->lock);
	explicit_bzero(key, sizeof(key));
	return is_known;
}

void password_cache_leave(struct password_cache *cache, struct password_ticket *ticket,
			  bool is_verified)
{
	if (ticket->flight == 0)
		return;
	(void)pthread_mutex_lock(&cache->lock);
	if (is_verified)
		remember_locked(cache, ticket->key);
	struct flight *flight = find_flight_locked(cache, ticket->flight, ticket->key);
	if (flight)
		explicit_bzero(flight, sizeof(*flight));
	(void)pthread_cond_broadcast(&cache->landed);
	(void)pthread_mutex_unlock(&cache->lock);
	explicit_bzero(ticket, sizeof(*ticket));
}
