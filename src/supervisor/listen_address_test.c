/* supervisor/listen_address_test.c - what the setting `listen` may say. */
#include "supervisor/listen_address.h"

#include "base/test.h"

static void what_is_no_address_is_refused_by_name(void **state)
{
	static const struct {
		const char *setting, *words;
	} cases[] = {
		{ "", "names no address" },
		{ " , ", "names no address" },
		{ "localhost", "\"localhost\" is not an IP address" },
		{ "127.0.0.1, 127.0.0.1:21", "\"127.0.0.1:21\" is not an IP address" },
		{ "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5,127.0.0.6,127.0.0.7,127.0.0.8,"
		  "127.0.0.9",
		  "at most 8 addresses" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct listen_addresses addresses;
		struct failure failure = { "" };

		assert_int_equal(listen_addresses_parse(text_of(cases[i].setting), true, &addresses,
							&failure),
				 -EINVAL);
		if (!strstr(failure.text, cases[i].words))
			fail_msg("\"%s\" lacks \"%s\"", failure.text, cases[i].words);
	}
}

static void addresses_are_read_in_order_and_once(void **state)
{
	static const struct {
		const char *setting;
		bool has_ipv6;
		size_t n;
		const char *first;
		bool both_families;
	} cases[] = {
		{ "*", true, 1, "[::]:0", true },
		{ "*", false, 1, "0.0.0.0:0", false },
		{ "127.0.0.1, *", true, 1, "[::]:0", true },
		{ "::", true, 1, "[::]:0", false },
		{ "0.0.0.0", true, 1, "0.0.0.0:0", false },
		{ " 127.0.0.1 ,::1", true, 2, "127.0.0.1:0", false },
		{ "::1,::1,", true, 1, "[::1]:0", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct listen_addresses addresses;
		struct failure failure;
		char text[ADDRESS_TEXT_SIZE];

		assert_int_equal(listen_addresses_parse(text_of(cases[i].setting),
							cases[i].has_ipv6, &addresses, &failure),
				 0);
		assert_int_equal(addresses.n, cases[i].n);
		assert_string_equal(address_format(&addresses.items[0].address, text),
				    cases[i].first);
		assert_int_equal(addresses.items[0].both_families, cases[i].both_families);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_address_is_refused_by_name),
		cmocka_unit_test(addresses_are_read_in_order_and_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
