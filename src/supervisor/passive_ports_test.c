/* supervisor/passive_ports_test.c - who may have which passive port, and when it is closed. */
#include "supervisor/passive_ports.h"

#include "supervisor/test_ports.h"

struct fixture {
	struct passive_ports *ports;
	struct listen_addresses addresses; /* 127.0.0.1, 127.0.0.2 */
	struct port_range range;	   /* one port that is free */
	int fds[LISTEN_ADDRESSES_MAX];
	size_t n;
};

static int set_up(void **state)
{
	static struct fixture f;
	struct failure failure;
	uint16_t port = free_port();

	f = (struct fixture){ .ports = passive_ports_new(), .range = { port, port } };
	assert_non_null(f.ports);
	assert_int_equal(
		listen_addresses_parse(T("127.0.0.1, 127.0.0.2"), false, &f.addresses, &failure),
		0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	passive_ports_free(&f->ports);
	assert_null(f->ports);
	return 0;
}

static int take(struct fixture *f, uint32_t worker, uint16_t port)
{
	return passive_ports_take(f->ports, worker, port, &f->range, &f->addresses, f->fds, &f->n);
}

static void ports_outside_the_range_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(take(f, 0, 0), -ERANGE);
	assert_int_equal(take(f, 0, (uint16_t)(f->range.first - 1)), -ERANGE);
	assert_int_equal(take(f, 0, (uint16_t)(f->range.last + 1)), -ERANGE);
	assert_int_equal(passive_ports_count(f->ports), 0);
}

static void a_port_of_somebody_else_is_refused_on_all_addresses(void **state)
{
	struct fixture *f = *state;
	const struct listen_address rival_place = {
		.address = address_from_v4((const uint8_t[]){ 127, 0, 0, 2 }, f->range.first),
	};
	AUTO_CLOSE int rival = -1;

	assert_int_equal(listen_address_open(&rival_place, &rival), 0);
	assert_int_equal(take(f, 0, f->range.first), -EADDRINUSE);
	assert_int_equal(passive_ports_count(f->ports), 0);
	assert_false(can_connect(1, f->range.first));
}

static void holders_share_the_sockets_until_the_last_gives_back(void **state)
{
	struct fixture *f = *state;
	uint16_t port = f->range.first;

	assert_int_equal(take(f, 0, port), 0);
	assert_int_equal(f->n, 2);

	int first = f->fds[0];

	assert_int_equal(take(f, 63, port), 0);
	assert_int_equal(f->fds[0], first);
	assert_int_equal(passive_ports_count(f->ports), 2);
	passive_ports_give_back(f->ports, 0, port);
	assert_true(can_connect(1, port));
	assert_true(can_connect(2, port));
	passive_ports_give_back(f->ports, 63, port);
	assert_int_equal(passive_ports_count(f->ports), 0);
	assert_false(can_connect(1, port));
}

static void asking_twice_counts_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(take(f, 7, f->range.first), 0);
	assert_int_equal(take(f, 7, f->range.first), 0);
	passive_ports_give_back(f->ports, 7, f->range.first);
	assert_int_equal(passive_ports_count(f->ports), 0);
}

static void giving_back_what_one_has_not_takes_it_from_nobody(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(take(f, 1, f->range.first), 0);
	passive_ports_give_back(f->ports, 2, f->range.first);
	passive_ports_give_back(f->ports, 1, (uint16_t)(f->range.first - 1));
	assert_int_equal(passive_ports_count(f->ports), 2);
}

static void a_dead_worker_gives_back_everything(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(take(f, 1, f->range.first), 0);
	assert_int_equal(take(f, 2, f->range.first), 0);
	passive_ports_forget_worker(f->ports, 1);
	assert_true(can_connect(1, f->range.first));
	passive_ports_forget_worker(f->ports, 2);
	assert_int_equal(passive_ports_count(f->ports), 0);
	assert_int_equal(take(f, 1, f->range.first), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ports_outside_the_range_are_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_port_of_somebody_else_is_refused_on_all_addresses,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(holders_share_the_sockets_until_the_last_gives_back,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(asking_twice_counts_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(giving_back_what_one_has_not_takes_it_from_nobody,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_dead_worker_gives_back_everything, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
