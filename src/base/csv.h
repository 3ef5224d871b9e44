/* base/csv.h - tables as text (RFC 4180): records of fields, of which those with separators, quotes
 * or line ends stand in quotes.
 *
 * A spreadsheet takes what begins with = + - @ for a formula and runs it. Such fields are written
 * with an apostrophe before them, and so are those that begin with apostrophes before one of these,
 * so that csv_without_guard gives back exactly what was written. Threads: any; pure functions. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdio.h>

#include "base/text.h"

struct csv {
	struct text rest; /* what has not been read */
	char separator;
	unsigned line; /* of rest, from 1 */
};

/* Borrows in. The separator is what the first line has: a comma, or else a semicolon or a tab, as
 * spreadsheets write it in countries where the comma stands in numbers. */
void csv_init(struct csv *csv, struct text in);

/* The next record; lines without anything are passed over. Fields point into storage, which the
 * caller owns and which is as long as the input. 1: there is one, which began in *ret_line; 0:
 * there is none. -E2BIG: it has more than `most` fields; -EINVAL: something stands behind the quote
 * that ends a field, or a quote has no end: *ret_line is where; nothing more can be read. */
int csv_take(struct csv *csv, char *storage, struct text *ret_fields, size_t most, size_t *ret_n,
	     unsigned *ret_line) MUST_CHECK;

/* The field as it was before csv_put guarded it. */
struct text csv_without_guard(struct text field);

/* Writes a field, guarded, with the comma or line end behind it. */
void csv_put(FILE *file, struct text field, bool is_last);

#endif
