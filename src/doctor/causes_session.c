/* doctor/causes_session.c - causes that need time (--idle): idle timeouts and silent connections;
 * see cause.h. The norms are 120 s and a sign of life every 100 s. */
#include "doctor/cause.h"

#define NORM_MS 110000

static const struct transfer *slow_transfer(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->n_transfers; i++) {
		const struct transfer *transfer = &evidence->transfers[i];

		if (transfer->control < evidence->n_controls &&
		    evidence->controls[transfer->control].purpose == PURPOSE_SLOW)
			return transfer;
	}
	return NULL;
}

static bool transfer_counts_as_idle(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *slow = slow_transfer(evidence);

	if (!slow || slow->final.outcome != NET_OK || slow->final.code != 421)
		return false;
	fact_number(finding, "seconds", seconds_of_ms(slow->duration_ms));
	fact_reply(finding, &slow->final);
	return true;
}

static bool was_lost(enum net_outcome ending)
{
	return ending == NET_TIMED_OUT || ending == NET_RESET;
}

/* By the server: some end TLS in a way that cannot be read (vsftpd), and so can their words not. */
static bool was_ended(const struct idle *idle)
{
	return idle->ending == NET_CLOSED || idle->ending == NET_GARBAGE;
}

static bool silent_connection_is_forgotten(const struct evidence *evidence, struct finding *finding)
{
	const struct idle *idle = &evidence->idle;
	const struct transfer *slow = slow_transfer(evidence);
	bool is_slow_lost = slow && idle->silent_ms > 0 && was_lost(idle->silent_ending);
	bool is_keepalive_lost = idle->keepalive_ms > 0 && idle->keepalive_ending == NET_TIMED_OUT;

	if (idle->ending == NET_RESET || was_ended(idle) || (!is_slow_lost && !is_keepalive_lost))
		return false;
	fact_number(finding, "seconds",
		    seconds_of_ms(is_keepalive_lost ? idle->keepalive_ms : idle->silent_ms));
	if (is_slow_lost)
		finding_add(finding, "The transfer itself went through; its 226 never came.");
	return true;
}

static bool silent_connection_is_reset(const struct evidence *evidence, struct finding *finding)
{
	const struct idle *idle = &evidence->idle;

	if (!idle->was_measured || idle->ending != NET_RESET)
		return false;
	fact_number(finding, "seconds", seconds_of_ms(idle->waited_ms));
	return true;
}

static bool server_ends_idle_sessions(const struct evidence *evidence, struct finding *finding)
{
	const struct idle *idle = &evidence->idle;

	if (!idle->was_measured || !was_ended(idle))
		return false;
	fact_number(finding, "seconds", seconds_of_ms(idle->waited_ms));
	if (reply_is_refusal(&idle->farewell))
		fact_reply(finding, &idle->farewell);
	else
		finding->confidence = 60;
	if (idle->waited_ms < NORM_MS)
		finding->severity = SEVERITY_WARNING;
	return true;
}

static bool noop_disturbs_transfers(const struct evidence *evidence, struct finding *finding)
{
	enum noop_fate noop = evidence->idle.noop;

	if (noop != NOOP_LOST && noop != NOOP_BREAKS)
		return false;
	fact_text(finding, "how", noop == NOOP_LOST ? "gets no reply" : "ends it");
	return true;
}

/* --- several at once (--parallel) ------------------------------------------------------------- */

static bool some_fail_together(const struct evidence *evidence, struct finding *finding,
			       unsigned least, unsigned most)
{
	const struct parallel *parallel = &evidence->parallel;

	if (parallel->wanted == 0 || parallel->logged_in < parallel->wanted ||
	    parallel->carried < least || parallel->carried > most ||
	    parallel->carried >= parallel->wanted)
		return false;
	/* It stood and carried all its bytes: a server that confirms late is no limit. */
	if (parallel->result == TRANSFER_NO_REPLY && parallel->failure == NET_TIMED_OUT)
		return false;
	fact_number(finding, "limit", parallel->carried);
	fact_number(finding, "wanted", parallel->wanted);
	if (*parallel->reply) {
		fact_text(finding, "reply", parallel->reply);
		finding_add(finding, "The server says \"{reply}\".");
	}
	return true;
}

