/* doctor/causes_data.c - causes in the TLS of data connections; see cause.h. */
#include "doctor/cause.h"

static bool says_reuse(const struct reply *reply)
{
	return reply && (reply_names(reply, "D-52") ||
			 text_has_word(reply->text, "reuse|resum|re-use|session cache"));
}

/* Failed at TLS or right behind it, as one that the server turned away for its session. */
static bool failed_at_tls(const struct transfer *transfer)
{
	const struct reply *refusal = transfer_refusal(transfer);

	if (transfer->tls.outcome == NET_UNTRIED || !transfer_has_failed(transfer) ||
	    transfer->result == TRANSFER_SETUP_REFUSED ||
	    transfer->operation == OPERATION_EMPTY_UPLOAD) /* D-58a */
		return false;
	if (transfer->result == TRANSFER_TLS_FAILED || says_reuse(refusal))
		return true;
	/* In TLS 1.3 the server judges when the client believes to be done. */
	return transfer->moved_bytes == 0 && refusal &&
	       (refusal->code == 425 || refusal->code == 522 || refusal->code == 426);
}

static const struct transfer *full_handshake_failure(const struct evidence *evidence)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ 0 }, &at)))
		if (failed_at_tls(transfer) && !transfer->tls.is_resumed)
			return transfer;
	return NULL;
}

/* Resumed ones worked, and later one failed although it offered to resume. */
static bool tickets_run_out(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	unsigned n_worked = 0;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ 0 }, &at))) {
		if (transfer->result == TRANSFER_OK && transfer->tls.outcome == NET_OK) {
			n_worked++;
			continue;
		}
		/* With one ticket it cannot be told from a server that wants reuse (D-52). */
		if (n_worked < 2 || !failed_at_tls(transfer) || !transfer->tls.offered_resumption)
			continue;
		fact_number(finding, "transfers", n_worked);
		const struct reply *refusal = transfer_refusal(transfer);
		if (refusal)
			fact_reply(finding, refusal);
		return true;
	}
	return false;
}

static bool resuming_fails(const struct evidence *evidence)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ 0 }, &at)))
		if (failed_at_tls(transfer) && transfer->tls.offered_resumption)
			return true;
	return false;
}

static bool reuse_is_required(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *failed = full_handshake_failure(evidence);
	const struct reply *refusal = failed ? transfer_refusal(failed) : NULL;
	bool others_resume = false;
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ .results = BIT(TRANSFER_OK) },
					 &at)))
		others_resume |= transfer->tls.is_resumed;
	/* Whoever resumes as clients should is not in trouble: see the last row of all. */
	if (others_resume && !resuming_fails(evidence))
		return false;
	if (!failed || (!says_reuse(refusal) && (failed->tls.offered_resumption || !others_resume)))
		return false;
	if (refusal)
		fact_reply(finding, refusal);
	fact_text(finding, "resumed", others_resume ? "works" : "not offered");
	if (refusal)
		finding_add(finding, "The server says: \"{reply}\".");
	if (says_reuse(refusal))
		finding->confidence = 95;
	return true;
}

static const struct exchange *prot_exchange(const struct evidence *evidence,
					    const struct transfer *transfer)
{
	return transfer->control < evidence->n_controls
		       ? control_exchange(&evidence->controls[transfer->control], "PROT")
		       : NULL;
}

static bool protection_is_required(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ .results = RESULTS_FAILED },
					 &at))) {
		const struct reply *reply = transfer_refusal(transfer);

		if (!reply || says_reuse(reply))
			continue;
		bool says_so = reply_names(reply, "D-54") ||
			       text_has_word(reply->text, "prot p|encrypted|must be protected|"
							  "protection level|data tls");
		bool is_code = !transfer->is_protected && transfer->tls.outcome == NET_UNTRIED &&
			       (reply->code == 521 || reply->code == 522 || reply->code == 534) &&
			       transfer->result != TRANSFER_SETUP_REFUSED;
		if (transfer->is_protected || (!says_so && !is_code))
			continue;
		fact_reply(finding, reply);
		fact_text(finding, "command", transfer->command);
		return true;
	}
	return false;
}

static bool server_sends_clear(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(
			evidence, (struct wanted){ .results = BIT(TRANSFER_TLS_FAILED) }, &at))) {
		const struct exchange *prot = prot_exchange(evidence, transfer);
		bool is_clear = text_has_word(transfer->tls.error,
					      "wrong version number|packet length|http request|"
					      "unknown protocol");
		bool was_refused = prot && reply_is_refusal(&prot->reply);

		if (!is_clear && !was_refused)
			continue;
		if (was_refused) {
			fact_reply(finding, &prot->reply);
			finding_add(finding, "It had refused PROT P: \"{reply}\".");
		}
		fact_text(finding, "error", transfer->tls.error);
		return true;
	}
	return false;
}

