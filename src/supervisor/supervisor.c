/* supervisor/supervisor.c - see supervisor.h: the start, the loop, the end. */
#include "supervisor/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/home.h"
#include "supervisor/notify.h"
#include "supervisor/reload.h"
#include "supervisor/run_files.h"
#include "supervisor/sandbox.h"

/* What a worker may need beyond the grace that its sessions have. */
#define END_EXTRA_MS 2000

/* Sessions take two descriptors and more each; what the administrator allows at most is right. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_event(LOG_WARNING, "descriptor-limit", F_ERRNO(-errno));
}

static int load_with(struct supervisor *s, const struct configuration *configuration,
		     size_t *ret_n_stored, struct failure *ret_failure)
{
	struct settings_loaded *loaded = NULL;
	int r = configuration_load(configuration, NULL, &loaded, ret_failure);

	for (size_t i = 0; r == 0 && i < settings_count(); i++)
		*ret_n_stored += settings_origin(loaded, i) == ORIGIN_DATABASE;
	if (r == 0)
		r = generation_new(1, &loaded, &s->ticket_keys, &s->generation, ret_failure);
	settings_free(&loaded);
	return r;
}

/* What the manager has stored must not keep the server from its start: a certificate that is gone,
 * an address that cannot be read. */
static int load_first(struct supervisor *s, struct failure *ret_failure)
{
	size_t n_stored = 0;
	int r = load_with(s, s->configuration, &n_stored, ret_failure);

	if (r < 0 && n_stored > 0) {
		struct configuration without = *s->configuration;
		struct failure why = *ret_failure;

		without.why_not_stored = why.text;
		r = load_with(s, &without, &n_stored, ret_failure);
	}
	return r;
}

static int check_kernel(struct failure *ret_failure)
{
	int r = home_check_kernel();

	return r < 0 ? failure_set(ret_failure, r,
				   "this kernel cannot keep users inside their homes: openat2(2) "
				   "is missing; Linux 5.6 or later is needed (%s)",
				   strerrordesc_np(-r))
		     : 0;
}

static int open_web(struct supervisor *s, struct failure *ret_failure)
{
	struct web_listeners next;
	int r = web_listeners_prepare(&s->web, s->generation->loaded, &next, ret_failure);

	if (r == 0)
		web_listeners_commit(&s->web, &next);
	return r;
}

/* Everything that root does: after it we are somebody else. */
static int start_as_root(struct supervisor *s, struct failure *ret_failure)
{
	const struct settings *settings = s->generation->settings;
	int r = identity_find(settings->user, &s->identity, ret_failure);

	if (r == 0)
		r = run_files_make_directories(settings, &s->identity, ret_failure);
	if (r == 0)
		r = listeners_apply(&s->listeners, settings, &s->generation->addresses,
				    ret_failure);
	if (r == 0)
		r = open_web(s, ret_failure);
	if (r == 0)
		r = privileges_become(&s->identity, ret_failure);
	return r;
}

static int open_log(const struct settings *settings, struct failure *ret_failure)
{
	int r = log_open(settings->log_file, (enum log_level)settings->log_level);

	if (r < 0)
		return failure_set(ret_failure, r, "log_file: cannot open %s: %s",
				   settings->log_file, strerrordesc_np(-r));
	return 0;
}

static int open_signals(int *ret_fd)
{
	static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		(void)sigaddset(&set, wanted[i]);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? -errno : 0;
}

static int make_shared_parts(struct supervisor *s, struct failure *ret_failure)
{
	struct children *c = &s->children;
	size_t max_sessions = s->generation->settings->max_sessions;

	c->board = scoreboard_new(max_sessions);
	c->reservations = reservations_new(max_sessions);
	c->places = places_new(max_sessions);
	c->bans = bans_new();
	c->quotas = quotas_new(max_sessions);
	c->recorder = recorder_new(SCOREBOARD_WORKERS);
	c->tally = tally_new();
	c->passive_ports = passive_ports_new();
	if (!c->board || !c->reservations || !c->places || !c->bans || !c->quotas || !c->recorder ||
	    !c->tally || !c->passive_ports)
		return failure_set(ret_failure, -ENOMEM,
				   "not enough memory for max_sessions = %zu; a smaller one needs "
				   "less",
				   max_sessions);
	c->listeners = &s->listeners;
	c->web = &s->web;
	c->view = &s->view;
	c->ticket_keys = &s->ticket_keys;

	int r = open_signals(&s->signals);

	c->signals = s->signals;
	if (r == 0)
		r = children_init(c);
	return r < 0 ? failure_set(ret_failure, r, "cannot make sockets: %s", strerrordesc_np(-r))
		     : 0;
}

static int start_as_user(struct supervisor *s, struct failure *ret_failure)
{
	const struct settings *settings = s->generation->settings;
	int r = open_log(settings, ret_failure);

	if (r == 0)
		r = sandbox_forbid_dumps(settings) < 0
			    ? failure_set(ret_failure, -EPERM, "cannot forbid core dumps")
			    : 0;
	if (r == 0)
		r = generation_open_data_roots(s->generation, ret_failure);
	if (r == 0)
		r = run_files_open_api(settings->run_directory, &s->children.api, ret_failure);
	if (r < 0)
		return r;
	s->owns_run_files = true;
	r = run_files_write_pid(settings->run_directory, ret_failure);
	if (r == 0)
		r = make_shared_parts(s, ret_failure);
	return r;
}

