/* cli/netrc_fuzz.c - whatever a .netrc file holds, what is found of it fits. */
#include <assert.h>

#include "cli/netrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text file = { (const char *)data, size };
	struct secret password = { 0 };
	char user[NETRC_USER_SIZE];

	if (netrc_find(file, "h", NULL, user, &password) == 0)
		assert(strlen(user) < sizeof(user) && password.len <= SECRET_MAX);
	secret_release(&password);
	return 0;
}
