/* manager/api.c - see api.h. HTTP by libmicrohttpd; here: who may ask, how much, and the way to the
 * handler and back.
 * Threads: an exchange belongs to the thread of its connection; the lock guards the count of those
 * in hand. */
#include "manager/api.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "manager/api_answer.h"
#include "manager/api_asker.h"
#include "manager/api_route.h"
#include "manager/web_page.h"
#include "manager/web_patience.h"
#include "settings/web_listen.h"

#define LOCAL_THREADS 2
#define LOCAL_CONNECTIONS 64
#define WEB_THREADS 4
#define WEB_CONNECTIONS 256
#define WEB_CONNECTIONS_OF_ONE 96
#define IDLE_TIMEOUT_S 30
/* For a request to be there; and for its answer to be taken. */
#define ASK_PATIENCE_MS 30000
#define ANSWER_PATIENCE_MS 120000
#define STOP_PATIENCE_MS 3000
/* What exceeds the most that a route takes is read and dropped, so that the client gets to read the
 * 413. */
#define DISCARD_MAX (128 * 1024 * 1024)

struct door {
	struct api *api;
	const struct manager_door *web; /* NULL: the Unix socket */
	int listener;
	struct MHD_Daemon *daemon;
};

struct api {
	struct api_context context;
	struct api_start start;
	struct door doors[1 + WEB_LISTEN_MAX];
	size_t n_doors;
	struct web_patience *patience;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t n_in_hand;
	pthread_mutex_t one_change; /* held by a change that names the state it was made from */
};

/* One request while its body comes in. Where it leads is known when its head is there. */
struct exchange {
	struct api_asker asker;
	const char *host_problem;      /* NULL: none */
	const struct api_route *route; /* NULL: nowhere, because of: */
	int error;		       /* of api_route_find */
	char argument[API_ARGUMENT_SIZE], second_argument[API_ARGUMENT_SIZE];
	char allow[API_ALLOW_SIZE];
	size_t received; /* of the body, stored or not */
	size_t most;	 /* that is stored */
	size_t size;
	char *body; /* owned, wiped: it may hold a password */
};

static bool may_ask(const struct exchange *exchange)
{
	return !exchange->host_problem &&
	       (exchange->asker.via != VIA_NOBODY ||
		(exchange->route && exchange->route->flags & ROUTE_PUBLIC));
}

static void find_asker(const struct door *door, struct MHD_Connection *connection,
		       struct exchange *exchange)
{
	const struct api_context *context = &door->api->context;

	if (!door->web) {
		api_asker_local(connection, &exchange->asker);
		return;
	}
	exchange->host_problem = api_host_problem(context, door->web, connection);
	api_asker_web(context, door->web, connection, &exchange->asker);
}

static struct exchange *exchange_new(const struct door *door, struct MHD_Connection *connection,
				     const char *method, const char *path)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	struct api *api = door->api;

	if (!exchange)
		return NULL;
	find_asker(door, connection, exchange);
	exchange->error =
		api_route_find(text_of(method), text_of(path), &exchange->route, exchange->argument,
			       exchange->second_argument, exchange->allow);
	exchange->most = API_BODY_MAX;
	if (exchange->route && exchange->route->flags & ROUTE_LARGE_BODY)
		exchange->most = API_LARGE_BODY_MAX;
	if (!may_ask(exchange) ||
	    (exchange->route && exchange->asker.role < exchange->route->least_role))
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

/* JSON, or what a route that takes files says of itself. */
static bool has_wrong_type(const struct api_request *request, const struct api_route *route)
{
	const char *type = api_request_header(request, "Content-Type");
	struct text media, rest = text_of(type);

	if (!type || request->body.len == 0 || route->flags & ROUTE_LARGE_BODY)
		return false;
	return !text_take_until(&rest, ';', &media) ||
	       !text_equal_nocase(text_trim(media), T("application/json"));
}

