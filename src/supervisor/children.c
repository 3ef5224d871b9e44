/* supervisor/children.c - see children.h. */
#include "supervisor/children.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "supervisor/child_process.h"
#include "supervisor/examiners.h"

/* A healthy child reads its channel all the time; one that lets it fill up is broken. */
#define SEND_TIMEOUT_MS 500
/* A child that has closed its channel, or a manager that is to finish, should be gone by then. */
#define LEAVE_TIMEOUT_MS 10000
/* So many packets of one child before the others have their turn. */
#define RECEIVE_AT_ONCE 64

static uint32_t wanted_workers(const struct settings *settings)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t n = settings->workers > 0 ? settings->workers : (uint32_t)MAX_OF(cpus, 1L);

	/* Half of the slots, so that the generation before can finish while this one serves. */
	return MIN_OF(n, (uint32_t)SCOREBOARD_WORKERS / 2);
}

int children_init(struct children *c)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		c->all[i] = (struct child){ .channel = -1, .kill_at_ms = DEADLINE_NEVER };
	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++)
		c->mailbox_in[slot] = c->mailbox_out[slot] = -1;
	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++) {
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
			return -errno;
		c->mailbox_in[slot] = ends[0];
		c->mailbox_out[slot] = ends[1];
	}
	return 0;
}

size_t children_count(const struct children *c)
{
	size_t n = 0;

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		n += c->all[i].pid != 0;
	return n;
}

static const struct child *free_place_const(const struct children *c, bool for_manager)
{
	size_t first = for_manager ? SCOREBOARD_WORKERS : 0;
	size_t end = for_manager ? CHILDREN_MAX : SCOREBOARD_WORKERS;

	for (size_t i = first; i < end; i++)
		if (c->all[i].pid == 0)
			return &c->all[i];
	return NULL;
}

static struct child *free_place(struct children *c, bool for_manager)
{
	const struct child *place = free_place_const(c, for_manager);

	return place ? &c->all[place - c->all] : NULL;
}

bool children_have_room(const struct children *c)
{
	return free_place_const(c, true) && free_place_const(c, false);
}

/* Sends one packet. A child that does not take it has lost its use: it will be killed. */
static void tell(struct child *child, const void *message, size_t len, const int *fds, size_t n_fds)
{
	if (child->channel < 0)
		return;

	int r = channel_send(child->channel, message, len, fds, n_fds, SEND_TIMEOUT_MS);

	if (r < 0 && r != -EPIPE && r != -ECONNRESET) {
		log_event(LOG_ERROR, "child-deaf", F_STR("child", child->name),
			  F_INT("pid", child->pid), F_ERRNO(r));
		child->kill_at_ms = clock_ms();
	}
}

static void tell_kind(struct child *child, enum message_kind kind)
{
	const struct message_head head = { .kind = kind };

	tell(child, &head, sizeof(head), NULL, 0);
}

/* Gives the two ends of a new channel to a worker and the manager. */
static void connect_worker(struct child *worker, struct child *manager)
{
	const struct message_worker_channel to_manager = {
		.head = { .kind = MSG_WORKER_CHANNEL },
		.slot = worker->slot,
		.generation = worker->generation->number,
	};
	const struct message_head to_worker = { .kind = MSG_MANAGER_CHANNEL };
	int ends[2];
	int r = channel_pair(ends);

	if (r < 0) {
		log_event(LOG_ERROR, "connect-failed", F_STR("worker", worker->name), F_ERRNO(r));
		worker->kill_at_ms =
			clock_ms(); /* useless without a manager; another one follows */
		return;
	}
	tell(manager, &to_manager, sizeof(to_manager), &ends[0], 1);
	tell(worker, &to_worker, sizeof(to_worker), &ends[1], 1);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void connect_child(struct children *c, struct child *child)
{
	struct child *manager = c->manager_seat.child;

	if (!child->is_manager) {
		if (manager)
			connect_worker(child, manager);
		return;
	}
	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++)
		if (c->all[slot].pid != 0)
			connect_worker(&c->all[slot], child);
}

static void show_child(struct children *c, const struct child *child)
{
	if (child->is_manager) {
		c->view->manager_pid = child->pid;
		scoreboard_set_server(c->board, c->view);
		return;
	}

	const struct worker_view view = {
		.state = WORKER_SERVING,
		.pid = child->pid,
		.generation = child->generation->number,
		.started_wall_ms = clock_wall_ms(),
	};

	scoreboard_set_worker(c->board, child->slot, &view);
}

