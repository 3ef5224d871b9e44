/* cli/cmd_group.c - `sallyport group`: groups of users, as requests to the manager. */
#include "cli/handlers.h"
#include "cli/limit_options.h"
#include "cli/manager_client.h"
#include "cli/rights.h"
#include "cli/table.h"

static int complain_memory(void)
{
	complain("memory is short, or an argument is not UTF-8");
	return EXIT_FAILED;
}

static void print_done(const struct cli *cli, const char *name, const char *what)
{
	style_print(stdout, cli->has_colour, CELL_GOOD, "✓");
	(void)fputc(' ', stdout);
	style_print(stdout, false, CELL_PLAIN, name);
	(void)printf(" %s\n", what);
}

/* Sends body to path and says what was done. */
static int change(const struct cli *cli, const char *method, const char *path, const json_t *body,
		  const char *done)
{
	AUTO_JSON json_t *reply = NULL;
	int r = manager_call(cli, method, path, body, &reply);

	if (r != EXIT_OK)
		return r;
	if (cli->wants_json)
		json_print(reply);
	else
		print_done(cli, cli->arguments.operands[0], done);
	return EXIT_OK;
}

int cmd_group_add(struct cli *cli)
{
	AUTO_JSON json_t *body = json_pack("{ss}", "name", cli->arguments.operands[0]);

	if (!body)
		return complain_memory();
	int r = rights_add_options(cli, false, body);
	if (r == EXIT_OK)
		r = limit_options_add(cli, true, body);
	return r == EXIT_OK ? change(cli, "POST", "/groups", body, "is added") : r;
}

int cmd_group_set(struct cli *cli)
{
	AUTO_FREE char *path = manager_path("/groups/", cli->arguments.operands[0]);
	AUTO_JSON json_t *body = json_object();

	if (!path)
		return complain_memory();
	int r = rights_add_options(cli, false, body);
	if (r == EXIT_OK)
		r = limit_options_add(cli, true, body);
	if (r != EXIT_OK)
		return r;
	if (json_object_size(body) == 0) {
		complain("say what to change: --permissions, --rule, --deny, --hide, --folder, "
			 "--quota-bytes, --member-quota-bytes, --uploads, or a limit such as "
			 "--user-sessions N");
		return EXIT_USAGE;
	}
	return change(cli, "PATCH", path, body, "is changed");
}

int cmd_group_delete(struct cli *cli)
{
	AUTO_FREE char *path = manager_path("/groups/", cli->arguments.operands[0]);

	return path ? change(cli, "DELETE", path, NULL, "is deleted") : complain_memory();
}

static void add_group_row(struct table *table, const json_t *group)
{
	char storage[256];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	rights_format_permissions(json_object_get(group, "permissions"), &out);
	table_add(table, CELL_PLAIN, json_text(group, "name"));
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(group, "members"));
	table_add(table, CELL_PLAIN, storage);
	buf_reset(&out);
	quota_format(json_object_get(group, "quota"), &out);
	table_add(table, CELL_PLAIN, out.len > 0 ? storage : "none");
	buf_reset(&out);
	quota_format(json_object_get(group, "member_quota"), &out);
	table_add(table, CELL_PLAIN, out.len > 0 ? storage : "none");
}

static int print_groups(const struct cli *cli, const json_t *groups)
{
	static const struct column columns[] = { { "GROUP", false },
						 { "MEMBERS", true },
						 { "PERMISSIONS", false },
						 { "SHARED QUOTA", false },
						 { "QUOTA OF EACH", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *group;
	size_t index;

	if (!table)
		return complain_memory();
	json_array_foreach(groups, index, group) add_group_row(table, group);
	return table_print(table, stdout, cli->has_colour) == 0 ? EXIT_OK : complain_memory();
}

int cmd_group_list(struct cli *cli)
{
	AUTO_JSON json_t *reply = NULL;
	int r = manager_get_all(cli, "/groups", "groups", &reply);

	if (r != EXIT_OK)
		return r;

	const json_t *groups = json_object_get(reply, "groups");

	if (cli->wants_json)
		json_print(reply);
	else if (json_array_size(groups) == 0)
		(void)printf("No groups yet: `sallyport group add NAME` adds one.\n");
	else
		r = print_groups(cli, groups);
	return r;
}

static int print_group(const struct cli *cli, const json_t *group)
{
	static const struct column columns[] = { { "", false }, { "", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	char storage[256];
	struct buf out;

	if (!table)
		return complain_memory();
	buf_init(&out, storage, sizeof(storage));
	rights_format_permissions(json_object_get(group, "permissions"), &out);
	table_add(table, CELL_DIM, "Group");
	table_add(table, CELL_BOLD, json_text(group, "name"));
	table_add(table, CELL_DIM, "Members");
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(group, "members"));
	table_add(table, CELL_DIM, "Permissions");
	table_add(table, CELL_PLAIN, storage);
	rights_add_rows(table, group);
	limit_rows_add(table, group);
	return table_print(table, stdout, cli->has_colour) == 0 ? EXIT_OK : complain_memory();
}

int cmd_group_show(struct cli *cli)
{
	AUTO_FREE char *path = manager_path("/groups/", cli->arguments.operands[0]);
	AUTO_JSON json_t *group = NULL;

	if (!path)
		return complain_memory();
	int r = manager_call(cli, "GET", path, NULL, &group);
	if (r != EXIT_OK)
		return r;
	if (!cli->wants_json)
		return print_group(cli, group);
	json_print(group);
	return EXIT_OK;
}
