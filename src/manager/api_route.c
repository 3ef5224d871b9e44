/* manager/api_route.c - see api_route.h. */
#include "manager/api_route.h"

#include "base/buf.h"
#include "manager/api_handlers.h"

/* A path that ends in a slash takes one more segment, the argument. */
static const struct route {
	const char *method, *path;
	api_handler handler;
} routes[] = {
	{ "GET", "/api/v1/status", api_status_get },
	{ "POST", "/api/v1/reload", api_reload_post },
	{ "GET", "/api/v1/users", api_users_get },
	{ "POST", "/api/v1/users", api_users_post },
	{ "GET", "/api/v1/users/", api_user_get },
	{ "PATCH", "/api/v1/users/", api_user_patch },
	{ "DELETE", "/api/v1/users/", api_user_delete },
	{ "GET", "/api/v1/groups", api_groups_get },
	{ "POST", "/api/v1/groups", api_groups_post },
	{ "GET", "/api/v1/groups/", api_group_get },
	{ "PATCH", "/api/v1/groups/", api_group_patch },
	{ "DELETE", "/api/v1/groups/", api_group_delete },
	{ "GET", "/api/v1/quotas", api_quotas_get },
	{ "POST", "/api/v1/quotas/recount", api_quotas_recount },
	{ "GET", "/api/v1/transfers", api_transfers_get },
	{ "GET", "/api/v1/sessions", api_sessions_get },
	{ "DELETE", "/api/v1/sessions/", api_session_delete },
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int api_percent_decode(struct text in, char ret[static API_ARGUMENT_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];
		if (c == '%') {
			int high = i + 2 < in.len ? hex_value(in.ptr[i + 1]) : -1;
			int low = high >= 0 ? hex_value(in.ptr[i + 2]) : -1;
			if (low < 0)
				return -EINVAL;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0' || n + 1 >= API_ARGUMENT_SIZE)
			return -EINVAL;
		ret[n++] = c;
	}
	ret[n] = '\0';
	return 0;
}

static bool matches(const struct route *route, struct text path, struct text *ret_argument)
{
	struct text fixed = text_of(route->path);

	*ret_argument = T("");
	if (fixed.ptr[fixed.len - 1] != '/')
		return text_equal(path, fixed);
	if (!text_skip(&path, fixed) || path.len == 0 || text_find(path, '/') >= 0)
		return false;
	*ret_argument = path;
	return true;
}

int api_route_find(struct text method, struct text path, api_handler *ret,
		   char ret_argument[static API_ARGUMENT_SIZE],
		   char ret_allow[static API_ALLOW_SIZE])
{
	struct text argument;
	struct buf allow;

	buf_init(&allow, ret_allow, API_ALLOW_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!matches(&routes[i], path, &argument))
			continue;
		if (text_equal(method, text_of(routes[i].method))) {
			if (api_percent_decode(argument, ret_argument) < 0)
				return -ENOENT;
			*ret = routes[i].handler;
			return 0;
		}
		buf_addf(&allow, "%s%s", allow.len > 0 ? ", " : "", routes[i].method);
	}
	return allow.len > 0 ? -EPERM : -ENOENT;
}
