/* cli/cmd_group.c - `sallyport group`: groups of users, as requests to the manager. */
#include "cli/handlers.h"
#include "cli/limit_options.h"
#include "cli/resource.h"
#include "cli/rights.h"

int cmd_group_add(struct cli *cli)
{
	const char *name = cli->arguments.operands[0];
	AUTO_JSON json_t *body = json_pack("{ss}", "name", name);

	if (!body)
		return complain_memory();
	int r = rights_add_options(cli, false, body);
	if (r == EXIT_OK)
		r = limit_options_add(cli, true, body);
	return r == EXIT_OK ? resource_change(cli, "POST", "/groups", body, name, "is added") : r;
}

int cmd_group_set(struct cli *cli)
{
	const char *name = cli->arguments.operands[0];
	AUTO_FREE char *path = manager_path("/groups/", name);
	AUTO_JSON json_t *body = json_object();
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
	return resource_change(cli, "PATCH", path, body, name, "is changed");
}

int cmd_group_delete(struct cli *cli)
{
	const char *name = cli->arguments.operands[0];
	AUTO_FREE char *path = manager_path("/groups/", name);

	return resource_change(cli, "DELETE", path, NULL, name, "is deleted");
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

int cmd_group_list(struct cli *cli)
{
	static const struct column columns[] = { { "GROUP", false },
						 { "MEMBERS", true },
						 { "PERMISSIONS", false },
						 { "SHARED QUOTA", false },
						 { "QUOTA OF EACH", false } };
	static const struct resource_list list = {
		.path = "/groups",
		.key = "groups",
		.none = "No groups yet: `sallyport group add NAME` adds one.",
		.columns = columns,
		.n_columns = ARRAY_SIZE(columns),
		.add_row = add_group_row,
	};

	return resource_print_list(cli, &list);
}

static void add_group(struct table *table, const json_t *group)
{
	char storage[256];
	struct buf out;

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
}

int cmd_group_show(struct cli *cli)
{
	AUTO_FREE char *path = manager_path("/groups/", cli->arguments.operands[0]);

	return resource_print_one(cli, path, add_group);
}
