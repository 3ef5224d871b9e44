/* doctor/causes_passive.c - causes on the way of passive data connections, from us to the server:
 * what the replies tell, and connections that came somewhere else or were taken for something else;
 * see cause.h. A reply tells more than silence, and both ends more than one. Behind these come
 * causes_range.c and causes_mode.c. */
#include "doctor/cause.h"

/* --- addresses in 227 ------------------------------------------------------------------------- */

/* The first PASV that names another host than the one we speak to, and fails for it. */
static const struct transfer *wrong_address(const struct evidence *evidence)
{
	const struct wanted wanted = { .modes = BIT(DATA_PASV), .results = RESULTS_FAILED };
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, wanted, &at)))
		if (transfer->announced_differs && !transfer->is_lenient &&
		    transfer->setup.code == 227)
			return transfer;
	return NULL;
}

static void note_wrong_address(const struct evidence *evidence, struct finding *finding,
			       const struct transfer *transfer)
{
	const struct address *peer = transfer_server(evidence, transfer);
	size_t at = 0;
	const struct transfer *lenient;

	fact_host(finding, "announced", &transfer->announced);
	fact_number(finding, "port", transfer->announced.port);
	if (peer)
		fact_host(finding, "address", peer);
	fact_text(finding, "reply", transfer->setup.text);
	while ((lenient = find_transfer(evidence, (struct wanted){ .modes = BIT(DATA_PASV) }, &at)))
		if (lenient->is_lenient && lenient->attempt.outcome == NET_OK) {
			finding_add(finding, "Clients that ignore the address and use the "
					     "server's own get through; others hang.");
			break;
		}
	if (evidence->other_end.is_there && *evidence->other_end.external)
		fact_text(finding, "configured", evidence->other_end.external);
}

static bool announces_shared_address(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer = wrong_address(evidence);
	const struct address *peer = transfer ? transfer_server(evidence, transfer) : NULL;

	if (!transfer || !peer ||
	    (!address_is_shared(&transfer->announced) && !address_is_shared(peer)))
		return false;
	note_wrong_address(evidence, finding, transfer);
	return true;
}

static bool announces_private_address(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer = wrong_address(evidence);

	if (!transfer || !address_is_private(&transfer->announced))
		return false;
	note_wrong_address(evidence, finding, transfer);
	return true;
}

/* We are in the network of the server, and it tells us its address for the world. */
static bool announces_outside_address(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer = wrong_address(evidence);
	const struct address *peer = transfer ? transfer_server(evidence, transfer) : NULL;
	struct address own;

	if (!peer || !address_is_v4(peer) || address_is_private(&transfer->announced) ||
	    !address_is_private(peer) || address_is_loopback(peer))
		return false;
	own = evidence->controls[transfer->control].attempt.local;
	if (address_is_unspecified(&own) &&
	    address_parse(text_of(evidence->conditions.own_v4), &own) < 0)
		return false;
	if (!address_is_private(&own) || address_is_loopback(&own))
		return false;
	note_wrong_address(evidence, finding, transfer);
	return true;
}

static bool announces_wrong_address(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer = wrong_address(evidence);

	if (!transfer)
		return false;
	note_wrong_address(evidence, finding, transfer);
	return true;
}

/* --- replies to PASV and EPSV ----------------------------------------------------------------- */

static bool has_any(const struct evidence *evidence, enum data_mode mode)
{
	return has_transfer(evidence, (struct wanted){ .modes = BIT(mode) });
}

