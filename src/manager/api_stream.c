/* manager/api_stream.c - live updates, as server-sent events (HTML, 9.2):
 * GET /api/v1/stream?topics=sessions,transfers,throughput,events. While there is nothing to tell
 * the connection is suspended, and holds no thread. */
#include "manager/api_handlers.h"

#include <microhttpd.h>
#include <poll.h>

#include "manager/api_query.h"
#include "manager/bus.h"

#define BLOCK_SIZE 8192

struct stream {
	struct MHD_Connection *connection;
	struct bus_listener *listener;
};

static void suspend(void *arg)
{
	MHD_suspend_connection(((struct stream *)arg)->connection);
}

static void resume(void *arg)
{
	MHD_resume_connection(((struct stream *)arg)->connection);
}

/* libmicrohttpd does not look at a connection that is suspended. */
static bool is_gone(void *arg)
{
	const struct stream *stream = arg;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(stream->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd poll_fd = { info ? info->connect_fd : -1, POLLRDHUP, 0 };

	return poll(&poll_fd, 1, 0) > 0 && poll_fd.revents != 0;
}

static ssize_t read_stream(void *cls, uint64_t at UNUSED, char *ret, size_t size)
{
	struct stream *stream = cls;
	ssize_t n = bus_listener_read(stream->listener, ret, size);

	return n < 0 ? (ssize_t)MHD_CONTENT_READER_END_OF_STREAM : n;
}

static void free_stream(void *cls)
{
	struct stream *stream = cls;

	bus_listener_free(&stream->listener);
	free(stream);
}

/* Topics are words of small letters and digits, with an argument behind a colon. */
static bool are_topics(struct text topics)
{
	for (size_t i = 0; i < topics.len; i++) {
		char c = topics.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == ',' || c == ':' || c == '-' || c == '_'))
			return false;
	}
	return topics.len > 0;
}

unsigned api_stream_topics(struct api_request *request, const char *topics)
{
	const char *last = api_request_header(request, "Last-Event-ID");
	struct stream *stream = calloc(1, sizeof(*stream));
	uint64_t after = 0;

	if (!stream)
		return api_problem(request, 500, NULL, "Memory is short.");
	if (last && text_to_uint(text_of(last), INT64_MAX, &after) < 0)
		after = 0; /* not one of ours: from now on */
	stream->connection = request->connection;
	const struct bus_subscription subscription = {
		topics, request->asker.name, (int64_t)after, suspend, resume, is_gone, stream,
	};
	int r = bus_listen(request->context->bus, &subscription, &stream->listener);
	if (r < 0) {
		free(stream);
		api_header(request, "Retry-After", "5");
		return api_problem(request, 503, NULL,
				   "Too many streams are open; at most %d can be.",
				   BUS_LISTENERS_MAX);
	}
	request->stream = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE,
							    read_stream, stream, free_stream);
	if (!request->stream) {
		free_stream(stream);
		return api_problem(request, 500, NULL, "Memory is short.");
	}
	api_header(request, "Content-Type", "text/event-stream; charset=utf-8");
	return 200;
}

unsigned api_stream_get(struct api_request *request)
{
	char topics[API_ARGUMENT_SIZE];
	unsigned status = api_query_text(request, "topics", topics);

	if (status != 0)
		return status;
	if (!are_topics(text_of(topics)))
		return api_problem(request, 422, "topics",
				   "Name topics, separated by commas: sessions, transfers, "
				   "throughput, events, connectivity, doctor:<id>.");
	return api_stream_topics(request, topics);
}
