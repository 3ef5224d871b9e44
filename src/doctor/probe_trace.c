/* doctor/probe_trace.c - the way to a port, hop by hop: connects with a limited TTL, whose ICMP
 * answers need no privilege. Where the answers to a blocked port end is where the wall stands. */
#include "doctor/probe.h"

/* Hops that are asked at the same time, how long each may take, and when to give up. */
#define TRACE_BATCH 4
#define TRACE_HOP_MS 1500
#define TRACE_HOP_QUICK_MS 700
#define TRACE_SILENT_BATCHES 2

/* A router that says anything else than that the TTL was used up is the wall itself. */
static bool is_refusal(const struct icmp *icmp)
{
	return icmp->is_there && strcmp(icmp->kind, "ttl_exceeded") != 0;
}

/* Whoever answers at this TTL is noted; the target answers with a connection or an RST. */
static void note_hop(struct trace *trace, struct hop *hop, const struct attempt *attempt)
{
	hop->outcome = attempt->outcome;
	hop->icmp = attempt->icmp;
	hop->duration_ms = attempt->duration_ms;
	bool is_target = attempt->outcome == NET_OK || attempt->outcome == NET_REFUSED;

	if (is_target)
		hop->from = trace->target;
	else if (attempt->icmp.is_there)
		hop->from = attempt->icmp.from;
	if (is_target && trace->reached_ttl == 0)
		trace->reached_ttl = hop->ttl;
	if (is_target || attempt->icmp.is_there)
		trace->last_heard_ttl = MAX_OF(trace->last_heard_ttl, hop->ttl);
}

/* A few at a time: behind the target every further connect is one more that it has to accept. */
void probe_trace(const struct doctor *doctor, struct trace *trace)
{
	int64_t hop_ms = doctor->options->is_quick ? TRACE_HOP_QUICK_MS : TRACE_HOP_MS;
	unsigned n_silent = 0;
	bool is_at_end = false;

	while (trace->n_hops + TRACE_BATCH <= EVIDENCE_HOPS && !is_at_end &&
	       n_silent < TRACE_SILENT_BATCHES && !doctor_is_cancelled(doctor)) {
		struct attempt attempts[TRACE_BATCH] = { 0 }, *pointers[TRACE_BATCH];
		unsigned ttls[TRACE_BATCH], heard_before = trace->last_heard_ttl;

		for (size_t i = 0; i < TRACE_BATCH; i++) {
			ttls[i] = (unsigned)(trace->n_hops + i + 1);
			attempts[i].peer = trace->target;
			pointers[i] = &attempts[i];
		}
		probe_connect_all(doctor, pointers, ttls, TRACE_BATCH, hop_ms);
		for (size_t i = 0; i < TRACE_BATCH && !is_at_end; i++) {
			struct hop *hop = &trace->hops[trace->n_hops++];

			hop->ttl = ttls[i];
			note_hop(trace, hop, &attempts[i]);
			is_at_end = trace->reached_ttl != 0 || is_refusal(&hop->icmp);
		}
		n_silent = trace->last_heard_ttl == heard_before ? n_silent + 1 : 0;
	}
}
