/* doctor/other_end_test.c - what a Sallyport server tells of its end, and what it does not. */
#include "doctor/other_end.h"

#include "base/test.h"

static const char reply[] = "211-Sallyport\n"
			    " version: 0.1.0\n"
			    " sees: 192.0.2.7:51234\n"
			    " local: [2001:db8::5]:21\n"
			    " external: 203.0.113.5\n"
			    " passive-ports: 40000-50000\n"
			    " idle-timeout: 120\n"
			    " data-timeout: 30\n"
			    " min-rate: 1000\n"
			    " upload-size: 5000000000\n"
			    " sessions-per-user: 10\n"
			    " session-reuse: prefer\n"
			    " a-new-name: of a later version\n"
			    " passive-reply: 227 Entering Passive Mode (192,0,2,1,156,64).\n"
			    " active-command: PORT 192,0,2,7,200,10\n"
			    " data-port: 40000\n"
			    " data-arrival: elsewhere 198.51.100.7:4711\n"
			    " data-resumed: no\n"
			    "211 End";

static void test_the_other_end_is_read(void **state UNUSED)
{
	struct other_end end = { 0 };
	char shown[ADDRESS_TEXT_SIZE];

	other_end_parse(text_of(reply), &end);
	assert_string_equal(end.version, "0.1.0");
	assert_string_equal(address_format(&end.sees, shown), "192.0.2.7:51234");
	assert_string_equal(address_format(&end.local, shown), "[2001:db8::5]:21");
	assert_string_equal(end.external, "203.0.113.5");
	assert_int_equal(end.passive_first, 40000);
	assert_int_equal(end.passive_last, 50000);
	assert_int_equal(end.idle_timeout_s, 120);
	assert_int_equal(end.max_sessions_per_user, 10);
	assert_int_equal(end.data_timeout_s, 30);
	assert_int_equal(end.min_rate, 1000);
	assert_int_equal(end.upload_size, 5000000000);
	assert_int_equal(end.max_sessions_per_address, 0);
	assert_string_equal(end.session_reuse, "prefer");
}

static void test_the_last_data_connection_is_read(void **state UNUSED)
{
	struct server_view view = { 0 };
	char shown[ADDRESS_TEXT_SIZE];

	other_end_parse_view(text_of(reply), &view);
	assert_string_equal(view.passive_reply, "227 Entering Passive Mode (192,0,2,1,156,64).");
	assert_string_equal(view.active_command, "PORT 192,0,2,7,200,10");
	assert_int_equal(view.port, 40000);
	assert_int_equal(view.arrival, ARRIVAL_ELSEWHERE);
	assert_string_equal(address_format(&view.arrived_from, shown), "198.51.100.7:4711");
	assert_int_equal(view.resumed, RESUMED_NO);
}

static void test_nonsense_is_nothing(void **state UNUSED)
{
	static const char *const rows[] = {
		"",
		"500 Unknown",
		"211-\n sees: nowhere\n passive-ports: many\n211 End",
		"211-\n sees: 192.0.2.1:65536\n data-port:\n data-arrival: perhaps\n211 End",
		"211-\n sees\n:\n : \n local: [::1\n passive-ports: 5-\n211 End",
	};
	static const struct other_end no_end;
	static const struct server_view no_view;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct other_end end = { 0 };
		struct server_view view = { 0 };

		other_end_parse(text_of(rows[i]), &end);
		other_end_parse_view(text_of(rows[i]), &view);
		assert_memory_equal(&end, &no_end, sizeof(end));
		assert_memory_equal(&view, &no_view, sizeof(view));
	}
}

static void test_only_a_sallyport_server_is_asked(void **state UNUSED)
{
	AUTO_EVIDENCE struct evidence *evidence = evidence_new();
	struct control *control = evidence_add_control(evidence);
	struct exchange *banner = control_add_exchange(control);

	(void)snprintf(banner->reply.text, sizeof(banner->reply.text), "220 ProFTPD ready");
	assert_false(other_end_is_sallyport(control));
	(void)snprintf(banner->reply.text, sizeof(banner->reply.text),
		       "220 ftp.example.com Sallyport FTP server ready.");
	assert_true(other_end_is_sallyport(control));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_other_end_is_read),
		cmocka_unit_test(test_the_last_data_connection_is_read),
		cmocka_unit_test(test_nonsense_is_nothing),
		cmocka_unit_test(test_only_a_sallyport_server_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
