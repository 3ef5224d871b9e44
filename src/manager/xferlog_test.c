/* manager/xferlog_test.c - lines of the xferlog. */
#include "base/test.h"

#include "manager/xferlog.h"

static struct transfer_record record_of(const char *path)
{
	struct transfer_record record = {
		.ended_wall_ms = 1795173460123,
		.user = "alice smith",
		.address = "192.0.2.1",
		.bytes = 1048576,
		.duration_ms = 2001,
		.result = "complete",
	};

	(void)snprintf(record.path, sizeof(record.path), "%s", path);
	return record;
}

static int use_utc(void **state)
{
	(void)state;
	(void)setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static void what_is_no_transfer_has_no_line(void **state)
{
	struct transfer_record record = record_of("/a");
	char line[XFERLOG_LINE_SIZE];

	(void)state;
	assert_false(xferlog_format(&record, false, false, line));
}

static void lines_have_the_fields_of_wu_ftpd(void **state)
{
	struct transfer_record record = record_of("/in/a b\tc\nd.bin");
	char line[XFERLOG_LINE_SIZE];

	(void)state;
	assert_true(xferlog_format(&record, true, false, line));
	assert_string_equal(line,
			    "Fri Nov 20 11:17:40 2026 3 192.0.2.1 1048576 /in/a_b_c_d.bin b _ "
			    "i r alice_smith ftp 0 * c\n");
	record.is_ascii = true;
	record.duration_ms = 0;
	(void)snprintf(record.result, sizeof(record.result), "Connection reset by peer");
	assert_true(xferlog_format(&record, false, true, line));
	assert_string_equal(line,
			    "Fri Nov 20 11:17:40 2026 1 192.0.2.1 1048576 /in/a_b_c_d.bin a _ "
			    "o r alice_smith ftp 0 * i\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_transfer_has_no_line),
		cmocka_unit_test(lines_have_the_fields_of_wu_ftpd),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
