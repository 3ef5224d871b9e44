/* worker/peers_test.c - lists of networks. */
#include "base/test.h"

#include "base/buf.h"
#include "worker/peers.h"

static void what_is_no_list_of_networks_is_refused(void **state)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{ "nonsense", -EINVAL },
		{ "10.0.0.1/8", -EINVAL },
		{ "10.0.0.0/8, 192.0.2.1:21", -EINVAL },
	};
	struct peer_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(peer_list_init(&list, rows[i].text), rows[i].result);
}

static void a_list_has_a_maximum(void **state)
{
	char storage[16 * (PEER_LIST_MAX + 1)];
	struct peer_list list;
	struct buf text;

	(void)state;
	buf_init(&text, storage, sizeof(storage));
	for (int i = 0; i < PEER_LIST_MAX; i++)
		buf_addf(&text, "10.0.%d.0/24,", i);
	assert_int_equal(peer_list_init(&list, storage), 0);
	assert_int_equal(list.n, PEER_LIST_MAX);
	buf_add(&text, T("192.0.2.1"));
	assert_false(text.has_overflowed);
	assert_int_equal(peer_list_init(&list, storage), -E2BIG);
}

static void a_list_contains_what_its_networks_contain(void **state)
{
	static const struct {
		const char *list, *address;
		bool contains;
	} rows[] = {
		{ "", "10.0.0.1", false },
		{ " , ,", "10.0.0.1", false },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.0.0.0/8", "::1", false },
		{ "::/0", "10.0.0.1", false },
		{ "10.0.0.0/8", "10.200.3.4", true },
		{ "10.0.0.0/8", "::ffff:10.0.0.1", true },
		{ "192.0.2.7, 2001:db8::/32", "192.0.2.7", true },
		{ "192.0.2.7, 2001:db8::/32", "2001:db8::5", true },
		{ "192.0.2.7, 2001:db8::/32", "2001:db9::5", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peer_list list;
		struct address address;

		assert_int_equal(peer_list_init(&list, rows[i].list), 0);
		assert_int_equal(address_parse(text_of(rows[i].address), &address), 0);
		if (peer_list_contains(&list, &address) != rows[i].contains)
			fail_msg("\"%s\" and %s", rows[i].list, rows[i].address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_list_of_networks_is_refused),
		cmocka_unit_test(a_list_has_a_maximum),
		cmocka_unit_test(a_list_contains_what_its_networks_contain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
