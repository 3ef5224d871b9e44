/* manager/api.c - see api.h. HTTP by libmicrohttpd; here: who may ask, how much, and the way to the
 * handler and back.
 * Threads: an exchange belongs to the thread of its connection; the lock guards the count of those
 * in hand. */
#include "manager/api.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "manager/api_route.h"

#define THREADS 2
#define MAX_CONNECTIONS 64
#define IDLE_TIMEOUT_S 30
#define STOP_PATIENCE_MS 3000
/* What exceeds API_BODY_MAX is read and dropped, so that the client gets to read the 413. */
#define DISCARD_MAX (1024 * 1024)

struct api {
	struct api_context context;
	struct MHD_Daemon *daemon;
	int listener;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t n_in_hand;
};

/* One request while its body comes in. */
struct exchange {
	bool is_allowed;
	unsigned by_uid;
	size_t received; /* of the body, stored or not */
	size_t size;
	char *body; /* owned, wiped: it may hold a password */
};

static bool find_peer(struct MHD_Connection *connection, unsigned *ret_uid)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	*ret_uid = peer.uid;
	return peer.uid == 0 || peer.uid == geteuid();
}

static struct exchange *exchange_new(struct api *api, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return NULL;
	exchange->is_allowed = find_peer(connection, &exchange->by_uid);
	(void)pthread_mutex_lock(&api->lock);
	api->n_in_hand++;
	(void)pthread_mutex_unlock(&api->lock);
	return exchange;
}

static void exchange_free(struct api *api, struct exchange *exchange)
{
	if (exchange->body)
		explicit_bzero(exchange->body, exchange->size);
	free(exchange->body);
	free(exchange);
	(void)pthread_mutex_lock(&api->lock);
	api->n_in_hand--;
	(void)pthread_cond_signal(&api->changed);
	(void)pthread_mutex_unlock(&api->lock);
}

/* Room is taken once, at the first piece: a buffer that grew would leave copies behind. */
static int exchange_add(struct exchange *exchange, const char *data, size_t len)
{
	size_t at = exchange->received;

	exchange->received += len;
	if (exchange->received > DISCARD_MAX)
		return -EFBIG;
	if (!exchange->is_allowed || exchange->received > API_BODY_MAX)
		return 0;
	if (!exchange->body) {
		exchange->body = malloc(API_BODY_MAX);
		if (!exchange->body)
			return -ENOMEM;
		exchange->size = API_BODY_MAX;
	}
	memcpy(exchange->body + at, data, len);
	return 0;
}

/* Owns and consumes the request's answer. */
static struct MHD_Response *make_response(struct api_request *request)
{
	struct MHD_Response *response;
	char *body = request->answer ? json_dumps(request->answer, JSON_COMPACT) : NULL;

	json_decref(request->answer);
	request->answer = NULL;
	if (!body)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(body);
		return NULL;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				      request->is_problem ? "application/problem+json"
							  : "application/json");
	return response;
}

static enum MHD_Result respond(struct MHD_Connection *connection, struct api_request *request,
			       unsigned status, const char *allow)
{
	struct MHD_Response *response = make_response(request);

	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (*allow)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
	enum MHD_Result r = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return r;
}

bool api_query(struct api_request *request, const char *name, char ret[static API_ARGUMENT_SIZE],
	       bool *ret_is_bad)
{
	const char *value =
		MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);

	*ret_is_bad = value && api_percent_decode(text_of(value), ret) < 0;
	if (*ret_is_bad)
		(void)api_problem(request, 422, name, "The parameter \"%s\" cannot be read.", name);
	return value != NULL;
}

/* The checks in front of every handler, in the order of what the asker may learn. */
static unsigned run_request(struct api_request *request, const struct exchange *exchange,
			    const char *method, const char *path,
			    char ret_allow[static API_ALLOW_SIZE])
{
	api_handler handler = NULL;

	ret_allow[0] = '\0';
	if (!exchange->is_allowed)
		return api_problem(request, 403, NULL,
				   "Only root and the server's own user may ask here.");
	int r = api_route_find(text_of(method), text_of(path), &handler, request->argument,
			       ret_allow);
	if (r == -EPERM)
		return api_problem(request, 405, NULL, "%s is not allowed here; %s.", method,
				   ret_allow);
	if (r < 0)
		return api_problem(request, 404, NULL, "There is nothing at %.200s.", path);
	ret_allow[0] = '\0';
	if (exchange->received > API_BODY_MAX)
		return api_problem(request, 413, NULL, "A body may have at most %d bytes.",
				   API_BODY_MAX);
	return handler(request);
}

