/* manager/attention.c - see attention.h. */
#include "manager/attention.h"

#include <sys/statvfs.h>

#include "manager/certificate_watch.h"
#include "manager/connectivity_causes.h"

/* Fewer ports than this for each session that may be there at a time from one address. */
#define FEW_PORTS 4u
#define FULL_PERCENT 95u

/* What the rows look at, and where they say what they have seen. */
struct look {
	const struct api_context *context;
	const struct settings *settings;
	struct server_view server;
	size_t stuck, refused, clients_outside;
	char first_stuck[REACH_NETWORK_SIZE];
	struct certificate_state certificate; /* the worst of them */
	char detail[1024];
};

static bool look_at_network(const struct network_state *state, void *arg)
{
	struct look *look = arg;
	struct reach_verdict verdict;

	if (state->login_ms == 0)
		return true;
	reach_judge(state, look->settings, &verdict);
	if (verdict.state == REACH_STUCK && look->stuck++ == 0)
		(void)snprintf(look->first_stuck, sizeof(look->first_stuck), "%s", state->name);
	look->refused += verdict.cause && strcmp(verdict.cause->id, "D-33") == 0;
	look->clients_outside +=
		state->n_addresses > 0 && !address_is_private(&state->addresses[0]);
	return true;
}

static bool has_bad_certificate(struct look *look)
{
	const struct certificate_state *state = &look->certificate;

	(void)snprintf(look->detail, sizeof(look->detail),
		       "Clients refuse the certificate of the host %s: %s", state->host,
		       state->problem);
	return state->is_there && *state->problem && !state->lacks_issuer;
}

static bool has_incomplete_chain(struct look *look)
{
	const struct certificate_state *state = &look->certificate;

	(void)snprintf(look->detail, sizeof(look->detail), "Host %s: %s", state->host,
		       state->problem);
	return state->is_there && state->lacks_issuer;
}

static bool has_expiring_certificate(struct look *look)
{
	const struct certificate_state *state = &look->certificate;

	(void)snprintf(look->detail, sizeof(look->detail),
		       "The certificate of the host %s (%s) expires in %" PRId64
		       " day%s: upload a new one, no session ends by it.",
		       state->host, state->name, state->days_left,
		       state->days_left == 1 ? "" : "s");
	return state->is_there && !*state->problem && state->days_left <= CERTIFICATE_SOON_DAYS;
}

static bool has_failed_reload(struct look *look)
{
	(void)snprintf(look->detail, sizeof(look->detail), "%s", look->server.last_reload_error);
	return *look->server.last_reload_error;
}

static bool has_dead_workers(struct look *look)
{
	(void)snprintf(look->detail, sizeof(look->detail),
		       "%" PRIu32
		       " worker%s died and %s replaced since the start; the log says why.",
		       look->server.worker_restarts, look->server.worker_restarts == 1 ? "" : "s",
		       look->server.worker_restarts == 1 ? "was" : "were");
	return look->server.worker_restarts > 0;
}

static bool has_stuck_clients(struct look *look)
{
	(void)snprintf(look->detail, sizeof(look->detail),
		       "%zu client network%s log%s in, but no data connection comes about: %s%s.",
		       look->stuck, look->stuck == 1 ? "" : "s", look->stuck == 1 ? "s" : "",
		       look->first_stuck, look->stuck > 1 ? " and others" : "");
	return look->stuck > 0;
}

static bool lacks_external_address(struct look *look)
{
	(void)snprintf(
		look->detail, sizeof(look->detail),
		"Clients come from outside, and external_ip is not set: behind NAT, PASV would "
		"name an address that they cannot reach.");
	return !*look->settings->external_ip && look->settings->passive &&
	       look->clients_outside > 0;
}

