/* doctor/evidence_test.c - texts that may be shown, the matrix, and JSON there and back. */
#include "base/test.h"
#include "doctor/evidence_json.h"

static void test_texts_may_be_shown(void **state UNUSED)
{
	static const struct {
		struct text in;
		const char *shown;
	} rows[] = {
		{ T("220 Hello"), "220 Hello" },
		{ T("a\r\nb\x1b[0m"), "a\\x0d\nb\\x1b[0m" },
		{ T("back\\slash"), "back\\x5cslash" },
		{ T("caf\xc3\xa9"), "caf\xc3\xa9" },
		{ T("caf\xe9"), "caf\\xe9" },
		{ T("\xc2\x9b"
		    "2J"),
		  "\\xc2\\x9b2J" },
		{ T("cut \xe2\x82"), "cut \\xe2\\x82" },
		{ T("nul\0end"), "nul\\x00end" },
	};
	char shown[64];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		evidence_text(rows[i].in, shown, sizeof(shown));
		assert_string_equal(shown, rows[i].shown);
	}
	evidence_text(T("abc\xe9"), shown, 6);
	assert_string_equal(shown, "abc"); /* never half of a character */
}

static const char full[] =
	"{\"version\":1,\"started\":\"2026-11-20T11:17:40.123Z\","
	"\"target\":{\"given\":\"ftp://h/\",\"host\":\"h\",\"had_scheme\":true,\"scheme\":\"ftp\"},"
	"\"conditions\":{\"timeout_ms\":60000,\"tries\":3,\"promised_last\":65535},"
	"\"dns\":{\"a\":{\"outcome\":\"ok\",\"duration_ms\":3},"
	"\"aaaa\":{\"outcome\":\"no_address\"},"
	"\"addresses\":[\"192.0.2.1\",\"2001:db8::1\"]},"
	"\"doors\":[{\"address\":\"192.0.2.1:21\",\"mode\":\"explicit\",\"attempts\":["
	"{\"peer\":\"192.0.2.1:21\",\"outcome\":\"unreachable\",\"error\":113,\"icmp\":"
	"{\"is_there\":true,\"from\":\"198.51.100.1\",\"type\":3,\"code\":13,"
	"\"kind\":\"prohibited\"}}],\"outcome\":\"unreachable\"},"
	"{\"address\":\"[2001:db8::1]:990\",\"answer\":\"tls\",\"handshake\":{\"outcome\":\"ok\","
	"\"chain\":[{\"common_name\":\"h\",\"not_before_s\":-1}],\"verify_error\":20}}],"
	"\"controls\":[{\"purpose\":\"main\",\"exchanges\":["
	"{\"verb\":\"FEAT\",\"reply\":{\"outcome\":\"ok\",\"code\":211,\"text\":"
	"\"211-Features\\n AUTH TLS\\n211 End\"}}],\"login\":\"ok\"}],"
	"\"transfers\":[{\"mode\":\"pasv\",\"operation\":\"list\",\"result\":\"not_connected\","
	"\"failure\":\"timed_out\",\"view\":{\"is_there\":true,\"arrival\":\"nothing\"}}],"
	"\"clock_offset_s\":-7200}";

