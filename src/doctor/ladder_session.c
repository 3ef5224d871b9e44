/* doctor/ladder_session.c - the rungs behind the login: listings, files, ranges; see ladder.h. */
#include "doctor/ladder.h"
#include "doctor/other_end.h"
#include "doctor/probe_range.h"
#include "doctor/session.h"
#include "ftp/listing.h"

/* Small enough for one segment wherever there is a network. */
#define SMALL_BYTES 512
#define SAMPLES 6u
#define SAMPLES_BLOCKED 3u
#define SAMPLES_BLOCKED_QUICK 1u
/* A slow line is known by then. */
#define LARGE_MS 15000
#define LARGE_QUICK_MS 5000
/* Logins of one examination; more might look like an attack. */
#define LOGINS_MAX 6u
/* A step may cost the main session its life; so often it gets another one. */
#define REVIVALS_MAX 2u

void describe_transfer(const struct transfer *transfer, struct buf *out)
{
	char shown[ADDRESS_TEXT_SIZE];

	/* A reply code beats whatever the data connection looked like. */
	if (transfer->result != TRANSFER_OK && transfer->final.code >= 400 &&
	    transfer->operation != OPERATION_DELETE) {
		buf_addf(out, "%.150s", transfer->final.text);
		return;
	}
	switch (transfer->result) {
	case TRANSFER_OK:
		return;
	case TRANSFER_SETUP_REFUSED:
	case TRANSFER_SETUP_UNREADABLE:
		buf_addf(out, "%.150s",
			 *transfer->setup.text ? transfer->setup.text
					       : outcome_phrase(transfer->setup.outcome));
		break;
	case TRANSFER_ELSEWHERE:
		buf_addf(out, "the reply names another host, %s",
			 address_format(&transfer->announced, shown));
		break;
	case TRANSFER_NOT_CONNECTED:
		if (transfer->mode == DATA_EPSV || transfer->mode == DATA_PASV)
			buf_addf(out, "port %u: %s after %.1f s", transfer->attempt.peer.port,
				 outcome_phrase(transfer->attempt.outcome),
				 (double)transfer->attempt.duration_ms / 1000);
		else
			buf_addf(out, "the server did not connect to port %u within %.1f s",
				 transfer->announced.port,
				 (double)transfer->attempt.duration_ms / 1000);
		break;
	case TRANSFER_COMMAND_REFUSED:
		buf_addf(out, "%.150s",
			 *transfer->preliminary.text ? transfer->preliminary.text
			 : *transfer->final.text     ? transfer->final.text
						     : outcome_phrase(transfer->failure));
		break;
	case TRANSFER_TLS_FAILED:
		buf_addf(out, "TLS on the data connection: %.100s", transfer->tls.error);
		break;
	case TRANSFER_STALLED:
		buf_addf(out, "stalled after %" PRIu64 " bytes", transfer->moved_bytes);
		break;
	case TRANSFER_CUT:
		buf_addf(out, "cut after %" PRIu64 " bytes: %s", transfer->moved_bytes,
			 outcome_phrase(transfer->failure));
		break;
	case TRANSFER_DIFFERENT:
		buf_add(out, T("other bytes came back than were sent"));
		break;
	case TRANSFER_NOT_CONFIRMED:
		buf_addf(out, "%.150s", transfer->final.text);
		break;
	case TRANSFER_NO_REPLY:
		buf_addf(out, "all bytes moved, no reply: %s",
			 outcome_phrase(transfer->final.outcome));
		break;
	case TRANSFER_SKIPPED:
	case TRANSFER_UNTRIED:
		buf_add(out, T("skipped"));
		break;
	}
}

/* --- single transfers ------------------------------------------------------------------------- */

static bool is_passive(enum data_mode mode)
{
	return mode == DATA_EPSV || mode == DATA_PASV;
}

static bool is_data_blocked(const struct transfer *transfer)
{
	return transfer->result == TRANSFER_NOT_CONNECTED &&
	       (transfer->failure == NET_TIMED_OUT || transfer->failure == NET_UNREACHABLE);
}

