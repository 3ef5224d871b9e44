/* cli/cmd_firewall.c - `sallyport firewall`: what firewalls must let through for this server, from
 * the configuration that it runs with; and whether a given list of rules does. */
#include <fcntl.h>
#include <jansson.h>

#include "cli/config_file.h"
#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/table.h"
#include "guide/allow_list.h"
#include "guide/client_settings.h"
#include "guide/firewall_needs.h"

#define CHECK_FILE_MAX (1024 * 1024)

struct request {
	struct firewall_needs needs;
	bool is_live; /* the running server told it */
	bool has_side, has_format, has_export;
	enum firewall_side side;
	enum firewall_format format;
	enum client_export export;
};

static const char *const side_names[] = { "server", "client" };

/* --- where the needs come from ---------------------------------------------------------------- */

static void take_ports(const json_t *list, struct port_list *ret)
{
	const json_t *port;
	size_t index;

	ret->n = 0;
	json_array_foreach(list, index, port) if (ret->n < SETTINGS_MAX_PORTS)
		ret->ports[ret->n++] = (uint16_t)json_integer_value(port);
}

static void take_text(const json_t *listeners, const char *key, char *ret, size_t size)
{
	(void)!text_copy(text_of(json_text(listeners, key)), ret, size);
}

/* What the running server says replaces what the file says: the file may have changed since. */
static void take_live(const json_t *listeners, struct settings *settings)
{
	struct text range = text_of(json_text(listeners, "passive_ports"));
	uint64_t first, last;

	take_ports(json_object_get(listeners, "explicit"), &settings->explicit_ports);
	take_ports(json_object_get(listeners, "implicit"), &settings->implicit_ports);
	if (text_take_uint(&range, 65535, &first) && text_skip_char(&range, '-') &&
	    text_take_uint(&range, 65535, &last))
		settings->passive_ports = (struct port_range){ (uint16_t)first, (uint16_t)last };
	settings->passive = json_flag(listeners, "passive");
	settings->active = json_flag(listeners, "active");
	settings->active_min_port = (unsigned)json_number(listeners, "active_min_port");
	take_text(listeners, "external_ip", settings->external_ip, sizeof(settings->external_ip));
	take_text(listeners, "listen", settings->listen, sizeof(settings->listen));
	take_text(listeners, "server_name", settings->server_name, sizeof(settings->server_name));
}

static int add_given(struct cli *cli, const char *option, struct firewall_networks *networks)
{
	for (size_t i = 0; i < cli->arguments.n_options; i++) {
		const char *value = cli->arguments.options[i].value;

		if (strcmp(cli->arguments.options[i].row->name, option) != 0)
			continue;
		if (firewall_networks_add_text(networks, text_of(value)) < 0) {
			complain("--%s %s: neither an address, nor a network, nor a name that "
				 "resolves",
				 option, value);
			return EXIT_FAILED;
		}
	}
	return EXIT_OK;
}

static int find_needs(struct cli *cli, struct request *request)
{
	struct settings_loaded *loaded = NULL;
	struct settings_error error;
	AUTO_JSON json_t *status = NULL;
	AUTO_FREE struct settings *settings = malloc(sizeof(*settings));

	if (!settings || config_load(cli, &loaded, &error) < 0) {
		complain("%s", settings ? error.text : "memory is short");
		return EXIT_FAILED;
	}
	*settings = *settings_values(loaded);
	if (manager_try(cli, "/status", &status) == EXIT_OK) {
		take_live(json_object_get(status, "listeners"), settings);
		request->is_live = true;
	}
	firewall_needs_from_settings(settings, &request->needs);
	request->needs.client_is_active = arguments_option(&cli->arguments, "active") != NULL;
	int r = add_given(cli, "address", &request->needs.servers);
	if (r == EXIT_OK)
		r = add_given(cli, "client", &request->needs.clients);
	if (r == EXIT_OK && request->needs.servers.n == 0)
		firewall_needs_find_servers(settings, &request->needs);
	settings_free(&loaded);
	return r;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *ports_json(const struct firewall_flow *flow)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < flow->n_ports; i++)
		(void)json_array_append_new(list, json_pack("{s:i, s:i}", "first",
							    (int)flow->ports[i].first, "last",
							    (int)flow->ports[i].last));
	return list;
}

static json_t *network_json(const struct network *network)
{
	char storage[ADDRESS_TEXT_SIZE];
	struct buf text;

	buf_init(&text, storage, sizeof(storage));
	firewall_format_network(network, &text);
	return json_string(storage);
}

