/* manager/api_connectivity.c - who gets through: GET /connectivity (client networks, the one that
 * was heard of last first), /connectivity/NETWORK (with a letter and the newest failures),
 * /connectivity/ports (the passive range). */
#include "manager/api_handlers.h"

#include "guide/firewall_rules.h"
#include "manager/api_query.h"
#include "manager/data_json.h"

static json_t *cause_json(const struct reach_verdict *verdict)
{
	if (!verdict->cause)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", verdict->cause->id, "title",
			 verdict->cause->title, "explanation", verdict->explanation, "remedy",
			 verdict->cause->remedy, "confidence", verdict->confidence);
}

static json_t *last_json(const struct network_state *state)
{
	json_t *addresses = json_array(), *users = json_array(), *sessions = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < state->n_addresses; i++)
		(void)json_array_append_new(
			addresses, json_string(address_format_ip(&state->addresses[i], text)));
	for (unsigned i = 0; i < state->n_users; i++)
		(void)json_array_append_new(users, api_text(text_of(state->users[i])));
	for (unsigned i = 0; i < state->n_sessions; i++)
		(void)json_array_append_new(sessions, json_integer((json_int_t)state->sessions[i]));
	return json_pack("{s:o, s:o, s:o}", "addresses", addresses, "users", users, "last_sessions",
			 sessions);
}

static json_t *counts_json(const struct reach_counts *counts)
{
	static const char *const names[N_REACH_COUNTS] = {
		[REACH_OFFERED] = "offered", [REACH_ARRIVED] = "arrived",
		[REACH_NEVER] = "never",     [REACH_ELSEWHERE] = "elsewhere",
		[REACH_REFUSED] = "refused", [REACH_TLS_FAILED] = "tls_failed",
		[REACH_LOGINS] = "logins",
	};
	json_t *json = json_object();

	for (size_t i = 0; i < N_REACH_COUNTS; i++)
		(void)json_object_set_new(json, names[i], json_integer((json_int_t)counts->n[i]));
	return json;
}

static json_t *ranges_json(const struct port_range *ranges, unsigned n)
{
	json_t *list = json_array();
	char text[16];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text),
			       ranges[i].first == ranges[i].last ? "%u" : "%u-%u", ranges[i].first,
			       ranges[i].last);
		(void)json_array_append_new(list, json_string(text));
	}
	return list;
}

/* Takes more. */
static void add_all(json_t *json, json_t *more)
{
	(void)json_object_update(json, more);
	json_decref(more);
}

json_t *network_json(const struct network_state *state, const struct reach_verdict *verdict)
{
	json_t *json = json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:s, s:o, s:o}", "network", state->name,
		"first_seen", api_time(state->first_ms), "last_seen", api_time(state->seen_ms),
		"last_success", api_time(state->success_ms), "last_failure",
		api_time(state->failure_ms), "last_login", api_time(state->login_ms),
		"login_failures", (json_int_t)state->login_failures, "state",
		reach_state_names[verdict->state], "cause", cause_json(verdict), "failed_ports",
		ranges_json(verdict->failed, verdict->n_failed));

	add_all(json, last_json(state));
	add_all(json, counts_json(&state->counts));
	return json;
}

/* --- the list --------------------------------------------------------------------------------- */

struct listing {
	const struct settings *settings;
	int state; /* below 0: all */
	char search[API_ARGUMENT_SIZE], after[API_ARGUMENT_SIZE];
	bool has_begun; /* what was asked to stand behind has been met */
	unsigned limit;
	size_t total;
	json_t *list;
	bool has_more;
};

static bool is_found(const struct network_state *state, const char *search)
{
	char text[ADDRESS_TEXT_SIZE];

	if (!*search || strstr(state->name, search))
		return true;
	for (unsigned i = 0; i < state->n_users; i++)
		if (strstr(state->users[i], search))
			return true;
	for (unsigned i = 0; i < state->n_addresses; i++)
		if (strstr(address_format_ip(&state->addresses[i], text), search))
			return true;
	return false;
}

static bool list_network(const struct network_state *state, void *arg)
{
	struct listing *listing = arg;
	struct reach_verdict verdict;

	if (!is_found(state, listing->search))
		return true;
	reach_judge(state, listing->settings, &verdict);
	if (listing->state >= 0 && (int)verdict.state != listing->state)
		return true;
	listing->total++;
	if (!listing->has_begun) {
		listing->has_begun = strcmp(state->name, listing->after) == 0;
		return true;
	}
	if (json_array_size(listing->list) < listing->limit)
		(void)json_array_append_new(listing->list, network_json(state, &verdict));
	else
		listing->has_more = true;
	return true;
}

unsigned api_connectivity_get(struct api_request *request)
{
	struct listing listing = { .settings = request->context->settings, .state = -1 };
	unsigned status = api_page(request, &listing.limit, listing.after);

	if (status == 0)
		status = api_query_text(request, "search", listing.search);
	if (status == 0)
		status = api_query_word(request, "state", reach_state_names, N_REACH_STATES,
					&listing.state);
	if (status != 0)
		return status;
	listing.has_begun = !*listing.after;
	listing.list = json_array();
	connectivity_each(request->context->connectivity, list_network, &listing);

	const json_t *last = json_array_get(listing.list, json_array_size(listing.list) - 1);
	json_t *next = listing.has_more ? json_incref(json_object_get(last, "network")) : NULL;

	request->answer = json_pack("{s:o, s:o, s:I}", "networks", listing.list, "next",
				    next ? next : json_null(), "total", (json_int_t)listing.total);
	return 200;
}

/* --- one network ------------------------------------------------------------------------------ */

