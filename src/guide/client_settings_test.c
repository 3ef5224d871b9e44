/* Tests of guide/client_settings.h. */
#include "base/test.h"
#include "guide/client_settings.h"

static char storage[8192];

static const char *format(const struct client_settings *settings, enum client_export export)
{
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	assert_int_equal(client_settings_format(settings, export, &out), 0);
	assert_false(out.has_overflowed);
	return storage;
}

static const struct {
	enum client_export export;
	enum client_security security;
	const char *part;
} expected[] = {
	{ CLIENT_FILEZILLA, CLIENT_EXPLICIT, "<Protocol>4</Protocol>" },
	{ CLIENT_FILEZILLA, CLIENT_IMPLICIT, "<Protocol>3</Protocol>" },
	{ CLIENT_FILEZILLA, CLIENT_PLAIN, "<Protocol>6</Protocol>" },
	{ CLIENT_FILEZILLA, CLIENT_EXPLICIT, "<Setting name=\"Timeout\">60</Setting>" },
	{ CLIENT_FILEZILLA, CLIENT_EXPLICIT, "<PasvMode>MODE_PASSIVE</PasvMode>" },
	{ CLIENT_FILEZILLA, CLIENT_EXPLICIT, "<User>a&amp;b</User>" },
	{ CLIENT_WINSCP, CLIENT_EXPLICIT, "ftpes://a%26b@ftp.example.com:2121/" },
	{ CLIENT_WINSCP, CLIENT_IMPLICIT, "\nFtps=1\n" },
	{ CLIENT_WINSCP, CLIENT_EXPLICIT, "\nFtpPingInterval=100\n" },
	{ CLIENT_LFTP, CLIENT_EXPLICIT, "set net:reconnect-interval-base 10\n" },
	{ CLIENT_LFTP, CLIENT_IMPLICIT, "open -p 2121 -u \"a&b\" ftps://ftp.example.com\n" },
	{ CLIENT_CURL, CLIENT_EXPLICIT, "ssl-reqd\n" },
	{ CLIENT_CURL, CLIENT_IMPLICIT, "url = \"ftps://ftp.example.com:2121/\"\n" },
	{ CLIENT_RCLONE, CLIENT_EXPLICIT, "explicit_tls = true\nno_check_certificate = false\n" },
	{ CLIENT_RCLONE, CLIENT_IMPLICIT, "\ntls = true\n" },
	{ CLIENT_JSON, CLIENT_IMPLICIT, "\"encryption\": \"implicit\"" },
	{ CLIENT_JSON, CLIENT_EXPLICIT, "\"keepalive_s\": 100" },
};

static void test_each_client_gets_it_in_its_own_words(void **state UNUSED)
{
	struct client_settings settings;

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		client_settings_init(&settings, "ftp.example.com", 2121, expected[i].security);
		settings.user = "a&b";
		if (!strstr(format(&settings, expected[i].export), expected[i].part))
			fail_msg("\"%s\" is not in:\n%s", expected[i].part, storage);
	}
}

static void test_none_accepts_any_certificate(void **state UNUSED)
{
	static const char *const bad[] = {
		"verify-certificate no",       "insecure\n", "\"insecure\"",
		"no_check_certificate = true", "Password",   "pass ="
	};
	struct client_settings settings;

	client_settings_init(&settings, "ftp.example.com", 21, CLIENT_EXPLICIT);
	for (unsigned export = 0; export < CLIENT_N_EXPORTS; export ++)
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
			assert_null(strstr(format(&settings, (enum client_export) export), bad[i]));
}

static void test_what_no_format_should_carry_is_refused(void **state UNUSED)
{
	static const char *const bad[] = { "a\"b", "a\nb", "a'b", "a\\b", "a\x7f" };
	struct client_settings settings;
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		client_settings_init(&settings, "ftp.example.com", 21, CLIENT_EXPLICIT);
		settings.user = bad[i];
		for (unsigned export = 0; export < CLIENT_N_EXPORTS; export ++)
			assert_int_equal(client_settings_format(&settings,
								(enum client_export) export, &out),
					 -EINVAL);
	}
	client_settings_init(&settings, "ftp.example.com", 21, CLIENT_EXPLICIT);
	settings.is_active = true;
	assert_int_equal(client_settings_format(&settings, CLIENT_RCLONE, &out), -EOPNOTSUPP);
	assert_int_equal(out.len, 0);
}

static void test_ipv6_gets_brackets_where_a_port_follows(void **state UNUSED)
{
	struct client_settings settings;

	client_settings_init(&settings, "2001:db8::5", 21, CLIENT_EXPLICIT);
	assert_non_null(strstr(format(&settings, CLIENT_CURL), "ftp://[2001:db8::5]:21/"));
	assert_non_null(strstr(format(&settings, CLIENT_RCLONE), "[2001_db8__5]\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_client_gets_it_in_its_own_words),
		cmocka_unit_test(test_none_accepts_any_certificate),
		cmocka_unit_test(test_what_no_format_should_carry_is_refused),
		cmocka_unit_test(test_ipv6_gets_brackets_where_a_port_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
