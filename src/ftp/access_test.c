/* ftp/access_test.c - who may log in from where, until when, and how protected. */
#include "base/test.h"
#include "ftp/access.h"

static struct address address_of(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text_of(text), &a), 0);
	return a;
}

static void lists_of_networks_are_judged(void **state)
{
	static const struct {
		const char *list, *problem; /* NULL: good */
	} cases[] = {
		{ "", NULL },
		{ "203.0.113.7", NULL },
		{ "10.0.0.0/8,2001:db8::/32", NULL },
		{ " 10.0.0.0/8 , 192.0.2.1 ", NULL },
		{ "0.0.0.0/0", NULL },
		{ "10.0.0.1/8", "\"10.0.0.1/8\"" },
		{ "10.0.0.0/33", "\"10.0.0.0/33\"" },
		{ "office", "\"office\"" },
		{ "10.0.0.0/8,,192.0.2.1", "\"\"" },
		{ "10.0.0.0/8;192.0.2.1", "\"10.0.0.0/8;192.0.2.1\"" },
	};
	char sentence[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *problem =
			access_networks_problem(text_of(cases[i].list), sentence, sizeof(sentence));
		if (!cases[i].problem)
			assert_null(problem);
		else
			assert_non_null(strstr(problem, cases[i].problem));
	}
}

static void an_address_is_in_a_list_or_not(void **state)
{
	static const struct {
		const char *list, *peer;
		bool is_in;
	} cases[] = {
		{ "", "198.51.100.1", true },
		{ "203.0.113.0/24", "203.0.113.255", true },
		{ "203.0.113.0/24", "203.0.114.0", false },
		{ "203.0.113.0/24, 198.51.100.1", "198.51.100.1", true },
		{ "2001:db8::/32", "2001:db8:1::1", true },
		{ "2001:db8::/32", "203.0.113.1", false },
		{ "::/0", "203.0.113.1", false },
		{ "nonsense", "203.0.113.1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address peer = address_of(cases[i].peer);

		assert_int_equal(access_networks_contain(text_of(cases[i].list), &peer),
				 cases[i].is_in);
	}
}

static void the_first_reason_counts(void **state)
{
	struct user_access access = { .networks = "10.0.0.0/8",
				      .expires_wall_ms = 1000,
				      .requires_tls = true };
	struct address inside = address_of("10.1.2.3"), outside = address_of("192.0.2.1");

	(void)state;
	assert_int_equal(access_check(&access, &inside, true, 999), AUTH_OK);
	assert_int_equal(access_check(&access, &inside, true, 1000), AUTH_EXPIRED);
	assert_int_equal(access_check(&access, &outside, true, 999), AUTH_WRONG_ADDRESS);
	assert_int_equal(access_check(&access, &inside, false, 999), AUTH_NEEDS_TLS);
	access = (struct user_access){ .networks = "" };
	assert_int_equal(access_check(&access, &outside, false, INT64_MAX), AUTH_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_networks_are_judged),
		cmocka_unit_test(an_address_is_in_a_list_or_not),
		cmocka_unit_test(the_first_reason_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
