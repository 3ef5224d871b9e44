/* doctor/probe_test.c - the pure parts of the probes: first bytes, listings, content, outcomes. */
#include "base/test.h"
#include "doctor/probe_data.h"
#include "doctor/probe_door.h"
#include "doctor/session.h"

static void test_first_bytes_tell_the_server(void **state UNUSED)
{
	static const struct {
		struct text bytes;
		enum answer answer;
	} rows[] = {
		{ T(""), ANSWER_SILENT },
		{ T("220 ready"), ANSWER_FTP },
		{ T("220-ready"), ANSWER_FTP },
		{ T("421 too many"), ANSWER_FTP },
		{ T("120 wait"), ANSWER_FTP },
		{ T("220 mx ESMTP"), ANSWER_SMTP },
		{ T("220-mx SMTP"), ANSWER_SMTP },
		{ T("SSH-2.0-x"), ANSWER_SSH },
		{ T("HTTP/1.0 400"), ANSWER_HTTP },
		{ T("<html>"), ANSWER_HTTP },
		{ T("\x15\x03\x01\0\2"), ANSWER_TLS },
		{ T("\x16\x03\x03\0\2"), ANSWER_TLS },
		{ T("220"), ANSWER_OTHER },
		{ T("220ready"), ANSWER_OTHER },
		{ T("999 x"), ANSWER_OTHER },
		{ T("* OK IMAP4"), ANSWER_OTHER },
		{ T("\0\0\0\0\0"), ANSWER_OTHER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(answer_of_bytes(rows[i].bytes), rows[i].answer);
}

static void test_names_that_are_no_utf8_are_counted(void **state UNUSED)
{
	struct listing_reader reader = { .name = "probe" };
	char line[2048];

	listing_reader_feed(&reader, T("-rw-r--r-- 1 a b 5 Nov 20 11:17 \xc3\xbc\r\n")); /* UTF-8 */
	assert_int_equal(reader.n_foreign, 0);
	listing_reader_feed(&reader, T("-rw-r--r-- 1 a b 5 Nov 20 11:17 \xfc\r\n")); /* Latin-1 */
	assert_int_equal(reader.n_foreign, 1);
	/* What is too long is cut, maybe within a character. */
	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = i % 2 ? '\xbc' : '\xc3';
	listing_reader_feed(&reader, T("x"));
	listing_reader_feed(&reader, (struct text){ line, sizeof(line) });
	listing_reader_feed(&reader, T("\n"));
	assert_int_equal(reader.n_lines, 3);
	assert_int_equal(reader.n_foreign, 1);
}

static void test_listings_are_read_as_clients_do(void **state UNUSED)
{
	static const struct {
		const char *listing;
		uint32_t n_lines, n_unreadable;
		bool has_name;
	} rows[] = {
		{ "", 0, 0, false },
		{ "total 4\r\n-rw-r--r--   1 a b 5 Nov 20 11:17 probe\r\n", 2, 0, true },
		{ "drwxrwsr-T   1 a b 5 Nov 20 11:17 other probe.x\r\n", 1, 0, false },
		{ "11-20-26  11:17AM       <DIR>          probe\r\n", 1, 0, true },
		{ "+i8388621.29609,m824255902,/,\tprobe\r\n", 1, 0, true },
		{ "\r\nprobe\r\n", 1, 1, false },
		{ "<html>\n-rw\n", 2, 2, false },
		{ "-rw-r--r--   1 a b 5 Nov 20 11:17 unfinished probe", 0, 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct listing_reader whole = { .name = "probe" }, pieces = { .name = "probe" };
		struct text in = text_of(rows[i].listing);

		listing_reader_feed(&whole, in);
		for (size_t at = 0; at < in.len; at++)
			listing_reader_feed(&pieces, (struct text){ in.ptr + at, 1 });
		assert_int_equal(whole.n_lines, rows[i].n_lines);
		assert_int_equal(whole.n_unreadable, rows[i].n_unreadable);
		assert_int_equal(whole.has_name, rows[i].has_name);
		assert_memory_equal(&whole, &pieces, sizeof(whole));
	}
}

static void test_content_is_the_same_in_pieces(void **state UNUSED)
{
	char whole[512], piece[1];

	probe_content(1000, whole, sizeof(whole));
	for (size_t i = 0; i < sizeof(whole); i++) {
		probe_content(1000 + i, piece, 1);
		assert_int_equal(piece[0], whole[i]);
	}
	probe_content(0, whole, 64);
	assert_non_null(memmem(whole, 64, "\r\n", 2));
	assert_int_equal(whole[31], '\n');
	/* A lost block of any usual size is seen. */
	for (size_t lost = 512; lost <= 65536; lost *= 2) {
		char other[512];

		probe_content(0, whole, sizeof(whole));
		probe_content(lost, other, sizeof(other));
		assert_memory_not_equal(whole, other, sizeof(whole));
	}
}

static void test_errors_have_outcomes(void **state UNUSED)
{
	assert_int_equal(outcome_of(-ECONNREFUSED), NET_REFUSED);
	assert_int_equal(outcome_of(-ETIMEDOUT), NET_TIMED_OUT);
	assert_int_equal(outcome_of(-EPIPE), NET_RESET);
	assert_int_equal(outcome_of(-ENODATA), NET_CLOSED);
	assert_int_equal(outcome_of(-EBADMSG), NET_GARBAGE);
	assert_int_equal(outcome_of(-EMSGSIZE), NET_TOO_MUCH);
	assert_int_equal(outcome_of(-EACCES), NET_FAILED);
}

static void test_trust_takes_all_three(void **state UNUSED)
{
	struct handshake handshake = { .outcome = NET_OK, .name_matches = true };

	assert_true(handshake_is_trusted(&handshake));
	handshake.verify_error = 10;
	assert_false(handshake_is_trusted(&handshake));
	handshake = (struct handshake){ .outcome = NET_OK };
	assert_false(handshake_is_trusted(&handshake));
	handshake = (struct handshake){ .outcome = NET_GARBAGE, .name_matches = true };
	assert_false(handshake_is_trusted(&handshake));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_bytes_tell_the_server),
		cmocka_unit_test(test_listings_are_read_as_clients_do),
		cmocka_unit_test(test_names_that_are_no_utf8_are_counted),
		cmocka_unit_test(test_content_is_the_same_in_pieces),
		cmocka_unit_test(test_errors_have_outcomes),
		cmocka_unit_test(test_trust_takes_all_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