static void note_blocked(struct ladder *ladder, const struct transfer *transfer)
{
	if (!is_data_blocked(transfer))
		return;
	if (!is_passive(transfer->mode)) {
		ladder->knows_active_silence = true;
		return;
	}
	ladder->knows_passive_silence = true;
	if (ladder->blocked.port != 0)
		return;
	ladder->blocked = transfer->attempt.peer;
	ladder_seek_wall(ladder, &ladder->blocked, &ladder->door->address);
}

static void note_file(struct ladder *ladder, const struct transfer *transfer)
{
	struct probe_file *file = &ladder->doctor.evidence->probe_file;

	switch (transfer->operation) {
	case OPERATION_UPLOAD:
	case OPERATION_LARGE_UPLOAD:
	case OPERATION_EMPTY_UPLOAD:
		/* From the 150 on there may be a file. */
		if (reply_class(&transfer->preliminary) == 1)
			ladder->may_exist = true;
		file->was_stored |= transfer->result == TRANSFER_OK;
		ladder->exists |= transfer->result == TRANSFER_OK;
		break;
	case OPERATION_DELETE:
		if (transfer->result == TRANSFER_OK)
			ladder->may_exist = ladder->exists = false;
		break;
	default:
		break;
	}
}

static bool is_upload(enum operation operation)
{
	return operation == OPERATION_UPLOAD || operation == OPERATION_LARGE_UPLOAD ||
	       operation == OPERATION_EMPTY_UPLOAD;
}

/* Many a server has made the file by the time that its upload fails. */
static void note_left(struct ladder *ladder, struct client *client, struct transfer *transfer)
{
	struct text line, rest;
	uint64_t size;

	if (!is_upload(transfer->operation) || transfer->result == TRANSFER_OK ||
	    !*transfer->command || !client_is_alive(client))
		return;
	const struct reply *reply = client_ask(client, "SIZE", NULL, "SIZE %s", ladder->probe_name);
	rest = text_of(reply->text);
	if (reply->code != 213 || !reply_next_line(&rest, &line) ||
	    text_to_uint(text_trim(line), UINT64_MAX, &size) < 0)
		return;
	transfer->has_left_file = true;
	transfer->left_bytes = size;
	ladder->may_exist = true;
}

/* NULL: no slot is left. */
static const struct transfer *transfer_by(struct ladder *ladder, struct client *client,
					  const struct data_task *wanted)
{
	struct doctor *doctor = &ladder->doctor;
	struct transfer *transfer = evidence_add_transfer(doctor->evidence);
	struct data_task task = *wanted;

	if (!transfer)
		return NULL;
	task.name = ladder->probe_name;
	bool knows_silence = is_passive(task.mode) ? ladder->knows_passive_silence
						   : ladder->knows_active_silence;
	task.connect_ms = knows_silence ? doctor->data_again_ms : doctor->data_ms;
	task.asks_for_arrival =
		doctor->evidence->other_end.is_there && task.operation == OPERATION_LIST;
	probe_transfer(client, transfer, &task);
	note_blocked(ladder, transfer);
	note_file(ladder, transfer);
	note_left(ladder, client, transfer);
	if (doctor->evidence->other_end.is_there && client_is_alive(client) &&
	    transfer->view.arrival != ARRIVAL_ELSEWHERE &&
	    (transfer->operation == OPERATION_LIST || transfer->result != TRANSFER_OK))
		other_end_view(client, &transfer->view);
	return transfer;
}

static bool has_worked(const struct transfer *transfer)
{
	return transfer && transfer->result == TRANSFER_OK;
}

/* --- modes ------------------------------------------------------------------------------------ */

static const char *title_of(const struct data_task *task)
{
	switch (task->mode) {
	case DATA_EPSV:
		return "Passive, EPSV";
	case DATA_PASV:
		return task->is_lenient ? "Passive, PASV by the host's address" : "Passive, PASV";
	case DATA_PORT:
		return "Active, PORT";
	default:
		return "Active, EPRT";
	}
}

