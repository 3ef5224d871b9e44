/* cli/cmd_simulate.c - `sallyport doctor simulate`: a wall between a client and a server. */
#include <jansson.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>

#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/table.h"
#include "doctor/simulate.h"

#define PORT_EXPLICIT 21
#define PORT_IMPLICIT 990

static struct simulator *running; /* for the signal handler */

static void stop_running(int signal_number UNUSED)
{
	simulator_stop(running);
}

/* --- --list ----------------------------------------------------------------------------------- */

static void list_json(void)
{
	const struct simulation *cause;
	json_t *list = json_array();

	for (size_t i = 0; (cause = simulation_at(i)); i++)
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:b}", "id", cause->id, "title", cause->title,
					"intercepts_tls",
					cause->reads_dialogue || cause->tls >= TLS_INTERCEPTED));
	AUTO_JSON json_t *all = json_pack("{s:o}", "causes", list);
	json_print(all);
}

static int list_causes(const struct cli *cli)
{
	static const struct column columns[] = { { "CAUSE", false }, { "WHAT HAPPENS", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const struct simulation *cause;

	if (cli->wants_json) {
		list_json();
		return EXIT_OK;
	}
	for (size_t i = 0; table && (cause = simulation_at(i)); i++) {
		table_add(table, CELL_BOLD, cause->id);
		bool has_more = cause->text && cause->control != CONTROL_SPEAKS;

		table_addf(table, CELL_PLAIN, "%s%s%s%s", cause->title, has_more ? " (" : "",
			   has_more ? cause->text : "", has_more ? ")" : "");
	}
	if (table && table_print(table, stdout, cli->has_colour) == 0)
		return EXIT_OK;
	complain("memory is short");
	return EXIT_FAILED;
}

/* --- options ---------------------------------------------------------------------------------- */

/* "HOST:PORT", "[HOST]:PORT", or HOST alone. */
static bool split_host(struct text in, struct text *ret_host, uint16_t *ret_port)
{
	bool is_bracketed = text_skip_char(&in, '[');
	uint64_t port;

	if (!text_take_until(&in, is_bracketed ? ']' : ':', ret_host) || ret_host->len == 0)
		return false;
	if (is_bracketed && in.len > 0 && !text_skip_char(&in, ':'))
		return false;
	if (in.len == 0)
		return true;
	if (text_to_uint(in, 65535, &port) < 0)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

static int take_server(struct cli *cli, char name[static HOST_NAME_SIZE],
		       struct simulate_options *options)
{
	const char *given = arguments_option(&cli->arguments, "server");
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	struct text host;
	uint16_t port = options->is_implicit ? PORT_IMPLICIT : PORT_EXPLICIT;

	if (!given || !split_host(text_of(given), &host, &port) || port == 0 ||
	    host_name_parse(host, name) < 0) {
		complain("--server HOST:PORT tells which server stands behind the wall");
		return EXIT_USAGE;
	}
	int r = getaddrinfo(name, NULL, &hints, &found);
	if (r == 0)
		r = address_from_sockaddr(found->ai_addr, &options->server);
	if (found)
		freeaddrinfo(found);
	if (r != 0) {
		complain("%s has no address: %s", name, gai_strerror(r));
		return EXIT_FAILED;
	}
	options->server.port = port;
	options->server_name = name;
	return EXIT_OK;
}

static int take_listen(struct cli *cli, struct simulate_options *options)
{
	const char *given = arguments_option(&cli->arguments, "listen");
	struct text in = text_of(given ? given : "0"), host = T("127.0.0.1");
	uint64_t port;
	uint16_t read_port = 0;

	if (text_to_uint(in, 65535, &port) == 0)
		read_port = (uint16_t)port;
	else if (!split_host(in, &host, &read_port))
		host = T("");
	if (address_parse(host, &options->listen) < 0) {
		complain("--listen %s: a port, or an address of this machine and a port", given);
		return EXIT_USAGE;
	}
	options->listen.port = read_port;
	return EXIT_OK;
}

static int take_range(struct cli *cli, const char *option, struct port_range *ret)
{
	const char *given = arguments_option(&cli->arguments, option);
	struct text in = text_of(given);
	uint64_t first, last;

	if (!given)
		return EXIT_OK;
	bool is_good = text_take_uint(&in, 65534, &first) && first > 0;
	last = is_good ? first : 0;
	if (is_good && in.len > 0)
		is_good = text_skip_char(&in, '-') && text_take_uint(&in, 65534, &last) &&
			  in.len == 0 && last >= first;
	if (!is_good) {
		complain("--%s %s: FIRST-LAST, such as 40000-50000", option, given);
		return EXIT_USAGE;
	}
	*ret = (struct port_range){ (uint16_t)first, (uint16_t)last };
	return EXIT_OK;
}

static int take_number(struct cli *cli, const char *option, uint64_t max, uint64_t *ret)
{
	const char *given = arguments_option(&cli->arguments, option);

	if (!given)
		return EXIT_OK;
	if (text_to_uint(text_of(given), max, ret) == 0 && *ret > 0)
		return EXIT_OK;
	complain("--%s %s: a whole number above 0", option, given);
	return EXIT_USAGE;
}

static int take_numbers(struct cli *cli, struct simulate_options *options)
{
	uint64_t seconds = 0, limit = 0, rate = 0;
	int r = take_number(cli, "seconds", 86400, &seconds);

	if (r == EXIT_OK)
		r = take_number(cli, "limit", 100000, &limit);
	if (r == EXIT_OK)
		r = take_number(cli, "rate", 1000000000, &rate);
	if (r == EXIT_OK)
		r = take_number(cli, "size", UINT64_MAX / 2, &options->size);
	options->seconds = (unsigned)seconds;
	options->limit = (unsigned)limit;
	options->rate = (unsigned)rate;
	return r;
}

static int take_cause(struct cli *cli, struct simulate_options *options)
{
	const char *given = cli->arguments.operands[0];

	if (cli->arguments.n_operands == 0) {
		complain("which CAUSE? `sallyport doctor simulate --list` shows them");
		return EXIT_USAGE;
	}
	options->simulation = simulation_find(text_of(given));
	if (options->simulation)
		return EXIT_OK;
	complain("\"%s\" cannot be simulated; `sallyport doctor simulate --list` shows what can",
		 given);
	return EXIT_USAGE;
}

static int take_source(struct cli *cli, struct simulate_options *options)
{
	const char *given = arguments_option(&cli->arguments, "source");

	options->has_source = given != NULL;
	if (!given || address_parse(text_of(given), &options->source) == 0)
		return EXIT_OK;
	complain("--source %s: an address of this machine", given);
	return EXIT_USAGE;
}

/* --- the command ------------------------------------------------------------------------------ */

static void tell(const char *text)
{
	complain("%s", text);
}

static void say_ready(const struct cli *cli, const struct simulate_options *options)
{
	const struct address at = simulator_address(running);
	const char *lacks = simulate_lacks(options);
	char here[ADDRESS_TEXT_SIZE], there[ADDRESS_TEXT_SIZE], note[256];

	address_format(&at, here);
	address_format(&options->server, there);
	if (lacks)
		(void)snprintf(note, sizeof(note),
			       "In sessions under TLS nothing of it will be seen: that needs %s.",
			       lacks);
	if (cli->wants_json) {
		AUTO_JSON json_t *json =
			json_pack("{s:s, s:i, s:s, s:s, s:s}", "listen", here, "port", (int)at.port,
				  "server", there, "cause", options->simulation->id, "title",
				  options->simulation->title);
		if (lacks)
			(void)json_object_set_new(json, "note", json_string(note));
		(void)json_dumpf(json, stdout, JSON_COMPACT);
		(void)printf("\n");
	} else {
		(void)printf("%s: %s\n%s leads to %s; Ctrl-C ends it\n", options->simulation->id,
			     options->simulation->title, here, there);
		if (lacks)
			(void)printf("%s\n", note);
	}
	(void)fflush(stdout);
}

static int simulate(struct cli *cli, const struct simulate_options *options)
{
	const struct sigaction on_stop = { .sa_handler = stop_running };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct simulate_error error;

	if (simulator_new(options, &running, &error) < 0) {
		complain("%s", error.text);
		return EXIT_FAILED;
	}
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGINT, &on_stop, NULL);
	(void)sigaction(SIGTERM, &on_stop, NULL);
	say_ready(cli, options);
	simulator_run(running);
	simulator_free(&running);
	return EXIT_OK;
}

int cmd_simulate(struct cli *cli)
{
	struct simulate_options options = { .ca_path = arguments_option(&cli->arguments, "ca-out"),
					    .tell = tell };
	char name[HOST_NAME_SIZE];

	if (arguments_option(&cli->arguments, "list"))
		return list_causes(cli);
	options.is_implicit = arguments_option(&cli->arguments, "implicit") != NULL;
	options.intercepts = arguments_option(&cli->arguments, "intercept") != NULL;
	int r = take_cause(cli, &options);
	if (r == EXIT_OK)
		r = take_listen(cli, &options);
	if (r == EXIT_OK)
		r = take_range(cli, "passive-ports", &options.passive_ports);
	if (r == EXIT_OK)
		r = take_range(cli, "open", &options.open);
	if (r == EXIT_OK)
		r = take_source(cli, &options);
	if (r == EXIT_OK)
		r = take_numbers(cli, &options);
	if (r == EXIT_OK)
		r = take_server(cli, name, &options);
	return r == EXIT_OK ? simulate(cli, &options) : r;
}
