/* cli/cmd_connectivity.c - `sallyport connectivity`: which client networks get through, and why
 * others do not; the map of the passive ports. */
#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/table.h"

static enum cell_style style_of(const char *state)
{
	if (strcmp(state, "ok") == 0 || strcmp(state, "open") == 0)
		return CELL_GOOD;
	return strcmp(state, "stuck") == 0 || strcmp(state, "blocked") == 0 ? CELL_BAD : CELL_PLAIN;
}

static const char *sign_of(const char *state)
{
	enum cell_style style = style_of(state);

	return style == CELL_GOOD ? "✓ " : style == CELL_BAD ? "✗ " : "";
}

static void add_network(struct table *table, const json_t *network)
{
	static const char *const counts[] = { "offered", "arrived", "never" };
	const json_t *cause = json_object_get(network, "cause");
	const char *state = json_text(network, "state");

	table_add(table, CELL_BOLD, json_text(network, "network"));
	table_addf(table, style_of(state), "%s%s", sign_of(state), state);
	table_addf(table, CELL_PLAIN, "%s%s%s", json_text(cause, "id"),
		   json_is_object(cause) ? " " : "", json_text(cause, "title"));
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(network, counts[i]));
	table_add(table, CELL_PLAIN, json_text(network, "last_success"));
	table_add(table, CELL_PLAIN, json_text(network, "last_failure"));
}

static int print_networks(const struct cli *cli, const json_t *networks)
{
	static const struct column columns[] = {
		{ "NETWORK", false },	   { "STATE", false },	      { "CAUSE", false },
		{ "OFFERED", true },	   { "ARRIVED", true },	      { "NEVER", true },
		{ "LAST SUCCESS", false }, { "LAST FAILURE", false },
	};
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *network;
	size_t index;

	if (!table)
		return -ENOMEM;
	json_array_foreach(networks, index, network) add_network(table, network);
	return table_print(table, stdout, cli->has_colour);
}

/* All pages, as one answer. */
static int fetch_networks(const struct cli *cli, json_t *networks)
{
	AUTO_FREE char *after = strdup("");
	int r = EXIT_OK;

	while (r == EXIT_OK && after) {
		AUTO_JSON json_t *reply = NULL;
		AUTO_FREE char *path = manager_path("/connectivity?limit=1000&after=", after);

		r = path ? manager_call(cli, "GET", path, NULL, &reply) : EXIT_FAILED;
		(void)json_array_extend(networks, json_object_get(reply, "networks"));
		free(after);
		const char *next = json_string_value(json_object_get(reply, "next"));
		after = next ? strdup(next) : NULL;
	}
	return r;
}

static int list_networks(const struct cli *cli)
{
	AUTO_JSON json_t *answer = json_pack("{s:[]}", "networks");
	json_t *networks = json_object_get(answer, "networks");
	int r = fetch_networks(cli, networks);

	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(answer);
	} else if (json_array_size(networks) == 0) {
		(void)printf("No client has been heard of yet.\n");
	} else if (print_networks(cli, networks) < 0) {
		complain("memory is short");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static void print_network(const struct cli *cli, const json_t *network)
{
	const char *state = json_text(network, "state"), *sign = sign_of(state);
	const json_t *cause = json_object_get(network, "cause"), *failure;
	size_t index;

	style_print(stdout, cli->has_colour, style_of(state), sign);
	(void)printf("%s: %s\n", json_text(network, "network"), state);
	(void)printf("%" PRIu64 " data connections were offered, %" PRIu64 " arrived, %" PRIu64
		     " never came; last success: %s\n",
		     json_number(network, "offered"), json_number(network, "arrived"),
		     json_number(network, "never"),
		     *json_text(network, "last_success") ? json_text(network, "last_success")
							 : "never");
	if (json_is_object(cause))
		(void)printf("\n%s %s (%s)\n%s\nWhat to do: %s\n", json_text(cause, "id"),
			     json_text(cause, "title"), json_text(cause, "confidence"),
			     json_text(cause, "explanation"), json_text(cause, "remedy"));
	json_array_foreach(json_object_get(network, "failures"), index, failure)
	{
		const json_t *data = json_object_get(failure, "data");

		(void)printf("%s%s session %" PRIu64 ", %s of %s: %s %s at port %" PRIu64 "\n",
			     index == 0 ? "\n" : "", json_text(failure, "time"),
			     json_number(failure, "session"), json_text(failure, "for"),
			     json_text(failure, "user"), json_text(data, "mode"),
			     json_text(data, "outcome"), json_number(data, "port"));
	}
	if (json_is_object(cause))
		(void)printf("\nA letter to the administrator of that network:\n\n%s",
			     json_text(network, "letter"));
}

int cmd_connectivity(struct cli *cli)
{
	const char *name = cli->arguments.n_operands > 0 ? cli->arguments.operands[0] : NULL;
	AUTO_FREE char *path = name ? manager_path("/connectivity/", name) : NULL;
	AUTO_JSON json_t *reply = NULL;

	if (!name)
		return list_networks(cli);
	int r = path ? manager_call(cli, "GET", path, NULL, &reply) : EXIT_FAILED;
	if (r == EXIT_OK && cli->wants_json)
		json_print(reply);
	else if (r == EXIT_OK)
		print_network(cli, reply);
	return r;
}

static int print_ports(const struct cli *cli, const json_t *reply)
{
	static const struct column columns[] = { { "PORTS", false }, { "STATE", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *range;
	size_t index;

	if (!table)
		return -ENOMEM;
	json_array_foreach(json_object_get(reply, "summary"), index, range)
	{
		const char *state = json_text(range, "state");

		table_addf(table, CELL_PLAIN, "%" PRIu64 "-%" PRIu64, json_number(range, "first"),
			   json_number(range, "last"));
		table_addf(table, style_of(state), "%s%s", sign_of(state), state);
	}
	return table_print(table, stdout, cli->has_colour);
}

int cmd_connectivity_ports(struct cli *cli)
{
	AUTO_JSON json_t *reply = NULL;
	int r = manager_call(cli, "GET", "/connectivity/ports", NULL, &reply);

	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(reply);
	} else if (print_ports(cli, reply) < 0) {
		complain("memory is short");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
