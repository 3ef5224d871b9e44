/* cli/limit_options.h - limits, quotas and ways of uploading on the command line:
 * --user-sessions 5, --quota-bytes 10G, --uploads atomic. Threads: one. */
#ifndef CLI_LIMIT_OPTIONS_H
#define CLI_LIMIT_OPTIONS_H

#include "base/buf.h"
#include "cli/manager_client.h"
#include "cli/table.h"

/* Adds what the options say to the body. A group has no other whose quota could be its default.
 * EXIT_OK, or EXIT_USAGE after a message. */
int limit_options_add(const struct cli *cli, bool is_group, json_t *body) MUST_CHECK;

/* Rows for the quotas, and for each limit that a user or group does not have from the server. */
void limit_rows_add(struct table *table, const json_t *object);

/* "10G bytes, 1000 files"; nothing where there is no limit. */
void quota_format(const json_t *quota, struct buf *out);

#endif
