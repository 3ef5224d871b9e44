/* cli/limit_options.h - the limits of a user on the command line: --user-sessions 5 and its like.
 * Threads: one. */
#ifndef CLI_LIMIT_OPTIONS_H
#define CLI_LIMIT_OPTIONS_H

#include "cli/manager_client.h"
#include "cli/table.h"

/* Adds what the options say to the body, as "limits". EXIT_OK, or EXIT_USAGE after a message. */
int limit_options_add(const struct cli *cli, json_t *body) MUST_CHECK;

/* A row for each limit that the user has of its own. */
void limit_rows_add(struct table *table, const json_t *user);

#endif
