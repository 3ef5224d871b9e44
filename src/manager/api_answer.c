/* manager/api_answer.c - see api_answer.h. */
#include "manager/api_answer.h"

#include "manager/web_page.h"

static struct MHD_Response *of_bytes(char *bytes, size_t len, const char *content_type)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);

	if (!response) {
		free(bytes);
		return NULL;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	return response;
}

static struct MHD_Response *make_response(struct api_request *request)
{
	char *body;

	if (request->stream)
		return request->stream;
	if (request->text) {
		body = request->text;
		request->text = NULL;
		return of_bytes(body, request->text_len, request->content_type);
	}
	body = request->answer ? json_dumps(request->answer, JSON_COMPACT) : NULL;
	if (!body)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	return of_bytes(body, strlen(body),
			request->is_problem ? "application/problem+json" : "application/json");
}

static void release_answer(struct api_request *request)
{
	json_decref(request->answer);
	free(request->text);
	request->answer = NULL;
	request->text = NULL;
	request->stream = NULL;
}

enum MHD_Result api_respond(struct api_request *request, unsigned status, const char *allow)
{
	struct MHD_Response *response = make_response(request);

	release_answer(request);
	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	web_page_add_headers(response);
	if (*allow)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
	for (size_t i = 0; i < request->n_headers; i++)
		(void)MHD_add_response_header(response, request->headers[i].name,
					      request->headers[i].value);
	enum MHD_Result r = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	return r;
}
