/* Tests of settings_load: the grammar of the file, its errors, and where each value comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings/settings.h"

static struct settings_error error;

static int load(struct text ini, const char *override, struct settings_loaded **ret)
{
	return settings_load("s.conf", ini, &override, override ? 1 : 0, ret, &error);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *ini, *error;
	} rows[] = {
		{ "idle_timeout",
		  "s.conf:1: the line is neither \"name = value\" nor \"[section]\"" },
		{ "\n\n[ftp\n",
		  "s.conf:3: the line is neither \"name = value\" nor \"[section]\"" },
		{ "= 5\n", "s.conf:1: \"\" is not a setting; `sallyport config show` lists all of "
			   "them" },
		{ "[ftp]\nidle_timout = 5\n",
		  "s.conf:2: \"idle_timout\" is not a setting; did you mean idle_timeout?" },
		{ "colour = red\n",
		  "s.conf:1: \"colour\" is not a setting; `sallyport config show` "
		  "lists all of them" },
		{ "[ftps]\n", "s.conf:1: \"ftps\" is not a section; did you mean [ftp]? allowed: "
			      "[server] [ftp] [limits] [tls] [accounts] [manager] [host NAME]" },
		{ "[ftp]\n[general]\nplain_ftp = yes\n",
		  "s.conf:2: \"general\" is not a section; allowed: [server] [ftp] [limits] [tls] "
		  "[accounts] [manager] [host NAME]" },
		{ "[tls]\n# comment\nidle_timeout = 5\n",
		  "s.conf:3: idle_timeout belongs in section [ftp], not in [tls]" },
		{ "[ftp]\nidle_timeout = 5\n[ftp]\nidle_timeout = 6\n",
		  "s.conf:4: idle_timeout is set a second time; it is set in line 2 already" },
		{ "idle_timeout = 5\n[ftp]\nidle_timeout = 5\n",
		  "s.conf:3: idle_timeout is set a second time; it is set in line 1 already" },
		{ "[ftp]\nidle_timeout = soon\n",
		  "s.conf:2: idle_timeout: \"soon\" is not a number; allowed: 1 to 86400 seconds, "
		  "or as in 90s, 2m, 1h" },
		{ "[ftp]\r\nplain_ftp = perhaps\r\n",
		  "s.conf:2: plain_ftp: \"perhaps\" is neither yes nor no; allowed: yes or no" },
		{ "[server]\nworkers =\n", "s.conf:2: workers: has no value; allowed: 0 to 32" },
		{ "[ftp]\nbanner = a\x01\n",
		  "s.conf:2: the line holds control bytes, or bytes that are not UTF-8" },
		{ "# \xff\n",
		  "s.conf:1: the line holds control bytes, or bytes that are not UTF-8" },
		{ "idle_timeout = 0\nworkers = 99\n",
		  "s.conf:1: idle_timeout: \"0\" is too small; allowed: 1 to 86400 seconds, or as "
		  "in 90s, 2m, 1h" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct settings_loaded *loaded = NULL;

		assert_int_equal(load(text_of(rows[i].ini), NULL, &loaded), -EINVAL);
		assert_null(loaded);
		assert_string_equal(error.text, rows[i].error);
	}
}

static void a_nul_byte_and_a_line_without_end_are_refused(void **state)
{
	struct settings_loaded *loaded = NULL;
	char line[4096];

	(void)state;
	assert_int_equal(load(T("[ftp]\nidle_timeout = 5\0\n"), NULL, &loaded), -EINVAL);
	assert_non_null(strstr(error.text, "s.conf:2: the line holds control bytes"));
	memset(line, '#', sizeof(line));
	assert_int_equal(load((struct text){ line, sizeof(line) }, NULL, &loaded), -EINVAL);
	assert_non_null(strstr(error.text, "s.conf:1: the line is too long; allowed: up to"));
	memset(line, 'n', sizeof(line));
	line[1500] = '=';
	assert_int_equal(load((struct text){ line, 1600 }, NULL, &loaded), -EINVAL);
	assert_non_null(strstr(error.text, "nnn...\" is not a setting"));
}

static void overrides_that_are_wrong_name_the_command_line(void **state)
{
	static const struct {
		const char *override, *error;
	} rows[] = {
		{ "idle_timeout", "command line: \"idle_timeout\" is not of the form name=value" },
		{ "", "command line: \"\" is not of the form name=value" },
		{ "idle_timout=5",
		  "command line: \"idle_timout\" is not a setting; did you mean idle_timeout?" },
		{ "umask=99",
		  "command line: umask: \"99\" is not an octal number; allowed: octal, 0 "
		  "to 0777" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct settings_loaded *loaded = NULL;

		assert_int_equal(load(T(""), rows[i].override, &loaded), -EINVAL);
		assert_string_equal(error.text, rows[i].error);
	}
}

static size_t at(const char *name)
{
	ptrdiff_t index = settings_find(text_of(name));

	assert_true(index >= 0);
	return (size_t)index;
}

static void comments_blanks_and_order_are_free(void **state)
{
	struct settings_loaded *loaded = NULL;
	const char *ini = "\xef\xbb\xbf# Our server\n"
			  "umask = 022 ; before any section\n"
			  "\n"
			  "[ tls ]\n"
			  "; another comment\n"
			  "tls_minimum=1.3\n"
			  "[ftp] # and one here\n"
			  "   idle_timeout = 2m # two minutes\n"
			  "\tbanner\t=\tHello; here#there\t\n"
			  "external_ip = 10.0.0.0/8=local, 203.0.113.5\n"
			  "plain_ftp: yes\n"
			  "[server]\n"
			  "listen = ::1, 127.0.0.1";

	(void)state;
	assert_int_equal(load(text_of(ini), NULL, &loaded), 0);
	const struct settings *s = settings_values(loaded);

	assert_int_equal(s->umask, 022);
	assert_int_equal(s->tls_minimum, TLS_MINIMUM_1_3);
	assert_int_equal(s->idle_timeout_s, 120);
	assert_string_equal(s->banner, "Hello; here#there");
	assert_string_equal(s->external_ip, "10.0.0.0/8=local, 203.0.113.5");
	assert_true(s->plain_ftp);
	assert_string_equal(s->listen, "::1, 127.0.0.1");
	assert_int_equal(settings_line(loaded, at("umask")), 2);
	assert_int_equal(settings_line(loaded, at("idle_timeout")), 8);
	assert_int_equal(settings_line(loaded, at("listen")), 13);
	settings_free(&loaded);
}

static void later_origins_win_and_are_told(void **state)
{
	const char *const overrides[] = { "idle_timeout=7", "workers = 2", "idle_timeout=8" };
	char place[SETTINGS_PLACE_SIZE];
	struct settings_loaded *loaded = NULL;

	(void)state;
	assert_int_equal(settings_load("s.conf", T("[ftp]\nidle_timeout = 5\ndata_timeout = 6\n"),
				       overrides, ARRAY_SIZE(overrides), &loaded, &error),
			 0);
	assert_int_equal(settings_values(loaded)->idle_timeout_s, 8);
	assert_int_equal(settings_values(loaded)->workers, 2);
	assert_int_equal(settings_origin(loaded, at("idle_timeout")), ORIGIN_COMMAND_LINE);
	assert_int_equal(settings_line(loaded, at("idle_timeout")), 0);
	assert_int_equal(settings_origin(loaded, at("data_timeout")), ORIGIN_FILE);
	assert_int_equal(settings_origin(loaded, at("login_timeout")), ORIGIN_DEFAULT);
	settings_format_place(loaded, at("idle_timeout"), place);
	assert_string_equal(place, "command line");
	settings_format_place(loaded, at("data_timeout"), place);
	assert_string_equal(place, "s.conf:3");
	settings_format_place(loaded, at("login_timeout"), place);
	assert_string_equal(place, "default");
	settings_free(&loaded);
}

static void a_very_long_file_name_still_leaves_room_for_the_error(void **state)
{
	struct settings_loaded *loaded = NULL;
	char name[4000];

	(void)state;
	memset(name, 'd', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(settings_load(name, T("umask = x"), NULL, 0, &loaded, &error), -EINVAL);
	assert_non_null(strstr(error.text, "ddd:1: umask: \"x\" is not an octal number"));
	assert_int_equal(settings_load(name, T("umask = 0"), NULL, 0, &loaded, &error), 0);
	char place[SETTINGS_PLACE_SIZE];
	settings_format_place(loaded, at("umask"), place);
	assert_non_null(strstr(place, "ddd:1"));
	settings_free(&loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(a_nul_byte_and_a_line_without_end_are_refused),
		cmocka_unit_test(overrides_that_are_wrong_name_the_command_line),
		cmocka_unit_test(comments_blanks_and_order_are_free),
		cmocka_unit_test(later_origins_win_and_are_told),
		cmocka_unit_test(a_very_long_file_name_still_leaves_room_for_the_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
