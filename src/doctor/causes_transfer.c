/* doctor/causes_transfer.c - causes behind an open data connection: storage, lines, contents; see
 * cause.h. */
#include "doctor/cause.h"

#define LATE_MS 4000
#define SLOW_BYTES_PER_S ((int64_t)64 * 1024)

/* --- what the server says --------------------------------------------------------------------- */

enum refusal_kind {
	REFUSAL_NONE,
	REFUSAL_SPACE,
	REFUSAL_QUOTA,
	REFUSAL_NAME,
	REFUSAL_RIGHTS,
	REFUSAL_BUSY,
	REFUSAL_GONE,
};

static enum refusal_kind read_refusal(const struct reply *reply, bool is_upload)
{
	static const struct {
		const char *id;
		enum refusal_kind kind;
	} names[] = { { "D-88", REFUSAL_SPACE },  { "D-89", REFUSAL_QUOTA },
		      { "D-90", REFUSAL_RIGHTS }, { "D-91", REFUSAL_NAME },
		      { "D-92", REFUSAL_BUSY },	  { "D-99", REFUSAL_GONE } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (reply_names(reply, names[i].id))
			return names[i].kind;
	if (reply_names_any(reply))
		return REFUSAL_NONE;
	if (text_has_word(reply->text, "quota"))
		return REFUSAL_QUOTA;
	if (text_has_word(reply->text, "no space|disk full|disk is full|file system full|"
				       "filesystem full|insufficient storage|inode|"
				       "failure writing|error writing|write error"))
		return REFUSAL_SPACE;
	if (text_has_word(reply->text, "name not allowed|illegal name|invalid name|bad name|"
				       "name too long|forbidden name|filename|name is not|"
				       "illegal file|invalid char"))
		return REFUSAL_NAME;
	if (text_has_word(reply->text, "permission|denied|privilege|not allowed|not permitted|"
				       "read-only|read only|could not create|prohibited"))
		return REFUSAL_RIGHTS;
	if (text_has_word(reply->text, "in use|locked|busy|being uploaded"))
		return REFUSAL_BUSY;
	switch (reply->code) {
	case 452:
		return REFUSAL_SPACE;
	case 552:
		return REFUSAL_QUOTA;
	case 553:
		return REFUSAL_NAME;
	case 450:
		return REFUSAL_BUSY;
	case 532:
		return REFUSAL_RIGHTS;
	case 550:
		return is_upload ? REFUSAL_RIGHTS : REFUSAL_GONE;
	default:
		return REFUSAL_NONE;
	}
}

static bool is_upload(const struct transfer *transfer)
{
	return OPERATIONS_UPLOAD & BIT(transfer->operation);
}

static bool server_says(const struct evidence *evidence, struct finding *finding,
			enum refusal_kind kind)
{
	const struct wanted wanted = { .results = BIT(TRANSFER_COMMAND_REFUSED) |
						  BIT(TRANSFER_NOT_CONFIRMED) | BIT(TRANSFER_CUT) |
						  BIT(TRANSFER_STALLED) };
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, wanted, &at))) {
		const struct reply *reply = transfer_refusal(transfer);

		/* What was not stored cannot be deleted: that is no news. */
		if (transfer->operation == OPERATION_DELETE && kind != REFUSAL_RIGHTS)
			continue;
		if (!reply || strcmp(transfer->command, "REST") == 0 ||
		    read_refusal(reply, is_upload(transfer)) != kind)
			continue;
		/* 42x is of the connection, unless it speaks of the disk. */
		if (reply->code / 10 == 42 && kind != REFUSAL_SPACE && kind != REFUSAL_QUOTA)
			continue;
		fact_reply(finding, reply);
		fact_text(finding, "command", transfer->command);
		fact_text(finding, "operation",
			  is_upload(transfer)			    ? "upload"
			  : transfer->operation == OPERATION_LIST   ? "list"
			  : transfer->operation == OPERATION_DELETE ? "delete"
								    : "download");
		return true;
	}
	return false;
}

#define SERVER_PREDICATE(name, kind)                                                               \
	static bool name(const struct evidence *evidence, struct finding *finding)                 \
	{                                                                                          \
		return server_says(evidence, finding, kind);                                       \
	}
SERVER_PREDICATE(disk_is_full, REFUSAL_SPACE)
SERVER_PREDICATE(quota_is_exceeded, REFUSAL_QUOTA)
SERVER_PREDICATE(rights_are_missing, REFUSAL_RIGHTS)
SERVER_PREDICATE(name_is_refused, REFUSAL_NAME)
SERVER_PREDICATE(file_is_busy, REFUSAL_BUSY)

