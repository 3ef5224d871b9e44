/* cli/cmd_setting.c - `sallyport config set`, `unset` and `detect`: what the manager stores, and
 * what it would tell clients as its address. */
#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/table.h"

static int show(const struct cli *cli, const json_t *answer)
{
	const json_t *row;
	size_t i;

	if (cli->wants_json) {
		json_print(answer);
		return EXIT_OK;
	}
	json_array_foreach(json_object_get(answer, "settings"), i, row)
	{
		const char *pending = json_text(row, "pending");

		(void)printf("%s = %s", json_text(row, "name"),
			     *pending ? pending : json_text(row, "text"));
		(void)printf(" (%s)%s\n", json_text(row, "place"),
			     *pending ? " from the next start of the server on" : "");
	}
	if (!json_flag(answer, "reloaded"))
		(void)printf("The server has not said yet that it has read it again: `sallyport "
			     "status` tells.\n");
	return EXIT_OK;
}

static int change(struct cli *cli, json_t *body)
{
	AUTO_JSON json_t *answer = NULL;
	int r = EXIT_FAILED;

	if (body)
		r = manager_call(cli, "PATCH", "/settings", body, &answer);
	else
		complain("memory is short, or the value is not UTF-8");
	return r == EXIT_OK ? show(cli, answer) : r;
}

int cmd_config_set(struct cli *cli)
{
	const char *const *operands = cli->arguments.operands;
	AUTO_JSON json_t *body = json_pack("{s:s}", operands[0], operands[1]);

	return change(cli, body);
}

int cmd_config_unset(struct cli *cli)
{
	AUTO_JSON json_t *body = json_pack("{s:n}", cli->arguments.operands[0]);

	return change(cli, body);
}

static int print_candidates(const struct cli *cli, const json_t *answer)
{
	static const struct column columns[] = { { "ADDRESS", false }, { "WHY", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const char *suggestion = json_text(answer, "suggestion");
	const json_t *candidate;
	size_t i;

	if (!table)
		return -ENOMEM;
	json_array_foreach(json_object_get(answer, "candidates"), i, candidate)
	{
		const char *address = json_text(candidate, "address");

		table_add(table, strcmp(address, suggestion) == 0 ? CELL_GOOD : CELL_PLAIN,
			  address);
		table_addf(table, CELL_PLAIN, "%s%s", json_text(candidate, "explanation"),
			   json_flag(candidate, "private") ? " Not reached from the internet."
							   : "");
	}
	int r = table_print(table, stdout, cli->has_colour);
	if (*suggestion)
		(void)printf("\nTo tell it to clients: sallyport config set external_ip %s\n",
			     suggestion);
	return r;
}

int cmd_config_detect(struct cli *cli)
{
	AUTO_JSON json_t *answer = NULL;
	int r = manager_call(cli, "POST", "/settings/external-address/detect", NULL, &answer);

	if (r != EXIT_OK)
		return r;
	if (cli->wants_json)
		json_print(answer);
	else if (json_array_size(json_object_get(answer, "candidates")) == 0)
		(void)printf("No address was found that clients outside could use.\n");
	else if (print_candidates(cli, answer) < 0)
		return EXIT_FAILED;
	return EXIT_OK;
}
