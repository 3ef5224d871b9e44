/* doctor/causes_control.c - causes on the command channel: boxes that read along; see cause.h. */
#include "doctor/cause.h"

static bool is_look(const struct control *control)
{
	return control->purpose == PURPOSE_LOOK || control->purpose == PURPOSE_GENTLE ||
	       control->purpose == PURPOSE_MAIN;
}

static const struct reply *masked_reply(const struct control *control)
{
	for (size_t i = 0; i < control->n_exchanges; i++)
		if (control->exchanges[i].reply.is_masked)
			return &control->exchanges[i].reply;
	return NULL;
}

/* AUTH is refused although FEAT of the same server, here or under TLS, offers it. */
static bool refuses_offered_auth(const struct control *control)
{
	const struct reply *auth = control_any_reply(control, "AUTH");
	const struct reply *features = control_reply(control, "FEAT", false);

	return auth && auth->code >= 500 && features && reply_has_line(features, "AUTH");
}

/* The same host takes TLS at another door. */
static bool has_tls_elsewhere(const struct evidence *evidence, const struct control *control)
{
	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		if (address_same_host(&door->address, &control->attempt.peer) &&
		    door->answer == ANSWER_TLS && door->handshake.outcome == NET_OK)
			return true;
	}
	return false;
}

static bool channel_is_inspected(const struct evidence *evidence, struct finding *finding)
{
	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct control *control = &evidence->controls[i];
		const struct reply *masked = masked_reply(control);
		const struct reply *auth = control_any_reply(control, "AUTH");
		bool wants_tls = evidence->target.given_mode == MODE_EXPLICIT;

		if (!is_look(control))
			continue;
		/* Some servers list AUTH and have no TLS: a refusal alone proves no box. */
		bool is_refused = auth && auth->code >= 500;
		if (!masked && !(is_refused && (wants_tls || has_tls_elsewhere(evidence, control))))
			continue;
		fact_address(finding, &control->attempt.peer);
		if (masked)
			fact_text(finding, "masked", masked->text);
		if (auth && auth->code >= 500) {
			fact_reply(finding, auth);
			finding_add(finding, "AUTH TLS is answered with \"{reply}\".");
		}
		if (masked)
			finding_add(finding, "Words of its replies are blotted out with X.");
		else
			finding->confidence = refuses_offered_auth(control) ? 55 : 40;
		if (!masked && !wants_tls)
			finding->severity = SEVERITY_WARNING;
		return true;
	}
	return false;
}

static bool failed_silently(enum net_outcome outcome)
{
	return outcome == NET_RESET || outcome == NET_CLOSED;
}

static bool is_handshake_with(const struct control *control, enum net_outcome outcome)
{
	return control->purpose == PURPOSE_OLDER_TLS && control->handshake.outcome == outcome;
}

static bool older_tls_works(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->n_controls; i++)
		if (is_handshake_with(&evidence->controls[i], NET_OK))
			return true;
	return false;
}

static bool reset_after_auth(const struct evidence *evidence, struct finding *finding)
{
	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct control *control = &evidence->controls[i];
		const struct exchange *auth = control_exchange(control, "AUTH");

		if (!is_look(control) || !auth || older_tls_works(evidence))
			continue;
		bool at_auth = failed_silently(auth->reply.outcome);
		bool behind = auth->reply.code == 234 && control->handshake.alert == 0 &&
			      !control->handshake.wants_client_certificate &&
			      failed_silently(control->handshake.outcome);
		if (!at_auth && !behind)
			continue;
		fact_address(finding, &control->attempt.peer);
		fact_text(finding, "after", at_auth ? "AUTH TLS" : "ClientHello");
		fact_text(finding, "ending",
			  at_auth ? (auth->reply.outcome == NET_RESET ? "reset" : "closed")
				  : (control->handshake.outcome == NET_RESET ? "reset" : "closed"));
		return true;
	}
	return false;
}

/* A verb behind which the connection broke, in clear, where another try without it goes on. */
static const char *killed_verb(const struct control *control)
{
	const struct exchange *last = NULL;

	for (size_t i = 0; i < control->n_exchanges; i++) {
		const struct exchange *exchange = &control->exchanges[i];

		if (*exchange->verb && exchange->reply.outcome != NET_OK)
			last = last ? last : exchange;
	}
	if (!last || last->is_tls || !failed_silently(last->reply.outcome) ||
	    text_has_word(last->verb, "AUTH|USER|PASS|QUIT|NOOP"))
		return NULL;
	return last->verb;
}

static bool verbs_are_killed(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct control *control = &evidence->controls[i];
		const char *verb = is_look(control) ? killed_verb(control) : NULL;

		if (!verb)
			continue;
		fact_address(finding, &control->attempt.peer);
		fact_text(finding, "command", verb);
		return true;
	}
	while ((transfer = find_transfer(evidence,
					 (struct wanted){ .results = BIT(TRANSFER_SETUP_REFUSED) },
					 &at))) {
		if (!failed_silently(transfer->setup.outcome) || transfer->tls_mode != MODE_PLAIN ||
		    transfer->control >= evidence->n_controls)
			continue;
		struct text command = text_of(transfer->setup_command), verb;
		char name[16] = "";

		if (text_take_until(&command, ' ', &verb))
			(void)snprintf(name, sizeof(name), "%.*s", (int)MIN_OF(verb.len, 15u),
				       verb.ptr);
		fact_address(finding, &evidence->controls[transfer->control].attempt.peer);
		fact_text(finding, "command", name);
		return true;
	}
	return false;
}

static const struct cause rows[] = {
	{ .id = "D-19",
	  .title = "A firewall rewrites the FTP dialogue",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 90,
	  .applies = channel_is_inspected,
	  .explanation = "What comes from {address}, port {port}, is not what an FTP server says.",
	  .remedy = "Exempt connections to {address}, port {port}, from FTP inspection (\"FTP "
		    "ALG\", \"inspect ftp\"); or use implicit TLS, port 990 or 3990, into which "
		    "it cannot look.",
	  .tells_apart = "From another network, or on a port of implicit TLS, the server's own "
			 "words are seen: if AUTH is refused there as well, it has no TLS." },
	{ .id = "D-19a",
	  .title = "A firewall cuts the connection off at AUTH TLS",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 75,
	  .applies = reset_after_auth,
	  .explanation = "The connection to {address}, port {port}, is {ending} right behind "
			 "{after}: a box that reads FTP and loses its thread when TLS begins.",
	  .remedy = "Turn off FTP inspection for {address} (\"inspect ftp\", session helper, ALG; "
		    "on a Windows client `netsh advfirewall set global StatefulFTP disable`), or "
		    "use implicit TLS, port 990 or 3990.",
	  .tells_apart = "The server's log: without a ClientHello there, a box between cut it "
			 "off; with one, the server did.",
	  .explains = "D-19b" },
	{ .id = "D-19b",
	  .title = "Strict FTP inspection cuts the connection off at a command",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 80,
	  .applies = verbs_are_killed,
	  .explanation = "The connection to {address}, port {port}, ends right behind the command "
			 "{command}, which every FTP server at least refuses with a reply.",
	  .remedy = "Turn off the strict mode of FTP inspection for {address}, or use TLS so that "
		    "the device cannot read commands.",
	  .tells_apart = "If another network shows the same, it is the server that falls over "
			 "{command}.",
	  .explains = "D-29 D-27 D-40" },
};

const struct stage stage_control = { "Command channel", rows, ARRAY_SIZE(rows) };
