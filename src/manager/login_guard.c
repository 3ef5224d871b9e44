/* manager/login_guard.c - see login_guard.h. A table of fixed size; where it is full the row that
 * is over first, or was begun first, gives way. */
#include "manager/login_guard.h"

#include <pthread.h>

#define ROWS 4096
#define WAYS 8 /* places that a key may have */
#define KEY_SIZE 160
#define WINDOW_MS (LOGIN_GUARD_WINDOW_S * INT64_C(1000))

struct row {
	char key[KEY_SIZE]; /* empty: free */
	int64_t began_ms;
	unsigned n_failures;
};

struct login_guard {
	int64_t (*now_ms)(void);
	pthread_mutex_t lock;	   /* guards the rows */
	pthread_mutex_t verifying; /* held by whoever computes a hash; never with the other */
	struct row rows[ROWS];
};

struct login_guard *login_guard_new(int64_t (*now_ms)(void))
{
	struct login_guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return NULL;
	guard->now_ms = now_ms;
	(void)pthread_mutex_init(&guard->lock, NULL);
	(void)pthread_mutex_init(&guard->verifying, NULL);
	return guard;
}

void login_guard_free(struct login_guard **guard)
{
	struct login_guard *g = *guard;

	if (!g)
		return;
	(void)pthread_mutex_destroy(&g->verifying);
	(void)pthread_mutex_destroy(&g->lock);
	free(g);
	*guard = NULL;
}

void login_guard_lock(struct login_guard *guard)
{
	(void)pthread_mutex_lock(&guard->verifying);
}

void login_guard_unlock(struct login_guard *guard)
{
	(void)pthread_mutex_unlock(&guard->verifying);
}

static void key_of_address(const char *from, char ret[static KEY_SIZE])
{
	struct address address;
	char text[ADDRESS_TEXT_SIZE];

	if (address_parse(text_of(from), &address) == 0 && !address_is_v4(&address)) {
		memset(address.ip + 8, 0, 8);
		address.scope_id = 0;
		from = address_format_ip(&address, text);
	}
	(void)snprintf(ret, KEY_SIZE, "a:%s", from);
}

static void key_of_name(const char *name, char ret[static KEY_SIZE])
{
	(void)snprintf(ret, KEY_SIZE, "n:%s", name);
}

/* FNV-1a. Who makes keys collide makes them share few places, and gains nothing: each place counts
 * for its own key alone. */
static size_t first_place(const char *key)
{
	uint32_t hash = 2166136261u;

	for (; *key; key++)
		hash = (hash ^ (uint8_t)*key) * 16777619u;
	return hash % (ROWS / WAYS) * WAYS;
}

static bool is_over(const struct row *row, int64_t now_ms)
{
	return row->key[0] == '\0' || now_ms - row->began_ms >= WINDOW_MS;
}

/* NULL: nothing is known of it. */
static struct row *find_locked(struct login_guard *guard, const char *key, int64_t now_ms)
{
	struct row *rows = &guard->rows[first_place(key)];

	for (size_t i = 0; i < WAYS; i++)
		if (!is_over(&rows[i], now_ms) && strcmp(rows[i].key, key) == 0)
			return &rows[i];
	return NULL;
}

static void count_locked(struct login_guard *guard, const char *key, int64_t now_ms)
{
	struct row *rows = &guard->rows[first_place(key)];
	struct row *row = find_locked(guard, key, now_ms);

	if (!row) {
		row = &rows[0];
		for (size_t i = 1; i < WAYS && !is_over(row, now_ms); i++)
			if (is_over(&rows[i], now_ms) || rows[i].began_ms < row->began_ms)
				row = &rows[i];
		*row = (struct row){ .began_ms = now_ms };
		(void)snprintf(row->key, sizeof(row->key), "%s", key);
	}
	row->n_failures++;
}

static unsigned wait_locked(struct login_guard *guard, const char *key, unsigned most,
			    int64_t now_ms)
{
	const struct row *row = find_locked(guard, key, now_ms);

	if (!row || row->n_failures < most)
		return 0;
	return (unsigned)((row->began_ms + WINDOW_MS - now_ms + 999) / 1000);
}

unsigned login_guard_wait_s(struct login_guard *guard, const char *from, const char *name,
			    bool is_home)
{
	char address_key[KEY_SIZE], name_key[KEY_SIZE];
	int64_t now_ms = guard->now_ms();

	key_of_address(from, address_key);
	key_of_name(name, name_key);
	(void)pthread_mutex_lock(&guard->lock);
	unsigned wait_s = wait_locked(guard, address_key, LOGIN_GUARD_ADDRESS_MOST, now_ms);
	unsigned name_s = is_home ? 0 : wait_locked(guard, name_key, LOGIN_GUARD_NAME_MOST, now_ms);
	(void)pthread_mutex_unlock(&guard->lock);
	return MAX_OF(wait_s, name_s);
}

void login_guard_failed(struct login_guard *guard, const char *from, const char *name)
{
	char address_key[KEY_SIZE], name_key[KEY_SIZE];
	int64_t now_ms = guard->now_ms();

	key_of_address(from, address_key);
	key_of_name(name, name_key);
	(void)pthread_mutex_lock(&guard->lock);
	count_locked(guard, address_key, now_ms);
	count_locked(guard, name_key, now_ms);
	(void)pthread_mutex_unlock(&guard->lock);
}

void login_guard_succeeded(struct login_guard *guard, const char *from, const char *name)
{
	char keys[2][KEY_SIZE];
	int64_t now_ms = guard->now_ms();

	key_of_address(from, keys[0]);
	key_of_name(name, keys[1]);
	(void)pthread_mutex_lock(&guard->lock);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct row *row = find_locked(guard, keys[i], now_ms);

		if (row)
			*row = (struct row){ 0 };
	}
	(void)pthread_mutex_unlock(&guard->lock);
}