/* The server's clock, from the time of the file that was stored a moment ago. */
static void read_clock(struct ladder *ladder, struct client *client)
{
	struct evidence *evidence = ladder->doctor.evidence;
	struct text line, rest;
	int64_t time_s;

	if (evidence->knows_clock)
		return;
	const struct reply *reply = client_ask(client, "MDTM", NULL, "MDTM %s", ladder->probe_name);
	rest = text_of(reply->text);
	if (reply->code == 213 && reply_next_line(&rest, &line) &&
	    listing_parse_time(line, &time_s) == 0) {
		evidence->knows_clock = true;
		evidence->clock_offset_s = time_s - clock_wall_ms() / 1000;
	}
}

/* Upload, download, resume, delete; says what worked. The first failure ends it, but for the
 * delete. */
static bool carry_file(struct ladder *ladder, struct client *client, const struct data_task *mode,
		       struct buf *detail)
{
	static const struct {
		enum operation operation;
		const char *name;
	} rows[] = {
		{ OPERATION_UPLOAD, "upload" },
		{ OPERATION_DOWNLOAD, "download" },
		{ OPERATION_RESUME, "resume" },
		{ OPERATION_DELETE, "delete" },
	};
	bool is_good = true;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct data_task task = *mode;

		task.operation = rows[i].operation;
		task.size_bytes = SMALL_BYTES;
		if ((!is_good && task.operation != OPERATION_DELETE) ||
		    (task.operation == OPERATION_DELETE && !ladder->may_exist))
			continue;
		bool is_in_time = !ladder->doctor.is_frugal || doctor_has_time(&ladder->doctor);
		if (!is_in_time && task.operation != OPERATION_DELETE) {
			buf_addf(detail, "; %s: left out, the time is over", rows[i].name);
			continue;
		}
		const struct transfer *transfer = transfer_by(ladder, client, &task);
		if (has_worked(transfer)) {
			buf_addf(detail, ", %s", rows[i].name);
			if (task.operation == OPERATION_UPLOAD)
				read_clock(ladder, client);
			continue;
		}
		buf_addf(detail, "; %s: ", rows[i].name);
		if (transfer)
			describe_transfer(transfer, detail);
		is_good = false;
	}
	return is_good;
}

/* True: the session lives, or lives again. */
static bool revive(struct ladder *ladder, struct client *client)
{
	struct doctor *doctor = &ladder->doctor;
	struct control *control;

	if (client_is_alive(client))
		return true;
	if (client != &ladder->main || client->control->login != LOGIN_OK ||
	    ladder->n_revivals == REVIVALS_MAX || doctor_is_cancelled(doctor))
		return false;
	control = evidence_add_control(doctor->evidence);
	if (!control)
		return false;
	client_close(client);
	control->purpose = PURPOSE_MAIN;
	ladder->n_revivals++;
	ladder->n_logins++;
	return session_open(client, doctor, control, &ladder->door->address, ladder->mode);
}

/* Open, and not a byte: large packets may vanish where those of a small file pass (D-79). */
static bool is_stuck_at_once(const struct transfer *transfer)
{
	return transfer->result == TRANSFER_STALLED && transfer->moved_bytes == 0;
}

