/* worker/cmd_data.c - PASV, EPSV, PORT, EPRT (RFC 959 4.1.2, RFC 2428, RFC 2577). */
#include <stdatomic.h>

#include "base/log.h"
#include "ftp/hostport.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/data.h"
#include "worker/data_note.h"
#include "worker/passive.h"
#include "worker/sessions.h"
#include "worker/site_doctor.h"

/* Reserves a port, or says why not. */
static bool reserve(struct session *s, enum data_mode mode)
{
	const struct port_range *range = &s->worker->settings->passive_ports;
	int fd;

	/* A connection for the plan before this one is nobody's now, also one that still waits to
	 * be accepted: it must not pass for the one that is planned next. The reservation itself is
	 * replaced, not dropped: the same port may serve again. */
	if (s->plan == DATA_PASSIVE && atomic_load(&s->reserved_ms) != 0)
		passive_look(s->worker->passive, s);
	data_note_abandon(s);
	fd = sessions_take_arrived(s->worker->sessions, s, NULL);
	fd_close(&fd);
	s->plan = DATA_NONE;
	if (!s->worker->settings->passive) {
		data_note_refusal(s, mode, NULL, 39);
		reply(s, 502, "[D-39] Passive mode is turned off here.");
		return false;
	}
	int r = passive_reserve(s->worker->passive, s);
	if (r == 0)
		return true;
	data_note_refusal(s, mode, NULL, 33);
	log_event(LOG_WARNING, "no-passive-port", F_UINT("session", s->id), F_ERRNO(r),
		  F_STR("cause", "D-33"));
	if (r == -EBUSY)
		reply(s, 425,
		      "[D-33] All passive ports (%u-%u) wait for other connections from your address; try "
		      "again in a moment.",
		      range->first, range->last);
	else
		reply(s, 425, "[D-33] No passive port of %u-%u could be opened (%s).", range->first,
		      range->last, strerrordesc_np(-r));
	return false;
}

void cmd_pasv(struct session *s, struct text argument UNUSED)
{
	struct address announced;
	char storage[64];
	struct buf text;

	if (s->needs_epsv) {
		reply(s, 503, "You have sent EPSV ALL: only EPSV from now on.");
		return;
	}
	if (!address_is_v4(&s->peer) || !address_is_v4(&s->local)) {
		reply(s, 425,
		      "[D-30] PASV is for IPv4 only, and you are connected over IPv6: use EPSV.");
		return;
	}
	if (!external_for(s->worker->external, &s->peer, &s->local, &announced)) {
		reply(s, 425,
		      "[D-26] The external address of this server is not known (external_ip does "
		      "not resolve); use EPSV.");
		return;
	}
	if (!reserve(s, DATA_MODE_PASV))
		return;
	announced.port = s->passive_port;
	buf_init(&text, storage, sizeof(storage));
	hostport_format_227(&text, &announced);
	data_note_plan(s, DATA_MODE_PASV, &announced);
	site_doctor_note_passive(s, 227, buf_text(&text));
	reply_text(s, 227, buf_text(&text));
}

void cmd_epsv(struct session *s, struct text argument)
{
	enum epsv_request request;
	char storage[64];
	struct buf text;
	bool is_v4 = address_is_v4(&s->peer);
	int r = hostport_parse_epsv(argument, &request);

	if (r == -EPROTONOSUPPORT ||
	    (r == 0 && ((request == EPSV_IPV4 && !is_v4) || (request == EPSV_IPV6 && is_v4)))) {
		reply(s, 522, "Network protocol not supported, use (%c).", is_v4 ? '1' : '2');
		return;
	}
	if (r < 0) {
		reply(s, 501, "Syntax: EPSV [1|2|ALL]");
		return;
	}
	if (request == EPSV_ALL) {
		s->needs_epsv = true;
		reply(s, 200, "EPSV ALL: only EPSV from now on.");
		return;
	}
	if (!reserve(s, DATA_MODE_EPSV))
		return;
	buf_init(&text, storage, sizeof(storage));
	hostport_format_229(&text, s->passive_port);
	data_note_plan(s, DATA_MODE_EPSV, &(struct address){ .port = s->passive_port });
	site_doctor_note_passive(s, 229, buf_text(&text));
	reply_text(s, 229, buf_text(&text));
}

/* RFC 2577 3: no connections to third parties, none to well-known ports. */
static bool may_connect_to(struct session *s, const struct address *to, enum data_mode mode)
{
	const struct settings *settings = s->worker->settings;
	char text[ADDRESS_TEXT_SIZE], peer[ADDRESS_TEXT_SIZE];

	if (s->needs_epsv) {
		reply(s, 503, "You have sent EPSV ALL: only EPSV from now on.");
	} else if (!settings->active) {
		data_note_refusal(s, mode, to, 39);
		reply(s, 502, "[D-39] Active mode is turned off here: use passive mode.");
	} else if (to->port < settings->active_min_port) {
		data_note_refusal(s, mode, to, 41);
		reply(s, 501, "[D-41] Port %u is below %u; no connection is made to such ports.",
		      to->port, settings->active_min_port);
	} else if (!address_same_host(to, &s->peer) &&
		   !peer_list_contains(&s->worker->active_data_to, to)) {
		data_note_refusal(s, mode, to, address_is_private(to) ? 36 : 41);
		reply(s, 501,
		      "[%s] You ask for a connection to %s, but you come from %s: use passive mode.",
		      address_is_private(to) ? "D-36" : "D-41", address_format_ip(to, text),
		      address_format_ip(&s->peer, peer));
	} else {
		return true;
	}
	return false;
}

static void plan_active(struct session *s, struct address *to, enum data_mode mode)
{
	/* EPRT has no room for the zone of a link-local address: it is that of the connection. */
	to->scope_id = s->peer.scope_id;
	/* lftp 4.9 over IPv6 names "::": it means itself. */
	if (address_is_unspecified(to))
		memcpy(to->ip, s->peer.ip, sizeof(to->ip));
	if (!may_connect_to(s, to, mode))
		return;
	data_forget(s);
	s->plan = DATA_ACTIVE;
	s->active_to = *to;
	data_note_plan(s, mode, to);
	reply(s, 200, "%s is understood; passive mode gets through more firewalls.",
	      mode == DATA_MODE_PORT ? "PORT" : "EPRT");
}

void cmd_port(struct session *s, struct text argument)
{
	struct address to;

	site_doctor_note_active(s, "PORT", argument);
	if (hostport_parse_port(argument, &to) < 0)
		reply(s, 501, "Syntax: PORT <h1,h2,h3,h4,p1,p2>");
	else
		plan_active(s, &to, DATA_MODE_PORT);
}

void cmd_eprt(struct session *s, struct text argument)
{
	struct address to;
	int r = hostport_parse_eprt(argument, &to);

	site_doctor_note_active(s, "EPRT", argument);
	if (r == -EPROTONOSUPPORT)
		reply(s, 522, "Network protocol not supported, use (1,2).");
	else if (r < 0)
		reply(s, 501, "Syntax: EPRT |<family>|<address>|<port>|");
	else
		plan_active(s, &to, DATA_MODE_EPRT);
}
