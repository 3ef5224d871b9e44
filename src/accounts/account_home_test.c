/* accounts/account_home_test.c - which homes can be stored. */
#include "base/test.h"

#include "accounts/accounts.h"

static void homes_that_lead_elsewhere_or_cannot_be_written_are_refused(void **state)
{
	(void)state;
	static const struct text refused[] = {
		T(""),	   T(".."),    T("../alice"), T("alice/.."), T("/srv/../etc"),
		T("a\nb"), T("a\x7f"), T("/a/\x01"),  T("a\0b"),     T("a/../../b"),
	};
	char longest[USER_HOME_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_non_null(account_home_problem(refused[i]));
	memset(longest, 'a', sizeof(longest));
	assert_non_null(account_home_problem((struct text){ longest, sizeof(longest) }));
	assert_null(account_home_problem((struct text){ longest, sizeof(longest) - 1 }));
}

static void absolute_and_relative_homes_are_taken(void **state)
{
	(void)state;
	static const struct text taken[] = {
		T("alice"),
		T("/srv/ftp/alice"),
		T("/"),
		T("."),
		T("staff/alice"),
		T("a..b"),
		T("..."),
		T("Gr\xc3\xbc\xc3\x9f"
		  "e und mehr"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		assert_null(account_home_problem(taken[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(homes_that_lead_elsewhere_or_cannot_be_written_are_refused),
		cmocka_unit_test(absolute_and_relative_homes_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