static const struct transfer *run_mode(struct ladder *ladder, struct client *client,
				       const struct data_task *mode, bool with_files)
{
	struct data_task listing = *mode;
	struct step step;
	bool is_good = true;

	if (!ladder_has_time(ladder, title_of(mode)) || !revive(ladder, client))
		return NULL;
	step_begin(&step, ladder, title_of(mode));
	listing.operation = OPERATION_LIST;
	const struct transfer *transfer = transfer_by(ladder, client, &listing);
	ladder->listing_is_stuck |= transfer && is_stuck_at_once(transfer);
	if (has_worked(transfer)) {
		buf_add(&step.detail, T("listing"));
	} else if (transfer) {
		describe_transfer(transfer, &step.detail);
		is_good = false;
	}
	/* A directory may be unreadable while files pass; a mode that does not connect is done. */
	bool goes_on = is_good ||
		       (transfer && transfer->result == TRANSFER_COMMAND_REFUSED &&
			transfer->preliminary.code / 10 == 55) ||
		       (transfer && is_stuck_at_once(transfer) && revive(ladder, client));
	if (goes_on && with_files && !ladder->doctor.options->is_read_only)
		is_good = carry_file(ladder, client, mode, &step.detail) && is_good;
	step_end(&step, is_good ? STEP_OK : STEP_FAILED);
	return transfer;
}

static void note_working(struct ladder *ladder, const struct transfer *transfer)
{
	bool carries = transfer && is_stuck_at_once(transfer) &&
		       ladder->doctor.evidence->probe_file.was_stored;

	if ((!has_worked(transfer) && !carries) || ladder->working_mode != DATA_UNKNOWN)
		return;
	ladder->working_mode = transfer->mode;
	ladder->working_is_lenient = transfer->is_lenient;
}

/* Some servers speak UTF-8 only when they are asked to. */
static void ask_for_utf8(struct ladder *ladder, struct client *client)
{
	const struct evidence *evidence = ladder->doctor.evidence;
	uint32_t n_foreign = 0;

	for (size_t i = 0; i < evidence->n_transfers; i++)
		n_foreign += evidence->transfers[i].n_foreign_lines;
	if (n_foreign == 0 || ladder->working_mode == DATA_UNKNOWN || !client_is_alive(client) ||
	    reply_class(client_ask(client, "OPTS", NULL, "OPTS UTF8 ON")) != 2)
		return;
	ladder->doctor.asks_for_utf8 = true;
	(void)run_mode(ladder, client,
		       &(struct data_task){ .mode = ladder->working_mode,
					    .is_lenient = ladder->working_is_lenient },
		       false);
}

static void run_passive(struct ladder *ladder, struct client *client)
{
	bool is_v4 = address_is_v4(&client->control->attempt.peer);
	const struct transfer *transfer =
		run_mode(ladder, client, &(struct data_task){ .mode = DATA_EPSV }, true);

	note_working(ladder, transfer);
	ask_for_utf8(ladder, client);
	if (!is_v4)
		return;
	transfer = run_mode(ladder, client, &(struct data_task){ .mode = DATA_PASV }, true);
	note_working(ladder, transfer);
	if (!transfer || !transfer->announced_differs || transfer->result == TRANSFER_OK)
		return;
	transfer = run_mode(ladder, client,
			    &(struct data_task){ .mode = DATA_PASV, .is_lenient = true }, true);
	note_working(ladder, transfer);
}

/* Where the server's connection stays out the control connection is spent: PORT and EPRT come last,
 * and EPRT not behind a PORT that nobody came to. */
static void run_active(struct ladder *ladder, struct client *client)
{
	const struct transfer *transfer = NULL;

	if (address_is_v4(&client->control->attempt.peer))
		transfer = run_mode(ladder, client, &(struct data_task){ .mode = DATA_PORT }, true);
	if (transfer && is_data_blocked(transfer))
		return;
	(void)run_mode(ladder, client, &(struct data_task){ .mode = DATA_EPRT }, true);
}

/* --- further rungs ---------------------------------------------------------------------------- */

static void list_on_control(struct ladder *ladder, struct client *client)
{
	struct step step;

	step_begin(&step, ladder, "Listing on the control connection");
	const struct reply *reply = client_ask(client, "STAT", NULL, "STAT .");
	bool is_good = reply_class(reply) == 2;
	if (!is_good)
		buf_addf(&step.detail, "%.150s",
			 *reply->text ? reply->text : outcome_phrase(reply->outcome));
	step_end(&step, is_good ? STEP_OK : STEP_WARNED);
}

