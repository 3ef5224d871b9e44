/* base/size_test.c - what is no size is refused; what is one comes back as it was written. */
#include "base/test.h"

#include "base/size.h"

static void what_is_no_size_is_refused(void **state)
{
	static const struct {
		const char *in;
		int expected;
	} rows[] = {
		{ "", -EINVAL },	 { "K", -EINVAL },
		{ "-1", -EINVAL },	 { "+1", -EINVAL },
		{ "1.5G", -EINVAL },	 { "10X", -EINVAL },
		{ "10KB", -EINVAL },	 { "10 K", -EINVAL },
		{ " 10", -EINVAL },	 { "10 ", -EINVAL },
		{ "0x10", -EINVAL },	 { "9223372036854775808", -ERANGE },
		{ "8388608T", -ERANGE }, { "99999999999999999999", -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 42;

		assert_int_equal(size_parse(text_of(rows[i].in), &value), rows[i].expected);
		assert_int_equal(value, 42);
	}
}

static void sizes_are_read_and_written(void **state)
{
	static const struct {
		const char *in, *out;
		uint64_t value;
	} rows[] = {
		{ "0", "0", 0 },
		{ "1000", "1000", 1000 },
		{ "1024", "1K", 1024 },
		{ "64k", "64K", 65536 },
		{ "1536M", "1536M", UINT64_C(1536) << 20 },
		{ "10G", "10G", UINT64_C(10) << 30 },
		{ "2048T", "2048T", UINT64_C(2048) << 40 },
		{ "9223372036854775807", "9223372036854775807", INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char storage[32];
		struct buf out;
		uint64_t value;

		assert_int_equal(size_parse(text_of(rows[i].in), &value), 0);
		assert_int_equal(value, rows[i].value);
		buf_init(&out, storage, sizeof(storage));
		size_format(value, &out);
		assert_string_equal(storage, rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(sizes_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
