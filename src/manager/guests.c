/* manager/guests.c - see guests.h. */
#include "manager/guests.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "manager/api_request.h"
#include "manager/guest_ear.h"
#include "manager/guest_watch.h"

#define WATCHED_MAX 32
#define LOOK_EVERY_MS 500
#define KEEP_MS ((int64_t)7 * 24 * 3600 * 1000)
#define TOKEN_BYTES 32
#define HASH_SIZE 65

#define COLUMNS "id, name, user, by, created_ms, expires_ms, opened_ms, opened_from, browser_hash"

struct guests {
	struct shelf *shelf;
	const struct scoreboard *board;
	struct bus *bus;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	pthread_t thread;
	bool has_thread, is_ending;
	struct guest_watch watched[WATCHED_MAX];
	struct guest_ear *ear; /* NULL: nobody is watched, or the bus has no room */
};

/* --- secrets ---------------------------------------------------------------------------------- */

/* RFC 4648 5, without padding. */
static void make_token(char ret[static GUEST_TOKEN_SIZE])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[TOKEN_BYTES + 1] = { 0 }; /* a multiple of three */
	size_t n = 0;

	random_bytes(bytes, TOKEN_BYTES);
	for (size_t i = 0; i < sizeof(bytes); i += 3) {
		unsigned group = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 |
				 (unsigned)bytes[i + 2];

		for (unsigned shift = 24; shift > 0 && n < GUEST_TOKEN_SIZE - 1;) {
			shift -= 6;
			ret[n++] = digits[group >> shift & 63];
		}
	}
	ret[n] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
}

/* Tokens are long and random: a plain hash does. */
static void hash_token(const char *token, char ret[static HASH_SIZE])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf out;

	buf_init(&out, ret, HASH_SIZE);
	if (EVP_Digest(token, strlen(token), digest, &len, EVP_sha256(), NULL) == 1)
		for (unsigned i = 0; i < len; i++)
			buf_addf(&out, "%02x", digest[i]);
}

/* --- watching --------------------------------------------------------------------------------- */

static void tell(struct guest_watch *watch, json_t *item, void *arg)
{
	struct guests *g = arg;
	char topic[32];

	(void)snprintf(topic, sizeof(topic), "guest:%" PRId64, watch->id);
	bus_publish(g->bus, topic, 0, json_incref(item));
}

static void unwatch_locked(struct guest_watch *watch)
{
	json_decref(watch->seen);
	*watch = (struct guest_watch){ 0 };
}

static struct guest_watch *find_locked(struct guests *g, int64_t id)
{
	for (size_t i = 0; i < WATCHED_MAX; i++)
		if (g->watched[i].id == id)
			return &g->watched[i];
	return NULL;
}

/* The one that ends first makes room. */
static struct guest_watch *place_locked(struct guests *g)
{
	struct guest_watch *first = &g->watched[0];

	for (size_t i = 0; i < WATCHED_MAX; i++) {
		if (g->watched[i].id == 0)
			return &g->watched[i];
		if (g->watched[i].expires_wall_ms < first->expires_wall_ms)
			first = &g->watched[i];
	}
	unwatch_locked(first);
	return first;
}

static void watch_locked(struct guests *g, const struct guest *guest)
{
	struct address address;

	if (find_locked(g, guest->id) || address_parse(text_of(guest->opened_from), &address) < 0)
		return;
	struct guest_watch *watch = place_locked(g);

	*watch = (struct guest_watch){
		.id = guest->id,
		.expires_wall_ms = guest->expires_wall_ms,
		.address = address,
		.seen = json_array(),
	};
	(void)pthread_cond_signal(&g->changed);
}

static size_t look_locked(struct guests *g)
{
	int64_t now_ms = clock_wall_ms();
	size_t n = 0;

	for (size_t i = 0; i < WATCHED_MAX; i++) {
		struct guest_watch *watch = &g->watched[i];

		if (watch->id != 0 && watch->expires_wall_ms <= now_ms)
			unwatch_locked(watch);
		if (watch->id == 0)
			continue;
		guest_watch_look(watch, g->board, tell, g);
		n++;
	}
	return n;
}

