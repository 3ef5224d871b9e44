/* doctor/causes_passive.c - causes on the way of passive data connections, from us to the server;
 * see cause.h. A reply tells more than silence, and both ends more than one. */
#include "doctor/cause.h"

/* --- addresses in 227 ------------------------------------------------------------------------- */

static const struct address *peer_of(const struct evidence *evidence,
				     const struct transfer *transfer)
{
	return transfer->control < evidence->n_controls
		       ? &evidence->controls[transfer->control].attempt.peer
		       : NULL;
}

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
	const struct address *peer = peer_of(evidence, transfer);
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
	const struct address *peer = transfer ? peer_of(evidence, transfer) : NULL;

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
	const struct address *peer = transfer ? peer_of(evidence, transfer) : NULL;
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

static const struct transfer *refused_setup(const struct evidence *evidence, enum data_mode mode)
{
	const struct wanted wanted = { .modes = BIT(mode), .results = BIT(TRANSFER_SETUP_REFUSED) };
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, wanted, &at)))
		if (reply_is_refusal(&transfer->setup))
			return transfer;
	return NULL;
}

static bool has_any(const struct evidence *evidence, enum data_mode mode)
{
	return has_transfer(evidence, (struct wanted){ .modes = BIT(mode) });
}

static bool ports_are_busy(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *epsv = refused_setup(evidence, DATA_EPSV);
	const struct transfer *pasv = refused_setup(evidence, DATA_PASV);
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
	const struct transfer *epsv = refused_setup(evidence, DATA_EPSV);
	const struct transfer *pasv = refused_setup(evidence, DATA_PASV);
	const struct transfer *shown = pasv ? pasv : epsv;

	if (!shown || way_of(evidence, MODES_PASSIVE).n_tried > 0 ||
	    (!epsv && has_any(evidence, DATA_EPSV)) || (!pasv && has_any(evidence, DATA_PASV)))
		return false;
	fact_reply(finding, &shown->setup);
	fact_text(finding, "command", shown->setup_command);
	return true;
}

static bool pasv_is_refused(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *pasv = refused_setup(evidence, DATA_PASV);
	const struct address *peer = pasv ? peer_of(evidence, pasv) : NULL;

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

/* --- one of the two commands ------------------------------------------------------------------ */

static void note_blocked(struct finding *finding, const struct transfer *transfer)
{
	fact_address(finding, &transfer->attempt.peer);
	fact_number(finding, "seconds",
		    MAX_OF(seconds_of_ms(transfer->attempt.duration_ms), (int64_t)1));
	fact_text(finding, "how",
		  transfer->attempt.outcome == NET_TIMED_OUT ? "silence" : "refused");
}

/* A connection that opens and leads nowhere is no proof of the other command's fault. */
static bool has_worked(const struct evidence *evidence, enum data_mode mode)
{
	return has_transfer(evidence,
			    (struct wanted){ .modes = BIT(mode), .results = BIT(TRANSFER_OK) });
}

static bool epsv_is_broken(const struct evidence *evidence, struct finding *finding)
{
	struct way epsv = way_of(evidence, BIT(DATA_EPSV)), pasv = way_of(evidence, BIT(DATA_PASV));
	const struct transfer *refused = refused_setup(evidence, DATA_EPSV);

	if (pasv.n_connected == 0 || epsv.n_connected > 0 || !has_worked(evidence, DATA_PASV))
		return false;
	if (epsv.blocked) {
		note_blocked(finding, epsv.blocked);
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
	note_blocked(finding, failed);
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

/* --- the range -------------------------------------------------------------------------------- */

/* What is known of the passive ports: from the server itself, or from who promised. */
static bool known_range(const struct evidence *evidence, uint16_t *ret_first, uint16_t *ret_last)
{
	const struct other_end *other = &evidence->other_end;
	bool is_told = other->is_there && other->passive_first != 0;

	if (!is_told && evidence->conditions.promised_first == 0)
		return false;
	*ret_first = is_told ? other->passive_first : evidence->conditions.promised_first;
	*ret_last = is_told ? other->passive_last : evidence->conditions.promised_last;
	return true;
}

static void note_range(const struct evidence *evidence, struct finding *finding)
{
	uint16_t first, last;

	if (known_range(evidence, &first, &last)) {
		fact_range(finding, first, last);
		return;
	}
	finding_add(finding, "The server's administrator knows the whole range of its passive "
			     "ports.");
	finding_advise(finding, finding->who,
		       "Ask the server's administrator for its range of passive ports, {port} is "
		       "one of them, and for this rule: allow outbound TCP to {address}, this "
		       "range. If the firewall on this side lets it pass, the server's side must "
		       "let it in.");
}

static bool sample_is_open(const struct sample *sample)
{
	/* Nobody need listen at a promised port: a refusal of the host proves the way. */
	return sample->attempt.outcome == NET_OK ||
	       (sample->origin == SAMPLE_PROMISED && sample->attempt.outcome == NET_REFUSED);
}

static bool sample_is_blocked(const struct sample *sample)
{
	enum net_outcome outcome = sample->attempt.outcome;

	return outcome == NET_TIMED_OUT || outcome == NET_UNREACHABLE ||
	       (outcome == NET_REFUSED && sample->origin != SAMPLE_PROMISED);
}

/* Ports seen open and blocked, of samples and of transfers: one bit each. */
struct port_map {
	uint8_t open[8192], blocked[8192];
	unsigned n_open, n_blocked, n_silent; /* silent: blocked without a reset */
};

static bool map_has(const uint8_t *bits, unsigned port)
{
	return bits[port / 8] & (1u << port % 8);
}

static void map_add(uint8_t *bits, unsigned *n, unsigned port)
{
	if (!map_has(bits, port))
		++*n;
	bits[port / 8] |= (uint8_t)(1u << port % 8);
}

static void map_add_blocked(struct port_map *ret, const struct attempt *attempt)
{
	ret->n_silent += attempt->outcome != NET_REFUSED;
	map_add(ret->blocked, &ret->n_blocked, attempt->peer.port);
}

static void map_samples(const struct evidence *evidence, enum sample_origin origin,
			struct port_map *ret)
{
	for (size_t i = 0; i < evidence->n_samples; i++) {
		const struct sample *sample = &evidence->samples[i];

		if (sample->origin != origin)
			continue;
		if (sample_is_open(sample))
			map_add(ret->open, &ret->n_open, sample->attempt.peer.port);
		else if (sample_is_blocked(sample))
			map_add_blocked(ret, &sample->attempt);
	}
}

/* Of one mode, so that a box which dislikes the other command does not count as a hole. */
static void map_transfers(const struct evidence *evidence, enum data_mode mode,
			  struct port_map *ret)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ .modes = BIT(mode) }, &at))) {
		enum net_outcome outcome = transfer->attempt.outcome;

		if (transfer->operation == OPERATION_DELETE)
			continue;
		if (outcome == NET_OK)
			map_add(ret->open, &ret->n_open, transfer->attempt.peer.port);
		else if (outcome == NET_TIMED_OUT || outcome == NET_REFUSED ||
			 outcome == NET_UNREACHABLE)
			map_add_blocked(ret, &transfer->attempt);
	}
}

