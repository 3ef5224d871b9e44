/* Tests of the sections [host NAME]: what is wrong in them, whose names they are, their places. */
#include "settings/hosts.h"

#include "base/test.h"

static struct settings_error error;

static int load(const char *ini, struct settings_loaded **ret)
{
	return settings_load("s.conf", text_of(ini), NULL, 0, ret, &error);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *ini, *error;
	} rows[] = {
		{ "[host]\n", "s.conf:1: \"\" is not a host name; a host is written as [host "
			      "ftp.example.com]" },
		{ "\n[host a b]\n",
		  "s.conf:2: \"a b\" is not a host name; a host is written as [host "
		  "ftp.example.com]" },
		{ "[hosts a]\n",
		  "s.conf:1: \"hosts a\" is not a section; allowed: [server] [ftp] [limits] "
		  "[tls] [accounts] [manager] [host NAME]" },
		{ "[host a]\n\n[host A.]\n",
		  "s.conf:3: [host a] is there a second time; it begins in line 1" },
		{ "[host a]\nbaner = Hi\n",
		  "s.conf:2: \"baner\" is not a setting of a host; did you mean banner?" },
		{ "[host a]\nidle_timeout = 5\n",
		  "s.conf:2: \"idle_timeout\" is not a setting of a host; it belongs in section "
		  "[ftp]" },
		{ "[host a]\ncolour = red\n",
		  "s.conf:2: \"colour\" is not a setting of a host; allowed: aliases, certificate, "
		  "private_key, banner, data_root, charset" },
		{ "[ftp]\naliases = b\n",
		  "s.conf:2: \"aliases\" is not a setting; it belongs in a section [host NAME]" },
		{ "[host a]\nbanner = 1\nbanner = 2\n",
		  "s.conf:3: banner is set a second time; it is set in line 2 already" },
		{ "[host a]\naliases = b, c d\n",
		  "s.conf:2: aliases: \"c d\" is not a host name; allowed: host names, comma "
		  "separated, or empty" },
		{ "[host a]\ndata_root = files\n",
		  "s.conf:2: data_root: \"files\" is not an absolute path; allowed: absolute path, or "
		  "empty" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct settings_loaded *loaded = NULL;

		assert_int_equal(load(rows[i].ini, &loaded), -EINVAL);
		assert_null(loaded);
		assert_string_equal(error.text, rows[i].error);
	}
}

static void an_unknown_character_set_is_refused(void **state)
{
	static const char *const rows[] = { "[ftp]\ncharset = KLINGON\n",
					    "[host a]\ncharset = UTF-16\n" };
	struct settings_loaded *loaded = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(load(rows[i], &loaded), -EINVAL);
		assert_non_null(strstr(error.text, "s.conf:2: charset: "));
		assert_non_null(
			strstr(error.text, "is not a character set that FTP can be spoken in"));
	}
	assert_int_equal(load("[ftp]\ncharset =\n", &loaded), -EINVAL);
	assert_non_null(strstr(error.text, "has no value"));
}

static void more_hosts_than_there_may_be_are_refused(void **state)
{
	struct settings_loaded *loaded = NULL;
	char storage[1024];
	struct buf ini;

	(void)state;
	buf_init(&ini, storage, sizeof(storage));
	for (int i = 0; i < SETTINGS_MAX_HOSTS; i++)
		buf_addf(&ini, "[host h%d]\n", i);
	assert_int_equal(load(storage, &loaded), 0);
	assert_int_equal(settings_values(loaded)->n_hosts, SETTINGS_MAX_HOSTS);
	settings_free(&loaded);
	buf_add(&ini, T("[host one.more]\n"));
	assert_int_equal(load(storage, &loaded), -EINVAL);
	assert_string_equal(error.text, "s.conf:33: there are more than 32 hosts");
}

