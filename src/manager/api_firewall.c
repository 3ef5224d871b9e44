/* manager/api_firewall.c - GET /firewall: what firewalls must let through, in words and in their
 * languages; POST /firewall/check: what a list of rules lacks; GET /users/{}/connection: the
 * settings of a user's client. */
#include "manager/api_handlers.h"

#include "guide/allow_list.h"
#include "manager/api_query.h"
#include "manager/connect_sheet.h"
#include "manager/json_fields.h"

static const char plain_text[] = "text/plain; charset=utf-8";
static const char *const side_words[] = { "server", "client" };

static unsigned no_memory(struct api_request *request)
{
	return api_problem(request, 500, NULL, "Memory is short.");
}

/* ?client=: addresses and networks, comma separated. */
static unsigned take_clients(struct api_request *request, struct firewall_networks *clients)
{
	char value[API_ARGUMENT_SIZE];
	struct text rest, one;
	unsigned status = api_query_text(request, "client", value);

	rest = text_of(value);
	while (status == 0 && text_take_until(&rest, ',', &one)) {
		struct network network;

		one = text_trim(one);
		if (one.len == 0)
			continue;
		if (network_parse(one, &network) < 0)
			return api_problem(request, 422, "client",
					   "\"%.*s\" is neither an address nor a network such as "
					   "203.0.113.0/24.",
					   TEXT_ARG(one));
		(void)firewall_networks_add(clients, network);
	}
	return status;
}

static json_t *networks_json(const struct firewall_networks *networks)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < networks->n; i++) {
		char storage[ADDRESS_TEXT_SIZE];
		struct buf text;

		buf_init(&text, storage, sizeof(storage));
		firewall_format_network(&networks->networks[i], &text);
		(void)json_array_append_new(list, json_string(storage));
	}
	return list;
}

static json_t *ports_json(const struct firewall_flow *flow)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < flow->n_ports; i++)
		(void)json_array_append_new(list, json_pack("{s:i, s:i}", "first",
							    (int)flow->ports[i].first, "last",
							    (int)flow->ports[i].last));
	return list;
}

/* needs: with the far end that the flow is about. */
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
			 "text", storage);
}

static json_t *sheet_json(const struct firewall_needs *needs, enum firewall_side side)
{
	struct firewall_flow flows[FIREWALL_MAX_FLOWS];
	size_t n = firewall_flows(needs, side, flows);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, flow_json(needs, side, &flows[i]));
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "side", side_words[side], "server_name",
			 needs->server_name, "addresses", networks_json(&needs->servers), "clients",
			 networks_json(&needs->clients), "flows", list);
}

static unsigned answer_sheet(struct api_request *request, const struct firewall_needs *needs,
			     enum firewall_side side, const char *format)
{
	AUTO_FREE char *storage = malloc(FIREWALL_TEXT_SIZE);
	enum firewall_format rules;
	struct buf out;

	if (strcmp(format, "json") == 0) {
		request->answer = sheet_json(needs, side);
		return 200;
	}
	if (!storage)
		return no_memory(request);
	buf_init(&out, storage, FIREWALL_TEXT_SIZE);
	if (!*format || strcmp(format, "text") == 0)
		firewall_format_words(needs, side, &out);
	else if (strcmp(format, "letter") == 0)
		firewall_format_letter(needs, side, &out);
	else if (firewall_format_find(text_of(format), &rules) == 0)
		firewall_format_rules(needs, side, rules, &out);
	else
		return api_problem(
			request, 422, "format",
			"The parameter \"format\" must be text, json, letter, nftables, "
			"iptables, ufw, firewalld, windows, aws, azure, gcp, paloalto or "
			"cisco.");
	return api_text_answer(request, plain_text, buf_text(&out));
}

unsigned api_firewall_get(struct api_request *request)
{
	AUTO_FREE struct firewall_needs *needs = calloc(1, sizeof(*needs));
	char format[API_ARGUMENT_SIZE];
	int side = FIREWALL_SERVER;
	unsigned status =
		api_query_word(request, "side", side_words, ARRAY_SIZE(side_words), &side);

	if (!needs)
		return no_memory(request);
	if (status == 0)
		status = api_query_text(request, "format", format);
	if (status == 0)
		connect_sheet_needs(request->context, needs);
	if (status == 0)
		status = take_clients(request, &needs->clients);
	return status == 0 ? answer_sheet(request, needs, (enum firewall_side)side, format)
			   : status;
}

