/* doctor/target_test.c - hosts as people write them. */
#include "doctor/target.h"

#include "base/test.h"

static void test_what_is_no_host(void **state UNUSED)
{
	static const char *const rows[] = {
		"",	" ",	 "/",	       "ftp://",  "user@",
		"a b@", "[]:21", "-a.example", "a..b",	  "caf\xc3\xa9.example",
		":21",	"h:ftp", "h:0",	       "h:65536", "[::1]:x",
	};
	struct target target;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (target_parse(text_of(rows[i]), &target) == 0)
			fail_msg("\"%s\" was taken for %s", rows[i], target.host);
}

static void assert_target(const struct target *is, const struct target *expected)
{
	assert_string_equal(is->given, expected->given);
	assert_string_equal(is->host, expected->host);
	assert_string_equal(is->scheme, expected->scheme);
	assert_int_equal(is->given_port, expected->given_port);
	assert_int_equal(is->given_mode, expected->given_mode);
	assert_int_equal(is->is_address, expected->is_address);
	assert_int_equal(is->had_scheme, expected->had_scheme);
	assert_int_equal(is->had_path, expected->had_path);
	assert_int_equal(is->had_port, expected->had_port);
	assert_int_equal(is->had_blanks, expected->had_blanks);
	assert_int_equal(is->had_user, expected->had_user);
	assert_int_equal(is->had_dot, expected->had_dot);
	assert_int_equal(is->had_brackets, expected->had_brackets);
}

static void test_hosts_are_mended(void **state UNUSED)
{
	static const struct {
		const char *given;
		struct target target;
	} rows[] = {
		{ "ftp.example.com", { .host = "ftp.example.com" } },
		{ "FTP.Example.COM", { .host = "ftp.example.com" } },
		{ "ftp.example.com.", { .host = "ftp.example.com", .had_dot = true } },
		{ " ftp.example.com\t", { .host = "ftp.example.com", .had_blanks = true } },
		{ "ftp. example.com", { .host = "ftp.example.com", .had_blanks = true } },
		{ "ftp.example.com:2121",
		  { .host = "ftp.example.com", .had_port = true, .given_port = 2121 } },
		{ "ftp.example.com:", { .host = "ftp.example.com", .had_port = true } },
		{ "ftp.example.com/", { .host = "ftp.example.com", .had_path = true } },
		{ "https://ftp.example.com/in/x",
		  { .host = "ftp.example.com",
		    .had_scheme = true,
		    .had_path = true,
		    .scheme = "https" } },
		{ "https://h/in?token=x",
		  { .given = "https://h/in?****",
		    .host = "h",
		    .had_scheme = true,
		    .had_path = true,
		    .scheme = "https" } },
		{ "ftps://al:p@ss@ftp.example.com:990",
		  { .given = "ftps://****@ftp.example.com:990",
		    .host = "ftp.example.com",
		    .had_scheme = true,
		    .had_user = true,
		    .had_port = true,
		    .given_port = 990,
		    .given_mode = MODE_IMPLICIT,
		    .scheme = "ftps" } },
		{ "ftpes://h",
		  { .host = "h",
		    .had_scheme = true,
		    .given_mode = MODE_EXPLICIT,
		    .scheme = "ftpes" } },
		{ "192.0.2.1", { .host = "192.0.2.1", .is_address = true } },
		{ "192.0.2.1:21",
		  { .host = "192.0.2.1", .is_address = true, .had_port = true, .given_port = 21 } },
		{ "2001:db8::1", { .host = "2001:db8::1", .is_address = true } },
		{ "[2001:db8::1]",
		  { .host = "2001:db8::1", .is_address = true, .had_brackets = true } },
		{ "[2001:db8::1]:990",
		  { .host = "2001:db8::1",
		    .is_address = true,
		    .had_brackets = true,
		    .had_port = true,
		    .given_port = 990 } },
	};
	struct target target;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct target expected = rows[i].target;

		if (target_parse(text_of(rows[i].given), &target) < 0)
			fail_msg("\"%s\" is no host", rows[i].given);
		if (!*expected.given)
			evidence_text(text_of(rows[i].given), expected.given,
				      sizeof(expected.given));
		assert_target(&target, &expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_host),
		cmocka_unit_test(test_hosts_are_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
