/* manager/manager.c - the manager process: its start, its main loop, its end.
 *
 * It may: read and write the accounts database, serve the REST API, answer workers, read the
 * scoreboard, ask the supervisor for a reload. It never sees a byte of a client's files, and holds
 * no key of TLS. What peers may send:
 *
 *	from         kind            when       how often
 *	supervisor   WORKER_CHANNEL  any time   often
 *	supervisor   TERMINATE       any time   once; the end of the channel means the same
 *	worker       AUTH_REQUEST    any time   often
 *	worker       EVENT           any time   often
 *	worker       MEMBERS_REQUEST any time   often
 *	worker       QUOTA_REPLY     any time   once for each QUOTA_REQUEST
 *
 * Anything else ends the peer's channel. Threads: the main loop here, which knows the passwords
 * that are remembered, a pool that checks the others
 * (verify.c), the API's (api.c), one that tells the web page what changes (live.c), one that stores
 * last logins (last_logins.c), one that stores what sessions did (records.c). */
#include "manager/manager.h"

#include <malloc.h>
#include <signal.h>

#include "accounts/admins.h"
#include "accounts/audit.h"
#include "accounts/password_cache.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory_use.h"
#include "ipc/channel.h"
#include "manager/api.h"
#include "manager/api_auth.h"
#include "manager/certificate_watch.h"
#include "manager/examinations.h"
#include "manager/guests.h"
#include "manager/last_logins.h"
#include "manager/live.h"
#include "manager/quota_desk.h"
#include "manager/records.h"
#include "manager/verify.h"
#include "manager/web_files.h"
#include "manager/worker_links.h"

#define LAST_EVENTS_MS 2000

struct manager {
	const struct manager_start *start;
	const struct settings *settings;
	struct accounts *accounts;
	struct password_cache *cache;
	struct last_logins *last_logins;
	struct ban_desk *bans;
	struct transfers *transfers;
	struct shelf *shelf;
	struct activity *activity;
	struct reach_store *reach;
	struct connectivity *connectivity;
	struct examinations *examinations;
	struct certificate_watch *watch;
	struct guests *guests;
	struct records *records;
	struct quota_desk *desk;
	struct worker_links *links;
	int memory_fd; /* memory_use_open */
	struct verify_pool *verify;
	struct login_guard *guard;
	struct web_files *files; /* NULL: there are none */
	struct bus *bus;
	struct live *live;
	struct api *api;
	uint32_t worker_restarts; /* that are in the log of events */
	bool is_ending;
};

/* The supervisor tells us when to end, by a message or by its own end: a Ctrl-C at the terminal or
 * a service manager that signals all of us would otherwise cut off the answers in hand. */
static void ignore_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		(void)signal(ignored[i], SIG_IGN); /* fails for bad numbers only */
}

