/* manager/api_route_fuzz.c - whatever path is asked for, the argument is bounded text or there is
 * none. Input: the method, a blank, the path. */
#include <assert.h>

#include "manager/api_route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text path = { (const char *)data, size }, method = T("");
	char argument[API_ARGUMENT_SIZE], allow[API_ALLOW_SIZE];
	api_handler handler = NULL;

	(void)text_take_until(&path, ' ', &method);
	int r = api_route_find(method, path, &handler, argument, allow);
	assert(r == 0 || r == -ENOENT || r == -EPERM);
	assert((r == 0) == (handler != NULL));
	if (r == 0)
		assert(strnlen(argument, sizeof(argument)) < sizeof(argument));
	if (r == -EPERM)
		assert(*allow != '\0' && strnlen(allow, sizeof(allow)) < sizeof(allow) - 1);
	return 0;
}
