/* manager/api_sessions.c - the live sessions, what they have said, and ending one. */
#include "manager/api_handlers.h"

#include "base/clock.h"
#include "base/log.h"
#include "manager/api_query.h"
#include "manager/audit_note.h"
#include "manager/data_json.h"
#include "manager/json_fields.h"

#define DEFAULT_REASON "Your session has been ended by the administrator."

static json_t *transfer_json(const struct session_view *view)
{
	static const char *const kinds[] = {
		[TRANSFER_LISTING] = "listing",
		[TRANSFER_DOWNLOAD] = "download",
		[TRANSFER_UPLOAD] = "upload",
	};

	if (view->transfer == TRANSFER_NONE || (size_t)view->transfer >= ARRAY_SIZE(kinds))
		return json_null();

	int64_t ms = MAX_OF(clock_wall_ms() - view->transfer_started_wall_ms, 1);
	uint64_t rate = (uint64_t)((double)view->transfer_bytes * 1000 / (double)ms);

	return json_pack(
		"{s:s, s:o, s:I, s:o, s:I, s:o}", "kind", kinds[view->transfer], "path",
		api_text(text_of(view->transfer_path)), "bytes", (json_int_t)view->transfer_bytes,
		"size",
		view->transfer_size == UINT64_MAX ? json_null()
						  : json_integer((json_int_t)view->transfer_size),
		"rate", (json_int_t)rate, "started", api_time(view->transfer_started_wall_ms));
}

/* "TLSv1.3 TLS_AES_128_GCM_SHA256" in its parts. */
static void add_tls(const struct session_view *view, json_t *session)
{
	size_t len = strcspn(view->tls, " ");
	const char *cipher = view->tls[len] ? view->tls + len + 1 : "";
	bool is_on = view->is_tls && *view->tls;

	(void)json_object_set_new(session, "tls_version",
				  is_on ? api_text((struct text){ view->tls, len }) : json_null());
	(void)json_object_set_new(session, "cipher",
				  is_on ? api_text_or_null(cipher) : json_null());
	(void)json_object_set_new(session, "resumed", json_boolean(is_on && view->is_resumed));
}

static json_t *connection_json(const struct session_view *view)
{
	char peer[ADDRESS_TEXT_SIZE], local[ADDRESS_TEXT_SIZE];

	return json_pack("{s:I, s:o, s:s, s:s, s:I, s:o, s:o}", "id", (json_int_t)view->id, "user",
			 view->is_logged_in ? api_text_or_null(view->user) : json_null(), "peer",
			 address_format(&view->peer, peer), "local",
			 address_format(&view->local, local), "worker",
			 (json_int_t)view->worker_slot, "started", api_time(view->started_wall_ms),
			 "last_command", api_time(view->last_command_wall_ms));
}

static json_t *session_json(const struct session_view *view)
{
	json_t *session = connection_json(view);
	json_t *state = json_pack(
		"{s:b, s:o, s:b, s:b, s:o, s:o, s:o, s:I, s:I}", "logged_in", view->is_logged_in,
		"tls", view->is_tls ? api_text_or_null(view->tls) : json_null(), "implicit",
		view->is_implicit, "running", view->is_running, "command",
		api_text(text_of(view->command)), "directory", api_text(text_of(view->directory)),
		"transfer", transfer_json(view), "bytes_sent", (json_int_t)view->bytes_sent,
		"bytes_received", (json_int_t)view->bytes_received);

	(void)json_object_update(session, state);
	json_decref(state);
	add_tls(view, session);
	return session;
}

json_t *sessions_json(const struct scoreboard *board, size_t most)
{
	size_t max = scoreboard_max_sessions(board), total = 0;
	json_t *list = json_array();
	struct session_view view;

	for (uint32_t slot = 0; slot < max; slot++)
		if (scoreboard_get_session(board, slot, &view) && ++total <= most)
			(void)json_array_append_new(list, session_json(&view));
	return json_pack("{s:o, s:I}", "sessions", list, "total", (json_int_t)total);
}

struct session_filter {
	char user[API_ARGUMENT_SIZE], address[API_ARGUMENT_SIZE]; /* empty: all */
	uint64_t limit, first_slot;
};

static bool passes(const struct session_filter *filter, const struct session_view *view)
{
	char address[ADDRESS_TEXT_SIZE];

	if (*filter->user && (!view->is_logged_in || strcmp(filter->user, view->user) != 0))
		return false;
	return !*filter->address ||
	       strcmp(filter->address, address_format_ip(&view->peer, address)) == 0;
}

/* Pages go by the places of the scoreboard: a session keeps its own while it lives. */
static unsigned list_sessions(struct api_request *request, const struct session_filter *filter)
{
	const struct scoreboard *board = request->context->board;
	size_t max = scoreboard_max_sessions(board), total = 0;
	json_t *list = json_array(), *next = NULL;
	struct session_view view;
	char text[32];

	for (uint32_t slot = 0; slot < max; slot++) {
		if (!scoreboard_get_session(board, slot, &view) || !passes(filter, &view))
			continue;
		total++;
		if (slot < filter->first_slot)
			continue;
		if (json_array_size(list) < filter->limit) {
			(void)json_array_append_new(list, session_json(&view));
		} else if (!next) {
			(void)snprintf(text, sizeof(text), "%" PRIu32, slot);
			next = json_string(text);
		}
	}
	request->answer = json_pack("{s:o, s:o, s:I}", "sessions", list, "next",
				    next ? next : json_null(), "total", (json_int_t)total);
	return 200;
}

