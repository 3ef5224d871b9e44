/* base/secret_test.c - a secret is whole or empty, and leaves nothing behind. */
#include "base/test.h"

#include "base/secret.h"

static void what_cannot_be_kept_leaves_it_empty(void **state)
{
	(void)state;
	static const struct secret empty;
	static char large[SECRET_MAX + 1];
	struct secret secret;

	memset(large, 'x', sizeof(large));
	memset(&secret, 0, sizeof(secret));
	assert_int_equal(secret_set(&secret, T("before")), 0);
	assert_int_equal(secret_set(&secret, (struct text){ large, sizeof(large) }), -ENAMETOOLONG);
	assert_memory_equal(&secret, &empty, sizeof(secret));

	assert_int_equal(secret_set(&secret, T("before")), 0);
	assert_int_equal(secret_set(&secret, T("a\0b")), -EINVAL);
	assert_memory_equal(&secret, &empty, sizeof(secret));

	assert_int_equal(secret_set(&secret, (struct text){ large, SECRET_MAX }), 0);
	assert_int_equal(secret_text(&secret).len, SECRET_MAX);
	secret_release(&secret);
}

static void a_shorter_one_leaves_no_tail_of_the_longer(void **state)
{
	(void)state;
	struct secret secret = { 0 };
	char zeros[8] = { 0 };

	assert_int_equal(secret_set(&secret, T("0123456789")), 0);
	assert_int_equal(secret_set(&secret, T("ab")), 0);
	assert_text(secret_text(&secret), "ab");
	assert_memory_equal(secret.bytes + 2, zeros, sizeof(zeros));
}

static void releasing_wipes(void **state)
{
	(void)state;
	static const struct secret empty;
	struct secret secret = { 0 };

	assert_int_equal(secret_set(&secret, T("hunter2")), 0);
	secret_release(&secret);
	assert_memory_equal(&secret, &empty, sizeof(secret));
	secret_release(&secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_kept_leaves_it_empty),
		cmocka_unit_test(a_shorter_one_leaves_no_tail_of_the_longer),
		cmocka_unit_test(releasing_wipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
