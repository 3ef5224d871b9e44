/* accounts/stored_settings.c - see stored_settings.h. */
#include "accounts/stored_settings.h"

#define BLOCK_STEP 4096
#define BUSY_TIMEOUT_MS 5000

#define QUERY_ALL "SELECT name, value FROM settings ORDER BY name"

void stored_list_release(struct stored_list *list)
{
	free(list->block);
	*list = (struct stored_list){ 0 };
}

/* Items point into the block, which may move: they follow. */
static int make_room(struct stored_list *list, size_t more)
{
	if (list->block_len + more <= list->block_size)
		return 0;

	size_t size = list->block_size + BLOCK_STEP + more;
	char *block = malloc(size);

	if (!block)
		return -ENOMEM;
	if (list->block_len > 0)
		memcpy(block, list->block, list->block_len);
	for (size_t i = 0; i < list->n; i++) {
		list->items[i].name = block + (list->items[i].name - list->block);
		list->items[i].value = block + (list->items[i].value - list->block);
	}
	free(list->block);
	list->block = block;
	list->block_size = size;
	return 0;
}

static const char *put(struct stored_list *list, const char *text)
{
	size_t size = strlen(text) + 1;
	char *at = list->block + list->block_len;

	memcpy(at, text, size);
	list->block_len += size;
	return at;
}

int stored_list_add(struct stored_list *list, const char *name, const char *value)
{
	if (list->n == STORED_SETTINGS_MAX)
		return -E2BIG;

	int r = make_room(list, strlen(name) + strlen(value) + 2);

	if (r < 0)
		return r;
	struct stored_change *item = &list->items[list->n++];

	item->name = put(list, name);
	item->value = put(list, value);
	return 0;
}

struct reading {
	struct stored_list *list;
	int error;
};

static void read_row(sqlite3_stmt *row, void *arg)
{
	struct reading *reading = arg;

	if (reading->error == 0)
		reading->error =
			stored_list_add(reading->list, shelf_column(row, 0), shelf_column(row, 1));
}

int stored_settings_get(struct shelf *shelf, struct stored_list *ret)
{
	struct reading reading = { .list = ret };

	*ret = (struct stored_list){ 0 };
	int r = shelf_run(shelf, QUERY_ALL, NULL, 0, read_row, &reading);
	return r < 0 ? r : reading.error;
}

int stored_settings_change(struct shelf *shelf, const struct stored_change *changes,
			   size_t n_changes)
{
	int r = shelf_begin(shelf);

	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < n_changes; i++) {
		const struct shelf_value values[] = { shelf_text(changes[i].name),
						      shelf_text(changes[i].value) };

		if (changes[i].value)
			r = shelf_run_locked(shelf,
					     "INSERT OR REPLACE INTO settings VALUES (?1, ?2)",
					     values, 2, NULL, NULL);
		else
			r = shelf_run_locked(shelf, "DELETE FROM settings WHERE name = ?1", values,
					     1, NULL, NULL);
	}
	return shelf_end(shelf, r);
}

/* Whether this version of the database has the table. */
static int has_table(sqlite3 *db, bool *ret)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(
		db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'settings'", -1,
		&s, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	*ret = code == SQLITE_ROW;
	(void)sqlite3_finalize(s);
	return database_errno(code);
}

static int read_all(sqlite3 *db, struct stored_list *ret)
{
	struct reading reading = { .list = ret };
	sqlite3_stmt *s = NULL;
	bool is_there = false;
	int r = has_table(db, &is_there);

	if (r < 0 || !is_there)
		return r;

	int code = sqlite3_prepare_v2(db, QUERY_ALL, -1, &s, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	for (; code == SQLITE_ROW; code = sqlite3_step(s))
		read_row(s, &reading);
	(void)sqlite3_finalize(s);
	return code == SQLITE_DONE ? reading.error : database_errno(code);
}

int stored_settings_read(const char *path, struct stored_list *ret)
{
	sqlite3 *db = NULL;

	*ret = (struct stored_list){ 0 };
	if (access(path, F_OK) < 0)
		return errno == ENOENT ? 0 : -errno;

	int r = database_errno(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));

	if (r == 0) {
		(void)sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
		r = database_run(db, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;");
	}
	if (r == 0)
		r = read_all(db, ret);
	database_close(&db);
	return r;
}
