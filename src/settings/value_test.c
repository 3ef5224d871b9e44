/* Tests of settings/value.h: for each kind of value what is refused, then what is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings/value.h"

static struct settings values;
static char wrong_storage[512];

static int parse(const char *name, struct text in)
{
	ptrdiff_t index = settings_find(text_of(name));
	struct buf wrong;

	assert_true(index >= 0);
	buf_init(&wrong, wrong_storage, sizeof(wrong_storage));
	return value_parse(registry_row((size_t)index), in, &values, &wrong);
}

static void values_of_the_wrong_form_are_refused(void **state)
{
	static const struct {
		const char *name, *in, *wrong;
	} rows[] = {
		{ "plain_ftp", "", "has no value" },
		{ "plain_ftp", "maybe", "\"maybe\" is neither yes nor no" },
		{ "plain_ftp", "2", "\"2\" is neither yes nor no" },
		{ "plain_ftp", "yes no", "\"yes no\" is neither yes nor no" },
		{ "idle_timeout", "", "has no value" },
		{ "idle_timeout", "-1", "\"-1\" is not a number" },
		{ "idle_timeout", "ten", "\"ten\" is not a number" },
		{ "idle_timeout", "0", "\"0\" is too small" },
		{ "idle_timeout", "86401", "\"86401\" is too large" },
		{ "idle_timeout", "25h", "\"25h\" is too large" },
		{ "idle_timeout", "99999999999999999999", "\"99999999999999999999\" is too large" },
		{ "idle_timeout", "4294967295h", "\"4294967295h\" is too large" },
		{ "idle_timeout", "10x", "\"10x\" is not a number of the right unit" },
		{ "idle_timeout", "10ms", "\"10ms\" is not a number of the right unit" },
		{ "idle_timeout", "1.5", "\"1.5\" is not a number of the right unit" },
		{ "passive_wait", "1h", "\"1h\" is not a number of the right unit" },
		{ "passive_wait", "61s", "\"61s\" is too large" },
		{ "workers", "2s", "\"2s\" is not a number of the right unit" },
		{ "workers", "33", "\"33\" is too large" },
		{ "max_threads", "3", "\"3\" is too small" },
		{ "max_sessions", "1000001", "\"1000001\" is too large" },
		{ "umask", "", "has no value" },
		{ "umask", "028", "\"028\" is not an octal number" },
		{ "umask", "0o27", "\"0o27\" is not an octal number" },
		{ "umask", "1000", "\"1000\" is too large" },
		{ "log_level", "verbose", "\"verbose\" is not a known word" },
		{ "tls_minimum", "1.1", "\"1.1\" is not a known word" },
		{ "data_session_reuse", "yes", "\"yes\" is not a known word" },
		{ "user", "", "has no value" },
		{ "user", "a\tb\x01", "holds control bytes, or bytes that are not UTF-8" },
		{ "banner", "\xff", "holds control bytes, or bytes that are not UTF-8" },
		{ "banner", "a\x7f", "holds control bytes, or bytes that are not UTF-8" },
		{ "data_root", "", "has no value" },
		{ "data_root", "files", "\"files\" is not an absolute path" },
		{ "certificate", "./x.pem", "\"./x.pem\" is not an absolute path" },
		{ "explicit_ports", "0", "\"0\" is not a port" },
		{ "explicit_ports", "65536", "\"65536\" is not a port" },
		{ "explicit_ports", "ftp", "\"ftp\" is not a port" },
		{ "explicit_ports", "21,", "\"\" is not a port" },
		{ "explicit_ports", "21 3021", "\"21 3021\" is not a port" },
		{ "explicit_ports", "21, 21", "\"21\" is there twice" },
		{ "explicit_ports", "21, none", "\"none\" is not a port" },
		{ "explicit_ports", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
		  "holds more than 16 ports" },
		{ "passive_ports", "", "has no value" },
		{ "passive_ports", "none", "\"none\" is not a port" },
		{ "passive_ports", "40000-", "\"\" is not a port" },
		{ "passive_ports", "-50000", "\"\" is not a port" },
		{ "passive_ports", "50000-40000", "\"50000-40000\" ends before it begins" },
		{ "passive_ports", "1-2-3", "\"2-3\" is not a port" },
		{ "passive_ports", "40000:50000", "\"40000:50000\" is not a port" },
		{ "listen", "", "has no value" },
		{ "listen", "*, 127.0.0.1", "\"*\" is not an address" },
		{ "listen", "localhost", "\"localhost\" is not an address" },
		{ "listen", "127.0.0.1:21", "\"127.0.0.1:21\" is not an address" },
		{ "listen", "::1,,::2", "\"\" is not an address" },
		{ "listen", "::1, 0:0::1", "\"0:0::1\" is there twice" },
		{ "listen", "::1,::2,::3,::4,::5,::6,::7,::8,::9", "holds more than 8 addresses" },
		{ "passive_data_from", "10.0.0.1/8",
		  "\"10.0.0.1/8\" is not a network (or has bits set beyond its prefix)" },
		{ "passive_data_from", "10.0.0.0/8,",
		  "\"\" is not a network (or has bits set beyond its prefix)" },
		{ "active_data_to", "example.com",
		  "\"example.com\" is not a network (or has bits set beyond its prefix)" },
		{ "external_ip", "10.0.0.0/8=", NULL },
		{ "external_ip", "not a name", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse(rows[i].name, text_of(rows[i].in)), -EINVAL);
		if (rows[i].wrong)
			assert_string_equal(wrong_storage, rows[i].wrong);
	}
}

static void a_refused_value_leaves_the_field_alone(void **state)
{
	(void)state;
	assert_int_equal(parse("explicit_ports", T("2121")), 0);
	assert_int_equal(parse("explicit_ports", T("21, 22, x")), -EINVAL);
	assert_int_equal(values.explicit_ports.n, 1);
	assert_int_equal(values.explicit_ports.ports[0], 2121);
	assert_int_equal(parse("listen", T("::1")), 0);
	assert_int_equal(parse("listen", T("::2, x")), -EINVAL);
	assert_string_equal(values.listen, "::1");
}

static void text_longer_than_its_field_is_refused_and_quoted_short(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'u', sizeof(text));
	assert_int_equal(parse("user", (struct text){ text, 63 }), 0);
	assert_int_equal(parse("user", (struct text){ text, 64 }), -EINVAL);
	assert_string_equal(wrong_storage, "is 64 bytes long, more than 63");
	assert_int_equal(parse("workers", (struct text){ text, sizeof(text) }), -EINVAL);
	assert_non_null(strstr(wrong_storage, "uuu...\" is not a number"));
	assert_true(strlen(wrong_storage) < 140);
}

static void values_are_read_and_written_as_a_person_would(void **state)
{
	static const struct {
		const char *name, *in, *out;
	} rows[] = {
		{ "plain_ftp", "yes", "yes" },
		{ "plain_ftp", "No", "no" },
		{ "plain_ftp", "TRUE", "yes" },
		{ "plain_ftp", "false", "no" },
		{ "plain_ftp", "on", "yes" },
		{ "plain_ftp", "off", "no" },
		{ "plain_ftp", "1", "yes" },
		{ "plain_ftp", " 0 ", "no" },
		{ "idle_timeout", "1", "1" },
		{ "idle_timeout", "86400", "86400" },
		{ "idle_timeout", "120s", "120" },
		{ "idle_timeout", "2m", "120" },
		{ "idle_timeout", "2 m", "120" },
		{ "idle_timeout", "1h", "3600" },
		{ "idle_timeout", "1d", "86400" },
		{ "idle_timeout", "0090", "90" },
		{ "passive_wait", "0", "0" },
		{ "passive_wait", "500ms", "500" },
		{ "passive_wait", "2s", "2000" },
		{ "passive_wait", "1m", "60000" },
		{ "workers", "32", "32" },
		{ "umask", "22", "022" },
		{ "umask", "0077", "077" },
		{ "umask", "0", "000" },
		{ "log_level", "DEBUG", "debug" },
		{ "tls_minimum", "1.3", "1.3" },
		{ "data_session_reuse", "require", "require" },
		{ "banner", "  Willkommen, schöne Welt  ", "Willkommen, schöne Welt" },
		{ "banner", "", "" },
		{ "data_root", "/srv/ftp files", "/srv/ftp files" },
		{ "certificate", "", "" },
		{ "explicit_ports", "21", "21" },
		{ "explicit_ports", "21,3021 ,2121", "21, 3021, 2121" },
		{ "explicit_ports", "none", "none" },
		{ "explicit_ports", "", "none" },
		{ "passive_ports", "21000", "21000" },
		{ "passive_ports", "21000-21000", "21000" },
		{ "passive_ports", "21000 - 21050", "21000-21050" },
		{ "listen", "*", "*" },
		{ "listen", "127.0.0.1, ::1", "127.0.0.1, ::1" },
		{ "passive_data_from", "10.0.0.0/8, 2001:db8::/32", "10.0.0.0/8, 2001:db8::/32" },
		{ "active_data_to", "192.0.2.1", "192.0.2.1" },
		{ "external_ip", "203.0.113.5", "203.0.113.5" },
		{ "external_ip", "10.0.0.0/8=local, ftp.example.com",
		  "10.0.0.0/8=local, ftp.example.com" },
		{ "external_ip", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t index = (size_t)settings_find(text_of(rows[i].name));
		char value[SETTINGS_LIST_SIZE];

		assert_int_equal(parse(rows[i].name, text_of(rows[i].in)), 0);
		assert_int_equal(settings_format_value(&values, index, value, sizeof(value)), 0);
		assert_string_equal(value, rows[i].out);
	}
}

static void a_value_that_does_not_fit_is_not_cut(void **state)
{
	size_t index = (size_t)settings_find(T("data_root"));
	char value[8];

	(void)state;
	assert_int_equal(parse("data_root", T("/srv/ftp")), 0);
	assert_int_equal(settings_format_value(&values, index, value, sizeof(value)), -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_the_wrong_form_are_refused),
		cmocka_unit_test(a_refused_value_leaves_the_field_alone),
		cmocka_unit_test(text_longer_than_its_field_is_refused_and_quoted_short),
		cmocka_unit_test(values_are_read_and_written_as_a_person_would),
		cmocka_unit_test(a_value_that_does_not_fit_is_not_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
