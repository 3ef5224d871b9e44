/* cli/resource.h - what the commands on users, groups and the like have in common: to list, show
 * and change what the manager keeps under a path of its API. All print their own errors and return
 * an exit code. Threads: one. */
#ifndef CLI_RESOURCE_H
#define CLI_RESOURCE_H

#include "cli/manager_client.h"
#include "cli/table.h"

int complain_memory(void); /* EXIT_FAILED */

struct resource_list {
	const char *path; /* "/users" */
	const char *key;  /* of the array in the answer */
	const char *none; /* said when it is empty */
	const struct column *columns;
	size_t n_columns;
	void (*add_row)(struct table *table, const json_t *item);
};
int resource_print_list(const struct cli *cli, const struct resource_list *list) MUST_CHECK;

/* One of them, as rows of a word and its value. path may be NULL: memory was short. */
int resource_print_one(const struct cli *cli, const char *path,
		       void (*add_rows)(struct table *table, const json_t *item)) MUST_CHECK;

/* Sends body, which may be NULL, and says that name "is changed". path as above. */
int resource_change(const struct cli *cli, const char *method, const char *path, const json_t *body,
		    const char *name, const char *done) MUST_CHECK;

#endif
