/* accounts/password_test.c - hashes of all kinds that other servers leave behind. */
#include "base/test.h"

#include "accounts/password.h"

/* "Hello world!" each. The SHA-crypt rows are those of the algorithm's specification. */
static const struct text kinds[] = {
	T("$y$j9T$abcdefghijklmnopqrstu/$RVp/pvSHe9p4zBl9jhzYHCAPmSN1i1YiJeRKaB5O5MB"),
	T("$gy$j9T$abcdefghijklmnopqrstu/$JKufuJBblkgVgCXQnvTeEDZyu7Nzah/wzZipJkI4Qr7"),
	T("$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnI"
	  "FNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"),
	T("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
	T("$1$saltsalt$le8lFSqqnPaRFOlmAZpvH1"),
	T("$2b$05$abcdefghijklmnopqrstuu7nFISH/8YdwlXD3lw69A4iBUf6fvWAW"),
	T("$2y$05$abcdefghijklmnopqrstuu7nFISH/8YdwlXD3lw69A4iBUf6fvWAW"),
	T("abMbH7WsHr7wQ"),
};

static void passwords_that_no_client_can_send_are_refused(void **state)
{
	(void)state;
	static const struct text refused[] = { T(""), T("a\r\nb"), T("a\0b"), T("\x7f"),
					       T("a\tb") };
	char hash[PASSWORD_HASH_SIZE], longest[PASSWORD_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_non_null(password_problem(refused[i]));
		assert_int_equal(password_hash(refused[i], hash), -EINVAL);
	}
	memset(longest, 'a', sizeof(longest));
	assert_non_null(password_problem((struct text){ longest, sizeof(longest) }));
	assert_int_equal(password_hash((struct text){ longest, PASSWORD_MAX }, hash), 0);
	assert_true(password_matches((struct text){ longest, PASSWORD_MAX }, hash));
	assert_false(password_matches((struct text){ longest, PASSWORD_MAX - 1 }, hash));
	assert_false(password_matches((struct text){ longest, PASSWORD_MAX + 1 }, hash));
}

static void what_is_no_complete_hash_is_refused(void **state)
{
	(void)state;
	static const struct text refused[] = {
		T(""),
		T("*"),
		T("!"),
		T("*0"),
		T("x"),
		T("plain password"),
		T("$9$salt$hash"),
		T("$6$"),
		T("$6$saltstring"),
		T("$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO"),
		T("$y$j9T$abcdefghijklmnopqrstu/"),
		T("$y$j9T$"),
		T("$2b$05$abcdefghijklmnopqrstuu"),
		T("$1$saltsalt$le8lFSqqnPaRFOlmAZpvH1:0:99"),
		T("ab"),
		T("{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="),
		T("$1$salt\0alt$le8lFSqqnPaRFOlmAZpvH1"),
	};

	struct password_kinds known = { .n = 0 };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_null(password_hash_problem_of_many(kinds[i], &known));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (!password_hash_problem(refused[i]) ||
		    !password_hash_problem_of_many(refused[i], &known))
			fail_msg("\"%.*s\" was taken", TEXT_ARG(refused[i]));
}

static void one_hash_of_a_kind_is_computed_and_the_others_are_looked_at(void **state)
{
	(void)state;
	struct password_kinds known = { .n = 0 };
	char other[PASSWORD_HASH_SIZE];
	size_t i = 0;

	while (!text_starts(kinds[i], T("$6$")))
		i++;
	assert_null(password_hash_problem_of_many(kinds[i], &known));
	assert_int_equal(known.n, 1);
	memcpy(other, kinds[i].ptr, kinds[i].len + 1);
	other[kinds[i].len - 1] = other[kinds[i].len - 1] == 'x' ? 'y' : 'x';
	assert_null(password_hash_problem_of_many(text_of(other), &known));
	other[kinds[i].len - 1] = '\0';
	assert_non_null(password_hash_problem_of_many(text_of(other), &known));
	assert_int_equal(known.n, 1);
}

static void nothing_matches_what_is_no_hash(void **state)
{
	(void)state;
	static const char *const hashes[] = { "",  "*", "*0",	 "*1",
					      "!", "x", "plain", "$6$saltstring" };

	for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
		assert_false(password_matches(T("plain"), hashes[i]));
		assert_false(password_matches(T(""), hashes[i]));
		assert_false(password_matches(text_of(hashes[i]), hashes[i]));
	}
}

static void every_kind_of_crypt_hash_is_verified(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *hash = kinds[i].ptr;

		if (!password_matches(T("Hello world!"), hash))
			fail_msg("%s does not match", hash);
		assert_false(password_matches(T("hello world!"), hash));
		assert_false(password_matches(T(""), hash));
		assert_null(password_hash_problem(kinds[i]));
	}
}

static void new_hashes_are_yescrypt_with_a_new_salt_each(void **state)
{
	(void)state;
	char first[PASSWORD_HASH_SIZE], second[PASSWORD_HASH_SIZE];

	assert_int_equal(password_hash(T("Sesam \xc3\xb6"
					 "ffne dich"),
				       first),
			 0);
	assert_int_equal(password_hash(T("Sesam \xc3\xb6"
					 "ffne dich"),
				       second),
			 0);
	assert_true(text_starts(text_of(first), T("$y$")));
	assert_string_not_equal(first, second);
	assert_true(password_matches(T("Sesam \xc3\xb6"
				       "ffne dich"),
				     first));
	assert_true(password_matches(T("Sesam \xc3\xb6"
				       "ffne dich"),
				     second));
	assert_false(password_matches(T("Sesam offne dich"), first));
	assert_null(password_hash_problem(text_of(first)));
}

static void only_yescrypt_of_the_default_cost_counts_as_paid(void **state)
{
	(void)state;
	char hash[PASSWORD_HASH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(password_hash_costs_default(kinds[i].ptr), i == 0);
	assert_false(password_hash_costs_default(""));
	assert_false(password_hash_costs_default("*"));
	assert_false(password_hash_costs_default("$y$j75$abcdefghijklmnopqrstu/$x"));
	assert_int_equal(password_hash(T("x"), hash), 0);
	assert_true(password_hash_costs_default(hash));
	password_pay();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_that_no_client_can_send_are_refused),
		cmocka_unit_test(what_is_no_complete_hash_is_refused),
		cmocka_unit_test(one_hash_of_a_kind_is_computed_and_the_others_are_looked_at),
		cmocka_unit_test(nothing_matches_what_is_no_hash),
		cmocka_unit_test(every_kind_of_crypt_hash_is_verified),
		cmocka_unit_test(new_hashes_are_yescrypt_with_a_new_salt_each),
		cmocka_unit_test(only_yescrypt_of_the_default_cost_counts_as_paid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