static json_t *networks_json(const struct firewall_networks *networks)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < networks->n; i++)
		(void)json_array_append_new(list, network_json(&networks->networks[i]));
	return list;
}

static json_t *flow_json(const struct firewall_needs *needs, enum firewall_side side,
			 const struct firewall_flow *flow)
{
	char storage[4096];
	struct buf words;

	buf_init(&words, storage, sizeof(storage));
	firewall_format_flow(needs, side, flow, &words);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "id", flow->id, "direction",
			 firewall_is_outbound(flow, side) ? "outbound" : "inbound", "protocol",
			 "tcp", "ports", ports_json(flow), "peers",
			 networks_json(side == FIREWALL_SERVER ? &needs->clients : &needs->servers),
			 "words", storage);
}

static json_t *side_json(const struct request *request, enum firewall_side side, struct buf *out)
{
	struct firewall_flow flows[FIREWALL_MAX_FLOWS];
	size_t n = firewall_flows(&request->needs, side, flows);
	json_t *list = json_array(), *all;

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, flow_json(&request->needs, side, &flows[i]));
	all = json_pack("{s:o}", "flows", list);
	if (request->has_format) {
		buf_reset(out);
		firewall_format_rules(&request->needs, side, request->format, out);
		(void)json_object_set_new(all, "format",
					  json_string(firewall_format_name(request->format)));
		(void)json_object_set_new(all, "rules", json_string(out->ptr));
	}
	return all;
}

static json_t *port_list_json(const struct port_list *ports)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < ports->n; i++)
		(void)json_array_append_new(list, json_integer(ports->ports[i]));
	return list;
}

static json_t *needs_json(const struct request *request, struct buf *out)
{
	const struct firewall_needs *needs = &request->needs;
	json_t *passive = json_null();

	if (needs->passive_ports.first > 0)
		passive = json_pack("{s:i, s:i}", "first", (int)needs->passive_ports.first, "last",
				    (int)needs->passive_ports.last);
	json_t *all = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:o}", "source",
		request->is_live ? "running server" : "configuration file", "server_name",
		needs->server_name, "addresses", networks_json(&needs->servers), "explicit_ports",
		port_list_json(&needs->explicit_ports), "implicit_ports",
		port_list_json(&needs->implicit_ports), "passive_ports", passive, "active",
		needs->active_min_port > 0, "clients", networks_json(&needs->clients));
	for (unsigned side = 0; all && side < 2; side++)
		if (!request->has_side || request->side == side)
			(void)json_object_set_new(
				all, side_names[side],
				side_json(request, (enum firewall_side)side, out));
	return all;
}

/* --- text ------------------------------------------------------------------------------------- */

static void add_list(const char *title, const struct port_list *ports, struct buf *out)
{
	if (ports->n == 0)
		return;
	buf_add(out, text_of(title));
	for (unsigned i = 0; i < ports->n; i++)
		buf_addf(out, "%s%u", i > 0 ? ", " : "", ports->ports[i]);
	buf_add_char(out, '\n');
}

static void add_overview(const struct request *request, struct buf *out)
{
	const struct firewall_needs *needs = &request->needs;

	buf_addf(out, "Server          %s (from the %s)\nAddresses       ",
		 needs->server_name[0] ? needs->server_name : "without a name",
		 request->is_live ? "running server" : "configuration file: it is not running");
	for (unsigned i = 0; i < needs->servers.n; i++) {
		buf_add(out, i > 0 ? T(", ") : T(""));
		firewall_format_network(&needs->servers.networks[i], out);
	}
	buf_add(out, needs->servers.n > 0 ? T("\n") : T("unknown: --address tells them\n"));
	add_list("Explicit TLS    TCP ", &needs->explicit_ports, out);
	add_list("Implicit TLS    TCP ", &needs->implicit_ports, out);
	if (needs->passive_ports.first > 0)
		buf_addf(out, "Passive data    TCP %u-%u\n", needs->passive_ports.first,
			 needs->passive_ports.last);
}

static void add_side(const struct request *request, enum firewall_side side, struct buf *out)
{
	if (request->has_format) {
		firewall_format_rules(&request->needs, side, request->format, out);
		return;
	}
	buf_addf(out, "\n%s\n",
		 side == FIREWALL_SERVER ? "At the server's firewall" : "At a client's firewall");
	firewall_format_words(&request->needs, side, out);
}