static void rules_that_join_hosts_name_the_line(void **state)
{
	static const struct {
		const char *ini, *error;
	} rows[] = {
		{ "[host a]\naliases = x, y\n[host y]\n",
		  "s.conf:3: [host y]: y is a name of [host a] already; a name leads to one host" },
		{ "[host a]\n[host b]\n\naliases = c, A.\n",
		  "s.conf:4: [host b] aliases: a is a name of [host a] already; a name leads to one "
		  "host" },
		{ "[host a]\nprivate_key = /k\n",
		  "s.conf:2: [host a] private_key: is set, but certificate is not; set both or none" },
		{ "[host a]\ncertificate = /c\n",
		  "s.conf:2: [host a] certificate: is set, but certificate in section [tls] is not; "
		  "clients that name no host need that one" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct settings_loaded *loaded = NULL;
		char ini[512];

		(void)snprintf(ini, sizeof(ini),
			       "%s[ftp]\nplain_ftp = yes\nimplicit_ports = none\n", rows[i].ini);
		assert_int_equal(load(ini, &loaded), 0);
		assert_int_equal(settings_check_loaded(loaded, &error), -EINVAL);
		assert_string_equal(error.text, rows[i].error);
		/* The same without a place. */
		assert_int_equal(settings_check(settings_values(loaded), &error), -EINVAL);
		assert_string_equal(error.text, strstr(rows[i].error, "[host"));
		settings_free(&loaded);
	}
}

static void hosts_are_found_by_all_of_their_names(void **state)
{
	static const struct {
		const char *name;
		ptrdiff_t host;
	} rows[] = {
		{ "", -ENOENT },	{ "unknown.example", -ENOENT },
		{ "no name", -ENOENT }, { "a.example", 0 },
		{ "A.EXAMPLE.", 0 },	{ "b.example", 1 },
		{ "www.B.example", 1 }, { "[2001:db8:0::1]", 1 },
		{ "192.0.2.7", 2 },
	};
	struct settings_loaded *loaded = NULL;

	(void)state;
	assert_int_equal(load("[host a.example]\n[host B.Example]\naliases = www.b.example., "
			      "2001:DB8::1\n[ host   192.0.2.7 ]\n",
			      &loaded),
			 0);
	assert_string_equal(settings_values(loaded)->hosts[1].name, "b.example");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(settings_find_host(settings_values(loaded), text_of(rows[i].name)),
				 rows[i].host);
	settings_free(&loaded);
}

static void values_and_places_of_a_host_are_told(void **state)
{
	struct settings_loaded *loaded = NULL;
	char value[SETTINGS_LIST_SIZE], place[SETTINGS_PLACE_SIZE];
	size_t banner = (size_t)host_settings_find(T("banner"));
	size_t charset = (size_t)host_settings_find(T("charset"));

	(void)state;
	assert_int_equal(load("[ftp]\nbanner = global\n[host a]\n\nbanner = Of a\n[host b]\n[ftp]\n"
			      "idle_timeout = 7\n",
			      &loaded),
			 0);
	const struct settings *s = settings_values(loaded);

	assert_string_equal(s->banner, "global");
	assert_string_equal(s->charset, "UTF-8");
	assert_int_equal(s->idle_timeout_s, 7);
	assert_string_equal(s->hosts[0].banner, "Of a");
	assert_string_equal(s->hosts[1].banner, "");
	assert_int_equal(host_settings_first_line(loaded, 1), 6);
	assert_int_equal(host_settings_line(loaded, 0, banner), 5);
	assert_int_equal(host_settings_line(loaded, 1, banner), 0);
	assert_int_equal(host_settings_format_value(&s->hosts[0], banner, value, sizeof(value)), 0);
	assert_string_equal(value, "Of a");
	host_settings_format_place(loaded, 0, banner, place);
	assert_string_equal(place, "s.conf:5");
	host_settings_format_place(loaded, 0, charset, place);
	assert_string_equal(place, "default");
	settings_free(&loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(an_unknown_character_set_is_refused),
		cmocka_unit_test(more_hosts_than_there_may_be_are_refused),
		cmocka_unit_test(rules_that_join_hosts_name_the_line),
		cmocka_unit_test(hosts_are_found_by_all_of_their_names),
		cmocka_unit_test(values_and_places_of_a_host_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
