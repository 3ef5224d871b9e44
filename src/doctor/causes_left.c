/* doctor/causes_left.c - what failed uploads leave behind: files of zero bytes; see cause.h. They
 * are consequences of another cause, and what users notice first. */
#include "doctor/cause.h"

static bool is_of_tls(const struct transfer *transfer)
{
	const struct reply *refusal = transfer_refusal(transfer);

	return transfer->tls.outcome != NET_UNTRIED &&
	       (transfer->result == TRANSFER_TLS_FAILED ||
		(refusal && transfer->moved_bytes == 0) ||
		(refusal && text_has_word(refusal->text, "reuse|resum|session cache")));
}

static bool is_of_end(const struct transfer *transfer)
{
	return transfer->attempt.outcome == NET_OK && transfer->expected_bytes > 0 &&
	       transfer->moved_bytes == transfer->expected_bytes;
}

static bool is_of_connection(const struct transfer *transfer)
{
	return transfer->attempt.outcome != NET_OK;
}

/* An upload that was to have bytes failed in this way, and the server has an empty file now. */
static bool leaves_empty_file(const struct evidence *evidence, struct finding *finding,
			      bool (*is_so)(const struct transfer *transfer))
{
	const struct wanted wanted = { .operations =
					       BIT(OPERATION_UPLOAD) | BIT(OPERATION_LARGE_UPLOAD),
				       .results = RESULTS_FAILED };
	const struct transfer *transfer;
	size_t at = 0;

	while ((transfer = find_transfer(evidence, wanted, &at))) {
		if (!transfer->has_left_file || transfer->left_bytes != 0 || !is_so(transfer))
			continue;
		fact_text(finding, "command", transfer->command);
		const struct reply *refusal = transfer_refusal(transfer);
		if (refusal)
			fact_reply(finding, refusal);
		return true;
	}
	return false;
}

static bool connection_never_opened(const struct evidence *evidence, struct finding *finding)
{
	return leaves_empty_file(evidence, finding, is_of_connection);
}

static bool handshake_was_refused(const struct evidence *evidence, struct finding *finding)
{
	return leaves_empty_file(evidence, finding, is_of_tls);
}

static bool end_was_lost(const struct evidence *evidence, struct finding *finding)
{
	return leaves_empty_file(evidence, finding, is_of_end);
}

#define LEFT_ROW .severity = SEVERITY_NOTE, .who = WHO_SERVER, .confidence = 90
#define LEFT_SAYS                                                                                  \
	"The server makes the file before it can be filled: when the upload failed, one of zero "  \
	"bytes stood there. "
#define LEFT_REMEDY                                                                                \
	"Mend the cause above; then delete the empty files. A server that makes the file only "    \
	"once its data connection stands leaves none (Sallyport does so)."

static const struct cause rows[] = {
	{ .id = "D-84",
	  .title = "Uploads leave files of zero bytes: TLS on the data connection is refused",
	  LEFT_ROW,
	  .applies = handshake_was_refused,
	  .explanation = LEFT_SAYS "The data connection opened, and its TLS handshake was refused.",
	  .remedy = LEFT_REMEDY },
	{ .id = "D-83",
	  .title = "Uploads leave files of zero bytes: the data connection never opens",
	  LEFT_ROW,
	  .applies = connection_never_opened,
	  .explanation = LEFT_SAYS "The data connection never opened.",
	  .remedy = LEFT_REMEDY },
	{ .id = "D-85",
	  .title = "Uploads leave files of zero bytes: the data connection ends in a reset",
	  LEFT_ROW,
	  .applies = end_was_lost,
	  .explanation = LEFT_SAYS "All bytes had been sent, and were thrown away with the "
				   "connection.",
	  .remedy = LEFT_REMEDY },
};

const struct stage stage_left = { "What failed uploads leave", rows, ARRAY_SIZE(rows) };