static int start(struct supervisor *s, struct failure *ret_failure)
{
	tls_ticket_keys_generate(&s->ticket_keys);

	int r = check_kernel(ret_failure);

	if (r == 0)
		r = load_first(s, ret_failure);
	if (r == 0)
		r = sandbox_check_kernel(s->generation->settings, ret_failure);
	if (r < 0)
		return r;
	raise_descriptor_limit();
	r = start_as_root(s, ret_failure);
	if (r == 0)
		r = start_as_user(s, ret_failure);
	return r;
}

static void log_ready(const struct supervisor *s)
{
	char storage[2048], address[ADDRESS_TEXT_SIZE];
	struct buf places;

	buf_init(&places, storage, sizeof(storage));
	for (size_t i = 0; i < s->listeners.n; i++)
		buf_addf(&places, "%s%s%s", i > 0 ? " " : "",
			 address_format(&s->listeners.items[i].address, address),
			 s->listeners.items[i].is_implicit ? "(TLS)" : "");
	if (s->identity.uid == 0)
		log_event(LOG_WARNING, "runs-as-root",
			  F_STR("advice", "set user to one without other duties"));
	log_event(LOG_INFO, "ready", F_INT("pid", getpid()), F_STR("user", s->identity.user),
		  F_TEXT("listen", buf_text(&places)),
		  F_UINT("passive_first", s->generation->settings->passive_ports.first),
		  F_UINT("passive_last", s->generation->settings->passive_ports.last),
		  F_UINT("workers", s->children.n_workers), F_STR("version", SALLYPORT_VERSION));
}

static void serve(struct supervisor *s)
{
	s->view = (struct server_view){
		.supervisor_pid = getpid(),
		.started_wall_ms = clock_wall_ms(),
		.generation = s->generation->number,
	};
	scoreboard_set_server(s->children.board, &s->view);
	children_serve(&s->children, s->generation);
	log_ready(s);
	notify_ready();
}

/* Ends in an orderly way; who presses Ctrl-C again gets it at once. A SIGTERM may follow the SIGINT
 * of the terminal when a script has started us: that is no insistence. */
static void end(struct supervisor *s, int signal_number)
{
	int64_t grace_ms = (int64_t)s->generation->settings->shutdown_grace_s * 1000;
	bool insists = signal_number == SIGINT && s->was_interrupted;

	s->was_interrupted = s->was_interrupted || signal_number == SIGINT;
	if (s->is_ending && !insists)
		return;
	log_event(LOG_INFO, "shutdown", F_STR("signal", sigabbrev_np(signal_number)),
		  F_UINT("processes", children_count(&s->children)),
		  F_STR("how", insists ? "at once" : "in order"));
	children_end(&s->children, insists ? 0 : grace_ms + END_EXTRA_MS);
	if (!s->is_ending)
		notify_stopping();
	s->is_ending = true;
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			children_reap(&s->children);
			break;
		case SIGHUP:
			s->wants_reload = true;
			break;
		default:
			end(s, (int)info.ssi_signo);
			break;
		}
	}
}

static void wait_and_handle(struct supervisor *s)
{
	struct pollfd fds[CHILDREN_MAX + 1] = { { s->signals, POLLIN, 0 } };
	struct child *whose[CHILDREN_MAX + 1] = { NULL };
	nfds_t n = 1;

	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &s->children.all[i];

		if (child->pid == 0 || child->channel < 0)
			continue;
		fds[n] = (struct pollfd){ child->channel, POLLIN, 0 };
		whose[n++] = child;
	}
	int64_t deadline = children_next_deadline(&s->children);

	if (s->announce_by_ms != 0)
		deadline = MIN_OF(deadline, s->announce_by_ms);
	if (poll(fds, n, deadline_left(deadline)) <= 0)
		return;
	/* Messages before deaths: a place that is freed and filled again has another channel. */
	for (nfds_t i = 1; i < n; i++)
		if (fds[i].revents && whose[i]->channel == fds[i].fd &&
		    children_receive(&s->children, whose[i]))
			s->wants_reload = true;
	if (fds[0].revents)
		take_signals(s);
}

static void loop(struct supervisor *s)
{
	while (!s->is_ending || children_count(&s->children) > 0) {
		wait_and_handle(s);
		if (s->wants_reload && !s->is_ending)
			reload(s);
		s->wants_reload = false;
		children_tend(&s->children);
		reload_announce(s);
	}
}

static void release(struct supervisor *s)
{
	if (s->owns_run_files)
		run_files_remove(s->generation->settings->run_directory);
	listeners_release(&s->listeners);
	web_listeners_release(&s->web);
	passive_ports_free(&s->children.passive_ports);
	generation_unref(&s->children.generation);
	generation_unref(&s->generation);
	fd_close(&s->children.api);
	fd_close(&s->signals);
}

int supervisor_run(const struct configuration *configuration, struct failure *ret_failure)
{
	/* Static: it is large, and there is one per process. */
	static struct supervisor s;

	s = (struct supervisor){ .configuration = configuration, .signals = -1 };
	s.children.api = -1;
	log_set_process("supervisor");

	int r = start(&s, ret_failure);

	if (r == 0) {
		serve(&s);
		loop(&s);
		log_event(LOG_INFO, "stopped", F_INT("pid", getpid()));
	}
	release(&s);
	return r;
}

int supervisor_check(const struct configuration *configuration, struct failure *ret_failure)
{
	static struct supervisor s;

	s = (struct supervisor){ .configuration = configuration };
	tls_ticket_keys_generate(&s.ticket_keys);

	int r = load_first(&s, ret_failure);

	if (r == 0)
		r = identity_find(s.generation->settings->user, &s.identity, ret_failure);
	generation_unref(&s.generation);
	return r;
}
