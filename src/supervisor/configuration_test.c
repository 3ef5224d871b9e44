/* supervisor/configuration_test.c - a configuration that is read for the first time and again. */
#include "supervisor/configuration.h"

#include "base/test.h"

static char path[64];
static struct configuration configuration;

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/sallyport-conf-XXXXXX");
	configuration = (struct configuration){ .path = path };

	AUTO_CLOSE int fd = mkstemp(path);

	return fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path); /* one test has done it */
	return 0;
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void a_missing_file_counts_only_when_it_was_asked_for(void **state)
{
	static const char *const plain[] = { "plain_ftp=yes", "implicit_ports=none" };
	struct settings_loaded *loaded = NULL;
	struct failure failure = { "" };

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(configuration_load(&configuration, NULL, &loaded, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, path));
	configuration.may_be_missing = true;
	configuration.overrides = plain;
	configuration.n_overrides = ARRAY_SIZE(plain);
	assert_int_equal(configuration_load(&configuration, NULL, &loaded, &failure), 0);
	assert_true(settings_values(loaded)->plain_ftp);
	settings_free(&loaded);
}

static void settings_that_do_not_go_together_are_refused(void **state)
{
	struct settings_loaded *loaded = NULL;
	struct failure failure = { "" };

	(void)state;
	write_file("[ftp]\nplain_ftp = no\n");
	assert_int_equal(configuration_load(&configuration, NULL, &loaded, &failure), -EINVAL);
	assert_non_null(strstr(failure.text, "certificate"));
	assert_null(loaded);
}

static void what_needs_a_restart_keeps_its_value(void **state)
{
	struct settings_loaded *first = NULL, *second = NULL;
	struct failure failure;

	(void)state;
	write_file("[server]\nmax_sessions = 10\n"
		   "[ftp]\nplain_ftp = yes\nimplicit_ports = none\nidle_timeout = 50\n");
	assert_int_equal(configuration_load(&configuration, NULL, &first, &failure), 0);
	write_file("[server]\nmax_sessions = 20\nrun_directory = /elsewhere\n"
		   "[ftp]\nplain_ftp = yes\nimplicit_ports = none\nidle_timeout = 60\n");
	assert_int_equal(
		configuration_load(&configuration, settings_values(first), &second, &failure), 0);
	assert_int_equal(settings_values(second)->max_sessions, 10);
	assert_string_equal(settings_values(second)->run_directory,
			    settings_values(first)->run_directory);
	assert_int_equal(settings_values(second)->idle_timeout_s, 60);
	settings_free(&first);
	settings_free(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_missing_file_counts_only_when_it_was_asked_for,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(settings_that_do_not_go_together_are_refused,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_needs_a_restart_keeps_its_value, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