static void add_rules(const struct request *request, struct buf *out)
{
	if (!request->has_format)
		add_overview(request, out);
	for (unsigned side = 0; side < 2; side++) {
		if (request->has_side && request->side != side)
			continue;
		if (request->has_format && !request->has_side && side == FIREWALL_CLIENT)
			continue; /* one firewall loads one side; --side client shows the other */
		add_side(request, (enum firewall_side)side, out);
	}
	if (!request->has_format)
		buf_add(out, T("\nReady to paste: sallyport firewall --rules nftables --side "
			       "server\n"));
}

/* --- --check ---------------------------------------------------------------------------------- */

static void add_gap(const struct request *request, const struct allow_gap *gap, struct buf *out)
{
	bool is_out = firewall_is_outbound(&gap->flow, request->side);

	buf_add(out, T("missing: TCP "));
	firewall_format_ports(&gap->flow, ", ", "-", out);
	buf_add(out, gap->is_more ? T(", ... ") : T(" "));
	if (gap->has_peer) {
		buf_add(out, is_out ? T("to ") : T("from "));
		firewall_format_network(&gap->peer, out);
		buf_add_char(out, ' ');
	}
	buf_addf(out, "%s (%s%s)", is_out ? "outbound" : "inbound", gap->flow.what,
		 gap->is_whole ? "" : ", the rest of them is allowed");
}

static json_t *gap_json(const struct request *request, const struct allow_gap *gap)
{
	char storage[2048];
	struct buf words;

	buf_init(&words, storage, sizeof(storage));
	add_gap(request, gap, &words);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:s}", "id", gap->flow.id, "direction",
			 firewall_is_outbound(&gap->flow, request->side) ? "outbound" : "inbound",
			 "protocol", "tcp", "ports", ports_json(&gap->flow), "peer",
			 gap->has_peer ? network_json(&gap->peer) : json_null(), "nothing_allowed",
			 gap->is_whole, "words", storage);
}

static void print_gaps(const struct cli *cli, const struct request *request,
		       const struct allow_gap *gaps, size_t n)
{
	char storage[2048];
	struct buf words;

	if (cli->wants_json) {
		json_t *list = json_array();

		for (size_t i = 0; i < n; i++)
			(void)json_array_append_new(list, gap_json(request, &gaps[i]));
		AUTO_JSON json_t *all =
			json_pack("{s:s, s:b, s:o}", "side", side_names[request->side], "complete",
				  n == 0, "missing", list);
		json_print(all);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		buf_init(&words, storage, sizeof(storage));
		add_gap(request, &gaps[i], &words);
		style_print(stdout, cli->has_colour, CELL_BAD, "✗");
		(void)printf(" %s\n", storage);
	}
	if (n > 0)
		return;
	style_print(stdout, cli->has_colour, CELL_GOOD, "✓");
	(void)printf(" the list lets through all that FTP needs at the %s's firewall\n",
		     side_names[request->side]);
}

/* The file, or standard input for "-"; *ret is owned by the caller also on failure. */
static int read_list(const char *path, char **ret, size_t *ret_len)
{
	bool is_stdin = strcmp(path, "-") == 0;
	AUTO_CLOSE int opened = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int fd = is_stdin ? STDIN_FILENO : opened;
	size_t len = 0;

	if (fd < 0)
		return -errno;
	*ret = malloc(CHECK_FILE_MAX);
	if (!*ret)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, *ret + len, CHECK_FILE_MAX - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == CHECK_FILE_MAX)
			return -EFBIG;
	}
	*ret_len = len;
	return 0;
}

static int check_list(struct cli *cli, struct request *request, const char *path)
{
	AUTO_FREE char *content = NULL;
	AUTO_ALLOW_LIST struct allow_list *list = NULL;
	struct allow_gap gaps[ALLOW_LIST_MAX_GAPS];
	size_t len = 0;

	if (!request->has_side)
		request->side = FIREWALL_CLIENT; /* lists of our own need not be pasted */
	int r = read_list(path, &content, &len);
	if (r < 0) {
		complain("%s: cannot be read: %s", path, strerrordesc_np(-r));
		return EXIT_FAILED;
	}
	r = allow_list_parse((struct text){ content, len }, text_of(request->needs.server_name),
			     &list);
	if (r == -ENODATA)
		complain("%s: there is neither a port nor an address in it", path);
	else if (r < 0)
		complain("%s: cannot be compared: %s", path, strerrordesc_np(-r));
	if (r < 0)
		return EXIT_FAILED;
	size_t n = allow_list_compare(list, &request->needs, request->side, gaps);
	print_gaps(cli, request, gaps, n);
	return n > 0 ? EXIT_FAILED : EXIT_OK;
}

