/* ftp/account_test.c - permissions by name, and which user names can be stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ftp/account.h"

static void words_that_are_no_permission_are_told(void **state)
{
	static const struct {
		struct text in, bad;
	} rows[] = {
		{ T(""), T("") },
		{ T("fly"), T("fly") },
		{ T("list,fly,swim"), T("fly") },
		{ T("list,"), T("") },
		{ T(",list"), T("") },
		{ T("list;download"), T("list;download") },
		{ T("read only"), T("read only") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t permissions = 77;
		struct text bad = T("untouched");

		assert_int_equal(permissions_parse(rows[i].in, &permissions, &bad), -EINVAL);
		assert_int_equal(permissions, 77);
		assert_true(text_equal(bad, rows[i].bad));
	}
}

static void lists_of_permissions_are_read(void **state)
{
	static const struct {
		struct text in;
		uint32_t permissions;
	} rows[] = {
		{ T("none"), 0 },
		{ T("all"), PERM_ALL },
		{ T("read-only"), PERM_LIST | PERM_DOWNLOAD },
		{ T("list"), PERM_LIST },
		{ T("List , UPLOAD"), PERM_LIST | PERM_UPLOAD },
		{ T("read-only,upload"), PERM_LIST | PERM_DOWNLOAD | PERM_UPLOAD },
		{ T("list,list"), PERM_LIST },
		{ T("list,download,upload,overwrite,delete,rename,mkdir,rmdir,attributes"),
		  PERM_ALL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t permissions = 77;
		struct text bad;

		assert_int_equal(permissions_parse(rows[i].in, &permissions, &bad), 0);
		assert_int_equal(permissions, rows[i].permissions);
	}
}

static void every_set_of_permissions_is_written_and_read_back(void **state)
{
	char storage[128];
	struct buf out;
	struct text bad;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	for (uint32_t permissions = 0; permissions <= PERM_ALL; permissions++) {
		uint32_t again = 0;

		buf_reset(&out);
		permissions_format(permissions, &out);
		assert_false(out.has_overflowed);
		assert_int_equal(permissions_parse(buf_text(&out), &again, &bad), 0);
		assert_int_equal(again, permissions);
	}
	buf_reset(&out);
	permissions_format(PERM_LIST | PERM_DOWNLOAD, &out);
	assert_string_equal(storage, "list,download");
}

static void permission_names_end_in_null(void **state)
{
	(void)state;
	assert_string_equal(permission_name(0), "list");
	assert_string_equal(permission_name(8), "attributes");
	assert_null(permission_name(9));
	assert_null(permission_name(SIZE_MAX));
}

static void user_names_that_cannot_be_stored_are_explained(void **state)
{
	static const struct text bad[] = {
		T(""),
		T("."),
		T(".."),
		T("a/b"),
		T("/"),
		T(" alice"),
		T("alice "),
		T("\talice"),
		T("a\0b"),
		T("a\nb"),
		T("a\x7f"
		  "b"),
		T("\xff"),
		T("\xc0\xaf"),
		T("a\x1b[1m"),
	};
	char long_name[USER_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_non_null(user_name_problem(bad[i]));
	memset(long_name, 'a', sizeof(long_name));
	assert_non_null(user_name_problem((struct text){ long_name, sizeof(long_name) }));
	assert_null(user_name_problem((struct text){ long_name, USER_NAME_MAX }));
}

static void ordinary_user_names_are_good(void **state)
{
	static const struct text good[] = {
		T("alice"),	 T("a"),	  T("..."), T("alice@example.com"),
		T("Anna Maria"), T("zo\xc3\xab"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_null(user_name_problem(good[i]));
}

static void ways_of_uploading_have_names(void **state)
{
	enum user_uploads uploads;

	(void)state;
	assert_int_equal(user_uploads_parse(T(""), &uploads), -EINVAL);
	assert_int_equal(user_uploads_parse(T("Direct"), &uploads), -EINVAL);
	for (unsigned i = 0; i < USER_UPLOADS_MODES; i++) {
		const char *name = user_uploads_name((enum user_uploads)i);

		assert_int_equal(user_uploads_parse(text_of(name), &uploads), 0);
		assert_int_equal(uploads, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_are_no_permission_are_told),
		cmocka_unit_test(lists_of_permissions_are_read),
		cmocka_unit_test(every_set_of_permissions_is_written_and_read_back),
		cmocka_unit_test(permission_names_end_in_null),
		cmocka_unit_test(user_names_that_cannot_be_stored_are_explained),
		cmocka_unit_test(ordinary_user_names_are_good),
		cmocka_unit_test(ways_of_uploading_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
