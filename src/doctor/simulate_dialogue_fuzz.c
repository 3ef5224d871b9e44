/* Fuzz target of the simulator's lines: what it reads out of them lies inside of them. */
#include <assert.h>

#include "doctor/simulate_dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text line = { (const char *)data, size };
	char verb[DIALOGUE_VERB_SIZE], storage[64];
	struct buf masked;
	unsigned code = 100;
	uint16_t port = 1;
	bool is_last;

	dialogue_verb(line, verb);
	assert(strlen(verb) < DIALOGUE_VERB_SIZE);
	struct text argument = dialogue_argument(line);
	assert(argument.len <= size);
	(void)dialogue_code(line, &code, &is_last);
	assert(code >= 100 && code <= 999);
	(void)dialogue_passive_port(line, &port);
	assert(port > 0);
	buf_init(&masked, storage, sizeof(storage));
	(void)dialogue_mask(line, size % 2 == 0, &masked);
	return 0;
}