static void describe_child(struct children *c, struct child *child, struct seat *seat)
{
	*child = (struct child){
		.is_manager = seat == &c->manager_seat,
		.slot = (uint32_t)(child - c->all),
		.channel = -1,
		.generation = generation_ref(c->generation),
		.seat = seat,
		.started_ms = clock_ms(),
		.kill_at_ms = DEADLINE_NEVER,
	};
	if (child->is_manager)
		(void)snprintf(child->name, sizeof(child->name), "manager");
	else
		(void)snprintf(child->name, sizeof(child->name), "worker.%u", child->slot);
}

/* Forks and runs the child in the new process. Returns its pid and *ret_channel, or -errno. */
static pid_t spawn(struct children *c, struct child *child, int *ret_channel)
{
	int ends[2];
	int r = channel_pair(ends);

	if (r < 0)
		return r;

	pid_t pid = fork();

	if (pid == 0) {
		fd_close(&ends[0]);
		child_process_run(c, child, ends[1]);
	}
	r = -errno;
	fd_close(&ends[1]);
	if (pid < 0) {
		fd_close(&ends[0]);
		return r;
	}
	*ret_channel = ends[0];
	return pid;
}

/* Somebody new takes the seat; when that fails it is tried again after a pause. */
static void fill_seat(struct children *c, struct seat *seat)
{
	struct child *child = free_place(c, seat == &c->manager_seat);

	if (!child)
		return; /* a place that comes free calls for it again */
	describe_child(c, child, seat);

	int channel = -1;
	pid_t pid = spawn(c, child, &channel);

	if (pid < 0) {
		int64_t pause_ms = backoff_next_ms(&seat->backoff, 0);

		seat->fill_at_ms = clock_ms() + MAX_OF(pause_ms, 100);
		log_event(LOG_ERROR, "child-not-started", F_STR("child", child->name),
			  F_ERRNO(pid));
		generation_unref(&child->generation);
		child->seat = NULL;
		return;
	}
	child->pid = pid;
	child->channel = channel;
	seat->child = child;
	log_event(LOG_INFO, "child-started", F_STR("child", child->name), F_INT("pid", pid),
		  F_UINT("generation", child->generation->number));
	show_child(c, child);
	connect_child(c, child);
}

static void leave_seat(struct child *child)
{
	if (child && child->seat) {
		child->seat->child = NULL;
		child->seat = NULL;
	}
}

static void empty_seat(struct seat *seat)
{
	leave_seat(seat->child);
	*seat = (struct seat){ .fill_at_ms = clock_ms() };
}

static void drain(struct children *c, struct child *worker)
{
	struct worker_view view;

	scoreboard_get_worker(c->board, worker->slot, &view);
	view.state = WORKER_DRAINING;
	scoreboard_set_worker(c->board, worker->slot, &view);
	worker->owes_drain = true;
	tell_kind(worker, MSG_DRAIN);
}

bool children_are_settled(const struct children *c)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (c->all[i].pid != 0 && c->all[i].channel >= 0 && c->all[i].owes_drain)
			return false;
	return true;
}

static void retire_manager(struct child *manager)
{
	manager->kill_at_ms = clock_ms() + LEAVE_TIMEOUT_MS;
	tell_kind(manager, MSG_TERMINATE);
}

void children_serve(struct children *c, struct generation *generation)
{
	struct child *old_manager = c->manager_seat.child;
	struct child *old_workers[SCOREBOARD_WORKERS];
	uint32_t n_old = 0;

	for (uint32_t i = 0; i < c->n_workers; i++)
		if (c->worker_seats[i].child)
			old_workers[n_old++] = c->worker_seats[i].child;
	for (uint32_t i = 0; i < SCOREBOARD_WORKERS; i++)
		empty_seat(&c->worker_seats[i]);
	empty_seat(&c->manager_seat);

	generation_unref(&c->generation);
	c->generation = generation_ref(generation);
	c->n_workers = wanted_workers(generation->settings);

	/* The new manager first: at every moment each worker has one to ask. The old workers stop
	 * accepting before the new ones look at the listeners: a connection that the kernel has
	 * announced to an old worker alone is then still in the queue when a new one begins. */
	fill_seat(c, &c->manager_seat);
	for (uint32_t i = 0; i < n_old; i++)
		drain(c, old_workers[i]);
	for (uint32_t i = 0; i < c->n_workers; i++)
		fill_seat(c, &c->worker_seats[i]);
	if (old_manager)
		retire_manager(old_manager);
}

