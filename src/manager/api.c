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
#include "manager/api_answer.h"
#include "manager/api_route.h"

#define THREADS 2
#define MAX_CONNECTIONS 64
#define IDLE_TIMEOUT_S 30
#define STOP_PATIENCE_MS 3000
/* What exceeds the most that a route takes is read and dropped, so that the client gets to read the
 * 413. */
#define DISCARD_MAX (1024 * 1024)

struct api {
	struct api_context context;
	struct MHD_Daemon *daemon;
	int listener;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t n_in_hand;
	pthread_mutex_t one_change; /* held by a change that names the state it was made from */
};

/* One request while its body comes in. Where it leads is known when its head is there. */
struct exchange {
	struct api_asker asker;
	const struct api_route *route; /* NULL: nowhere, because of: */
	int error;		       /* of api_route_find */
	char argument[API_ARGUMENT_SIZE], second_argument[API_ARGUMENT_SIZE];
	char allow[API_ALLOW_SIZE];
	size_t received; /* of the body, stored or not */
	size_t most;	 /* that is stored */
	size_t size;
	char *body; /* owned, wiped: it may hold a password */
};

static bool find_peer(struct MHD_Connection *connection, struct api_asker *ret)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	*ret = (struct api_asker){ .via = VIA_NOBODY, .from = "local" };
	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	(void)snprintf(ret->name, sizeof(ret->name), "local:%u", peer.uid);
	if (peer.uid != 0 && peer.uid != geteuid())
		return false;
	ret->via = VIA_LOCAL;
	ret->role = ROLE_OWNER;
	return true;
}

static struct exchange *exchange_new(struct api *api, struct MHD_Connection *connection,
				     const char *method, const char *path)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return NULL;
	bool is_allowed = find_peer(connection, &exchange->asker);
	exchange->error =
		api_route_find(text_of(method), text_of(path), &exchange->route, exchange->argument,
			       exchange->second_argument, exchange->allow);
	exchange->most = API_BODY_MAX;
	if (exchange->route && exchange->route->flags & ROUTE_LARGE_BODY)
		exchange->most = API_LARGE_BODY_MAX;
	if (!is_allowed)
		exchange->most = 0;
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

/* A buffer that grows leaves no copies behind: it may hold a password. */
static int grow(struct exchange *exchange, size_t needed)
{
	size_t size = MAX_OF(exchange->size, (size_t)API_BODY_MAX);

	while (size < needed)
		size *= 2;
	if (size == exchange->size)
		return 0;
	char *body = malloc(size);
	if (!body)
		return -ENOMEM;
	if (exchange->body) {
		memcpy(body, exchange->body, exchange->size);
		explicit_bzero(exchange->body, exchange->size);
		free(exchange->body);
	}
	exchange->body = body;
	exchange->size = size;
	return 0;
}

static int exchange_add(struct exchange *exchange, const char *data, size_t len)
{
	size_t at = exchange->received;

	exchange->received += len;
	if (exchange->received > MAX_OF((size_t)DISCARD_MAX, exchange->most))
		return -EFBIG;
	if (exchange->received > exchange->most)
		return 0;
	int r = grow(exchange, exchange->received);
	if (r < 0)
		return r;
	memcpy(exchange->body + at, data, len);
	return 0;
}

/* The checks in front of every handler, in the order of what the asker may learn. */
static unsigned run_request(struct api_request *request, struct exchange *exchange,
			    const char *method, const char *path)
{
	const struct api_route *route = exchange->route;

	if (request->asker.via == VIA_NOBODY)
		return api_problem(request, 403, NULL,
				   "Only root and the server's own user may ask here.");
	if (exchange->error == -EPERM)
		return api_problem(request, 405, NULL, "%s is not allowed here; %s.", method,
				   exchange->allow);
	if (exchange->error < 0)
		return api_problem(request, 404, NULL, "There is nothing at %.200s.", path);
	if (request->asker.role < route->least_role)
		return api_problem(request, 403, NULL, "This is for the role %s.",
				   role_name(route->least_role));
	if (exchange->received > exchange->most)
		return api_problem(request, 413, NULL, "A body may have at most %zu bytes.",
				   exchange->most);
	if (route->flags & ROUTE_IF_MATCH && request->asker.via == VIA_SESSION &&
	    !api_request_header(request, "If-Match"))
		return api_problem(request, 428, NULL,
				   "Name the state that you change in the header If-Match: the "
				   "ETag that came with it.");
	return route->handler(request);
}

static enum MHD_Result answer(struct api *api, struct MHD_Connection *connection,
			      struct exchange *exchange, const char *method, const char *path)
{
	struct api_request request = { .context = &api->context,
				       .asker = exchange->asker,
				       .connection = connection };
	bool is_alone = exchange->route && exchange->route->flags & ROUTE_IF_MATCH;

	memcpy(request.argument, exchange->argument, sizeof(request.argument));
	memcpy(request.second_argument, exchange->second_argument, sizeof(request.second_argument));
	if (exchange->body)
		request.body = (struct text){ exchange->body, exchange->received };
	if (is_alone)
		(void)pthread_mutex_lock(&api->one_change);
	unsigned status = run_request(&request, exchange, method, path);
	if (is_alone)
		(void)pthread_mutex_unlock(&api->one_change);
	return api_respond(&request, status, status == 405 ? exchange->allow : "");
}

/* libmicrohttpd calls this when the head is there, for each piece of the body, and at its end. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version UNUSED, const char *data,
				  size_t *data_len, void **exchange)
{
	if (!*exchange) {
		*exchange = exchange_new(cls, connection, method, path);
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
	unsigned flags =
		MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

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
	(void)pthread_mutex_destroy(&api->one_change);
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
	(void)pthread_mutex_init(&api->one_change, NULL);
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
	bus_close(a->context.bus);
	wait_until_idle(a);
	MHD_stop_daemon(a->daemon);
	destroy(a);
	*api = NULL;
}