/* A working passive mode is there, with files in it. */
static bool carries_files(const struct ladder *ladder, const struct client *client)
{
	return ladder->working_mode != DATA_UNKNOWN && client_is_alive(client) &&
	       !ladder->doctor.options->is_read_only &&
	       ladder->doctor.evidence->probe_file.was_stored;
}

/* Some clients and servers leave the handshake out where no byte follows (D-58a), and many a file
 * is empty. */
static void store_empty(struct ladder *ladder, struct client *client)
{
	struct data_task task = { .mode = ladder->working_mode,
				  .is_lenient = ladder->working_is_lenient,
				  .operation = OPERATION_EMPTY_UPLOAD };
	struct step step;

	step_begin(&step, ladder, "Empty file");
	const struct transfer *transfer = transfer_by(ladder, client, &task);
	if (transfer)
		describe_transfer(transfer, &step.detail);
	if (ladder->may_exist && client_is_alive(client)) {
		task.operation = OPERATION_DELETE;
		(void)transfer_by(ladder, client, &task);
	}
	step_end(&step, has_worked(transfer) ? STEP_OK : STEP_FAILED);
}

static void move_large(struct ladder *ladder, struct client *client)
{
	const struct doctor_options *options = ladder->doctor.options;
	struct data_task task = { .mode = ladder->working_mode,
				  .is_lenient = ladder->working_is_lenient,
				  .operation = OPERATION_LARGE_UPLOAD,
				  .size_bytes = options->large_size_bytes,
				  .longest_ms = doctor_patience(&ladder->doctor,
								options->is_quick ? LARGE_QUICK_MS
										  : LARGE_MS) };
	const struct transfer *up, *down = NULL;
	struct step step;

	step_begin(&step, ladder, "Large file");
	up = transfer_by(ladder, client, &task);
	/* Of one that was left in the middle nobody knows how much is there. */
	bool is_left =
		has_worked(up) && up->failure == NET_TOO_MUCH && reply_class(&up->final) != 2;
	if (has_worked(up) && !is_left) {
		task.operation = OPERATION_LARGE_DOWNLOAD;
		task.size_bytes = up->moved_bytes;
		down = transfer_by(ladder, client, &task);
	}
	if (has_worked(down))
		buf_addf(&step.detail, "%" PRIu64 " KiB up in %.1f s, down in %.1f s",
			 task.size_bytes / 1024, (double)up->duration_ms / 1000,
			 (double)down->duration_ms / 1000);
	else if (is_left)
		buf_addf(&step.detail, "%" PRIu64 " KiB up in %.1f s, then left: the line is slow",
			 up->moved_bytes / 1024, (double)up->duration_ms / 1000);
	else if (down || up)
		describe_transfer(down ? down : up, &step.detail);
	if (ladder->may_exist && client_is_alive(client)) {
		task.operation = OPERATION_DELETE;
		(void)transfer_by(ladder, client, &task);
	}
	step_end(&step, has_worked(down) ? STEP_OK : is_left ? STEP_WARNED : STEP_FAILED);
}

/* Many clients do not resume: does the server let them in? */
static void check_resumption(struct ladder *ladder, struct client *client)
{
	struct data_task task = { .mode = ladder->working_mode,
				  .is_lenient = ladder->working_is_lenient,
				  .operation = OPERATION_LIST,
				  .without_resumption = true };
	const struct evidence *evidence = ladder->doctor.evidence;
	bool was_resumed = false;
	struct step step;

	step_begin(&step, ladder, "TLS session reuse on data connections");
	for (size_t i = 0; i < evidence->n_transfers; i++)
		was_resumed |= evidence->transfers[i].tls.is_resumed;
	const struct transfer *transfer = transfer_by(ladder, client, &task);
	if (transfer && transfer->tls.outcome == NET_UNTRIED)
		describe_transfer(transfer, &step.detail);
	else
		buf_addf(&step.detail, "%s, %s", was_resumed ? "used" : "not used by the server",
			 has_worked(transfer) ? "not required" : "a full handshake fails");
	step_end(&step, was_resumed || has_worked(transfer) ? STEP_OK : STEP_FAILED);
}

