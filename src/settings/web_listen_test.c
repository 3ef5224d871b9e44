/* settings/web_listen_test.c - which addresses are taken, and who speaks TLS. */
#include "base/test.h"

#include "settings/web_listen.h"

static void what_is_no_address_with_a_port_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *setting, *bad;
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "8021", "8021" },
		{ ":8021", ":8021" },
		{ "127.0.0.1:", "127.0.0.1:" },
		{ "127.0.0.1:0", "127.0.0.1:0" },
		{ "127.0.0.1:65536", "127.0.0.1:65536" },
		{ "127.0.0.1:80a", "127.0.0.1:80a" },
		{ "localhost:8021", "localhost:8021" },
		{ "::1:8021", "::1:8021" },
		{ "[127.0.0.1]:8021", "[127.0.0.1]:8021" },
		{ "[*]:8021", "[*]:8021" },
		{ "[::1]8021", "[::1]8021" },
		{ "127.0.0.1:1,,127.0.0.1:2", "" },
		{ "127.0.0.1:1, x:2", "x:2" },
		{ "*:1,*:2,*:3,*:4,*:5,*:6,*:7,*:8,*:9", "*:9" },
	};
	struct web_addresses addresses;
	struct text bad;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (web_listen_parse(text_of(rows[i].setting), &addresses, &bad) != -EINVAL)
			fail_msg("%s was taken", rows[i].setting);
		assert_text(bad, rows[i].bad);
	}
}

static void addresses_are_read(void **state)
{
	(void)state;
	struct web_addresses addresses;
	char text[ADDRESS_TEXT_SIZE];
	struct text bad;

	assert_int_equal(web_listen_parse(T(""), &addresses, &bad), 0);
	assert_int_equal(addresses.n, 0);
	assert_int_equal(web_listen_parse(T("127.0.0.1:8021, [::1]:8022,*:443"), &addresses, &bad),
			 0);
	assert_int_equal(addresses.n, 3);
	assert_string_equal(address_format(&addresses.items[0].address, text), "127.0.0.1:8021");
	assert_string_equal(address_format(&addresses.items[1].address, text), "[::1]:8022");
	assert_true(addresses.items[2].both_families && !addresses.items[1].both_families);
	assert_int_equal(addresses.items[2].address.port, 443);
}

static void tls_is_spoken_where_others_can_come(void **state)
{
	(void)state;
	struct web_addresses a;
	struct settings settings = { .web_tls = WEB_TLS_AUTO };
	struct text bad;

	assert_int_equal(web_listen_parse(T("127.0.0.1:1,[::1]:1,192.0.2.1:1,*:1"), &a, &bad), 0);
	assert_false(web_listen_has_tls(&settings, &a.items[0].address));
	assert_false(web_listen_has_tls(&settings, &a.items[1].address));
	assert_true(web_listen_has_tls(&settings, &a.items[2].address));
	assert_true(web_listen_has_tls(&settings, &a.items[3].address));
	settings.web_tls = WEB_TLS_YES;
	assert_true(web_listen_has_tls(&settings, &a.items[0].address));
	settings.web_tls = WEB_TLS_NO;
	assert_false(web_listen_has_tls(&settings, &a.items[2].address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_address_with_a_port_is_refused),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(tls_is_spoken_where_others_can_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
