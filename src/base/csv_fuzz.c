/* base/csv_fuzz.c - any bytes as a table: fields stay within their storage, and are the same when
 * they are written and read again. */
#include <assert.h>

#include "base/csv.h"

#define MOST 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(const struct text *fields, size_t n)
{
	char *text = NULL;
	size_t len = 0, n_read = 0;
	FILE *file = open_memstream(&text, &len);
	struct text read[MOST];
	struct csv csv;
	unsigned line;

	if (!file)
		return;
	for (size_t i = 0; i < n; i++)
		csv_put(file, fields[i], i + 1 == n);
	if (fclose(file) != 0)
		return;
	char *storage = malloc(len);
	csv = (struct csv){ .rest = { text, len }, .separator = ',', .line = 1 };
	int r = storage ? csv_take(&csv, storage, read, MOST, &n_read, &line) : 0;
	assert(!storage || (r == 1 && n_read == n && csv.rest.len == 0));
	for (size_t i = 0; i < n_read; i++)
		assert(text_equal(csv_without_guard(read[i]), fields[i]));
	free(storage);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *storage = malloc(size + 1);
	struct text fields[MOST];
	struct csv csv;
	unsigned line;
	size_t n;

	if (!storage)
		return 0;
	csv_init(&csv, (struct text){ (const char *)data, size });
	while (csv_take(&csv, storage, fields, MOST, &n, &line) > 0) {
		assert(fields[n - 1].ptr + fields[n - 1].len <= storage + size);
		check_written(fields, n);
	}
	free(storage);
	return 0;
}