static bool file_is_gone(const struct evidence *evidence, struct finding *finding)
{
	return has_transfer(evidence, (struct wanted){ .operations = OPERATIONS_UPLOAD,
						       .results = BIT(TRANSFER_OK) }) &&
	       server_says(evidence, finding, REFUSAL_GONE);
}

static bool rest_is_refused(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer =
			find_transfer(evidence,
				      (struct wanted){ .operations = BIT(OPERATION_RESUME),
						       .results = BIT(TRANSFER_COMMAND_REFUSED) },
				      &at))) {
		if (!reply_is_refusal(&transfer->preliminary) ||
		    (strcmp(transfer->command, "REST") != 0 &&
		     !reply_names(&transfer->preliminary, "D-95")))
			continue;
		fact_reply(finding, &transfer->preliminary);
		fact_text(finding, "command", "REST");
		return true;
	}
	return false;
}

/* --- what the line does ----------------------------------------------------------------------- */

static bool control_broke(const struct transfer *transfer)
{
	return transfer->final.outcome == NET_RESET || transfer->final.outcome == NET_CLOSED ||
	       (transfer->final.outcome == NET_OK && transfer->final.code == 421);
}

static bool session_is_killed(const struct evidence *evidence, struct finding *finding)
{
	const struct wanted wanted = { .results = BIT(TRANSFER_CUT) | BIT(TRANSFER_STALLED) |
						  BIT(TRANSFER_NO_REPLY) |
						  BIT(TRANSFER_NOT_CONFIRMED) };
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, wanted, &at))) {
		if (!control_broke(transfer))
			continue;
		fact_number(finding, "bytes", (int64_t)transfer->moved_bytes);
		fact_text(finding, "ending",
			  transfer->final.outcome == NET_OK	 ? "reply"
			  : transfer->final.outcome == NET_RESET ? "reset"
								 : "closed");
		if (transfer->final.outcome == NET_OK)
			fact_reply(finding, &transfer->final);
		return true;
	}
	return false;
}

/* The server confirms an upload of which only a part can have arrived. */
static bool short_upload_is_confirmed(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(
			evidence,
			(struct wanted){ .results = BIT(TRANSFER_CUT) | BIT(TRANSFER_STALLED) },
			&at))) {
		bool is_confirmed =
			transfer->final.outcome == NET_OK && transfer->final.code / 100 == 2;
		bool is_short_read =
			!is_upload(transfer) && transfer->operation != OPERATION_LIST &&
			transfer->result == TRANSFER_CUT && transfer->failure == NET_CLOSED &&
			transfer->moved_bytes < transfer->expected_bytes;

		if (!is_confirmed || (!is_upload(transfer) && !is_short_read))
			continue;
		fact_number(finding, "expected", (int64_t)transfer->expected_bytes);
		fact_number(finding, "bytes",
			    (int64_t)(is_upload(transfer) ? transfer->acknowledged_bytes
							  : transfer->moved_bytes));
		fact_reply(finding, &transfer->final);
		return true;
	}
	return false;
}

static const struct transfer *stalled(const struct evidence *evidence, unsigned operations)
{
	return find_transfer(
		evidence,
		(struct wanted){ .operations = operations, .results = BIT(TRANSFER_STALLED) },
		NULL);
}

static bool large_packets_vanish(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *up = stalled(evidence, OPERATIONS_UPLOAD);
	const struct transfer *down = stalled(evidence, BIT(OPERATION_LARGE_DOWNLOAD));
	bool small_passes =
		has_transfer(evidence, (struct wanted){ .operations = BIT(OPERATION_UPLOAD) |
								      BIT(OPERATION_DOWNLOAD) |
								      BIT(OPERATION_LIST),
							.results = BIT(TRANSFER_OK) });
	uint64_t least = up ? MAX_OF(3 * (uint64_t)up->mss, (uint64_t)4096) : 0;
	bool is_up = up && up->retransmits >= 2 && up->acknowledged_bytes < least;
	/* In its own direction. */
	bool small_comes =
		has_transfer(evidence, (struct wanted){ .operations = BIT(OPERATION_DOWNLOAD) |
								      BIT(OPERATION_LIST),
							.results = BIT(TRANSFER_OK) });
	bool is_down = down && down->moved_bytes == 0 && small_comes;
	const struct transfer *shown = is_up ? up : down;

	if (!small_passes || (!is_up && !is_down))
		return false;
	fact_text(finding, "where", is_up ? "upload" : "download");
	fact_address(finding, &shown->attempt.peer);
	if (shown->mss)
		fact_number(finding, "mss", shown->mss);
	fact_number(finding, "bytes",
		    (int64_t)(is_up ? shown->acknowledged_bytes : shown->moved_bytes));
	return true;
}

