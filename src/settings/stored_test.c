/* Tests of values that were edited in the manager: their rank, what is wrong with them, and what
 * waits for a restart. */
#include "settings/settings.h"

#include "base/test.h"

static struct settings_error error;

static int load(const char *ini, const struct stored_setting *stored, size_t n_stored,
		const char *override, struct settings_loaded **ret)
{
	const struct settings_source source = {
		.file_name = "s.conf",
		.ini = text_of(ini),
		.stored = stored,
		.n_stored = n_stored,
		.overrides = &override,
		.n_overrides = override ? 1 : 0,
	};

	return settings_load_all(&source, ret, &error);
}

static size_t find(const char *name)
{
	ptrdiff_t index = settings_find(text_of(name));

	assert_true(index >= 0);
	return (size_t)index;
}

static void the_file_and_the_command_line_are_stronger(void **state)
{
	const struct stored_setting stored[] = { { "idle_timeout", "90" },
						 { "data_timeout", "40" },
						 { "stall_timeout", "50" } };
	struct settings_loaded *loaded = NULL;
	char place[SETTINGS_PLACE_SIZE];

	(void)state;
	assert_int_equal(load("[ftp]\ndata_timeout = 20\n", stored, 3, "stall_timeout=70", &loaded),
			 0);
	assert_int_equal(settings_values(loaded)->idle_timeout_s, 90);
	assert_int_equal(settings_values(loaded)->data_timeout_s, 20);
	assert_int_equal(settings_values(loaded)->stall_timeout_s, 70);
	assert_int_equal(settings_origin(loaded, find("idle_timeout")), ORIGIN_DATABASE);
	assert_int_equal(settings_origin(loaded, find("data_timeout")), ORIGIN_FILE);
	assert_int_equal(settings_origin(loaded, find("stall_timeout")), ORIGIN_COMMAND_LINE);
	settings_format_place(loaded, find("idle_timeout"), place);
	assert_string_equal(place, "database");
	assert_int_equal(settings_problem_count(loaded), 0);
	settings_free(&loaded);
}

static void what_is_no_good_is_left_out_and_named(void **state)
{
	const struct stored_setting stored[] = { { "idle_timeout", "soon" },
						 { "gone", "1" },
						 { "user", "root" },
						 { "banner", "a\nb" },
						 { "umask", "27" } };
	static const char *const words[] = { "idle_timeout: ", "not a setting",
					     "on the command line", "control bytes" };
	struct settings_loaded *loaded = NULL;

	(void)state;
	assert_int_equal(load("", stored, ARRAY_SIZE(stored), NULL, &loaded), 0);
	assert_int_equal(settings_problem_count(loaded), ARRAY_SIZE(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_string_equal(settings_problem(loaded, i)->name, stored[i].name);
		assert_non_null(strstr(settings_problem(loaded, i)->detail, words[i]));
	}
	assert_string_equal(settings_values(loaded)->user, "sallyport");
	assert_int_equal(settings_values(loaded)->umask, 027);
	assert_int_equal(settings_origin(loaded, find("idle_timeout")), ORIGIN_DEFAULT);
	settings_free(&loaded);
}

static void other_stored_values_are_tried_before_they_are_stored(void **state)
{
	const struct stored_setting now[] = { { "idle_timeout", "90" } };
	const struct stored_setting good[] = { { "passive_ports", "41000-41010" },
					       { "data_timeout", "40" } };
	const struct stored_setting bad[] = { { "umask", "9" } };
	struct settings_loaded *base = NULL, *next = NULL;
	const char *name;

	(void)state;
	assert_int_equal(load("[ftp]\ndata_timeout = 20\n[host a.example]\n", now, 1, NULL, &base),
			 0);
	assert_int_equal(settings_with_stored(base, good, 2, &next, &name, &error), 0);
	assert_int_equal(settings_values(next)->passive_ports.first, 41000);
	assert_int_equal(settings_values(next)->idle_timeout_s,
			 120); /* it is not among the stored ones any more */
	assert_int_equal(settings_values(next)->data_timeout_s, 20);
	assert_int_equal(settings_values(next)->n_hosts, 1);
	assert_string_equal(settings_values(next)->hosts[0].name, "a.example");
	settings_free(&next);
	assert_int_equal(settings_with_stored(base, bad, 1, &next, &name, &error), -EINVAL);
	assert_string_equal(name, "umask");
	assert_non_null(strstr(error.text, "octal"));
	settings_free(&base);
}

static void what_waits_for_a_restart_is_known(void **state)
{
	struct settings_loaded *loaded = NULL, *next = NULL;
	const char *name;

	(void)state;
	assert_int_equal(load("[server]\nmax_sessions = 20\n", NULL, 0, NULL, &loaded), 0);
	assert_null(settings_pending(loaded, find("max_sessions")));
	assert_int_equal(settings_keep(loaded, find("max_sessions"), "10"), 0);
	assert_int_equal(settings_values(loaded)->max_sessions, 10);
	assert_string_equal(settings_pending(loaded, find("max_sessions")), "20");
	assert_int_equal(settings_origin(loaded, find("max_sessions")), ORIGIN_FILE);
	assert_int_equal(settings_with_stored(loaded, NULL, 0, &next, &name, &error), 0);
	assert_int_equal(settings_values(next)->max_sessions, 20);
	settings_free(&next);
	settings_free(&loaded);
}

static void every_type_has_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count(); i++) {
		assert_non_null(settings_type(i));
		assert_int_equal(settings_words(i) != NULL, strcmp(settings_type(i), "word") == 0);
	}
	assert_false(settings_is_editable(find("user")));
	assert_true(settings_is_editable(find("passive_ports")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_and_the_command_line_are_stronger),
		cmocka_unit_test(what_is_no_good_is_left_out_and_named),
		cmocka_unit_test(other_stored_values_are_tried_before_they_are_stored),
		cmocka_unit_test(what_waits_for_a_restart_is_known),
		cmocka_unit_test(every_type_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