unsigned api_sessions_get(struct api_request *request)
{
	struct session_filter filter = { .limit = SIZE_MAX };
	unsigned status = api_query_text(request, "user", filter.user);

	if (status == 0)
		status = api_query_text(request, "address", filter.address);
	if (status == 0)
		status = api_query_number(request, "limit", API_PAGE_MOST, &filter.limit);
	if (status == 0)
		status = api_query_number(request, "after", UINT32_MAX, &filter.first_slot);
	return status != 0 ? status : list_sessions(request, &filter);
}

/* --- what a session and we have said ---------------------------------------------------------- */

static void add_failure(const struct reach_failure *failure, void *arg)
{
	json_t *parts = arg;
	json_t *data = data_record_json(&failure->data);

	if (json_is_object(data)) {
		(void)json_object_set_new(data, "time", api_time(failure->wall_ms));
		(void)json_object_set_new(data, "for", api_text(text_of(failure->kind)));
	}
	(void)json_array_append_new(json_object_get(parts, "data"), data);
	/* What was kept, should the recorder have forgotten it: that of the newest failure. */
	if (!json_object_get(parts, "kept"))
		(void)json_object_set_new(parts, "kept", json_loads(failure->timeline, 0, NULL));
}

unsigned api_session_timeline(struct api_request *request)
{
	const struct api_context *context = request->context;
	json_t *parts = json_pack("{s:[]}", "data");
	struct server_view server;
	uint64_t id = 0;
	int r = text_to_uint(text_of(request->argument), INT64_MAX, &id);

	/* Numbers of sessions begin again with each start. */
	scoreboard_get_server(context->board, &server);
	if (r == 0)
		r = reach_store_list_failures(context->reach, NULL, id, server.started_wall_ms, 20,
					      add_failure, parts);

	json_t *lines = timeline_json(r == 0 ? context->recorder : NULL, id);
	json_t *kept = json_object_get(parts, "kept");

	if (json_array_size(lines) == 0 && kept) {
		json_decref(lines);
		lines = json_incref(kept);
	}
	if (json_array_size(lines) > 0)
		request->answer = json_pack("{s:I, s:o, s:O}", "session", (json_int_t)id, "lines",
					    lines, "data", json_object_get(parts, "data"));
	else
		json_decref(lines);
	json_decref(parts);
	if (request->answer)
		return 200;
	return api_problem(request, 404, NULL, "Nothing is known of a session \"%s\" (any more).",
			   request->argument);
}

static bool find_session(const struct scoreboard *board, uint64_t id, struct session_view *ret)
{
	size_t max = scoreboard_max_sessions(board);

	for (uint32_t slot = 0; slot < max; slot++)
		if (scoreboard_get_session(board, slot, ret) && ret->id == id)
			return true;
	return false;
}

/* The reason becomes part of a reply on the control connection: one line, not too long. */
static const char *reason_problem(struct text reason)
{
	if (reason.len == 0)
		return "A reason must not be empty.";
	if (reason.len >= sizeof(((struct message_kick *)NULL)->reason))
		return "A reason may have at most 199 bytes.";
	for (size_t i = 0; i < reason.len; i++)
		if ((uint8_t)reason.ptr[i] < ' ' || reason.ptr[i] == 0x7f)
			return "A reason must not contain control characters.";
	return NULL;
}

/* Fills the reason of the kick. 0, or the status of a problem. */
static unsigned read_reason(struct api_request *request, struct message_kick *kick)
{
	static const struct json_field fields[] = { { "reason", FIELD_STRING, false } };
	struct json_fields_error error;
	unsigned status = 0;

	json_t *body = api_body(request, true, &status);
	if (!body)
		return status;
	if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0) {
		status = api_problem(request, 422, error.field, "%s", error.text);
		json_decref(body);
		return status;
	}
	const char *given = json_string_value(json_object_get(body, "reason"));
	struct text reason = given ? text_of(given) : T(DEFAULT_REASON);
	const char *problem = reason_problem(reason);
	if (problem || text_copy(reason, kick->reason, sizeof(kick->reason)) < 0)
		status = api_problem(request, 422, "reason", "%s", problem ? problem : "Too long.");
	json_decref(body);
	return status;
}

static void note_kick(struct api_request *request, const struct session_view *view,
		      const char *reason)
{
	json_t *before = json_pack("{s:o, s:I}", "user", api_text_or_null(view->user), "session",
				   (json_int_t)view->id);
	json_t *after = json_pack("{s:o}", "reason", api_text(text_of(reason)));

	audit_note_done(request, "session-ended", request->argument, before, after);
	json_decref(before);
	json_decref(after);
}

unsigned api_session_delete(struct api_request *request)
{
	struct message_kick kick = { .head = { MSG_KICK } };
	struct session_view view;
	uint64_t id = 0;

	unsigned status = read_reason(request, &kick);
	if (status != 0)
		return status;
	if (text_to_uint(text_of(request->argument), UINT64_MAX, &id) < 0 || id == 0 ||
	    !find_session(request->context->board, id, &view))
		return api_problem(request, 404, NULL, "There is no session \"%s\".",
				   request->argument);
	kick.session_id = id;
	worker_links_kick(request->context->links, &kick);
	note_kick(request, &view, kick.reason);
	log_event(LOG_INFO, "session-kicked", F_UINT("session", id), F_STR("user", view.user),
		  F_STR("reason", kick.reason), F_STR("by", request->asker.name));
	return 204;
}
