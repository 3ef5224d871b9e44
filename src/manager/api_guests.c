/* manager/api_guests.c - /guests: links for the other party; and /guest/{token}, which is theirs:
 * settings to copy, whether their address may connect, and what the server sees of them. The token
 * and the browser's cookie are all their authority; nothing else answers to them. */
#include "manager/api_handlers.h"

#include <microhttpd.h>

#include "accounts/ban_list.h"
#include "base/clock.h"
#include "base/log.h"
#include "manager/api_auth.h"
#include "manager/audit_note.h"
#include "manager/connect_sheet.h"
#include "manager/guests.h"
#include "manager/json_fields.h"

#define THING "guest link"
#define COOKIE "sallyport_guest"
#define DEFAULT_MINUTES (24 * 60)
#define MINUTE_MS ((int64_t)60 * 1000)

unsigned api_guests_get(struct api_request *request)
{
	json_t *list = guests_list(request->context->guests);

	if (!list)
		return api_problem_thing(request, -EIO, THING);
	request->answer = json_pack("{s:o, s:n}", "guests", list, "next");
	return 200;
}

unsigned api_guest_get(struct api_request *request)
{
	int64_t id = 0;
	unsigned status = api_take_id(request, THING, &id);

	if (status != 0)
		return status;
	int r = guests_get(request->context->guests, id, &request->answer);
	return r < 0 ? api_problem_thing(request, r, THING) : 200;
}

unsigned api_guest_delete(struct api_request *request)
{
	int64_t id = 0;
	unsigned status = api_take_id(request, THING, &id);

	if (status != 0)
		return status;
	int r = guests_remove(request->context->guests, id);
	if (r < 0)
		return api_problem_thing(request, r, THING);
	audit_note_done(request, "guest-removed", request->argument, NULL, NULL);
	return 204;
}

/* --- a new link ------------------------------------------------------------------------------- */

static unsigned take_guest(struct api_request *request, const json_t *body, struct guest *ret)
{
	static const struct json_field fields[] = {
		{ "name", FIELD_STRING, false },
		{ "user", FIELD_STRING, false },
		{ "minutes", FIELD_NUMBER, false },
	};
	const json_t *minutes_json = json_object_get(body, "minutes");
	const char *name = json_string_value(json_object_get(body, "name"));
	const char *user = json_string_value(json_object_get(body, "user"));
	json_int_t minutes = minutes_json ? json_integer_value(minutes_json) : DEFAULT_MINUTES;
	struct json_fields_error error;
	struct account account;

	if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0)
		return api_problem(request, 422, *error.field ? error.field : NULL, "%s",
				   error.text);
	if (minutes < 1 || minutes > GUEST_MINUTES_MOST)
		return api_problem(request, 422, "minutes", "The minutes must be 1 to %d.",
				   GUEST_MINUTES_MOST);
	if (text_copy(text_of(name ? name : ""), ret->name, sizeof(ret->name)) < 0)
		return api_problem(request, 422, "name", "The name is too long.");
	if (user && *user) {
		int r = accounts_get(request->context->accounts, text_of(user), &account);

		explicit_bzero(&account, sizeof(account));
		if (r == -ENOENT || text_copy(text_of(user), ret->user, sizeof(ret->user)) < 0)
			return api_problem(request, 422, "user", "There is no user \"%.100s\".",
					   user);
		if (r < 0)
			return api_problem_thing(request, r, THING);
	}
	(void)!text_copy(text_of(request->asker.name), ret->by, sizeof(ret->by));
	ret->expires_wall_ms = clock_wall_ms() + minutes * MINUTE_MS;
	return 0;
}

/* With the address of the page, where guests can reach it by the name of this server; else null. */
static json_t *absolute_url(const struct api_context *context, const char *path)
{
	char storage[API_SETUP_URL_SIZE];
	struct buf url;

	for (size_t i = 0; *context->settings->server_name && i < context->n_doors; i++) {
		if (context->doors[i].is_loopback)
			continue;
		buf_init(&url, storage, sizeof(storage));
		api_door_url(context, &context->doors[i], &url);
		buf_add(&url, text_of(path));
		return api_text(buf_text(&url));
	}
	return json_null();
}

static unsigned add(struct api_request *request, const json_t *body)
{
	char token[GUEST_TOKEN_SIZE], url[GUEST_TOKEN_SIZE + 16], object[24];
	struct guest guest = { .id = 0 };
	unsigned status = take_guest(request, body, &guest);

	if (status != 0)
		return status;
	int r = guests_add(request->context->guests, &guest, token);
	if (r < 0)
		return api_problem_thing(request, r, THING);
	(void)snprintf(url, sizeof(url), "/guest/%s", token);
	(void)snprintf(object, sizeof(object), "%" PRId64, guest.id);
	request->answer = json_pack("{s:I, s:s, s:o, s:o}", "id", (json_int_t)guest.id, "url", url,
				    "absolute_url", absolute_url(request->context, url), "expires",
				    api_time(guest.expires_wall_ms));
	explicit_bzero(token, sizeof(token));
	explicit_bzero(url, sizeof(url));
	audit_note_done(request, "guest-added", object, NULL, body);
	return 201;
}

unsigned api_guests_post(struct api_request *request)
{
	unsigned status = 0;
	json_t *body = api_body(request, true, &status);

	if (!body)
		return status;
	status = add(request, body);
	json_decref(body);
	return status;
}

/* --- the guest's own -------------------------------------------------------------------------- */

struct ban_search {
	struct address address;
	int64_t now_ms;
	struct ban found;
	bool is_found;
};

