/* doctor/causes_range.c - causes in the range of passive ports: closed, partly closed, not
 * forwarded, or another one than the firewall opens; see cause.h. */
#include "doctor/cause.h"

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
	fact_blocked(finding, failed);
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
	const struct address *peer = failed ? transfer_server(evidence, failed) : NULL;

	if (!failed || !peer || !other->is_there || address_is_unspecified(&other->local) ||
	    address_same_host(&other->local, peer) || failed->view.arrival != ARRIVAL_NOTHING)
		return false;
	fact_blocked(finding, failed);
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
	fact_blocked(finding, failed);
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
	fact_blocked(finding, failed);
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

static const struct cause rows[] = {
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
};

const struct stage stage_range = { "Passive data connections", rows, ARRAY_SIZE(rows) };
