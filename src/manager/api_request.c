/* manager/api_request.c - see api_request.h. */
#include "manager/api_request.h"

#include <microhttpd.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/clock.h"
#include "settings/data_roots.h"

static const char *title_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *title;
	} titles[] = {
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 421, "Misdirected Request" },
		{ 422, "Unprocessable Content" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
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
	free(request->text);
	request->text = NULL;
	request->answer =
		json_pack("{s:s, s:s, s:i, s:o}", "type", "about:blank", "title", title_of(status),
			  "status", (int)status, "detail", api_text(text_of(detail)));
	if (field)
		(void)json_object_set_new(request->answer, "field", api_text(text_of(field)));
	request->is_problem = true;
	return status;
}

unsigned api_text_answer(struct api_request *request, const char *content_type, struct text bytes)
{
	char *copy = malloc(bytes.len + 1);

	if (!copy)
		return api_problem(request, 500, NULL, "Memory is short.");
	if (bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	free(request->text);
	request->text = copy;
	request->text_len = bytes.len;
	request->content_type = content_type;
	return 200;
}

void api_answer_as_file(struct api_request *request, const char *file_name)
{
	api_header(request, "Content-Disposition", "attachment; filename=\"%s\"", file_name);
}

void api_header(struct api_request *request, const char *name, const char *format, ...)
{
	struct api_header *header = &request->headers[request->n_headers];
	va_list args;

	if (request->n_headers == API_HEADERS_MAX)
		return;
	va_start(args, format);
	int len = vsnprintf(header->value, sizeof(header->value), format, args);
	va_end(args);
	header->name = name;
	if (len >= 0 && (size_t)len < sizeof(header->value))
		request->n_headers++;
}

const char *api_request_header(const struct api_request *request, const char *name)
{
	return request->connection
		       ? MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name)
		       : NULL;
}

/* --- lost updates ----------------------------------------------------------------------------- */

void api_etag_of(const json_t *resource, const char *const *volatile_members, int64_t updated_ms,
		 char ret[static API_ETAG_SIZE])
{
	json_t *stable = json_copy((json_t *)(uintptr_t)resource); /* it does not change it */
	uint8_t digest[EVP_MAX_MD_SIZE] = { 0 };
	unsigned len = 0;
	struct buf tag;

	for (size_t i = 0; volatile_members && volatile_members[i]; i++)
		(void)json_object_del(stable, volatile_members[i]);
	(void)json_object_set_new(stable, "", json_integer(updated_ms));
	AUTO_FREE char *text = json_dumps(stable, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(stable);
	if (text)
		(void)EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL);
	buf_init(&tag, ret, API_ETAG_SIZE);
	for (size_t i = 0; i < 12; i++)
		buf_addf(&tag, "%02x", digest[i]);
}

void api_etag(struct api_request *request, const char *etag)
{
	api_header(request, "ETag", "\"%s\"", etag);
}

unsigned api_if_match(struct api_request *request, const char *etag)
{
	const char *wanted = api_request_header(request, "If-Match");
	struct text list = text_of(wanted), one;

	if (!wanted)
		return 0;
	while (text_take_until(&list, ',', &one)) {
		one = text_trim(one);
		if (text_equal(one, T("*")))
			return 0;
		if (one.len == strlen(etag) + 2 && one.ptr[0] == '"' &&
		    one.ptr[one.len - 1] == '"' &&
		    text_equal((struct text){ one.ptr + 1, one.len - 2 }, text_of(etag)))
			return 0;
	}
	return api_problem(request, 412, NULL,
			   "Somebody else has changed this meanwhile: look at it again, then make "
			   "your change.");
}

/* --- what handlers share ---------------------------------------------------------------------- */

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

unsigned api_problem_thing(struct api_request *request, int r, const char *thing)
{
	if (r == -ENOENT)
		return api_problem(request, 404, NULL, "There is no such %s.", thing);
	return api_problem(request, 500, NULL, "The database failed: %s.", strerrordesc_np(-r));
}

unsigned api_take_id(struct api_request *request, const char *thing, int64_t *ret)
{
	uint64_t id;

	if (text_to_uint(text_of(request->argument), INT64_MAX, &id) < 0)
		return api_problem_thing(request, -ENOENT, thing);
	*ret = (int64_t)id;
	return 0;
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