static const char *text_in(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* What the scoreboard does not show: why something went wrong. What others do from this address,
 * its administrators among them, is not the guest's business. */
static bool is_for_guests(const char *kind)
{
	static const char *const kinds[] = { "login-failed", "data-failed", "handshake-failed" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

static void hear_event_locked(struct guests *g, const json_t *event)
{
	const char *severity = text_in(event, "severity"), *kind = text_in(event, "kind");
	struct address address;

	if (!is_for_guests(kind) || address_parse(text_of(text_in(event, "address")), &address) < 0)
		return;
	for (size_t i = 0; i < WATCHED_MAX; i++) {
		struct guest_watch *watch = &g->watched[i];

		if (watch->id == 0 || !address_same_host(&watch->address, &address))
			continue;
		json_t *item = guest_watch_note(
			watch, kind, *severity ? severity : "note",
			(uint64_t)json_integer_value(json_object_get(event, "session")),
			text_in(event, "text"));
		if (item)
			tell(watch, item, g);
	}
}

static void hear_locked(struct guests *g)
{
	bool is_over = false;
	json_t *event;

	if (!g->ear)
		g->ear = guest_ear_new(g->bus);
	while (g->ear && (event = guest_ear_next(g->ear, &is_over))) {
		hear_event_locked(g, event);
		json_decref(event);
	}
	if (is_over)
		guest_ear_free(&g->ear);
}

static void *run(void *arg)
{
	struct guests *g = arg;

	(void)pthread_mutex_lock(&g->lock);
	while (!g->is_ending) {
		struct timespec until;

		if (look_locked(g) == 0) {
			guest_ear_free(&g->ear);
			(void)pthread_cond_wait(&g->changed, &g->lock);
			continue;
		}
		hear_locked(g);
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_EVERY_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		(void)pthread_cond_clockwait(&g->changed, &g->lock, CLOCK_MONOTONIC, &until);
	}
	(void)pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* --- rows ------------------------------------------------------------------------------------- */

struct row {
	struct guest guest;
	char browser_hash[HASH_SIZE];
	bool is_there;
};

static void read_row(sqlite3_stmt *s, void *arg)
{
	struct row *row = arg;
	struct guest *guest = &row->guest;

	*row = (struct row){ .is_there = true };
	guest->id = sqlite3_column_int64(s, 0);
	(void)!text_copy(text_of(shelf_column(s, 1)), guest->name, sizeof(guest->name));
	(void)!text_copy(text_of(shelf_column(s, 2)), guest->user, sizeof(guest->user));
	(void)!text_copy(text_of(shelf_column(s, 3)), guest->by, sizeof(guest->by));
	guest->created_wall_ms = sqlite3_column_int64(s, 4);
	guest->expires_wall_ms = sqlite3_column_int64(s, 5);
	guest->opened_wall_ms = sqlite3_column_int64(s, 6);
	(void)!text_copy(text_of(shelf_column(s, 7)), guest->opened_from,
			 sizeof(guest->opened_from));
	(void)!text_copy(text_of(shelf_column(s, 8)), row->browser_hash, sizeof(row->browser_hash));
}

static json_t *guest_json(const struct guest *guest)
{
	return json_pack(
		"{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)guest->id, "name",
		api_text_or_null(guest->name), "user", api_text_or_null(guest->user), "by",
		api_text(text_of(guest->by)), "created", api_time(guest->created_wall_ms),
		"expires", api_time(guest->expires_wall_ms), "opened",
		api_time(guest->opened_wall_ms), "address", api_text_or_null(guest->opened_from));
}

static void watch_row(sqlite3_stmt *s, void *arg)
{
	struct row row;

	read_row(s, &row);
	watch_locked(arg, &row.guest);
}

struct guests *guests_new(struct shelf *shelf, const struct scoreboard *board, struct bus *bus)
{
	const struct shelf_value now = shelf_number(clock_wall_ms());
	struct guests *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->shelf = shelf;
	g->board = board;
	g->bus = bus;
	(void)pthread_mutex_init(&g->lock, NULL);
	(void)pthread_cond_init(&g->changed, NULL);
	/* Links in use go on over a reload. */
	int r = shelf_run(shelf,
			  "SELECT " COLUMNS " FROM guests WHERE opened_ms > 0 AND expires_ms > ?1 "
			  "ORDER BY id DESC LIMIT 32",
			  &now, 1, watch_row, g);
	if (r < 0)
		log_event(LOG_ERROR, "guests-unreadable", F_ERRNO(r));
	g->has_thread = pthread_create(&g->thread, NULL, run, g) == 0;
	if (!g->has_thread)
		guests_free(&g);
	return g;
}

void guests_free(struct guests **guests)
{
	struct guests *g = *guests;

	if (!g)
		return;
	(void)pthread_mutex_lock(&g->lock);
	g->is_ending = true;
	(void)pthread_cond_signal(&g->changed);
	(void)pthread_mutex_unlock(&g->lock);
	if (g->has_thread)
		(void)pthread_join(g->thread, NULL);
	guest_ear_free(&g->ear);
	for (size_t i = 0; i < WATCHED_MAX; i++)
		unwatch_locked(&g->watched[i]);
	(void)pthread_cond_destroy(&g->changed);
	(void)pthread_mutex_destroy(&g->lock);
	free(g);
	*guests = NULL;
}

int guests_add(struct guests *g, struct guest *guest, char ret_token[static GUEST_TOKEN_SIZE])
{
	const struct shelf_value old = shelf_number(clock_wall_ms() - KEEP_MS);
	char hash[HASH_SIZE];

	make_token(ret_token);
	hash_token(ret_token, hash);
	guest->created_wall_ms = clock_wall_ms();

	const struct shelf_value values[] = {
		shelf_text(hash),
		shelf_text(guest->name),
		shelf_text(guest->user),
		shelf_text(guest->by),
		shelf_number(guest->created_wall_ms),
		shelf_number(guest->expires_wall_ms),
	};
	int r = shelf_begin(g->shelf);

	if (r < 0)
		return r;
	r = shelf_run_locked(g->shelf, "DELETE FROM guests WHERE expires_ms < ?1", &old, 1, NULL,
			     NULL);
	if (r >= 0)
		r = shelf_run_locked(g->shelf,
				     "INSERT INTO guests (token_hash, name, user, by, created_ms, "
				     "expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
				     values, ARRAY_SIZE(values), NULL, NULL);
	if (r >= 0)
		guest->id = shelf_last_id(g->shelf);
	return shelf_end(g->shelf, r);
}

int guests_remove(struct guests *g, int64_t id)
{
	const struct shelf_value value = shelf_number(id);
	int r = shelf_run(g->shelf, "DELETE FROM guests WHERE id = ?1", &value, 1, NULL, NULL);

	(void)pthread_mutex_lock(&g->lock);
	struct guest_watch *watch = find_locked(g, id);
	if (watch)
		unwatch_locked(watch);
	(void)pthread_mutex_unlock(&g->lock);
	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

static void add_listed(sqlite3_stmt *s, void *arg)
{
	struct row row;

	read_row(s, &row);
	(void)json_array_append_new(arg, guest_json(&row.guest));
}

json_t *guests_list(struct guests *g)
{
	json_t *list = json_array();
	int r = shelf_run(g->shelf, "SELECT " COLUMNS " FROM guests ORDER BY id DESC LIMIT 1000",
			  NULL, 0, add_listed, list);

	if (r >= 0)
		return list;
	json_decref(list);
	return NULL;
}

json_t *guests_seen(struct guests *g, int64_t id)
{
	(void)pthread_mutex_lock(&g->lock);
	const struct guest_watch *watch = find_locked(g, id);
	json_t *seen = watch ? json_deep_copy(watch->seen) : json_array();
	(void)pthread_mutex_unlock(&g->lock);
	return seen;
}

int guests_get(struct guests *g, int64_t id, json_t **ret)
{
	const struct shelf_value value = shelf_number(id);
	struct row row = { .is_there = false };
	int r = shelf_run(g->shelf, "SELECT " COLUMNS " FROM guests WHERE id = ?1", &value, 1,
			  read_row, &row);

	if (r < 0 || !row.is_there)
		return r < 0 ? r : -ENOENT;
	*ret = guest_json(&row.guest);
	(void)json_object_set_new(*ret, "seen", guests_seen(g, id));
	return 0;
}

/* The first browser takes it: of two that come at once one. */
static int bind_browser(struct guests *g, struct guest *guest, const char *from,
			char ret_cookie[static GUEST_TOKEN_SIZE])
{
	char hash[HASH_SIZE];

	make_token(ret_cookie);
	hash_token(ret_cookie, hash);
	guest->opened_wall_ms = clock_wall_ms();
	(void)!text_copy(text_of(from), guest->opened_from, sizeof(guest->opened_from));

	const struct shelf_value values[] = {
		shelf_number(guest->id),
		shelf_text(hash),
		shelf_number(guest->opened_wall_ms),
		shelf_text(guest->opened_from),
	};
	int r = shelf_run(g->shelf,
			  "UPDATE guests SET browser_hash = ?2, opened_ms = ?3, opened_from = ?4 "
			  "WHERE id = ?1 AND browser_hash = ''",
			  values, ARRAY_SIZE(values), NULL, NULL);

	if (r == 1)
		return 0;
	ret_cookie[0] = '\0';
	return r < 0 ? r : -EKEYREVOKED;
}

static void note_opened(struct guests *g, const struct guest *guest)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "The page was opened from %s.", guest->opened_from);
	(void)pthread_mutex_lock(&g->lock);
	watch_locked(g, guest);
	struct guest_watch *watch = find_locked(g, guest->id);
	json_t *item = watch ? guest_watch_note(watch, "opened", "note", 0, text) : NULL;
	if (item)
		tell(watch, item, g);
	(void)pthread_mutex_unlock(&g->lock);
}

int guests_enter(struct guests *g, const char *token, const char *cookie, const char *from,
		 struct guest *ret, char ret_cookie[static GUEST_TOKEN_SIZE])
{
	char token_hash[HASH_SIZE], browser_hash[HASH_SIZE];
	struct row row = { .is_there = false };

	ret_cookie[0] = '\0';
	hash_token(token, token_hash);

	const struct shelf_value value = shelf_text(token_hash);
	int r = shelf_run(g->shelf, "SELECT " COLUMNS " FROM guests WHERE token_hash = ?1", &value,
			  1, read_row, &row);

	if (r < 0 || !row.is_there)
		return r < 0 ? r : -ENOENT;
	if (row.guest.expires_wall_ms <= clock_wall_ms())
		return -EKEYREVOKED;
	if (!*row.browser_hash) {
		r = bind_browser(g, &row.guest, from, ret_cookie);
		if (r < 0)
			return r;
		note_opened(g, &row.guest);
	} else {
		hash_token(cookie ? cookie : "", browser_hash);
		if (strcmp(browser_hash, row.browser_hash) != 0)
			return -EKEYREVOKED;
	}
	*ret = row.guest;
	return 0;
}