static void test_json_reads_back_what_it_wrote(void **state UNUSED)
{
	AUTO_EVIDENCE struct evidence *evidence = evidence_new(), *again = evidence_new();
	struct evidence_error error = { "" };

	assert_true(evidence && again);
	if (evidence_from_text(text_of(full), evidence, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(evidence->doors[0].attempts[0].icmp.code, 13);
	assert_int_equal(evidence->doors[1].address.port, 990);
	assert_int_equal(evidence->doors[1].handshake.chain[0].not_before_s, -1);
	assert_int_equal(evidence->clock_offset_s, -7200);
	assert_int_equal(evidence->conditions.promised_last, 65535);

	json_t *json = evidence_to_json(evidence);
	assert_int_equal(evidence_from_json(json, again, &error), 0);
	assert_memory_equal(evidence, again, sizeof(*evidence));

	json_t *original = json_loads(full, 0, NULL);
	assert_true(json_equal(json, original));
	json_decref(original);
	json_decref(json);
}

static void test_json_refuses_what_it_does_not_know(void **state UNUSED)
{
	static const struct {
		const char *in, *error;
	} rows[] = {
		{ "{", "line 1: " },
		{ "[]", " is no object" },
		{ "{\"version\":2}", "version is not ours" },
		{ "{\"door\":[]}", "door is unknown" },
		{ "{\"doors\":{}}", "doors is no list" },
		{ "{\"doors\":[{\"answer\":\"irc\"}]}", "doors[0].answer is none of its words" },
		{ "{\"doors\":[{},{\"address\":\"h\"}]}", "doors[1].address is no address" },
		{ "{\"doors\":[{\"is_requested\":1}]}",
		  "doors[0].is_requested is neither true nor false" },
		{ "{\"conditions\":{\"promised_first\":65536}}",
		  "conditions.promised_first is no number that fits" },
		{ "{\"conditions\":{\"tries\":-1}}", "conditions.tries is no number that fits" },
		{ "{\"dns\":{\"addresses\":[1]}}", "dns.addresses[0]. is no address" },
		{ "{\"target\":{\"scheme\":\"0123456789abcdef\"}}",
		  "target.scheme is no text that fits" },
	};
	AUTO_EVIDENCE struct evidence *evidence = evidence_new();
	struct evidence_error error;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(evidence_from_text(text_of(rows[i].in), evidence, &error),
				 -EINVAL);
		if (strncmp(error.text, rows[i].error, strlen(rows[i].error)) != 0)
			fail_msg("\"%s\" instead of \"%s\"", error.text, rows[i].error);
	}
}

static void test_replies_are_found(void **state UNUSED)
{
	AUTO_EVIDENCE struct evidence *evidence = evidence_new();
	struct evidence_error error;

	assert_int_equal(evidence_from_text(text_of(full), evidence, &error), 0);

	const struct control *main_one = evidence_control(evidence, PURPOSE_MAIN);
	const struct reply *features = control_reply(main_one, "FEAT", false);
	assert_non_null(features);
	assert_null(control_reply(main_one, "FEAT", true));
	assert_null(control_any_reply(main_one, "AUTH"));
	assert_true(reply_has_line(features, "auth tls"));
	assert_false(reply_has_line(features, "EPSV"));
	assert_null(evidence_control(evidence, PURPOSE_IDLE));
	assert_ptr_equal(evidence_door(evidence, &evidence->doors[1].address), &evidence->doors[1]);
}

static void test_matrix_holds_what_was_tried(void **state UNUSED)
{
	static const char in[] =
		"{\"controls\":[{\"attempt\":{\"peer\":\"192.0.2.1:21\"}}],\"transfers\":["
		"{\"mode\":\"epsv\",\"operation\":\"list\",\"result\":\"ok\"},"
		"{\"mode\":\"epsv\",\"operation\":\"upload\",\"result\":\"skipped\"},"
		"{\"mode\":\"pasv\",\"operation\":\"list\",\"result\":\"not_connected\"},"
		"{\"mode\":\"pasv\",\"operation\":\"list\",\"is_lenient\":true,\"result\":\"ok\"}]}";
	AUTO_EVIDENCE struct evidence *evidence = evidence_new();
	struct evidence_error error;

	assert_int_equal(evidence_from_text(text_of(in), evidence, &error), 0);
	evidence_fill_matrix(evidence);
	assert_int_equal(evidence->n_matrix, 2);
	assert_int_equal(evidence->matrix[0].port, 21);
	assert_int_equal(evidence->matrix[0].listing, CELL_OK);
	assert_int_equal(evidence->matrix[0].upload, CELL_UNTESTED);
	assert_int_equal(evidence->matrix[1].listing, CELL_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_may_be_shown),
		cmocka_unit_test(test_json_reads_back_what_it_wrote),
		cmocka_unit_test(test_json_refuses_what_it_does_not_know),
		cmocka_unit_test(test_replies_are_found),
		cmocka_unit_test(test_matrix_holds_what_was_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