static void add_failure(const struct reach_failure *failure, void *arg)
{
	json_t *timeline = json_loads(failure->timeline, 0, NULL);

	(void)json_array_append_new(
		arg, json_pack("{s:o, s:I, s:o, s:s, s:s, s:o, s:o, s:o}", "time",
			       api_time(failure->wall_ms), "session", (json_int_t)failure->session,
			       "user", api_text_or_null(failure->user), "address", failure->address,
			       "for", failure->kind, "path",
			       failure->path.len > 0 ? api_text(failure->path) : json_null(),
			       "data", data_record_json(&failure->data), "timeline",
			       timeline ? timeline : json_array()));
}

static json_t *tries_json(const struct network_state *state)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < state->n_tries; i++) {
		const struct network_try *try = &state->tries[i];
		const char *mode = data_mode_name(try->mode);
		const char *outcome = data_outcome_name(try->outcome);
		char cause[16] = "";

		if (try->cause != 0)
			(void)snprintf(cause, sizeof(cause), "D-%02u", try->cause);
		(void)json_array_append_new(
			list, json_pack("{s:o, s:i, s:s, s:s, s:o}", "time", api_time(try->wall_ms),
					"port", try->port, "mode", mode ? mode : "", "outcome",
					outcome ? outcome : "", "cause", api_text_or_null(cause)));
	}
	return list;
}

static json_t *letter_json(const struct network_state *state, const struct settings *settings,
			   const struct reach_verdict *verdict)
{
	char *storage = malloc(FIREWALL_TEXT_SIZE + 2048);
	json_t *json = NULL;
	struct buf letter;

	if (storage) {
		buf_init(&letter, storage, FIREWALL_TEXT_SIZE + 2048);
		reach_letter(state, settings, verdict, &letter);
		json = api_text(buf_text(&letter));
	}
	free(storage);
	return json ? json : json_null();
}

#define FAILURES_SHOWN 10

unsigned api_network_get(struct api_request *request)
{
	const struct api_context *context = request->context;
	struct network_state state;
	struct reach_verdict verdict;
	char link[128];

	if (connectivity_get(context->connectivity, request->argument, &state) < 0)
		return api_problem(request, 404, NULL, "Nothing is known of a network \"%s\".",
				   request->argument);
	reach_judge(&state, context->settings, &verdict);

	json_t *failures = json_array();
	int r = reach_store_list_failures(context->reach, state.name, 0, 0, FAILURES_SHOWN,
					  add_failure, failures);
	if (r < 0) {
		json_decref(failures);
		return api_problem_errno(request, r, "");
	}
	(void)snprintf(link, sizeof(link), "/api/v1/firewall?side=client&client=%s", state.name);
	request->answer = network_json(&state, &verdict);
	add_all(request->answer,
		json_pack("{s:o, s:s, s:o, s:o}", "letter",
			  letter_json(&state, context->settings, &verdict), "rules", link, "tries",
			  tries_json(&state), "failures", failures));
	return 200;
}

/* --- the passive range ------------------------------------------------------------------------ */

enum port_state { PORT_UNTRIED, PORT_OPEN, PORT_BLOCKED, PORT_MIXED };
static const char *const port_states[] = { "untried", "open", "blocked", "mixed" };

struct port_map {
	const struct port_range *range;
	json_t *ports, *summary;
	uint32_t done; /* up to here the summary tells of ports */
	struct port_range run;
	enum port_state run_state; /* PORT_UNTRIED: there is no run */
};

static void add_summary(struct port_map *map, uint32_t first, uint32_t last, enum port_state state)
{
	(void)json_array_append_new(map->summary,
				    json_pack("{s:i, s:i, s:s}", "first", (int)first, "last",
					      (int)last, "state", port_states[state]));
}

static void end_run(struct port_map *map)
{
	if (map->run_state == PORT_UNTRIED)
		return;
	if (map->run.first > map->done)
		add_summary(map, map->done, map->run.first - 1u, PORT_UNTRIED);
	add_summary(map, map->run.first, map->run.last, map->run_state);
	map->done = map->run.last + 1u;
}

static enum port_state state_of(const struct reach_port_counts *counts)
{
	if (counts->connected > 0)
		return counts->timed_out > 0 ? PORT_MIXED : PORT_OPEN;
	return counts->timed_out > 0 ? PORT_BLOCKED : PORT_UNTRIED;
}

/* Ports that nobody has tried, between two of one state, count as that: with a wide range most of
 * them are never tried. */
static void add_port(uint16_t port, const struct reach_port_counts *counts, void *arg)
{
	struct port_map *map = arg;
	enum port_state state = state_of(counts);

	if (port < map->range->first || port > map->range->last)
		return;
	(void)json_array_append_new(map->ports,
				    json_pack("{s:i, s:I, s:I, s:I}", "port", port, "offered",
					      (json_int_t)counts->offered, "connected",
					      (json_int_t)counts->connected, "timed_out",
					      (json_int_t)counts->timed_out));
	if (state == PORT_UNTRIED)
		return;
	if (map->run_state == state) {
		map->run.last = port;
		return;
	}
	end_run(map);
	map->run = (struct port_range){ port, port };
	map->run_state = state;
}

unsigned api_ports_get(struct api_request *request)
{
	const struct port_range *range = &request->context->settings->passive_ports;
	struct port_map map = {
		.range = range, .ports = json_array(), .summary = json_array(), .done = range->first
	};

	connectivity_each_port(request->context->connectivity, add_port, &map);
	end_run(&map);
	if (map.done <= range->last)
		add_summary(&map, map.done, range->last, PORT_UNTRIED);
	request->answer = json_pack("{s:i, s:i, s:o, s:o}", "first", range->first, "last",
				    range->last, "ports", map.ports, "summary", map.summary);
	return 200;
}
