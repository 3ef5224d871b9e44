/* manager/web_header_test.c - headers as browsers and attackers send them. */
#include "base/test.h"

#include "manager/web_header.h"

static void cookies_are_found_by_their_whole_name(void **state)
{
	(void)state;
	static const struct {
		const char *header, *value;
	} rows[] = {
		{ "", NULL },	  { "s", NULL },	   { ";;;", NULL },
		{ "xs=1", NULL }, { "sx=1; x-s=2", NULL }, { "S=1", NULL },
		{ "s=1", "1" },	  { "a=b;s=1;c=d", "1" },  { "a=b; s = 1 ; s=2", "1" },
		{ "s=", "" },	  { "s=a=b", "a=b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct text value = T("none");
		bool found = web_cookie_find(text_of(rows[i].header), T("s"), &value);

		if (found != (rows[i].value != NULL))
			fail_msg("\"%s\"", rows[i].header);
		if (found)
			assert_text(value, rows[i].value);
	}
}

static void keys_have_two_parts(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"Bearer",
		"Bearer ",
		"Bearer spk_",
		"Bearer spk_a",
		"Bearer spk_a_",
		"Bearer spk__b",
		"Basic spk_a_b",
		"Bearer spk_a_b_c",
		"Bearer spk_a-b_c",
		"Bearer xspk_a_b",
		"spk_a_b",
		"Bearer spk_a_b c",
	};
	struct text id = T(""), secret = T("");

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (web_bearer_parse(text_of(bad[i]), &id, &secret) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(web_bearer_parse(T("bearer  spk_12ab_9Z "), &id, &secret), 0);
	assert_text(id, "12ab");
	assert_text(secret, "9Z");
}

static void hosts_are_read_and_judged(void **state)
{
	(void)state;
	static const struct {
		const char *header, *name;
		bool is_local;
	} rows[] = {
		{ "localhost", "localhost", true },
		{ "LOCALHOST:8021", "LOCALHOST", true },
		{ "127.0.0.1:8021", "127.0.0.1", true },
		{ "127.9.9.9", "127.9.9.9", true },
		{ "[::1]:8021", "::1", true },
		{ "[::1]", "::1", true },
		{ "example.com", "example.com", false },
		{ "localhost.example.com:8021", "localhost.example.com", false },
		{ "127.0.0.1.example.com", "127.0.0.1.example.com", false },
		{ "192.0.2.1", "192.0.2.1", false },
		{ "", NULL, false },
		{ ":8021", NULL, false },
		{ "a:b", NULL, false },
		{ "a:99999", NULL, false },
		{ "[::1", NULL, false },
		{ "[::1]x", NULL, false },
		{ "::1", NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct text name = T("");
		int r = web_host_parse(text_of(rows[i].header), &name);

		if (r != (rows[i].name ? 0 : -EINVAL))
			fail_msg("\"%s\"", rows[i].header);
		if (r == 0)
			assert_text(name, rows[i].name);
		if (r == 0 && web_host_is_local(name) != rows[i].is_local)
			fail_msg("\"%s\" is local or not", rows[i].header);
	}
}

static void only_our_own_origin_is_the_same(void **state)
{
	(void)state;
	assert_true(web_origin_is_same(T("http://localhost:8021"), false, T("localhost:8021")));
	assert_true(web_origin_is_same(T("https://FTP.example.com"), true, T("ftp.example.com")));
	assert_false(web_origin_is_same(T("http://localhost:8021"), true, T("localhost:8021")));
	assert_false(web_origin_is_same(T("http://localhost:80"), false, T("localhost:8021")));
	assert_false(web_origin_is_same(T("http://localhost"), false, T("localhost:8021")));
	assert_false(web_origin_is_same(T("null"), false, T("localhost:8021")));
	assert_false(web_origin_is_same(T("http://"), false, T("")));
	assert_false(
		web_origin_is_same(T("http://localhost:8021.evil"), false, T("localhost:8021")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_are_found_by_their_whole_name),
		cmocka_unit_test(keys_have_two_parts),
		cmocka_unit_test(hosts_are_read_and_judged),
		cmocka_unit_test(only_our_own_origin_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
