/* manager/connectivity_test.c - what is added up, what leaves when there is no room, what the rows
 * of causes make of it. */
#include "manager/connectivity_causes.h"

#include "base/clock.h"
#include "base/test.h"
#include "manager/network_detail.h"

static struct settings_loaded *loaded;
static const struct settings *settings;

static int load_settings(void **state UNUSED)
{
	static const char *const overrides[] = { "passive_ports=40000-40100",
						 "server_name=ftp.example.net" };
	struct settings_error error;
	int r = settings_load("test", T(""), overrides, ARRAY_SIZE(overrides), &loaded, &error);

	settings = r == 0 ? settings_values(loaded) : NULL;
	return r;
}

static int free_settings(void **state UNUSED)
{
	settings_free(&loaded);
	return 0;
}

static struct connectivity *new_connectivity(void)
{
	struct connectivity *c = NULL;

	assert_int_equal(connectivity_new(NULL, settings, &c), 0);
	return c;
}

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text_of(text), &address), 0);
	return address;
}

static int64_t now_ms = 1700000000000;
static uint32_t waited_ms = 30000;

static void note(struct connectivity *c, const char *from, enum data_mode mode, uint16_t port,
		 enum data_outcome outcome, unsigned cause)
{
	struct address peer = address_of(from);
	const struct connectivity_who who = { &peer, "alice", 1, ++now_ms };
	const struct data_record data = { .mode = (uint8_t)mode,
					  .advertised = { .port = port },
					  .outcome = (uint8_t)outcome,
					  .waited_ms = waited_ms,
					  .cause = (uint16_t)cause };

	connectivity_note_data(c, &who, &data);
}

static struct reach_verdict judge(struct connectivity *c, const char *network)
{
	struct network_state state;
	struct reach_verdict verdict;

	assert_int_equal(connectivity_get(c, network, &state), 0);
	reach_judge(&state, settings, &verdict);
	return verdict;
}

static void assert_verdict(struct connectivity *c, const char *network, enum reach_state state,
			   const char *cause)
{
	struct reach_verdict verdict = judge(c, network);

	assert_string_equal(reach_state_names[verdict.state], reach_state_names[state]);
	if (cause)
		assert_string_equal(verdict.cause ? verdict.cause->id : "none", cause);
	else
		assert_null(verdict.cause);
}

