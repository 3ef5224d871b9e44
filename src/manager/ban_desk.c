/* manager/ban_desk.c - see ban_desk.h. */
#include "manager/ban_desk.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

#define SUSPECTS 2048 /* addresses with failures: a table of sets */
#define SET 8
#define GUESSES 16 /* of one suspect that are told from each other */

struct suspect {
	uint8_t ip[16]; /* masked, see place_of */
	int64_t since_ms;
	unsigned n_failures;
	unsigned n_guesses;
	uint64_t guesses[GUESSES]; /* keyed hashes of user and password */
};

struct ban_desk {
	struct accounts *accounts;
	struct bans *shared;
	const struct settings *settings;
	pthread_mutex_t lock;
	uint8_t key[32];
	struct suspect suspects[SUSPECTS];
};

/* --- telling the workers ---------------------------------------------------------------------- */

struct publication {
	struct ban_entry entries[BANS_MAX];
	size_t n;
	int64_t now_ms;
};

static bool holds(const struct ban *ban, int64_t now_ms)
{
	return ban->expires_wall_ms == 0 || ban->expires_wall_ms > now_ms;
}

static void add_entry(const struct ban *ban, void *arg)
{
	struct publication *all = arg;
	struct ban_entry *entry = &all->entries[all->n];

	if (all->n == BANS_MAX || !holds(ban, all->now_ms) ||
	    network_parse(text_of(ban->network), &entry->network) < 0)
		return;
	entry->until_wall_ms = ban->expires_wall_ms;
	entry->is_automatic = ban->is_automatic;
	all->n++;
}

static int publish_locked(struct ban_desk *desk)
{
	struct publication *all = calloc(1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	all->now_ms = clock_wall_ms();
	int r = ban_list_each(desk->accounts, add_entry, all);
	if (r == 0 && desk->shared)
		bans_publish(desk->shared, all->entries, all->n);
	free(all);
	return r;
}

/* --- the list --------------------------------------------------------------------------------- */

struct count {
	const char *except;
	size_t n;
};

static void count_others(const struct ban *ban, void *arg)
{
	struct count *count = arg;

	count->n += strcmp(ban->network, count->except) != 0;
}

static int put_locked(struct ban_desk *desk, const struct ban *ban)
{
	struct count count = { ban->network, 0 };
	int r = ban_list_expire(desk->accounts, clock_wall_ms());

	if (r >= 0)
		r = ban_list_each(desk->accounts, count_others, &count);
	if (r >= 0 && count.n >= BANS_MAX)
		r = -ENOSPC;
	if (r >= 0)
		r = ban_list_put(desk->accounts, ban);
	return r < 0 ? r : publish_locked(desk);
}

int ban_desk_put(struct ban_desk *desk, const struct ban *ban)
{
	(void)pthread_mutex_lock(&desk->lock);
	int r = put_locked(desk, ban);
	(void)pthread_mutex_unlock(&desk->lock);
	return r;
}

int ban_desk_remove(struct ban_desk *desk, const struct network *network)
{
	char text[NETWORK_TEXT_SIZE];

	(void)pthread_mutex_lock(&desk->lock);
	int r = ban_list_remove(desk->accounts, text_of(network_format(network, text)));
	if (r == 0)
		r = publish_locked(desk);
	(void)pthread_mutex_unlock(&desk->lock);
	return r;
}

struct visit {
	void (*each)(const struct ban *ban, void *arg);
	void *arg;
	int64_t now_ms;
};

static void visit_current(const struct ban *ban, void *arg)
{
	struct visit *visit = arg;

	if (holds(ban, visit->now_ms))
		visit->each(ban, visit->arg);
}

int ban_desk_each(struct ban_desk *desk, void (*each)(const struct ban *ban, void *arg), void *arg)
{
	struct visit visit = { each, arg, clock_wall_ms() };

	(void)pthread_mutex_lock(&desk->lock);
	int r = ban_list_each(desk->accounts, visit_current, &visit);
	(void)pthread_mutex_unlock(&desk->lock);
	return r;
}

struct search {
	const struct address *peer;
	struct ban *ret;
	bool is_found;
};

static void look_at(const struct ban *ban, void *arg)
{
	struct search *search = arg;
	struct network network;

	if (search->is_found || network_parse(text_of(ban->network), &network) < 0 ||
	    !network_contains(&network, search->peer))
		return;
	*search->ret = *ban;
	search->is_found = true;
}

bool ban_desk_finds(struct ban_desk *desk, const struct address *peer, struct ban *ret)
{
	struct search search = { peer, ret, false };

	return ban_desk_each(desk, look_at, &search) == 0 && search.is_found;
}

/* --- failed logins ---------------------------------------------------------------------------- */

/* What is banned for failures of this address. */
static struct network place_of(const struct address *peer)
{
	struct network place = { .prefix_bits = address_is_v4(peer) ? 128 : 64 };

	memcpy(place.ip, peer->ip, place.prefix_bits / 8);
	return place;
}

/* Tells guesses from each other without keeping them. */
static uint64_t hash_guess(const struct ban_desk *desk, const char *user,
			   const struct secret *password)
{
	unsigned char both[USER_NAME_MAX + 1 + SECRET_MAX], digest[EVP_MAX_MD_SIZE];
	size_t user_len = strnlen(user, USER_NAME_MAX), digest_len = 0;
	uint64_t value = 0;

	memcpy(both, user, user_len);
	both[user_len] = '\0';
	memcpy(both + user_len + 1, password->bytes, password->len);
	/* Where OpenSSL has no memory all are alike: nobody is banned sooner for that. */
	if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, desk->key, sizeof(desk->key), both,
		      user_len + 1 + password->len, digest, sizeof(digest), &digest_len) &&
	    digest_len >= sizeof(value))
		memcpy(&value, digest, sizeof(value));
	explicit_bzero(both, sizeof(both));
	return value;
}

