/* manager/api_route_test.c - paths and methods find their handler, or are told what there is. */
#include "base/test.h"

#include "manager/api_handlers.h"
#include "manager/api_route.h"

static void unknown_paths_are_not_found(void **state)
{
	(void)state;
	static const char *const paths[] = {
		"",
		"/",
		"/api",
		"/api/v1",
		"/api/v1/",
		"/api/v2/users",
		"/api/v1/user",
		"/api/v1/users/",
		"/api/v1/users/a/b",
		"/api/v1/users//",
		"/api/v1/status/",
		"/API/V1/status",
		"//api/v1/status",
		"/api/v1/../v1/status",
		"/api/v1/users/%",
		"/api/v1/users/%4",
		"/api/v1/users/%zz",
		"/api/v1/users/a%00b",
	};
	char argument[API_ARGUMENT_SIZE], allow[API_ALLOW_SIZE];
	api_handler handler = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (api_route_find(T("GET"), text_of(paths[i]), &handler, argument, allow) !=
		    -ENOENT)
			fail_msg("%s was found", paths[i]);
	assert_null(handler);
}

static void an_argument_that_cannot_be_a_name_is_not_found(void **state)
{
	(void)state;
	char path[API_ARGUMENT_SIZE + 32] = "/api/v1/users/", argument[API_ARGUMENT_SIZE];
	char allow[API_ALLOW_SIZE];
	api_handler handler;

	memset(path + strlen(path), 'a', API_ARGUMENT_SIZE);
	assert_int_equal(api_route_find(T("GET"), text_of(path), &handler, argument, allow),
			 -ENOENT);
}

static void wrong_methods_hear_which_are_right(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path, *allow;
	} rows[] = {
		{ "POST", "/api/v1/status", "GET" },
		{ "get", "/api/v1/status", "GET" },
		{ "GET", "/api/v1/reload", "POST" },
		{ "DELETE", "/api/v1/users", "GET, POST" },
		{ "PUT", "/api/v1/users/alice", "GET, PATCH, DELETE" },
		{ "POST", "/api/v1/users/alice", "GET, PATCH, DELETE" },
		{ "POST", "/api/v1/sessions", "GET" },
		{ "GET", "/api/v1/sessions/1", "DELETE" },
		{ "", "/api/v1/sessions/1", "DELETE" },
	};
	char argument[API_ARGUMENT_SIZE], allow[API_ALLOW_SIZE];
	api_handler handler;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(api_route_find(text_of(rows[i].method), text_of(rows[i].path),
						&handler, argument, allow),
				 -EPERM);
		assert_string_equal(allow, rows[i].allow);
	}
}

static void every_row_finds_its_handler_and_argument(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path;
		api_handler handler;
		const char *argument;
	} rows[] = {
		{ "GET", "/api/v1/status", api_status_get, "" },
		{ "POST", "/api/v1/reload", api_reload_post, "" },
		{ "GET", "/api/v1/users", api_users_get, "" },
		{ "POST", "/api/v1/users", api_users_post, "" },
		{ "GET", "/api/v1/users/alice", api_user_get, "alice" },
		{ "PATCH", "/api/v1/users/a%20b%2fc", api_user_patch, "a b/c" },
		{ "DELETE", "/api/v1/users/%C3%A4+", api_user_delete, "\xc3\xa4+" },
		{ "GET", "/api/v1/users/%25", api_user_get, "%" },
		{ "GET", "/api/v1/sessions", api_sessions_get, "" },
		{ "DELETE", "/api/v1/sessions/12", api_session_delete, "12" },
	};
	char argument[API_ARGUMENT_SIZE], allow[API_ALLOW_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		api_handler handler = NULL;
		assert_int_equal(api_route_find(text_of(rows[i].method), text_of(rows[i].path),
						&handler, argument, allow),
				 0);
		assert_ptr_equal(handler, rows[i].handler);
		assert_string_equal(argument, rows[i].argument);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_paths_are_not_found),
		cmocka_unit_test(an_argument_that_cannot_be_a_name_is_not_found),
		cmocka_unit_test(wrong_methods_hear_which_are_right),
		cmocka_unit_test(every_row_finds_its_handler_and_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
