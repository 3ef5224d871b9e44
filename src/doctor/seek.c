/* doctor/seek.c - finds in the evidence what the tables of causes ask for; see cause.h. */
#include "doctor/cause.h"

#define UPLOAD_LATE_MS 1200

static bool fits(unsigned wanted, unsigned value)
{
	return wanted == 0 || (wanted & BIT(value));
}

static bool is_ordinary(const struct evidence *evidence, const struct transfer *transfer)
{
	return transfer->control >= evidence->n_controls ||
	       evidence->controls[transfer->control].purpose != PURPOSE_SLOW;
}

const struct transfer *find_transfer(const struct evidence *evidence, struct wanted wanted,
				     size_t *at)
{
	for (size_t i = at ? *at : 0; i < evidence->n_transfers; i++) {
		const struct transfer *transfer = &evidence->transfers[i];

		if (!fits(wanted.modes, transfer->mode) ||
		    !fits(wanted.operations, transfer->operation) ||
		    !fits(wanted.results, transfer->result) ||
		    !fits(wanted.failures, transfer->failure) || !is_ordinary(evidence, transfer))
			continue;
		if (at)
			*at = i + 1;
		return transfer;
	}
	return NULL;
}

unsigned count_transfers(const struct evidence *evidence, struct wanted wanted)
{
	unsigned n = 0;
	size_t at = 0;

	while (find_transfer(evidence, wanted, &at))
		n++;
	return n;
}

bool transfer_is_passive(const struct transfer *transfer)
{
	return transfer->mode == DATA_EPSV || transfer->mode == DATA_PASV;
}

bool reply_is_refusal(const struct reply *reply)
{
	return reply->outcome == NET_OK && reply->code >= 400 && reply->code < 600;
}

const struct reply *transfer_refusal(const struct transfer *transfer)
{
	const struct reply *replies[] = { &transfer->final, &transfer->preliminary,
					  &transfer->setup };

	if (!transfer_has_failed(transfer))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(replies); i++)
		if (reply_is_refusal(replies[i]))
			return replies[i];
	return NULL;
}

const struct transfer *find_refused_setup(const struct evidence *evidence, enum data_mode mode)
{
	const struct wanted wanted = { .modes = BIT(mode), .results = BIT(TRANSFER_SETUP_REFUSED) };
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, wanted, &at)))
		if (reply_is_refusal(&transfer->setup))
			return transfer;
	return NULL;
}

const struct address *transfer_server(const struct evidence *evidence,
				      const struct transfer *transfer)
{
	return transfer->control < evidence->n_controls
		       ? &evidence->controls[transfer->control].attempt.peer
		       : NULL;
}

static bool dialled(const struct transfer *transfer)
{
	return transfer->operation != OPERATION_DELETE &&
	       transfer->attempt.outcome != NET_UNTRIED &&
	       transfer->attempt.outcome != NET_SKIPPED && transfer->result != TRANSFER_SKIPPED;
}

struct way way_of(const struct evidence *evidence, unsigned modes)
{
	const struct transfer *transfer;
	struct way way = { 0 };
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ .modes = modes }, &at))) {
		enum net_outcome outcome = transfer->attempt.outcome;

		if (!dialled(transfer))
			continue;
		way.n_tried++;
		if (outcome == NET_OK || outcome == NET_RESET) { /* it stood for a moment */
			way.n_connected++;
			way.open = way.open ? way.open : transfer;
			continue;
		}
		way.blocked = way.blocked ? way.blocked : transfer;
		way.n_silent += outcome == NET_TIMED_OUT;
		way.n_refused += outcome == NET_REFUSED || outcome == NET_UNREACHABLE;
	}
	return way;
}

bool upload_is_stuck(const struct transfer *transfer)
{
	const struct reply *final = &transfer->final;
	/* The server gave up waiting for the rest. */
	bool is_late = reply_is_refusal(final) && (final->code / 10 == 42 || final->code == 451) &&
		       final->after_ms > transfer->duration_ms + UPLOAD_LATE_MS;

	if (!(OPERATIONS_UPLOAD & BIT(transfer->operation)))
		return false;
	return transfer->result == TRANSFER_STALLED ||
	       (transfer->result == TRANSFER_NO_REPLY && final->outcome == NET_TIMED_OUT &&
		transfer->end == DATA_END_UNKNOWN) ||
	       (transfer->result == TRANSFER_NOT_CONFIRMED && is_late);
}

bool text_has_word(const char *text, const char *words)
{
	struct text list = text_of(words), word;
	struct text in = text_of(text);

	while (text_take_until(&list, '|', &word))
		for (size_t i = 0; i + word.len <= in.len; i++)
			if (text_equal_nocase((struct text){ in.ptr + i, word.len }, word))
				return true;
	return false;
}

