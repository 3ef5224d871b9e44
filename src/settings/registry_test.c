/* Tests of the registry: every default is the one that the manual promises, every row is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "settings/registry.h"

/* What a fresh server runs with; a change here is a change for every user. */
static const struct {
	const char *section, *name, *value, *unit;
	enum settings_change change;
} expected[] = {
	{ "server", "user", "sallyport", "", CHANGE_RESTART },
	{ "server", "server_name", "", "", CHANGE_RELOAD },
	{ "server", "listen", "*", "", CHANGE_RELOAD },
	{ "server", "data_root", "/var/lib/sallyport/files", "", CHANGE_RESTART },
	{ "server", "extra_data_roots", "", "", CHANGE_RELOAD },
	{ "server", "sandbox", "prefer", "", CHANGE_RELOAD },
	{ "server", "state_directory", "/var/lib/sallyport", "", CHANGE_RESTART },
	{ "server", "run_directory", "/run/sallyport", "", CHANGE_RESTART },
	{ "server", "log_file", "", "", CHANGE_RELOAD },
	{ "server", "log_level", "info", "", CHANGE_RELOAD },
	{ "server", "workers", "0", "", CHANGE_RELOAD },
	{ "server", "max_threads", "1024", "", CHANGE_RELOAD },
	{ "server", "max_sessions", "20000", "", CHANGE_RESTART },
	{ "server", "shutdown_grace", "5", "s", CHANGE_RELOAD },
	{ "server", "xferlog", "", "", CHANGE_RELOAD },
	{ "server", "keep_transfers", "7776000", "s", CHANGE_RELOAD },
	{ "ftp", "explicit_ports", "21, 3021", "", CHANGE_RELOAD },
	{ "ftp", "implicit_ports", "990, 3990", "", CHANGE_RELOAD },
	{ "ftp", "plain_ftp", "no", "", CHANGE_RELOAD },
	{ "ftp", "banner", "", "", CHANGE_RELOAD },
	{ "ftp", "passive", "yes", "", CHANGE_RELOAD },
	{ "ftp", "site_doctor", "yes", "", CHANGE_RELOAD },
	{ "ftp", "active", "yes", "", CHANGE_RELOAD },
	{ "ftp", "passive_ports", "40000-50000", "", CHANGE_RELOAD },
	{ "ftp", "external_ip", "", "", CHANGE_RELOAD },
	{ "ftp", "passive_data_from", "", "", CHANGE_RELOAD },
	{ "ftp", "active_data_to", "", "", CHANGE_RELOAD },
	{ "ftp", "active_min_port", "1024", "", CHANGE_RELOAD },
	{ "ftp", "active_source_port", "0", "", CHANGE_RELOAD },
	{ "ftp", "idle_timeout", "120", "s", CHANGE_RELOAD },
	{ "ftp", "login_timeout", "60", "s", CHANGE_RELOAD },
	{ "ftp", "data_timeout", "30", "s", CHANGE_RELOAD },
	{ "ftp", "stall_timeout", "300", "s", CHANGE_RELOAD },
	{ "ftp", "handshake_timeout", "30", "s", CHANGE_RELOAD },
	{ "ftp", "passive_wait", "30000", "ms", CHANGE_RELOAD },
	{ "ftp", "max_login_attempts", "3", "", CHANGE_RELOAD },
	{ "ftp", "failed_login_delay", "1000", "ms", CHANGE_RELOAD },
	{ "ftp", "umask", "027", "", CHANGE_RELOAD },
	{ "ftp", "local_times", "no", "", CHANGE_RELOAD },
	{ "ftp", "deflate_level", "1", "", CHANGE_RELOAD },
	{ "ftp", "hash_uploads", "no", "", CHANGE_RELOAD },
	{ "ftp", "hash_downloads", "no", "", CHANGE_RELOAD },
	{ "ftp", "charset", "UTF-8", "", CHANGE_RELOAD },
	{ "ftp", "uploads", "direct", "", CHANGE_RELOAD },
	{ "ftp", "durability", "none", "", CHANGE_RELOAD },
	{ "ftp", "partial_max_age", "604800", "s", CHANGE_RELOAD },
	{ "limits", "session_upload_rate", "0", "B/s", CHANGE_RELOAD },
	{ "limits", "session_download_rate", "0", "B/s", CHANGE_RELOAD },
	{ "limits", "user_upload_rate", "0", "B/s", CHANGE_RELOAD },
	{ "limits", "user_download_rate", "0", "B/s", CHANGE_RELOAD },
	{ "limits", "total_upload_rate", "0", "B/s", CHANGE_RELOAD },
	{ "limits", "total_download_rate", "0", "B/s", CHANGE_RELOAD },
	{ "limits", "user_sessions", "0", "", CHANGE_RELOAD },
	{ "limits", "address_sessions", "0", "", CHANGE_RELOAD },
	{ "limits", "ban_failures", "20", "", CHANGE_RELOAD },
	{ "limits", "ban_window", "600", "s", CHANGE_RELOAD },
	{ "limits", "ban_time", "900", "s", CHANGE_RELOAD },
	{ "limits", "never_ban", "127.0.0.0/8, ::1", "", CHANGE_RELOAD },
	{ "limits", "upload_size", "0", "B", CHANGE_RELOAD },
	{ "limits", "min_rate", "0", "B/s", CHANGE_RELOAD },
	{ "limits", "min_rate_time", "30", "s", CHANGE_RELOAD },
	{ "tls", "certificate", "", "", CHANGE_RELOAD },
	{ "tls", "private_key", "", "", CHANGE_RELOAD },
	{ "tls", "tls_minimum", "1.2", "", CHANGE_RELOAD },
	{ "tls", "tls_ciphers", "", "", CHANGE_RELOAD },
	{ "tls", "tls_ciphersuites", "", "", CHANGE_RELOAD },
	{ "tls", "data_session_reuse", "prefer", "", CHANGE_RELOAD },
	{ "tls", "require_data_tls", "yes", "", CHANGE_RELOAD },
	{ "tls", "require_close_notify", "yes", "", CHANGE_RELOAD },
	{ "tls", "clear_command_channel", "no", "", CHANGE_RELOAD },
	{ "accounts", "database", "", "", CHANGE_RESTART },
	{ "accounts", "password_cache", "60", "s", CHANGE_RELOAD },
	{ "accounts", "verify_threads", "0", "", CHANGE_RELOAD },
	{ "manager", "web_listen", "127.0.0.1:8021", "", CHANGE_RELOAD },
	{ "manager", "web_tls", "auto", "", CHANGE_RELOAD },
	{ "manager", "web_directory", "/usr/share/sallyport/web", "", CHANGE_RELOAD },
};

