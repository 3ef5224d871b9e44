/* ftp/account_fuzz.c - permission lists round trip; a user name is good or explained. */
#include <assert.h>

#include "ftp/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text in = { (const char *)data, size }, bad;
	uint32_t permissions, again;
	char storage[128];
	struct buf out;

	if (!user_name_problem(in)) {
		assert(size > 0 && size <= USER_NAME_MAX);
		assert(text_is_utf8(in) && text_find(in, '/') < 0 && text_find(in, '\0') < 0);
	}

	if (permissions_parse(in, &permissions, &bad) < 0) {
		assert(bad.ptr >= in.ptr && bad.ptr + bad.len <= in.ptr + in.len);
		return 0;
	}
	assert((permissions & ~(uint32_t)PERM_ALL) == 0);
	buf_init(&out, storage, sizeof(storage));
	permissions_format(permissions, &out);
	assert(!out.has_overflowed);
	assert(permissions_parse(buf_text(&out), &again, &bad) == 0 && again == permissions);
	return 0;
}
