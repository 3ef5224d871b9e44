/* cli/access_options.h - who may log in from where, until when, how protected, on the command line:
 * --allow 203.0.113.0/24, --expires 2026-12-31, --require-tls yes. Threads: one. */
#ifndef CLI_ACCESS_OPTIONS_H
#define CLI_ACCESS_OPTIONS_H

#include "cli/manager_client.h"
#include "cli/table.h"

/* Adds what the options say to the body. EXIT_OK, or EXIT_USAGE after a message. */
int access_options_add(const struct cli *cli, json_t *body) MUST_CHECK;

/* Rows for what is set. */
void access_rows_add(struct table *table, const json_t *user);

#endif
