/* manager/api_request.c - see api_request.h. */
#include "manager/api_request.h"

#include "base/clock.h"
#include "settings/data_roots.h"

static const char *title_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *title;
	} titles[] = {
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 422, "Unprocessable Content" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

unsigned api_problem(struct api_request *request, unsigned status, const char *field,
		     const char *format, ...)
{
	char detail[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	json_decref(request->answer);
	request->answer =
		json_pack("{s:s, s:s, s:i, s:o}", "type", "about:blank", "title", title_of(status),
			  "status", (int)status, "detail", api_text(text_of(detail)));
	if (field)
		(void)json_object_set_new(request->answer, "field", api_text(text_of(field)));
	request->is_problem = true;
	return status;
}

void api_members_changed(const struct api_request *request)
{
	if (request->context->quotas)
		quotas_doubt_groups(request->context->quotas);
}

unsigned api_problem_errno(struct api_request *request, int r, const char *subject)
{
	if (r == -ENOENT)
		return api_problem(request, 404, NULL, "There is no user \"%s\".", subject);
	if (r == -EEXIST)
		return api_problem(request, 409, "name", "The user \"%s\" exists already.",
				   subject);
	return api_problem(request, 500, NULL, "The accounts database failed: %s.",
			   strerrordesc_np(-r));
}

json_t *api_body(struct api_request *request, bool may_be_empty, unsigned *ret_status)
{
	json_error_t error;

	if (request->body.len == 0 && may_be_empty)
		return json_object();

	json_t *body =
		json_loadb(request->body.ptr, request->body.len, JSON_REJECT_DUPLICATES, &error);
	if (!body) {
		*ret_status = api_problem(request, 400, NULL,
					  "The body is not JSON: line %d, column %d: %s.",
					  error.line, error.column, error.text);
		return NULL;
	}
	if (!json_is_object(body)) {
		json_decref(body);
		*ret_status = api_problem(request, 422, NULL, "The body must be a JSON object.");
		return NULL;
	}
	return body;
}

const char *api_directory_problem(const struct api_request *request, const char *directory)
{
	if (data_roots_reach(request->context->settings, text_of(directory)))
		return NULL;
	return "The sandbox keeps the server out of this directory, which lies outside of data_root; "
	       "add a directory above it to the setting extra_data_roots and reload.";
}

json_t *api_time(int64_t wall_ms)
{
	char iso[CLOCK_ISO_SIZE];

	if (wall_ms == 0)
		return json_null();
	clock_format_iso(wall_ms, iso);
	return json_string(iso);
}

/* How many bytes the first character has; 0 when it is not well-formed. */
static size_t character_len(struct text in)
{
	for (size_t len = 1; len <= MIN_OF(in.len, (size_t)4); len++)
		if (text_is_utf8((struct text){ in.ptr, len }))
			return len;
	return 0;
}

static json_t *repaired(struct text value)
{
	static const char replacement[] = "\xef\xbf\xbd";
	AUTO_FREE char *copy = malloc(value.len * 3 + 1);
	size_t n = 0;

	if (!copy)
		return NULL;
	while (value.len > 0) {
		size_t len = character_len(value);
		memcpy(copy + n, len ? value.ptr : replacement, len ? len : 3);
		n += len ? len : 3;
		value.ptr += len ? len : 1;
		value.len -= len ? len : 1;
	}
	return json_stringn_nocheck(copy, n);
}

json_t *api_text(struct text value)
{
	if (value.len == 0)
		return json_string("");
	return text_is_utf8(value) ? json_stringn_nocheck(value.ptr, value.len) : repaired(value);
}

json_t *api_text_or_null(const char *value)
{
	return *value ? api_text(text_of(value)) : json_null();
}
