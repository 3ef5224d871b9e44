/* base/list_test.c - members keep their order, and removing one twice is harmless. */
#include "base/test.h"

#include "base/list.h"

struct member {
	char name;
	struct list links;
};

/* The names in order, forwards and then backwards. */
static const char *walk(const struct list *head)
{
	static char names[32];
	size_t n = 0;

	for (struct list *i = head->next; i != head; i = i->next)
		names[n++] = list_entry(i, struct member, links)->name;
	names[n++] = '|';
	for (struct list *i = head->prev; i != head; i = i->prev)
		names[n++] = list_entry(i, struct member, links)->name;
	names[n] = '\0';
	return names;
}

static void members_keep_their_order(void **state)
{
	(void)state;
	struct list head;
	struct member a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };

	list_init(&head);
	assert_true(list_is_empty(&head));
	assert_string_equal(walk(&head), "|");
	list_append(&head, &a.links);
	list_append(&head, &b.links);
	list_append(&head, &c.links);
	assert_false(list_is_empty(&head));
	assert_string_equal(walk(&head), "abc|cba");
	list_remove(&b.links);
	assert_string_equal(walk(&head), "ac|ca");
	list_append(&head, &b.links);
	assert_string_equal(walk(&head), "acb|bca");
}

static void removing_twice_is_harmless(void **state)
{
	(void)state;
	struct list head;
	struct member a = { .name = 'a' }, b = { .name = 'b' };

	list_init(&head);
	list_append(&head, &a.links);
	list_append(&head, &b.links);
	list_remove(&a.links);
	list_remove(&a.links);
	assert_string_equal(walk(&head), "b|b");
	list_remove(&b.links);
	assert_true(list_is_empty(&head));
	assert_true(list_is_empty(&b.links));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_keep_their_order),
		cmocka_unit_test(removing_twice_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