static void networks_are_24_and_64_bits(void **state UNUSED)
{
	static const char *const rows[][2] = {
		{ "203.0.113.77", "203.0.113.0/24" },
		{ "2001:db8:1:2:3::4", "2001:db8:1:2::/64" },
		{ "127.0.0.1", "127.0.0.0/24" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address peer = address_of(rows[i][0]);
		char name[REACH_NETWORK_SIZE];

		(void)connectivity_network_of(&peer, name);
		assert_string_equal(name, rows[i][1]);
	}
}

static void one_cause_is_named_for_each_way_to_fail(void **state UNUSED)
{
	static const struct {
		enum data_mode mode;
		enum data_outcome outcome;
		unsigned cause;
		const char *id;
	} rows[] = {
		{ DATA_MODE_EPSV, DATA_NEVER, 20, "D-20" },
		{ DATA_MODE_PASV, DATA_ELSEWHERE, 31, "D-31" },
		{ DATA_MODE_PASV, DATA_REFUSED, 33, "D-33" },
		{ DATA_MODE_PORT, DATA_NEVER, 35, "D-35" },
		{ DATA_MODE_PORT, DATA_REFUSED, 36, "D-36" },
		{ DATA_MODE_EPRT, DATA_REFUSED, 39, "D-39" },
		{ DATA_MODE_PORT, DATA_REFUSED, 41, "D-41" },
		{ DATA_MODE_EPSV, DATA_TLS_FAILED, 52, "D-52" },
		{ DATA_MODE_EPSV, DATA_TLS_FAILED, 55, "D-55" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct connectivity *c = new_connectivity();

		note(c, "203.0.113.7", rows[i].mode, 40001, rows[i].outcome, rows[i].cause);
		assert_verdict(c, "203.0.113.0/24", REACH_STUCK, rows[i].id);
		/* A wall that has been opened is none. */
		for (unsigned k = 0; k < 12; k++)
			note(c, "203.0.113.7", DATA_MODE_EPSV, 40001, DATA_ARRIVED, 0);
		assert_verdict(c, "203.0.113.0/24", REACH_OK, NULL);
		connectivity_free(&c);
	}
}

static void a_success_long_ago_does_not_hide_a_wall(void **state UNUSED)
{
	struct connectivity *c = new_connectivity();

	note(c, "203.0.113.7", DATA_MODE_EPSV, 40001, DATA_ARRIVED, 0);
	note(c, "203.0.113.7", DATA_MODE_EPSV, 40002, DATA_NEVER, 20);
	assert_verdict(c, "203.0.113.0/24", REACH_MIXED, "D-20");
	note(c, "203.0.113.7", DATA_MODE_EPSV, 40003, DATA_NEVER, 20);
	note(c, "203.0.113.7", DATA_MODE_EPSV, 40004, DATA_NEVER, 20);
	assert_verdict(c, "203.0.113.0/24", REACH_STUCK, "D-20");
	connectivity_free(&c);
}

static void a_half_open_range_is_told_from_bad_luck(void **state UNUSED)
{
	struct connectivity *c = new_connectivity();

	for (uint16_t i = 0; i < 12; i++) {
		uint16_t port = (uint16_t)(40000 + i * 37 % 100);

		note(c, "203.0.113.7", DATA_MODE_PASV, port,
		     port < 40050 ? DATA_ARRIVED : DATA_NEVER, port < 40050 ? 0 : 20);
		/* The same failures all over the range. */
		note(c, "198.51.100.7", DATA_MODE_PASV, (uint16_t)(40000 + i),
		     i % 2 ? DATA_ARRIVED : DATA_NEVER, i % 2 ? 0 : 20);
	}
	assert_verdict(c, "203.0.113.0/24", REACH_MIXED, "D-23");

	struct reach_verdict verdict = judge(c, "203.0.113.0/24");

	assert_int_equal(verdict.n_failed, 1);
	assert_true(verdict.failed[0].first >= 40050);
	assert_non_null(strstr(verdict.explanation, "40000-40100"));
	verdict = judge(c, "198.51.100.0/24");
	assert_true(!verdict.cause || strcmp(verdict.cause->id, "D-23") != 0);
	connectivity_free(&c);
}

static void count_port(uint16_t port, const struct reach_port_counts *counts, void *arg)
{
	struct reach_port_counts *sum = arg;

	assert_int_equal(port, 40001);
	*sum = *counts;
}

static void a_port_that_was_not_tried_is_not_shut(void **state UNUSED)
{
	struct connectivity *c = new_connectivity();
	struct reach_port_counts counts = { 0 };

	waited_ms = 8;
	note(c, "203.0.113.7", DATA_MODE_PASV, 40001, DATA_NEVER, 20);
	waited_ms = 30000;
	assert_verdict(c, "203.0.113.0/24", REACH_STUCK, "D-20");
	assert_int_equal(judge(c, "203.0.113.0/24").n_failed, 0);
	connectivity_each_port(c, count_port, &counts);
	assert_int_equal(counts.offered, 1);
	assert_int_equal(counts.timed_out, 0);
	connectivity_free(&c);
}

static void refused_logins_name_their_cause(void **state UNUSED)
{
	struct connectivity *c = new_connectivity();
	struct address peer = address_of("203.0.113.7");
	struct connectivity_who who = { &peer, "", 1, ++now_ms };

	connectivity_note_failure(c, &who, 61, true);
	assert_verdict(c, "203.0.113.0/24", REACH_UNKNOWN, "D-61");
	who.wall_ms = ++now_ms;
	connectivity_note_login(c, &who);
	assert_verdict(c, "203.0.113.0/24", REACH_UNKNOWN, NULL);
	for (unsigned i = 0; i < 3; i++) {
		who.wall_ms = ++now_ms;
		connectivity_note_failure(c, &who, 60, true);
	}
	assert_verdict(c, "203.0.113.0/24", REACH_STUCK, "D-60");
	connectivity_free(&c);
}

static bool count_one(const struct network_state *state UNUSED, void *arg)
{
	++*(size_t *)arg;
	return true;
}

static size_t count_networks(struct connectivity *c)
{
	size_t n = 0;

	connectivity_each(c, count_one, &n);
	return n;
}

static struct address numbered(uint32_t n)
{
	const uint8_t ip[4] = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	return address_from_v4(ip, 0);
}

static void a_flood_of_strangers_stays_bounded(void **state UNUSED)
{
	struct connectivity *c = new_connectivity();
	struct network_state kept;

	note(c, "203.0.113.7", DATA_MODE_EPSV, 40001, DATA_ARRIVED, 0);
	for (uint32_t i = 0; i < 1000000; i++) {
		struct address peer = numbered(i * 256);
		const struct connectivity_who who = { &peer, "", i, ++now_ms };

		connectivity_note_failure(c, &who, 61, true);
	}
	assert_int_equal(count_networks(c), CONNECTIVITY_STRANGERS + 1);
	assert_int_equal(connectivity_get(c, "203.0.113.0/24", &kept), 0);
	assert_int_equal(kept.counts.n[REACH_ARRIVED], 1);
	connectivity_free(&c);
}

static void known_networks_leave_in_their_turn(void **state UNUSED)
{
	struct connectivity *c = new_connectivity();
	struct network_state ignored;

	for (uint32_t i = 0; i < 5000; i++) {
		struct address peer = numbered(i * 256);
		const struct connectivity_who who = { &peer, "alice", i, ++now_ms };

		connectivity_note_login(c, &who);
	}
	assert_int_equal(count_networks(c), CONNECTIVITY_NETWORKS - CONNECTIVITY_STRANGERS);
	assert_int_equal(connectivity_get(c, "10.0.0.0/24", &ignored), -ENOENT);
	assert_int_equal(connectivity_get(c, "10.19.135.0/24", &ignored), 0); /* 4999 */
	assert_int_equal(connectivity_get(c, "no network", &ignored), -ENOENT);
	connectivity_free(&c);
}

static void what_is_written_reads_back(void **state UNUSED)
{
	struct connectivity *c = new_connectivity();
	struct network_state before, after = { .n_tries = 3 };
	struct address peer = address_of("203.0.113.8");
	const struct connectivity_who who = { &peer, "bob", 2, ++now_ms };

	for (uint16_t i = 0; i < 100; i++)
		note(c, "203.0.113.7", DATA_MODE_PASV, (uint16_t)(40000 + i),
		     i % 3 ? DATA_ARRIVED : DATA_NEVER, i % 3 ? 0 : 20);
	connectivity_note_login(c, &who);
	connectivity_note_failure(c, &who, 65, true);
	assert_int_equal(connectivity_get(c, "203.0.113.0/24", &before), 0);

	char *detail = network_detail_write(&before);

	assert_non_null(detail);
	network_detail_read(detail, &after);
	assert_int_equal(after.n_tries, CONNECTIVITY_TRIES);
	for (unsigned i = 0; i < after.n_tries; i++) {
		assert_int_equal(after.tries[i].port, before.tries[i].port);
		assert_int_equal(after.tries[i].outcome, before.tries[i].outcome);
	}
	assert_int_equal(after.n_users, 2);
	assert_string_equal(after.users[0], "bob");
	assert_int_equal(after.n_addresses, 2);
	assert_int_equal(after.causes[0].cause, 65);
	assert_int_equal(after.causes[0].n, 1);
	assert_int_equal(after.login_ms, before.login_ms);
	free(detail);
	network_detail_read("no JSON", &after);
	assert_int_equal(after.n_tries, 0);
	network_detail_read("{\"tries\": [1, [\"x\"]], \"users\": [3], \"times\": {}}", &after);
	connectivity_free(&c);
}

static void ports_are_counted_for_passive_mode_alone(void **state UNUSED)
{
	struct connectivity *c = new_connectivity();
	struct reach_port_counts counts = { 0 };

	note(c, "203.0.113.7", DATA_MODE_PASV, 40001, DATA_ARRIVED, 0);
	note(c, "203.0.113.7", DATA_MODE_EPSV, 40001, DATA_NEVER, 20);
	note(c, "203.0.113.7", DATA_MODE_PORT, 5000, DATA_ARRIVED, 0);
	note(c, "203.0.113.7", DATA_MODE_NONE, 40009, DATA_ARRIVED, 0);
	connectivity_each_port(c, count_port, &counts);
	assert_int_equal(counts.offered, 2);
	assert_int_equal(counts.connected, 1);
	assert_int_equal(counts.timed_out, 1);
	connectivity_free(&c);
}

static void the_letter_names_network_range_and_cause(void **state UNUSED)
{
	struct connectivity *c = new_connectivity();
	static char storage[40000];
	struct network_state network;
	struct buf letter;

	note(c, "203.0.113.7", DATA_MODE_EPSV, 40001, DATA_NEVER, 20);
	assert_int_equal(connectivity_get(c, "203.0.113.0/24", &network), 0);

	struct reach_verdict verdict = judge(c, "203.0.113.0/24");

	buf_init(&letter, storage, sizeof(storage) - 1);
	reach_letter(&network, settings, &verdict, &letter);
	storage[letter.len] = '\0';
	assert_non_null(strstr(storage, "ftp.example.net"));
	assert_non_null(strstr(storage, "203.0.113.0/24"));
	assert_non_null(strstr(storage, "40000-40100"));
	assert_non_null(strstr(storage, "D-20"));
	assert_non_null(strstr(storage, "Thank you.\n"));
	connectivity_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_are_24_and_64_bits),
		cmocka_unit_test(one_cause_is_named_for_each_way_to_fail),
		cmocka_unit_test(a_success_long_ago_does_not_hide_a_wall),
		cmocka_unit_test(a_half_open_range_is_told_from_bad_luck),
		cmocka_unit_test(a_port_that_was_not_tried_is_not_shut),
		cmocka_unit_test(refused_logins_name_their_cause),
		cmocka_unit_test(a_flood_of_strangers_stays_bounded),
		cmocka_unit_test(known_networks_leave_in_their_turn),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(ports_are_counted_for_passive_mode_alone),
		cmocka_unit_test(the_letter_names_network_range_and_cause),
	};

	return cmocka_run_group_tests(tests, load_settings, free_settings);
}
