/* manager/api_status.c - GET /status: the processes, the listeners, the last reload; POST
 * /reload. */
#include "manager/api_handlers.h"

#include "base/log.h"
#include "ipc/channel.h"
#include "manager/api_auth.h"
#include "manager/audit_note.h"
#include "manager/board_users.h"

#define RELOAD_PATIENCE_MS 2000

static json_t *ports_json(const struct port_list *ports)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < ports->n; i++)
		(void)json_array_append_new(list, json_integer(ports->ports[i]));
	return list;
}

static json_t *listeners_json(const struct settings *settings)
{
	char range[16];

	(void)snprintf(range, sizeof(range), "%u-%u", settings->passive_ports.first,
		       settings->passive_ports.last);
	return json_pack(
		"{s:o, s:o, s:b, s:s, s:o, s:b, s:b, s:i, s:o, s:o}", "explicit",
		ports_json(&settings->explicit_ports), "implicit",
		ports_json(&settings->implicit_ports), "plain_ftp", settings->plain_ftp,
		"passive_ports", range, "external_ip", api_text(text_of(settings->external_ip)),
		"passive", settings->passive, "active", settings->active, "active_min_port",
		(int)settings->active_min_port, "listen", api_text(text_of(settings->listen)),
		"server_name", api_text(text_of(settings->server_name)));
}

static json_t *worker_json(uint32_t slot, const struct worker_view *view)
{
	const char *state = view->state == WORKER_SERVING ? "serving" : "draining";

	return json_pack("{s:i, s:i, s:s, s:I, s:I, s:I, s:o}", "slot", (int)slot, "pid",
			 (int)view->pid, "state", state, "generation", (json_int_t)view->generation,
			 "sessions", (json_int_t)view->sessions, "threads",
			 (json_int_t)view->threads, "started", api_time(view->started_wall_ms));
}

static json_t *workers_json(const struct scoreboard *board)
{
	json_t *list = json_array();
	struct worker_view view;

	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++) {
		scoreboard_get_worker(board, slot, &view);
		if (view.state != WORKER_FREE)
			(void)json_array_append_new(list, worker_json(slot, &view));
	}
	return list;
}

static json_t *server_json(const struct server_view *view)
{
	return json_pack("{s:s, s:o, s:i, s:i, s:I, s:I, s:I, s:o, s:o}", "version",
			 SALLYPORT_VERSION, "started", api_time(view->started_wall_ms),
			 "supervisor_pid", (int)view->supervisor_pid, "manager_pid",
			 (int)view->manager_pid, "generation", (json_int_t)view->generation,
			 "worker_restarts", (json_int_t)view->worker_restarts, "manager_restarts",
			 (json_int_t)view->manager_restarts, "last_reload",
			 api_time(view->last_reload_wall_ms), "last_reload_error",
			 api_text_or_null(view->last_reload_error));
}

/* Where the page is reached, and whether anybody can log in there yet. */
static json_t *web_json(const struct api_context *context)
{
	json_t *addresses = json_array();
	int admins = admin_count(context->accounts);
	char storage[512];
	struct buf url;

	for (size_t i = 0; i < context->n_doors; i++) {
		buf_init(&url, storage, sizeof(storage));
		api_door_url(context, &context->doors[i], &url);
		(void)json_array_append_new(addresses, api_text(buf_text(&url)));
	}
	return json_pack("{s:o, s:i}", "addresses", addresses, "administrators", MAX_OF(admins, 0));
}

unsigned api_status_get(struct api_request *request)
{
	const struct api_context *context = request->context;
	struct server_view server;

	scoreboard_get_server(context->board, &server);
	json_t *answer = server_json(&server);
	size_t sessions = board_count_sessions(context->board);

	(void)json_object_set_new(answer, "sessions", json_integer((json_int_t)sessions));
	(void)json_object_set_new(
		answer, "max_sessions",
		json_integer((json_int_t)scoreboard_max_sessions(context->board)));
	(void)json_object_set_new(answer, "workers", workers_json(context->board));
	(void)json_object_set_new(answer, "listeners", listeners_json(context->settings));
	(void)json_object_set_new(answer, "sandbox", sandbox_json(context));
	(void)json_object_set_new(answer, "web", web_json(context));
	request->answer = answer;
	return 200;
}

unsigned api_reload_post(struct api_request *request)
{
	const struct message_head reload = { MSG_RELOAD };

	int r = channel_send(request->context->supervisor, &reload, sizeof(reload), NULL, 0,
			     RELOAD_PATIENCE_MS);
	if (r < 0)
		return api_problem(request, 503, NULL, "The supervisor cannot be reached: %s.",
				   strerrordesc_np(-r));
	audit_note_done(request, "reload-requested", "", NULL, NULL);
	log_event(LOG_INFO, "reload-requested", F_STR("by", request->asker.name));
	return 202;
}
