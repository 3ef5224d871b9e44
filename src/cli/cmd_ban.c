/* cli/cmd_ban.c - `sallyport ban`: the networks that get no session, as requests to the manager. */
#include "base/clock.h"
#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/table.h"

static int complain_memory(void)
{
	complain("memory is short, or an argument is not UTF-8");
	return EXIT_FAILED;
}

int cmd_ban_add(struct cli *cli)
{
	const char *reason = arguments_option(&cli->arguments, "reason");
	const char *minutes = arguments_option(&cli->arguments, "minutes");
	AUTO_JSON json_t *body = json_pack("{ss}", "network", cli->arguments.operands[0]);
	AUTO_JSON json_t *reply = NULL;
	uint64_t n = 0;

	if (!body || (reason && json_object_set_new(body, "reason", json_string(reason)) < 0))
		return complain_memory();
	if (minutes && text_to_uint(text_of(minutes), INT32_MAX, &n) < 0) {
		complain("--minutes: \"%s\" is no number of minutes", minutes);
		return EXIT_USAGE;
	}
	if (minutes)
		(void)json_object_set_new(body, "minutes", json_integer((json_int_t)n));
	int r = manager_call(cli, "POST", "/bans", body, &reply);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json)
		json_print(reply);
	else
		(void)printf("%s is banned; its sessions have ended.\n",
			     json_text(reply, "network"));
	return EXIT_OK;
}

int cmd_ban_remove(struct cli *cli)
{
	const char *network = cli->arguments.operands[0];
	AUTO_FREE char *path = manager_path("/bans/", network);
	AUTO_JSON json_t *reply = NULL;

	if (!path)
		return complain_memory();
	int r = manager_call(cli, "DELETE", path, NULL, &reply);
	if (r == EXIT_OK && !cli->wants_json)
		(void)printf("%s is no longer banned.\n", network);
	return r;
}

static int print_bans(const struct cli *cli, const json_t *bans)
{
	static const struct column columns[] = {
		{ "NETWORK", false }, { "UNTIL", false }, { "BY", false }, { "REASON", false }
	};
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *ban;
	size_t index;

	if (!table)
		return complain_memory();
	json_array_foreach(bans, index, ban)
	{
		const char *expires = json_text(ban, "expires");

		table_add(table, CELL_BAD, json_text(ban, "network"));
		table_add(table, CELL_PLAIN, *expires ? expires : "for good");
		table_add(table, CELL_PLAIN, json_text(ban, "by"));
		table_add(table, CELL_PLAIN, json_text(ban, "reason"));
	}
	return table_print(table, stdout, cli->has_colour) == 0 ? EXIT_OK : complain_memory();
}

int cmd_ban_list(struct cli *cli)
{
	AUTO_JSON json_t *reply = NULL;
	int r = manager_call(cli, "GET", "/bans", NULL, &reply);

	if (r != EXIT_OK)
		return r;
	if (cli->wants_json)
		json_print(reply);
	else if (json_array_size(json_object_get(reply, "bans")) == 0)
		(void)printf("Nobody is banned.\n");
	else
		r = print_bans(cli, json_object_get(reply, "bans"));
	return r;
}