static void fill_when_due(struct children *c, struct seat *seat, int64_t now_ms)
{
	if (!seat->child && seat->fill_at_ms <= now_ms)
		fill_seat(c, seat);
}

void children_tend(struct children *c)
{
	int64_t now_ms = clock_ms();

	examiners_tend(c, c->is_ending);
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &c->all[i];

		if (child->pid == 0 || child->kill_at_ms > now_ms)
			continue;
		log_event(LOG_WARNING, "child-killed", F_STR("child", child->name),
			  F_INT("pid", child->pid), F_STR("reason", "did not finish in time"));
		(void)kill(child->pid, SIGKILL);
		child->kill_at_ms = DEADLINE_NEVER;
	}
	if (c->is_ending)
		return;
	fill_when_due(c, &c->manager_seat, now_ms);
	for (uint32_t i = 0; i < c->n_workers; i++)
		fill_when_due(c, &c->worker_seats[i], now_ms);
}

int64_t children_next_deadline(const struct children *c)
{
	int64_t next_ms = DEADLINE_NEVER;

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (c->all[i].pid != 0)
			next_ms = MIN_OF(next_ms, c->all[i].kill_at_ms);
	next_ms = MIN_OF(next_ms, examiners_next_deadline(c));
	if (c->is_ending)
		return next_ms;
	if (!c->manager_seat.child && free_place_const(c, true))
		next_ms = MIN_OF(next_ms, c->manager_seat.fill_at_ms);
	for (uint32_t i = 0; i < c->n_workers; i++)
		if (!c->worker_seats[i].child && free_place_const(c, false))
			next_ms = MIN_OF(next_ms, c->worker_seats[i].fill_at_ms);
	return next_ms;
}

/* Connections that lie in a dead worker's mailbox wait for sessions that are gone: closing them
 * tells their clients. */
static void empty_mailbox(int mailbox)
{
	union message message;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;

	while (channel_receive(mailbox, &message, sizeof(message), fds, &n_fds) > 0)
		for (size_t i = 0; i < n_fds; i++)
			fd_close(&fds[i]);
}

static void forget_worker(struct children *c, uint32_t slot)
{
	const struct worker_view nobody = { .state = WORKER_FREE };

	quotas_forget_worker(c->quotas, slot);
	places_forget_worker(c->places, slot);
	scoreboard_forget_worker(c->board, slot);
	scoreboard_set_worker(c->board, slot, &nobody);
	reservations_forget_worker(c->reservations, slot);
	passive_ports_forget_worker(c->passive_ports, slot);
	empty_mailbox(c->mailbox_in[slot]);
}

static void log_exit(const struct children *c, const struct child *child, int status)
{
	bool was_asked = !child->seat || c->is_ending;
	bool is_fine = was_asked && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char storage[96];
	struct buf reason;

	buf_init(&reason, storage, sizeof(storage));
	if (WIFSIGNALED(status))
		buf_addf(&reason, "signal SIG%s%s%s", sigabbrev_np(WTERMSIG(status)),
			 WCOREDUMP(status) ? " (core dumped)" : "",
			 WTERMSIG(status) == SIGSYS ? " (a system call that the sandbox forbids)"
						    : "");
	else
		buf_addf(&reason, "exit status %d", WEXITSTATUS(status));
	log_event(is_fine ? LOG_INFO : LOG_ERROR, "child-exited", F_STR("child", child->name),
		  F_INT("pid", child->pid), F_TEXT("reason", buf_text(&reason)),
		  F_STR("asked", was_asked ? "yes" : "no"));
}

/* The seat of a child that died in it is filled again, the sooner the longer it had lived. */
static void mourn(struct children *c, struct child *child)
{
	struct seat *seat = child->seat;

	if (!seat || c->is_ending)
		return;

	int64_t now_ms = clock_ms();
	int64_t pause_ms = backoff_next_ms(&seat->backoff, now_ms - child->started_ms);

	seat->fill_at_ms = now_ms + pause_ms;
	if (pause_ms > 0)
		log_event(LOG_WARNING, "restart-delayed", F_STR("child", child->name),
			  F_INT("ms", pause_ms));
	if (child->is_manager) {
		c->view->manager_restarts++;
		c->view->manager_pid = 0;
	} else {
		c->view->worker_restarts++;
	}
	scoreboard_set_server(c->board, c->view);
}