/* Every login that works asks for this one: it is quick, and keyed so that nobody can choose the
 * set that his addresses fall into. */
static size_t set_of(const struct ban_desk *desk, const struct network *place)
{
	uint64_t words[2], seeds[2];

	memcpy(words, place->ip, sizeof(words));
	memcpy(seeds, desk->key, sizeof(seeds));
	uint64_t mixed = (words[0] ^ seeds[0]) * UINT64_C(0x9e3779b97f4a7c15);
	mixed = (mixed ^ mixed >> 29 ^ words[1] ^ seeds[1]) * UINT64_C(0xbf58476d1ce4e5b9);
	return (size_t)((mixed ^ mixed >> 32) % (SUSPECTS / SET)) * SET;
}

/* The one of this place, or the place of one that nobody will miss. */
static struct suspect *find_suspect(struct ban_desk *desk, const struct network *place,
				    bool *ret_is_new)
{
	size_t first = set_of(desk, place);
	struct suspect *oldest = &desk->suspects[first];

	for (size_t i = first; i < first + SET; i++) {
		struct suspect *s = &desk->suspects[i];

		*ret_is_new = s->n_failures == 0 || memcmp(s->ip, place->ip, sizeof(s->ip)) != 0;
		if (!*ret_is_new)
			return s;
		if (s->since_ms < oldest->since_ms)
			oldest = s;
	}
	return oldest;
}

static bool has_guessed(struct suspect *suspect, uint64_t guess)
{
	size_t n = MIN_OF(suspect->n_guesses, GUESSES);

	for (size_t i = 0; i < n; i++)
		if (suspect->guesses[i] == guess)
			return true;
	suspect->guesses[suspect->n_guesses++ % GUESSES] = guess;
	return false;
}

static void impose_locked(struct ban_desk *desk, const struct network *place, unsigned n_failures)
{
	struct ban ban = { .by = "server",
			   .is_automatic = true,
			   .created_wall_ms = clock_wall_ms() };
	char text[NETWORK_TEXT_SIZE];

	ban.expires_wall_ms = ban.created_wall_ms + (int64_t)desk->settings->ban_time_s * 1000;
	(void)snprintf(ban.network, sizeof(ban.network), "%s", network_format(place, text));
	(void)snprintf(ban.reason, sizeof(ban.reason), "%u failed logins within %u s", n_failures,
		       desk->settings->ban_window_s);
	int r = put_locked(desk, &ban);
	if (r < 0)
		log_event(LOG_ERROR, "ban-failed", F_STR("network", ban.network), F_ERRNO(r));
	else
		log_event(LOG_WARNING, "banned", F_STR("network", ban.network),
			  F_STR("reason", ban.reason),
			  F_UINT("seconds", desk->settings->ban_time_s), F_STR("cause", "D-63"));
}

static void note_failure_locked(struct ban_desk *desk, const struct network *place, uint64_t guess)
{
	bool is_new;
	struct suspect *suspect = find_suspect(desk, place, &is_new);
	int64_t now_ms = clock_ms();

	if (is_new || now_ms - suspect->since_ms > (int64_t)desk->settings->ban_window_s * 1000) {
		*suspect = (struct suspect){ .since_ms = now_ms };
		memcpy(suspect->ip, place->ip, sizeof(suspect->ip));
	}
	if (has_guessed(suspect, guess))
		return;
	if (++suspect->n_failures < desk->settings->ban_failures)
		return;
	impose_locked(desk, place, suspect->n_failures);
	*suspect = (struct suspect){ 0 };
}

void ban_desk_note_failure(struct ban_desk *desk, const struct address *peer, const char *user,
			   const struct secret *password)
{
	struct text spared = text_of(desk->settings->never_ban);
	struct network place = place_of(peer);

	if (desk->settings->ban_failures == 0 ||
	    (spared.len > 0 && access_networks_contain(spared, peer)))
		return;
	uint64_t guess = hash_guess(desk, user, password);
	(void)pthread_mutex_lock(&desk->lock);
	note_failure_locked(desk, &place, guess);
	(void)pthread_mutex_unlock(&desk->lock);
}

void ban_desk_note_success(struct ban_desk *desk, const struct address *peer)
{
	struct network place = place_of(peer);

	bool is_new;

	(void)pthread_mutex_lock(&desk->lock);
	struct suspect *suspect = find_suspect(desk, &place, &is_new);
	if (!is_new)
		*suspect = (struct suspect){ 0 };
	(void)pthread_mutex_unlock(&desk->lock);
}

/* --- its life --------------------------------------------------------------------------------- */

int ban_desk_new(struct accounts *accounts, struct bans *shared, const struct settings *settings,
		 struct ban_desk **ret)
{
	struct ban_desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return -ENOMEM;
	desk->accounts = accounts;
	desk->shared = shared;
	desk->settings = settings;
	(void)pthread_mutex_init(&desk->lock, NULL);
	random_bytes(desk->key, sizeof(desk->key));
	int r = publish_locked(desk);
	if (r < 0) {
		ban_desk_free(&desk);
		return r;
	}
	*ret = desk;
	return 0;
}

void ban_desk_free(struct ban_desk **desk)
{
	struct ban_desk *d = *desk;

	if (!d)
		return;
	(void)pthread_mutex_destroy(&d->lock);
	explicit_bzero(d, sizeof(*d));
	free(d);
	*desk = NULL;
}
