/* manager/user_table.h - users as a table of text: what is read and written are the objects of the
 * API (see user_change.h), of which a row has what fits into cells. Limits, rules and folders are
 * for JSON only. Threads: any; pure functions. */
#ifndef MANAGER_USER_TABLE_H
#define MANAGER_USER_TABLE_H

#include <jansson.h>
#include <stdio.h>

#include "base/text.h"

/* Each row becomes an object at the end of users, and its line a number at the end of lines; what
 * is wrong with a cell goes to errors. A column that is not there says nothing; an empty cell says
 * "none" or "as the group" where there is such a thing, else nothing. */
void user_table_read(struct text csv, json_t *users, json_t *lines, json_t *errors);

/* Adds {"line", "field" (NULL: null), "detail"}. */
void user_table_error(json_t *errors, json_int_t line, const char *field, const char *format, ...)
	PRINTF_LIKE(4, 5);

/* The line of column names, and that of a user; the hash is written when it is wanted. */
void user_table_write_names(FILE *file, bool wants_hashes);
void user_table_write(FILE *file, const json_t *user, bool wants_hashes);

#endif
