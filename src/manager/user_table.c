/* manager/user_table.c - see user_table.h. */
#include "manager/user_table.h"

#include "base/buf.h"
#include "base/csv.h"
#include "base/size.h"
#include "ftp/account.h"

enum cell {
	CELL_TEXT,
	CELL_SECRET, /* a text that is taken as it stands, and never written */
	CELL_HASH,   /* written when it is wanted */
	CELL_TEXT_OR_NULL,
	CELL_FLAG,
	CELL_LIST,
	CELL_PERMISSIONS,
	CELL_SIZE, /* of the member "quota": what stands behind the underscore */
};

static const struct column {
	const char *name;
	enum cell cell;
} columns[] = {
	{ "name", CELL_TEXT },
	{ "password", CELL_SECRET },
	{ "password_hash", CELL_HASH },
	{ "home", CELL_TEXT },
	{ "enabled", CELL_FLAG },
	{ "group", CELL_TEXT_OR_NULL },
	{ "permissions", CELL_PERMISSIONS },
	{ "allowed_networks", CELL_LIST },
	{ "expires", CELL_TEXT_OR_NULL },
	{ "require_tls", CELL_FLAG },
	{ "quota_bytes", CELL_SIZE },
	{ "quota_files", CELL_SIZE },
};
#define COLUMNS ARRAY_SIZE(columns)

void user_table_error(json_t *errors, json_int_t line, const char *field, const char *format, ...)
{
	char detail[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	/* Cut text may end within a character. */
	json_t *text = json_string(detail);
	if (!text)
		text = json_string("This value is wrong.");
	(void)json_array_append_new(errors, json_pack("{s:I, s:o, s:o}", "line", line, "field",
						      field ? json_string(field) : json_null(),
						      "detail", text));
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
	json_t *users, *lines, *errors;
	const struct column *columns[COLUMNS]; /* of the table */
	size_t n_columns;
};

static bool is_between_words(char c)
{
	return c == ' ' || c == ',' || c == ';' || c == '\t';
}

static json_t *words_json(struct text in)
{
	json_t *list = json_array();

	while (in.len > 0) {
		size_t len = 0;

		while (len < in.len && !is_between_words(in.ptr[len]))
			len++;
		if (len > 0)
			(void)json_array_append_new(list, json_stringn(in.ptr, len));
		len += len < in.len;
		in = (struct text){ in.ptr + len, in.len - len };
	}
	return list;
}

static json_t *permissions_json(struct text in)
{
	json_t *list = json_array();

	if (text_equal_nocase(in, T("none")))
		return list;
	for (size_t i = 0; text_equal_nocase(in, T("all")) && permission_name(i); i++)
		(void)json_array_append_new(list, json_string(permission_name(i)));
	if (json_array_size(list) > 0)
		return list;
	json_decref(list);
	return words_json(in);
}

/* NULL: it is neither. */
static json_t *flag_json(struct text in)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (text_equal_nocase(in, text_of(words[i])))
			return json_boolean(i % 2 == 1);
	return NULL;
}

static json_t *size_json(struct text in)
{
	uint64_t size;

	return size_parse(in, &size) == 0 ? json_integer((json_int_t)size) : NULL;
}

/* The value of a cell that is not empty; NULL: there is none that it could be. */
static json_t *cell_json(enum cell cell, struct text in)
{
	switch (cell) {
	case CELL_TEXT:
	case CELL_SECRET:
	case CELL_HASH:
	case CELL_TEXT_OR_NULL:
		return json_stringn_nocheck(in.ptr, in.len);
	case CELL_FLAG:
		return flag_json(in);
	case CELL_LIST:
		return words_json(in);
	case CELL_PERMISSIONS:
		return permissions_json(in);
	case CELL_SIZE:
		return size_json(in);
	}
	return NULL;
}

/* What an empty cell says; NULL: nothing. */
static json_t *empty_json(enum cell cell)
{
	if (cell == CELL_LIST)
		return json_array();
	if (cell == CELL_TEXT_OR_NULL || cell == CELL_PERMISSIONS || cell == CELL_SIZE)
		return json_null();
	return NULL;
}

static void set_value(json_t *user, const struct column *column, json_t *value)
{
	if (column->cell != CELL_SIZE) {
		(void)json_object_set_new(user, column->name, value);
		return;
	}
	json_t *quota = json_object_get(user, "quota");

	if (!quota) {
		(void)json_object_set_new(user, "quota", json_object());
		quota = json_object_get(user, "quota");
	}
	(void)json_object_set_new(quota, strchr(column->name, '_') + 1, value);
}

static const char *wanted(enum cell cell)
{
	return cell == CELL_FLAG ? "yes or no" : "a number, as in 500, 64K, 10M, 2G";
}

static void read_cell(struct reading *reading, const struct column *column, struct text cell,
		      json_int_t line, json_t *user)
{
	if (column->cell != CELL_SECRET)
		cell = text_trim(csv_without_guard(cell));
	if (!text_is_utf8(cell) || memchr(cell.ptr, '\0', cell.len)) {
		user_table_error(reading->errors, line, column->name,
				 "This is not UTF-8: save the file as \"CSV UTF-8\".");
		return;
	}
	json_t *value = cell.len > 0 ? cell_json(column->cell, cell) : empty_json(column->cell);
	if (value)
		set_value(user, column, value);
	else if (cell.len > 0)
		user_table_error(reading->errors, line, column->name, "\"%.*s\" is not %s.",
				 (int)MIN_OF(cell.len, (size_t)100), cell.ptr,
				 wanted(column->cell));
}