/* --- --export --------------------------------------------------------------------------------- */

/* The settings of a client for this server: explicit TLS first, since its port is more often
 * open. */
static int print_export(struct cli *cli, const struct request *request)
{
	const struct firewall_needs *needs = &request->needs;
	bool is_explicit = needs->explicit_ports.n > 0;
	char host[HOST_NAME_SIZE], storage[8192];
	struct client_settings settings;
	struct buf text, out;

	buf_init(&text, host, sizeof(host));
	buf_init(&out, storage, sizeof(storage));
	if (needs->server_name[0])
		buf_add(&text, text_of(needs->server_name));
	else if (needs->servers.n > 0)
		firewall_format_network(&needs->servers.networks[0], &text);
	if (text.len == 0 || (!is_explicit && needs->implicit_ports.n == 0)) {
		complain("neither server_name nor an address is known: --address tells it");
		return EXIT_FAILED;
	}
	client_settings_init(&settings, host,
			     is_explicit ? needs->explicit_ports.ports[0]
					 : needs->implicit_ports.ports[0],
			     is_explicit ? CLIENT_EXPLICIT : CLIENT_IMPLICIT);
	settings.user = arguments_option(&cli->arguments, "user");
	settings.is_active = needs->client_is_active;
	int r = client_settings_format(&settings, request->export, &out);
	if (r < 0) {
		complain("--export %s: %s", client_export_name(request->export),
			 r == -EOPNOTSUPP ? "this client has no active mode"
					  : "the name of the user or of the server has a quote or "
					    "a control character");
		return EXIT_FAILED;
	}
	(void)fputs(storage, stdout);
	return EXIT_OK;
}

/* --- the command ------------------------------------------------------------------------------ */

static int take_side(const char *value, struct request *request)
{
	request->has_side = value != NULL;
	if (!value)
		return EXIT_OK;
	for (unsigned i = 0; i < ARRAY_SIZE(side_names); i++) {
		if (strcmp(value, side_names[i]) == 0) {
			request->side = (enum firewall_side)i;
			return EXIT_OK;
		}
	}
	complain("--side %s: server or client", value);
	return EXIT_USAGE;
}

static int take_formats(struct cli *cli, struct request *request)
{
	const char *rules = arguments_option(&cli->arguments, "rules");
	const char *export = arguments_option(&cli->arguments, "export");

	request->has_format = rules != NULL;
	request->has_export = export != NULL;
	if (rules && firewall_format_find(text_of(rules), &request->format) < 0) {
		complain(
			"--rules %s: nftables, iptables, ufw, firewalld, windows, aws, azure, gcp, "
			"paloalto or cisco",
			rules);
		return EXIT_USAGE;
	}
	if (export && client_export_find(text_of(export), &request->export) < 0) {
		complain("--export %s: filezilla, winscp, lftp, curl, rclone or json", export);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int cmd_firewall(struct cli *cli)
{
	const char *check = arguments_option(&cli->arguments, "check");
	bool wants_letter = arguments_option(&cli->arguments, "letter") != NULL;
	AUTO_FREE char *storage = malloc(FIREWALL_TEXT_SIZE);
	struct request request = { .side = FIREWALL_SERVER };
	struct buf out;

	int r = take_side(arguments_option(&cli->arguments, "side"), &request);
	if (r == EXIT_OK)
		r = take_formats(cli, &request);
	if (r == EXIT_OK)
		r = find_needs(cli, &request);
	if (r != EXIT_OK || !storage)
		return storage ? r : EXIT_FAILED;
	if (check)
		return check_list(cli, &request, check);
	if (request.has_export)
		return print_export(cli, &request);
	buf_init(&out, storage, FIREWALL_TEXT_SIZE);
	if (cli->wants_json) {
		AUTO_JSON json_t *all = needs_json(&request, &out);
		if (all && wants_letter) {
			buf_reset(&out);
			firewall_format_letter(&request.needs,
					       request.has_side ? request.side : FIREWALL_CLIENT,
					       &out);
			(void)json_object_set_new(all, "letter", json_string(storage));
		}
		json_print(all);
		return all ? EXIT_OK : EXIT_FAILED;
	}
	if (wants_letter)
		firewall_format_letter(&request.needs,
				       request.has_side ? request.side : FIREWALL_CLIENT, &out);
	else
		add_rules(&request, &out);
	(void)fputs(storage, stdout);
	return EXIT_OK;
}