/* vsftpd and ProFTPD require it unless they are told otherwise: nobody has decided anything. */
static bool is_so_by_default(const struct evidence *evidence, const struct transfer *failed,
			     const struct reply *refusal)
{
	const struct reply *banner =
		failed->control < evidence->n_controls
			? control_any_reply(&evidence->controls[failed->control], "")
			: NULL;

	return (banner && text_has_word(banner->text, "vsftpd|proftpd")) ||
	       (refusal && text_has_word(refusal->text, "require_ssl_reuse|unable to build data "
							"connection: operation not permitted"));
}

/* Full handshakes are turned away, and those that resume all get in. */
static bool reuse_is_wanted(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *failed = full_handshake_failure(evidence), *transfer;
	const struct reply *refusal = failed ? transfer_refusal(failed) : NULL;
	bool others_resume = false;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ .results = BIT(TRANSFER_OK) },
					 &at)))
		others_resume |= transfer->tls.is_resumed;
	if (!failed || !others_resume || resuming_fails(evidence))
		return false;
	if (refusal) {
		fact_reply(finding, refusal);
		finding_add(finding, "The server says: \"{reply}\".");
	}
	fact_text(finding, "resumed", "works");
	if (is_so_by_default(evidence, failed, refusal))
		finding->severity = SEVERITY_REMARK;
	return true;
}

static bool certificates_differ(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ 0 }, &at))) {
		const struct control *control = transfer->control < evidence->n_controls
							? &evidence->controls[transfer->control]
							: NULL;
		if (!control || control->handshake.n_chain == 0 || transfer->tls.is_resumed ||
		    !*transfer->tls.fingerprint ||
		    strcmp(transfer->tls.fingerprint, control->handshake.chain[0].fingerprint) == 0)
			continue;
		fact_text(finding, "certificate", control->handshake.chain[0].common_name);
		fact_text(finding, "fingerprint", control->handshake.chain[0].fingerprint);
		fact_text(finding, "data_fingerprint", transfer->tls.fingerprint);
		return true;
	}
	return false;
}

static bool ends_without_notify(const struct evidence *evidence, struct finding *finding)
{
	const struct wanted read = { .operations = OPERATIONS_DOWNLOAD | BIT(OPERATION_LIST),
				     .results = BIT(TRANSFER_OK) };
	const struct transfer *transfer;
	unsigned n = 0;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, read, &at)))
		n += transfer->tls.outcome == NET_OK && transfer->end == DATA_END_FIN &&
		     transfer->failure != NET_TOO_MUCH;
	fact_number(finding, "transfers", n);
	return n > 0;
}

/* All was sent, and the server saw a reset instead of the end. */
static bool upload_tail_is_lost(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence,
					 (struct wanted){ .operations = OPERATIONS_UPLOAD,
							  .results = RESULTS_FAILED },
					 &at))) {
		const struct reply *reply = transfer_refusal(transfer);
		bool is_all = transfer->expected_bytes > 0 &&
			      transfer->moved_bytes == transfer->expected_bytes;

		if (!is_all || !reply || upload_is_stuck(transfer) ||
		    (reply->code != 426 && reply->code != 451 && reply->code != 425 &&
		     reply->code != 450) ||
		    text_has_word(reply->text, "space|quota|disk|permission|denied"))
			continue;
		fact_reply(finding, reply);
		fact_number(finding, "bytes", (int64_t)transfer->moved_bytes);
		fact_text(finding, "version", transfer->tls.version);
		if (strcmp(transfer->tls.version, "TLSv1.3") != 0)
			finding->confidence = 55;
		return true;
	}
	return false;
}

/* The data connection stood: one that stays out is no fault of the file's being empty. */
static bool empty_upload_fails(const struct evidence *evidence, struct finding *finding)
{
	const unsigned no_way = BIT(TRANSFER_NOT_CONNECTED) | BIT(TRANSFER_SETUP_REFUSED) |
				BIT(TRANSFER_SETUP_UNREADABLE) | BIT(TRANSFER_ELSEWHERE);
	const struct transfer *failed =
		find_transfer(evidence,
			      (struct wanted){ .operations = BIT(OPERATION_EMPTY_UPLOAD),
					       .results = RESULTS_FAILED & ~no_way },
			      NULL);
	const struct reply *reply = failed ? transfer_refusal(failed) : NULL;

	if (!failed || !has_transfer(evidence, (struct wanted){ .operations = BIT(OPERATION_UPLOAD),
								.results = BIT(TRANSFER_OK) }))
		return false;
	if (reply)
		fact_reply(finding, reply);
	return true;
}