static void match_ban(const struct ban *ban, void *arg)
{
	struct ban_search *search = arg;
	struct network network;

	if (network_parse(text_of(ban->network), &network) < 0 ||
	    !network_contains(&network, &search->address) ||
	    (ban->expires_wall_ms != 0 && ban->expires_wall_ms <= search->now_ms))
		return;
	search->found = *ban;
	search->is_found = true;
}

/* The same for the user of the link, whom the administrator has named to the guest. peer is NULL
 * where it has no address. */
static void judge_user(struct api_request *request, const char *user, const struct address *peer,
		       char *ret, size_t size)
{
	struct account account;
	int r = accounts_get(request->context->accounts, text_of(user), &account);

	if (r == -ENOENT)
		(void)snprintf(ret, size, "There is no user %s any more.", user);
	if (r < 0)
		return;
	if (!account.is_enabled)
		(void)snprintf(ret, size, "The user %s is disabled.", user);
	else if (account.access.expires_wall_ms != 0 &&
		 account.access.expires_wall_ms <= clock_wall_ms())
		(void)snprintf(ret, size, "The time of the user %s is over.", user);
	else if (peer && !access_networks_contain(text_of(account.access.networks), peer))
		(void)snprintf(ret, size,
			       "The user %s may log in from certain networks only, and this "
			       "address is in none of them.",
			       user);
	explicit_bzero(&account, sizeof(account));
}

/* Why the guest may not connect from this address; empty: it may. */
static void judge(struct api_request *request, const struct guest *guest, char *ret, size_t size)
{
	struct ban_search search = { .now_ms = clock_wall_ms() };
	bool has_address = address_parse(text_of(request->asker.from), &search.address) == 0;
	int r = 0;

	ret[0] = '\0';
	if (has_address) /* not over the Unix socket */
		r = ban_list_each(request->context->accounts, match_ban, &search);
	if (r < 0)
		log_event(LOG_WARNING, "bans-unreadable", F_ERRNO(r));
	if (search.is_found)
		(void)snprintf(ret, size, "The server has banned %s.", search.found.network);
	else if (*guest->user)
		judge_user(request, guest->user, has_address ? &search.address : NULL, ret, size);
}

static json_t *settings_json(struct api_request *request, const struct firewall_needs *needs,
			     const char *user)
{
	AUTO_FREE char *storage = malloc(CONNECT_SHEET_SIZE);
	json_t *all = json_object();
	struct buf out;

	if (!storage)
		return all;
	for (int i = 0; i < CLIENT_N_EXPORTS; i++) {
		enum client_export export = (enum client_export)i;

		buf_init(&out, storage, CONNECT_SHEET_SIZE);
		if (connect_sheet_settings(request->context, needs, user, export, &out) == 0)
			(void)json_object_set_new(all, client_export_name(export),
						  api_text(buf_text(&out)));
	}
	buf_init(&out, storage, CONNECT_SHEET_SIZE);
	connect_sheet_mail(request->context, needs, user, &out);
	(void)json_object_set_new(all, "text", api_text(buf_text(&out)));
	return all;
}

static bool is_encrypted(const struct api_request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info && info->tls_session;
}

/* The link and this browser belong together, or 404 and 410. */
static unsigned enter(struct api_request *request, struct guest *ret)
{
	const char *cookie =
		MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, COOKIE);
	char fresh[GUEST_TOKEN_SIZE];
	int r = guests_enter(request->context->guests, request->argument, cookie,
			     request->asker.from, ret, fresh);

	if (r == -EKEYREVOKED)
		return api_problem(request, 410, NULL,
				   "This link is used up: it has expired, or another browser has "
				   "opened it first.");
	if (r < 0)
		return api_problem_thing(request, r, THING);
	if (*fresh) {
		api_header(request, "Set-Cookie",
			   COOKIE "=%s; Path=/api/v1/guest/%s; Max-Age=%" PRId64
				  "; HttpOnly; SameSite=Strict%s",
			   fresh, request->argument,
			   (ret->expires_wall_ms - clock_wall_ms()) / 1000,
			   is_encrypted(request) ? "; Secure" : "");
		audit_note_done(request, "guest-opened", ret->name, NULL, NULL);
	}
	return 0;
}

unsigned api_guest_page(struct api_request *request)
{
	AUTO_FREE struct firewall_needs *needs = calloc(1, sizeof(*needs));
	struct guest guest;
	char reason[512];
	unsigned status = enter(request, &guest);

	if (status != 0)
		return status;
	if (!needs)
		return api_problem(request, 500, NULL, "Memory is short.");
	connect_sheet_needs(request->context, needs);
	judge(request, &guest, reason, sizeof(reason));
	request->answer = json_pack(
		"{s:I, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o}", "id", (json_int_t)guest.id,
		"server", connect_sheet_json(request->context, needs, guest.user), "user",
		api_text_or_null(guest.user), "settings", settings_json(request, needs, guest.user),
		"your_address", request->asker.from, "address_ok", !*reason, "address_reason",
		api_text_or_null(reason), "expires", api_time(guest.expires_wall_ms), "seen",
		guests_seen(request->context->guests, guest.id));
	return 200;
}

unsigned api_guest_stream(struct api_request *request)
{
	struct guest guest;
	char topic[32];
	unsigned status = enter(request, &guest);

	if (status != 0)
		return status;
	(void)snprintf(topic, sizeof(topic), "guest:%" PRId64, guest.id);
	return api_stream_topics(request, topic);
}