static void unknown_names_are_not_found(void **state)
{
	static const char *const unknown[] = { "",	     "Idle_timeout",   "idle_timeout ",
					       "timeout",    "idle_timeout_s", "ftp.idle_timeout",
					       "idle_timeou" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_int_equal(settings_find(text_of(unknown[i])), -ENOENT);
	assert_null(settings_suggest(T("colour")));
	assert_string_equal(settings_suggest(T("idle_timeou")), "idle_timeout");
	assert_string_equal(settings_suggest(T("Passive-Port")), "passive_ports");
}

static void every_default_is_the_documented_one(void **state)
{
	struct settings_loaded *loaded = NULL;
	struct settings_error error;

	(void)state;
	assert_int_equal(settings_count(), ARRAY_SIZE(expected));
	assert_int_equal(settings_load("x", T(""), NULL, 0, &loaded, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct setting_info *info = settings_info(i);
		char value[SETTINGS_LIST_SIZE];

		assert_int_equal(settings_find(text_of(expected[i].name)), i);
		assert_string_equal(info->section, expected[i].section);
		assert_string_equal(info->name, expected[i].name);
		assert_string_equal(info->default_text, expected[i].value);
		assert_string_equal(info->unit, expected[i].unit);
		assert_int_equal(info->change, expected[i].change);
		assert_int_equal(
			settings_format_value(settings_values(loaded), i, value, sizeof(value)), 0);
		assert_string_equal(value, expected[i].value);
		assert_int_equal(settings_origin(loaded, i), ORIGIN_DEFAULT);
		assert_int_equal(settings_line(loaded, i), 0);
	}
	settings_free(&loaded);
}

static void defaults_reach_the_fields(void **state)
{
	struct settings_loaded *loaded = NULL;
	struct settings_error error;

	(void)state;
	assert_int_equal(settings_load("x", T(""), NULL, 0, &loaded, &error), 0);
	const struct settings *s = settings_values(loaded);

	assert_string_equal(s->user, "sallyport");
	assert_int_equal(s->log_level, LOG_INFO);
	assert_int_equal(s->explicit_ports.n, 2);
	assert_int_equal(s->explicit_ports.ports[1], 3021);
	assert_int_equal(s->implicit_ports.ports[0], 990);
	assert_false(s->plain_ftp);
	assert_true(s->passive && s->active && s->require_data_tls);
	assert_int_equal(s->passive_ports.first, 40000);
	assert_int_equal(s->passive_ports.last, 50000);
	assert_int_equal(s->idle_timeout_s, 120);
	assert_int_equal(s->passive_wait_ms, 30000);
	assert_int_equal(s->umask, 027);
	assert_int_equal(s->tls_minimum, TLS_MINIMUM_1_2);
	assert_int_equal(s->data_session_reuse, SESSION_REUSE_PREFER);
	settings_free(&loaded);
	assert_null(loaded);
}

static void every_row_explains_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_count(); i++) {
		const struct setting_info *info = settings_info(i);
		size_t len = strlen(info->help);

		assert_true(len > 20 && info->help[len - 1] == '.');
		assert_true(info->help[0] >= 'A' && info->help[0] <= 'Z');
		assert_true(strlen(info->allowed) > 0);
		assert_true(registry_has_section(text_of(info->section)));
	}
	assert_false(registry_has_section(T("")));
	assert_false(registry_has_section(T("FTP")));
	assert_string_equal(registry_suggest_section(T("FTP")), "ftp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_names_are_not_found),
		cmocka_unit_test(every_default_is_the_documented_one),
		cmocka_unit_test(defaults_reach_the_fields),
		cmocka_unit_test(every_row_explains_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
