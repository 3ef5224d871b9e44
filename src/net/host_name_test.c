/* Tests of host names: what is none, what means the same, and what a ClientHello may hold. */
#include "net/host_name.h"

#include "base/test.h"

static void what_is_no_name_is_refused(void **state)
{
	static const char *const rows[] = {
		"",	      ".",	    "..",    "a..b",	     ".a",
		"-a.example", "a-.b",	    "a b",   "a/b",	     "caf\xc3\xa9",
		"[::1",	      "::1]",	    "[a.b]", "a.example:21", "user@host",
		"*.example",  "1.2.3.4:21", "[]",
	};
	char name[HOST_NAME_SIZE] = "as it was", longest[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (host_name_parse(text_of(rows[i]), name) != -EINVAL)
			fail_msg("\"%s\" is taken for a name", rows[i]);
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(host_name_parse((struct text){ longest, 64 }, name), -EINVAL);
	for (size_t i = 50; i < sizeof(longest); i += 50)
		longest[i] = '.';
	assert_int_equal(host_name_parse((struct text){ longest, 254 }, name), -EINVAL);
	assert_string_equal(name, "as it was");
	assert_int_equal(host_name_parse((struct text){ longest, 253 }, name), 0);
}

static void names_that_mean_the_same_become_equal(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "ftp.example.com", "ftp.example.com" },
		{ "FTP.Example.COM.", "ftp.example.com" },
		{ "localhost", "localhost" },
		{ "my_host-2", "my_host-2" },
		{ "xn--caf-dma.example", "xn--caf-dma.example" },
		{ "192.0.2.1", "192.0.2.1" },
		{ "[192.0.2.1]", "192.0.2.1" },
		{ "[2001:DB8:0:0::1]", "2001:db8::1" },
		{ "2001:db8::1", "2001:db8::1" },
	};
	char name[HOST_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(host_name_parse(text_of(rows[i].in), name), 0);
		assert_string_equal(name, rows[i].out);
	}
}

static void a_broken_server_name_extension_holds_no_name(void **state)
{
	static const struct text rows[] = {
		{ "", 0 },
		{ "\0", 1 },
		{ "\0\0", 2 },	       /* an empty list */
		{ "\0\3\0\0\0", 5 },   /* an empty name */
		{ "\0\4\0\0\2a", 6 },  /* a name that ends too early */
		{ "\0\4\1\0\1a", 6 },  /* a name of another type */
		{ "\0\5\0\0\1a", 6 },  /* a list that ends too early */
		{ "\0\4\0\0\1a?", 7 }, /* something behind the list */
		{ "\0\4\0\xff\xff"
		  "a",
		  6 },
	};
	struct text name;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_false(host_name_of_sni(rows[i], &name));
	assert_true(host_name_of_sni(T("\0\6\0\0\3a.b"), &name));
	assert_text(name, "a.b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(names_that_mean_the_same_become_equal),
		cmocka_unit_test(a_broken_server_name_extension_holds_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
