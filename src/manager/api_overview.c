/* manager/api_overview.c - GET /overview: how the server does, and what needs attention. */
#include "manager/api_handlers.h"

#include "base/clock.h"
#include "manager/attention.h"
#include "manager/live.h"

static json_t *connect_json(const struct settings *settings)
{
	const struct {
		const char *security;
		const struct port_list *ports;
	} ways[] = {
		{ "explicit", &settings->explicit_ports },
		{ "implicit", &settings->implicit_ports },
		{ "plain", settings->plain_ftp ? &settings->explicit_ports : NULL },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!ways[i].ports || ways[i].ports->n == 0)
			continue;
		json_t *ports = json_array();

		for (unsigned k = 0; k < ways[i].ports->n; k++)
			(void)json_array_append_new(ports, json_integer(ways[i].ports->ports[k]));
		(void)json_array_append_new(
			list, json_pack("{s:s, s:o, s:o}", "security", ways[i].security, "host",
					api_text_or_null(settings->server_name), "ports", ports));
	}
	return list;
}

static json_t *certificate_json_of(const struct certificate_state *state)
{
	const char *status = *state->problem				 ? "bad"
			     : state->days_left <= CERTIFICATE_SOON_DAYS ? "expiring"
									 : "ok";

	if (!state->is_there)
		return json_null();
	return json_pack("{s:o, s:I, s:s}", "name", api_text(text_of(state->name)), "days_left",
			 (json_int_t)state->days_left, "status", status);
}

struct users {
	json_int_t enabled, disabled;
};

static void count_user(const struct account *account, void *arg)
{
	struct users *users = arg;

	*(account->is_enabled ? &users->enabled : &users->disabled) += 1;
}

static json_t *passive_json(const struct settings *settings, struct reservations *reservations)
{
	size_t reserved = reservations ? reservations_count(reservations) : 0;

	return json_pack("{s:I, s:i, s:i, s:i}", "reserved", (json_int_t)reserved, "first",
			 settings->passive_ports.first, "last", settings->passive_ports.last,
			 "size", settings->passive_ports.last - settings->passive_ports.first + 1);
}

static json_int_t count_transfers(const struct scoreboard *board, json_int_t *ret_sessions)
{
	size_t max = scoreboard_max_sessions(board);
	json_int_t transfers = 0;
	struct session_view view;

	*ret_sessions = 0;
	for (uint32_t slot = 0; slot < max; slot++) {
		if (!scoreboard_get_session(board, slot, &view))
			continue;
		*ret_sessions += 1;
		transfers += view.transfer != TRANSFER_NONE;
	}
	return transfers;
}

unsigned api_overview_get(struct api_request *request)
{
	const struct api_context *context = request->context;
	struct users users = { 0 };
	struct attention attention;
	struct server_view server;
	uint64_t in = 0, out = 0;
	json_int_t sessions;
	int r = accounts_list(context->accounts, count_user, &users);

	if (r < 0)
		return api_problem_errno(request, r, "");
	attention_collect(context, &attention);
	scoreboard_get_server(context->board, &server);
	live_rates(context->live, &in, &out);

	json_int_t transfers = count_transfers(context->board, &sessions);

	request->answer = json_pack(
		"{s:s, s:o, s:I, s:I, s:I, s:I, s:{s:I, s:I}, s:o, s:o, s:o, s:I, s:s, s:I}",
		"health", attention.health, "attention", attention.items, "sessions", sessions,
		"transfers_running", transfers, "bytes_in_per_s", (json_int_t)in, "bytes_out_per_s",
		(json_int_t)out, "users", "enabled", users.enabled, "disabled", users.disabled,
		"passive", passive_json(context->settings, context->reservations), "certificate",
		certificate_json_of(&attention.certificate), "connect",
		connect_json(context->settings), "stuck", (json_int_t)attention.stuck, "version",
		SALLYPORT_VERSION, "uptime_s",
		(json_int_t)((clock_wall_ms() - server.started_wall_ms) / 1000));
	return 200;
}
