/* doctor/causes_active.c - causes on the way of active data connections, from the server to us; see
 * cause.h. */
#include "doctor/cause.h"

#define AT_ONCE_MS 1500

static const struct transfer *first_active_failure(const struct evidence *evidence)
{
	return find_transfer(evidence,
			     (struct wanted){ .modes = MODES_ACTIVE, .results = RESULTS_FAILED },
			     NULL);
}

static bool active_works(const struct evidence *evidence)
{
	return way_of(evidence, MODES_ACTIVE).n_connected > 0;
}

static bool setup_is_refused(const struct transfer *transfer, unsigned least, unsigned most)
{
	return transfer && transfer->result == TRANSFER_SETUP_REFUSED &&
	       transfer->setup.outcome == NET_OK && transfer->setup.code >= least &&
	       transfer->setup.code <= most;
}

static const struct transfer *refused_mode(const struct evidence *evidence, enum data_mode mode)
{
	const struct wanted wanted = { .modes = BIT(mode), .results = BIT(TRANSFER_SETUP_REFUSED) };

	return find_transfer(evidence, wanted, NULL);
}

/* Active mode is what a client can do without, as long as passive mode works. */
static void note(const struct evidence *evidence, struct finding *finding,
		 const struct transfer *transfer, enum severity without)
{
	if (has_transfer(evidence, (struct wanted){ .modes = MODES_PASSIVE,
						    .operations = BIT(OPERATION_LIST),
						    .results = BIT(TRANSFER_OK) }))
		finding->severity = without;
	fact_host(finding, "address", &transfer->announced);
	fact_number(finding, "port", transfer->announced.port);
	fact_text(finding, "command", transfer->setup_command);
}

/* The server's side of it: what it was told is not what we said. */
static bool was_rewritten(const struct transfer *transfer)
{
	return transfer->view.is_there && *transfer->view.active_command &&
	       strcmp(transfer->view.active_command, transfer->setup_command) != 0;
}

static bool port_is_private(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *failed = first_active_failure(evidence);
	const struct reply *reply = failed ? transfer_refusal(failed) : NULL;

	if (!failed || active_works(evidence) || failed->control >= evidence->n_controls)
		return false;
	const struct address *peer = &evidence->controls[failed->control].attempt.peer;
	bool says_so = reply && reply_names(reply, "D-36");
	bool says_private = address_is_private(&failed->announced) &&
			    !address_is_unspecified(&failed->announced);
	bool is_so = says_private && !address_is_private(peer);
	/* The server sees us come from elsewhere: a translator stands between. */
	bool is_translated = evidence->other_end.is_there &&
			     !address_is_unspecified(&evidence->other_end.sees) &&
			     !address_same_host(&evidence->other_end.sees, &failed->announced) &&
			     address_is_private(&failed->announced) &&
			     !address_is_private(&evidence->other_end.sees);
	if (!says_so && !is_so && !is_translated)
		return false;
	/* That is how translators are; a box that writes such an address into PORT is not. */
	bool is_usual = says_private && !was_rewritten(failed);
	note(evidence, finding, failed, is_usual ? SEVERITY_REMARK : SEVERITY_NOTE);
	if (reply)
		fact_reply(finding, reply);
	if (failed->view.is_there && *failed->view.active_command)
		fact_text(finding, "received", failed->view.active_command);
	if (says_so)
		finding->confidence = 95;
	return true;
}

static bool port_is_refused_by_rule(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *failed = first_active_failure(evidence);
	const struct reply *reply = failed ? transfer_refusal(failed) : NULL;

	if (!reply || !(reply_names(reply, "D-41") ||
			(setup_is_refused(failed, 500, 599) &&
			 text_has_word(reply->text, "illegal port|privileged|low port|"
						    "port < 1024|foreign|bounce|invalid port|"
						    "address mismatch|wrong ip"))))
		return false;
	note(evidence, finding, failed, SEVERITY_WARNING);
	fact_reply(finding, reply);
	return true;
}

static bool active_is_refused(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *port = refused_mode(evidence, DATA_PORT);
	const struct transfer *eprt = refused_mode(evidence, DATA_EPRT);
	const struct transfer *shown = port ? port : eprt;

	if (!setup_is_refused(shown, 500, 599) || active_works(evidence) ||
	    (shown == eprt && has_transfer(evidence, (struct wanted){ .modes = BIT(DATA_PORT) })))
		return false;
	note(evidence, finding, shown, SEVERITY_WARNING);
	fact_reply(finding, &shown->setup);
	return true;
}

static bool eprt_is_refused(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *eprt = refused_mode(evidence, DATA_EPRT);

	if (!setup_is_refused(eprt, 500, 599) || way_of(evidence, BIT(DATA_PORT)).n_connected == 0)
		return false;
	note(evidence, finding, eprt, SEVERITY_WARNING);
	fact_reply(finding, &eprt->setup);
	return true;
}