/* A ban that fell in between is no hole in a range: then everything after it is blocked. */
static bool control_died(const struct evidence *evidence)
{
	const struct control *control = evidence_control(evidence, PURPOSE_MAIN);

	return control && control->ending == NET_TIMED_OUT;
}

static void add_piece(struct buf *out, unsigned from, unsigned to)
{
	buf_addf(out, "%s%u", out->len > 0 ? ", " : "", from);
	if (to != from)
		buf_addf(out, "-%u", to);
}

/* The pieces of first-last in which blocked ports were seen, up to their nearest open neighbours:
 * with exact borders where they were sought. */
static void describe_map(struct finding *finding, const struct port_map *map, unsigned first,
			 unsigned last)
{
	char blocked[EVIDENCE_LINE], open[EVIDENCE_LINE];
	struct buf blocked_out, open_out;
	bool is_first_piece = true;
	int state = -1; /* 0: in a blocked piece, 1: in an open one */
	unsigned from = first, seen = first;

	buf_init(&blocked_out, blocked, sizeof(blocked));
	buf_init(&open_out, open, sizeof(open));
	for (unsigned port = first; port <= last + 1; port++) {
		int now = port > last			? 2
			  : map_has(map->blocked, port) ? 0
			  : map_has(map->open, port)	? 1
							: -1;

		if (now < 0 || now == state) {
			seen = now < 0 ? seen : port;
			continue;
		}
		if (state >= 0) {
			struct buf *out = state == 0 ? &blocked_out : &open_out;
			/* Up to the border when it is known or the range ends. */
			unsigned to = now == 2 ? last : seen;

			add_piece(out, from, to);
			if (state == 0 && is_first_piece) {
				fact_range(finding, (uint16_t)from, (uint16_t)to);
				is_first_piece = false;
			}
			from = port;
		}
		state = now;
		seen = port;
	}
	fact_text(finding, "missing", blocked);
	fact_text(finding, "open", open);
}

