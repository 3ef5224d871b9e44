/* accounts/transfer_search.c - see transfer_search.h. Statements are made for each use: pages are
 * turned by people. Times grow with ids but for the moment in which a batch is gathered. */
#include "accounts/transfer_search.h"

#include <stdlib.h>

/* Rows whose ids and times may stand in another order. */
#define DISORDER 4096
#define STATEMENT_SIZE 2048

/* Parameters: ?1 below this id, ?2 from this id on, ?3 user, ?4 address, ?5 kind, ?6 end state, ?7
 * since, ?8 until, ?9 limit, ?10 the path with a slash at its end. */

/* Paths are blobs, which || makes text of. */
#define WITH_SLASH(column) "CAST(" column " || '/' AS BLOB)"
/* It, and beneath it; a rename or removal above it. */
#define PATH_PASSES                                                                                                  \
	" AND (substr(" WITH_SLASH(                                                                                  \
		"path") ", 1, length(?10)) = ?10 "                                                                   \
			"OR substr(" WITH_SLASH(                                                                     \
				"new_path") ", 1, length(?10)) = ?10 "                                               \
					    "OR (kind IN (3, 5) AND substr(?10, 1, length(path) + 1) = " WITH_SLASH( \
						    "path") "))"

/* The parts of a filter that have an index, the narrowest of them first. */
enum way { BY_ADDRESS, BY_USER, BY_FAILURE, BY_STATE, BY_KIND, WAYS, BY_ID = WAYS };

static const struct {
	const char *index, *condition;
} ways[WAYS] = {
	[BY_ADDRESS] = { "transfers_by_address", "address = ?4" },
	[BY_USER] = { "transfers_by_user", "user = ?3" },
	[BY_FAILURE] = { "transfers_failed", "result <> 'complete'" },
	[BY_STATE] = { "transfers_by_state", "end_state = ?6" },
	[BY_KIND] = { "transfers_by_kind", "kind = ?5" },
};

static bool is_asked_for(const struct transfer_filter *filter, enum way way)
{
	switch (way) {
	case BY_ADDRESS:
		return filter->address;
	case BY_USER:
		return filter->user;
	case BY_FAILURE:
		return filter->result == TRANSFER_FAILED;
	case BY_STATE:
		return filter->end_state;
	case BY_KIND:
		return filter->kind >= 0;
	case BY_ID:
		return true;
	}
	return false;
}

static enum way find_way(const struct transfer_filter *filter)
{
	enum way way = BY_ADDRESS;

	while (!is_asked_for(filter, way))
		way++;
	return way;
}

/* All paths begin with a slash. */
static bool has_path(const struct transfer_filter *filter)
{
	return filter->path && strcmp(filter->path, "/") != 0;
}

/* Rows that the index gives may not pass. */
static bool is_sifted(const struct transfer_filter *filter, enum way way)
{
	bool is_sifted = has_path(filter) || filter->result == TRANSFER_COMPLETE;

	for (enum way other = way + 1; other < WAYS; other++)
		is_sifted = is_sifted || is_asked_for(filter, other);
	return is_sifted;
}

/* What rows have to pass beside the way; the unary plus keeps an index out of it. */
static void add_conditions(const struct transfer_filter *filter, enum way way, bool is_path_known,
			   struct buf *out)
{
	for (enum way other = BY_ADDRESS; other < WAYS; other++)
		if (is_asked_for(filter, other))
			buf_addf(out, " AND %s%s", other == way ? "" : "+", ways[other].condition);
	if (filter->result == TRANSFER_COMPLETE)
		buf_add(out, T(" AND result = 'complete'"));
	if (filter->since_wall_ms > 0)
		buf_add(out, T(" AND +ended_ms >= ?7"));
	if (filter->until_wall_ms > 0)
		buf_add(out, T(" AND +ended_ms <= ?8"));
	if (has_path(filter) && !is_path_known)
		buf_add(out, T(PATH_PASSES));
}

static void add_index(enum way way, struct buf *out)
{
	if (way == BY_ID)
		buf_add(out, T("NOT INDEXED "));
	else
		buf_addf(out, "INDEXED BY %s ", ways[way].index);
}