static bool ports_are_busy(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *epsv = find_refused_setup(evidence, DATA_EPSV);
	const struct transfer *pasv = find_refused_setup(evidence, DATA_PASV);
	const struct transfer *shown = pasv ? pasv : epsv;

	if (!shown || way_of(evidence, MODES_PASSIVE).n_connected > 0 ||
	    (epsv == NULL && has_any(evidence, DATA_EPSV)) ||
	    (pasv == NULL && has_any(evidence, DATA_PASV)))
		return false;
	bool says_so = reply_names(&shown->setup, "D-33") ||
		       text_has_word(shown->setup.text, "busy|no port|ports are|no free|in use|"
							"exhausted|unavailable port");
	if (!says_so && shown->setup.code / 100 != 4)
		return false;
	if (reply_names_any(&shown->setup) && !says_so)
		return false;
	fact_reply(finding, &shown->setup);
	fact_text(finding, "command", shown->setup_command);
	if (evidence->other_end.passive_first)
		fact_range(finding, evidence->other_end.passive_first,
			   evidence->other_end.passive_last);
	if (!says_so)
		finding->confidence = 60;
	return true;
}

static bool passive_is_refused(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *epsv = find_refused_setup(evidence, DATA_EPSV);
	const struct transfer *pasv = find_refused_setup(evidence, DATA_PASV);
	const struct transfer *shown = pasv ? pasv : epsv;

	if (!shown || way_of(evidence, MODES_PASSIVE).n_tried > 0 ||
	    (!epsv && has_any(evidence, DATA_EPSV)) || (!pasv && has_any(evidence, DATA_PASV)))
		return false;
	fact_reply(finding, &shown->setup);
	fact_text(finding, "command", shown->setup_command);
	return true;
}

/* --- connected, and yet ----------------------------------------------------------------------- */

static bool arrives_from_elsewhere(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(
			evidence,
			(struct wanted){ .modes = MODES_PASSIVE, .results = RESULTS_FAILED },
			&at))) {
		const struct reply *reply = transfer_refusal(transfer);
		bool is_seen =
			transfer->view.is_there && transfer->view.arrival == ARRIVAL_ELSEWHERE;
		bool is_said = transfer->attempt.outcome == NET_OK && reply &&
			       (reply_names(reply, "D-31") ||
				text_has_word(reply->text,
					      "ip mismatch|different address|address mismatch|"
					      "foreign address|not from your|ip address does not|"
					      "bad ip|security violation"));

		if (!is_seen && !is_said)
			continue;
		if (is_seen)
			fact_host(finding, "address", &transfer->view.arrived_from);
		if (!address_is_unspecified(&evidence->other_end.sees))
			fact_host(finding, "expected", &evidence->other_end.sees);
		fact_number(finding, "port", transfer->attempt.peer.port);
		if (is_seen)
			finding_add(finding, "The command connection comes from {expected}, the "
					     "data connection from {address}.");
		if (reply)
			fact_reply(finding, reply);
		finding->confidence = is_seen ? 95 : 80;
		return true;
	}
	return false;
}

static bool anything_works_behind(const struct evidence *evidence, const struct transfer *failed,
				  const struct control *main)
{
	size_t at = (size_t)(failed - evidence->transfers);

	if (find_transfer(evidence, (struct wanted){ .results = BIT(TRANSFER_OK) }, &at))
		return true;
	for (const struct control *control = main + 1;
	     control < evidence->controls + evidence->n_controls; control++)
		if (control->n_exchanges > 0 && control->exchanges[0].reply.outcome == NET_OK)
			return true;
	return false;
}

/* It worked for a while, and then nothing gets through, not even the command connection. */
static bool was_taken_for_a_scan(const struct evidence *evidence, struct finding *finding)
{
	const struct control *control = evidence_control(evidence, PURPOSE_MAIN);
	unsigned n_worked =
		count_transfers(evidence, (struct wanted){ .operations = ~BIT(OPERATION_DELETE),
							   .results = BIT(TRANSFER_OK) });
	const struct transfer *transfer, *failed = NULL;
	size_t at = 0;

	if (!control || control->ending != NET_TIMED_OUT || n_worked == 0)
		return false;
	while ((transfer = find_transfer(
			evidence,
			(struct wanted){ .modes = MODES_PASSIVE, .results = RESULTS_FAILED }, &at)))
		if (transfer->setup.outcome == NET_TIMED_OUT ||
		    transfer->attempt.outcome == NET_TIMED_OUT ||
		    transfer->attempt.outcome == NET_RESET ||
		    transfer->preliminary.outcome == NET_TIMED_OUT)
			failed = failed ? failed : transfer;
	if (!failed || anything_works_behind(evidence, failed, control))
		return false;
	fact_address(finding, &control->attempt.peer);
	fact_number(finding, "transfers", n_worked);
	return true;
}