static bool fails_on_the_way(const struct transfer *transfer)
{
	const struct reply *reply = transfer_refusal(transfer);

	return (transfer->result == TRANSFER_STALLED || transfer->result == TRANSFER_CUT ||
		upload_is_stuck(transfer)) &&
	       (!reply || reply->code / 10 == 42 || reply->code == 451);
}

static const struct transfer *broken_on_the_way(const struct evidence *evidence,
						unsigned operations)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer =
			find_transfer(evidence, (struct wanted){ .operations = operations }, &at)))
		if (fails_on_the_way(transfer))
			return transfer;
	return NULL;
}

/* Listings are downloads too: where neither begins, all of them may only be late (D-82b). */
static bool nothing_begins(const struct evidence *evidence, const struct transfer *down)
{
	const struct transfer *listing = stalled(evidence, BIT(OPERATION_LIST));

	return down && down->moved_bytes == 0 && listing && listing->moved_bytes == 0;
}

static bool one_direction_fails(const struct evidence *evidence, struct finding *finding)
{
	const unsigned reading = OPERATIONS_DOWNLOAD | BIT(OPERATION_LIST);
	const struct transfer *up = broken_on_the_way(evidence, OPERATIONS_UPLOAD);
	const struct transfer *down = broken_on_the_way(evidence, OPERATIONS_DOWNLOAD);
	bool reads = has_transfer(
		evidence, (struct wanted){ .operations = reading, .results = BIT(TRANSFER_OK) });
	bool writes = has_transfer(evidence, (struct wanted){ .operations = OPERATIONS_UPLOAD,
							      .results = BIT(TRANSFER_OK) });
	const struct transfer *shown = up ? up : down;

	if (!shown || (!up && nothing_begins(evidence, down)) ||
	    (up && (!reads || broken_on_the_way(evidence, reading))) || (!up && !writes))
		return false;
	fact_text(finding, "direction", up ? "upload" : "download");
	fact_text(finding, "other", up ? "downloads" : "uploads");
	fact_number(finding, "bytes",
		    (int64_t)(up && shown->acknowledged_bytes > 0 ? shown->acknowledged_bytes
								  : shown->moved_bytes));
	fact_text(finding, "how", shown->result == TRANSFER_CUT ? "is cut off" : "stalls");
	fact_address(finding, &shown->attempt.peer);
	return true;
}

static bool data_stalls(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ 0 }, &at))) {
		if (!fails_on_the_way(transfer) ||
		    (transfer->moved_bytes == 0 && transfer->result == TRANSFER_STALLED))
			continue;
		fact_number(finding, "bytes", (int64_t)transfer->moved_bytes);
		fact_text(finding, "how",
			  transfer->result == TRANSFER_CUT ? "is cut off" : "stalls");
		fact_address(finding, &transfer->attempt.peer);
		return true;
	}
	return false;
}

static bool begins_late(const struct evidence *evidence, struct finding *finding)
{
	const struct wanted wanted = { .operations = OPERATIONS_DOWNLOAD | BIT(OPERATION_LIST) };
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, wanted, &at))) {
		bool never = transfer->result == TRANSFER_STALLED && transfer->moved_bytes == 0;

		if (!never &&
		    !(transfer->result == TRANSFER_OK && transfer->first_byte_ms >= LATE_MS))
			continue;
		fact_number(finding, "seconds",
			    seconds_of_ms(never ? transfer->duration_ms : transfer->first_byte_ms));
		fact_text(finding, "operation",
			  transfer->operation == OPERATION_LIST ? "list" : "download");
		if (never) {
			finding->severity = SEVERITY_PROBLEM;
			finding_add(finding, "Nothing had come when the wait ended.");
		}
		return true;
	}
	return false;
}

/* All bytes moved, and then the command connection is dumb. */
static bool confirmation_is_lost(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(
			evidence, (struct wanted){ .results = BIT(TRANSFER_NO_REPLY) }, &at))) {
		if (transfer->final.outcome != NET_TIMED_OUT || upload_is_stuck(transfer) ||
		    transfer->operation == OPERATION_DELETE)
			continue;
		fact_number(finding, "seconds",
			    MAX_OF(seconds_of_ms(transfer->duration_ms), (int64_t)1));
		fact_number(finding, "bytes", (int64_t)transfer->moved_bytes);
		return true;
	}
	return false;
}

