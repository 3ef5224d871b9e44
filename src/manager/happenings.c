/* manager/happenings.c - see happenings.h. */
#include "manager/happenings.h"

#include <jansson.h>

#include "manager/api_request.h"
#include "manager/data_json.h"

const char *const happening_kinds[] = {
	[HAPPENING_LOGIN] = "login",
	[HAPPENING_LOGIN_FAILED] = "login-failed",
	[HAPPENING_LOGOUT] = "logout",
	[HAPPENING_HANDSHAKE_FAILED] = "handshake-failed",
	[HAPPENING_DATA_FAILED] = "data-failed",
	[HAPPENING_KICK] = "kick",
	[HAPPENING_BAN] = "ban",
	[HAPPENING_CHANGE] = "change",
	[HAPPENING_SERVER] = "server",
};
_Static_assert(ARRAY_SIZE(happening_kinds) == HAPPENING_KINDS, "each has a name");

/* As much as there is room for, and whole characters. */
static void copy_clean(char *dst, size_t size, const char *text)
{
	size_t len = text ? strnlen(text, size - 1) : 0;
	bool is_utf8;

	while (len > 0 && text[len] && ((uint8_t)text[len] & 0xc0) == 0x80)
		len--;
	is_utf8 = text_is_utf8((struct text){ text ? text : "", len });
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		dst[i] = c < ' ' || c == 0x7f || (c >= 0x80 && !is_utf8) ? '?' : text[i];
	}
	dst[len] = '\0';
}

void happening_fill(const struct happening *happening, int64_t wall_ms, struct activity_record *ret)
{
	ret->id = 0;
	ret->source = ret->sequence = 0;
	ret->wall_ms = wall_ms;
	ret->severity = happening->severity;
	ret->session = happening->session;
	copy_clean(ret->kind, sizeof(ret->kind), happening_kinds[happening->kind]);
	copy_clean(ret->user, sizeof(ret->user), happening->user);
	copy_clean(ret->address, sizeof(ret->address), happening->address);
	copy_clean(ret->text, sizeof(ret->text), happening->text);
	/* Facts that have no room are none: half a text is no JSON. */
	if (!happening->facts ||
	    text_copy(text_of(happening->facts), ret->facts, sizeof(ret->facts)) < 0)
		(void)snprintf(ret->facts, sizeof(ret->facts), "{}");
}

/* It stands in JSON as it is. */
static bool is_plain(struct text value)
{
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = (uint8_t)value.ptr[i];

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			return false;
	}
	return true;
}

/* Takes facts. */
static void fill(struct happening *happening, json_t *facts, int64_t wall_ms,
		 struct activity_record *ret)
{
	char *text = facts ? json_dumps(facts, JSON_COMPACT) : NULL;

	happening->facts = text;
	happening_fill(happening, wall_ms, ret);
	free(text);
	json_decref(facts);
}

static const char *purpose_of(const struct event *event)
{
	return event->kind == EVENT_UPLOAD     ? "an upload"
	       : event->kind == EVENT_DOWNLOAD ? "a download"
	       : event->path_len > 0	       ? "a listing"
					       : "nothing yet";
}

static void describe_data(const struct event *event, char *ret, size_t size)
{
	const struct data_record *data = &event->data;
	char came[ADDRESS_TEXT_SIZE], named[ADDRESS_TEXT_SIZE];
	unsigned port = data->advertised.port;

	switch ((enum data_outcome)data->outcome) {
	case DATA_ELSEWHERE:
		(void)snprintf(ret, size, "The connection to port %u came from %s", port,
			       address_format_ip(&data->peer, came));
		break;
	case DATA_REFUSED:
		(void)snprintf(ret, size, "A data connection was refused");
		break;
	case DATA_TLS_FAILED:
		(void)snprintf(ret, size, "TLS failed on the data connection at port %u", port);
		break;
	default:
		if (data->mode == DATA_MODE_PORT || data->mode == DATA_MODE_EPRT)
			(void)snprintf(ret, size, "%s did not let us in",
				       address_format(&data->advertised, named));
		else
			(void)snprintf(ret, size,
				       "No data connection arrived at port %u within %u ms", port,
				       data->waited_ms);
	}
}

static void fill_data_failure(const struct event *event, struct happening *happening,
			      struct activity_record *ret)
{
	char what[200], text[ACTIVITY_TEXT_SIZE], path[160];
	json_t *facts = data_record_json(&event->data);

	describe_data(event, what, sizeof(what));
	(void)snprintf(text, sizeof(text), "[D-%02u] %s, for %s.", event->data.cause, what,
		       purpose_of(event));
	(void)snprintf(path, sizeof(path), "%.*s", MIN_OF((int)event->path_len, 150), event->text);
	if (json_is_object(facts) && event->path_len > 0)
		(void)json_object_set_new(facts, "path", api_text(text_of(path)));
	happening->kind = HAPPENING_DATA_FAILED;
	happening->severity = ACTIVITY_WARNING;
	happening->text = text;
	fill(happening, facts, event->ended_wall_ms, ret);
}

