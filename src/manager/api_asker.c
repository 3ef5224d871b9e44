/* manager/api_asker.c - see api_asker.h. */
#include "manager/api_asker.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include "accounts/admins.h"
#include "base/clock.h"
#include "manager/web_header.h"

static struct text header_of(struct MHD_Connection *connection, const char *name)
{
	return text_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

void api_asker_local(struct MHD_Connection *connection, struct api_asker *ret)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	*ret = (struct api_asker){ .via = VIA_NOBODY, .from = "local" };
	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return;
	(void)snprintf(ret->name, sizeof(ret->name), "local:%u", peer.uid);
	if (peer.uid != 0 && peer.uid != geteuid())
		return;
	ret->via = VIA_LOCAL;
	ret->role = ROLE_OWNER;
}

static void find_session(const struct api_context *context, const struct manager_door *door,
			 struct MHD_Connection *connection, struct api_asker *ret)
{
	struct text token, name = door->is_tls ? T(API_COOKIE_TLS) : T(API_COOKIE);
	struct admin admin;

	if (!web_cookie_find(header_of(connection, "Cookie"), name, &token) || token.len == 0)
		return;
	token_hash(token, ret->session);
	if (admin_session_find(context->accounts, ret->session, &admin) < 0)
		return;
	ret->via = VIA_SESSION;
	ret->role = admin.role;
	(void)snprintf(ret->name, sizeof(ret->name), "%s", admin.name);
	token_derive(token, "csrf", ret->csrf);
	explicit_bzero(&admin, sizeof(admin));
}

static void find_key(const struct api_context *context, struct text header, struct api_asker *ret)
{
	struct text id, secret;
	uint8_t hash[TOKEN_HASH_SIZE];
	struct api_key key;

	if (web_bearer_parse(header, &id, &secret) < 0 ||
	    api_key_get(context->accounts, id, &key) < 0)
		return;
	token_hash(secret, hash);
	if (!token_equal(hash, key.secret_hash) ||
	    (key.expires_wall_ms > 0 && key.expires_wall_ms <= clock_wall_ms()))
		return;
	ret->via = VIA_KEY;
	ret->role = key.role;
	(void)snprintf(ret->name, sizeof(ret->name), "key:%s", key.name);
	(void)!api_key_note_use(context->accounts, &key, ret->from); /* a figure for people */
}

void api_asker_web(const struct api_context *context, const struct manager_door *door,
		   struct MHD_Connection *connection, struct api_asker *ret)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct text authorization = header_of(connection, "Authorization");
	struct address peer;

	*ret = (struct api_asker){ .via = VIA_NOBODY };
	if (info && info->client_addr && address_from_sockaddr(info->client_addr, &peer) == 0)
		(void)address_format_ip(&peer, ret->from);
	/* A key that is given counts alone, so that a bad one is never made good by a cookie. */
	if (authorization.ptr)
		find_key(context, authorization, ret);
	else
		find_session(context, door, connection, ret);
}

const char *api_host_problem(const struct api_context *context, const struct manager_door *door,
			     struct MHD_Connection *connection)
{
	struct text host = header_of(connection, "Host"), name;

	if (!door->is_loopback)
		return NULL;
	if (web_host_parse(host, &name) < 0)
		return "The header Host is missing or cannot be read.";
	if (web_host_is_local(name) ||
	    (*context->settings->server_name &&
	     text_equal_nocase(name, text_of(context->settings->server_name))))
		return NULL;
	return "This page is for this machine only: use localhost, 127.0.0.1 or the server's own "
	       "name (setting server_name).";
}

const char *api_forgery_problem(const struct api_asker *asker, bool is_tls, bool is_public,
				struct MHD_Connection *connection)
{
	struct text origin = header_of(connection, "Origin");
	struct text site = header_of(connection, "Sec-Fetch-Site");
	struct text token = header_of(connection, "X-CSRF-Token");

	if (asker->via == VIA_LOCAL || asker->via == VIA_KEY)
		return NULL;
	if ((origin.ptr && !web_origin_is_same(origin, is_tls, header_of(connection, "Host"))) ||
	    (site.ptr && !text_equal(site, T("same-origin")) && !text_equal(site, T("none"))))
		return "A page of another origin asks; only our own may.";
	if (is_public || asker->via == VIA_NOBODY ||
	    (token.ptr && token_text_equal(token, text_of(asker->csrf))))
		return NULL;
	return "The header X-CSRF-Token is missing or wrong: GET /api/v1/auth/me has the right one.";
}