static json_t *gap_json(const struct firewall_needs *needs, enum firewall_side side,
			const struct allow_gap *gap)
{
	struct firewall_needs one = *needs;
	struct firewall_networks *peers = side == FIREWALL_SERVER ? &one.clients : &one.servers;

	if (gap->has_peer)
		*peers = (struct firewall_networks){ 1, { gap->peer } };

	json_t *json = flow_json(&one, side, &gap->flow);

	(void)json_object_set_new(json, "whole", json_boolean(gap->is_whole));
	return json;
}

static unsigned compare(struct api_request *request, const char *text, enum firewall_side side)
{
	AUTO_FREE struct firewall_needs *needs = calloc(1, sizeof(*needs));
	AUTO_FREE struct allow_gap *gaps = calloc(ALLOW_LIST_MAX_GAPS, sizeof(*gaps));
	AUTO_ALLOW_LIST struct allow_list *list = NULL;
	json_t *missing = json_array();

	if (!needs || !gaps) {
		json_decref(missing);
		return no_memory(request);
	}
	connect_sheet_needs(request->context, needs);

	int r = allow_list_parse(text_of(text), text_of(needs->server_name), &list);

	if (r < 0) {
		json_decref(missing);
		return api_problem(request, 422, "list",
				   r == -ENODATA
					   ? "There is neither a port nor an address in the list."
					   : "The list cannot be compared: %s.",
				   strerrordesc_np(-r));
	}
	size_t n = allow_list_compare(list, needs, side, gaps);

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(missing, gap_json(needs, side, &gaps[i]));
	request->answer = json_pack("{s:b, s:s, s:o}", "complete", n == 0, "side", side_words[side],
				    "missing", missing);
	return 200;
}

unsigned api_firewall_check(struct api_request *request)
{
	static const struct json_field fields[] = {
		{ "list", FIELD_STRING, true },
		{ "side", FIELD_STRING, false },
	};
	struct json_fields_error error;
	enum firewall_side side = FIREWALL_CLIENT; /* lists of our own need not be pasted */
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	const char *word = json_string_value(json_object_get(body, "side"));

	if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0)
		status = api_problem(request, 422, *error.field ? error.field : NULL, "%s",
				     error.text);
	else if (word && strcmp(word, "server") == 0)
		side = FIREWALL_SERVER;
	else if (word && strcmp(word, "client") != 0)
		status = api_problem(request, 422, "side", "The side must be server or client.");
	if (status == 0)
		status = compare(request, json_string_value(json_object_get(body, "list")), side);
	json_decref(body);
	return status;
}

/* --- the settings of a user's client ---------------------------------------------------------- */

static unsigned answer_settings(struct api_request *request, const char *user,
				enum client_export export)
{
	AUTO_FREE struct firewall_needs *needs = calloc(1, sizeof(*needs));
	AUTO_FREE char *storage = malloc(CONNECT_SHEET_SIZE);
	struct buf out;

	if (!needs || !storage)
		return no_memory(request);
	buf_init(&out, storage, CONNECT_SHEET_SIZE);
	connect_sheet_needs(request->context, needs);
	if (export == CLIENT_N_EXPORTS) {
		connect_sheet_mail(request->context, needs, user, &out);
		return api_text_answer(request, plain_text, buf_text(&out));
	}
	int r = connect_sheet_settings(request->context, needs, user, export, &out);

	if (r == -ENOENT)
		return api_problem(request, 409, NULL,
				   "Neither a name nor an address of this server is known: set "
				   "server_name.");
	if (r < 0)
		return api_problem(request, 422, "format",
				   "The name of the user or of the server cannot be written for "
				   "this client.");
	return api_text_answer(request,
			       export == CLIENT_JSON	    ? "application/json"
			       : export == CLIENT_FILEZILLA ? "application/xml; charset=utf-8"
							    : plain_text,
			       buf_text(&out));
}

unsigned api_user_connection(struct api_request *request)
{
	char format[API_ARGUMENT_SIZE];
	enum client_export export = CLIENT_N_EXPORTS;
	struct account account;
	int r = accounts_get(request->context->accounts, text_of(request->argument), &account);

	if (r < 0)
		return api_problem_errno(request, r, request->argument);
	explicit_bzero(&account, sizeof(account));
	unsigned status = api_query_text(request, "format", format);
	if (status != 0)
		return status;
	if (*format && strcmp(format, "text") != 0 &&
	    client_export_find(text_of(format), &export) < 0)
		return api_problem(request, 422, "format",
				   "The parameter \"format\" must be text, filezilla, winscp, "
				   "lftp, curl, rclone or json.");
	return answer_settings(request, request->argument, export);
}
