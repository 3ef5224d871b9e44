/* manager/api_transfers.c - the records of transfers and changes, newest first, page by page:
 * GET /api/v1/transfers?user&path&kind&result&state&address&since&until&before&limit. */
#include "manager/api_handlers.h"

#include "manager/api_query.h"
#include "manager/data_json.h"
#include "manager/records.h"

json_t *transfer_record_json(const struct transfer_record *record)
{
	const char *kind = event_kind_name(record->kind);
	json_t *json =
		json_pack("{s:I, s:o, s:s, s:o, s:s, s:I, s:b, s:o}", "id", (json_int_t)record->id,
			  "ended", api_time(record->ended_wall_ms), "kind", kind ? kind : "unknown",
			  "user", api_text(text_of(record->user)), "address", record->address,
			  "session", (json_int_t)record->session, "tls", record->is_tls, "path",
			  api_text(text_of(record->path)));
	json_t *rest = json_pack(
		"{s:o, s:I, s:f, s:o, s:o, s:o, s:o}", "new_path",
		api_text_or_null(record->new_path), "bytes", (json_int_t)record->bytes, "seconds",
		(double)record->duration_ms / 1000, "result", api_text(text_of(record->result)),
		"end", api_text_or_null(record->end_state), "sha256",
		api_text_or_null(record->sha256), "data", data_record_json(&record->data));

	(void)json_object_update(json, rest);
	json_decref(rest);
	return json;
}

static void list_record(const struct transfer_record *record, void *arg)
{
	(void)json_array_append_new(arg, transfer_record_json(record));
}

/* The kind's number in *ret, which stays when none is asked for. */
static unsigned read_kind(struct api_request *request, int *ret)
{
	char value[API_ARGUMENT_SIZE];
	bool is_bad;

	if (!api_query(request, "kind", value, &is_bad))
		return 0;
	if (is_bad)
		return 422;
	*ret = event_kind_find(value);
	if (*ret >= 0)
		return 0;
	return api_problem(
		request, 422, "kind",
		"The parameter \"kind\" must be upload, download, delete, rename, mkdir, "
		"rmdir or copy.");
}

static unsigned read_path(struct api_request *request, char value[static API_ARGUMENT_SIZE],
			  const char **ret)
{
	bool is_bad;

	if (!api_query(request, "path", value, &is_bad))
		return 0;
	if (is_bad)
		return 422;
	if (*value != '/')
		return api_problem(request, 422, "path",
				   "The parameter \"path\" must begin with a slash: it is the "
				   "path as the user sees it.");
	*ret = value;
	return 0;
}

/* The texts that the filter points to. */
struct query {
	char user[API_ARGUMENT_SIZE], path[API_ARGUMENT_SIZE], address[API_ARGUMENT_SIZE];
	struct transfer_filter filter;
};

static unsigned read_words(struct api_request *request, struct transfer_filter *filter)
{
	static const char *const results[] = { "complete", "failed" };
	static const char *const states[] = { "proven", "likely", "truncated", "broken" };
	int result = -1, state = -1;
	unsigned status = api_query_word(request, "result", results, ARRAY_SIZE(results), &result);

	if (status == 0)
		status = api_query_word(request, "state", states, ARRAY_SIZE(states), &state);
	if (result >= 0)
		filter->result = result == 0 ? TRANSFER_COMPLETE : TRANSFER_FAILED;
	if (state >= 0)
		filter->end_state = states[state];
	return status != 0 ? status : read_kind(request, &filter->kind);
}

static unsigned read_filter(struct api_request *request, struct query *query)
{
	struct transfer_filter *filter = &query->filter;
	unsigned status = api_query_text(request, "user", query->user);

	filter->kind = -1;
	if (status == 0)
		status = api_query_text(request, "address", query->address);
	if (status == 0)
		status = read_words(request, filter);
	if (status == 0)
		status = read_path(request, query->path, &filter->path);
	if (status == 0)
		status = api_query_time(request, "since", &filter->since_wall_ms);
	if (status == 0)
		status = api_query_time(request, "until", &filter->until_wall_ms);
	filter->user = *query->user ? query->user : NULL;
	filter->address = *query->address ? query->address : NULL;
	return status;
}

unsigned api_transfers_get(struct api_request *request)
{
	struct query query = { .filter = { .limit = 0 } };
	uint64_t limit = API_PAGE_DEFAULT, before = 0;
	int64_t next = 0;
	unsigned status = api_query_number(request, "limit", API_PAGE_MOST, &limit);

	if (status == 0)
		status = api_query_number(request, "before", INT64_MAX, &before);
	if (status == 0)
		status = api_query_number(request, "after", INT64_MAX, &before);
	if (status == 0)
		status = read_filter(request, &query);
	if (status != 0)
		return status;
	query.filter.limit = (unsigned)limit;
	query.filter.before_id = (int64_t)before;

	json_t *list = json_array();
	int r = transfers_list(request->context->transfers, &query.filter, list_record, list,
			       &next);
	if (r < 0) {
		json_decref(list);
		return api_problem_errno(request, r, "");
	}
	/* A page may have fewer than asked for, and not be the last one: next says so. */
	request->answer = json_pack("{s:o, s:o}", "transfers", list, "next",
				    next > 0 ? json_integer(next) : json_null());
	return 200;
}

unsigned api_transfer_get(struct api_request *request)
{
	struct transfer_record *record;
	uint64_t id = 0;
	int r = text_to_uint(text_of(request->argument), INT64_MAX, &id);

	if (r == 0)
		r = transfers_get(request->context->transfers, (int64_t)id, &record);
	if (r == -EINVAL || r == -ERANGE || r == -ENOENT)
		return api_problem(request, 404, NULL, "There is no record \"%s\".",
				   request->argument);
	if (r < 0)
		return api_problem_errno(request, r, "");
	request->answer = transfer_record_json(record);
	free(record);
	return 200;
}