/* --- what arrives ----------------------------------------------------------------------------- */

static bool contents_change(const struct evidence *evidence, struct finding *finding)
{
	const struct wanted wanted = { .operations = BIT(OPERATION_DOWNLOAD) |
						     BIT(OPERATION_LARGE_DOWNLOAD),
				       .results = BIT(TRANSFER_DIFFERENT) };
	const struct transfer *different = find_transfer(evidence, wanted, NULL);

	if (!different)
		return false;
	fact_number(finding, "expected", (int64_t)different->expected_bytes);
	fact_number(finding, "bytes", (int64_t)different->moved_bytes);
	return true;
}

static bool resume_is_wrong(const struct evidence *evidence, struct finding *finding)
{
	const struct wanted wanted = { .operations = BIT(OPERATION_RESUME),
				       .results = BIT(TRANSFER_DIFFERENT) };
	const struct transfer *different = find_transfer(evidence, wanted, NULL);

	if (!different)
		return false;
	fact_number(finding, "expected", (int64_t)different->expected_bytes);
	fact_number(finding, "bytes", (int64_t)different->moved_bytes);
	return true;
}

static bool listing_is_unreadable(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence,
					 (struct wanted){ .operations = BIT(OPERATION_LIST),
							  .results = BIT(TRANSFER_OK) },
					 &at))) {
		if (transfer->n_unreadable_lines == 0 || transfer->failure == NET_TOO_MUCH)
			continue;
		fact_number(finding, "lines", transfer->n_lines);
		fact_number(finding, "unreadable", transfer->n_unreadable_lines);
		return true;
	}
	return false;
}

/* The last listing counts: before it the server may not have been asked for UTF-8. */
static bool names_are_no_utf8(const struct evidence *evidence, struct finding *finding)
{
	const struct wanted wanted = { .operations = BIT(OPERATION_LIST),
				       .results = BIT(TRANSFER_OK) };
	const struct transfer *transfer, *last = NULL;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, wanted, &at)))
		if (transfer_is_passive(transfer) || !last)
			last = transfer;
	if (!last || last->n_foreign_lines == 0)
		return false;
	fact_number(finding, "lines", last->n_lines);
	fact_number(finding, "foreign", last->n_foreign_lines);
	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct reply *features = control_any_reply(&evidence->controls[i], "FEAT");

		if (!features || !reply_has_line(features, "UTF8"))
			continue;
		finding_add(finding, "It says that its names are UTF-8, and these are not: they "
				     "were stored before, or by other means than FTP.");
		break;
	}
	return true;
}

static int64_t rate_of(const struct transfer *transfer)
{
	return (int64_t)transfer->moved_bytes * 1000 / MAX_OF(transfer->duration_ms, (int64_t)1);
}

static const struct transfer *slowest_large(const struct evidence *evidence)
{
	const struct wanted wanted = { .operations = BIT(OPERATION_LARGE_UPLOAD) |
						     BIT(OPERATION_LARGE_DOWNLOAD),
				       .results = BIT(TRANSFER_OK) };
	const struct transfer *transfer, *slowest = NULL;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, wanted, &at)))
		if (!slowest || rate_of(transfer) < rate_of(slowest))
			slowest = transfer;
	return slowest;
}

static bool segments_are_lost(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, (struct wanted){ .results = BIT(TRANSFER_OK) },
					 &at))) {
		uint64_t segments = transfer->moved_bytes / MAX_OF(transfer->mss, 1u);

		if (transfer->retransmits < 10 || transfer->retransmits * (uint64_t)50 < segments)
			continue;
		fact_number(finding, "retransmits", transfer->retransmits);
		finding_add(finding, "%" PRId64 " KiB a second got through.",
			    rate_of(transfer) / 1024);
		fact_number(finding, "rate", rate_of(transfer));
		return true;
	}
	return false;
}

