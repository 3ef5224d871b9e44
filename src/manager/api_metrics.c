/* manager/api_metrics.c - GET /metrics: what there is and what has happened, in the text format of
 * Prometheus (version 0.0.4). Names stay as they are: dashboards stand on them
 * (packaging/grafana-dashboard.json). */
#include "manager/api_handlers.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory_use.h"
#include "manager/board_users.h"
#include "manager/login.h"
#include "manager/records.h"

#define METRICS_SIZE (64 * 1024)
#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP sallyport_%s %s\n# TYPE sallyport_%s %s\n", name, help, name, type);
}

static void sample(struct buf *out, const char *name, const char *labels, uint64_t value)
{
	buf_addf(out, "sallyport_%s%s %" PRIu64 "\n", name, labels, value);
}

static void gauge(struct buf *out, const char *name, uint64_t value, const char *help)
{
	head(out, name, "gauge", help);
	sample(out, name, "", value);
}

static void counter(struct buf *out, const char *name, uint64_t value, const char *help)
{
	head(out, name, "counter", help);
	sample(out, name, "", value);
}

/* --- now -------------------------------------------------------------------------------------- */

struct now {
	uint64_t sessions, logged_in, over_tls, running;
	uint64_t transfers[TRANSFER_UPLOAD + 1];
};

static struct now look_at_board(const struct scoreboard *board)
{
	size_t max = scoreboard_max_sessions(board);
	struct now now = { 0 };
	struct session_view view;

	for (uint32_t slot = 0; slot < max; slot++) {
		if (!scoreboard_get_session(board, slot, &view))
			continue;
		now.sessions++;
		now.logged_in += view.is_logged_in;
		now.over_tls += view.is_tls;
		now.running += view.is_running;
		if (view.transfer <= TRANSFER_UPLOAD)
			now.transfers[view.transfer]++;
	}
	return now;
}

static void add_sessions(struct buf *out, const struct api_context *context)
{
	struct now now = look_at_board(context->board);

	gauge(out, "sessions", now.sessions, "Sessions at the moment.");
	gauge(out, "sessions_logged_in", now.logged_in, "Of these with a login.");
	gauge(out, "sessions_tls", now.over_tls, "Of these over TLS.");
	gauge(out, "sessions_running", now.running, "Of these that a thread works for.");
	gauge(out, "sessions_max", scoreboard_max_sessions(context->board),
	      "How many there may be.");
	head(out, "transfers_running", "gauge", "Data connections in use at the moment.");
	sample(out, "transfers_running", "{kind=\"listing\"}", now.transfers[TRANSFER_LISTING]);
	sample(out, "transfers_running", "{kind=\"download\"}", now.transfers[TRANSFER_DOWNLOAD]);
	sample(out, "transfers_running", "{kind=\"upload\"}", now.transfers[TRANSFER_UPLOAD]);
	counter(out, "sessions_total", scoreboard_sessions_ever(context->board),
		"Sessions since the server's start.");
}

static void add_passive(struct buf *out, const struct api_context *context)
{
	const struct port_range *range = &context->settings->passive_ports;
	struct reservations *reservations = context->reservations;

	gauge(out, "passive_ports", range->last - range->first + 1u,
	      "How many passive ports there are; clients share them.");
	gauge(out, "passive_ports_reserved", reservations ? reservations_count(reservations) : 0,
	      "Passive ports that were offered to a client which has not come yet.");
}

static void add_workers(struct buf *out, const struct api_context *context)
{
	struct worker_view view;
	char labels[64];

	head(out, "worker_threads", "gauge", "Threads in the pool of a worker.");
	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++) {
		scoreboard_get_worker(context->board, slot, &view);
		(void)snprintf(labels, sizeof(labels), "{worker=\"%u\"}", slot);
		if (view.state != WORKER_FREE)
			sample(out, "worker_threads", labels, view.threads);
	}
	head(out, "memory_bytes", "gauge", "Resident memory of a process, shared parts included.");
	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++) {
		scoreboard_get_worker(context->board, slot, &view);
		(void)snprintf(labels, sizeof(labels), "{process=\"worker.%u\"}", slot);
		if (view.state != WORKER_FREE)
			sample(out, "memory_bytes", labels, view.memory_bytes);
	}
	sample(out, "memory_bytes", "{process=\"manager\"}", memory_use_read(context->memory_fd));
}

static void add_server(struct buf *out, const struct api_context *context)
{
	struct server_view server;

	scoreboard_get_server(context->board, &server);
	head(out, "info", "gauge", "The version of the server.");
	buf_addf(out, "sallyport_info{version=\"%s\"} 1\n", SALLYPORT_VERSION);
	gauge(out, "uptime_seconds", (uint64_t)((clock_wall_ms() - server.started_wall_ms) / 1000),
	      "Since the server's start.");
	counter(out, "reloads_total", server.generation > 0 ? server.generation - 1 : 0,
		"Reloads of the configuration that worked.");
	head(out, "restarts_total", "counter", "Processes that had to be replaced.");
	sample(out, "restarts_total", "{process=\"worker\"}", server.worker_restarts);
	sample(out, "restarts_total", "{process=\"manager\"}", server.manager_restarts);
}

