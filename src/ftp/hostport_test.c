/* ftp/hostport_test.c - PORT, EPRT and EPSV arguments, and the two passive replies byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ftp/hostport.h"

static void bad_port_arguments_are_refused(void **state)
{
	static const struct text rows[] = {
		T(""),
		T("127"),
		T("127,0,0,1,4"),
		T("127,0,0,1,4,"),
		T("127,0,0,1,4,1,"),
		T("127,0,0,1,4,1,1"),
		T("127,0,0,1,4,1 "),
		T(" 127,0,0,1,4,1"),
		T("256,0,0,1,4,1"),
		T("127,0,0,1,4,256"),
		T("127,0,0,1,-4,1"),
		T("127,0,0,1,+4,1"),
		T("127.0.0.1.4.1"),
		T("127,0,0,1,4,1\0"),
		T("(127,0,0,1,4,1)"),
		T("127,0,0,,4,1"),
		T("127,0,0,0x1,4,1"),
		T("99999999999999999999,0,0,1,4,1"),
		T(",127,0,0,1,4,1"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address address = { .port = 77 };

		assert_int_equal(hostport_parse_port(rows[i], &address), -EINVAL);
		assert_int_equal(address.port, 77);
	}
}

static void port_arguments_give_address_and_port(void **state)
{
	static const struct {
		struct text argument;
		const char *shown;
	} rows[] = {
		{ T("127,0,0,1,4,1"), "127.0.0.1:1025" },
		{ T("192,168,10,255,255,255"), "192.168.10.255:65535" },
		{ T("010,000,000,001,000,021"), "10.0.0.1:21" },
		{ T("0,0,0,0,0,0"), "0.0.0.0:0" },
	};
	char shown[ADDRESS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address address;

		assert_int_equal(hostport_parse_port(rows[i].argument, &address), 0);
		assert_string_equal(address_format(&address, shown), rows[i].shown);
	}
}

static void bad_eprt_arguments_are_refused(void **state)
{
	static const struct {
		struct text argument;
		int result;
	} rows[] = {
		{ T(""), -EINVAL },
		{ T("|"), -EINVAL },
		{ T("||"), -EINVAL },
		{ T("||||"), -EINVAL },
		{ T("|1|127.0.0.1|1025"), -EINVAL },
		{ T("1|127.0.0.1|1025|"), -EINVAL },
		{ T("|1|127.0.0.1|1025||"), -EINVAL },
		{ T("|1|127.0.0.1|1025|x|"), -EINVAL },
		{ T("|1|127.0.0.1|1025|x"), -EINVAL },
		{ T("|1|127.0.0.1|65536|"), -EINVAL },
		{ T("|1|127.0.0.1|-1|"), -EINVAL },
		{ T("|1|127.0.0.1|http|"), -EINVAL },
		{ T("|1|127.0.0.1||"), -EINVAL },
		{ T("|1||1025|"), -EINVAL },
		{ T("|1|127.0.0|1025|"), -EINVAL },
		{ T("|1|localhost|1025|"), -EINVAL },
		{ T("|1|::1|1025|"), -EINVAL },
		{ T("|1|::ffff:127.0.0.1|1025|"), -EINVAL },
		{ T("|1|127.0.0.1%1|1025|"), -EINVAL },
		{ T("|2|127.0.0.1|1025|"), -EINVAL },
		{ T("|2|[::1]|1025|"), -EINVAL },
		{ T("|x|127.0.0.1|1025|"), -EINVAL },
		{ T("|-1|127.0.0.1|1025|"), -EINVAL },
		{ T("| 1|127.0.0.1|1025|"), -EINVAL },
		{ T(" 1 127.0.0.1 1025 "), -EINVAL },
		{ T("\x7f"
		    "1\x7f"
		    "127.0.0.1\x7f"
		    "1025\x7f"),
		  -EINVAL },
		{ T("\xff"
		    "1\xff"
		    "127.0.0.1\xff"
		    "1025\xff"),
		  -EINVAL },
		{ T("|1|127.0.0.1\0|1025|"), -EINVAL },
		{ T(":2:::1:1025:"), -EINVAL },
		{ T("|0|127.0.0.1|1025|"), -EPROTONOSUPPORT },
		{ T("|3|127.0.0.1|1025|"), -EPROTONOSUPPORT },
		{ T("|3|whatever|what|"), -EPROTONOSUPPORT },
		{ T("|99999999999999999999999|::1|1025|"), -EPROTONOSUPPORT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address address = { .port = 77 };

		assert_int_equal(hostport_parse_eprt(rows[i].argument, &address), rows[i].result);
		assert_int_equal(address.port, 77);
	}
}

static void eprt_arguments_give_address_and_port(void **state)
{
	static const struct {
		struct text argument;
		const char *shown;
	} rows[] = {
		{ T("|1|132.235.1.2|6275|"), "132.235.1.2:6275" },
		{ T("|2|1080::8:800:200C:417A|5282|"), "[1080::8:800:200c:417a]:5282" },
		{ T("!1!127.0.0.1!1025!"), "127.0.0.1:1025" },
		{ T("~2~::1~65535~"), "[::1]:65535" },
		{ T("|2|::ffff:127.0.0.1|1025|"), "127.0.0.1:1025" },
		{ T("|2|fe80::1%eth0|1025|"), "[fe80::1]:1025" },
		{ T("|1|127.0.0.1|0|"), "127.0.0.1:0" },
	};
	char shown[ADDRESS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address address;

		assert_int_equal(hostport_parse_eprt(rows[i].argument, &address), 0);
		assert_string_equal(address_format(&address, shown), rows[i].shown);
	}
}

static void epsv_knows_two_protocols_and_all(void **state)
{
	static const struct {
		struct text argument;
		int result;
		enum epsv_request request;
	} rows[] = {
		{ T("x"), -EINVAL, EPSV_ANY },
		{ T(" "), -EINVAL, EPSV_ANY },
		{ T("ALLO"), -EINVAL, EPSV_ANY },
		{ T("1 "), -EINVAL, EPSV_ANY },
		{ T("-1"), -EINVAL, EPSV_ANY },
		{ T("0"), -EPROTONOSUPPORT, EPSV_ANY },
		{ T("3"), -EPROTONOSUPPORT, EPSV_ANY },
		{ T("99999999999999999999999"), -EPROTONOSUPPORT, EPSV_ANY },
		{ T(""), 0, EPSV_ANY },
		{ T("1"), 0, EPSV_IPV4 },
		{ T("2"), 0, EPSV_IPV6 },
		{ T("ALL"), 0, EPSV_ALL },
		{ T("all"), 0, EPSV_ALL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum epsv_request request = EPSV_ANY;

		assert_int_equal(hostport_parse_epsv(rows[i].argument, &request), rows[i].result);
		assert_int_equal(request, rows[i].request);
	}
}

static void passive_replies_are_byte_exact(void **state)
{
	static const uint8_t ip[4] = { 203, 0, 113, 5 };
	struct address address = address_from_v4(ip, 40123);
	char storage[64];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	hostport_format_227(&out, &address);
	assert_string_equal(storage, "Entering Passive Mode (203,0,113,5,156,187).");
	buf_reset(&out);
	hostport_format_229(&out, 65535);
	assert_string_equal(storage, "Entering Extended Passive Mode (|||65535|)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_port_arguments_are_refused),
		cmocka_unit_test(port_arguments_give_address_and_port),
		cmocka_unit_test(bad_eprt_arguments_are_refused),
		cmocka_unit_test(eprt_arguments_give_address_and_port),
		cmocka_unit_test(epsv_knows_two_protocols_and_all),
		cmocka_unit_test(passive_replies_are_byte_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
