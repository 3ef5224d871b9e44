/* manager/api_events.c - what has happened, newest first: GET /events, page by page, and the same
 * as a file, GET /events/export?format=csv|json. Records of transfers are among them. */
#include "manager/api_handlers.h"

#include "base/csv.h"
#include "manager/api_query.h"
#include "manager/event_json.h"
#include "manager/happenings.h"
#include "manager/records.h"

/* Of an export: bytes of text, and rows. */
#define EXPORT_BYTES ((size_t)16 * 1024 * 1024)
#define EXPORT_ROWS 100000u

struct query {
	char user[API_ARGUMENT_SIZE], address[API_ARGUMENT_SIZE];
	char search[API_ARGUMENT_SIZE];
	struct activity_filter filter;
};

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

/* "e12.t34": below which ids the page begins. */
static unsigned read_place(struct api_request *request, const char *name, const char *text,
			   struct activity_place *ret)
{
	struct text in = text_of(text);
	uint64_t event, transfer;

	*ret = (struct activity_place){ INT64_MAX, INT64_MAX };
	if (!*text)
		return 0;
	if (!text_skip_char(&in, 'e') || !text_take_uint(&in, INT64_MAX, &event) ||
	    !text_skip(&in, T(".t")) || !text_take_uint(&in, INT64_MAX, &transfer) || in.len > 0)
		return api_problem(request, 422, name,
				   "The parameter \"%s\" must be the \"next\" of a page.", name);
	*ret = (struct activity_place){ (int64_t)event, (int64_t)transfer };
	return 0;
}

/* A kind is that of a transfer, or a word of the log; an empty one is none. */
static unsigned read_kind(struct api_request *request, struct activity_filter *filter)
{
	const char *words[EVENT_STORED_KINDS + HAPPENING_KINDS];
	char value[API_ARGUMENT_SIZE];
	int index = 0;
	unsigned status = api_query_text(request, "kind", value);

	filter->transfer_kind = -1;
	if (status != 0 || !*value)
		return status;
	for (unsigned i = 0; i < EVENT_STORED_KINDS; i++)
		words[i] = event_kind_name(i);
	for (unsigned i = 0; i < HAPPENING_KINDS; i++)
		words[EVENT_STORED_KINDS + i] = happening_kinds[i];
	status = api_query_word(request, "kind", words, ARRAY_SIZE(words), &index);
	if (status != 0)
		return status;
	bool is_transfer = index < EVENT_STORED_KINDS;
	filter->kind = is_transfer ? "" : words[index];
	filter->transfer_kind = is_transfer ? index : ACTIVITY_NO_TRANSFERS;
	return 0;
}

static unsigned read_filter(struct api_request *request, struct query *query)
{
	struct activity_filter *filter = &query->filter;
	uint64_t session = 0;
	unsigned status = read_kind(request, filter);

	filter->severity = -1;
	if (status == 0)
		status = api_query_text(request, "user", query->user);
	if (status == 0)
		status = api_query_text(request, "address", query->address);
	if (status == 0)
		status = api_query_text(request, "search", query->search);
	if (status == 0)
		status = api_query_word(request, "severity", event_severities, EVENT_SEVERITIES,
					&filter->severity);
	if (status == 0)
		status = api_query_number(request, "session", INT64_MAX, &session);
	if (status == 0)
		status = api_query_time(request, "since", &filter->since_wall_ms);
	if (status == 0)
		status = api_query_time(request, "until", &filter->until_wall_ms);
	filter->session = session;
	filter->user = or_null(query->user);
	filter->address = or_null(query->address);
	filter->search = or_null(query->search);
	return status;
}

static void list_event(const struct activity_view *view, void *arg)
{
	(void)json_array_append_new(arg, event_json(view));
}

static json_t *next_json(const struct activity_place *place)
{
	char text[64];

	if (place->event_id <= 0 && place->transfer_id <= 0)
		return json_null();
	(void)snprintf(text, sizeof(text), "e%" PRId64 ".t%" PRId64, MAX_OF(place->event_id, 0),
		       MAX_OF(place->transfer_id, 0));
	return json_string(text);
}

