/* base/csv.c - see csv.h. */
#include "base/csv.h"

void csv_init(struct csv *csv, struct text in)
{
	*csv = (struct csv){ .rest = in, .separator = ',', .line = 1 };
	(void)text_skip(&csv->rest, T("\xef\xbb\xbf")); /* a mark of the byte order */

	struct text rest = csv->rest, line;

	if (!text_take_until(&rest, '\n', &line) || text_find(line, ',') >= 0)
		return;
	if (text_find(line, ';') >= 0)
		csv->separator = ';';
	else if (text_find(line, '\t') >= 0)
		csv->separator = '\t';
}

/* CRLF, LF or CR. */
static bool skip_line_end(struct csv *csv)
{
	bool has_return = text_skip_char(&csv->rest, '\r');

	if (!text_skip_char(&csv->rest, '\n') && !has_return)
		return false;
	csv->line++;
	return true;
}

static char take_byte(struct csv *csv)
{
	char c = *csv->rest.ptr++;

	csv->rest.len--;
	csv->line += c == '\n';
	return c;
}

/* What stands in quotes, of which the first has been skipped. -EINVAL: it has no end. */
static int take_quoted(struct csv *csv, char *storage, size_t *ret_len)
{
	size_t len = 0;

	while (csv->rest.len > 0) {
		char c = take_byte(csv);

		/* Two of them are one of the text. */
		if (c == '"' && !text_skip_char(&csv->rest, '"')) {
			*ret_len = len;
			return 0;
		}
		storage[len++] = c;
	}
	return -EINVAL;
}

static bool is_at_end(const struct csv *csv)
{
	char c = csv->rest.len > 0 ? *csv->rest.ptr : '\n';

	return c == csv->separator || c == '\r' || c == '\n';
}

static int take_field(struct csv *csv, char *storage, size_t *ret_len)
{
	size_t len = 0;

	if (text_skip_char(&csv->rest, '"')) {
		int r = take_quoted(csv, storage, ret_len);

		return r < 0 || is_at_end(csv) ? r : -EINVAL;
	}
	while (!is_at_end(csv))
		storage[len++] = take_byte(csv);
	*ret_len = len;
	return 0;
}

int csv_take(struct csv *csv, char *storage, struct text *ret_fields, size_t most, size_t *ret_n,
	     unsigned *ret_line)
{
	size_t n = 0;

	while (skip_line_end(csv))
		;
	*ret_line = csv->line;
	if (csv->rest.len == 0)
		return 0;
	do {
		size_t len;

		if (n == most)
			return -E2BIG;
		int r = take_field(csv, storage, &len);
		if (r < 0)
			return r;
		ret_fields[n++] = (struct text){ storage, len };
		storage += len;
	} while (text_skip_char(&csv->rest, csv->separator));
	(void)skip_line_end(csv);
	*ret_n = n;
	return 1;
}

/* A formula to a spreadsheet, whatever apostrophes stand before it. */
static bool is_formula(struct text field)
{
	while (text_skip_char(&field, '\''))
		;
	return field.len > 0 && memchr("=+-@\t\r", *field.ptr, 6);
}

struct text csv_without_guard(struct text field)
{
	if (is_formula(field))
		(void)text_skip_char(&field, '\'');
	return field;
}

void csv_put(FILE *file, struct text field, bool is_last)
{
	(void)fputs(is_formula(field) ? "\"'" : "\"", file);
	for (size_t i = 0; i < field.len; i++) {
		if (field.ptr[i] == '"')
			(void)fputc('"', file);
		(void)fputc(field.ptr[i], file);
	}
	(void)fputs(is_last ? "\"\r\n" : "\",", file);
}
