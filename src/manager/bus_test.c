/* manager/bus_test.c - what is published reaches those who listen to it, whole and in order; who is
 * slow or not wanted any more is ended; who comes back gets what was missed. */
#include "base/test.h"

#include <pthread.h>

#include "base/clock.h"
#include "manager/bus.h"

struct ear {
	struct bus_listener *listener;
	unsigned n_waits, n_wakes;
	bool is_gone;
};

static struct bus *bus;

static void on_wait(void *arg)
{
	((struct ear *)arg)->n_waits++;
}

static void on_wake(void *arg)
{
	((struct ear *)arg)->n_wakes++;
}

static bool is_gone(void *arg)
{
	return ((struct ear *)arg)->is_gone;
}

static int make_bus(void **state)
{
	(void)state;
	bus = bus_new();
	return bus ? 0 : -1;
}

static int free_bus(void **state)
{
	(void)state;
	bus_free(&bus);
	return 0;
}

static int begin(struct ear *ear, const char *topics, const char *owner, int64_t after_id)
{
	const struct bus_subscription subscription = { topics,	owner,	 after_id, on_wait,
						       on_wake, is_gone, ear };

	*ear = (struct ear){ 0 };
	return bus_listen(bus, &subscription, &ear->listener);
}

static void assert_reads(struct ear *ear, const char *expected)
{
	char storage[4096];
	ssize_t n = bus_listener_read(ear->listener, storage, sizeof(storage));

	assert_true(n >= 0);
	assert_text((struct text){ storage, (size_t)n }, expected);
}

static void topics_without_listeners_are_nobodys(void **state)
{
	(void)state;
	struct ear ear;
	char many[BUS_TOPICS_SIZE + 1];

	memset(many, 'a', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_int_equal(begin(&ear, "", "ann", 0), -EINVAL);
	assert_int_equal(begin(&ear, many, "ann", 0), -EINVAL);
	assert_false(bus_is_heard(bus, "sessions"));
	bus_publish(bus, "sessions", 0, json_object());
	bus_publish(bus, "sessions", 0, NULL);
}

static void each_hears_its_topics(void **state)
{
	(void)state;
	struct ear one, two;

	assert_int_equal(begin(&one, "events, sessions", "ann", 0), 0);
	assert_int_equal(begin(&two, "doctor:1", "bob", 0), 0);
	assert_true(bus_is_heard(bus, "sessions"));
	assert_false(bus_is_heard(bus, "doctor:12"));
	assert_reads(&one, "");
	assert_int_equal(one.n_waits, 1);
	bus_publish(bus, "sessions", 0, json_pack("{s:i}", "n", 1));
	bus_publish(bus, "sessions", 0, json_pack("{s:i}", "n", 2));
	bus_publish(bus, "doctor:12", 0, json_integer(3));
	assert_int_equal(one.n_wakes, 1); /* once for each wait */
	assert_reads(&one,
		     "event: sessions\ndata: {\"n\":1}\n\nevent: sessions\ndata: {\"n\":2}\n\n");
	assert_reads(&two, "");
	bus_publish(bus, "events", 7, json_string("a\nb"));
	assert_int_equal(one.n_wakes, 1); /* it did not wait */
	assert_reads(&one, "id: 7\nevent: events\ndata: \"a\\nb\"\n\n");
	bus_listener_free(&one.listener);
	bus_listener_free(&two.listener);
}

static void small_reads_get_it_piece_by_piece(void **state)
{
	(void)state;
	struct ear ear;
	char all[256], piece[7];
	size_t len = 0;

	assert_int_equal(begin(&ear, "events", "ann", 0), 0);
	bus_publish(bus, "events", 0, json_string("first"));
	bus_publish(bus, "events", 0, json_string("second"));
	for (;;) {
		ssize_t n = bus_listener_read(ear.listener, piece, sizeof(piece));
		if (n == 0)
			break;
		assert_true(n > 0 && len + (size_t)n < sizeof(all));
		memcpy(all + len, piece, (size_t)n);
		len += (size_t)n;
	}
	assert_text((struct text){ all, len }, "event: events\ndata: \"first\"\n\n"
					       "event: events\ndata: \"second\"\n\n");
	bus_listener_free(&ear.listener);
}

static void who_comes_back_gets_what_was_missed(void **state)
{
	(void)state;
	struct ear ear;

	for (int i = 1; i <= BUS_HISTORY + 10; i++)
		bus_publish(bus, i % 2 ? "events" : "others", i, json_integer(i));
	assert_int_equal(begin(&ear, "events", "ann", BUS_HISTORY + 6), 0);
	assert_reads(&ear, "id: 263\nevent: events\ndata: 263\n\n"
			   "id: 265\nevent: events\ndata: 265\n\n");
	bus_listener_free(&ear.listener);
	assert_int_equal(begin(&ear, "events", "ann", 0), 0);
	assert_reads(&ear, "");
	bus_listener_free(&ear.listener);
}

static unsigned n_made;

static json_t *make_text(const void *thing)
{
	n_made++;
	return json_string(thing);
}

static void what_nobody_wants_is_not_made(void **state)
{
	(void)state;
	struct ear ear, other;

	n_made = 0;
	bus_publish_later(bus, "events", 0, strdup("for nobody"), make_text);
	bus_publish_later(bus, "events", 1, strdup("missed"), make_text);
	bus_publish_later(bus, "events", 2, NULL, make_text);
	assert_int_equal(n_made, 0);
	assert_int_equal(begin(&ear, "events", "ann", 0), 0);
	assert_int_equal(begin(&other, "events", "bob", 0), 0);
	bus_publish_later(bus, "events", 3, strdup("heard"), make_text);
	assert_reads(&ear, "id: 3\nevent: events\ndata: \"heard\"\n\n");
	assert_reads(&other, "id: 3\nevent: events\ndata: \"heard\"\n\n");
	assert_int_equal(n_made, 1);
	bus_listener_free(&other.listener);
	bus_publish_later(bus, "events", 4, strdup("missed by one"), make_text);
	assert_int_equal(begin(&other, "events", "bob", 3), 0);
	assert_reads(&other, "id: 4\nevent: events\ndata: \"missed by one\"\n\n");
	assert_int_equal(n_made, 2);
	bus_listener_free(&other.listener);
	bus_listener_free(&ear.listener);
}

static void who_does_not_read_is_ended(void **state)
{
	(void)state;
	struct ear slow, other;
	char storage[64];

	assert_int_equal(begin(&slow, "events", "ann", 0), 0);
	assert_int_equal(begin(&other, "events", "bob", 0), 0);
	for (int i = 0; i <= BUS_WAITING_MAX; i++) {
		bus_publish(bus, "events", 0, json_integer(i));
		assert_true(bus_listener_read(other.listener, storage, sizeof(storage)) > 0);
	}
	assert_int_equal(bus_listener_read(slow.listener, storage, sizeof(storage)), -EPIPE);
	bus_publish(bus, "events", 0, json_integer(1));
	assert_reads(&other, "event: events\ndata: 1\n\n");
	bus_listener_free(&slow.listener);
	bus_listener_free(&other.listener);
}

static void those_who_log_out_are_ended(void **state)
{
	(void)state;
	struct ear one, two;
	char storage[64];

	assert_int_equal(begin(&one, "events", "ann", 0), 0);
	assert_int_equal(begin(&two, "events", "bob", 0), 0);
	assert_reads(&one, "");
	bus_end_owner(bus, "ann");
	assert_int_equal(one.n_wakes, 1);
	assert_int_equal(bus_listener_read(one.listener, storage, sizeof(storage)), -EPIPE);
	assert_reads(&two, "");
	bus_close(bus);
	assert_int_equal(bus_listener_read(two.listener, storage, sizeof(storage)), -EPIPE);
	bus_listener_free(&one.listener);
	bus_listener_free(&two.listener);
	assert_int_equal(begin(&one, "events", "ann", 0), -EBUSY);
}

static void listeners_are_few(void **state)
{
	(void)state;
	struct ear ears[BUS_LISTENERS_MAX + 1];

	for (size_t i = 0; i < BUS_LISTENERS_MAX; i++)
		assert_int_equal(begin(&ears[i], "events", "ann", 0), 0);
	assert_int_equal(begin(&ears[BUS_LISTENERS_MAX], "events", "ann", 0), -EBUSY);
	assert_int_equal(bus_newcomers(bus), BUS_LISTENERS_MAX);
	for (size_t i = 0; i < BUS_LISTENERS_MAX; i++)
		bus_listener_free(&ears[i].listener);
	assert_int_equal(begin(&ears[0], "events", "ann", 0), 0);
	bus_listener_free(&ears[0].listener);
}

static void silence_is_broken_by_a_comment(void **state)
{
	(void)state;
	struct ear ear;

	assert_int_equal(begin(&ear, "events", "ann", 0), 0);
	bus_beat(bus, clock_ms());
	assert_reads(&ear, "");
	bus_beat(bus, clock_ms() + BUS_BEAT_MS);
	assert_reads(&ear, ":\n\n");
	bus_listener_free(&ear.listener);
}

static void who_is_gone_is_ended(void **state)
{
	(void)state;
	struct ear ear;
	char storage[16];

	assert_int_equal(begin(&ear, "events", "ann", 0), 0);
	ear.is_gone = true;
	bus_beat(bus, clock_ms()); /* nobody waits: the next read or write will tell */
	assert_reads(&ear, "");
	bus_beat(bus, clock_ms());
	assert_int_equal(ear.n_wakes, 1);
	assert_int_equal(bus_listener_read(ear.listener, storage, sizeof(storage)), -EPIPE);
	bus_listener_free(&ear.listener);
}

static void *publish_much(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++)
		bus_publish(bus, "events", 0, json_integer(i));
	return NULL;
}

