/* accounts/database_state.c - see database_state.h. */
#include "accounts/database_state.h"

#include <stdatomic.h>

#define INDEX_SIZE (32 * 1024) /* of its first block, as SQLite maps it */

static bool uses_log(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	bool is_log = false;

	if (sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		const char *mode = (const char *)sqlite3_column_text(s, 0);

		is_log = mode && strcmp(mode, "wal") == 0;
	}
	(void)sqlite3_finalize(s);
	return is_log;
}

const volatile void *database_state_index(sqlite3 *db)
{
	volatile void *index = NULL;
	sqlite3_file *file = NULL;

	/* The first read of a connection maps the index. */
	if (!uses_log(db) || database_run(db, "SELECT count(*) FROM sqlite_schema") < 0)
		return NULL;
	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    !file || !file->pMethods || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap)
		return NULL;
	if (file->pMethods->xShmMap(file, 0, INDEX_SIZE, 0, &index) != SQLITE_OK)
		return NULL;
	return index;
}

static void copy(const volatile uint8_t *from, uint8_t to[static DATABASE_STATE_SIZE])
{
	const volatile uint64_t *words = (const volatile void *)from;

	for (size_t i = 0; i < DATABASE_STATE_SIZE / sizeof(*words); i++) {
		uint64_t word = words[i];

		memcpy(to + i * sizeof(word), &word, sizeof(word));
	}
}

/* Who commits writes the second copy, and then the first. */
void database_state_read(const volatile void *index, struct database_state *ret)
{
	const volatile uint8_t *bytes = index;
	uint8_t second[DATABASE_STATE_SIZE];

	ret->is_known = false;
	if (!index)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	copy(bytes, ret->header);
	atomic_thread_fence(memory_order_seq_cst);
	copy(bytes + DATABASE_STATE_SIZE, second);
	ret->is_known = memcmp(ret->header, second, sizeof(second)) == 0;
}

bool database_state_is_same(const struct database_state *a, const struct database_state *b)
{
	return a->is_known && b->is_known && memcmp(a->header, b->header, sizeof(a->header)) == 0;
}
