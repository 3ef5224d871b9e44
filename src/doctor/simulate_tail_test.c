/* Tests of doctor/simulate_tail.h. */
#include "base/test.h"
#include "doctor/simulate_tail.h"

#define STREAM_MAX 1024

struct stream {
	uint8_t bytes[STREAM_MAX];
	size_t len;
};

static void add_record(struct stream *stream, uint8_t type, size_t size)
{
	const uint8_t header[] = { type, 3, 3, (uint8_t)(size >> 8), (uint8_t)size };

	memcpy(stream->bytes + stream->len, header, sizeof(header));
	memset(stream->bytes + stream->len + sizeof(header), type, size);
	stream->len += sizeof(header) + size;
}

/* What comes through when it arrives in pieces of so many bytes. */
static struct stream passed(struct tail *tail, const struct stream *stream, size_t piece)
{
	struct stream all = { .len = 0 };
	uint8_t out[STREAM_MAX + TAIL_MAX];

	for (size_t at = 0; at < stream->len; at += piece) {
		size_t n =
			tail_pass(tail, stream->bytes + at, MIN_OF(piece, stream->len - at), out);

		assert_true(all.len + n <= sizeof(all.bytes));
		memcpy(all.bytes + all.len, out, n);
		all.len += n;
	}
	return all;
}

static void test_the_last_short_record_is_held_back(void **state UNUSED)
{
	static const struct {
		uint8_t type;
		size_t size;
		bool is_held;
	} rows[] = {
		{ 23, 19, true },   /* close_notify of TLS 1.3 */
		{ 21, 26, true },   /* and of 1.2 */
		{ 21, 2, true },    /* an alert in clear */
		{ 23, 53, false },  /* Finished of TLS 1.3: the server waits for it */
		{ 22, 16, false },  /* what belongs to the handshake */
		{ 20, 1, false },   /* ChangeCipherSpec */
		{ 23, 300, false }, /* the file */
		{ 23, 0, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t piece = 1; piece < 400; piece += 7) {
			struct stream stream = { .len = 0 };
			struct tail tail = { .n_held = 0 };

			add_record(&stream, 22, 200);
			add_record(&stream, 23, 19); /* not the last one: it passes */
			add_record(&stream, 23, 200);
			size_t before = stream.len;
			add_record(&stream, rows[i].type, rows[i].size);
			struct stream out = passed(&tail, &stream, piece);
			assert_int_equal(out.len, rows[i].is_held ? before : stream.len);
			assert_memory_equal(out.bytes, stream.bytes, out.len);
			assert_int_equal(tail_has_record(&tail), rows[i].is_held);
		}
	}
}

static void test_what_is_not_tls_passes_as_it_comes(void **state UNUSED)
{
	struct stream stream = { .bytes = "\x17\x03\x03 is how this file begins", .len = 30 };
	struct tail tail = { .n_held = 0 };
	struct stream out = passed(&tail, &stream, 1);

	assert_int_equal(out.len, stream.len);
	assert_memory_equal(out.bytes, stream.bytes, out.len);
	assert_false(tail_has_record(&tail));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_short_record_is_held_back),
		cmocka_unit_test(test_what_is_not_tls_passes_as_it_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
