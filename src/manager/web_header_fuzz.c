/* manager/web_header_fuzz.c - whatever a header holds, what is taken from it lies within it. */
#include <assert.h>

#include "manager/web_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_within(struct text all, struct text part)
{
	assert(part.len == 0 || (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text in = { (const char *)data, size }, one = T(""), two = T("");

	if (web_cookie_find(in, T("sallyport_session"), &one))
		assert_within(in, one);
	if (web_bearer_parse(in, &one, &two) == 0) {
		assert_within(in, one);
		assert_within(in, two);
		assert(one.len > 0 && two.len > 0);
	}
	if (web_host_parse(in, &one) == 0) {
		assert_within(in, one);
		(void)web_host_is_local(one);
	}
	if (web_origin_is_same(in, true, T("localhost:8021")))
		assert(in.len >= strlen("https://localhost:8021"));
	return 0;
}
