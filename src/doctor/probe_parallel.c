/* doctor/probe_parallel.c - some transfers at the same time, each in a session of its own: devices
 * and address translators that allow only so many show it here. Each is an upload that goes on,
 * byte by byte, until all the others stand or have failed; so nobody is through before the last one
 * has begun. They begin one after the other: what fails is the first too many. The sessions are not
 * among the evidence's: what fails here fails because there are many, and must not pass for what
 * fails by itself. */
#include <poll.h>
#include <stdatomic.h>

#include "doctor/ladder.h"
#include "doctor/session.h"

/* How long one waits for the others. */
#define TOGETHER_MS 20000
#define PACE_MS 50
#define TURN_MS 20
#define SIZE_BYTES 1000

struct crowd {
	struct ladder *ladder;
	unsigned n;
	_Atomic unsigned n_there; /* uploads that stand, and sessions that have failed */
	int64_t latest_ms;
};

struct member {
	struct crowd *crowd;
	unsigned place; /* how many begin before it */
	struct control control;
	struct transfer transfer;
	char name[80];
	bool is_in, stands, may_remain;
};

/* Asked before each byte, so first when the upload has begun. */
static bool is_enough(void *arg)
{
	struct member *member = arg;
	struct crowd *crowd = member->crowd;

	if (!member->stands) {
		member->stands = true;
		atomic_fetch_add(&crowd->n_there, 1);
	}
	return atomic_load(&crowd->n_there) >= crowd->n || clock_ms() > crowd->latest_ms ||
	       doctor_is_cancelled(&crowd->ladder->doctor);
}

static void remove_probe(struct member *member, struct client *client)
{
	struct data_task task = { .operation = OPERATION_DELETE, .name = member->name };
	struct transfer removal;

	client->patience.cancel_fd = -1;
	probe_transfer(client, &removal, &task);
	member->may_remain = removal.result != TRANSFER_OK && removal.final.code != 550;
}

static void upload(struct member *member, struct client *client)
{
	const struct ladder *ladder = member->crowd->ladder;
	const struct data_task task = { .mode = ladder->working_mode,
					.is_lenient = ladder->working_is_lenient,
					.operation = OPERATION_UPLOAD,
					.size_bytes = SIZE_BYTES,
					.connect_ms = ladder->doctor.data_ms,
					.pace_ms = PACE_MS,
					.name = member->name,
					.is_enough = is_enough,
					.arg = member };

	probe_transfer(client, &member->transfer, &task);
	member->may_remain = reply_class(&member->transfer.preliminary) == 1;
}

static void await_turn(const struct member *member)
{
	const struct crowd *crowd = member->crowd;
	struct pollfd cancel = { .fd = crowd->ladder->doctor.cancel_fd, .events = POLLIN };

	while (atomic_load(&crowd->n_there) < member->place && clock_ms() < crowd->latest_ms &&
	       poll(&cancel, 1, TURN_MS) <= 0)
		;
}

static void run(void *arg)
{
	struct member *member = arg;
	const struct ladder *ladder = member->crowd->ladder;
	struct client client;

	member->is_in = session_open(&client, &ladder->doctor, &member->control,
				     &ladder->door->address, ladder->mode);
	await_turn(member);
	if (member->is_in)
		upload(member, &client);
	if (!member->stands)
		atomic_fetch_add(&member->crowd->n_there, 1);
	if (member->may_remain && client_is_alive(&client))
		remove_probe(member, &client);
	client_close(&client);
}

/* What a session that died has left; a file that stays is named. */
static void remove_left(struct ladder *ladder, struct member *members, unsigned n)
{
	struct probe_file *file = &ladder->doctor.evidence->probe_file;
	struct control *control = NULL;
	struct client client;

	ladder->doctor.cancel_fd = -1; /* stopping does not stop the cleaning up */
	for (unsigned i = 0; i < n; i++) {
		if (!members[i].may_remain)
			continue;
		if (!control) {
			control = &members[i].control;
			*control = (struct control){ .purpose = PURPOSE_CLEAN_UP };
			(void)session_open(&client, &ladder->doctor, control,
					   &ladder->door->address, ladder->mode);
		}
		if (client_is_alive(&client))
			remove_probe(&members[i], &client);
		if (members[i].may_remain) {
			file->is_left_behind = true;
			(void)snprintf(file->name, sizeof(file->name), "%.63s", members[i].name);
			(void)snprintf(file->reason, sizeof(file->reason), "its session broke off");
		}
	}
	if (control)
		client_close(&client);
	ladder->doctor.cancel_fd = ladder->doctor.options->cancel_fd;
}

static void note_login(struct parallel *ret, const struct control *control)
{
	const struct exchange *last =
		control->n_exchanges > 0 ? &control->exchanges[control->n_exchanges - 1] : NULL;

	if (!*ret->refusal && last && last->reply.outcome == NET_OK && last->reply.code >= 400)
		(void)snprintf(ret->refusal, sizeof(ret->refusal), "%.200s", last->reply.text);
}

static void note(struct parallel *ret, const struct member *member)
{
	const struct transfer *transfer = &member->transfer;

	ret->logged_in += member->is_in;
	if (!member->is_in) {
		note_login(ret, &member->control);
	} else if (transfer->result == TRANSFER_OK) {
		ret->carried++;
	} else if (ret->result == TRANSFER_UNTRIED) {
		ret->result = transfer->result;
		ret->failure = transfer->failure;
		(void)snprintf(ret->reply, sizeof(ret->reply), "%.200s",
			       transfer->result == TRANSFER_SETUP_REFUSED ? transfer->setup.text
			       : *transfer->final.text			  ? transfer->final.text
						       : transfer->preliminary.text);
	}
}

void probe_parallel(struct ladder *ladder)
{
	unsigned n = MIN_OF(ladder->doctor.options->n_parallel, (unsigned)DOCTOR_PARALLEL_MAX);
	struct parallel *ret = &ladder->doctor.evidence->parallel;
	struct crowd crowd = { .ladder = ladder, .n = n, .latest_ms = deadline_in(TOGETHER_MS) };
	struct member *members = calloc(n, sizeof(*members));
	struct threads threads = { .n_ids = 0 };
	struct step step;

	if (!members || ladder->working_mode == DATA_UNKNOWN) {
		free(members);
		return;
	}
	step_begin(&step, ladder, "Transfers at the same time");
	ret->wanted = n;
	for (unsigned i = 0; i < n; i++) {
		members[i].crowd = &crowd;
		members[i].place = i;
		(void)snprintf(members[i].name, sizeof(members[i].name), "%.50s.%u",
			       ladder->probe_name, i + 1);
		threads_run(&threads, run, &members[i]);
	}
	threads_join(&threads);
	for (unsigned i = 0; i < n; i++)
		note(ret, &members[i]);
	remove_left(ladder, members, n);
	buf_addf(&step.detail, "%u of %u", ret->carried, n);
	if (ret->carried < n)
		buf_addf(&step.detail, ": %.150s",
			 ret->logged_in < n ? ret->refusal
			 : *ret->reply	    ? ret->reply
					    : outcome_phrase(ret->failure));
	step_end(&step, ret->carried == n ? STEP_OK : STEP_FAILED);
	free(members);
}
