/* base/buf_test.c - a buffer takes all of a piece or nothing, and remembers the refusal. */
#include "base/test.h"

#include "base/buf.h"

static void what_does_not_fit_changes_nothing_and_is_remembered(void **state)
{
	(void)state;
	char storage[8];
	struct buf buf;

	storage[7] = '!'; /* not ours to write */
	buf_init(&buf, storage, sizeof(storage) - 1);
	buf_add(&buf, T("abc"));
	buf_add(&buf, T("defg"));
	assert_true(buf.has_overflowed);
	assert_string_equal(buf.ptr, "abc");
	buf_add_char(&buf, 'x'); /* would fit, but the text would have a hole */
	buf_addf(&buf, "%d", 1);
	assert_text(buf_text(&buf), "abc");
	assert_int_equal(storage[7], '!');

	buf_reset(&buf);
	assert_false(buf.has_overflowed);
	assert_string_equal(buf.ptr, "");
	assert_int_equal(buf_room(&buf), 6);
}

static void a_formatted_piece_that_overflows_leaves_no_part_behind(void **state)
{
	(void)state;
	char storage[8];
	struct buf buf;

	buf_init(&buf, storage, sizeof(storage));
	buf_addf(&buf, "%s-", "ab");
	buf_addf(&buf, "%d", 12345);
	assert_true(buf.has_overflowed);
	assert_string_equal(buf.ptr, "ab-");
	assert_int_equal(buf.len, 3);
}

static void numbers_are_written_in_decimal(void **state)
{
	(void)state;
	char storage[32];
	struct buf buf;

	buf_init(&buf, storage, sizeof(storage));
	buf_add_uint(&buf, 0);
	buf_add_char(&buf, ' ');
	buf_add_uint(&buf, 1090);
	buf_add_char(&buf, ' ');
	buf_add_uint(&buf, UINT64_MAX);
	assert_string_equal(storage, "0 1090 18446744073709551615");
	assert_false(buf.has_overflowed);
	buf_add_uint(&buf, 12345);
	assert_true(buf.has_overflowed);
	assert_string_equal(storage, "0 1090 18446744073709551615");
}

static void the_last_byte_belongs_to_the_nul(void **state)
{
	(void)state;
	char storage[4], one[1];
	struct buf buf;

	buf_init(&buf, storage, sizeof(storage));
	buf_addf(&buf, "%d", 123);
	assert_false(buf.has_overflowed);
	assert_string_equal(buf.ptr, "123");
	assert_int_equal(buf_room(&buf), 0);
	buf_add(&buf, (struct text){ NULL, 0 });
	assert_false(buf.has_overflowed);
	buf_add_char(&buf, '4');
	assert_true(buf.has_overflowed);

	buf_init(&buf, one, sizeof(one));
	buf_add_char(&buf, 'a');
	assert_true(buf.has_overflowed);
	assert_string_equal(buf.ptr, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_fit_changes_nothing_and_is_remembered),
		cmocka_unit_test(a_formatted_piece_that_overflows_leaves_no_part_behind),
		cmocka_unit_test(numbers_are_written_in_decimal),
		cmocka_unit_test(the_last_byte_belongs_to_the_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
