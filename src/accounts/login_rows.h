/* accounts/login_rows.h - the rows that logins have read last, each good until something in the
 * database changes, whoever changes it. For this folder only.
 * Threads: the lock of the connection that reads guards them. */
#ifndef ACCOUNTS_LOGIN_ROWS_H
#define ACCOUNTS_LOGIN_ROWS_H

#include "accounts/database_state.h"
#include "accounts/rights.h"

struct login_rows;

struct login_rows *login_rows_new(void) MUST_CHECK; /* NULL: memory is short */
void login_rows_free(struct login_rows **rows);	    /* wipes; accepts NULL; leaves NULL */

/* The row that this name has led to, if the database is still in this state. */
bool login_rows_find(const struct login_rows *rows, struct text name,
		     const struct database_state *now, struct account *ret_account,
		     struct effective_rights *ret);
/* It was read while the database was in this state. */
void login_rows_keep(struct login_rows *rows, struct text name, const struct database_state *state,
		     const struct account *account, const struct effective_rights *rights);

#endif
