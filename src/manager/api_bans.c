/* manager/api_bans.c - the networks that get no session: list, add, lift. */
#include "manager/api_handlers.h"

#include "base/clock.h"
#include "base/log.h"
#include "manager/audit_note.h"
#include "manager/json_fields.h"

#define REASON_BANNED "Your address has been banned by the administrator."
#define MINUTES_MAX (10 * 366 * 24 * 60)

static const struct json_field ban_fields[] = {
	{ "network", FIELD_STRING, true },
	{ "reason", FIELD_STRING, false },
	{ "expires", FIELD_STRING_OR_NULL, false },
	{ "minutes", FIELD_NUMBER, false },
};

static json_t *ban_json(const struct ban *ban)
{
	return json_pack("{s:o, s:o, s:o, s:b, s:o, s:o}", "network",
			 api_text(text_of(ban->network)), "reason", api_text(text_of(ban->reason)),
			 "by", api_text(text_of(ban->by)), "automatic", ban->is_automatic,
			 "created", api_time(ban->created_wall_ms), "expires",
			 api_time(ban->expires_wall_ms));
}

static void list_ban(const struct ban *ban, void *arg)
{
	(void)json_array_append_new(arg, ban_json(ban));
}

unsigned api_bans_get(struct api_request *request)
{
	json_t *list = json_array();
	int r = ban_desk_each(request->context->bans, list_ban, list);

	if (r < 0) {
		json_decref(list);
		return api_problem_errno(request, r, "");
	}
	request->answer = json_pack("{s:o}", "bans", list);
	return 200;
}

static unsigned network_problem(struct api_request *request, const char *text)
{
	return api_problem(
		request, 422, "network",
		"\"%.64s\" is neither an address nor a network such as 203.0.113.0/24 or "
		"2001:db8::/32 (with no bits set behind the prefix).",
		text);
}

/* Whoever bans everybody, or himself, does not mean it. */
static unsigned check_network(struct api_request *request, const struct network *network)
{
	struct address own;

	if (network->prefix_bits == 0 || network->prefix_bits == 96)
		return api_problem(request, 422, "network",
				   "That is every address there is: stop the server instead, or "
				   "ban a smaller network.");
	if (address_parse(text_of(request->asker.from), &own) == 0 &&
	    network_contains(network, &own))
		return api_problem(request, 422, "network", "Your own address, %s, is in it.",
				   request->asker.from);
	return 0;
}

static unsigned read_expires(struct api_request *request, const json_t *body, struct ban *ban)
{
	const json_t *expires = json_object_get(body, "expires");
	const json_t *minutes = json_object_get(body, "minutes");
	int64_t now_ms = clock_wall_ms(), n = json_integer_value(minutes);

	if (minutes && expires)
		return api_problem(request, 422, "minutes", "Give minutes or expires, not both.");
	if (minutes && (n < 1 || n > MINUTES_MAX))
		return api_problem(request, 422, "minutes",
				   "The field \"minutes\" must be a number from 1 to %d.",
				   MINUTES_MAX);
	if (minutes)
		ban->expires_wall_ms = now_ms + n * 60 * 1000;
	if (!json_is_string(expires))
		return 0;
	if (clock_parse_iso(text_of(json_string_value(expires)), &ban->expires_wall_ms) == 0 &&
	    ban->expires_wall_ms > now_ms)
		return 0;
	return api_problem(request, 422, "expires",
			   "The field \"expires\" must be null (never) or a time to come such as "
			   "2031-12-31T23:00:00Z.");
}

static unsigned read_ban(struct api_request *request, const json_t *body, struct network *network,
			 struct ban *ban)
{
	const char *text = json_string_value(json_object_get(body, "network"));
	const char *reason = json_string_value(json_object_get(body, "reason"));
	char canonical[NETWORK_TEXT_SIZE];

	if (network_parse(text_trim(text_of(text)), network) < 0)
		return network_problem(request, text);
	(void)snprintf(ban->network, sizeof(ban->network), "%s",
		       network_format(network, canonical));
	if (text_copy(text_of(reason ? reason : ""), ban->reason, sizeof(ban->reason)) < 0)
		return api_problem(request, 422, "reason",
				   "The reason is too long: it may have %d bytes.",
				   BAN_REASON_SIZE - 1);
	(void)snprintf(ban->by, sizeof(ban->by), "%s", request->asker.name);
	ban->created_wall_ms = clock_wall_ms();
	unsigned status = check_network(request, network);
	return status != 0 ? status : read_expires(request, body, ban);
}

/* Sessions that are there end at once. */
static void kick_network(struct api_request *request, const struct network *network)
{
	const struct scoreboard *board = request->context->board;
	size_t max = scoreboard_max_sessions(board);
	struct message_kick kick = { .head = { MSG_KICK }, .reason = REASON_BANNED };
	struct session_view view;

	for (uint32_t slot = 0; slot < max; slot++) {
		if (!scoreboard_get_session(board, slot, &view) ||
		    !network_contains(network, &view.peer))
			continue;
		kick.session_id = view.id;
		worker_links_kick(request->context->links, &kick);
	}
}

static unsigned put_ban(struct api_request *request, const struct ban *ban,
			const struct network *network)
{
	int r = ban_desk_put(request->context->bans, ban);

	if (r == -ENOSPC)
		return api_problem(request, 409, NULL,
				   "There are %d bans already: lift some, or ban a network that "
				   "has many of them in it.",
				   BANS_MAX);
	if (r < 0)
		return api_problem_errno(request, r, ban->network);
	kick_network(request, network);
	request->answer = ban_json(ban);
	audit_note_done(request, "ban-added", ban->network, NULL, request->answer);
	log_event(LOG_INFO, "ban-added", F_STR("network", ban->network),
		  F_STR("reason", ban->reason), F_STR("by", ban->by));
	return 201;
}

unsigned api_bans_post(struct api_request *request)
{
	struct json_fields_error error;
	struct network network;
	struct ban ban = { 0 };
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	if (json_fields_check(body, ban_fields, ARRAY_SIZE(ban_fields), &error) < 0)
		status = api_problem(request, 422, error.field, "%s", error.text);
	else
		status = read_ban(request, body, &network, &ban);
	json_decref(body);
	return status != 0 ? status : put_ban(request, &ban, &network);
}

unsigned api_ban_delete(struct api_request *request)
{
	char text[NETWORK_TEXT_SIZE];
	struct network network;

	if (network_parse(text_of(request->argument), &network) < 0)
		return network_problem(request, request->argument);
	(void)network_format(&network, text);
	int r = ban_desk_remove(request->context->bans, &network);
	if (r == -ENOENT)
		return api_problem(request, 404, NULL, "The network %s is not banned.", text);
	if (r < 0)
		return api_problem_errno(request, r, text);
	audit_note_done(request, "ban-lifted", text, NULL, NULL);
	log_event(LOG_INFO, "ban-lifted", F_STR("network", text), F_STR("by", request->asker.name));
	return 204;
}