/* JSON bodies carry passwords: what jansson gives back is wiped. */
static void free_wiped(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static int open_accounts(struct manager *m)
{
	struct database_error error;
	char path[SETTINGS_DATABASE_PATH_SIZE];

	settings_database_path(m->settings, path);

	int r = accounts_open(path, &m->accounts, &error);
	if (r == 0)
		r = transfers_open(path, &m->transfers, &error);
	if (r == 0)
		r = shelf_open(path, &m->shelf, &error);
	if (r == 0)
		r = activity_open(path, &m->activity, &error);
	if (r == 0)
		r = reach_store_open(path, &m->reach, &error);
	if (r < 0)
		log_event(LOG_ERROR, "accounts-unusable", F_STR("error", error.text));
	return r;
}

static int start_records(struct manager *m)
{
	const struct records_start start = {
		.transfers = m->transfers,
		.activity = m->activity,
		.reach = m->reach,
		.connectivity = m->connectivity,
		.recorder = m->start->recorder,
		.settings = m->settings,
		.bus = m->bus,
		.tally = m->start->tally,
	};

	return records_new(&start, &m->records);
}

static int start_verify(struct manager *m)
{
	const struct verify_start start = {
		.base = { m->accounts, m->cache },
		.last_logins = m->last_logins,
		.bans = m->bans,
		.records = m->records,
		.threads = m->settings->verify_threads,
		.max_waiting = scoreboard_max_sessions(m->start->board),
	};

	return verify_pool_new(&start, &m->verify);
}

/* While there is no administrator, a link lies in the log that makes the first one; one that is
 * still good is not made anew by every start. */
static void offer_first_link(struct manager *m, const struct api_context *context)
{
	char url[API_SETUP_URL_SIZE];

	if (context->n_doors == 0 || admin_count(m->accounts) != 0 ||
	    setup_link_exists(m->accounts) != 0)
		return;
	int r = api_setup_make_link(context, url);
	if (r < 0)
		log_event(LOG_ERROR, "first-administrator", F_ERRNO(r));
	else
		log_event(LOG_WARNING, "first-administrator", F_STR("open", url),
			  F_STR("valid", "once, 24 h; sallyport admin link makes another"));
	explicit_bzero(url, sizeof(url));
}

static int start_api(struct manager *m)
{
	const struct api_context context = {
		.settings = m->settings,
		.board = m->start->board,
		.accounts = m->accounts,
		.transfers = m->transfers,
		.shelf = m->shelf,
		.loaded = m->start->settings,
		.activity = m->activity,
		.reach = m->reach,
		.connectivity = m->connectivity,
		.records = m->records,
		.recorder = m->start->recorder,
		.reservations = m->start->reservations,
		.tally = m->start->tally,
		.memory_fd = m->memory_fd,
		.examinations = m->examinations,
		.watch = m->watch,
		.guests = m->guests,
		.certificates = m->start->certificates,
		.links = m->links,
		.desk = m->desk,
		.bans = m->bans,
		.quotas = m->start->quotas,
		.bus = m->bus,
		.live = m->live,
		.guard = m->guard,
		.doors = m->start->doors,
		.n_doors = m->start->n_doors,
		.supervisor = m->start->supervisor,
	};

	const struct api_start start = {
		.listener = m->start->api,
		.key = m->start->key,
		.files = m->files,
	};

	offer_first_link(m, &context);
	(void)!audit_prune(m->accounts, AUDIT_KEEP); /* the next start tries again */
	return api_start(&context, &start, &m->api);
}

static int start_parts(struct manager *m)
{
	m->links = worker_links_new();
	m->cache = password_cache_new((int64_t)m->settings->password_cache_s * 1000, clock_ms);
	m->desk = m->links ? quota_desk_new(m->links) : NULL;
	m->bus = bus_new();
	m->guard = login_guard_new(clock_ms);
	if (!m->desk || !m->cache || !m->bus || !m->guard)
		return -ENOMEM;
	/* The one before us may have died between a change of members and its word of it. */
	if (m->start->quotas)
		quotas_doubt_groups(m->start->quotas);

	int r = open_accounts(m);
	if (r == 0) {
		m->examinations = examinations_new(m->shelf, m->bus, m->start->supervisor);
		m->guests = guests_new(m->shelf, m->start->board, m->bus);
		m->watch = certificate_watch_new();
		r = m->examinations && m->guests && m->watch ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = last_logins_new(m->accounts, &m->last_logins);
	if (r == 0)
		r = ban_desk_new(m->accounts, m->start->bans, m->settings, &m->bans);
	if (r == 0)
		r = connectivity_new(m->reach, m->settings, &m->connectivity);
	if (r == 0)
		r = start_records(m);
	if (r == 0)
		r = start_verify(m);
	if (r == 0)
		r = live_new(m->start->board, m->bus, &m->live);
	if (r == 0)
		r = start_api(m);
	return r;
}

/* In the order in which they stand on each other: first the sources of work, then the work in hand,
 * then what it writes. */
static void stop_parts(struct manager *m)
{
	api_stop(&m->api);
	live_free(&m->live);
	examinations_free(&m->examinations);
	guests_free(&m->guests);
	certificate_watch_free(&m->watch);
	verify_pool_free(&m->verify);
	last_logins_free(&m->last_logins);
	ban_desk_free(&m->bans);
	records_free(&m->records);
	connectivity_free(&m->connectivity);
	quota_desk_free(&m->desk);
	worker_links_free(&m->links);
	password_cache_free(&m->cache);
	bus_free(&m->bus);
	shelf_free(&m->shelf);
	login_guard_free(&m->guard);
	web_files_free(&m->files);
	transfers_free(&m->transfers);
	activity_free(&m->activity);
	reach_store_free(&m->reach);
	accounts_free(&m->accounts);
}

static void drop_link(struct manager *m, struct worker_link *link, const char *why)
{
	if (why)
		log_event(LOG_ERROR, "worker-channel-closed",
			  F_UINT("worker", worker_link_slot(link)), F_STR("reason", why));
	worker_links_remove(m->links, link);
}

/* Why this user must not have a session, or NULL. */
static const char *kick_reason(struct manager *m, const char *user)
{
	const char *reason = NULL;
	struct account account;

	int r = accounts_get(m->accounts, text_of(user), &account);
	if (r == -ENOENT)
		return "Your account has been deleted by the administrator.";
	if (r < 0)
		return NULL;
	if (!account.is_enabled)
		reason = "Your account has been disabled by the administrator.";
	explicit_bzero(&account, sizeof(account));
	return reason;
}

static void kick_if_barred(struct manager *m, struct worker_link *link,
			   const struct session_view *view)
{
	struct message_kick kick = { .head = { MSG_KICK }, .session_id = view->id };
	const char *reason = kick_reason(m, view->user);

	if (!reason || text_copy(text_of(reason), kick.reason, sizeof(kick.reason)) < 0)
		return;
	int r = worker_link_send(link, &kick, sizeof(kick), NULL, NULL);
	if (r < 0)
		log_event(LOG_ERROR, "kick-lost", F_UINT("worker", view->worker_slot),
			  F_STR("user", view->user), F_UINT("session", view->id), F_ERRNO(r));
}

/* A manager that died between the commit of a disable and its KICK owes that KICK: whoever comes
 * after it looks through the sessions of each worker that reports. */
static void kick_barred_sessions(struct manager *m, struct worker_link *link)
{
	size_t max = scoreboard_max_sessions(m->start->board);
	struct session_view view;

	for (uint32_t slot = 0; slot < max; slot++)
		if (scoreboard_get_session(m->start->board, slot, &view) && view.is_logged_in &&
		    view.worker_slot == worker_link_slot(link))
			kick_if_barred(m, link, &view);
}

static void note_server(struct manager *m, enum activity_severity severity, const char *text)
{
	const struct happening happening = { .kind = HAPPENING_SERVER,
					     .severity = severity,
					     .text = text };

	records_note_happening(m->records, &happening);
}

static void note_start(struct manager *m)
{
	struct server_view server;
	char text[128];

	scoreboard_get_server(m->start->board, &server);
	m->worker_restarts = server.worker_restarts;
	if (server.generation <= 1 && server.manager_restarts == 0)
		(void)snprintf(text, sizeof(text), "The server has started, version %s.",
			       SALLYPORT_VERSION);
	else
		(void)snprintf(text, sizeof(text), "A new manager serves, version %s: %s.",
			       SALLYPORT_VERSION,
			       server.manager_restarts > 0 ? "the configuration was read again, or "
							     "the one before has died"
							   : "the configuration was read again");
	note_server(m, ACTIVITY_NOTE, text);
}

/* A worker that comes may take the place of one that has died. */
static void note_restarts(struct manager *m)
{
	struct server_view server;

	scoreboard_get_server(m->start->board, &server);
	if (server.worker_restarts > m->worker_restarts)
		note_server(m, ACTIVITY_PROBLEM,
			    "A worker process has died and was replaced; the log says why.");
	m->worker_restarts = server.worker_restarts;
}

static void add_worker(struct manager *m, const struct message_worker_channel *message,
		       int *channel)
{
	struct worker_link *link;

	int r = worker_links_add(m->links, channel, message->slot, &link);
	if (r < 0) {
		log_event(LOG_ERROR, "worker-refused", F_UINT("worker", message->slot), F_ERRNO(r));
		return;
	}
	quota_desk_worker_came(m->desk);
	note_restarts(m);
	kick_barred_sessions(m, link);
}

/* False: the supervisor has sent what it must not send, or is gone. */
static bool handle_supervisor_message(struct manager *m, const union message *message, size_t len,
				      int *fds, size_t n_fds)
{
	if (len < sizeof(message->head))
		return false;
	if (message->head.kind == MSG_TERMINATE && len == sizeof(message->head)) {
		m->is_ending = true;
		return true;
	}
	if (message->head.kind == MSG_WORKER_CHANNEL && len == sizeof(message->worker_channel) &&
	    n_fds == 1) {
		add_worker(m, &message->worker_channel, &fds[0]);
		return true;
	}
	return false;
}

static void close_all(int fds[static CHANNEL_MAX_FDS], size_t n_fds)
{
	for (size_t i = 0; i < n_fds; i++)
		fd_close(&fds[i]);
}

static void read_supervisor(struct manager *m)
{
	union message message = { .head = { 0 } };
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds = 0;

	ssize_t n = channel_receive(m->start->supervisor, &message, sizeof(message), fds, &n_fds);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		m->is_ending = true; /* it is gone, and so are we when all is answered */
		return;
	}
	if (!handle_supervisor_message(m, &message, (size_t)n, fds, n_fds)) {
		log_event(LOG_ERROR, "supervisor-channel-closed", F_UINT("kind", message.head.kind),
			  F_STR("reason", "unexpected message"));
		m->is_ending = true;
	}
	close_all(fds, n_fds);
}

static bool ends_in_nul(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* Workers talk to the internet: what they send is checked like input from outside. */
static bool is_sound(const struct message_auth_request *request, size_t len)
{
	return len == sizeof(*request) && request->head.kind == MSG_AUTH_REQUEST &&
	       ends_in_nul(request->user, sizeof(request->user)) &&
	       request->password.len <= SECRET_MAX &&
	       request->password.bytes[request->password.len] == '\0';
}

static void submit(struct manager *m, struct worker_link *link,
		   const struct message_auth_request *request)
{
	if (verify_pool_recall(m->verify, link, request))
		return;

	int r = verify_pool_submit(m->verify, link, request);

	if (r == 0)
		return;
	struct message_auth_reply reply = { .head = { MSG_AUTH_REPLY },
					    .request_id = request->request_id,
					    .result = AUTH_BACKEND_ERROR };
	log_event(LOG_ERROR, "login-refused", F_STR("user", request->user),
		  F_STR("reason", "too-many-logins-wait"), F_STR("cause", "D-67"), F_ERRNO(r));
	r = worker_link_send(link, &reply, message_auth_reply_size(&reply), NULL, NULL);
	if (r < 0 && r != -EPIPE)
		log_event(LOG_ERROR, "login-answer-lost", F_STR("user", request->user), F_ERRNO(r));
}

/* False: it is none that a worker may send. */
static bool take_message(struct manager *m, struct worker_link *link, const union message *message,
			 size_t len)
{
	if (is_sound(&message->auth_request, len)) {
		submit(m, link, &message->auth_request);
		return true;
	}
	if (quota_desk_take(m->desk, m->accounts, link, message, len))
		return true;
	if (!records_are_sound(&message->events, len))
		return false;
	records_note(m->records, link, &message->events);
	return true;
}

/* Takes one packet of the worker. False: there is none now, or never will be. */
static bool read_worker(struct manager *m, struct worker_link *link)
{
	int fds[CHANNEL_MAX_FDS];
	union message message;
	bool goes_on = false;
	size_t n_fds = 0;

	ssize_t n =
		channel_receive(worker_link_channel(link), &message, sizeof(message), fds, &n_fds);
	if (n == -EAGAIN)
		return false;
	if (n == 0) {
		drop_link(m, link, NULL);
	} else if (n < 0) {
		drop_link(m, link, strerrordesc_np((int)-n));
	} else {
		close_all(fds, n_fds);
		goes_on = n_fds == 0 && take_message(m, link, &message, (size_t)n);
		if (!goes_on)
			drop_link(m, link, "unexpected message");
	}
	explicit_bzero(&message, n > 0 ? (size_t)n : 0);
	return goes_on;
}

/* Waits for the supervisor and all workers, and takes one packet of each that has one. */
static void run_once(struct manager *m)
{
	struct worker_link *links[WORKER_LINKS_MAX];
	struct pollfd polls[1 + WORKER_LINKS_MAX];

	polls[0] = (struct pollfd){ m->start->supervisor, POLLIN, 0 };
	size_t n = worker_links_poll(m->links, polls + 1, links);
	if (poll(polls, (nfds_t)(n + 1), -1) < 0)
		return; /* EINTR: a debugger, perhaps */
	for (size_t i = 0; i < n; i++)
		if (polls[i + 1].revents)
			(void)read_worker(m, links[i]);
	if (polls[0].revents)
		read_supervisor(m);
}

/* What workers asked before the end is in hand as well, and what their last sessions did until they
 * end or turn to the next manager. */
static void read_what_is_left(struct manager *m)
{
	struct worker_link *links[WORKER_LINKS_MAX];
	struct pollfd polls[WORKER_LINKS_MAX];
	int64_t deadline = deadline_in(LAST_EVENTS_MS);
	size_t n;

	while ((n = worker_links_poll(m->links, polls, links)) > 0) {
		int left = deadline_left(deadline);
		int n_ready = poll(polls, (nfds_t)n, left);

		for (size_t i = 0; i < n && n_ready > 0; i++)
			if (polls[i].revents)
				(void)read_worker(m, links[i]);
		if (n_ready == 0 || left == 0)
			return;
	}
}

/* What is needed by name of the directories that will be out of reach, and then they are. */
static int load_files(struct manager *m)
{
	int r = m->start->n_doors > 0 ? web_files_load(m->settings->web_directory, &m->files) : 0;

	if (r < 0) {
		log_event(LOG_WARNING, "web-files-missing",
			  F_STR("web_directory", m->settings->web_directory), F_ERRNO(r));
		r = 0; /* the API is there all the same */
	}
	m->memory_fd = memory_use_open(); /* that it fails only leaves a metric out */
	return m->start->confine ? m->start->confine(m->start->confine_arg) : r;
}

int manager_main(const struct manager_start *start)
{
	struct manager m = { .start = start, .settings = settings_values(start->settings) };

	log_set_process("manager");
	ignore_signals();
	json_set_alloc_funcs(malloc, free_wiped);

	int r = load_files(&m);
	if (r == 0)
		r = start_parts(&m);
	if (r < 0) {
		log_event(LOG_ERROR, "manager-failed", F_ERRNO(r));
		stop_parts(&m);
		return EXIT_FAILURE;
	}
	note_start(&m);
	log_event(LOG_INFO, "manager-ready", F_STR("version", SALLYPORT_VERSION));
	while (!m.is_ending)
		run_once(&m);
	quota_desk_close(m.desk);
	api_stop(&m.api);
	read_what_is_left(&m);
	stop_parts(&m);
	log_event(LOG_INFO, "manager-ended", F_STR("version", SALLYPORT_VERSION));
	return EXIT_SUCCESS;
}
