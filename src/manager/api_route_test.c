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
	char argument[API_ARGUMENT_SIZE], second[API_ARGUMENT_SIZE], allow[API_ALLOW_SIZE];
	const struct api_route *route = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (api_route_find(T("GET"), text_of(paths[i]), &route, argument, second, allow) !=
		    -ENOENT)
			fail_msg("%s was found", paths[i]);
	assert_null(route);
}

static void an_argument_that_cannot_be_a_name_is_not_found(void **state)
{
	(void)state;
	char path[API_ARGUMENT_SIZE + 32] = "/api/v1/users/", argument[API_ARGUMENT_SIZE];
	char allow[API_ALLOW_SIZE], second[API_ARGUMENT_SIZE];
	const struct api_route *route;

	memset(path + strlen(path), 'a', API_ARGUMENT_SIZE);
	assert_int_equal(api_route_find(T("GET"), text_of(path), &route, argument, second, allow),
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
	char argument[API_ARGUMENT_SIZE], second[API_ARGUMENT_SIZE], allow[API_ALLOW_SIZE];
	const struct api_route *route;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(api_route_find(text_of(rows[i].method), text_of(rows[i].path),
						&route, argument, second, allow),
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
		{ "HEAD", "/api/v1/sessions", api_sessions_get, "" },
	};
	char argument[API_ARGUMENT_SIZE], second[API_ARGUMENT_SIZE], allow[API_ALLOW_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct api_route *route = NULL;
		assert_int_equal(api_route_find(text_of(rows[i].method), text_of(rows[i].path),
						&route, argument, second, allow),
				 0);
		assert_ptr_equal(route->handler, rows[i].handler);
		assert_string_equal(argument, rows[i].argument);
	}
}

static void a_name_that_a_path_has_taken_is_known(void **state)
{
	(void)state;
	static const char *const free_names[] = { "", "Export", "exports", "import", "alice" };

	assert_true(api_route_is_taken(T("/api/v1/users"), T("export")));
	assert_true(api_route_is_taken(T("/api/v1/connectivity"), T("ports")));
	assert_false(api_route_is_taken(T("/api/v1/groups"), T("export")));
	for (size_t i = 0; i < ARRAY_SIZE(free_names); i++)
		assert_false(api_route_is_taken(T("/api/v1/users"), text_of(free_names[i])));
}

static void every_row_says_who_may_ask(void **state)
{
	(void)state;
	const struct api_route *route;

	for (size_t i = 0; (route = api_route_row(i)) != NULL; i++) {
		bool is_get = strcmp(route->method, "GET") == 0;
		bool is_public = route->flags & ROUTE_PUBLIC;

		if (is_public != (route->least_role == ROLE_NONE))
			fail_msg("%s %s: public rows have no role, all others one", route->method,
				 route->path);
		if (!is_get && !is_public && route->least_role < ROLE_OPERATOR &&
		    !text_starts(text_of(route->path), T("/api/v1/auth/")) &&
		    strcmp(route->path, "/api/v1/firewall/check") != 0)
			fail_msg("%s %s changes something", route->method, route->path);
		if (is_get && route->flags & (ROUTE_IF_MATCH | ROUTE_LARGE_BODY))
			fail_msg("GET %s has flags of a change", route->path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_paths_are_not_found),
		cmocka_unit_test(an_argument_that_cannot_be_a_name_is_not_found),
		cmocka_unit_test(wrong_methods_hear_which_are_right),
		cmocka_unit_test(every_row_finds_its_handler_and_argument),
		cmocka_unit_test(a_name_that_a_path_has_taken_is_known),
		cmocka_unit_test(every_row_says_who_may_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
