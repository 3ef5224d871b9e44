/* cli/table.h - rows of text in aligned columns, for people.
 * Widths are those of a terminal (wcwidth(3)), so LC_CTYPE must be a UTF-8 locale; main sees to it.
 * Control bytes and broken UTF-8 are shown as '?', so that no name can steer the terminal.
 * Threads: one. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdio.h>

#include "base/text.h"

enum cell_style { CELL_PLAIN, CELL_GOOD, CELL_BAD, CELL_WARNING, CELL_DIM, CELL_BOLD };

struct column {
	const char *title; /* "" in all columns: no line of titles */
	bool is_number;	   /* aligned at the right */
};

struct table;

/* columns is borrowed. NULL when memory is short. */
struct table *table_new(const struct column *columns, size_t n_columns) MUST_CHECK;
void table_free(struct table **table);
#define AUTO_TABLE __attribute__((cleanup(table_free)))

/* Adds the next cell, row by row; text is copied. */
void table_add(struct table *table, enum cell_style style, const char *text);
void table_addf(struct table *table, enum cell_style style, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* 0, or -ENOMEM when a cell could not be added. */
int table_print(const struct table *table, FILE *out, bool has_colour) MUST_CHECK;

/* The text in its style, made safe as a cell is, without padding. */
void style_print(FILE *out, bool has_colour, enum cell_style style, const char *text);

#endif
