/* manager/api_route_fuzz.c - whatever path is asked for, the arguments are bounded text or there
 * are none. Input: the method, a blank, the path. */
#include <assert.h>

#include "manager/api_route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text path = { (const char *)data, size }, method = T("");
	char first[API_ARGUMENT_SIZE], second[API_ARGUMENT_SIZE], allow[API_ALLOW_SIZE];
	const struct api_route *route = NULL;

	(void)text_take_until(&path, ' ', &method);
	int r = api_route_find(method, path, &route, first, second, allow);
	assert(r == 0 || r == -ENOENT || r == -EPERM);
	assert((r == 0) == (route != NULL));
	if (r == 0) {
		assert(strnlen(first, sizeof(first)) < sizeof(first));
		assert(strnlen(second, sizeof(second)) < sizeof(second));
	}
	if (r == -EPERM)
		assert(*allow != '\0' && strnlen(allow, sizeof(allow)) < sizeof(allow) - 1);
	return 0;
}
