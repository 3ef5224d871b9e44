/* cli/cmd_setting.c - `sallyport config set` and `config unset`: what the manager stores. */
#include "cli/handlers.h"
#include "cli/manager_client.h"

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
