/* Fuzz target of host names: what is taken as a name is its own normal form, and what is found in a
 * server_name extension lies inside of it. */
#include <assert.h>

#include "net/host_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(struct text in)
{
	char name[HOST_NAME_SIZE], again[HOST_NAME_SIZE];

	if (host_name_parse(in, name) < 0)
		return;
	assert(strlen(name) > 0 && strlen(name) < HOST_NAME_SIZE);
	int r = host_name_parse(text_of(name), again);
	assert(r == 0 && strcmp(name, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text in = { (const char *)data, size }, name;

	parse(in);
	if (host_name_of_sni(in, &name)) {
		assert(name.len > 0 && name.ptr > in.ptr && name.ptr + name.len <= in.ptr + in.len);
		parse(name);
	}
	return 0;
}
