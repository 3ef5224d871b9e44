/* accounts/shelf.h - one connection to the accounts database for what is read and changed rarely:
 * stored settings, runs of the doctor, guest links. Statements are prepared each time.
 *
 *	const struct shelf_value values[] = { shelf_text("alice"), shelf_number(5) };
 *	r = shelf_run(shelf, "UPDATE guests SET ... WHERE user = ?1", values, 2, NULL, NULL);
 *
 * Threads: any; a shelf has one lock, which shelf_begin holds until shelf_end. */
#ifndef ACCOUNTS_SHELF_H
#define ACCOUNTS_SHELF_H

#include "accounts/database.h"
#include "base/text.h"

struct shelf;

/* The database must have been opened by accounts_open before. 0, or -errno with *ret_error. */
int shelf_open(const char *path, struct shelf **ret, struct database_error *ret_error) MUST_CHECK;
void shelf_free(struct shelf **shelf); /* accepts NULL; leaves NULL */

struct shelf_value {
	bool is_number;
	int64_t number;
	struct text text; /* ptr NULL: NULL */
};

static inline struct shelf_value shelf_number(int64_t number)
{
	return (struct shelf_value){ .is_number = true, .number = number };
}

static inline struct shelf_value shelf_text(const char *text)
{
	return (struct shelf_value){ .text = text_of(text) };
}

/* Called for each row, under the lock: it must not call back. */
typedef void (*shelf_each)(sqlite3_stmt *row, void *arg);

/* Runs one statement with ?1, ?2 ... bound to values (borrowed). Returns how many rows it changed,
 * of a SELECT how many there were; or -errno. */
int shelf_run(struct shelf *shelf, const char *sql, const struct shelf_value *values,
	      size_t n_values, shelf_each each, void *arg) MUST_CHECK;
/* The number of the row that the last INSERT of this shelf made. Within begin and end only. */
int64_t shelf_last_id(const struct shelf *shelf);

/* Several statements (shelf_run_locked) of which all count or none. end takes what has become of
 * them: below 0 rolls back. Both: 0 or -errno. */
int shelf_begin(struct shelf *shelf) MUST_CHECK;
int shelf_run_locked(struct shelf *shelf, const char *sql, const struct shelf_value *values,
		     size_t n_values, shelf_each each, void *arg) MUST_CHECK;
int shelf_end(struct shelf *shelf, int r) MUST_CHECK;

/* A column as text that ends in NUL; "" for NULL. Lives as long as the row. */
const char *shelf_column(sqlite3_stmt *row, int column);

#endif