static void threads_publish_while_others_come_and_go(void **state)
{
	(void)state;
	pthread_t threads[3];
	char storage[512];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, publish_much, NULL), 0);
	for (int i = 0; i < 200; i++) {
		struct ear ear;
		assert_int_equal(begin(&ear, "events", "ann", 0), 0);
		(void)!bus_listener_read(ear.listener, storage, sizeof(storage));
		bus_listener_free(&ear.listener);
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(topics_without_listeners_are_nobodys, make_bus,
						free_bus),
		cmocka_unit_test_setup_teardown(each_hears_its_topics, make_bus, free_bus),
		cmocka_unit_test_setup_teardown(small_reads_get_it_piece_by_piece, make_bus,
						free_bus),
		cmocka_unit_test_setup_teardown(who_comes_back_gets_what_was_missed, make_bus,
						free_bus),
		cmocka_unit_test_setup_teardown(what_nobody_wants_is_not_made, make_bus, free_bus),
		cmocka_unit_test_setup_teardown(who_does_not_read_is_ended, make_bus, free_bus),
		cmocka_unit_test_setup_teardown(those_who_log_out_are_ended, make_bus, free_bus),
		cmocka_unit_test_setup_teardown(listeners_are_few, make_bus, free_bus),
		cmocka_unit_test_setup_teardown(silence_is_broken_by_a_comment, make_bus, free_bus),
		cmocka_unit_test_setup_teardown(who_is_gone_is_ended, make_bus, free_bus),
		cmocka_unit_test_setup_teardown(threads_publish_while_others_come_and_go, make_bus,
						free_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
