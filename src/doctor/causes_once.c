/* doctor/causes_once.c - a transfer that failed in a way that has no cause of its own, while others
 * like it worked. These rows are asked last, and only when nothing else was found; see cause.h. */
#include "doctor/cause.h"

static bool is_silent(const struct transfer *transfer)
{
	return transfer->setup.outcome == NET_TIMED_OUT ||
	       (transfer->result == TRANSFER_COMMAND_REFUSED &&
		transfer->attempt.outcome == NET_OK &&
		transfer->preliminary.outcome == NET_TIMED_OUT);
}

static bool has_no_connection(const struct transfer *transfer)
{
	return transfer->result == TRANSFER_NOT_CONNECTED ||
	       (transfer->result == TRANSFER_TLS_FAILED && !transfer_may_fail(transfer) &&
		(transfer->failure == NET_TIMED_OUT || transfer->failure == NET_RESET ||
		 transfer->failure == NET_CLOSED));
}

/* The first passive transfer that failed so; NULL: none, or none worked beside it. */
static const struct transfer *fails_once(const struct evidence *evidence,
					 bool (*is_so)(const struct transfer *),
					 struct finding *finding)
{
	const struct wanted failed = { .modes = MODES_PASSIVE, .results = RESULTS_FAILED };
	unsigned n_worked = count_transfers(
		evidence, (struct wanted){ .modes = MODES_PASSIVE, .results = BIT(TRANSFER_OK) });
	const struct transfer *transfer, *first = NULL;
	unsigned n_failed = 0;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, failed, &at))) {
		if (!is_so(transfer))
			continue;
		n_failed++;
		first = first ? first : transfer;
	}
	if (!first || n_failed >= n_worked)
		return NULL;
	fact_text(finding, "command", *first->command ? first->command : first->setup_command);
	fact_number(finding, "transfers", n_worked);
	fact_address(finding, &first->attempt.peer);
	return first;
}

static bool reply_is_late(const struct evidence *evidence, struct finding *finding)
{
	return fails_once(evidence, is_silent, finding) != NULL;
}

static const char *how_it_failed(enum net_outcome outcome)
{
	switch (outcome) {
	case NET_REFUSED:
		return "was refused";
	case NET_TIMED_OUT:
		return "got no answer";
	case NET_RESET:
	case NET_CLOSED:
		return "was cut off";
	default:
		return "failed";
	}
}

static bool connection_fails(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *failed = fails_once(evidence, has_no_connection, finding);

	if (failed)
		fact_text(finding, "how", how_it_failed(failed->failure));
	return failed != NULL;
}

static const struct cause rows[] = {
	{ .id = "D-82b",
	  .title = "The server is late to answer a transfer",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 50,
	  .is_last_resort = true,
	  .applies = reply_is_late,
	  .explanation = "{command} got no reply in time, while {transfers} other transfers in "
			 "the same session worked: the server, or its storage, is overloaded.",
	  .remedy = "Look after the load of the server and of the storage behind it.",
	  .tells_apart = "Examine it again: what fails at another place each time is load, what "
			 "always fails at this command is a box on the way (D-19b)." },
	{ .id = "D-78",
	  .title = "Single data connections fail",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 50,
	  .is_last_resort = true,
	  .applies = connection_fails,
	  .explanation = "The data connection of {command} to {address}, port {port} {how}, while "
			 "{transfers} others worked.",
	  .remedy = "Look for a limit of connections, for overload and for lost packets, on both "
		    "sides.",
	  .tells_apart = "Examine it again: the same port points to the passive range (D-23), "
			 "and --parallel 8 shows a limit (D-34)." },
};

const struct stage stage_once = { "What fails once", rows, ARRAY_SIZE(rows) };