/* Whether the asker may have this done; 0, or the status of a problem. */
static unsigned check_right(struct api_request *request, const struct api_route *route,
			    bool is_change)
{
	bool is_public = route->flags & ROUTE_PUBLIC;

	if (!is_public && request->asker.via == VIA_NOBODY) {
		api_header(request, "WWW-Authenticate", "Bearer realm=\"sallyport\"");
		return api_problem(request, 401, NULL, "Log in first, or give an API key.");
	}
	const char *forgery = is_change ? api_forgery_problem(&request->asker, request->is_tls,
							      is_public, request->connection)
					: NULL;
	if (forgery)
		return api_problem(request, 403, NULL, "%s", forgery);
	if (request->asker.role < route->least_role)
		return api_problem(request, 403, NULL, "This is for the role %s.",
				   role_name(route->least_role));
	if (route->flags & ROUTE_IF_MATCH && request->asker.via == VIA_SESSION &&
	    !api_request_header(request, "If-Match"))
		return api_problem(request, 428, NULL,
				   "Name the state that you change in the header If-Match: the "
				   "ETag that came with it.");
	return 0;
}

/* The checks in front of every handler, in the order of what the asker may learn. */
static unsigned run_request(struct api_request *request, const struct door *door,
			    const struct exchange *exchange, const char *method, const char *path)
{
	const struct api_route *route = exchange->route;

	if (!door->web && request->asker.via == VIA_NOBODY)
		return api_problem(request, 403, NULL,
				   "Only root and the server's own user may ask here.");
	if (exchange->host_problem)
		return api_problem(request, 421, NULL, "%s", exchange->host_problem);
	if (exchange->error == -EPERM)
		return api_problem(request, 405, NULL, "%s is not allowed here; %s.", method,
				   exchange->allow);
	if (exchange->error < 0)
		return api_problem(request, 404, NULL, "There is nothing at %.200s.", path);
	unsigned status = check_right(request, route,
				      strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0);
	if (status != 0)
		return status;
	if (exchange->received > exchange->most)
		return api_problem(request, 413, NULL, "A body may have at most %zu bytes.",
				   exchange->most);
	if (door->web && has_wrong_type(request, route))
		return api_problem(request, 415, NULL,
				   "The body must be JSON, with Content-Type: application/json.");
	return route->handler(request);
}

static struct web_guest *guest_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static enum MHD_Result answer(const struct door *door, struct MHD_Connection *connection,
			      const struct exchange *exchange, const char *method, const char *path)
{
	struct api *api = door->api;
	struct api_request request = { .context = &api->context,
				       .asker = exchange->asker,
				       .is_tls = door->web && door->web->is_tls,
				       .connection = connection };
	bool is_alone = exchange->route && exchange->route->flags & ROUTE_IF_MATCH;

	memcpy(request.argument, exchange->argument, sizeof(request.argument));
	memcpy(request.second_argument, exchange->second_argument, sizeof(request.second_argument));
	if (exchange->body)
		request.body = (struct text){ exchange->body, exchange->received };
	if (is_alone)
		(void)pthread_mutex_lock(&api->one_change);
	unsigned status = run_request(&request, door, exchange, method, path);
	tally_add(api->context.tally, TALLY_REQUESTS, status / 100, 1);
	if (is_alone)
		(void)pthread_mutex_unlock(&api->one_change);
	web_guest_has(guest_of(connection), request.stream ? DEADLINE_NEVER : ANSWER_PATIENCE_MS);
	return api_respond(&request, status, status == 405 ? exchange->allow : "");
}

/* A file of the page, for anybody who has come to the right host. */
static enum MHD_Result answer_file(const struct door *door, struct MHD_Connection *connection,
				   const struct exchange *exchange, const char *method,
				   const char *path)
{
	web_guest_has(guest_of(connection), ANSWER_PATIENCE_MS);
	if (exchange->host_problem)
		return answer(door, connection, exchange, method, path);
	return web_page_answer(door->api->start.files, connection, text_of(method), text_of(path));
}

/* libmicrohttpd calls this when the head is there, for each piece of the body, and at its end. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version UNUSED, const char *data,
				  size_t *data_len, void **exchange)
{
	const struct door *door = cls;

	if (!*exchange) {
		*exchange = exchange_new(door, connection, method, path);
		return *exchange ? MHD_YES : MHD_NO;
	}
	if (*data_len > 0) {
		int r = exchange_add(*exchange, data, *data_len);
		*data_len = 0;
		return r < 0 ? MHD_NO : MHD_YES;
	}
	if (door->web && !web_page_is_api(text_of(path)))
		return answer_file(door, connection, *exchange, method, path);
	return answer(door, connection, *exchange, method, path);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **exchange,
			 enum MHD_RequestTerminationCode code UNUSED)
{
	struct door *door = cls;

	web_guest_has(guest_of(connection), ASK_PATIENCE_MS);
	if (*exchange)
		exchange_free(door->api, *exchange);
	*exchange = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct door *door = cls;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		web_guest_left(*socket_context);
		*socket_context = NULL;
		return;
	}
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	*socket_context =
		info ? web_guest_came(door->api->patience, info->connect_fd, ASK_PATIENCE_MS)
		     : NULL;
}

/* Paths stay percent-encoded until their segments are known; see api_route.c. */
static size_t keep_escapes(void *cls UNUSED, struct MHD_Connection *connection UNUSED, char *text)
{
	return strlen(text);
}

