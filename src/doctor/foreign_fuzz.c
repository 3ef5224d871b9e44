/* doctor/foreign_fuzz.c - what servers send that the doctor reads beyond replies: listings, first
 * bytes, SITE DOCTOR; and recorded evidence. Whatever was read as evidence is written as JSON and
 * reads back the same. */
#include <assert.h>

#include "doctor/evidence_json.h"
#include "doctor/other_end.h"
#include "doctor/probe_data.h"
#include "doctor/probe_door.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_listing(struct text in)
{
	struct listing_reader whole = { .name = "x" }, pieces = { .name = "x" };

	listing_reader_feed(&whole, in);
	for (size_t i = 0; i < in.len; i++)
		listing_reader_feed(&pieces, (struct text){ in.ptr + i, 1 });
	assert(whole.n_lines == pieces.n_lines && whole.n_unreadable == pieces.n_unreadable &&
	       whole.has_name == pieces.has_name);
}

static void read_evidence(struct text in)
{
	AUTO_EVIDENCE struct evidence *evidence = evidence_new(), *again = evidence_new();
	struct evidence_error error;

	assert(evidence && again);
	if (evidence_from_text(in, evidence, &error) < 0)
		return;
	json_t *json = evidence_to_json(evidence);
	assert(evidence_from_json(json, again, &error) == 0);
	/* Elements of lists that hold nothing are kept, all else of nothing is left out. */
	assert(memcmp(evidence, again, sizeof(*evidence)) == 0);
	json_decref(json);
	evidence_fill_matrix(evidence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text in = { (const char *)data, size };
	struct other_end end = { 0 };
	struct server_view view = { 0 };
	char shown[64];

	(void)answer_of_bytes(in);
	other_end_parse(in, &end);
	other_end_parse_view(in, &view);
	evidence_text(in, shown, sizeof(shown));
	assert(text_is_utf8(text_of(shown)));
	read_listing(in);
	if (size > 0 && data[0] == '{')
		read_evidence(in);
	return 0;
}
