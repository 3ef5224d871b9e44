/* doctor/causes_mode.c - causes of one of the two passive commands that fails while the other
 * works, and, when all else is ruled out, of connections that end up at another machine; see
 * cause.h. */
#include "doctor/cause.h"

/* A connection that opens and leads nowhere is no proof of the other command's fault. */
static bool has_worked(const struct evidence *evidence, enum data_mode mode)
{
	return has_transfer(evidence,
			    (struct wanted){ .modes = BIT(mode), .results = BIT(TRANSFER_OK) });
}

static bool epsv_is_broken(const struct evidence *evidence, struct finding *finding)
{
	struct way epsv = way_of(evidence, BIT(DATA_EPSV)), pasv = way_of(evidence, BIT(DATA_PASV));
	const struct transfer *refused = find_refused_setup(evidence, DATA_EPSV);

	if (pasv.n_connected == 0 || epsv.n_connected > 0 || !has_worked(evidence, DATA_PASV))
		return false;
	if (epsv.blocked) {
		fact_blocked(finding, epsv.blocked);
		finding_add(finding, "The port that EPSV told ({port}) does not open ({how}); "
				     "those that PASV tells on the same host do.");
		return true;
	}
	if (!refused || reply_names(&refused->setup, "D-33"))
		return false;
	fact_reply(finding, &refused->setup);
	finding_add(finding, "EPSV is answered with \"{reply}\".");
	return true;
}

static bool reply_was_rewritten(const struct evidence *evidence, struct finding *finding)
{
	struct way epsv = way_of(evidence, BIT(DATA_EPSV)), pasv = way_of(evidence, BIT(DATA_PASV));
	const struct transfer *failed = pasv.blocked;

	if (!failed || pasv.n_silent + pasv.n_refused == 0 || pasv.n_connected > 0 ||
	    epsv.n_connected == 0 || !has_worked(evidence, DATA_EPSV))
		return false;
	fact_blocked(finding, failed);
	fact_text(finding, "received", failed->setup.text);
	if (failed->view.is_there && *failed->view.passive_reply &&
	    strcmp(failed->view.passive_reply, failed->setup.text) != 0) {
		fact_text(finding, "sent", failed->view.passive_reply);
		finding->confidence = 95;
		finding_add(finding, "The server sent \"{sent}\", and \"{received}\" arrived.");
	}
	if (evidence->other_end.passive_first &&
	    (failed->announced.port < evidence->other_end.passive_first ||
	     failed->announced.port > evidence->other_end.passive_last))
		finding_add(finding, "Port %u is outside of the server's range %u-%u.",
			    failed->announced.port, evidence->other_end.passive_first,
			    evidence->other_end.passive_last);
	return true;
}

static bool pasv_is_refused(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *pasv = find_refused_setup(evidence, DATA_PASV);
	const struct address *peer = pasv ? transfer_server(evidence, pasv) : NULL;

	if (!pasv || way_of(evidence, BIT(DATA_EPSV)).n_connected == 0)
		return false;
	fact_reply(finding, &pasv->setup);
	if (peer)
		fact_host(finding, "address", peer);
	if (reply_names(&pasv->setup, "D-26"))
		finding_advise(finding, WHO_SERVER,
			       "Set the external address of the server to one that resolves; until "
			       "then clients use EPSV.");
	return true;
}

/* Opened, and gone before a byte: as often as it was tried. */
static bool leads_to_another_node(const struct evidence *evidence, struct finding *finding)
{
	const struct wanted wanted = { .modes = MODES_PASSIVE, .results = RESULTS_FAILED };
	const struct transfer *transfer, *shown = NULL;
	bool is_unseen = false;
	size_t at = 0;

	if (has_transfer(evidence,
			 (struct wanted){ .modes = MODES_PASSIVE,
					  .operations = BIT(OPERATION_LIST) | BIT(OPERATION_UPLOAD),
					  .results = BIT(TRANSFER_OK) }))
		return false;
	while ((transfer = find_transfer(evidence, wanted, &at))) {
		const struct reply *reply = transfer_refusal(transfer);
		bool is_gone = transfer->failure == NET_RESET || transfer->failure == NET_CLOSED ||
			       transfer->tls.outcome == NET_RESET ||
			       transfer->tls.outcome == NET_CLOSED || (reply && reply->code == 425);

		bool has_opened = transfer->attempt.outcome == NET_OK ||
				  transfer->attempt.outcome == NET_RESET;

		if (!has_opened || transfer->moved_bytes > 0 || !is_gone ||
		    (reply && reply->code != 425 && reply->code != 426))
			continue;
		shown = shown ? shown : transfer;
		is_unseen |= transfer->view.is_there && transfer->view.arrival == ARRIVAL_NOTHING;
	}
	if (!shown)
		return false;
	fact_address(finding, &shown->attempt.peer);
	if (is_unseen) {
		fact_text(finding, "arrived", "nothing");
		finding_add(finding, "The server of this session saw none of it.");
		finding->confidence = 90;
	}
	return true;
}

static const struct cause rows[] = {
	{ .id = "D-29",
	  .title = "EPSV does not work, PASV does",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 80,
	  .applies = epsv_is_broken,
	  .explanation = "A box on the way, or the server, does not understand EPSV.",
	  .remedy = "Switch EPSV off in the client, or for this network at the server; or turn "
		    "off FTP inspection, or bring it up to date.",
	  .tells_apart = "EPSV from another network tells whether the server or a box is at "
			 "fault." },
	{ .id = "D-27",
	  .title = "A box rewrites the reply to PASV",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 70,
	  .applies = reply_was_rewritten,
	  .explanation =
		  "The port of the 227 reply ({port}) does not open ({how}), while those that "
		  "EPSV tells on the same host do.",
	  .remedy = "Turn off the FTP ALG or helper on the router that rewrites 227, or use TLS, "
		    "which it cannot read; clients until then: use EPSV.",
	  .tells_apart = "What the server sent, by its log, against what arrived here." },
	{ .id = "D-30",
	  .title = "PASV is refused, EPSV works",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_YOU,
	  .confidence = 90,
	  .applies = pasv_is_refused,
	  .explanation = "The server answers PASV with \"{reply}\".",
	  .remedy = "Use EPSV: turn it on in the client's settings." },
	{ .id = "D-32",
	  .title = "Data connections end up at another machine",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 60,
	  .applies = leads_to_another_node,
	  .explanation = "Connections to {address}, port {port}, open and are gone before a single "
			 "byte.",
	  .remedy = "Let the load balancer send all connections of a client to one node, or give "
		    "each node an address of its own for data.",
	  .tells_apart = "If the node's log shows the connection, something resets it behind "
			 "that; if not, it went elsewhere." },
};

const struct stage stage_mode = { "Passive data connections", rows, ARRAY_SIZE(rows) };