static void on_log(void *cls UNUSED, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Clients that break off or speak no TLS are no event. */
static void on_log(void *cls UNUSED, const char *format, va_list args)
{
	char line[512];

	(void)vsnprintf(line, sizeof(line), format, args);
	log_event(LOG_DEBUG, "http", F_TEXT("message", text_trim(text_of(line))));
}

static struct MHD_Daemon *start_daemon(struct door *door)
{
	const struct manager_key *key = door->api->start.key;
	bool is_tls = door->web && door->web->is_tls;
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG | (is_tls ? MHD_USE_TLS : 0);
	const struct MHD_OptionItem options[] = {
		{ MHD_OPTION_THREAD_POOL_SIZE, door->web ? WEB_THREADS : LOCAL_THREADS, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, door->web ? WEB_CONNECTIONS : LOCAL_CONNECTIONS,
		  NULL },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, door->web ? WEB_CONNECTIONS_OF_ONE : 0,
		  NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, NULL },
		/* Ends the list where no TLS is spoken. */
		{ is_tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
		  is_tls ? key->certificate : NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, is_tls ? key->private_key : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, door, MHD_OPTION_EXTERNAL_LOGGER,
				on_log, NULL, MHD_OPTION_LISTEN_SOCKET, door->listener,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, door,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, door,
				MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_ARRAY,
				options, MHD_OPTION_END);
}

static int open_door(struct api *api, int listener, const struct manager_door *web)
{
	struct door *door = &api->doors[api->n_doors];

	*door = (struct door){ api, web, fcntl(listener, F_DUPFD_CLOEXEC, 0), NULL };
	if (door->listener < 0)
		return -errno;
	errno = 0;
	door->daemon = start_daemon(door);
	if (!door->daemon) {
		int r = errno ? -errno : -EIO;
		fd_close(&door->listener);
		return r;
	}
	api->n_doors++;
	return 0;
}

static int open_doors(struct api *api)
{
	int r = open_door(api, api->start.listener, NULL);

	for (size_t i = 0; r == 0 && i < api->context.n_doors; i++) {
		r = open_door(api, api->context.doors[i].fd, &api->context.doors[i]);
		if (r < 0)
			log_event(LOG_ERROR, "web-page-failed",
				  F_UINT("port", api->context.doors[i].port), F_ERRNO(r),
				  F_STR("advice",
					"is certificate an RSA or EC certificate with its "
					"chain, and private_key its key?"));
		r = 0; /* the server is more than its page */
	}
	return r;
}

static void close_doors(struct api *api)
{
	for (size_t i = 0; i < api->n_doors; i++) {
		MHD_stop_daemon(api->doors[i].daemon);
		fd_close(&api->doors[i].listener);
	}
	api->n_doors = 0;
}

static void destroy(struct api *api)
{
	web_patience_free(&api->patience);
	(void)pthread_cond_destroy(&api->changed);
	(void)pthread_mutex_destroy(&api->one_change);
	(void)pthread_mutex_destroy(&api->lock);
	free(api);
}

int api_start(const struct api_context *context, const struct api_start *start, struct api **ret)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return -ENOMEM;
	api->context = *context;
	api->start = *start;
	(void)pthread_mutex_init(&api->lock, NULL);
	(void)pthread_cond_init(&api->changed, NULL);
	(void)pthread_mutex_init(&api->one_change, NULL);
	int r = web_patience_new(&api->patience);
	if (r == 0)
		r = open_doors(api);
	if (r < 0) {
		close_doors(api);
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
	/* From here on the listeners are ours again; another manager may accept on the same
	 * sockets. */
	for (size_t i = 0; i < a->n_doors; i++)
		(void)MHD_quiesce_daemon(a->doors[i].daemon);
	bus_close(a->context.bus);
	wait_until_idle(a);
	close_doors(a);
	destroy(a);
	*api = NULL;
}
