/* manager/event_json.c - see event_json.h. */
#include "manager/event_json.h"

#include "manager/api_request.h"
#include "manager/records.h"

const char *const event_severities[EVENT_SEVERITIES] = { "note", "warning", "problem" };

static json_t *transfer_facts(const struct activity_view *view)
{
	return json_pack("{s:I, s:f, s:o, s:o}", "bytes", (json_int_t)view->bytes, "seconds",
			 (double)view->duration_ms / 1000, "path", api_text(view->path), "new_path",
			 view->new_path.len > 0 ? api_text(view->new_path) : json_null());
}

/* What was done, in words: "upload /a/b: complete". */
static json_t *transfer_text(const struct activity_view *view, const char *kind)
{
	char storage[9000];
	struct buf text;

	buf_init(&text, storage, sizeof(storage));
	buf_addf(&text, "%s %.*s%s%.*s: %s", kind, TEXT_ARG(view->path),
		 view->new_path.len > 0 ? " to " : "", TEXT_ARG(view->new_path), view->text);
	return api_text(buf_text(&text));
}

json_t *event_json(const struct activity_view *view)
{
	const char *kind = view->is_transfer ? event_kind_name(view->transfer_kind) : view->kind;
	unsigned severity = MIN_OF((unsigned)view->severity, EVENT_SEVERITIES - 1u);
	json_t *facts = view->is_transfer ? transfer_facts(view) : json_loads(view->facts, 0, NULL);
	char id[32];

	(void)snprintf(id, sizeof(id), "%c%" PRId64, view->is_transfer ? 't' : 'e', view->id);
	if (!kind)
		kind = "unknown";
	return json_pack(
		"{s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id", id, "time",
		api_time(view->wall_ms), "kind", kind, "severity", event_severities[severity],
		"user", api_text_or_null(view->user), "address", api_text_or_null(view->address),
		"session", view->session ? json_integer((json_int_t)view->session) : json_null(),
		"text",
		view->is_transfer ? transfer_text(view, kind) : api_text(text_of(view->text)),
		"facts", facts ? facts : json_object());
}
