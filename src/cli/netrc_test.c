/* cli/netrc_test.c - entries of .netrc files, and what is none. */
#include "cli/netrc.h"

#include "base/test.h"

static const char file[] = "# mine\n"
			   "machine ftp.example.com login alice password s3cret\n"
			   "machine ftp.example.com\n\tlogin bob\n\tpassword \"two words\\\"\"\n"
			   "macdef init\nbinary\nmachine trap login x password y\n\n"
			   "machine half.example.com login carol\n"
			   "default login anonymous password me@example.com\n";

static void test_entries_are_found(void **state UNUSED)
{
	static const struct {
		const char *host, *user, *login, *password;
	} rows[] = {
		{ "ftp.example.com", NULL, "alice", "s3cret" },
		{ "FTP.example.com", "alice", "alice", "s3cret" },
		{ "ftp.example.com", "bob", "bob", "two words\"" },
		{ "half.example.com", NULL, "carol", "" },
		{ "trap", NULL, "anonymous", "me@example.com" },
		{ "other.example.com", "anonymous", "anonymous", "me@example.com" },
	};
	struct secret password = { 0 };
	char user[NETRC_USER_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(
			netrc_find(text_of(file), rows[i].host, rows[i].user, user, &password), 0);
		assert_string_equal(user, rows[i].login);
		assert_text(secret_text(&password), rows[i].password);
		secret_release(&password);
	}
}

static void test_what_is_not_there(void **state UNUSED)
{
	struct secret password = { 0 };
	char user[NETRC_USER_SIZE];

	assert_int_equal(netrc_find(text_of(file), "ftp.example.com", "dave", user, &password),
			 -ENOENT);
	assert_int_equal(netrc_find(T(""), "h", NULL, user, &password), -ENOENT);
	assert_int_equal(netrc_find(T("machine"), "h", NULL, user, &password), -ENOENT);
	assert_int_equal(netrc_find(T("login x password y"), "h", NULL, user, &password), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_are_found),
		cmocka_unit_test(test_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