static void sample_range(struct ladder *ladder, struct client *client)
{
	const struct other_end *other = &ladder->doctor.evidence->other_end;
	const struct evidence *evidence = ladder->doctor.evidence;
	bool is_blocked = ladder->blocked.port != 0;
	bool is_v4 = address_is_v4(&client->control->attempt.peer);
	unsigned n_offered = !is_blocked			? SAMPLES
			     : ladder->doctor.options->is_quick ? SAMPLES_BLOCKED_QUICK
								: SAMPLES_BLOCKED;
	size_t n_open = 0;
	struct step step;

	step_begin(&step, ladder, "Passive range");
	if (other->is_there && other->passive_first != 0 && is_blocked)
		probe_reserved_range(client, other->passive_first, other->passive_last,
				     ladder->working_mode != DATA_UNKNOWN);
	if (evidence->n_samples == 0)
		probe_offered_ports(client,
				    ladder->working_mode != DATA_UNKNOWN ? ladder->working_mode
				    : is_v4				 ? DATA_PASV
									 : DATA_EPSV,
				    n_offered);
	for (size_t i = 0; i < evidence->n_samples; i++)
		n_open += evidence->samples[i].attempt.outcome == NET_OK;
	buf_addf(&step.detail, "%zu of %zu ports can be reached", n_open, evidence->n_samples);
	step_end(&step, n_open == evidence->n_samples ? STEP_OK : STEP_FAILED);
}

/* A passive mode works: with which files? Where ports are blocked, that is the cause already. */
static void run_files(struct ladder *ladder, struct client *client)
{
	struct doctor *doctor = &ladder->doctor;
	bool is_blocked = ladder->blocked.port != 0;
	int64_t begin_ms = clock_ms();

	if (carries_files(ladder, client) && ladder_begin_frugal(ladder, "Empty file"))
		store_empty(ladder, client);
	if (carries_files(ladder, client) && doctor->options->large_size_bytes > 0 &&
	    (ladder->listing_is_stuck || ladder_begin_frugal(ladder, "Large file"))) {
		doctor->is_frugal = is_blocked && !ladder->listing_is_stuck;
		move_large(ladder, client);
		/* A slow line is no reason to leave out what follows. */
		if (!is_blocked)
			doctor->over_ms += clock_ms() - begin_ms;
	}
	if (client->stream.ssl && ladder->working_mode != DATA_UNKNOWN && client_is_alive(client) &&
	    ladder_begin_frugal(ladder, "TLS session reuse on data connections"))
		check_resumption(ladder, client);
	ladder_end_frugal(ladder);
}

/* Where something is blocked the range tells what, and comes before all that tells less. */
static void run_passive_whole(struct ladder *ladder, struct client *client)
{
	run_passive(ladder, client);
	if (doctor_is_cancelled(&ladder->doctor))
		return;
	if (ladder->blocked.port != 0 && client_is_alive(client))
		sample_range(ladder, client);
	run_files(ladder, client);
	if (ladder->blocked.port == 0 && client_is_alive(client) &&
	    ladder_begin_frugal(ladder, "Passive range"))
		sample_range(ladder, client);
	ladder_end_frugal(ladder);
}

void ladder_run_session(struct ladder *ladder)
{
	struct client *client = &ladder->main;
	struct evidence *evidence = ladder->doctor.evidence;

	ladder_begin_time(ladder);
	(void)client_ask(client, "SYST", NULL, "SYST");
	(void)client_ask(client, "PWD", NULL, "PWD");
	if (other_end_is_sallyport(client->control))
		other_end_ask(client, &evidence->other_end);
	list_on_control(ladder, client);
	if (!doctor_is_cancelled(&ladder->doctor))
		run_passive_whole(ladder, client);
	if (!doctor_is_cancelled(&ladder->doctor) && ladder_begin_frugal(ladder, "Active mode"))
		run_active(ladder, client);
	ladder_end_frugal(ladder);
}

