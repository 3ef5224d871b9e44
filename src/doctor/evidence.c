/* doctor/evidence.c - see evidence.h. */
#include "doctor/evidence.h"

#include "base/buf.h"

struct evidence *evidence_new(void)
{
	struct evidence *evidence = calloc(1, sizeof(*evidence));

	if (evidence)
		evidence->version = EVIDENCE_VERSION;
	return evidence;
}

void evidence_free(struct evidence **evidence)
{
	free(*evidence);
	*evidence = NULL;
}

struct door *evidence_add_door(struct evidence *evidence)
{
	return evidence->n_doors < EVIDENCE_DOORS ? &evidence->doors[evidence->n_doors++] : NULL;
}

struct control *evidence_add_control(struct evidence *evidence)
{
	if (evidence->n_controls == EVIDENCE_CONTROLS)
		return NULL;
	return &evidence->controls[evidence->n_controls++];
}

struct transfer *evidence_add_transfer(struct evidence *evidence)
{
	if (evidence->n_transfers == EVIDENCE_TRANSFERS)
		return NULL;
	return &evidence->transfers[evidence->n_transfers++];
}

struct sample *evidence_add_sample(struct evidence *evidence)
{
	if (evidence->n_samples == EVIDENCE_SAMPLES)
		return NULL;
	return &evidence->samples[evidence->n_samples++];
}

struct trace *evidence_add_trace(struct evidence *evidence)
{
	if (evidence->n_traces == EVIDENCE_TRACES)
		return NULL;
	return &evidence->traces[evidence->n_traces++];
}

struct exchange *control_add_exchange(struct control *control)
{
	if (control->n_exchanges == EVIDENCE_EXCHANGES)
		return NULL;
	return &control->exchanges[control->n_exchanges++];
}

/* The length of the UTF-8 character at the begin of in that may be shown as it is; 0: none. */
static size_t shown_length(struct text in)
{
	uint8_t first = (uint8_t)in.ptr[0];

	if (first < 0x80)
		return first == '\n' || (first >= ' ' && first != 0x7f && first != '\\') ? 1 : 0;

	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	bool is_control = first == 0xc2 && in.len > 1 && (uint8_t)in.ptr[1] < 0xa0; /* C1 */

	if (is_control || len > in.len || !text_is_utf8((struct text){ in.ptr, len }))
		return 0;
	return len;
}

void evidence_text(struct text bytes, char *ret, size_t size)
{
	struct buf out;

	buf_init(&out, ret, size);
	while (bytes.len > 0 && !out.has_overflowed) {
		size_t len = shown_length(bytes);

		if (len > 0) {
			buf_add(&out, (struct text){ bytes.ptr, len });
		} else {
			len = 1;
			buf_addf(&out, "\\x%02x", (unsigned)(uint8_t)bytes.ptr[0]);
		}
		bytes.ptr += len;
		bytes.len -= len;
	}
}

static const struct exchange *find_exchange(const struct control *control, const char *verb,
					    bool any_tls, bool is_tls)
{
	for (size_t i = control->n_exchanges; i-- > 0;) {
		const struct exchange *exchange = &control->exchanges[i];

		if (strcmp(exchange->verb, verb) == 0 && (any_tls || exchange->is_tls == is_tls))
			return exchange;
	}
	return NULL;
}

static const struct reply *reply_of(const struct exchange *exchange)
{
	return exchange && exchange->reply.outcome == NET_OK ? &exchange->reply : NULL;
}

const struct reply *control_reply(const struct control *control, const char *verb, bool is_tls)
{
	return reply_of(find_exchange(control, verb, false, is_tls));
}

const struct reply *control_any_reply(const struct control *control, const char *verb)
{
	return reply_of(find_exchange(control, verb, true, false));
}

const struct exchange *control_exchange(const struct control *control, const char *verb)
{
	return find_exchange(control, verb, true, false);
}

const struct control *evidence_control(const struct evidence *evidence, enum purpose purpose)
{
	for (size_t i = 0; i < evidence->n_controls; i++)
		if (evidence->controls[i].purpose == purpose)
			return &evidence->controls[i];
	return NULL;
}

size_t evidence_index(const struct evidence *evidence, const struct control *control)
{
	for (size_t i = 0; i < evidence->n_controls; i++)
		if (&evidence->controls[i] == control)
			return i;
	return EVIDENCE_CONTROLS;
}

const struct door *evidence_door(const struct evidence *evidence, const struct address *address)
{
	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		if (address_same_host(&door->address, address) &&
		    door->address.port == address->port)
			return door;
	}
	return NULL;
}

/* Without "211-", "211 " and blanks at its begin. */
static struct text line_body(struct text line)
{
	bool has_code = line.len >= 4 && (line.ptr[3] == '-' || line.ptr[3] == ' ');

	for (size_t i = 0; has_code && i < 3; i++)
		has_code = line.ptr[i] >= '0' && line.ptr[i] <= '9';
	if (has_code) {
		line.ptr += 4;
		line.len -= 4;
	}
	return text_trim(line);
}

bool reply_has_line(const struct reply *reply, const char *word)
{
	struct text rest = text_of(reply->text), line, wanted = text_of(word);

	while (text_take_until(&rest, '\n', &line)) {
		struct text body = line_body(line);

		if (body.len >= wanted.len &&
		    text_equal_nocase((struct text){ body.ptr, wanted.len }, wanted))
			return true;
	}
	return false;
}

static struct cell *find_cell(struct evidence *evidence, const struct transfer *transfer)
{
	uint16_t port = transfer->control < evidence->n_controls
				? evidence->controls[transfer->control].attempt.peer.port
				: 0;

	for (size_t i = 0; i < evidence->n_matrix; i++) {
		struct cell *cell = &evidence->matrix[i];

		if (cell->mode == transfer->mode && cell->port == port &&
		    cell->tls_mode == transfer->tls_mode && cell->is_v6 == transfer->is_v6)
			return cell;
	}
	if (evidence->n_matrix == EVIDENCE_CELLS)
		return NULL;

	struct cell *cell = &evidence->matrix[evidence->n_matrix++];
	*cell = (struct cell){ .mode = transfer->mode,
			       .port = port,
			       .tls_mode = transfer->tls_mode,
			       .is_v6 = transfer->is_v6 };
	return cell;
}

static enum cell_result *cell_slot(struct cell *cell, enum operation operation)
{
	switch (operation) {
	case OPERATION_LIST:
		return &cell->listing;
	case OPERATION_UPLOAD:
		return &cell->upload;
	case OPERATION_DOWNLOAD:
		return &cell->download;
	case OPERATION_RESUME:
		return &cell->resume;
	case OPERATION_DELETE:
		return &cell->removal;
	case OPERATION_LARGE_UPLOAD:
		return &cell->large_upload;
	case OPERATION_LARGE_DOWNLOAD:
		return &cell->large_download;
	case OPERATION_UNKNOWN:
	case OPERATION_EMPTY_UPLOAD:
		break;
	}
	return NULL;
}

void evidence_fill_matrix(struct evidence *evidence)
{
	evidence->n_matrix = 0;
	for (size_t i = 0; i < evidence->n_transfers; i++) {
		const struct transfer *transfer = &evidence->transfers[i];

		if (transfer->result == TRANSFER_UNTRIED || transfer->result == TRANSFER_SKIPPED)
			continue;

		struct cell *cell = find_cell(evidence, transfer);
		enum cell_result *slot = cell ? cell_slot(cell, transfer->operation) : NULL;

		if (slot && *slot != CELL_FAILED)
			*slot = transfer->result == TRANSFER_OK ? CELL_OK : CELL_FAILED;
	}
}