static bool port_is_rewritten(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *failed = first_active_failure(evidence);
	const struct reply *reply = failed ? transfer_refusal(failed) : NULL;

	/* A translator that knows FTP rewrites it too, and then it works. One that fails at once
	 * went to a place where nobody waits. */
	if (!failed || !was_rewritten(failed) || active_works(evidence) || !reply ||
	    reply->code / 10 != 42 || failed->attempt.duration_ms > AT_ONCE_MS)
		return false;
	note(evidence, finding, failed, SEVERITY_WARNING);
	fact_text(finding, "sent", failed->setup_command);
	fact_text(finding, "received", failed->view.active_command);
	fact_reply(finding, reply);
	return true;
}

static bool server_cannot_dial(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *failed = first_active_failure(evidence);
	const struct reply *reply = failed ? transfer_refusal(failed) : NULL;

	if (!reply || active_works(evidence) ||
	    !text_has_word(reply->text, "operation not permitted|network is unreachable|"
					"no route to host|cannot assign|address already in use|"
					"bind"))
		return false;
	note(evidence, finding, failed, SEVERITY_WARNING);
	fact_reply(finding, reply);
	return true;
}

static bool inbound_is_blocked(const struct evidence *evidence, struct finding *finding)
{
	const struct wanted wanted = { .modes = MODES_ACTIVE,
				       .results = BIT(TRANSFER_NOT_CONNECTED) |
						  BIT(TRANSFER_COMMAND_REFUSED) |
						  BIT(TRANSFER_SETUP_REFUSED) };
	const struct transfer *failed = find_transfer(evidence, wanted, NULL);
	const struct reply *reply = failed ? transfer_refusal(failed) : NULL;

	/* Some servers dial as soon as PORT comes, and answer only then. */
	bool is_stuck = failed && failed->result != TRANSFER_NOT_CONNECTED && !reply &&
			(failed->setup.outcome == NET_TIMED_OUT ||
			 failed->preliminary.outcome == NET_TIMED_OUT);

	if (!failed || active_works(evidence) ||
	    (failed->result != TRANSFER_NOT_CONNECTED && !is_stuck &&
	     (!reply || reply->code / 10 != 42)))
		return false;
	note(evidence, finding, failed, SEVERITY_WARNING);
	fact_number(finding, "seconds",
		    MAX_OF(seconds_of_ms(failed->attempt.duration_ms), (int64_t)1));
	if (reply) {
		fact_reply(finding, reply);
		finding_add(finding, "The server says \"{reply}\".");
	}
	return true;
}

static const struct cause rows[] = {
	{ .id = "D-36",
	  .title = "Active mode: the client tells the server a private address",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 85,
	  .applies = port_is_private,
	  .explanation = "The client sent \"{command}\": from where the server stands, {address} "
			 "cannot be reached.",
	  .remedy = "Use passive mode; or set the client's external address and forward its "
		    "ports.",
	  .explains = "D-41 D-39 D-35 D-37 D-38 D-40" },
	{ .id = "D-41",
	  .title = "The server refuses the port or address of PORT",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 90,
	  .applies = port_is_refused_by_rule,
	  .explanation = "The server answers \"{command}\" with \"{reply}\": it dials only the "
			 "client itself, and no privileged port.",
	  .remedy = "Use passive mode, or set the client's range of active ports above 1023 and "
		    "its own address.",
	  .explains = "D-39 D-40 D-35 D-37 D-38" },
	{ .id = "D-39",
	  .title = "The server refuses active mode",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 90,
	  .applies = active_is_refused,
	  .explanation = "The server answers \"{command}\" with \"{reply}\": active mode is turned "
			 "off there.",
	  .remedy = "Use passive mode.",
	  .explains = "D-40 D-35 D-37 D-38" },
	{ .id = "D-40",
	  .title = "EPRT is refused, PORT works",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 90,
	  .applies = eprt_is_refused,
	  .explanation = "The server, or a box on the way, answers \"{command}\" with \"{reply}\".",
	  .remedy = "Use passive mode, or PORT over IPv4.",
	  .tells_apart = "A server that lists EPRT in FEAT and refuses it stands behind a box that "
			 "does not know it." },
	{ .id = "D-38",
	  .title = "The server cannot open connections to clients",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 70,
	  .applies = server_cannot_dial,
	  .explanation = "The server answers \"{reply}\": its own machine does not let it out.",
	  .remedy = "Allow outbound connections from the server (from port 20, or any), or turn "
		    "active mode off. Clients: use passive mode.",
	  .explains = "D-37 D-35" },
	{ .id = "D-37",
	  .title = "A box rewrites PORT on its way",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 80,
	  .applies = port_is_rewritten,
	  .explanation = "The client sent \"{sent}\", the server received \"{received}\", and its "
			 "connection found nobody there.",
	  .remedy = "Turn off the FTP ALG or helper on this side's router, or use TLS, which it "
		    "cannot read, with passive mode.",
	  .explains = "D-35" },
	{ .id = "D-35",
	  .title = "A firewall on the client's side blocks active data connections",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 75,
	  .applies = inbound_is_blocked,
	  .explanation = "The client waited at {address}, port {port}, and the server's connection "
			 "did not come within {seconds} s.",
	  .remedy = "Use passive mode; it needs no connections to the client. Only where a server "
		    "insists on active mode: let TCP from its port 20 in.",
	  .tells_apart = "If active mode fails for the server's other clients too, its own "
			 "firewall does not let it out (D-38)." },
};

const struct stage stage_active = { "Active data connections", rows, ARRAY_SIZE(rows) };