static const struct cause rows[] = {
	{ .id = "D-54",
	  .title = "The server wants data connections to be encrypted (PROT P)",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 95,
	  .applies = protection_is_required,
	  .explanation = "The server answers \"{command}\" with \"{reply}\".",
	  .remedy = "Turn on the encryption of data connections in the client (\"PROT P\"), with "
		    "explicit or implicit TLS.",
	  .explains = "D-52 D-53" },
	{ .id = "D-55",
	  .title = "Data connections are in clear at one end and encrypted at the other",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = server_sends_clear,
	  .explanation = "PROT P was asked for, and no TLS handshake takes place on data "
			 "connections.",
	  .remedy = "Let the server protect data connections when it has agreed to PROT P, or "
		    "refuse transfers; a client has to send PBSZ 0 and PROT P after the login.",
	  .explains = "D-52 D-53" },
	{ .id = "D-53",
	  .title = "The TLS session can be resumed only a few times",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 80,
	  .applies = tickets_run_out,
	  .explanation = "{transfers} encrypted transfers worked; the next one was turned away at "
			 "its handshake, although it offered to resume as the others did.",
	  .remedy = "Let the server issue new tickets on the command connection before they are "
		    "used up, or not require session reuse. Clients: reconnect after a few "
		    "files.",
	  .explains = "D-52 D-58 D-82" },
	{ .id = "D-52",
	  .title = "The server requires TLS session reuse on data connections",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = reuse_is_required,
	  .explanation = "A data connection with a handshake of its own is turned away; it has to "
			 "resume the session of the command connection, which many clients cannot.",
	  .remedy = "Set the policy to \"prefer\" (Sallyport: data_session_reuse = prefer; vsftpd: "
		    "require_ssl_reuse=NO; ProFTPD: TLSOptions NoSessionReuseRequired), or use a "
		    "client that resumes sessions, such as FileZilla or lftp.",
	  .explains = "D-58 D-82" },
	{ .id = "D-56",
	  .title = "Data connections show another certificate",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = certificates_differ,
	  .explanation = "The command connection shows {certificate} with the fingerprint "
			 "{fingerprint}, data connections one with {data_fingerprint}: to clients "
			 "that looks like an attack.",
	  .remedy = "Use the same certificate for both, on all nodes of a pool." },
	{ .id = "D-57",
	  .title = "Data connections end without TLS close_notify",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = ends_without_notify,
	  .explanation = "{transfers} encrypted transfers ended with the bare end of TCP: nobody "
			 "can tell a whole file from one that was cut off, and strict clients "
			 "report an error.",
	  .remedy = "Update the server, or whatever ends TLS before it, so that it says "
		    "close_notify." },
	{ .id = "D-58",
	  .title = "Uploads are lost at their end",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 70,
	  .applies = upload_tail_is_lost,
	  .explanation = "All {bytes} bytes were sent and the connection ended properly; the "
			 "server says \"{reply}\". With TLS 1.3 a server that leaves a ticket "
			 "unread in the air gets a reset there.",
	  .remedy = "Update the server: it must not send session tickets on data connections. As "
		    "a stopgap use TLS 1.2.",
	  .tells_apart = "If it works with TLS 1.2 at most, it is that; else a box cuts uploads "
			 "off (D-34b)." },
	{ .id = "D-58a",
	  .title = "Empty files cannot be uploaded",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = empty_upload_fails,
	  .explanation = "A file of 512 bytes arrives, an empty one fails.",
	  .remedy = "Update the server so that it accepts a data connection that ends right "
		    "behind its handshake." },
};

const struct stage stage_data = { "TLS on data connections", rows, ARRAY_SIZE(rows) };

static const struct cause reuse_rows[] = {
	{ .id = "D-52",
	  .title = "Data connections have to resume the TLS session",
	  .severity = SEVERITY_NOTE,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = reuse_is_wanted,
	  .explanation = "A data connection that resumes the session of the command connection "
			 "works, one with a handshake of its own is turned away: clients that "
			 "cannot resume fail.",
	  .remedy = "Use a client that resumes sessions, such as FileZilla or lftp; for others set "
		    "the policy to \"prefer\" (Sallyport: data_session_reuse = prefer; vsftpd: "
		    "require_ssl_reuse=NO; ProFTPD: TLSOptions NoSessionReuseRequired)." },
};

/* What is only worth knowing comes last. */
const struct stage stage_reuse = { "TLS session reuse", reuse_rows, ARRAY_SIZE(reuse_rows) };
