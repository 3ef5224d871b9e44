/* Tests of net/address.h. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "net/address.h"

static struct address parsed(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text_of(text), &a), 0);
	return a;
}

static void words_that_are_no_address_are_refused(void **state)
{
	static const char *const refused[] = {
		"",
		" 192.0.2.1",
		"192.0.2.1 ",
		"192.0.2",
		"192.0.2.256",
		"192.0.2.01",
		"192.0.2.1.1",
		"0x7f.1",
		"192.0.2.1:21",
		"[::1]",
		"::1%",
		"::1%1",
		"fe80::1%",
		"fe80::1%0",
		"fe80::1%eth0",
		"fe80::1%-1",
		"192.0.2.1%1",
		"fe80::1%4294967296",
		"1::2::3",
		"localhost",
		":",
		"12345::",
		"fe80::1%3%4",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct address a = { .port = 4711 };

		assert_int_equal(address_parse(text_of(refused[i]), &a), -EINVAL);
		assert_int_equal(a.port, 4711);
	}
	struct address a;

	assert_int_equal(address_parse((struct text){ "192.0.2.1\0x", 11 }, &a), -EINVAL);
}

static void addresses_are_read_and_written(void **state)
{
	static const struct {
		const char *in, *ip, *with_port;
		bool is_v4, is_loopback, is_private, is_unspecified;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", "192.0.2.1:21", true, false, false, false },
		{ "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1:21", true, false, false, false },
		{ "2001:DB8:0::1", "2001:db8::1", "[2001:db8::1]:21", false, false, false, false },
		{ "fe80::1%3", "fe80::1%3", "[fe80::1%3]:21", false, false, true, false },
		{ "127.255.0.1", "127.255.0.1", "127.255.0.1:21", true, true, true, false },
		{ "::1", "::1", "[::1]:21", false, true, true, false },
		{ "0.0.0.0", "0.0.0.0", "0.0.0.0:21", true, false, true, true },
		{ "::", "::", "[::]:21", false, false, true, true },
		{ "10.1.2.3", "10.1.2.3", "10.1.2.3:21", true, false, true, false },
		{ "172.15.0.1", "172.15.0.1", "172.15.0.1:21", true, false, false, false },
		{ "172.31.0.1", "172.31.0.1", "172.31.0.1:21", true, false, true, false },
		{ "172.32.0.1", "172.32.0.1", "172.32.0.1:21", true, false, false, false },
		{ "192.168.9.9", "192.168.9.9", "192.168.9.9:21", true, false, true, false },
		{ "100.64.0.1", "100.64.0.1", "100.64.0.1:21", true, false, true, false },
		{ "100.128.0.1", "100.128.0.1", "100.128.0.1:21", true, false, false, false },
		{ "169.254.1.1", "169.254.1.1", "169.254.1.1:21", true, false, true, false },
		{ "fd00::1", "fd00::1", "[fd00::1]:21", false, false, true, false },
		{ "fe00::1", "fe00::1", "[fe00::1]:21", false, false, false, false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[ADDRESS_TEXT_SIZE];
		struct address a = parsed(rows[i].in);

		assert_int_equal(a.port, 0);
		a.port = 21;
		assert_string_equal(address_format_ip(&a, text), rows[i].ip);
		assert_string_equal(address_format(&a, text), rows[i].with_port);
		assert_int_equal(address_is_v4(&a), rows[i].is_v4);
		assert_int_equal(address_is_loopback(&a), rows[i].is_loopback);
		assert_int_equal(address_is_private(&a), rows[i].is_private);
		assert_int_equal(address_is_unspecified(&a), rows[i].is_unspecified);
	}
}

static void the_longest_address_fits_its_text(void **state)
{
	struct address a = { .scope_id = UINT32_MAX, .port = 65535 };
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	memset(a.ip, 0xfe, sizeof(a.ip));
	assert_string_equal(address_format(&a, text),
			    "[fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe%4294967295]:65535");
}

static void the_same_host_is_known_by_address_and_scope_but_not_by_port(void **state)
{
	struct address a = parsed("192.0.2.1"), b = parsed("::ffff:192.0.2.1");
	struct address one = parsed("fe80::1%1"), two = parsed("fe80::1%2");

	(void)state;
	b.port = 99;
	assert_true(address_same_host(&a, &b));
	assert_false(address_same_host(&one, &two));
	assert_false(address_same_host(&a, &one));
}

static void other_families_are_no_address(void **state)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };
	struct address a;

	(void)state;
	assert_int_equal(address_from_sockaddr(&sa, &a), -EAFNOSUPPORT);
}

static void sockaddrs_come_back_as_they_went(void **state)
{
	static const struct {
		const char *text;
		int family;
		socklen_t len;
	} rows[] = {
		{ "192.0.2.1", AF_INET, sizeof(struct sockaddr_in) },
		{ "2001:db8::1", AF_INET6, sizeof(struct sockaddr_in6) },
		{ "fe80::1%7", AF_INET6, sizeof(struct sockaddr_in6) },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address in = parsed(rows[i].text), out;
		struct sockaddr_storage sa;

		in.port = 40123;
		assert_int_equal(address_to_sockaddr(&in, &sa), rows[i].len);
		assert_int_equal(sa.ss_family, rows[i].family);
		assert_int_equal(address_from_sockaddr((struct sockaddr *)&sa, &out), 0);
		assert_true(address_same_host(&in, &out));
		assert_int_equal(out.port, 40123);
	}
}

static void a_mapped_peer_of_a_dual_stack_socket_is_ipv4(void **state)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(21) };
	struct address a, expected = parsed("192.0.2.1");

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr), 1);
	assert_int_equal(address_from_sockaddr((struct sockaddr *)&in6, &a), 0);
	assert_true(address_is_v4(&a));
	assert_true(address_same_host(&a, &expected));
}

static void words_that_are_no_network_are_refused(void **state)
{
	static const char *const refused[] = {
		"",
		"/8",
		"10.0.0.1/8",
		"10.0.0.0/33",
		"10.0.0.0/",
		"10.0.0.0/a",
		"10.0.0.0/8/8",
		"2001:db8::1/32",
		"2001:db8::/129",
		"fe80::1%1/128",
		"10.0.0.0/-1",
		"::ffff:10.0.0.0/104",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct network network = { .prefix_bits = 4711 };

		assert_int_equal(network_parse(text_of(refused[i]), &network), -EINVAL);
		assert_int_equal(network.prefix_bits, 4711);
	}
}

static void networks_contain_their_addresses_only(void **state)
{
	static const struct {
		const char *network, *address;
		bool contains;
	} rows[] = {
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "::/0", "203.0.113.9", false },
		{ "::/0", "2001:db8::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "::1", "::1", true },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address a = parsed(rows[i].address);
		struct network network;

		assert_int_equal(network_parse(text_of(rows[i].network), &network), 0);
		assert_int_equal(network_contains(&network, &a), rows[i].contains);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_are_no_address_are_refused),
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(the_longest_address_fits_its_text),
		cmocka_unit_test(the_same_host_is_known_by_address_and_scope_but_not_by_port),
		cmocka_unit_test(other_families_are_no_address),
		cmocka_unit_test(sockaddrs_come_back_as_they_went),
		cmocka_unit_test(a_mapped_peer_of_a_dual_stack_socket_is_ipv4),
		cmocka_unit_test(words_that_are_no_network_are_refused),
		cmocka_unit_test(networks_contain_their_addresses_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
