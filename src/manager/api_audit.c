/* manager/api_audit.c - the audit trail, newest first, page by page:
 * GET /api/v1/audit?who=NAME&what=ACTION&search=TEXT&since=TIME&until=TIME&after=ID&limit=N. */
#include "manager/api_handlers.h"

#include "accounts/audit.h"
#include "manager/api_query.h"

static json_t *state_json(const char *text)
{
	json_t *state = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	return state ? state : json_null();
}

static void list_row(const struct audit_record *record, void *arg)
{
	json_t *row = json_pack(
		"{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)record->id, "time",
		api_time(record->wall_ms), "who", api_text(text_of(record->who)), "from",
		api_text(text_of(record->from)), "action", api_text(text_of(record->action)),
		"object", api_text(text_of(record->object)), "before", state_json(record->before),
		"after", state_json(record->after));

	(void)json_array_append_new(arg, row);
}

/* A filter that is empty is none. */
static const char *asked(const char *text)
{
	return *text ? text : NULL;
}

unsigned api_audit_get(struct api_request *request)
{
	char who[API_ARGUMENT_SIZE], what[API_ARGUMENT_SIZE], search[API_ARGUMENT_SIZE];
	struct audit_filter filter = { 0 };

	unsigned status = api_page_number(request, &filter.limit, &filter.before_id);
	if (status == 0)
		status = api_query_text(request, "who", who);
	if (status == 0)
		status = api_query_text(request, "what", what);
	if (status == 0)
		status = api_query_text(request, "search", search);
	if (status == 0)
		status = api_query_time(request, "since", &filter.since_wall_ms);
	if (status == 0)
		status = api_query_time(request, "until", &filter.until_wall_ms);
	if (status != 0)
		return status;
	filter.who = asked(who);
	filter.what = asked(what);
	filter.search = asked(search);

	json_t *list = json_array();
	int r = audit_list(request->context->accounts, &filter, list_row, list);
	if (r < 0) {
		json_decref(list);
		return api_problem_errno(request, r, "");
	}
	request->answer =
		json_pack("{s:o, s:o}", "audit", list, "next", api_next_id(list, filter.limit));
	return 200;
}