bool reply_names(const struct reply *reply, const char *id)
{
	char tag[16];

	(void)snprintf(tag, sizeof(tag), "[%s]", id);
	return reply->outcome == NET_OK && strstr(reply->text, tag) != NULL;
}

bool reply_names_any(const struct reply *reply)
{
	return reply->outcome == NET_OK && strstr(reply->text, "[D-") != NULL;
}

bool address_is_shared(const struct address *address)
{
	return address_is_v4(address) && address->ip[12] == 100 && (address->ip[13] & 0xc0) == 64;
}

const struct door *main_door(const struct evidence *evidence)
{
	const struct door *best = NULL;

	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		if (door->is_requested || door->address.port == 21)
			return door;
		best = best ? best : door;
	}
	return best;
}

bool door_is_good(const struct door *door)
{
	if (door->outcome != NET_OK)
		return false;
	return (door->answer == ANSWER_FTP && door->banner.outcome == NET_OK &&
		door->banner.code / 100 == 2) ||
	       (door->answer == ANSWER_TLS && !reply_is_refusal(&door->banner));
}

bool has_good_door(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->n_doors; i++)
		if (door_is_good(&evidence->doors[i]))
			return true;
	return false;
}

const struct control *main_control(const struct evidence *evidence)
{
	static const enum purpose order[] = { PURPOSE_MAIN, PURPOSE_LOOK, PURPOSE_GENTLE };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		const struct control *control = evidence_control(evidence, order[i]);

		if (control)
			return control;
	}
	return NULL;
}

const struct handshake *main_handshake(const struct evidence *evidence,
				       const struct address **ret_peer)
{
	const struct handshake *found = NULL;

	for (size_t pass = 0; pass < 2 && !found; pass++) {
		for (size_t i = 0; i < evidence->n_controls && !found; i++) {
			const struct control *control = &evidence->controls[i];
			bool counts = pass == 0 ? control->purpose == PURPOSE_MAIN
						: control->purpose == PURPOSE_LOOK ||
							  control->purpose == PURPOSE_GENTLE;

			if (!counts || control->handshake.outcome == NET_UNTRIED ||
			    control->handshake.outcome == NET_SKIPPED)
				continue;
			found = &control->handshake;
			*ret_peer = &control->attempt.peer;
		}
	}
	for (size_t i = 0; i < evidence->n_doors && !found; i++) {
		const struct door *door = &evidence->doors[i];

		if (door->handshake.outcome == NET_UNTRIED ||
		    door->handshake.outcome == NET_SKIPPED)
			continue;
		found = &door->handshake;
		*ret_peer = &door->address;
	}
	return found;
}

static const struct trace *find_trace(const struct evidence *evidence, bool is_blocked,
				      const struct address *host)
{
	for (size_t i = 0; i < evidence->n_traces; i++) {
		const struct trace *trace = &evidence->traces[i];

		if (trace->is_blocked == is_blocked && address_same_host(&trace->target, host))
			return trace;
	}
	return NULL;
}

static const struct hop *hop_of(const struct trace *trace, unsigned ttl)
{
	for (size_t i = 0; trace && i < trace->n_hops; i++)
		if (trace->hops[i].ttl == ttl && !address_is_unspecified(&trace->hops[i].from))
			return &trace->hops[i];
	return NULL;
}

bool fact_hop(const struct evidence *evidence, struct finding *finding,
	      const struct address *target)
{
	const struct trace *blocked = find_trace(evidence, true, target);
	const struct trace *open = find_trace(evidence, false, target);

	if (!blocked || blocked->n_hops == 0 || blocked->reached_ttl > 0)
		return false;
	unsigned hop = MAX_OF(blocked->last_heard_ttl, 1U);
	const struct hop *who = hop_of(blocked, hop);
	if (!who)
		who = hop_of(open, hop);
	fact_number(finding, "hop", hop);
	if (who)
		fact_host(finding, "hop_address", &who->from);
	const struct named_value *address = finding_fact(finding, "hop_address");
	finding_add(finding,
		    "On the way to port %u the last box that answers is hop %u%s%s%s: the wall "
		    "stands there or right behind it.",
		    blocked->target.port, hop, address ? " (" : "", address ? address->text : "",
		    address ? ")" : "");
	if (open && open->reached_ttl > 0)
		finding_add(finding, "Port %u of the same host is reached at hop %u.",
			    open->target.port, open->reached_ttl);
	return true;
}

int64_t seconds_of_ms(int64_t ms)
{
	return (ms + 500) / 1000;
}
