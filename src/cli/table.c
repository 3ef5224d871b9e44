/* cli/table.c - see table.h. */
#include "cli/table.h"

#include <assert.h>
#include <stdarg.h>
#include <wchar.h>

#define GAP 2 /* blanks between columns */

struct cell {
	enum cell_style style;
	char *text; /* owned; safe to print */
	size_t width;
};

struct table {
	const struct column *columns;
	size_t n_columns;
	struct cell *cells; /* owned */
	size_t n_cells, room;
	bool has_failed;
};

/* Reads the next character. False at the end of text; *ret_len is at least 1 even for a broken one,
 * whose width is -1 like that of a control character. */
static bool next_character(const char *text, size_t len, mbstate_t *state, size_t *ret_len,
			   int *ret_width)
{
	wchar_t character;

	if (len == 0)
		return false;
	size_t n = mbrtowc(&character, text, len, state);
	if (n == 0 || n > len) {
		memset(state, 0, sizeof(*state));
		*ret_len = 1;
		*ret_width = -1;
		return true;
	}
	*ret_len = n;
	*ret_width = wcwidth(character);
	return true;
}

/* A copy in which each character that a terminal does not simply show is a '?'. */
static char *safe_copy(const char *text, size_t *ret_width)
{
	size_t len = strlen(text), at = 0, n, width = 0;
	char *copy = malloc(len + 1), *end = copy;
	mbstate_t state = { 0 };
	int columns;

	if (!copy)
		return NULL;
	for (; next_character(text + at, len - at, &state, &n, &columns); at += n) {
		if (columns < 0) {
			*end++ = '?';
			width++;
			continue;
		}
		memcpy(end, text + at, n);
		end += n;
		width += (size_t)columns;
	}
	*end = '\0';
	*ret_width = width;
	return copy;
}

struct table *table_new(const struct column *columns, size_t n_columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->n_columns = n_columns;
	return table;
}

void table_free(struct table **table)
{
	for (size_t i = 0; *table && i < (*table)->n_cells; i++)
		free((*table)->cells[i].text);
	if (*table)
		free((*table)->cells);
	free(*table);
	*table = NULL;
}

static bool make_room(struct table *table)
{
	if (table->n_cells < table->room)
		return true;

	size_t room = table->room ? table->room * 2 : 64;
	struct cell *cells = reallocarray(table->cells, room, sizeof(*cells));

	if (!cells)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

void table_add(struct table *table, enum cell_style style, const char *text)
{
	struct cell cell = { .style = style };

	if (!table->has_failed)
		cell.text = safe_copy(text, &cell.width);
	if (!cell.text || !make_room(table)) {
		free(cell.text);
		table->has_failed = true;
		return;
	}
	table->cells[table->n_cells++] = cell;
}

void table_addf(struct table *table, enum cell_style style, const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list args;

	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		table->has_failed = true;
		return;
	}
	table_add(table, style, text);
}

/* SGR sequences of ECMA-48. */
static const char *const style_codes[] = {
	[CELL_PLAIN] = "",	     [CELL_GOOD] = "\033[32m", [CELL_BAD] = "\033[31m",
	[CELL_WARNING] = "\033[33m", [CELL_DIM] = "\033[2m",   [CELL_BOLD] = "\033[1m",
};

static void print_styled(FILE *out, bool has_colour, enum cell_style style, const char *text)
{
	if (has_colour && style != CELL_PLAIN)
		(void)fprintf(out, "%s%s\033[0m", style_codes[style], text);
	else
		(void)fputs(text, out);
}

void style_print(FILE *out, bool has_colour, enum cell_style style, const char *text)
{
	size_t width;
	AUTO_FREE char *safe = safe_copy(text, &width);

	print_styled(out, has_colour, style, safe ? safe : "?");
}

static size_t column_width(const struct table *table, size_t column, bool has_titles)
{
	size_t width = has_titles ? strlen(table->columns[column].title) : 0;

	for (size_t i = column; i < table->n_cells; i += table->n_columns)
		width = MAX_OF(width, table->cells[i].width);
	return width;
}

/* Neither blanks behind the last column, nor before it unless it is a number. */
static void print_cell(const struct table *table, size_t column, size_t width,
		       const struct cell *cell, FILE *out, bool has_colour)
{
	int padding = (int)(width - cell->width);
	bool is_number = table->columns[column].is_number;

	if (is_number)
		(void)fprintf(out, "%*s", padding, "");
	print_styled(out, has_colour, cell->style, cell->text);
	if (column + 1 == table->n_columns)
		(void)fputc('\n', out);
	else
		(void)fprintf(out, "%*s", (is_number ? 0 : padding) + GAP, "");
}

static void print_rows(const struct table *table, const size_t *widths, bool has_titles, FILE *out,
		       bool has_colour)
{
	for (size_t i = 0; has_titles && i < table->n_columns; i++) {
		char *title = (char *)(uintptr_t)table->columns[i].title; /* only read */
		struct cell cell = { CELL_BOLD, title, strlen(title) };
		print_cell(table, i, widths[i], &cell, out, has_colour);
	}
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t column = i % table->n_columns;
		print_cell(table, column, widths[column], &table->cells[i], out, has_colour);
	}
}

int table_print(const struct table *table, FILE *out, bool has_colour)
{
	bool has_titles = table->columns[0].title[0] != '\0';

	if (table->has_failed)
		return -ENOMEM;
	assert(table->n_cells % table->n_columns == 0);
	AUTO_FREE size_t *widths = calloc(table->n_columns, sizeof(*widths));
	if (!widths)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_columns; i++)
		widths[i] = column_width(table, i, has_titles);
	print_rows(table, widths, has_titles, out, has_colour);
	return 0;
}
