/* cli/cmd_quota.c - `sallyport quota`: what is used of the quotas, as requests to the manager. */
#include "cli/handlers.h"
#include "cli/human.h"
#include "cli/resource.h"

/* Bytes and files of an object; what is not there is shown as the word. */
static void add_pair(struct table *table, enum cell_style style, const json_t *object,
		     const char *word)
{
	const json_t *bytes = json_object_get(object, "bytes");
	const json_t *files = json_object_get(object, "files");
	char storage[64];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	if (json_is_integer(bytes))
		human_bytes((uint64_t)json_integer_value(bytes), &out);
	table_add(table, style, json_is_integer(bytes) ? storage : word);
	if (json_is_integer(files))
		table_addf(table, style, "%" PRIu64, (uint64_t)json_integer_value(files));
	else
		table_add(table, style, word);
}

static bool is_full(const json_t *used, const json_t *quota, const char *key)
{
	return json_is_integer(json_object_get(quota, key)) &&
	       json_number(used, key) >= json_number(quota, key);
}

static void add_row(struct table *table, const json_t *item, bool is_recount)
{
	const json_t *used = json_object_get(item, "used"), *quota = json_object_get(item, "quota");
	bool is_at_end = is_full(used, quota, "bytes") || is_full(used, quota, "files");

	table_add(table, CELL_PLAIN, json_text(item, "kind"));
	table_addf(table, CELL_PLAIN, "%s%s%s", json_text(item, "name"),
		   *json_text(item, "folder") ? ":" : "", json_text(item, "folder"));
	if (is_recount)
		add_pair(table, CELL_PLAIN, json_object_get(item, "before"), "unknown");
	add_pair(table, is_at_end ? CELL_WARNING : CELL_PLAIN, used, "unknown");
	if (!is_recount)
		add_pair(table, CELL_PLAIN, quota, "no limit");
}

static int print_items(const struct cli *cli, const json_t *list, bool is_recount)
{
	static const struct column listed[] = {
		{ "KIND", false }, { "NAME", false }, { "USED", true },
		{ "FILES", true }, { "QUOTA", true }, { "FILES", true },
	};
	static const struct column recounted[] = {
		{ "KIND", false }, { "NAME", false }, { "BEFORE", true },
		{ "FILES", true }, { "NOW", true },   { "FILES", true },
	};
	AUTO_TABLE struct table *table = table_new(is_recount ? recounted : listed, 6);
	const json_t *item;
	size_t index;

	if (!table)
		return complain_memory();
	json_array_foreach(list, index, item)
	{
		add_row(table, item, is_recount);
	}
	if (json_array_size(list) == 0)
		(void)printf("No user, group or folder has a quota.\n");
	else if (table_print(table, stdout, cli->has_colour) < 0)
		return complain_memory();
	return EXIT_OK;
}

/* Failed when one of them could not be counted. */
static int show(const struct cli *cli, const json_t *reply, bool is_recount)
{
	const json_t *list = json_object_get(reply, "quotas"), *item;
	int status = EXIT_OK;
	size_t index;

	if (cli->wants_json)
		json_print(reply);
	else
		status = print_items(cli, list, is_recount);
	json_array_foreach(list, index, item)
	{
		const char *error = json_text(item, "error");

		if (!*error)
			continue;
		complain("%s %s: %s", json_text(item, "kind"), json_text(item, "name"), error);
		status = EXIT_FAILED;
	}
	return status;
}

int cmd_quota_list(struct cli *cli)
{
	AUTO_JSON json_t *reply = NULL;
	int r = manager_get_all(cli, "/quotas", "quotas", &reply);

	return r == EXIT_OK ? show(cli, reply, false) : r;
}

int cmd_quota_recount(struct cli *cli)
{
	const char *user = cli->arguments.n_operands > 0 ? cli->arguments.operands[0] : NULL;
	const char *group = arguments_option(&cli->arguments, "group");
	AUTO_JSON json_t *body = json_object();
	AUTO_JSON json_t *reply = NULL;

	if (user && group) {
		complain("name a user or a group, not both");
		return EXIT_USAGE;
	}
	if (!body || (user && json_object_set_new(body, "user", json_string(user)) < 0) ||
	    (group && json_object_set_new(body, "group", json_string(group)) < 0))
		return complain_memory();
	int r = manager_call(cli, "POST", "/quotas/recount", body, &reply);
	return r == EXIT_OK ? show(cli, reply, true) : r;
}