static bool line_is_slow(const struct evidence *evidence, struct finding *finding)
{
	const struct transfer *slowest = slowest_large(evidence);

	if (!slowest || slowest->moved_bytes < 16384 || slowest->duration_ms < 2000 ||
	    rate_of(slowest) >= SLOW_BYTES_PER_S)
		return false;
	fact_number(finding, "rate", rate_of(slowest));
	finding_add(finding, "That is %" PRId64 " KiB a second.", rate_of(slowest) / 1024);
	fact_number(finding, "bytes", (int64_t)slowest->moved_bytes);
	fact_number(finding, "seconds", seconds_of_ms(slowest->duration_ms));
	fact_text(finding, "direction",
		  slowest->operation == OPERATION_LARGE_UPLOAD ? "upload" : "download");
	return true;
}

#define SERVER_SAYS "The server answers \"{command}\" with \"{reply}\"."

static const struct cause rows[] = {
	{ .id = "D-88",
	  .title = "The server's disk is full",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = disk_is_full,
	  .explanation = SERVER_SAYS,
	  .remedy = "Free space or inodes on the server's disk, or enlarge it.",
	  .explains = "D-34b D-78 D-79 D-82 D-93" },
	{ .id = "D-89",
	  .title = "The quota is exceeded",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = quota_is_exceeded,
	  .explanation = SERVER_SAYS,
	  .remedy = "Delete files, or raise the user's quota; and stop the client from trying "
		    "again for ever.",
	  .explains = "D-34b D-78 D-79 D-82 D-93" },
	{ .id = "D-91",
	  .title = "The server does not allow the name",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 75,
	  .applies = name_is_refused,
	  .explanation = SERVER_SAYS,
	  .remedy = "Choose another name, without unusual characters or endings; or the server's "
		    "administrator changes the rule.",
	  .tells_apart = "If a plain name such as test.txt is refused as well, rights are missing "
			 "(D-90)." },
	{ .id = "D-90",
	  .title = "The user has no right to do that",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = rights_are_missing,
	  .explanation = SERVER_SAYS,
	  .remedy = "Give the user the right to {operation} in this folder, or use a folder where "
		    "it has it. If it is meant to be so, examine with --read-only." },
	{ .id = "D-92",
	  .title = "The file is in use",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 80,
	  .applies = file_is_busy,
	  .explanation = SERVER_SAYS,
	  .remedy = "Try again later; if it stays so, look for what holds the file on the "
		    "server." },
	{ .id = "D-99",
	  .title = "An uploaded file is gone at once",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 60,
	  .applies = file_is_gone,
	  .explanation = "The upload was confirmed; then the server answers \"{command}\" with "
			 "\"{reply}\".",
	  .remedy = "Look whether a virus scanner or a job moves new files away.",
	  .tells_apart = "A user who may store and not read sees the same (D-90); the server's "
			 "log tells." },
	{ .id = "D-95",
	  .title = "Transfers cannot be resumed (REST is refused)",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = rest_is_refused,
	  .explanation = "The server answers REST in binary mode with \"{reply}\".",
	  .remedy = "Permit REST on the server. Clients: TYPE I before SIZE and REST, or start "
		    "broken transfers from the begin." },
	{ .id = "D-82",
	  .title = "The session is killed during a transfer",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 75,
	  .applies = session_is_killed,
	  .explanation = "After {bytes} bytes the data connection broke, and the command "
			 "connection with it ({ending}).",
	  .remedy = "Look into the server's log of this time: an administrator, a restart or a "
		    "shortage of memory ended the session. Clients: connect again.",
	  .tells_apart = "A session that the server did not end was cut by a box between; its "
			 "log tells.",
	  .explains = "D-34b D-78 D-79 D-74 D-93" },
	{ .id = "D-93",
	  .title = "A truncated upload is confirmed as complete",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 80,
	  .applies = short_upload_is_confirmed,
	  .explanation = "The server says \"{reply}\", although {expected} bytes were due and "
			 "about {bytes} passed: files are cut short without anybody noticing.",
	  .remedy = "Use TLS, whose close_notify tells the end from a break, and compare sizes or "
		    "hashes; look for the box that ends data connections early.",
	  .explains = "D-34b D-78 D-79" },
	{ .id = "D-79",
	  .title = "Large packets vanish on the way (MTU)",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 75,
	  .applies = large_packets_vanish,
	  .explanation = "Small files pass, and the {where} of a large one stands still at its "
			 "first full packets ({bytes} bytes).",
	  .remedy = "Let ICMP \"fragmentation needed\" pass, or clamp the MSS on the tunnel or "
		    "PPPoE line (for example to 1360).",
	  .tells_apart = "With a smaller MTU on this machine (`ip link set dev eth0 mtu 1280`) it "
			 "works if that is it.",
	  .explains = "D-34b D-78 D-82b" },
	{ .id = "D-34b",
	  .title = "One direction of transfers is blocked",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 65,
	  .applies = one_direction_fails,
	  .explanation = "The {direction} {how} after {bytes} bytes, while {other} and listings "
			 "work: a box on the way inspects contents.",
	  .remedy = "Exempt data connections to {address} from content inspection (DLP, virus "
		    "scanner), or allow {direction}s there.",
	  .tells_apart = "A transfer of the same size the other way: if it stalls too, the line "
			 "or the server is the reason (D-78).",
	  .explains = "D-78" },
	{ .id = "D-82b",
	  .title = "Listings or downloads begin late",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_SERVER,
	  .confidence = 70,
	  .applies = begins_late,
	  .explanation = "After its 150 the server sent nothing for {seconds} s ({operation}); "
			 "clients give up after 20 s or so.",
	  .remedy = "Split large directories, turn off look-ups of owners, and look after slow "
		    "storage behind the server.",
	  .tells_apart = "If it is so from this network only, a box on the way holds downloads "
			 "back (D-34b).",
	  .explains = "D-78 D-34b" },
	{ .id = "D-78",
	  .title = "Data connections stall or break",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 60,
	  .applies = data_stalls,
	  .explanation = "A transfer with {address} {how} after {bytes} bytes.",
	  .remedy = "Look for congestion, a sleeping machine or a box that holds connections up, "
		    "on both sides.",
	  .tells_apart = "A packet trace at both ends shows where bytes stop." },
	{ .id = "D-74",
	  .title = "The command connection is cut during a transfer",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 70,
	  .applies = confirmation_is_lost,
	  .explanation = "All {bytes} bytes moved, and the server's 226 never came: a firewall or "
			 "translator forgot the command connection while it was silent for "
			 "{seconds} s.",
	  .remedy = "Let the client send a sign of life (NOOP or TCP keepalive) more often than "
		    "every {seconds} s, or raise the firewall's timer for idle connections.",
	  .tells_apart = "The server's log: if it sent its 226, it was lost on the way." },
	{ .id = "D-94",
	  .title = "Files arrive changed (ASCII mode)",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 80,
	  .applies = contents_change,
	  .explanation = "A file of {expected} bytes was stored in binary mode and came back as "
			 "{bytes} other bytes.",
	  .remedy = "Turn off ASCII conversion on the server or the gateway between; clients use "
		    "binary mode (TYPE I)." },
	{ .id = "D-96",
	  .title = "Resumed transfers begin at the wrong place",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = resume_is_wrong,
	  .explanation = "After REST the download brought {bytes} bytes that do not belong there; "
			 "{expected} were due.",
	  .remedy = "Update the server; until then start broken transfers from the begin." },
	{ .id = "D-98",
	  .title = "Listings that clients cannot read",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_SERVER,
	  .confidence = 70,
	  .applies = listing_is_unreadable,
	  .explanation = "{unreadable} of {lines} lines of the listing follow no known form; "
			 "clients show them wrong or not at all.",
	  .remedy = "Turn on MLSD, or the usual Unix form of listings, on the server." },
	{ .id = "D-97",
	  .title = "Names of files are in another character set",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = names_are_no_utf8,
	  .explanation =
		  "{foreign} of {lines} lines of the listing are no UTF-8: clients show such "
		  "names wrong, and asking for them ends in \"no such file\".",
	  .remedy = "Rename these files on the server in UTF-8 (`convmv` does many at once), or "
		    "turn UTF-8 on there. In a client that has to live with it, set the "
		    "character set by hand." },
	{ .id = "D-80",
	  .title = "The line loses packets",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_YOU,
	  .confidence = 70,
	  .applies = segments_are_lost,
	  .explanation = "{retransmits} segments of a transfer were lost and had to be sent "
			 "again.",
	  .remedy = "Look after the line: a bad cable or wireless link, a full one, a duplex "
		    "mismatch.",
	  .explains = "D-81" },
	{ .id = "D-81",
	  .title = "Transfers are slow",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_SERVER,
	  .confidence = 70,
	  .applies = line_is_slow,
	  .explanation = "The {direction} of {bytes} bytes took {seconds} s.",
	  .remedy = "Look for a limit of bandwidth at the server, or in a shaper on the way, and "
		    "raise it.",
	  .tells_apart = "A steady rate is a limit, a changing one a crowded or lossy line "
			 "(D-80)." },
};

const struct stage stage_transfer = { "Transfers and storage", rows, ARRAY_SIZE(rows) };
