/* manager/api_route.c - see api_route.h. */
#include "manager/api_route.h"

#include "base/buf.h"
#include "manager/api_handlers.h"

/* Who may do what, in one place. A change without ROUTE_IF_MATCH is one that takes nothing away
 * which somebody else may have written meanwhile. */
static const struct api_route routes[] = {
	{ "GET", "/api/v1/status", api_status_get, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/reload", api_reload_post, ROLE_OWNER, 0 },
	{ "GET", "/api/v1/users", api_users_get, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/users", api_users_post, ROLE_OPERATOR, 0 },
	{ "POST", "/api/v1/users/import", api_users_import, ROLE_OPERATOR, ROUTE_LARGE_BODY },
	{ "GET", "/api/v1/users/export", api_users_export, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/users/{}", api_user_get, ROLE_READ_ONLY, 0 },
	{ "PATCH", "/api/v1/users/{}", api_user_patch, ROLE_OPERATOR, ROUTE_IF_MATCH },
	{ "DELETE", "/api/v1/users/{}", api_user_delete, ROLE_OPERATOR, ROUTE_IF_MATCH },
	{ "GET", "/api/v1/groups", api_groups_get, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/groups", api_groups_post, ROLE_OPERATOR, 0 },
	{ "GET", "/api/v1/groups/{}", api_group_get, ROLE_READ_ONLY, 0 },
	{ "PATCH", "/api/v1/groups/{}", api_group_patch, ROLE_OPERATOR, ROUTE_IF_MATCH },
	{ "DELETE", "/api/v1/groups/{}", api_group_delete, ROLE_OPERATOR, ROUTE_IF_MATCH },
	{ "GET", "/api/v1/quotas", api_quotas_get, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/quotas/recount", api_quotas_recount, ROLE_OPERATOR, 0 },
	{ "GET", "/api/v1/transfers", api_transfers_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/transfers/{}", api_transfer_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/overview", api_overview_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/connectivity", api_connectivity_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/connectivity/ports", api_ports_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/connectivity/{}", api_network_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/events", api_events_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/events/export", api_events_export, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/sessions", api_sessions_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/sessions/{}/timeline", api_session_timeline, ROLE_READ_ONLY, 0 },
	{ "DELETE", "/api/v1/sessions/{}", api_session_delete, ROLE_OPERATOR, 0 },
	{ "GET", "/api/v1/bans", api_bans_get, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/bans", api_bans_post, ROLE_OPERATOR, 0 },
	{ "DELETE", "/api/v1/bans/{}", api_ban_delete, ROLE_OPERATOR, 0 },
	{ "GET", "/api/v1/stream", api_stream_get, ROLE_READ_ONLY, ROUTE_STREAMS },
	{ "GET", "/api/v1/settings", api_settings_get, ROLE_READ_ONLY, 0 },
	{ "PATCH", "/api/v1/settings", api_settings_patch, ROLE_OWNER, ROUTE_IF_MATCH },
	{ "POST", "/api/v1/settings/check", api_settings_check, ROLE_OWNER, 0 },
	{ "POST", "/api/v1/settings/external-address/detect", api_settings_detect, ROLE_OWNER, 0 },
	{ "GET", "/api/v1/setup", api_setup_get, ROLE_NONE, ROUTE_PUBLIC },
	{ "POST", "/api/v1/setup", api_setup_post, ROLE_NONE, ROUTE_PUBLIC },
	{ "POST", "/api/v1/setup/link", api_setup_link, ROLE_OWNER, 0 },
	{ "POST", "/api/v1/auth/login", api_auth_login, ROLE_NONE, ROUTE_PUBLIC },
	{ "POST", "/api/v1/auth/logout", api_auth_logout, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/auth/me", api_auth_me, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/auth/password", api_auth_password, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/auth/totp", api_auth_totp_post, ROLE_READ_ONLY, 0 },
	{ "PUT", "/api/v1/auth/totp", api_auth_totp_put, ROLE_READ_ONLY, 0 },
	{ "DELETE", "/api/v1/auth/totp", api_auth_totp_delete, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/admins", api_admins_get, ROLE_OWNER, 0 },
	{ "POST", "/api/v1/admins", api_admins_post, ROLE_OWNER, 0 },
	{ "GET", "/api/v1/admins/{}", api_admin_get, ROLE_OWNER, 0 },
	{ "PATCH", "/api/v1/admins/{}", api_admin_patch, ROLE_OWNER, ROUTE_IF_MATCH },
	{ "DELETE", "/api/v1/admins/{}", api_admin_delete, ROLE_OWNER, ROUTE_IF_MATCH },
	{ "GET", "/api/v1/keys", api_keys_get, ROLE_OWNER, 0 },
	{ "POST", "/api/v1/keys", api_keys_post, ROLE_OWNER, 0 },
	{ "DELETE", "/api/v1/keys/{}", api_key_delete_one, ROLE_OWNER, 0 },
	{ "GET", "/api/v1/certificates", api_certificates_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/certificates/{}", api_certificate_get, ROLE_READ_ONLY, 0 },
	{ "PUT", "/api/v1/certificates/{}", api_certificate_put, ROLE_OWNER,
	  ROUTE_IF_MATCH | ROUTE_LARGE_BODY },
	{ "DELETE", "/api/v1/certificates/{}", api_certificate_delete, ROLE_OWNER, ROUTE_IF_MATCH },
	{ "POST", "/api/v1/certificates/{}/self-signed", api_certificate_self_signed, ROLE_OWNER,
	  0 },
	{ "GET", "/api/v1/firewall", api_firewall_get, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/firewall/check", api_firewall_check, ROLE_OPERATOR, ROUTE_LARGE_BODY },
	{ "GET", "/api/v1/users/{}/connection", api_user_connection, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/doctor/runs", api_doctor_runs_get, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/doctor/runs", api_doctor_runs_post, ROLE_OPERATOR, 0 },
	{ "GET", "/api/v1/doctor/runs/{}", api_doctor_run_get, ROLE_READ_ONLY, 0 },
	{ "DELETE", "/api/v1/doctor/runs/{}", api_doctor_run_delete, ROLE_OPERATOR, 0 },
	{ "GET", "/api/v1/doctor/runs/{}/report", api_doctor_report, ROLE_READ_ONLY, 0 },
	{ "GET", "/metrics", api_metrics_get, ROLE_READ_ONLY, 0 },
	{ "GET", "/api/v1/guests", api_guests_get, ROLE_READ_ONLY, 0 },
	{ "POST", "/api/v1/guests", api_guests_post, ROLE_OPERATOR, 0 },
	{ "GET", "/api/v1/guests/{}", api_guest_get, ROLE_READ_ONLY, 0 },
	{ "DELETE", "/api/v1/guests/{}", api_guest_delete, ROLE_OPERATOR, 0 },
	{ "GET", "/api/v1/guest/{}", api_guest_page, ROLE_NONE, ROUTE_PUBLIC },
	{ "GET", "/api/v1/guest/{}/stream", api_guest_stream, ROLE_NONE,
	  ROUTE_PUBLIC | ROUTE_STREAMS },
	{ "GET", "/api/v1/audit", api_audit_get, ROLE_OWNER, 0 },
};

const struct api_route *api_route_row(size_t n)
{
	return n < ARRAY_SIZE(routes) ? &routes[n] : NULL;
}

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

/* The raw segments of a path that stand at the {} of a pattern. */
struct match {
	struct text arguments[2];
	size_t n;
};

static bool matches(const struct api_route *route, struct text path, struct match *ret)
{
	struct text pattern = text_of(route->path), want, have;
	bool is_in_order = true;

	*ret = (struct match){ { T(""), T("") }, 0 };
	while (is_in_order && text_take_until(&pattern, '/', &want)) {
		/* A slash at the end would swallow an empty segment: none of ours is. */
		is_in_order =
			text_take_until(&path, '/', &have) && (pattern.len > 0) == (path.len > 0);
		if (!is_in_order)
			break;
		if (!text_equal(want, T("{}"))) {
			is_in_order = text_equal(want, have);
			continue;
		}
		is_in_order = have.len > 0;
		ret->arguments[ret->n++] = have;
	}
	return is_in_order && path.len == 0;
}

static bool serves(const struct api_route *route, struct text method)
{
	if (text_equal(method, T("HEAD")))
		method = T("GET");
	return text_equal(method, text_of(route->method));
}

int api_route_find(struct text method, struct text path, const struct api_route **ret,
		   char ret_first[static API_ARGUMENT_SIZE],
		   char ret_second[static API_ARGUMENT_SIZE], char ret_allow[static API_ALLOW_SIZE])
{
	const struct api_route *found = NULL;
	struct match match, best;
	struct buf allow;

	buf_init(&allow, ret_allow, API_ALLOW_SIZE);
	/* What ends in a slash is none of our paths, whatever stands before. */
	if (path.len > 0 && path.ptr[path.len - 1] == '/')
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!matches(&routes[i], path, &match))
			continue;
		buf_addf(&allow, "%s%s", allow.len > 0 ? ", " : "", routes[i].method);
		if (serves(&routes[i], method) && (!found || match.n < best.n)) {
			found = &routes[i];
			best = match;
		}
	}
	if (!found)
		return allow.len > 0 ? -EPERM : -ENOENT;
	if (api_percent_decode(best.arguments[0], ret_first) < 0 ||
	    api_percent_decode(best.arguments[1], ret_second) < 0)
		return -ENOENT;
	*ret = found;
	return 0;
}

/* The path is collection/last. */
static bool is_member(const struct api_route *route, struct text collection, struct text last)
{
	struct text path = text_of(route->path);

	return text_skip(&path, collection) && text_skip_char(&path, '/') && text_equal(path, last);
}

bool api_route_is_taken(struct text collection, struct text name)
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!is_member(&routes[i], collection, name))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(routes); k++)
			if (is_member(&routes[k], collection, T("{}")) &&
			    strcmp(routes[i].method, routes[k].method) == 0)
				return true;
	}
	return false;
}
