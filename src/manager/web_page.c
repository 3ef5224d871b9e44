/* manager/web_page.c - see web_page.h. */
#include "manager/web_page.h"

#define POLICY                                                                                     \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "          \
	"connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "               \
	"frame-ancestors 'none'"

bool web_page_is_api(struct text path)
{
	return text_starts(path, T("/api/")) || text_equal(path, T("/api")) ||
	       text_equal(path, T("/metrics"));
}

void web_page_add_headers(struct MHD_Response *response)
{
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	(void)MHD_add_response_header(response, "Content-Security-Policy", POLICY);
	(void)MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
	(void)MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
}

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status,
			     struct MHD_Response *response)
{
	if (!response)
		return MHD_NO;
	enum MHD_Result r = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result answer_words(struct MHD_Connection *connection, unsigned status,
				    const char *words, const char *allow)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(words), (void *)(uintptr_t)words, MHD_RESPMEM_PERSISTENT);

	if (response) {
		web_page_add_headers(response);
		(void)MHD_add_response_header(response, "Content-Type",
					      "text/plain; charset=utf-8");
		(void)MHD_add_response_header(response, "Cache-Control", "no-store");
		if (allow)
			(void)MHD_add_response_header(response, "Allow", allow);
	}
	return queue(connection, status, response);
}

static bool has_it(struct MHD_Connection *connection, const struct web_file *file)
{
	struct text list =
		text_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match"));
	struct text one;

	while (text_take_until(&list, ',', &one)) {
		one = text_trim(one);
		(void)text_skip(&one, T("W/"));
		if (text_equal(one, text_of(file->etag)) || text_equal(one, T("*")))
			return true;
	}
	return false;
}

enum MHD_Result web_page_answer(const struct web_files *files, struct MHD_Connection *connection,
				struct text method, struct text path)
{
	const struct web_file *file = web_files_find(files, path);

	if (!text_equal(method, T("GET")) && !text_equal(method, T("HEAD")))
		return answer_words(connection, 405, "Files are read with GET.\n", "GET, HEAD");
	if (!file && text_equal(path, T("/")))
		return answer_words(connection, 404,
				    "The files of the web page are not installed (setting "
				    "web_directory); the API is at /api/v1.\n",
				    NULL);
	if (!file)
		return answer_words(connection, 404, "There is nothing here.\n", NULL);
	bool is_known = has_it(connection, file);
	struct MHD_Response *response = MHD_create_response_from_buffer(
		is_known ? 0 : file->len, is_known ? NULL : file->bytes, MHD_RESPMEM_PERSISTENT);
	if (response) {
		web_page_add_headers(response);
		if (!is_known)
			(void)MHD_add_response_header(response, "Content-Type", file->type);
		(void)MHD_add_response_header(response, "ETag", file->etag);
		(void)MHD_add_response_header(response, "Cache-Control", "no-cache");
	}
	return queue(connection, is_known ? 304 : 200, response);
}