static void bury(struct children *c, struct child *child, int status)
{
	log_exit(c, child, status);
	fd_close(&child->channel);
	if (!child->is_manager)
		forget_worker(c, child->slot);
	mourn(c, child);
	leave_seat(child);
	generation_unref(&child->generation);
	child->pid = 0;
}

void children_reap(struct children *c)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (examiners_bury(c, pid))
			continue;
		for (size_t i = 0; i < CHILDREN_MAX; i++)
			if (c->all[i].pid == pid)
				bury(c, &c->all[i], status);
	}
}

static void answer_listener_request(struct children *c, struct child *worker, uint16_t port)
{
	struct message_listener reply = {
		.head = { .kind = MSG_LISTENER_REPLY },
		.port = port,
	};
	const struct generation *generation = worker->generation;
	int fds[LISTEN_ADDRESSES_MAX];
	size_t n_fds = 0;
	int r = passive_ports_take(c->passive_ports, worker->slot, port,
				   &generation->settings->passive_ports, &generation->addresses,
				   fds, &n_fds);

	if (r < 0)
		log_event(r == -EADDRINUSE ? LOG_DEBUG : LOG_WARNING, "passive-port-refused",
			  F_STR("child", worker->name), F_UINT("port", port), F_ERRNO(r));
	reply.error = r;
	tell(worker, &reply, sizeof(reply), fds, r < 0 ? 0 : n_fds);
}

/* What a child has sent. The descriptors are closed by the reader. */
struct packet {
	union message message;
	size_t len;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;
};

/* What each kind of child may say: anything else is a sign that it is no longer ours.
 * Returns false for such a packet. */
static bool handle(struct children *c, struct child *child, const struct packet *packet,
		   bool *ret_wants_reload)
{
	const union message *message = &packet->message;
	size_t len = packet->len;

	if (len < sizeof(message->head))
		return false;
	if (message->head.kind == MSG_EXAMINE)
		return child->is_manager &&
		       examiners_start(c, &message->examine, len, packet->fds, packet->n_fds);
	if (packet->n_fds > 0)
		return false; /* nobody else sends us any */
	switch (message->head.kind) {
	case MSG_LISTENER_REQUEST:
		if (child->is_manager || len != sizeof(message->listener))
			return false;
		answer_listener_request(c, child, message->listener.port);
		return true;
	case MSG_LISTENER_RELEASE:
		if (child->is_manager || len != sizeof(message->listener))
			return false;
		passive_ports_give_back(c->passive_ports, child->slot, message->listener.port);
		return true;
	case MSG_DRAINING:
		child->owes_drain = false;
		return !child->is_manager;
	case MSG_RELOAD:
		if (!child->is_manager || len != sizeof(message->head))
			return false;
		*ret_wants_reload = true;
		return true;
	default:
		return false;
	}
}

/* The other end is closed or talks nonsense. */
static void hang_up(struct child *child, const char *why, int64_t patience_ms)
{
	log_event(LOG_DEBUG, "channel-closed", F_STR("child", child->name), F_STR("reason", why));
	fd_close(&child->channel);
	child->kill_at_ms = MIN_OF(child->kill_at_ms, clock_ms() + patience_ms);
}

bool children_receive(struct children *c, struct child *child)
{
	bool wants_reload = false;

	for (int i = 0; i < RECEIVE_AT_ONCE && child->channel >= 0; i++) {
		struct packet packet;
		ssize_t n = channel_receive(child->channel, &packet.message, sizeof(packet.message),
					    packet.fds, &packet.n_fds);

		if (n == -EAGAIN)
			break;
		packet.len = n > 0 ? (size_t)n : 0;
		if (n <= 0) {
			hang_up(child, n == 0 ? "end" : strerrordesc_np((int)-n), LEAVE_TIMEOUT_MS);
		} else if (!handle(c, child, &packet, &wants_reload)) {
			log_event(LOG_ERROR, "unexpected-message", F_STR("child", child->name),
				  F_UINT("kind", packet.message.head.kind), F_INT("bytes", n));
			hang_up(child, "unexpected message", 0);
		}
		for (size_t f = 0; n > 0 && f < packet.n_fds; f++)
			fd_close(&packet.fds[f]);
		explicit_bzero(&packet.message, packet.len);
	}
	return wants_reload;
}

void children_end(struct children *c, int64_t patience_ms)
{
	c->is_ending = true;
	examiners_tend(c, true);
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &c->all[i];

		if (child->pid == 0)
			continue;
		child->kill_at_ms = MIN_OF(child->kill_at_ms, clock_ms() + patience_ms);
		tell_kind(child, MSG_TERMINATE);
	}
}
