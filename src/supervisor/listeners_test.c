/* supervisor/listeners_test.c - the difference between two sets of control listeners. */
#include "supervisor/listeners.h"

#include "supervisor/test_ports.h"

static struct settings with_ports(uint16_t explicit_port, uint16_t implicit_port)
{
	struct settings settings = { 0 };

	settings.explicit_ports = (struct port_list){ explicit_port != 0, { explicit_port } };
	settings.implicit_ports = (struct port_list){ implicit_port != 0, { implicit_port } };
	return settings;
}

static int apply(struct listeners *set, const char *listen, const struct settings *settings,
		 struct failure *ret_failure)
{
	struct listen_addresses addresses;

	assert_int_equal(
		listen_addresses_parse(text_of(listen), kernel_has_ipv6(), &addresses, ret_failure),
		0);
	return listeners_apply(set, settings, &addresses, ret_failure);
}

static void a_taken_port_is_named_and_nothing_changes(void **state)
{
	static struct listeners set;
	struct failure failure = { "" };
	uint16_t taken, first = free_port();
	AUTO_CLOSE int rival = bound_socket(&taken);
	struct settings settings = with_ports(first, 0);
	char expected[64];

	(void)state;
	assert_int_equal(listen(rival, 1), 0);
	assert_int_equal(apply(&set, "127.0.0.1", &settings, &failure), 0);

	int fd = set.items[0].fd;

	settings = with_ports(free_port(), taken);
	assert_int_equal(apply(&set, "127.0.0.1", &settings, &failure), -EADDRINUSE);
	(void)snprintf(expected, sizeof(expected), "cannot listen on 127.0.0.1:%u: Address", taken);
	assert_non_null(strstr(failure.text, expected));
	assert_int_equal(set.n, 1);
	assert_int_equal(set.items[0].fd, fd);
	assert_true(can_connect(1, first));
	assert_false(can_connect(1, settings.explicit_ports.ports[0]));
	listeners_release(&set);
}

static void what_stays_keeps_its_descriptor(void **state)
{
	static struct listeners set;
	struct failure failure;
	uint16_t stays = free_port(), goes = free_port(), comes = free_port();
	struct settings settings = with_ports(stays, goes);

	(void)state;
	assert_int_equal(apply(&set, "127.0.0.1", &settings, &failure), 0);

	int fd = set.items[0].fd;

	assert_false(set.items[0].is_implicit);
	assert_true(set.items[1].is_implicit);
	/* The same place, now with TLS from the first byte. */
	settings = with_ports(comes, stays);
	assert_int_equal(apply(&set, "127.0.0.1", &settings, &failure), 0);
	assert_int_equal(set.n, 2);
	assert_int_equal(set.items[1].fd, fd);
	assert_true(set.items[1].is_implicit);
	assert_true(can_connect(1, comes));
	assert_false(can_connect(1, goes));
	listeners_release(&set);
	assert_false(can_connect(1, stays));
}

static void every_address_gets_every_port(void **state)
{
	static struct listeners set;
	struct failure failure;
	struct settings settings = with_ports(free_port(), free_port());

	(void)state;
	assert_int_equal(apply(&set, "127.0.0.1, 127.0.0.2", &settings, &failure), 0);
	assert_int_equal(set.n, 4);
	for (uint8_t last = 1; last <= 2; last++) {
		assert_true(can_connect(last, settings.explicit_ports.ports[0]));
		assert_true(can_connect(last, settings.implicit_ports.ports[0]));
	}
	listeners_release(&set);
}

static void all_addresses_can_become_one_and_all_again(void **state)
{
	static struct listeners set;
	struct failure failure;
	uint16_t port = free_port();
	struct settings settings = with_ports(port, 0);

	(void)state;
	assert_int_equal(apply(&set, "*", &settings, &failure), 0);
	assert_true(can_connect(2, port));
	assert_int_equal(apply(&set, "127.0.0.1", &settings, &failure), 0);
	assert_true(can_connect(1, port));
	assert_false(can_connect(2, port));
	assert_int_equal(apply(&set, "*", &settings, &failure), 0);
	assert_true(can_connect(2, port));
	listeners_release(&set);
}

static void a_failed_change_brings_paused_listeners_back(void **state)
{
	static struct listeners set;
	struct failure failure;
	uint16_t port = free_port(), taken;
	AUTO_CLOSE int rival = bound_socket(&taken);
	struct settings settings = with_ports(port, 0);

	(void)state;
	assert_int_equal(listen(rival, 1), 0);
	assert_int_equal(apply(&set, "*", &settings, &failure), 0);
	settings = with_ports(port, taken);
	assert_int_equal(apply(&set, "127.0.0.1", &settings, &failure), -EADDRINUSE);
	assert_true(can_connect(2, port));
	listeners_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_taken_port_is_named_and_nothing_changes),
		cmocka_unit_test(what_stays_keeps_its_descriptor),
		cmocka_unit_test(every_address_gets_every_port),
		cmocka_unit_test(all_addresses_can_become_one_and_all_again),
		cmocka_unit_test(a_failed_change_brings_paused_listeners_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