static void read_row(struct reading *reading, const struct text *cells, size_t n, json_int_t line)
{
	json_t *user = json_object();

	for (size_t i = 0; i < MIN_OF(n, reading->n_columns); i++)
		read_cell(reading, reading->columns[i], cells[i], line, user);
	for (size_t i = reading->n_columns; i < n; i++)
		if (cells[i].len > 0) {
			user_table_error(reading->errors, line, NULL,
					 "There are more cells than columns: text with a comma "
					 "stands in quotes.");
			break;
		}
	(void)json_array_append_new(reading->users, user);
	(void)json_array_append_new(reading->lines, json_integer(line));
}

static const struct column *find_column(struct text name)
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (text_equal_nocase(text_trim(name), text_of(columns[i].name)))
			return &columns[i];
	return NULL;
}

static bool has_column(const struct reading *reading, const struct column *column)
{
	for (size_t i = 0; i < reading->n_columns; i++)
		if (reading->columns[i] == column)
			return true;
	return false;
}

static void complain_of_name(struct reading *reading, struct text name, json_int_t line)
{
	user_table_error(reading->errors, line, NULL,
			 "The first line names the columns, each once: name, password, "
			 "password_hash, home, enabled, group, permissions, allowed_networks, "
			 "expires, require_tls, quota_bytes, quota_files. This one is not among "
			 "them, or is there twice: \"%.*s\".",
			 (int)(text_is_utf8(name) ? MIN_OF(name.len, (size_t)64) : 0), name.ptr);
}

/* False: the columns are not known, so that the rest cannot be read. */
static bool read_names(struct reading *reading, const struct text *cells, size_t n, json_int_t line)
{
	/* Empty columns at the end are what spreadsheets leave of deleted ones. */
	while (n > 0 && cells[n - 1].len == 0)
		n--;
	for (size_t i = 0; i < n; i++) {
		const struct column *column = find_column(cells[i]);

		if (!column || has_column(reading, column)) {
			complain_of_name(reading, cells[i], line);
			return false;
		}
		reading->columns[reading->n_columns++] = column;
	}
	if (has_column(reading, &columns[0]))
		return true;
	user_table_error(reading->errors, line, "name", "The column \"name\" is missing.");
	return false;
}

#define CELLS_MOST (2 * COLUMNS)

void user_table_read(struct text in, json_t *users, json_t *lines, json_t *errors)
{
	struct reading reading = { .users = users, .lines = lines, .errors = errors };
	AUTO_FREE char *storage = malloc(in.len + 1);
	struct text cells[CELLS_MOST];
	unsigned line = 1;
	bool goes_on = true;
	struct csv csv;
	size_t n = 0;
	int r = storage ? 1 : -ENOMEM;

	csv_init(&csv, in);
	for (bool is_first = true; r > 0 && goes_on; is_first = false) {
		r = csv_take(&csv, storage, cells, CELLS_MOST, &n, &line);
		if (r > 0 && is_first)
			goes_on = read_names(&reading, cells, n, line);
		else if (r > 0)
			read_row(&reading, cells, n, line);
		else if (r == 0 && is_first)
			user_table_error(errors, line, NULL, "The file is empty.");
	}
	if (r == -E2BIG)
		user_table_error(errors, line, NULL, "This line has too many cells.");
	else if (r == -EINVAL)
		user_table_error(errors, line, NULL,
				 "A quote has no end, or something stands behind it.");
	else if (r < 0)
		user_table_error(errors, line, NULL, "Memory is short.");
	if (storage)
		explicit_bzero(storage, in.len); /* there were passwords */
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool is_written(const struct column *column, bool wants_hashes)
{
	return column->cell != CELL_SECRET && (column->cell != CELL_HASH || wants_hashes);
}

static void add_words(const json_t *list, struct buf *out)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		buf_addf(out, "%s%s", i > 0 ? " " : "", json_string_value(json_array_get(list, i)));
}

static void add_value(const struct column *column, const json_t *user, struct buf *out)
{
	const json_t *value = json_object_get(user, column->name);
	bool is_empty_list = json_is_array(value) && json_array_size(value) == 0;

	if (column->cell == CELL_SIZE)
		value = json_object_get(json_object_get(user, "quota"),
					strchr(column->name, '_') + 1);
	if (json_is_string(value))
		buf_add(out, text_of(json_string_value(value)));
	else if (json_is_boolean(value))
		buf_add(out, json_is_true(value) ? T("yes") : T("no"));
	else if (json_is_integer(value))
		buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (column->cell == CELL_PERMISSIONS && is_empty_list)
		buf_add(out, T("none"));
	else
		add_words(value, out);
}

/* Without a user: the names of the columns. */
static void write_cells(FILE *file, const json_t *user, bool wants_hashes)
{
	char storage[8192];
	struct buf out;

	for (size_t i = 0; i < COLUMNS; i++) {
		if (!is_written(&columns[i], wants_hashes))
			continue;
		buf_init(&out, storage, sizeof(storage));
		if (user)
			add_value(&columns[i], user, &out);
		else
			buf_add(&out, text_of(columns[i].name));
		csv_put(file, buf_text(&out), i + 1 == COLUMNS);
	}
}

void user_table_write_names(FILE *file, bool wants_hashes)
{
	write_cells(file, NULL, wants_hashes);
}

void user_table_write(FILE *file, const json_t *user, bool wants_hashes)
{
	write_cells(file, user, wants_hashes);
}