/* Every session ends once: nearly always for a reason that needs no care, and then without a tree
 * of values that is printed and freed again. */
static void write_logout_facts(const struct event *event, struct buf *out)
{
	buf_add(out, T("{\"reason\":\""));
	buf_add(out, text_of(event->result));
	buf_add(out, T("\",\"bytes_sent\":"));
	buf_add_uint(out, event->bytes);
	buf_add(out, T(",\"bytes_received\":"));
	buf_add_uint(out, event->received_bytes);
	buf_add(out, T(",\"seconds\":"));
	buf_add_uint(out, event->duration_ms / 1000);
	buf_add_char(out, '.');
	for (unsigned unit = 100; unit > 0; unit /= 10)
		buf_add_uint(out, event->duration_ms / unit % 10);
	buf_add_char(out, '}');
}

static void fill_logout(const struct event *event, struct happening *happening,
			struct activity_record *ret)
{
	char text[ACTIVITY_TEXT_SIZE], facts[ACTIVITY_FACTS_SIZE];
	struct buf out;

	buf_init(&out, text, sizeof(text));
	buf_add(&out, T("Session ended: "));
	buf_add(&out, text_of(event->result));
	happening->kind = HAPPENING_LOGOUT;
	happening->text = text;
	if (is_plain(text_of(event->result))) {
		buf_init(&out, facts, sizeof(facts));
		write_logout_facts(event, &out);
		happening->facts = facts;
		happening_fill(happening, event->ended_wall_ms, ret);
		return;
	}
	fill(happening,
	     json_pack("{s:o, s:I, s:I, s:f}", "reason", api_text(text_of(event->result)),
		       "bytes_sent", (json_int_t)event->bytes, "bytes_received",
		       (json_int_t)event->received_bytes, "seconds",
		       (double)event->duration_ms / 1000),
	     event->ended_wall_ms, ret);
}

static void fill_handshake(const struct event *event, struct happening *happening,
			   struct activity_record *ret)
{
	char text[ACTIVITY_TEXT_SIZE], cause[16] = "";

	if (event->cause != 0)
		(void)snprintf(cause, sizeof(cause), "D-%02u", event->cause);
	(void)snprintf(text, sizeof(text), "%s%s%sTLS failed on the command connection: %s",
		       *cause ? "[" : "", cause, *cause ? "] " : "", event->result);
	happening->kind = HAPPENING_HANDSHAKE_FAILED;
	happening->severity = ACTIVITY_WARNING;
	happening->text = text;
	fill(happening,
	     json_pack("{s:o, s:o}", "error", api_text(text_of(event->result)), "cause",
		       api_text_or_null(cause)),
	     event->ended_wall_ms, ret);
}

bool happening_of_event(const struct event *event, struct activity_record *ret)
{
	char address[ADDRESS_TEXT_SIZE];
	struct happening happening = { .user = event->user,
				       .address = address_format_ip(&event->peer, address),
				       .session = event->session_id };

	if (data_record_is_failure(&event->data))
		fill_data_failure(event, &happening, ret);
	else if (event->kind == EVENT_LOGOUT)
		fill_logout(event, &happening, ret);
	else if (event->kind == EVENT_HANDSHAKE)
		fill_handshake(event, &happening, ret);
	else
		return false;
	ret->source = event->source;
	ret->sequence = event->sequence;
	return true;
}

void happening_of_login(const struct message_auth_request *request, const char *user,
			const char *reason, const char *cause, int64_t wall_ms,
			struct activity_record *ret)
{
	char address[ADDRESS_TEXT_SIZE], text[ACTIVITY_TEXT_SIZE];
	struct happening happening = { .kind = reason ? HAPPENING_LOGIN_FAILED : HAPPENING_LOGIN,
				       .severity = reason ? ACTIVITY_WARNING : ACTIVITY_NOTE,
				       .user = user,
				       .address = address_format_ip(&request->peer, address),
				       .session = request->session_id,
				       .text = text };
	json_t *facts;

	if (!reason) {
		happening.text = request->is_tls ? "Logged in over TLS" : "Logged in without TLS";
		happening.facts = request->is_tls ? "{\"tls\":true}" : "{\"tls\":false}";
		happening_fill(&happening, wall_ms, ret);
		return;
	}
	facts = json_pack("{s:b}", "tls", request->is_tls);
	(void)snprintf(text, sizeof(text), "[%s] Login refused: %s", cause, reason);
	if (facts) {
		(void)json_object_set_new(facts, "reason", json_string(reason));
		(void)json_object_set_new(facts, "cause", json_string(cause));
	}
	fill(&happening, facts, wall_ms, ret);
}
