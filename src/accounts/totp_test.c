/* accounts/totp_test.c - the codes of RFC 6238, appendix B (their last six digits), and which of
 * them count when. */
#include "base/test.h"

#include "accounts/totp.h"

/* "12345678901234567890" of the RFC in base32. */
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static void the_codes_are_those_of_the_rfc(void **state)
{
	(void)state;
	static const struct {
		int64_t time_s;
		const char *code;
	} rows[] = {
		{ 59, "287082" },	  { 1111111109, "081804" }, { 1111111111, "050471" },
		{ 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" },
	};
	char code[TOTP_CODE_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(totp_code(SECRET, rows[i].time_s / TOTP_STEP_S, code), 0);
		assert_string_equal(code, rows[i].code);
		assert_int_equal(totp_check(SECRET, text_of(rows[i].code), rows[i].time_s, 0),
				 rows[i].time_s / TOTP_STEP_S);
	}
}

static void bad_secrets_and_codes_are_refused(void **state)
{
	(void)state;
	static const char *const secrets[] = { "", "1", "gezd", "GEZD!", "=" };
	static const char *const codes[] = { "",       "28708",	  "2870820", "28708a",
					     "-87082", "28 70 8", "000000",  "287082 1" };
	char code[TOTP_CODE_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		assert_int_equal(totp_code(secrets[i], 1, code), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		assert_int_equal(totp_check(SECRET, text_of(codes[i]), 59, 0), -EACCES);
	assert_int_equal(totp_check("!", T("287082"), 59, 0), -EACCES);
}

static void codes_count_one_step_early_or_late_and_once(void **state)
{
	(void)state;
	/* The code of step 1, 30 to 59 s. */
	assert_int_equal(totp_check(SECRET, T("287 082"), 0, 0), 1);
	assert_int_equal(totp_check(SECRET, T("287082"), 89, 0), 1);
	assert_int_equal(totp_check(SECRET, T("287082"), 90, 0), -EACCES);
	assert_int_equal(totp_check(SECRET, T("287082"), 59, 1), -EACCES);
	assert_int_equal(totp_check(SECRET, T("287082"), 59, 7), -EACCES);
}

static void secrets_are_new_and_make_codes(void **state)
{
	(void)state;
	char one[TOTP_SECRET_SIZE], two[TOTP_SECRET_SIZE], code[TOTP_CODE_SIZE];

	totp_secret_make(one);
	totp_secret_make(two);
	assert_string_not_equal(one, two);
	assert_int_equal(strlen(one), TOTP_SECRET_SIZE - 1);
	assert_int_equal(totp_code(one, 1, code), 0);
}

static void the_uri_escapes_names(void **state)
{
	(void)state;
	char storage[256];
	struct buf uri;

	buf_init(&uri, storage, sizeof(storage));
	totp_uri("ABC", T("ftp.example.com"), T("J\xc3\xbcrgen & Co"), &uri);
	assert_string_equal(storage,
			    "otpauth://totp/ftp.example.com:J%C3%BCrgen%20%26%20Co?secret=ABC&"
			    "issuer=ftp.example.com&algorithm=SHA1&digits=6&period=30");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_codes_are_those_of_the_rfc),
		cmocka_unit_test(bad_secrets_and_codes_are_refused),
		cmocka_unit_test(codes_count_one_step_early_or_late_and_once),
		cmocka_unit_test(secrets_are_new_and_make_codes),
		cmocka_unit_test(the_uri_escapes_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