static bool runs_short_of_ports(struct look *look)
{
	unsigned size =
		look->settings->passive_ports.last - look->settings->passive_ports.first + 1u;

	(void)snprintf(
		look->detail, sizeof(look->detail),
		"passive_ports = %u-%u has %u port%s; clients of one address were told that none "
		"is free: %zu network%s.",
		look->settings->passive_ports.first, look->settings->passive_ports.last, size,
		size == 1 ? "" : "s", look->refused, look->refused == 1 ? "" : "s");
	return look->settings->passive && look->refused > 0;
}

static bool serves_plain_ftp(struct look *look)
{
	(void)snprintf(look->detail, sizeof(look->detail),
		       "plain_ftp = yes: whoever is on the way can read passwords and files.");
	return look->settings->plain_ftp;
}

static bool has_weak_sandbox(struct look *look)
{
	const struct scoreboard *board = look->context->board;
	bool is_weak = look->settings->sandbox == SANDBOX_OFF;

	for (uint32_t slot = 0; slot <= SCOREBOARD_MANAGER; slot++) {
		struct sandbox_view view;

		scoreboard_get_sandbox(board, slot, &view);
		is_weak =
			is_weak || (view.is_known && (view.landlock_abi == 0 || !view.has_seccomp));
	}
	(void)snprintf(
		look->detail, sizeof(look->detail),
		"A process runs without Landlock or seccomp; `sallyport status` says which.");
	return is_weak;
}

static bool is_disk_full(struct look *look)
{
	struct statvfs vfs;
	const char *state = look->settings->state_directory;

	if (statvfs(state, &vfs) < 0 || vfs.f_blocks == 0)
		return false;

	uint64_t used = 100 - (uint64_t)vfs.f_bavail * 100 / vfs.f_blocks;

	(void)snprintf(look->detail, sizeof(look->detail), "%.400s is %" PRIu64 " %% full.", state,
		       used);
	return used >= FULL_PERCENT;
}

static const struct row {
	const char *id, *severity, *title, *link;
	bool (*holds)(struct look *look); /* fills the detail */
} rows[] = {
	{ "last-reload-failed", "problem", "The configuration could not be read again", "/settings",
	  has_failed_reload },
	{ "certificate-bad", "problem", "Clients refuse the certificate", "/certificates",
	  has_bad_certificate },
	{ "disk-full", "problem", "The disk is nearly full", "/overview", is_disk_full },
	{ "clients-stuck", "problem", "Clients do not get through", "/connectivity",
	  has_stuck_clients },
	{ "certificate-expiring", "warning", "A certificate expires soon", "/certificates",
	  has_expiring_certificate },
	{ "certificate-chain", "warning", "The certificate's chain is not complete",
	  "/certificates", has_incomplete_chain },
	{ "passive-ports-short", "warning", "Passive ports run short", "/settings",
	  runs_short_of_ports },
	{ "external-address-unset", "warning", "The external address is not set", "/settings",
	  lacks_external_address },
	{ "workers-restarting", "warning", "Workers have died", "/events", has_dead_workers },
	{ "sandbox-weak", "warning", "The sandbox is weak", "/settings", has_weak_sandbox },
	{ "plain-ftp-on", "warning", "FTP without TLS is allowed", "/settings", serves_plain_ftp },
};

void attention_collect(const struct api_context *context, struct attention *ret)
{
	struct look look = { .context = context, .settings = context->settings };

	*ret = (struct attention){ .items = json_array(), .health = "ok" };
	certificate_watch_look(context->watch, context, &ret->certificate, &look.certificate);
	scoreboard_get_server(context->board, &look.server);
	connectivity_each(context->connectivity, look_at_network, &look);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		if (!row->holds(&look))
			continue;
		if (strcmp(row->severity, "problem") == 0)
			ret->health = "problem";
		else if (strcmp(ret->health, "ok") == 0)
			ret->health = "attention";
		(void)json_array_append_new(
			ret->items,
			json_pack("{s:s, s:s, s:s, s:o, s:s}", "id", row->id, "severity",
				  row->severity, "title", row->title, "detail",
				  api_text(text_of(look.detail)), "link", row->link));
	}
	ret->stuck = look.stuck;
}