void transfer_search_text(const struct transfer_filter *filter, struct buf *out)
{
	enum way way = find_way(filter);

	buf_add(out, T(TRANSFER_SHOWN));
	add_index(way, out);
	buf_add(out, T("WHERE id < ?1 AND id >= ?2"));
	add_conditions(filter, way, false, out);
	buf_add(out, T(" ORDER BY id DESC LIMIT ?9"));
}

static void copy_column(sqlite3_stmt *s, int column, char *dst, size_t dst_size)
{
	const void *ptr = sqlite3_column_blob(s, column);
	struct text value = { ptr, ptr ? (size_t)sqlite3_column_bytes(s, column) : 0 };

	(void)!text_copy(value, dst, dst_size); /* what we have not written is shown empty */
}

void transfer_read_row(sqlite3_stmt *s, struct transfer_record *ret)
{
	ret->id = sqlite3_column_int64(s, 0);
	ret->ended_wall_ms = sqlite3_column_int64(s, 1);
	ret->kind = (unsigned)sqlite3_column_int(s, 2);
	copy_column(s, 3, ret->user, sizeof(ret->user));
	copy_column(s, 4, ret->address, sizeof(ret->address));
	ret->session = (uint64_t)sqlite3_column_int64(s, 5);
	copy_column(s, 6, ret->path, sizeof(ret->path));
	copy_column(s, 7, ret->new_path, sizeof(ret->new_path));
	ret->bytes = (uint64_t)sqlite3_column_int64(s, 8);
	ret->duration_ms = (uint64_t)sqlite3_column_int64(s, 9);
	ret->is_tls = sqlite3_column_int(s, 10) != 0;
	copy_column(s, 11, ret->result, sizeof(ret->result));
	copy_column(s, 12, ret->end_state, sizeof(ret->end_state));
	copy_column(s, 13, ret->sha256, sizeof(ret->sha256));

	struct text data = { (const char *)sqlite3_column_text(s, 14),
			     (size_t)sqlite3_column_bytes(s, 14) };

	if (data_record_parse(data, &ret->data) < 0)
		ret->data = (struct data_record){ .mode = DATA_MODE_NONE };
}

/* --- statements ------------------------------------------------------------------------------- */

static int bind_text(sqlite3_stmt *s, int at, const char *value)
{
	return sqlite3_bind_text(s, at, value, -1, SQLITE_STATIC);
}

static int bind_path(sqlite3_stmt *s, int at, const char *path, char end)
{
	char bytes[TRANSFER_PATH_MAX + 2];
	size_t len = strnlen(path, TRANSFER_PATH_MAX);

	memcpy(bytes, path, len);
	if (len > 0 && bytes[len - 1] == '/')
		len--;
	if (end != '\0')
		bytes[len++] = end;
	return sqlite3_bind_blob64(s, at, bytes, len, SQLITE_TRANSIENT);
}

/* Parameters that the statement does not have are none of its own. */
static int bind_filter(sqlite3_stmt *s, const struct transfer_filter *filter)
{
	int code = SQLITE_OK;
	int n = sqlite3_bind_parameter_count(s);

	if (filter->user)
		code |= bind_text(s, 3, filter->user);
	if (filter->address)
		code |= bind_text(s, 4, filter->address);
	if (filter->kind >= 0)
		code |= sqlite3_bind_int(s, 5, filter->kind);
	if (filter->end_state)
		code |= bind_text(s, 6, filter->end_state);
	if (filter->since_wall_ms > 0)
		code |= sqlite3_bind_int64(s, 7, filter->since_wall_ms);
	if (filter->until_wall_ms > 0)
		code |= sqlite3_bind_int64(s, 8, filter->until_wall_ms);
	if (n >= 9)
		code |= sqlite3_bind_int64(s, 9, filter->limit);
	if (n >= 10)
		code |= bind_path(s, 10, filter->path, '/');
	return code;
}

