/* cli/rights.h - the options and lines that users and groups have in common: permissions, rules by
 * path, denied and hidden names, virtual folders. Threads: one. */
#ifndef CLI_RIGHTS_H
#define CLI_RIGHTS_H

#include "base/buf.h"
#include "cli/manager_client.h"
#include "cli/table.h"

/* Rows for a list of options. */
/* clang-format off */
#define RIGHTS_OPTIONS                                                                             \
	{ .name = "permissions", .argument = "LIST",                                               \
	  .help = "What is allowed where no rule says otherwise: a list with commas" },            \
	{ .name = "rule", .argument = "PATH=LIST",                                                 \
	  .help = "Permissions for a path and all beneath it; the longest path wins" },            \
	{ .name = "deny", .argument = "PATTERN",                                                   \
	  .help = "Names that are not uploaded, downloaded, made or renamed, as *.exe" },          \
	{ .name = "hide", .argument = "PATTERN",                                                   \
	  .help = "Names that are as if they were not there, as .*" },                             \
	{ .name = "folder", .argument = "PATH=DIR[:ro][:quota=N][:files=N]",                       \
	  .help = "A name that leads to another directory of the server; :ro: read-only" }
/* clang-format on */

/* Adds what these options say to a body for the API. may_inherit: "inherit" is a list of
 * permissions, those of the group. EXIT_OK, or the status after a message. */
int rights_add_options(const struct cli *cli, bool may_inherit, json_t *body) MUST_CHECK;

/* "all", "none", or the names with commas. */
void rights_format_permissions(const json_t *list, struct buf *out);
/* A line for each rule, pattern and folder, for a table of two columns. */
void rights_add_rows(struct table *table, const json_t *object);

#endif