static bool only_one_passes(const struct evidence *evidence, struct finding *finding)
{
	return some_fail_together(evidence, finding, 0, 1);
}

static bool a_number_passes(const struct evidence *evidence, struct finding *finding)
{
	return some_fail_together(evidence, finding, 2, UINT32_MAX);
}

static bool logins_are_limited(const struct evidence *evidence, struct finding *finding)
{
	const struct parallel *parallel = &evidence->parallel;

	if (parallel->wanted == 0 || parallel->logged_in >= parallel->wanted || !*parallel->refusal)
		return false;
	fact_number(finding, "limit", parallel->logged_in);
	fact_number(finding, "wanted", parallel->wanted);
	fact_text(finding, "reply", parallel->refusal);
	return true;
}

static const struct cause rows[] = {
	{ .id = "D-68",
	  .title = "Not so many sessions are allowed at a time",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 85,
	  .applies = logins_are_limited,
	  .explanation = "Of {wanted} sessions at a time {limit} were let in; then the server said "
			 "\"{reply}\".",
	  .remedy = "Let the client use at most {limit} connections at a time, or have the limit "
		    "raised." },
	{ .id = "D-82a",
	  .title = "Transfers fail as soon as there are several",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 75,
	  .applies = only_one_passes,
	  .explanation = "One transfer at a time works; of {wanted} together {limit} did.",
	  .remedy = "Set the client to one transfer at a time, or raise the limit of the router "
		    "or firewall on this side.",
	  .tells_apart = "If it is the same from another network, the server or its firewall "
			 "limits them (D-34)." },
	{ .id = "D-34",
	  .title = "A firewall limits data connections at a time",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 70,
	  .applies = a_number_passes,
	  .explanation = "Of {wanted} transfers together {limit} worked.",
	  .remedy = "Let clients use at most {limit} transfers at a time, or raise the number of "
		    "FTP data sessions that the device inspects.",
	  .tells_apart = "The same number from every network points to the server's side." },
	{ .id = "D-75",
	  .title = "The server counts transfers as idleness",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = transfer_counts_as_idle,
	  .explanation = "A transfer that was going on for {seconds} s ended with \"{reply}\".",
	  .remedy = "Raise the server's idle timeout, or let transfers not count.",
	  .explains = "D-73 D-74" },
	{ .id = "D-74",
	  .title = "A firewall forgets silent command connections",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 80,
	  .applies = silent_connection_is_forgotten,
	  .explanation = "The command connection was silent for {seconds} s, and then nothing got "
			 "through any more, without a word from either side.",
	  .remedy = "Let the client send a sign of life (NOOP or TCP keepalive) more often than "
		    "every {seconds} s (how much less is not known), or raise the firewall's timer "
		    "for idle connections.",
	  .tells_apart = "The server's log shows whether it ended the session itself." },
	{ .id = "D-76",
	  .title = "A load balancer resets silent connections",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 75,
	  .applies = silent_connection_is_reset,
	  .explanation = "After {seconds} s of silence a reset ended the command connection, "
			 "without a reply of the server.",
	  .remedy = "Raise the idle timer of the load balancer or firewall, or send TCP keepalive "
		    "or NOOP more often than every {seconds} s.",
	  .tells_apart = "The same number of seconds from every network points to a balancer at "
			 "the server, another one to a box on this side." },
	{ .id = "D-77",
	  .title = "A sign of life (NOOP) disturbs transfers",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_YOU,
	  .confidence = 85,
	  .applies = noop_disturbs_transfers,
	  .explanation = "NOOP in the middle of a transfer {how}. Clients that send it to keep the "
			 "command connection awake hang or lose count of the replies.",
	  .remedy = "Turn NOOP during transfers off in the client, and use TCP keepalive for long "
		    "ones instead." },
	{ .id = "D-73",
	  .title = "The server ends idle sessions",
	  .severity = SEVERITY_NOTE,
	  .who = WHO_YOU,
	  .confidence = 90,
	  .applies = server_ends_idle_sessions,
	  .explanation = "After {seconds} s without a command the server ended the session. That "
			 "is as usual; 120 s is the norm.",
	  .remedy = "Nothing; or let the client send NOOP more often than every {seconds} s." },
};

const struct stage stage_session = { "Idle connections", rows, ARRAY_SIZE(rows) };
