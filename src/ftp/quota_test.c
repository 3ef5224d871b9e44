/* ftp/quota_test.c - whose quota holds for a user. */
#include "base/test.h"

#include "ftp/quota.h"

static void a_users_own_quota_counts_and_else_that_of_each_member(void **state)
{
	static const struct {
		struct quota_choice own;
		struct quota_limits each_member, expected;
	} rows[] = {
		{ { QUOTA_AS_GROUP, QUOTA_AS_GROUP }, { 0, 0 }, { 0, 0 } },
		{ { QUOTA_AS_GROUP, QUOTA_AS_GROUP }, { 100, 7 }, { 100, 7 } },
		{ { 50, QUOTA_AS_GROUP }, { 100, 7 }, { 50, 7 } },
		{ { QUOTA_AS_GROUP, 9 }, { 100, 7 }, { 100, 9 } },
		{ { 0, 0 }, { 100, 7 }, { 0, 0 } },
		{ { INT64_MAX, INT64_MAX }, { 0, 0 }, { SIZE_MOST, SIZE_MOST } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct quota_limits quota = quota_choose(rows[i].own, rows[i].each_member);

		assert_int_equal(quota.bytes, rows[i].expected.bytes);
		assert_int_equal(quota.files, rows[i].expected.files);
		assert_true(quota_is_limited(&quota) == (quota.bytes > 0 || quota.files > 0));
	}
}

static void a_user_starts_with_what_its_group_gives(void **state)
{
	struct quota_limits quota = quota_choose(quota_as_group(), (struct quota_limits){ 1, 2 });

	(void)state;
	assert_int_equal(quota.bytes, 1);
	assert_int_equal(quota.files, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_users_own_quota_counts_and_else_that_of_each_member),
		cmocka_unit_test(a_user_starts_with_what_its_group_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