/* --- since the start -------------------------------------------------------------------------- */

static void add_logins(struct buf *out, const struct tally *tally)
{
	char labels[64];

	head(out, "logins_total", "counter", "Logins by what became of them.");
	for (unsigned i = 0; i < AUTH_RESULTS; i++) {
		(void)snprintf(labels, sizeof(labels), "{result=\"%s\"}",
			       i == AUTH_OK ? "ok" : login_reason((enum auth_result)i));
		sample(out, "logins_total", labels, tally_get(tally, TALLY_LOGINS, i));
	}
}

static void add_transfers(struct buf *out, const struct tally *tally)
{
	char labels[64];

	head(out, "transfers_total", "counter",
	     "Transfers and changes of files by kind and result.");
	for (unsigned kind = 0; kind < EVENT_STORED_KINDS; kind++) {
		uint64_t all = tally_get(tally, TALLY_TRANSFERS, kind);
		uint64_t failed = tally_get(tally, TALLY_TRANSFERS_FAILED, kind);

		(void)snprintf(labels, sizeof(labels), "{kind=\"%s\",result=\"ok\"}",
			       event_kind_name(kind));
		sample(out, "transfers_total", labels, all - MIN_OF(failed, all));
		(void)snprintf(labels, sizeof(labels), "{kind=\"%s\",result=\"failed\"}",
			       event_kind_name(kind));
		sample(out, "transfers_total", labels, failed);
	}
	head(out, "bytes_total", "counter", "Bytes of files in transfers that have ended.");
	sample(out, "bytes_total", "{direction=\"in\"}",
	       tally_get(tally, TALLY_BYTES, EVENT_UPLOAD));
	sample(out, "bytes_total", "{direction=\"out\"}",
	       tally_get(tally, TALLY_BYTES, EVENT_DOWNLOAD));
}

static void add_data(struct buf *out, const struct tally *tally)
{
	char labels[64];

	head(out, "data_connections_total", "counter", "Data connections by how they came out.");
	for (unsigned i = DATA_ARRIVED; i <= DATA_TLS_FAILED; i++) {
		(void)snprintf(labels, sizeof(labels), "{outcome=\"%s\"}", data_outcome_name(i));
		sample(out, "data_connections_total", labels, tally_get(tally, TALLY_DATA, i));
	}
	head(out, "failures_total", "counter",
	     "What went wrong, by the id of the cause (sallyport doctor knows them).");
	for (unsigned i = 1; i < TALLY_COLUMNS; i++) {
		uint64_t n = tally_get(tally, TALLY_CAUSES, i);

		(void)snprintf(labels, sizeof(labels), "{cause=\"D-%02u\"}", i);
		if (n > 0)
			sample(out, "failures_total", labels, n);
	}
}

static void add_tls(struct buf *out, const struct tally *tally)
{
	static const char *const resumed[] = { "no", "yes" };
	char labels[64];

	head(out, "tls_handshakes_total", "counter",
	     "TLS handshakes that came up, by connection and whether a session was resumed.");
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(labels, sizeof(labels), "{connection=\"control\",resumed=\"%s\"}",
			       resumed[i]);
		sample(out, "tls_handshakes_total", labels, tally_get(tally, TALLY_CONTROL_TLS, i));
		(void)snprintf(labels, sizeof(labels), "{connection=\"data\",resumed=\"%s\"}",
			       resumed[i]);
		sample(out, "tls_handshakes_total", labels, tally_get(tally, TALLY_DATA_TLS, i));
	}
	counter(out, "tls_handshakes_failed_total", tally_get(tally, TALLY_HANDSHAKES_FAILED, 0),
		"TLS handshakes on control connections that failed.");
}

static void add_manager(struct buf *out, const struct api_context *context)
{
	char labels[64];

	gauge(out, "manager_queue", records_waiting(context->records),
	      "Records that wait to be stored in the database.");
	head(out, "manager_requests_total", "counter",
	     "Requests to the manager by the first digit of the answer's status.");
	for (unsigned i = 2; i <= 5; i++) {
		(void)snprintf(labels, sizeof(labels), "{status=\"%uxx\"}", i);
		sample(out, "manager_requests_total", labels,
		       tally_get(context->tally, TALLY_REQUESTS, i));
	}
}

unsigned api_metrics_get(struct api_request *request)
{
	const struct api_context *context = request->context;
	char *storage = malloc(METRICS_SIZE);
	struct buf out;

	if (!storage)
		return api_problem(request, 500, NULL, "Memory is short.");
	buf_init(&out, storage, METRICS_SIZE);
	add_server(&out, context);
	add_sessions(&out, context);
	add_passive(&out, context);
	add_workers(&out, context);
	add_logins(&out, context->tally);
	add_transfers(&out, context->tally);
	add_data(&out, context->tally);
	add_tls(&out, context->tally);
	add_manager(&out, context);
	unsigned status = api_text_answer(request, CONTENT_TYPE, buf_text(&out));
	free(storage);
	return status;
}
