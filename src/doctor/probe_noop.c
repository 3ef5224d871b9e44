/* doctor/probe_noop.c - a sign of life in the middle of a transfer: RFC 959 4.1.3 has NOOP do
 * nothing but get an OK, and servers differ in when they say it, or whether. A client that counts
 * replies has to know. */
#include "doctor/ladder.h"
#include "doctor/session.h"

#define SIZE_BYTES 20
#define PACE_MS 50

struct noop_probe {
	struct client *client;
	bool was_sent;
};

/* Asked before each byte: the first time the upload stands. */
static bool send_once(void *arg)
{
	struct noop_probe *probe = arg;

	if (!probe->was_sent)
		probe->was_sent = client_send(probe->client, "NOOP");
	return false;
}

static bool is_done(const struct reply *reply)
{
	return reply->code == 226 || reply->code == 250;
}

/* Two replies are due, the transfer's and NOOP's, in this order or the other. */
static enum noop_fate judge(struct client *client, const struct transfer *transfer)
{
	struct reply second;

	if (transfer->final.outcome != NET_OK || transfer->final.code >= 400)
		return NOOP_BREAKS;
	if (!client_read_reply(client, &second, client->doctor->data_again_ms))
		return second.outcome == NET_TIMED_OUT && is_done(&transfer->final) ? NOOP_LOST
										    : NOOP_BREAKS;
	if (reply_class(&second) != 2)
		return is_done(&transfer->final) ? NOOP_LATE : NOOP_BREAKS;
	return is_done(&transfer->final) ? NOOP_LATE : NOOP_EARLY;
}

static bool remove_with(struct client *client, const char *name)
{
	const struct data_task task = { .operation = OPERATION_DELETE, .name = name };
	struct transfer *removal = calloc(1, sizeof(*removal));

	if (!removal)
		return false;
	client->patience.cancel_fd = -1; /* stopping does not stop the cleaning up */
	probe_transfer(client, removal, &task);
	client->patience.cancel_fd = client->doctor->cancel_fd;
	bool is_gone = removal->result == TRANSFER_OK || removal->final.code == 550;
	free(removal);
	return is_gone;
}

/* The probe may have cost the session its life. */
static bool remove_in_new_session(const struct ladder *ladder, const char *name)
{
	struct control *control = calloc(1, sizeof(*control));
	struct client client;
	bool is_gone = false;

	if (!control)
		return false;
	control->purpose = PURPOSE_CLEAN_UP;
	if (session_open(&client, &ladder->doctor, control, &ladder->door->address, ladder->mode))
		is_gone = remove_with(&client, name);
	client_close(&client);
	free(control);
	return is_gone;
}

enum noop_fate probe_noop(struct ladder *ladder, struct client *client,
			  char ret_left[static EVIDENCE_NAME])
{
	struct noop_probe probe = { .client = client };
	char name[EVIDENCE_NAME];
	struct data_task task = { .mode = ladder->working_mode,
				  .is_lenient = ladder->working_is_lenient,
				  .operation = OPERATION_UPLOAD,
				  .size_bytes = SIZE_BYTES,
				  .connect_ms = ladder->doctor.data_ms,
				  .pace_ms = PACE_MS,
				  .name = name,
				  .is_enough = send_once,
				  .arg = &probe };
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	enum noop_fate fate = NOOP_UNTRIED;
	bool may_exist, is_gone;

	ret_left[0] = '\0';

	if (!transfer || task.mode == DATA_UNKNOWN) {
		free(transfer);
		return NOOP_UNTRIED;
	}
	(void)snprintf(name, sizeof(name), "%.50s.noop", ladder->probe_name);
	probe_transfer(client, transfer, &task);
	if (probe.was_sent)
		fate = judge(client, transfer);
	may_exist = reply_class(&transfer->preliminary) == 1;
	free(transfer);
	if (!may_exist)
		return fate;
	is_gone = client_is_alive(client) ? remove_with(client, name)
					  : remove_in_new_session(ladder, name);
	if (!is_gone)
		(void)snprintf(ret_left, EVIDENCE_NAME, "%s", name);
	return fate;
}
