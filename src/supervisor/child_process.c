/* supervisor/child_process.c - see child_process.h. */
#include "supervisor/child_process.h"

#include <signal.h>

#include "base/log.h"
#include "manager/manager.h"
#include "supervisor/examiner.h"
#include "supervisor/privileges.h"
#include "supervisor/sandbox.h"
#include "supervisor/web_key.h"
#include "worker/worker.h"

/* The supervisor tells its children by message when to stop, so that a signal to the whole process
 * group (Ctrl-C) does not end them before the sessions have had their 421. When the supervisor is
 * killed the end of the channel ends them. */
static void reset_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Descriptors of the supervisor and of other children that fork(2) has copied here. */
static void close_what_is_others(struct children *c, const struct child *self)
{
	fd_close(&c->signals);
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *other = &c->all[i];

		if (other->pid == 0)
			continue;
		fd_close(&other->channel);
		if (other->generation != self->generation)
			generation_close_data_roots(other->generation);
	}
	passive_ports_free(&c->passive_ports);
	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++)
		if (self->is_manager || slot != self->slot)
			fd_close(&c->mailbox_in[slot]);
}

/* Tests that break out choose the layers that are to stop them. */
static unsigned sandbox_layers(void)
{
#ifdef SALLYPORT_BREAKOUT_TEST
	const char *wanted = getenv("SALLYPORT_BREAKOUT_LAYERS");

	if (wanted)
		return (strstr(wanted, "landlock") ? SANDBOX_LANDLOCK : 0) |
		       (strstr(wanted, "seccomp") ? SANDBOX_SECCOMP : 0);
#endif
	return SANDBOX_ALL;
}

struct confinement {
	struct scoreboard *board;
	const struct child *self;
};

/* Worker and manager call theirs when they have loaded what they need by name. */
static int confine_worker(void *arg)
{
	const struct confinement *confinement = arg;
	const struct generation *generation = confinement->self->generation;
	int roots[1 + SETTINGS_MAX_HOSTS];
	struct sandbox_view view;

	roots[0] = generation->data_root;
	for (size_t i = 0; i < SETTINGS_MAX_HOSTS; i++)
		roots[1 + i] = generation->host_roots[i];

	const struct sandbox_worker worker = { generation->settings, roots, ARRAY_SIZE(roots) };
	int r = sandbox_enter_worker(&worker, sandbox_layers(), &view);

	if (r == 0)
		scoreboard_set_sandbox(confinement->board, confinement->self->slot, &view);
	return r;
}

static int confine_manager(void *arg)
{
	const struct confinement *confinement = arg;
	struct sandbox_view view;
	int r = sandbox_enter_manager(confinement->self->generation->settings, sandbox_layers(),
				      &view);

	if (r == 0)
		scoreboard_set_sandbox(confinement->board, SCOREBOARD_MANAGER, &view);
	return r;
}

static int run_manager(struct children *c, const struct child *self, int channel)
{
	const struct generation *generation = self->generation;
	struct manager_certificate certificates[1 + SETTINGS_MAX_HOSTS] = { 0 };

	for (unsigned i = 0; generation->tls && i < 1 + generation->settings->n_hosts; i++)
		certificates[i] =
			(struct manager_certificate){ tls_server_certificates(generation->tls, i),
						      generation->has_uploaded[i] };
	/* The accounts' process has no use for the key of the server, nor for its sockets. */
	tls_server_free(&self->generation->tls);
	listeners_release(c->listeners);
	generation_close_data_roots(self->generation);
	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++)
		fd_close(&c->mailbox_out[slot]);

	struct confinement confinement = { c->board, self };
	struct manager_start start = {
		.settings = self->generation->loaded,
		.board = c->board,
		.quotas = c->quotas,
		.recorder = c->recorder,
		.reservations = c->reservations,
		.tally = c->tally,
		.bans = c->bans,
		.supervisor = channel,
		.api = c->api,
		.doors = c->web->doors,
		.n_doors = c->web->n,
		.key = &self->generation->web_key,
		.confine = confine_manager,
		.confine_arg = &confinement,
	};
	memcpy(start.certificates, certificates, sizeof(certificates));

	return manager_main(&start);
}

static int run_worker(struct children *c, const struct child *self, int channel)
{
	struct confinement confinement = { c->board, self };

	fd_close(&c->api);
	recorder_prepare(c->recorder, self->slot);
	web_listeners_release(c->web);
	web_key_release(&self->generation->web_key);

	const struct worker_start start = {
		.settings = self->generation->settings,
		.board = c->board,
		.reservations = c->reservations,
		.places = c->places,
		.bans = c->bans,
		.quotas = c->quotas,
		.recorder = c->recorder,
		.tally = c->tally,
		.tls = self->generation->tls,
		.listeners = c->listeners->items,
		.n_listeners = c->listeners->n,
		.slot = self->slot,
		.generation = self->generation->number,
		.n_workers = c->n_workers,
		.index = (uint32_t)(self->seat - c->worker_seats),
		.supervisor = channel,
		.mailbox = c->mailbox_in[self->slot],
		.mailboxes = c->mailbox_out,
		.data_root = self->generation->data_root,
		.host_roots = self->generation->host_roots,
		.confine = confine_worker,
		.confine_arg = &confinement,
	};

	return worker_main(&start);
}

_Noreturn void child_process_run(struct children *children, struct child *child, int channel)
{
	log_set_process(child->name);
	reset_signals();
	close_what_is_others(children, child);

	unsigned source_port = child->generation->settings->active_source_port;
	int r = privileges_drop_for_child(!child->is_manager && source_port > 0 &&
					  source_port < 1024);

	if (r < 0) {
		log_event(LOG_ERROR, "privileges-kept", F_ERRNO(r));
		_exit(EXIT_FAILURE);
	}
	_exit(child->is_manager ? run_manager(children, child, channel)
				: run_worker(children, child, channel));
}

/* It talks to servers that nobody vouches for: none of our keys, sockets and channels may be
 * there. */
static void forget_the_server(struct children *c)
{
	fd_close(&c->signals);
	fd_close(&c->api);
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &c->all[i];

		if (child->pid == 0)
			continue;
		fd_close(&child->channel);
		generation_close_data_roots(child->generation);
		tls_server_free(&child->generation->tls);
		web_key_release(&child->generation->web_key);
	}
	generation_close_data_roots(c->generation);
	tls_server_free(&c->generation->tls);
	web_key_release(&c->generation->web_key);
	web_listeners_release(c->web);
	explicit_bzero(c->ticket_keys, sizeof(*c->ticket_keys));
	passive_ports_free(&c->passive_ports);
	listeners_release(c->listeners);
	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++) {
		fd_close(&c->mailbox_in[slot]);
		fd_close(&c->mailbox_out[slot]);
	}
}

_Noreturn void child_process_examine(struct children *children, struct text request, int out,
				     int cancel)
{
	struct sandbox_view view;

	log_set_process("examiner");
	reset_signals();
	forget_the_server(children);
	int r = privileges_drop_for_child(false);
	if (r < 0) {
		log_event(LOG_ERROR, "privileges-kept", F_ERRNO(r));
		_exit(EXIT_FAILURE);
	}
	r = sandbox_enter_examiner(children->generation->settings, sandbox_layers(), &view);
	_exit(r < 0 ? EXIT_FAILURE : examiner_main(request, out, cancel));
}