static const struct cause rows[] = {
	{ .id = "D-34a",
	  .title = "A firewall takes many data connections for a port scan",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 75,
	  .applies = was_taken_for_a_scan,
	  .explanation = "{transfers} transfers worked; then everything to {address} fell silent, "
			 "the command connection at port {port} too.",
	  .remedy = "Exempt {address} from scan and flood detection, on the side that bans; a "
		    "server that uses few passive ports does not look like a scan.",
	  .tells_apart = "If the server still answers another client address meanwhile, it is a "
			 "ban of this one.",
	  .explains = "D-20 D-21 D-23 D-29 D-27 D-32 D-78 D-34b D-74" },
	{ .id = "D-08",
	  .title = "PASV names an address of the other side of a carrier's or overlay network",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = announces_shared_address,
	  .explanation =
		  "The server is reached at {address} and answers PASV with {announced}; one "
		  "of them is of 100.64.0.0/10, the addresses of carriers and overlay "
		  "networks.",
	  .remedy = "Add an address rule for the overlay network, so that its clients are told "
		    "{address}.",
	  .explains = "D-25 D-26 D-28" },
	{ .id = "D-25",
	  .title = "PASV names a private address",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 95,
	  .applies = announces_private_address,
	  .explanation = "The server is reached at {address} and answers PASV with {announced}, "
			 "which is of its own network and cannot be reached from here.",
	  .remedy = "Set the external address of the server to {address} (Sallyport: external_ip; "
		    "vsftpd: pasv_address; ProFTPD: MasqueradeAddress; Pure-FTPd: "
		    "ForcePassiveIP). Clients until then: use EPSV, or ignore the address.",
	  .explains = "D-26 D-28" },
	{ .id = "D-28",
	  .title = "Clients of the server's own network are told its outside address",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = announces_outside_address,
	  .explanation = "This client and the server at {address} are of one network, and PASV "
			 "names {announced}, the address for the world.",
	  .remedy = "Add a rule for the local network that announces {address} to its clients, or "
		    "turn on hairpin NAT in the router.",
	  .explains = "D-26" },
	{ .id = "D-26",
	  .title = "PASV names a wrong external address",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = announces_wrong_address,
	  .explanation = "The server is reached at {address} and answers PASV with {announced}: "
			 "its external address is wrong or has changed.",
	  .remedy = "Set the external address of the server to {address}, or to a name that "
		    "follows it (Sallyport: external_ip; vsftpd: pasv_address; ProFTPD: "
		    "MasqueradeAddress)." },
	{ .id = "D-33",
	  .title = "The server has no passive port left",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = ports_are_busy,
	  .explanation = "The server answers {command} with \"{reply}\".",
	  .remedy = "Enlarge the range of passive ports on the server and in the firewalls, or "
		    "let ports be shared.",
	  .explains = "D-39 D-29 D-30" },
	{ .id = "D-39",
	  .title = "The server refuses passive mode",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = passive_is_refused,
	  .explanation = "The server answers {command} with \"{reply}\".",
	  .remedy = "Turn passive mode on at the server; active mode works for few clients.",
	  .explains = "D-29 D-30" },
	{ .id = "D-31",
	  .title = "Data connections reach the server from another address",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 85,
	  .applies = arrives_from_elsewhere,
	  .explanation = "The server turns the data connection away, since it does not come from "
			 "where its command connection comes from.",
	  .remedy = "Let all connections of one client leave by the same address (persistent "
		    "source NAT, no balancing between two lines), or add the pair to the "
		    "server's trusted data peers.",
	  .explains = "D-32 D-20 D-21 D-34b D-58 D-78" },
};

const struct stage stage_passive = { "Passive data connections", rows, ARRAY_SIZE(rows) };