/* The number that a statement gives whose one parameter is a number, or otherwise. */
static int64_t find_id(sqlite3 *db, const char *sql, int64_t parameter, int64_t otherwise)
{
	sqlite3_stmt *s = NULL;
	int64_t id = otherwise;
	int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (code == SQLITE_OK && sqlite3_bind_parameter_count(s) > 0)
		code = sqlite3_bind_int64(s, 1, parameter);
	if (code == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		id = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return id;
}

/* --- the rows of one page --------------------------------------------------------------------- */

struct search {
	sqlite3 *db;
	const struct transfer_filter *filter;
	void (*each)(const struct transfer_record *record, void *arg);
	void *arg;
	int64_t before, from; /* ids: below the one, not below the other */
	int64_t oldest;	      /* nothing below it is wanted */
	unsigned n;
	struct transfer_record record;
};

static void set_times(struct search *search)
{
	const struct transfer_filter *filter = search->filter;

	search->before = filter->before_id > 0 ? filter->before_id : INT64_MAX;
	if (filter->until_wall_ms > 0) {
		int64_t newest = find_id(search->db,
					 "SELECT id FROM transfers WHERE ended_ms <= ?1 "
					 "ORDER BY ended_ms DESC LIMIT 1",
					 filter->until_wall_ms, 0);

		search->before = MIN_OF(search->before, newest + DISORDER);
	}
	if (filter->since_wall_ms > 0)
		search->oldest = find_id(search->db,
					 "SELECT id FROM transfers WHERE ended_ms >= ?1 "
					 "ORDER BY ended_ms LIMIT 1",
					 filter->since_wall_ms, INT64_MAX) -
				 DISORDER;
}

/* The id of the last row of the window on this way, 0 when all rows are within it. */
static int find_window(struct search *search, enum way way)
{
	char storage[STATEMENT_SIZE];
	sqlite3_stmt *s = NULL;
	struct buf sql;

	if (!is_sifted(search->filter, way))
		return 0;
	if (way == BY_ID) { /* ids have few gaps, if any */
		int64_t newest = find_id(search->db, "SELECT max(id) FROM transfers", 0, 0);

		search->from = MIN_OF(search->before, newest + 1) - TRANSFER_WINDOW;
		return 0;
	}
	buf_init(&sql, storage, sizeof(storage));
	buf_addf(&sql,
		 "SELECT id FROM transfers INDEXED BY %s WHERE id < ?1 AND %s "
		 "ORDER BY id DESC LIMIT 1 OFFSET %d",
		 ways[way].index, ways[way].condition, TRANSFER_WINDOW - 1);
	int code = sqlite3_prepare_v2(search->db, storage, -1, &s, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(s, 1, search->before);
	if (code == SQLITE_OK && way == BY_ADDRESS)
		code = bind_text(s, 4, search->filter->address);
	if (code == SQLITE_OK && way == BY_USER)
		code = bind_text(s, 3, search->filter->user);
	if (code == SQLITE_OK && way == BY_STATE)
		code = bind_text(s, 6, search->filter->end_state);
	if (code == SQLITE_OK && way == BY_KIND)
		code = sqlite3_bind_int(s, 5, search->filter->kind);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		search->from = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return database_errno(code);
}

static void give_row(struct search *search, sqlite3_stmt *s)
{
	transfer_read_row(s, &search->record);
	search->each(&search->record, search->arg);
	search->n++;
}

static int give_rows(struct search *search)
{
	char storage[STATEMENT_SIZE];
	sqlite3_stmt *s = NULL;
	struct buf sql;

	buf_init(&sql, storage, sizeof(storage));
	transfer_search_text(search->filter, &sql);
	int code = sqlite3_prepare_v2(search->db, storage, -1, &s, NULL);
	if (code == SQLITE_OK)
		code = bind_filter(s, search->filter) | sqlite3_bind_int64(s, 1, search->before) |
		       sqlite3_bind_int64(s, 2, MAX_OF(search->from, search->oldest));
	if (code == SQLITE_OK)
		while ((code = sqlite3_step(s)) == SQLITE_ROW)
			give_row(search, s);
	(void)sqlite3_finalize(s);
	return database_errno(code);
}

/* --- paths: the ids of all that fits, when that is not too much ------------------------------- */

struct ids {
	int64_t *ids; /* TRANSFER_WINDOW + 1 */
	size_t n;
};

static void take_ids(struct ids *ids, sqlite3_stmt *s, int *code)
{
	while (*code == SQLITE_OK && ids->n <= TRANSFER_WINDOW) {
		int step = sqlite3_step(s);

		if (step == SQLITE_ROW)
			ids->ids[ids->n++] = sqlite3_column_int64(s, 0);
		else if (step == SQLITE_DONE)
			break;
		else
			*code = step;
	}
	(void)sqlite3_reset(s);
}

/* It and what is beneath it, by one of the two columns. */
static int find_beneath(struct search *search, const char *sql, struct ids *ids)
{
	const char *path = search->filter->path;
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(search->db, sql, -1, &s, NULL);

	if (code == SQLITE_OK)
		code = bind_path(s, 1, path, '\0') | bind_path(s, 2, path, '/') |
		       bind_path(s, 3, path, '/' + 1);
	take_ids(ids, s, &code);
	(void)sqlite3_finalize(s);
	return database_errno(code);
}

/* Renames and removals of the directories above it. */
static int find_above(struct search *search, struct ids *ids)
{
	const char *path = search->filter->path;
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(
		search->db,
		"SELECT id FROM transfers INDEXED BY transfers_by_path WHERE path = ?1 "
		"AND kind IN (3, 5)",
		-1, &s, NULL);

	for (const char *slash = strchr(path + 1, '/'); slash && code == SQLITE_OK;
	     slash = strchr(slash + 1, '/')) {
		code = sqlite3_bind_blob64(s, 1, path, (size_t)(slash - path), SQLITE_STATIC);
		take_ids(ids, s, &code);
	}
	(void)sqlite3_finalize(s);
	return database_errno(code);
}

static int newest_first(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? 1 : left > right ? -1 : 0;
}

static int find_path(struct search *search, struct ids *ids)
{
	int r = find_beneath(search,
			     "SELECT id FROM transfers WHERE path = ?1 UNION ALL "
			     "SELECT id FROM transfers WHERE path >= ?2 AND path < ?3",
			     ids);

	if (r == 0)
		r = find_beneath(search,
				 "SELECT id FROM transfers WHERE new_path = ?1 AND new_path <> X'' "
				 "UNION ALL SELECT id FROM transfers WHERE new_path >= ?2 "
				 "AND new_path < ?3 AND new_path <> X''",
				 ids);
	if (r == 0)
		r = find_above(search, ids);
	qsort(ids->ids, ids->n, sizeof(*ids->ids), newest_first);
	return r;
}

/* Those of the ids that pass the rest of the filter. */
static int give_ids(struct search *search, const struct ids *ids)
{
	char storage[STATEMENT_SIZE];
	sqlite3_stmt *s = NULL;
	int64_t last = search->before;
	struct buf sql;

	buf_init(&sql, storage, sizeof(storage));
	buf_add(&sql, T(TRANSFER_SHOWN "WHERE id = ?1"));
	add_conditions(search->filter, BY_ID, true, &sql);
	int code = sqlite3_prepare_v2(search->db, storage, -1, &s, NULL);
	if (code == SQLITE_OK)
		code = bind_filter(s, search->filter);
	for (size_t i = 0; i < ids->n && search->n < search->filter->limit; i++) {
		if (code != SQLITE_OK || ids->ids[i] >= last)
			continue;
		last = ids->ids[i];
		code = sqlite3_bind_int64(s, 1, last);
		if (code == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
			give_row(search, s);
		code |= sqlite3_reset(s);
	}
	(void)sqlite3_finalize(s);
	return database_errno(code);
}

/* 1: done; 0: too much fits, so that a look through the table finds enough of it; or -errno. */
static int search_path(struct search *search)
{
	AUTO_FREE int64_t *storage = calloc(TRANSFER_WINDOW + 1, sizeof(*storage));
	struct ids ids = { storage, 0 };

	if (!storage)
		return -ENOMEM;
	int r = find_path(search, &ids);
	if (r == 0 && ids.n > TRANSFER_WINDOW)
		return 0;
	if (r == 0)
		r = give_ids(search, &ids);
	return r < 0 ? r : 1;
}

int transfer_search(sqlite3 *db, const struct transfer_filter *filter,
		    void (*each)(const struct transfer_record *record, void *arg), void *arg,
		    int64_t *ret_next)
{
	struct search search = { .db = db, .filter = filter, .each = each, .arg = arg };

	set_times(&search);
	int r = has_path(filter) ? search_path(&search) : 0;
	if (r == 0) {
		r = find_window(&search, find_way(filter));
		if (r == 0)
			r = give_rows(&search);
	}
	if (r < 0)
		return r;
	if (search.n == filter->limit)
		*ret_next = search.record.id;
	else
		*ret_next = search.from > MAX_OF(search.oldest, (int64_t)1) ? search.from : 0;
	return 0;
}