static bool range_is_partly_open(const struct evidence *evidence, struct finding *finding)
{
	static const enum sample_origin origins[] = { SAMPLE_RESERVED, SAMPLE_OFFERED,
						      SAMPLE_PROMISED };
	AUTO_FREE struct port_map *map = NULL;
	uint16_t first = UINT16_MAX, last = 0;
	bool is_mixed = false;

	if (control_died(evidence))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(origins) + 2 && !is_mixed; i++) {
		free(map);
		map = calloc(1, sizeof(*map));
		if (!map)
			return false;
		if (i < ARRAY_SIZE(origins))
			map_samples(evidence, origins[i], map);
		else
			map_transfers(evidence, i == ARRAY_SIZE(origins) ? DATA_PASV : DATA_EPSV,
				      map);
		/* What nobody listens at may be silent for its own reasons. */
		is_mixed = map->n_open > 0 && map->n_blocked > 0 &&
			   (i >= ARRAY_SIZE(origins) || origins[i] != SAMPLE_PROMISED ||
			    way_of(evidence, MODES_PASSIVE).n_silent > 0 ||
			    evidence->n_transfers == 0);
	}
	if (!is_mixed)
		return false;
	/* Everything that is known of these ports helps, whatever was tried first. */
	for (size_t i = 0; i < ARRAY_SIZE(origins); i++)
		map_samples(evidence, origins[i], map);
	map_transfers(evidence, DATA_PASV, map);
	map_transfers(evidence, DATA_EPSV, map);
	for (size_t i = 0; i < sizeof(map->open); i++)
		map->blocked[i] &= (uint8_t)~map->open[i];
	/* A single refusal is no hole: a limit of connections (D-34) looks the same. */
	if (map->n_blocked == 1 && map->n_silent == 0 && !evidence->other_end.is_there)
		return false;
	if (!known_range(evidence, &first, &last)) {
		for (unsigned port = 1; port <= UINT16_MAX; port++) {
			if (!map_has(map->open, port) && !map_has(map->blocked, port))
				continue;
			first = MIN_OF(first, (uint16_t)port);
			last = (uint16_t)port;
		}
	}
	describe_map(finding, map, first, last);
	const struct named_value *blocked = finding_fact(finding, "first");
	if (!blocked)
		return false;
	fact_number(finding, "port", blocked->number);
	const struct way way = way_of(evidence, MODES_PASSIVE);
	const struct transfer *shown = way.blocked ? way.blocked : way.open;
	if (shown)
		fact_host(finding, "address", &shown->attempt.peer);
	else if (evidence->n_samples > 0)
		fact_host(finding, "address", &evidence->samples[0].attempt.peer);
	if (shown)
		(void)fact_hop(evidence, finding, &shown->attempt.peer);
	finding->confidence = evidence->other_end.is_there ? 95 : 80;
	return true;
}

/* The state of the server's ports, when none at all opened. */
static const struct transfer *all_blocked(const struct evidence *evidence, bool wants_silence)
{
	struct way way = way_of(evidence, MODES_PASSIVE);
	bool is_silent = way.n_silent >= way.n_refused;

	if (way.n_connected > 0 || way.n_silent + way.n_refused == 0 || is_silent != wants_silence)
		return NULL;
	return way.blocked;
}

static void note_other_end(const struct evidence *evidence, struct finding *finding,
			   const struct transfer *failed)
{
	if (!evidence->other_end.is_there)
		return;
	if (failed->view.is_there && failed->view.arrival == ARRIVAL_NOTHING) {
		fact_text(finding, "arrived", "nothing");
		finding_add(finding, "The server was listening there and saw nothing of it.");
		finding->confidence = MAX_OF(finding->confidence, 90u);
	}
}

/* Ports of the promised range pass although the ones that the server offers do not. */
static bool ranges_differ(const struct evidence *evidence, struct finding *finding)
{
	const struct conditions *conditions = &evidence->conditions;
	const struct transfer *failed = all_blocked(evidence, true);
	unsigned n_passing = 0, n_blocked = 0;

	if (!failed || conditions->promised_first == 0 ||
	    (failed->attempt.peer.port >= conditions->promised_first &&
	     failed->attempt.peer.port <= conditions->promised_last))
		return false;
	for (size_t i = 0; i < evidence->n_samples; i++) {
		const struct sample *sample = &evidence->samples[i];

		if (sample->origin != SAMPLE_PROMISED)
			continue;
		n_passing += sample_is_open(sample);
		n_blocked += sample_is_blocked(sample);
	}
	if (n_passing == 0 || n_passing < n_blocked)
		return false;
	note_blocked(finding, failed);
	fact_number(finding, "open_first", conditions->promised_first);
	fact_number(finding, "open_last", conditions->promised_last);
	if (evidence->other_end.is_there && evidence->other_end.passive_first)
		fact_range(finding, evidence->other_end.passive_first,
			   evidence->other_end.passive_last);
	else
		fact_range(finding, failed->attempt.peer.port, failed->attempt.peer.port);
	note_other_end(evidence, finding, failed);
	return true;
}

