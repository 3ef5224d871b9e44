/* ftp/ascii_test.c - line ends in both directions, whole and cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ftp/ascii.h"

static const struct {
	struct text local, network;
} encoded[] = {
	{ T(""), T("") },
	{ T("plain"), T("plain") },
	{ T("\n"), T("\r\n") },
	{ T("\n\n"), T("\r\n\r\n") },
	{ T("a\nb"), T("a\r\nb") },
	{ T("a\r\nb"), T("a\r\nb") },
	{ T("a\r\r\nb"), T("a\r\r\nb") },
	{ T("a\r"), T("a\r") },
	{ T("a\rb\n"), T("a\rb\r\n") },
	{ T("\r\n\n\r"), T("\r\n\r\n\r") },
	{ T("a\0\n\xff"), T("a\0\r\n\xff") },
};

static const struct {
	struct text network, local;
} decoded[] = {
	{ T(""), T("") },
	{ T("plain"), T("plain") },
	{ T("\r"), T("\r") },
	{ T("\r\r"), T("\r\r") },
	{ T("\n"), T("\n") },
	{ T("\r\n"), T("\n") },
	{ T("\r\r\n"), T("\r\n") },
	{ T("a\r\nb\r\n"), T("a\nb\n") },
	{ T("a\rb\r"), T("a\rb\r") },
	{ T("\n\r"), T("\n\r") },
	{ T("a\r\n\r\n\rb"), T("a\n\n\rb") },
	{ T("a\0\r\n\xff"), T("a\0\n\xff") },
};

static void assert_bytes(const char *got, size_t len, struct text expected)
{
	assert_true(text_equal((struct text){ got, len }, expected));
}

/* The first part ends at each of the places, the second one too. */
static void encoding_gives_the_same_wherever_it_is_cut(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(encoded); i++) {
		struct text in = encoded[i].local;

		for (size_t a = 0; a <= in.len; a++) {
			for (size_t b = a; b <= in.len; b++) {
				struct ascii ascii = { 0 };
				size_t n = ascii_encode(&ascii, in.ptr, a, out);

				n += ascii_encode(&ascii, in.ptr + a, b - a, out + n);
				n += ascii_encode(&ascii, in.ptr + b, in.len - b, out + n);
				assert_bytes(out, n, encoded[i].network);
			}
		}
	}
}

static void decoding_gives_the_same_wherever_it_is_cut(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(decoded); i++) {
		struct text in = decoded[i].network;

		for (size_t a = 0; a <= in.len; a++) {
			for (size_t b = a; b <= in.len; b++) {
				struct ascii ascii = { 0 };
				size_t n = ascii_decode(&ascii, in.ptr, a, out);

				n += ascii_decode(&ascii, in.ptr + a, b - a, out + n);
				n += ascii_decode(&ascii, in.ptr + b, in.len - b, out + n);
				n += ascii_decode_end(&ascii, out + n);
				assert_bytes(out, n, decoded[i].local);
			}
		}
	}
}

static void a_cr_that_was_held_back_is_written_once(void **state)
{
	struct ascii ascii = { 0 };
	char out[4];

	(void)state;
	assert_int_equal(ascii_decode(&ascii, "\r", 1, out), 0);
	assert_int_equal(ascii_decode_end(&ascii, out), 1);
	assert_int_equal(out[0], '\r');
	assert_int_equal(ascii_decode_end(&ascii, out), 0);
}

static void local_lines_survive_the_way_out_and_in(void **state)
{
	static const char local[] = "one\n\ntwo\rthree\n\r";
	struct ascii out_state = { 0 }, in_state = { 0 };
	char network[2 * sizeof(local)], again[2 * sizeof(local)];

	(void)state;
	size_t n = ascii_encode(&out_state, local, sizeof(local), network);
	size_t back = ascii_decode(&in_state, network, n, again);

	back += ascii_decode_end(&in_state, again + back);
	assert_bytes(again, back, (struct text){ local, sizeof(local) });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoding_gives_the_same_wherever_it_is_cut),
		cmocka_unit_test(decoding_gives_the_same_wherever_it_is_cut),
		cmocka_unit_test(a_cr_that_was_held_back_is_written_once),
		cmocka_unit_test(local_lines_survive_the_way_out_and_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
