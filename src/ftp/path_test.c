/* ftp/path_test.c - clean absolute paths out of whatever a client sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ftp/path.h"

static struct path path_of(struct text absolute)
{
	struct path root, path;

	path_set_root(&root);
	assert_int_equal(path_join(&root, absolute, &path), 0);
	return path;
}

static void bytes_that_would_break_a_reply_are_refused(void **state)
{
	static const struct text rows[] = { T("a\0b"), T("a\nb"), T("a\rb"), T("\0"), T("/a/\n") };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct path path = path_of(T("/before"));

		assert_int_equal(path_join(&path, rows[i], &path), -EILSEQ);
		assert_string_equal(path.bytes, "/before");
	}
}

static void names_and_paths_that_are_too_long_are_refused(void **state)
{
	struct path path = path_of(T("/before"));
	char bytes[2 * PATH_MAX_LEN];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(path_join(&path, (struct text){ bytes, 256 }, &path), -ENAMETOOLONG);
	for (size_t i = 100; i < sizeof(bytes); i += 100)
		bytes[i] = '/';
	bytes[0] = '/';
	assert_int_equal(path_join(&path, (struct text){ bytes, PATH_MAX_LEN }, &path),
			 -ENAMETOOLONG);
	assert_int_equal(path_join(&path, (struct text){ bytes, sizeof(bytes) }, &path),
			 -ENAMETOOLONG);
	assert_string_equal(path.bytes, "/before");

	assert_int_equal(path_join(&path, (struct text){ bytes, PATH_MAX_LEN - 1 }, &path), 0);
	assert_int_equal(path.len, PATH_MAX_LEN - 1);
	assert_int_equal(path.bytes[path.len], '\0');
	assert_int_equal(path_join(&path, T("../b"), &path), 0);
	assert_int_equal(path_join(&path, (struct text){ bytes + 1, 99 }, &path), -ENAMETOOLONG);
}

static void a_long_argument_may_have_a_short_meaning(void **state)
{
	struct path path = path_of(T("/a"));
	char bytes[3 * PATH_MAX_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i += 3)
		memcpy(bytes + i, "../", 3);
	assert_int_equal(path_join(&path, (struct text){ bytes, sizeof(bytes) }, &path), 0);
	assert_string_equal(path.bytes, "/");
}

static void arguments_are_joined_and_tidied(void **state)
{
	static const struct {
		struct text base, argument;
		const char *joined;
	} rows[] = {
		{ T("/"), T("../../etc/passwd"), "/etc/passwd" },
		{ T("/a"), T("/../../etc"), "/etc" },
		{ T("/"), T(".."), "/" },
		{ T("/"), T(""), "/" },
		{ T("/a/b"), T(""), "/a/b" },
		{ T("/a/b"), T("."), "/a/b" },
		{ T("/a/b"), T(".."), "/a" },
		{ T("/a/b"), T("../.."), "/" },
		{ T("/a/b"), T("../c"), "/a/c" },
		{ T("/a/b"), T("c"), "/a/b/c" },
		{ T("/a/b"), T("/"), "/" },
		{ T("/a/b"), T("////"), "/" },
		{ T("/a"), T("b//c/./d/"), "/a/b/c/d" },
		{ T("/a"), T("..."), "/a/..." },
		{ T("/a"), T("..b"), "/a/..b" },
		{ T("/a"), T(".b"), "/a/.b" },
		{ T("/a"), T(" "), "/a/ " },
		{ T("/a"), T(" b "), "/a/ b " },
		{ T("/"), T("~/x"), "/~/x" },
		{ T("/"), T("a\\..\\b"), "/a\\..\\b" },
		{ T("/"), T("caf\xe9/\xc3\xa9"), "/caf\xe9/\xc3\xa9" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct path path = path_of(rows[i].base);

		assert_int_equal(path_join(&path, rows[i].argument, &path), 0);
		assert_string_equal(path.bytes, rows[i].joined);
		assert_int_equal(path.len, strlen(path.bytes));
	}
}

static void the_parts_of_a_path_are_found(void **state)
{
	static const struct {
		struct text path, name, parent;
		const char *beneath;
	} rows[] = {
		{ T("/"), T(""), T("/"), "." },
		{ T("/a"), T("a"), T("/"), "a" },
		{ T("/a/b"), T("b"), T("/a"), "a/b" },
		{ T("/a/b c/ d"), T(" d"), T("/a/b c"), "a/b c/ d" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct path path = path_of(rows[i].path);

		assert_true(text_equal(path_name(&path), rows[i].name));
		assert_true(text_equal(path_parent(&path), rows[i].parent));
		assert_string_equal(path_beneath(&path), rows[i].beneath);
		assert_int_equal(path_is_root(&path), i == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_that_would_break_a_reply_are_refused),
		cmocka_unit_test(names_and_paths_that_are_too_long_are_refused),
		cmocka_unit_test(a_long_argument_may_have_a_short_meaning),
		cmocka_unit_test(arguments_are_joined_and_tidied),
		cmocka_unit_test(the_parts_of_a_path_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