/* The server stands behind a translator: the address that it is reached at is not its own. */
static bool is_not_forwarded(const struct evidence *evidence, struct finding *finding)
{
	const struct other_end *other = &evidence->other_end;
	const struct transfer *failed = all_blocked(evidence, false);
	const struct address *peer = failed ? peer_of(evidence, failed) : NULL;

	if (!failed || !peer || !other->is_there || address_is_unspecified(&other->local) ||
	    address_same_host(&other->local, peer) || failed->view.arrival != ARRIVAL_NOTHING)
		return false;
	note_blocked(finding, failed);
	fact_host(finding, "inside", &other->local);
	note_range(evidence, finding);
	note_other_end(evidence, finding, failed);
	return true;
}

static bool range_is_dropped(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *failed = all_blocked(evidence, true);

	if (!failed)
		return false;
	note_blocked(finding, failed);
	note_other_end(evidence, finding, failed);
	note_range(evidence, finding);
	(void)fact_hop(evidence, finding, &failed->attempt.peer);
	return true;
}

static bool range_is_refused(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *failed = all_blocked(evidence, false);
	char shown[ADDRESS_TEXT_SIZE];

	if (!failed)
		return false;
	note_blocked(finding, failed);
	if (failed->attempt.icmp.is_there) {
		fact_text(finding, "by", failed->attempt.icmp.kind);
		fact_host(finding, "from", &failed->attempt.icmp.from);
		finding_add(finding, "%s answered with the ICMP message \"%s\".",
			    address_format_ip(&failed->attempt.icmp.from, shown),
			    failed->attempt.icmp.kind);
	} else {
		fact_text(finding, "by", "rst");
	}
	note_other_end(evidence, finding, failed);
	note_range(evidence, finding);
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
	{ .id = "D-23",
	  .title = "The passive range is only partly open",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 80,
	  .applies = range_is_partly_open,
	  .explanation = "Of the passive ports of {address} some open ({open}) and some do not "
			 "({missing}): transfers fail now and then.",
	  .remedy = "Ask for this rule: allow outbound TCP to {address}, ports {missing}, as well. "
		    "If the firewall on this side lets them pass, the server's side must let "
		    "them in.",
	  .tells_apart = "The same ports from another network: if they open there, the wall is on "
			 "this side.",
	  .explains = "D-20 D-21 D-22 D-24 D-27 D-29" },
	{ .id = "D-24",
	  .title = "The firewall opens another range than the server uses",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = ranges_differ,
	  .explanation = "Ports {open_first}-{open_last} pass; the server offers {range}, which is "
			 "silent.",
	  .remedy = "Make both equal: passive ports of the server and the firewall's rule, "
		    "{open_first}-{open_last} or {range}.",
	  .explains = "D-20 D-22" },
	{ .id = "D-22",
	  .title = "The router does not forward the passive range to the server",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 80,
	  .applies = is_not_forwarded,
	  .explanation = "The server stands at {inside}, behind a router at {address}, which turns "
			 "port {port} away itself.",
	  .remedy = "Forward TCP {range} on the router from {address} to {inside}, as it does "
		    "with the command port.",
	  .tells_apart = "A client in the server's own network gets through if it is that.",
	  .explains = "D-21" },
	{ .id = "D-20",
	  .title = "A firewall drops the passive ports",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 80,
	  .applies = range_is_dropped,
	  .explanation = "The server offers passive ports, and connections to {address}, port "
			 "{port}, vanish without a word ({seconds} s waited). Each listing and "
			 "each file needs such a connection: logins work, all else hangs, and some "
			 "servers leave files of zero bytes.",
	  .remedy = "Ask for this rule: allow outbound TCP to {address}, ports {range}. If the "
		    "firewall on this side lets them pass, the server's side must let them in.",
	  .tells_apart = "The same port from another network: if it opens there, the wall is on "
			 "this side; else at the server's firewall, or its router does not "
			 "forward (D-22).",
	  .explains = "D-29 D-27" },
	{ .id = "D-21",
	  .title = "A firewall rejects the passive ports",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 80,
	  .applies = range_is_refused,
	  .explanation = "The server offers passive ports, and connections to {address}, port "
			 "{port}, are turned away at once.",
	  .remedy = "Ask for this rule: allow outbound TCP to {address}, ports {range}. If the "
		    "firewall on this side lets them pass, the server's side must let them in.",
	  .tells_apart = "The same port from another network: if it opens there, the wall is on "
			 "this side; else at the server's firewall or router (D-22).",
	  .explains = "D-29 D-27" },
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

const struct stage stage_passive = { "Passive data connections", rows, ARRAY_SIZE(rows) };
