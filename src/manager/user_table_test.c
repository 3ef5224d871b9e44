/* manager/user_table_test.c - cells become members of users, and what is wrong with them is told by
 * line and column. */
#include "base/test.h"

#include "manager/user_table.h"

static void check(const char *csv, const char *users, const char *errors)
{
	json_t *read = json_array(), *lines = json_array(), *wrong = json_array();
	char *text;

	user_table_read(text_of(csv), read, lines, wrong);
	assert_int_equal(json_array_size(read), json_array_size(lines));
	text = json_dumps(read, JSON_COMPACT);
	assert_string_equal(text, users);
	free(text);
	for (size_t i = 0; i < json_array_size(wrong); i++)
		assert_int_equal(json_object_del(json_array_get(wrong, i), "detail"), 0);
	text = json_dumps(wrong, JSON_COMPACT);
	assert_string_equal(text, errors);
	free(text);
	json_decref(read);
	json_decref(lines);
	json_decref(wrong);
}

static void broken_tables_are_refused_by_line_and_column(void **state)
{
	(void)state;
	check("", "[]", "[{\"line\":1,\"field\":null}]");
	check("nom\na\n", "[]", "[{\"line\":1,\"field\":null}]");
	check("name,name\na\n", "[]", "[{\"line\":1,\"field\":null}]");
	check("home\na\n", "[]", "[{\"line\":1,\"field\":\"name\"}]");
	check("name\n\"a\n", "[]", "[{\"line\":2,\"field\":null}]");
	check("name,enabled\na,maybe\nb,yes\n",
	      "[{\"name\":\"a\"},{\"name\":\"b\",\"enabled\":true}]",
	      "[{\"line\":2,\"field\":\"enabled\"}]");
	check("name,quota_bytes\n\na,much\n", "[{\"name\":\"a\"}]",
	      "[{\"line\":3,\"field\":\"quota_bytes\"}]");
	check("name\na,b\n", "[{\"name\":\"a\"}]", "[{\"line\":2,\"field\":null}]");
	check("name,home\na,\xff\n", "[{\"name\":\"a\"}]", "[{\"line\":2,\"field\":\"home\"}]");
}

static void cells_are_read(void **state)
{
	(void)state;
	check("name", "[]", "[]");
	check("Name , HOME,,\n a , b \n", "[{\"name\":\"a\",\"home\":\"b\"}]", "[]");
	check("name,home,enabled,password\na,,,\n", "[{\"name\":\"a\"}]", "[]");
	check("name,group,permissions,allowed_networks,expires,quota_files\na,,,,,\n",
	      "[{\"name\":\"a\",\"group\":null,\"permissions\":null,\"allowed_networks\":[],"
	      "\"expires\":null,\"quota\":{\"files\":null}}]",
	      "[]");
	check("name,permissions\na,none\nb,\"list, upload\"\nc,list;upload\n",
	      "[{\"name\":\"a\",\"permissions\":[]},"
	      "{\"name\":\"b\",\"permissions\":[\"list\",\"upload\"]},"
	      "{\"name\":\"c\",\"permissions\":[\"list\",\"upload\"]}]",
	      "[]");
	check("name,quota_bytes,quota_files,require_tls\na,2K,5,TRUE\n",
	      "[{\"name\":\"a\",\"quota\":{\"bytes\":2048,\"files\":5},\"require_tls\":true}]",
	      "[]");
	/* A password is taken as it stands. */
	check("name,password,home\na, '=x ,'=x\n",
	      "[{\"name\":\"a\",\"password\":\" '=x \",\"home\":\"=x\"}]", "[]");
}

static void users_are_written_as_they_are_read(void **state)
{
	static const char before[] =
		"{\"name\":\"=a\",\"password_hash\":\"$y$x\",\"home\":\"a, \\\"b\\\"\","
		"\"enabled\":false,\"group\":null,\"permissions\":[],"
		"\"allowed_networks\":[\"10.0.0.0/8\",\"::1/128\"],\"expires\":null,"
		"\"require_tls\":true,\"quota\":{\"bytes\":5,\"files\":null}}";
	json_t *user = json_loads(before, 0, NULL);
	char *text = NULL, expected[512];
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	(void)state;
	user_table_write_names(file, true);
	user_table_write(file, user, true);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(expected, sizeof(expected), "[%s]", before);
	check(text, expected, "[]");
	free(text);

	file = open_memstream(&text, &len);
	user_table_write_names(file, false);
	user_table_write(file, user, false);
	assert_int_equal(fclose(file), 0);
	assert_null(strstr(text, "$y$"));
	assert_null(strstr(text, "password"));
	free(text);
	json_decref(user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_tables_are_refused_by_line_and_column),
		cmocka_unit_test(cells_are_read),
		cmocka_unit_test(users_are_written_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