static enum MHD_Result answer(struct api *api, struct MHD_Connection *connection,
			      const struct exchange *exchange, const char *method, const char *path)
{
	struct api_request request = { .context = &api->context,
				       .by_uid = exchange->by_uid,
				       .connection = connection };
	char allow[API_ALLOW_SIZE];

	if (exchange->body)
		request.body = (struct text){ exchange->body, exchange->received };
	unsigned status = run_request(&request, exchange, method, path, allow);
	return respond(connection, &request, status, allow);
}

/* libmicrohttpd calls this when the head is there, for each piece of the body, and at its end. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version UNUSED, const char *data,
				  size_t *data_len, void **exchange)
{
	if (!*exchange) {
		*exchange = exchange_new(cls, connection);
		return *exchange ? MHD_YES : MHD_NO;
	}
	if (*data_len > 0) {
		int r = exchange_add(*exchange, data, *data_len);
		*data_len = 0;
		return r < 0 ? MHD_NO : MHD_YES;
	}
	return answer(cls, connection, *exchange, method, path);
}

static void on_completed(void *cls, struct MHD_Connection *connection UNUSED, void **exchange,
			 enum MHD_RequestTerminationCode code UNUSED)
{
	if (*exchange)
		exchange_free(cls, *exchange);
	*exchange = NULL;
}

/* Paths stay percent-encoded until their segments are known; see api_route.c. */
static size_t keep_escapes(void *cls UNUSED, struct MHD_Connection *connection UNUSED, char *text)
{
	return strlen(text);
}

static void on_log(void *cls UNUSED, const char *format, va_list args) PRINTF_LIKE(2, 0);

static void on_log(void *cls UNUSED, const char *format, va_list args)
{
	char line[512];

	(void)vsnprintf(line, sizeof(line), format, args);
	log_event(LOG_WARNING, "http", F_TEXT("message", text_trim(text_of(line))));
}

static struct MHD_Daemon *start_daemon(struct api *api)
{
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, api, MHD_OPTION_EXTERNAL_LOGGER,
				on_log, NULL, MHD_OPTION_LISTEN_SOCKET, api->listener,
				MHD_OPTION_THREAD_POOL_SIZE, THREADS, MHD_OPTION_CONNECTION_LIMIT,
				MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, api,
				MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_END);
}

static void destroy(struct api *api)
{
	fd_close(&api->listener);
	(void)pthread_cond_destroy(&api->changed);
	(void)pthread_mutex_destroy(&api->lock);
	free(api);
}

int api_start(const struct api_context *context, int listener, struct api **ret)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return -ENOMEM;
	api->context = *context;
	(void)pthread_mutex_init(&api->lock, NULL);
	(void)pthread_cond_init(&api->changed, NULL);
	api->listener = fcntl(listener, F_DUPFD_CLOEXEC, 0);
	if (api->listener >= 0)
		api->daemon = start_daemon(api);
	if (!api->daemon) {
		int r = errno ? -errno : -EIO;
		destroy(api);
		return r;
	}
	*ret = api;
	return 0;
}

static void wait_until_idle(struct api *api)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_PATIENCE_MS / 1000;
	(void)pthread_mutex_lock(&api->lock);
	while (api->n_in_hand > 0)
		if (pthread_cond_clockwait(&api->changed, &api->lock, CLOCK_MONOTONIC, &until) ==
		    ETIMEDOUT)
			break;
	(void)pthread_mutex_unlock(&api->lock);
}

void api_stop(struct api **api)
{
	struct api *a = *api;

	if (!a)
		return;
	/* From here on the listener is ours again; another manager may accept on the same
	 * socket. */
	(void)MHD_quiesce_daemon(a->daemon);
	wait_until_idle(a);
	MHD_stop_daemon(a->daemon);
	destroy(a);
	*api = NULL;
}