unsigned api_events_get(struct api_request *request)
{
	struct query query = { .filter = { .kind = NULL } };
	char after[API_ARGUMENT_SIZE], before[API_ARGUMENT_SIZE];
	struct activity_place next;
	unsigned status = api_page(request, &query.filter.limit, after);

	if (status == 0)
		status = api_query_text(request, "before", before);
	if (status == 0)
		status = read_place(request, "after", *after ? after : before, &query.filter.from);
	if (status == 0)
		status = read_filter(request, &query);
	if (status != 0)
		return status;

	json_t *list = json_array();
	int r = activity_list(request->context->activity, &query.filter, list_event, list, &next);

	if (r < 0) {
		json_decref(list);
		return api_problem_errno(request, r, "");
	}
	/* A page may have fewer than asked for, and not be the last one: next says so. */
	request->answer = json_pack("{s:o, s:o}", "events", list, "next", next_json(&next));
	return 200;
}

/* --- export ----------------------------------------------------------------------------------- */

struct export
{
	FILE *file;
	bool is_csv;
	size_t rows;
};

static void put_field(FILE *file, const char *text, char end)
{
	csv_put(file, text_of(text), end == '\n');
}

static const char *member(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

static void put_csv(FILE *file, const json_t *event)
{
	static const char *const columns[] = {
		"id", "time", "kind", "severity", "user", "address"
	};
	char session[32] = "";
	const json_t *number = json_object_get(event, "session");
	char *facts = json_dumps(json_object_get(event, "facts"), JSON_COMPACT);

	if (json_is_integer(number))
		(void)snprintf(session, sizeof(session), "%" JSON_INTEGER_FORMAT,
			       json_integer_value(number));
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		put_field(file, member(event, columns[i]), ',');
	put_field(file, session, ',');
	put_field(file, member(event, "text"), ',');
	put_field(file, facts ? facts : "", '\n');
	free(facts);
}

static void export_event(const struct activity_view *view, void *arg)
{
	struct export *export = arg;
	json_t *event = event_json(view);

	if (export->is_csv) {
		put_csv(export->file, event);
	} else {
		(void)fputs(export->rows > 0 ? ",\n" : "", export->file);
		(void)json_dumpf(event, export->file, JSON_COMPACT);
	}
	export->rows++;
	json_decref(event);
}

static int export_pages(struct api_request *request, struct query *query, struct export *export)
{
	struct activity_place *place = &query->filter.from;
	int r = 0;

	while (r == 0 && (place->event_id > 0 || place->transfer_id > 0) &&
	       export->rows < EXPORT_ROWS && ftell(export->file) < (long)EXPORT_BYTES) {
		struct activity_place next;

		r = activity_list(request->context->activity, &query->filter, export_event, export,
				  &next);
		*place = next;
	}
	return r;
}

unsigned api_events_export(struct api_request *request)
{
	static const char *const formats[] = { "csv", "json" };
	struct query query = { .filter = { .limit = API_PAGE_MOST,
					   .from = { INT64_MAX, INT64_MAX } } };
	struct export export = { .is_csv = true };
	int format = 0;
	unsigned status = api_query_word(request, "format", formats, ARRAY_SIZE(formats), &format);
	char *text = NULL;
	size_t len = 0;

	if (status == 0)
		status = read_filter(request, &query);
	if (status != 0)
		return status;
	export.is_csv = format == 0;
	export.file = open_memstream(&text, &len);
	if (!export.file)
		return api_problem_errno(request, -ENOMEM, "");
	(void)fputs(export.is_csv ? "id,time,kind,severity,user,address,session,text,facts\r\n"
				  : "[",
		    export.file);
	int r = export_pages(request, &query, &export);
	(void)fputs(export.is_csv ? "" : "]\n", export.file);
	if (fclose(export.file) != 0 && r == 0)
		r = -ENOMEM;
	api_answer_as_file(request, export.is_csv ? "events.csv" : "events.json");
	status = r < 0 ? api_problem_errno(request, r, "")
		       : api_text_answer(request,
					 export.is_csv ? "text/csv; charset=utf-8"
						       : "application/json",
					 (struct text){ text, len });
	free(text);
	return status;
}