void ladder_visit(struct ladder *ladder, const struct door *door, enum tls_mode mode,
		  enum purpose purpose)
{
	struct doctor *doctor = &ladder->doctor;
	struct control *control =
		ladder->n_logins < LOGINS_MAX ? evidence_add_control(doctor->evidence) : NULL;
	char shown[ADDRESS_TEXT_SIZE], title[ADDRESS_TEXT_SIZE + 32];
	struct client client;
	struct step step;

	if (!control)
		return;
	control->purpose = purpose;
	(void)snprintf(title, sizeof(title), "Login at %s", address_format(&door->address, shown));
	step_begin(&step, ladder, title);
	ladder->n_logins++;
	bool is_in = session_open(&client, doctor, control, &door->address, mode);
	step_end(&step, is_in ? STEP_OK : STEP_FAILED);
	if (is_in && purpose == PURPOSE_FAMILY) {
		run_passive(ladder, &client);
		run_active(ladder, &client);
	} else if (is_in) {
		(void)run_mode(ladder, &client, &(struct data_task){ .mode = DATA_EPSV }, false);
	}
	if (ladder->may_exist && client_is_alive(&client))
		(void)transfer_by(ladder, &client,
				  &(struct data_task){ .operation = OPERATION_DELETE });
	client_close(&client);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* True: it is gone, or never was. */
static bool remove_file(struct ladder *ladder, struct client *client, char *ret_reason, size_t size)
{
	struct transfer removal;
	struct data_task task = { .operation = OPERATION_DELETE, .name = ladder->probe_name };

	client->patience.cancel_fd = -1;
	probe_transfer(client, &removal, &task);
	(void)snprintf(ret_reason, size, "%.200s",
		       *removal.final.text ? removal.final.text
					   : outcome_phrase(removal.final.outcome));
	/* "No such file": the upload had failed before there was one. */
	return removal.result == TRANSFER_OK || (removal.final.code == 550 && !ladder->exists);
}

static void remove_in_new_session(struct ladder *ladder, bool *ret_is_gone)
{
	struct doctor *doctor = &ladder->doctor;
	struct control *control = evidence_add_control(doctor->evidence);
	struct probe_file *file = &doctor->evidence->probe_file;
	struct client client;

	if (!control)
		return;
	control->purpose = PURPOSE_CLEAN_UP;
	if (session_open(&client, doctor, control, &ladder->door->address, ladder->mode))
		*ret_is_gone = remove_file(ladder, &client, file->reason, sizeof(file->reason));
	else
		(void)snprintf(file->reason, sizeof(file->reason), "no second login");
	client_close(&client);
}

void ladder_clean_up(struct ladder *ladder)
{
	struct probe_file *file = &ladder->doctor.evidence->probe_file;
	struct step step;
	bool is_gone = false;

	if (!ladder->has_main)
		return;
	if (ladder->may_exist) {
		/* Stopping the examination does not stop its cleaning up. */
		ladder->doctor.evidence->conditions.was_interrupted |=
			doctor_is_cancelled(&ladder->doctor);
		ladder->doctor.cancel_fd = -1;
		step_begin(&step, ladder, "Removing the probe file");
		if (client_is_alive(&ladder->main))
			is_gone = remove_file(ladder, &ladder->main, file->reason,
					      sizeof(file->reason));
		if (!is_gone && !client_is_alive(&ladder->main))
			remove_in_new_session(ladder, &is_gone);
		file->is_left_behind = !is_gone;
		ladder->may_exist = !is_gone;
		if (is_gone)
			file->reason[0] = '\0';
		else
			buf_addf(&step.detail, "%s stays on the server: %.120s", file->name,
				 file->reason);
		step_end(&step, is_gone ? STEP_OK : STEP_FAILED);
		ladder->doctor.cancel_fd = ladder->doctor.options->cancel_fd;
	}
	client_close(&ladder->main);
}
