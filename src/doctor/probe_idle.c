/* doctor/probe_idle.c - how long connections may be silent: one without a command, one with NOOP in
 * between, and one whose control connection is silent during a long transfer; side by side. The
 * norms are an idle timeout of 120 s and a keepalive of 100 s. */
#include <stdatomic.h>

#include "doctor/ladder.h"
#include "doctor/session.h"

#define IDLE_WAIT_MS 150000
#define KEEPALIVE_MS 100000
#define BEHIND_KEEPALIVE_MS 35000
#define PACE_MS 500
/* What the other two still wait for when the silent one has ended early. */
#define BEYOND_MS 5000
#define SLICE_MS 500

struct idle_probe {
	struct ladder *ladder;
	struct control *control;
	struct transfer *transfer;
	_Atomic int64_t *ended_after_ms; /* of the silent connection; 0: it stands */
	int64_t begin_ms;
	char left[EVIDENCE_NAME]; /* a file of the keepalive's that stays; "": none */
};

static bool log_in(struct idle_probe *probe, struct client *client)
{
	const struct ladder *ladder = probe->ladder;

	bool is_in = session_open(client, &ladder->doctor, probe->control, &ladder->door->address,
				  ladder->mode);
	probe->begin_ms = clock_ms();
	return is_in;
}

static void be_silent(void *arg)
{
	struct idle_probe *probe = arg;
	struct idle *idle = &probe->ladder->doctor.evidence->idle;
	struct client client;

	if (log_in(probe, &client)) {
		bool said = client_read_reply(&client, &idle->farewell, IDLE_WAIT_MS);

		idle->was_measured = true;
		idle->waited_ms = clock_ms() - probe->begin_ms;
		idle->ending = said ? NET_CLOSED : idle->farewell.outcome;
		if (idle->ending == NET_TIMED_OUT)
			idle->ending = NET_OK;
		else if (idle->ending != NET_SKIPPED)
			atomic_store(probe->ended_after_ms, idle->waited_ms);
	}
	client_close(&client);
}

/* The silent connection has told what there was to learn, and some time ago. */
static bool is_enough(void *arg)
{
	const struct idle_probe *probe = arg;
	int64_t ended_ms = atomic_load(probe->ended_after_ms);

	return doctor_is_cancelled(&probe->ladder->doctor) ||
	       (ended_ms > 0 && clock_ms() - probe->begin_ms > ended_ms + BEYOND_MS);
}

static void keep_alive(void *arg)
{
	struct idle_probe *probe = arg;
	struct idle *idle = &probe->ladder->doctor.evidence->idle;
	const struct reply *reply = NULL;
	struct client client;

	bool is_in = log_in(probe, &client);
	/* Clients that keep the connection awake do so during transfers too. */
	if (is_in && !probe->ladder->doctor.options->is_read_only &&
	    probe->ladder->doctor.evidence->probe_file.was_stored)
		idle->noop = probe_noop(probe->ladder, &client, probe->left);
	if (is_in && client_is_alive(&client)) {
		int64_t noop_ms = clock_ms() + KEEPALIVE_MS;

		/* A server that ends the silent one sooner makes this moot. */
		while (clock_ms() < noop_ms && !is_enough(probe) &&
		       !client_has_reply(&client, SLICE_MS))
			;
		if (clock_ms() >= noop_ms) {
			reply = client_ask(&client, "NOOP", NULL, "NOOP");
			(void)client_has_reply(&client, BEHIND_KEEPALIVE_MS);
			reply = client_ask(&client, "NOOP", NULL, "NOOP");
			idle->keepalive_ms = KEEPALIVE_MS;
			idle->keepalive_waited_ms = clock_ms() - probe->begin_ms;
			idle->keepalive_ending = reply->outcome == NET_OK && reply->code != 421
							 ? NET_OK
						 : reply->code == 421 ? NET_CLOSED
								      : reply->outcome;
		}
	}
	client_close(&client);
}

static void transfer_slowly(void *arg)
{
	struct idle_probe *probe = arg;
	struct ladder *ladder = probe->ladder;
	struct idle *idle = &ladder->doctor.evidence->idle;
	const struct data_task task = { .mode = ladder->working_mode,
					.is_lenient = ladder->working_is_lenient,
					.operation = OPERATION_UPLOAD,
					.size_bytes = IDLE_WAIT_MS / PACE_MS,
					.connect_ms = ladder->doctor.data_ms,
					.pace_ms = PACE_MS,
					.name = ladder->probe_name,
					.is_enough = is_enough,
					.arg = probe };
	/* Its session is over: its place is free, and what is there is cleaned up at the end. */
	struct client *client = &ladder->main;

	ladder->has_main = true;
	if (log_in(probe, client)) {
		probe_transfer(client, probe->transfer, &task);
		idle->silent_ms = clock_ms() - probe->begin_ms;
		idle->silent_ending = probe->transfer->final.outcome;
		ladder->may_exist = reply_class(&probe->transfer->preliminary) == 1;
	}
}

static void name_left(struct evidence *evidence, const struct idle_probe *probes, size_t n)
{
	struct probe_file *file = &evidence->probe_file;

	for (size_t i = 0; i < n; i++) {
		if (!*probes[i].left)
			continue;
		file->is_left_behind = true;
		(void)snprintf(file->name, sizeof(file->name), "%s", probes[i].left);
		(void)snprintf(file->reason, sizeof(file->reason), "its session broke off");
	}
}

void probe_idle(struct ladder *ladder)
{
	static const struct {
		enum purpose purpose;
		void (*run)(void *arg);
	} rows[] = {
		{ PURPOSE_IDLE, be_silent },
		{ PURPOSE_KEEPALIVE, keep_alive },
		{ PURPOSE_SLOW, transfer_slowly },
	};
	struct evidence *evidence = ladder->doctor.evidence;
	struct idle_probe probes[ARRAY_SIZE(rows)] = { 0 };
	_Atomic int64_t ended_after_ms = 0;
	struct threads threads = { .n_ids = 0 };
	struct step step;

	step_begin(&step, ladder, "Idle connections");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool moves_files = rows[i].purpose == PURPOSE_SLOW;

		if (moves_files &&
		    (ladder->doctor.options->is_read_only || !evidence->probe_file.was_stored))
			continue;
		probes[i] = (struct idle_probe){ .ladder = ladder,
						 .control = evidence_add_control(evidence),
						 .ended_after_ms = &ended_after_ms };
		if (moves_files)
			probes[i].transfer = evidence_add_transfer(evidence);
		if (!probes[i].control || (moves_files && !probes[i].transfer))
			continue;
		probes[i].control->purpose = rows[i].purpose;
		threads_run(&threads, rows[i].run, &probes[i]);
	}
	threads_join(&threads);
	if (evidence->idle.was_measured && evidence->idle.ending == NET_OK)
		buf_addf(&step.detail, "still open after %" PRId64 " s",
			 evidence->idle.waited_ms / 1000);
	else if (evidence->idle.was_measured)
		buf_addf(&step.detail, "ended after %" PRId64 " s without a command",
			 evidence->idle.waited_ms / 1000);
	step_end(&step, evidence->idle.was_measured ? STEP_OK : STEP_FAILED);
	ladder_clean_up(ladder);
	name_left(evidence, probes, ARRAY_SIZE(rows));
}
