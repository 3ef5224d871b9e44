/* ftp/line_fuzz.c - the lines are the same whether the bytes come whole or in pieces, and a reader
 * without unread bytes holds no memory. */
#include <assert.h>

#include "base/buf.h"
#include "ftp/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (60 * 1024) /* below the limit of unread bytes */
#define ALMOST_LONG (LINE_MAX_LEN - 4)

static void take_all(struct line_reader *reader, struct buf *out)
{
	struct text line;
	int r;

	while ((r = line_reader_next(reader, &line)) != 0) {
		assert(r == 1 || r == -EMSGSIZE);
		if (r == 1) {
			assert(line.len <= LINE_MAX_LEN && text_find(line, '\n') < 0);
			buf_add(out, line);
		}
		buf_add_char(out, r == 1 ? '\n' : '\x01');
	}
	assert(!line_reader_is_empty(reader) || !reader->bytes);
	assert(reader->len <= LINE_MAX_LEN + 1);
}

/* Feeds pieces of at most so many bytes; takes lines after every piece, or only at the end. */
static uint64_t read_lines(struct text in, size_t piece, bool takes_between, struct buf *out)
{
	struct line_reader reader;

	line_reader_init(&reader);
	while (in.len > 0) {
		size_t len = MIN_OF(piece, in.len);

		assert(line_reader_feed(&reader, in.ptr, len) == 0);
		if (takes_between)
			take_all(&reader, out);
		in.ptr += len;
		in.len -= len;
	}
	take_all(&reader, out);

	uint64_t skipped_bytes = reader.skipped_bytes;

	line_reader_release(&reader);
	return skipped_bytes;
}

static void check_pieces(struct text in, size_t piece, bool takes_between)
{
	static char whole_bytes[2 * INPUT_MAX], pieces_bytes[2 * INPUT_MAX];
	struct buf whole, pieces;

	buf_init(&whole, whole_bytes, sizeof(whole_bytes));
	buf_init(&pieces, pieces_bytes, sizeof(pieces_bytes));

	uint64_t skipped = read_lines(in, in.len, false, &whole);

	assert(skipped == read_lines(in, piece, takes_between, &pieces));
	assert(text_equal(buf_text(&whole), buf_text(&pieces)));
}

/* Looking for a verb and dropping through it agree, and change nothing but what they say. */
static void check_verb(struct text in)
{
	struct line_reader reader;

	line_reader_init(&reader);
	assert(line_reader_feed(&reader, in.ptr, in.len) == 0);

	size_t len = reader.len;
	bool is_there = line_reader_has_verb(&reader, T("ABOR"));

	line_reader_drop_through(&reader, T("ABOR"));
	assert(is_there ? reader.len < len : reader.len == len);
	line_reader_drop_all(&reader);
	assert(line_reader_is_empty(&reader) && !reader.bytes);
	line_reader_release(&reader);
}

/* A short input stands for a long line as well: its bytes up to the first "*" are repeated
 * until just below the limit. */
static void check_long(struct text in, size_t piece)
{
	static char bytes[INPUT_MAX];
	struct text repeated;

	if (!text_take_until(&in, '*', &repeated) || repeated.len == 0 ||
	    repeated.len > ALMOST_LONG || in.len > sizeof(bytes) - ALMOST_LONG ||
	    text_find(repeated, '\n') >= 0)
		return;
	memcpy(bytes, repeated.ptr, repeated.len);
	for (size_t len = repeated.len; len < ALMOST_LONG; len = MIN_OF(2 * len, ALMOST_LONG))
		memcpy(bytes + len, bytes, MIN_OF(len, ALMOST_LONG - len));
	memcpy(bytes + ALMOST_LONG, in.ptr, in.len);
	check_pieces((struct text){ bytes, ALMOST_LONG + in.len }, piece, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > INPUT_MAX)
		return 0;

	struct text in = { (const char *)data + 1, size - 1 };
	size_t piece = (size_t)(data[0] >> 1) + 1;

	if (in.len == 0)
		return 0;
	check_pieces(in, piece, data[0] & 1);
	check_verb(in);
	if (data[0] >= 0xf0 && text_find(in, '*') >= 0)
		check_long(in, piece * 32);
	return 0;
}
