/* worker/site_doctor.c - see site_doctor.h. The lines are "name: value", in docs/protocol.md. */
#include "worker/site_doctor.h"

#include <stdatomic.h>

#include "worker/control.h"
#include "worker/data.h"
#include "worker/data_note.h"
#include "worker/passive.h"
#include "worker/session_limits.h"
#include "worker/sessions.h"

#define SHOWN_MAX 128

struct doctor_view {
	char passive_reply[SHOWN_MAX];	/* as sent, without line end */
	char active_command[SHOWN_MAX]; /* as received */
	uint16_t port;			/* the last that was reserved; 0: none */
	struct address arrived_from;	/* of the last plan; port 0: nothing has arrived */
	bool has_tls, is_resumed;
};

/* NULL: nothing is remembered. */
static struct doctor_view *view_of(struct session *s)
{
	if (!s->user || !s->worker->settings->site_doctor)
		return NULL;
	if (!s->user->doctor)
		s->user->doctor = calloc(1, sizeof(*s->user->doctor));
	return s->user->doctor;
}

static void begin_plan(struct doctor_view *view, uint16_t port)
{
	view->port = port;
	view->arrived_from = (struct address){ .port = 0 };
	view->has_tls = view->is_resumed = false;
}

void site_doctor_note_passive(struct session *s, unsigned code, struct text text)
{
	struct doctor_view *view = view_of(s);

	if (!view)
		return;
	begin_plan(view, s->passive_port);
	(void)snprintf(view->passive_reply, sizeof(view->passive_reply), "%u %.*s", code,
		       TEXT_ARG(text));
}

void site_doctor_note_active(struct session *s, const char *verb, struct text argument)
{
	struct doctor_view *view = view_of(s);
	struct buf line;

	if (!view)
		return;
	begin_plan(view, 0);
	buf_init(&line, view->active_command, sizeof(view->active_command));
	buf_addf(&line, "%s ", verb);
	for (size_t i = 0; i < argument.len && buf_room(&line) > 0; i++) {
		char c = argument.ptr[i];

		buf_add_char(&line, c > ' ' && c < 127 ? c : '?');
	}
}

void site_doctor_note_arrival(struct session *s, const struct address *peer)
{
	struct doctor_view *view = view_of(s);

	if (view)
		view->arrived_from = *peer;
}

void site_doctor_note_tls(struct session *s, bool is_resumed)
{
	struct doctor_view *view = view_of(s);

	if (!view)
		return;
	view->has_tls = true;
	view->is_resumed = is_resumed;
}

/* A port whose transfer command has not come yet: has a connection? */
static bool waits_with_connection(struct session *s)
{
	if (s->plan != DATA_PASSIVE)
		return false;
	if (atomic_load(&s->reserved_ms) != 0)
		passive_look(s->worker->passive, s);
	struct address peer;

	return sessions_arrival(s->worker->sessions, s, &peer);
}

static void add_last_data(struct session *s, const struct doctor_view *view, struct buf *out)
{
	char shown[ADDRESS_TEXT_SIZE];
	struct address stray;

	if (*view->passive_reply)
		buf_addf(out, "passive-reply: %s\n", view->passive_reply);
	if (*view->active_command)
		buf_addf(out, "active-command: %s\n", view->active_command);
	if (view->port != 0)
		buf_addf(out, "data-port: %u\n", view->port);
	if (view->arrived_from.port != 0)
		buf_addf(out, "data-arrival: %s %s\n",
			 address_same_host(&view->arrived_from, &s->peer) ? "here" : "elsewhere",
			 address_format(&view->arrived_from, shown));
	else if (waits_with_connection(s))
		buf_add(out, T("data-arrival: here\n"));
	else if (sessions_stray(s->worker->sessions, s, &stray))
		buf_addf(out, "data-arrival: elsewhere %s\n", address_format(&stray, shown));
	else
		buf_add(out, T("data-arrival: nothing\n"));
	if (view->has_tls)
		buf_addf(out, "data-resumed: %s\n", view->is_resumed ? "yes" : "no");
}

static void tell(struct session *s)
{
	static const char *const reuse[] = { [SESSION_REUSE_OFF] = "off",
					     [SESSION_REUSE_PREFER] = "prefer",
					     [SESSION_REUSE_REQUIRE] = "require" };
	const struct settings *settings = s->worker->settings;
	char storage[2048], shown[ADDRESS_TEXT_SIZE];
	struct address announced;
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	buf_addf(&out, "Sallyport\nversion: %s\n", SALLYPORT_VERSION);
	buf_addf(&out, "sees: %s\n", address_format(&s->peer, shown));
	buf_addf(&out, "local: %s\n", address_format(&s->local, shown));
	if (external_for(s->worker->external, &s->peer, &s->local, &announced))
		buf_addf(&out, "external: %s\n", address_format_ip(&announced, shown));
	if (settings->passive)
		buf_addf(&out, "passive-ports: %u-%u\n", settings->passive_ports.first,
			 settings->passive_ports.last);
	buf_addf(&out, "idle-timeout: %u\n",
		 s->idle_timeout_s ? s->idle_timeout_s : settings->idle_timeout_s);
	buf_addf(&out, "data-timeout: %u\n", settings->data_timeout_s);
	buf_addf(&out, "sessions-per-user: %" PRIu64 "\n", limits_value(s, LIMIT_USER_SESSIONS));
	buf_addf(&out, "sessions-per-address: %u\n", settings->address_sessions);
	buf_addf(&out, "min-rate: %" PRIu64 "\n", limits_value(s, LIMIT_MIN_RATE));
	buf_addf(&out, "upload-size: %" PRIu64 "\n", limits_value(s, LIMIT_UPLOAD_SIZE));
	buf_addf(&out, "session-reuse: %s\n", reuse[settings->data_session_reuse]);
	if (s->user->doctor)
		add_last_data(s, s->user->doctor, &out);
	buf_add(&out, T("End"));
	reply_text(s, 211, buf_text(&out));
}

/* A port of the range, chosen by the client: it finds out how much of the range reaches us. */
static void reserve(struct session *s, struct text argument)
{
	const struct port_range *range = &s->worker->settings->passive_ports;
	uint64_t port;

	if (text_to_uint(argument, UINT16_MAX, &port) < 0 || port < range->first ||
	    port > range->last || !s->worker->settings->passive) {
		reply(s, 501, "Syntax: SITE DOCTOR PORT <port>, %u to %u", range->first,
		      range->last);
		return;
	}
	data_forget(s);

	int r = passive_reserve_port(s->worker->passive, s, (uint16_t)port);
	if (r < 0) {
		reply(s, 425, "[D-33] Port %" PRIu64 " cannot be opened now (%s).", port,
		      strerrordesc_np(-r));
		return;
	}
	struct doctor_view *view = view_of(s);
	if (view) {
		begin_plan(view, (uint16_t)port);
		view->passive_reply[0] = '\0';
	}
	data_note_plan(s, DATA_MODE_EPSV, &(struct address){ .port = (uint16_t)port });
	reply(s, 200, "Port %" PRIu64 " waits for you.", port);
}

void site_doctor(struct session *s, struct text argument)
{
	if (!s->worker->settings->site_doctor)
		reply(s, 502, "SITE DOCTOR is turned off here.");
	else if (argument.len == 0)
		tell(s);
	else if (argument.len > 5 &&
		 text_equal_nocase((struct text){ argument.ptr, 5 }, T("PORT ")))
		reserve(s, (struct text){ argument.ptr + 5, argument.len - 5 });
	else
		reply(s, 501, "Syntax: SITE DOCTOR [PORT <port>]");
}
