/* manager/api_transfers.c - the records of transfers and changes, newest first, page by page:
 * GET /api/v1/transfers?user=NAME&path=PATH&kind=KIND&since=TIME&before=ID&limit=N. */
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

unsigned api_transfers_get(struct api_request *request)
{
	struct transfer_filter filter = { .kind = -1 };
	uint64_t limit = API_PAGE_DEFAULT, before = 0;
	char user[API_ARGUMENT_SIZE], path[API_ARGUMENT_SIZE];
	bool is_bad;

	if (api_query(request, "user", user, &is_bad))
		filter.user = user;
	if (is_bad)
		return 422;
	unsigned status = api_query_number(request, "limit", API_PAGE_MOST, &limit);
	if (status == 0)
		status = api_query_number(request, "before", INT64_MAX, &before);
	if (status == 0)
		status = api_query_time(request, "since", &filter.since_wall_ms);
	if (status == 0)
		status = read_kind(request, &filter.kind);
	if (status == 0)
		status = read_path(request, path, &filter.path);
	if (status != 0)
		return status;
	filter.limit = (unsigned)limit;
	filter.before_id = (int64_t)before;

	json_t *list = json_array();
	int r = transfers_list(request->context->transfers, &filter, list_record, list);
	if (r < 0) {
		json_decref(list);
		return api_problem_errno(request, r, "");
	}
	size_t n = json_array_size(list);
	const json_t *last = n == limit ? json_array_get(list, n - 1) : NULL;
	json_t *next = last ? json_incref(json_object_get(last, "id")) : json_null();

	/* next: `before` of the next page; null when this was the last one. */
	request->answer = json_pack("{s:o, s:o}", "transfers", list, "next", next);
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
