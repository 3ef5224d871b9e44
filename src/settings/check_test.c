/* Tests of settings_check: values that are right alone and wrong together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings/settings.h"

/* A directory of 94 bytes: 47 and 47. */
#define LONG_47 "/dddddddddddddddddddddddddddddddddddddddddddddd"
#define LONG_94 LONG_47 LONG_47

static struct settings_loaded *load(const char *ini)
{
	struct settings_loaded *loaded = NULL;
	struct settings_error error;

	assert_int_equal(settings_load("s.conf", text_of(ini), NULL, 0, &loaded, &error), 0);
	return loaded;
}

static void settings_that_do_not_go_together_are_refused(void **state)
{
	static const struct {
		const char *ini, *error;
	} rows[] = {
		{ "",
		  "s.conf: certificate: is not set; set it to a PEM file, or plain_ftp = yes and "
		  "implicit_ports = none to serve without TLS" },
		{ "implicit_ports = none",
		  "s.conf: certificate: is not set; set it to a PEM file, or plain_ftp = yes to "
		  "serve without TLS" },
		{ "\nplain_ftp = yes",
		  "s.conf:2: certificate: is not set; set it to a PEM file, or plain_ftp = yes and "
		  "implicit_ports = none to serve without TLS" },
		{ "private_key = /k.pem",
		  "s.conf:1: private_key: is set, but certificate is not; set both or none" },
		{ "certificate = /c.pem\nexplicit_ports = 21, 990",
		  "s.conf:2: implicit_ports: 990 is one of the explicit_ports as well; a port is "
		  "either for explicit or for implicit TLS" },
		{ "certificate = /c.pem\nexplicit_ports =\nimplicit_ports = none",
		  "s.conf:2: explicit_ports: is none, and so is implicit_ports: no client could "
		  "connect; set one of them" },
		{ "certificate = /c.pem\npassive_ports = 3000-4000",
		  "s.conf:2: passive_ports: the range 3000-4000 holds port 3021 of the "
		  "explicit_ports; choose a range without it" },
		{ "certificate = /c.pem\npassive_ports = 990",
		  "s.conf:2: passive_ports: the range 990-990 holds port 990 of the "
		  "implicit_ports; choose a range without it" },
		{ "certificate = /c.pem\npassive = no\nactive = no",
		  "s.conf:2: passive: is no, and so is active: no file could travel; allow one of "
		  "them" },
		{ "certificate = /c.pem\nrun_directory = " LONG_94 "5",
		  "s.conf:2: run_directory: is longer than a socket in it may be named; allowed: "
		  "up to 94 bytes" },
		{ "certificate = /c.pem\nextra_data_roots = /srv/a, srv/b",
		  "s.conf:2: extra_data_roots: \"srv/b\" is no absolute path; allowed: absolute "
		  "paths, comma separated" },
		{ "certificate = /c.pem\nextra_data_roots = /srv/a,,/srv/b",
		  "s.conf:2: extra_data_roots: \"\" is no absolute path; allowed: absolute "
		  "paths, comma separated" },
		{ "certificate = /c.pem\nweb_listen = 127.0.0.1:21",
		  "s.conf:2: web_listen: 21 is a port of FTP as well (explicit_ports, implicit_ports or "
		  "passive_ports); choose another one" },
		{ "certificate = /c.pem\nweb_listen = 192.0.2.1:8443\nweb_tls = no",
		  "s.conf:3: web_tls: is no, but web_listen names an address that others can reach: "
		  "passwords would travel in the clear; set it to auto or yes, or let web_listen name "
		  "127.0.0.1 and [::1] only" },
		{ "plain_ftp = yes\nimplicit_ports = none\nweb_listen = *:8443",
		  "s.conf:3: web_listen: needs TLS there, and certificate is not set; set it to a PEM "
		  "file, or let web_listen name 127.0.0.1 and [::1] only" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct settings_loaded *loaded = load(rows[i].ini);
		struct settings_error error;

		assert_int_equal(settings_check_loaded(loaded, &error), -EINVAL);
		assert_string_equal(error.text, rows[i].error);
		assert_int_equal(settings_check(settings_values(loaded), &error), -EINVAL);
		assert_non_null(strstr(rows[i].error, error.text));
		settings_free(&loaded);
	}
}

static void settings_that_go_together_pass(void **state)
{
	static const char *const good[] = {
		"certificate = /c.pem",
		"certificate = /c.pem\nprivate_key = /k.pem",
		"plain_ftp = yes\nimplicit_ports = none",
		"certificate = /c.pem\nexplicit_ports = none",
		"certificate = /c.pem\npassive_ports = 21000",
		"certificate = /c.pem\npassive = no\npassive_ports = 21",
		"certificate = /c.pem\nactive = no",
		"certificate = /c.pem\nrun_directory = " LONG_94,
		"certificate = /c.pem\nextra_data_roots = /srv/a, /srv/b c",
		"certificate = /c.pem\nweb_listen =",
		"certificate = /c.pem\nweb_listen = *:8443",
		"certificate = /c.pem\nweb_listen = [::1]:80\nweb_tls = no",
		"certificate = /c.pem\npassive_ports = 8000-9000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct settings_loaded *loaded = load(good[i]);
		struct settings_error error;

		assert_int_equal(settings_check_loaded(loaded, &error), 0);
		assert_int_equal(settings_check(settings_values(loaded), &error), 0);
		settings_free(&loaded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_that_do_not_go_together_are_refused),
		cmocka_unit_test(settings_that_go_together_pass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
