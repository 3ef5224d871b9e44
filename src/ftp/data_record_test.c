/* ftp/data_record_test.c - lines that are none, and records that come back as they were. */
#include "ftp/data_record.h"

#include "base/test.h"

static void test_refuses_what_is_no_record(void **state UNUSED)
{
	static const char *const bad[] = {
		"pasv",
		"pasv 40000 - arrived",
		"pasv 40000 - arrived 0 tls",
		"pasv 40000 - arrived 0 tls 0 more",
		"spsv 40000 - arrived 0 tls 0",
		"pasv 70000 - arrived 0 tls 0",
		"pasv 1.2.3:40000 - arrived 0 tls 0",
		"pasv 40000 - came 0 tls 0",
		"pasv 40000 - arrived -1 tls 0",
		"pasv 40000 - arrived 0 ssl 0",
		"pasv 40000 - arrived 0 tls D-20",
		" ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct data_record record = { .cause = 99 };

		assert_int_equal(data_record_parse(text_of(bad[i]), &record), -EINVAL);
		assert_int_equal(record.cause, 99);
	}
}

static void test_what_is_written_reads_back(void **state UNUSED)
{
	static const char *const lines[] = {
		"",
		"pasv 203.0.113.5:40123 198.51.100.7:50312 arrived 12 tls+ 0",
		"epsv 40123 - never 30000 clear 20",
		"port 198.51.100.7:5001 198.51.100.7:5001 arrived 3 tls 0",
		"eprt [2001:db8::7]:5001 - never 4294967295 clear 35",
		"epsv 40123 [2001:db8::8]:50312 elsewhere 0 clear 31",
		"pasv - - refused 0 clear 33",
		"epsv 40000 192.0.2.1:1 tls-failed 0 clear 55",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char again[DATA_RECORD_TEXT_SIZE];
		struct data_record record;

		assert_int_equal(data_record_parse(text_of(lines[i]), &record), 0);
		data_record_format(&record, again);
		assert_string_equal(again, lines[i]);
	}
}

static void test_names_and_failures(void **state UNUSED)
{
	struct data_record record = { .mode = DATA_MODE_EPSV, .outcome = DATA_ARRIVED };

	assert_null(data_mode_name(DATA_MODE_NONE));
	assert_null(data_mode_name(5));
	assert_null(data_outcome_name(6));
	assert_string_equal(data_mode_name(DATA_MODE_EPRT), "eprt");
	assert_string_equal(data_outcome_name(DATA_TLS_FAILED), "tls-failed");
	assert_false(data_record_is_failure(&record));
	record.outcome = DATA_REFUSED;
	assert_true(data_record_is_failure(&record));
	record.mode = DATA_MODE_NONE;
	assert_false(data_record_is_failure(&record));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses_what_is_no_record),
		cmocka_unit_test(test_what_is_written_reads_back),
		cmocka_unit_test(test_names_and_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
