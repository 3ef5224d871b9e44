/* doctor/target_fuzz.c - whatever is given as a host: what is made of it is a host, and reads as
 * the same host again. */
#include <assert.h>

#include "doctor/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target target, again;

	if (target_parse((struct text){ (const char *)data, size }, &target) < 0)
		return 0;
	assert(*target.host && text_is_utf8(text_of(target.given)));
	assert(target_parse(text_of(target.host), &again) == 0);
	assert(strcmp(target.host, again.host) == 0 && again.is_address == target.is_address);
	assert(!again.had_scheme && !again.had_path && !again.had_port && !again.had_user &&
	       !again.had_blanks && !again.had_dot && !again.had_brackets);
	return 0;
}
