/* Fuzz target of the character sets: the first byte chooses a set, the rest is decoded as a command
 * line and encoded as a reply, in pieces of the second byte's size. */
#include <assert.h>

#include "base/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "ISO-8859-1", "WINDOWS-1252", "SHIFT_JIS", "EUC-JP",
				     "GB18030",	   "BIG5",	   "KOI8-R",	"EUC-KR" };

static struct charset *set_of(uint8_t choice)
{
	static struct charset *sets[ARRAY_SIZE(names)];
	struct charset **set = &sets[choice % ARRAY_SIZE(names)];

	if (!*set) {
		int r = charset_new(text_of(names[choice % ARRAY_SIZE(names)]), set);
		assert(r == 0);
	}
	return *set;
}

static void decode(struct charset *set, struct text in)
{
	char storage[1024];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	int r = charset_decode(set, in, &out);
	assert(r == 0 || r == -EILSEQ || r == -ENOBUFS);
	assert(r == 0 ? text_is_utf8(buf_text(&out)) : out.len == 0);
}

static void encode(struct charset *set, struct text in, size_t piece)
{
	char storage[264];
	struct buf out;

	while (in.len > 0) {
		size_t before = in.len;

		buf_init(&out, storage, piece + 8); /* room for any one character */
		charset_encode(set, &in, &out);
		assert(in.len < before && !out.has_overflowed);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;

	struct text in = { (const char *)data + 2, size - 2 };

	decode(set_of(data[0]), in);
	encode(set_of(data[0]), in, data[1]);
	return 0;
}
