/* supervisor/web_listeners_test.c - the sockets of the manager's page: what stays, what comes, what
 * goes, and what happens when a place is taken. */
#include "supervisor/web_listeners.h"

#include "supervisor/test_ports.h"

static int apply(struct web_listeners *set, const char *format, ...) PRINTF_LIKE(2, 3);

static int apply(struct web_listeners *set, const char *format, ...)
{
	struct settings_loaded *loaded = NULL;
	struct web_listeners next;
	struct failure failure = { "" };
	struct settings_error error;
	char ini[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(ini, sizeof(ini), format, args);
	va_end(args);
	assert_int_equal(settings_load("s.conf", text_of(ini), NULL, 0, &loaded, &error), 0);
	int r = web_listeners_prepare(set, loaded, &next, &failure);

	assert_int_equal(r == 0, failure.text[0] == '\0');
	if (r == 0)
		web_listeners_commit(set, &next);
	settings_free(&loaded);
	return r;
}

#define ONE "[manager]\nweb_listen = 127.0.0.1:%u"
#define TWO "[manager]\nweb_listen = 127.0.0.1:%u, 127.0.0.2:%u"

static void sockets_stay_where_their_place_does(void **state)
{
	struct web_listeners set = { 0 };
	unsigned port = free_port();

	(void)state;
	assert_int_equal(apply(&set, TWO, port, port), 0);
	assert_int_equal(set.n, 2);
	assert_true(can_connect(1, (uint16_t)port) && can_connect(2, (uint16_t)port));
	assert_true(set.doors[0].is_loopback && !set.doors[0].is_tls);
	int kept = set.doors[0].fd;
	assert_int_equal(apply(&set, ONE "\nweb_tls = yes", port), 0);
	assert_int_equal(set.n, 1);
	assert_int_equal(set.doors[0].fd, kept);
	assert_true(set.doors[0].is_tls);
	assert_false(can_connect(2, (uint16_t)port));
	assert_int_equal(apply(&set, "[manager]\nweb_listen ="), 0);
	assert_int_equal(set.n, 0);
	assert_false(can_connect(1, (uint16_t)port));
}

static void a_taken_place_changes_nothing(void **state)
{
	struct web_listeners set = { 0 };
	uint16_t taken;
	AUTO_CLOSE int rival = bound_socket(&taken);
	unsigned port = free_port();

	(void)state;
	assert_int_equal(listen(rival, 1), 0);
	assert_int_equal(apply(&set, ONE, port), 0);
	assert_int_equal(
		apply(&set, "[manager]\nweb_listen = 127.0.0.2:%u, 127.0.0.1:%u", port, taken),
		-EADDRINUSE);
	assert_int_equal(set.n, 1);
	assert_true(can_connect(1, (uint16_t)port));
	assert_false(can_connect(2, (uint16_t)port));
	web_listeners_release(&set);
}

/* The default stands here for whatever this machine has at its port: there is a page or none. */
static void the_default_gives_way(void **state)
{
	struct web_listeners set = { 0 };

	(void)state;
	assert_int_equal(apply(&set, "[ftp]\npassive_ports = 8000-9000"), 0);
	assert_int_equal(set.n, 0);
	assert_int_equal(apply(&set, "[manager]\n"), 0);
	assert_true(set.n <= 1);
	web_listeners_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_stay_where_their_place_does),
		cmocka_unit_test(a_taken_place_changes_nothing),
		cmocka_unit_test(the_default_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
