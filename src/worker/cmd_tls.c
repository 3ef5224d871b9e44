/* worker/cmd_tls.c - AUTH, PBSZ, PROT (RFC 2228 3, RFC 4217). */
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/events.h"
#include "worker/hosts.h"

void session_log_handshake(const struct session *s, const char *error)
{
	char peer[ADDRESS_TEXT_SIZE];

	log_event(LOG_INFO, "handshake-failed", F_UINT("session", s->id),
		  F_STR("peer", address_format(&s->peer, peer)), F_STR("error", error));
	events_note_handshake(s, 0, error);
}

static int prepare_tls(struct session *s)
{
	s->tls = calloc(1, sizeof(*s->tls));
	if (!s->tls)
		return -ENOMEM;
	random_bytes(s->tls->identity.bytes, sizeof(s->tls->identity.bytes));
	s->tls->host = s->host->number;
	s->tls->reads_ahead = !s->worker->settings->clear_command_channel;
	s->is_in_handshake = true;
	return 0;
}

int session_try_tls(struct session *s)
{
	struct tls_error error;
	int64_t deadline = deadline_in((int64_t)s->worker->settings->handshake_timeout_s * 1000);

	if (!s->is_in_handshake && prepare_tls(s) < 0)
		return -ENOMEM;

	int r = stream_try_tls(&s->control, s->worker->start->tls, s->tls, deadline, &error);
	if (r == -EAGAIN)
		return r;
	s->is_in_handshake = false;
	s->host = &s->worker->hosts[s->tls->host];
	if (r < 0)
		session_log_handshake(s, error.text);
	return r;
}

void cmd_auth(struct session *s, struct text argument)
{
	if (session_is_tls(s) || s->is_cleared) {
		reply(s, 503,
		      s->is_cleared ? "TLS was on until CCC; it cannot begin again."
				    : "TLS is on already.");
		return;
	}
	if (!text_equal_nocase(argument, T("TLS")) && !text_equal_nocase(argument, T("TLS-C")) &&
	    !text_equal_nocase(argument, T("SSL")) && !text_equal_nocase(argument, T("TLS-P"))) {
		reply(s, 504, "Use AUTH TLS.");
		return;
	}
	if (!s->worker->start->tls) {
		reply(s, 431, "This server has no certificate; TLS is not available.");
		return;
	}
	/* What was sent behind AUTH in clear may have been injected by anybody: it is dropped, and
	 * the login starts over (RFC 2228 3, CVE-2011-0411). */
	control_drop_input(s);
	session_forget_login(s);
	reply(s, 234, "AUTH %.*s: begin the TLS handshake.", TEXT_ARG(argument));
	s->awaits_handshake = true;
	/* SSL and TLS-P mean that data is protected from the start (RFC 4217 17). */
	s->protects_data =
		text_equal_nocase(argument, T("SSL")) || text_equal_nocase(argument, T("TLS-P"));
}

/* RFC 4217 12.3: the commands go on in clear, the data connections stay as PROT says. */
void cmd_ccc(struct session *s, struct text argument UNUSED)
{
	if (!session_is_tls(s)) {
		reply(s, 533, "TLS is not on; there is nothing to clear.");
		return;
	}
	if (!s->worker->settings->clear_command_channel) {
		reply(s, 534, "CCC is turned off here (clear_command_channel).");
		return;
	}
	reply(s, 200, "The command channel is in clear from now on.");
	control_flush(s);
	if (stream_clear(&s->control, deadline_in(10000)) < 0) {
		s->wants_end = true;
		return;
	}
	line_reader_drop_all(&s->lines);
	s->is_cleared = true;
}

void cmd_pbsz(struct session *s, struct text argument)
{
	uint64_t size;

	if (!s->tls) {
		reply(s, 503, "PBSZ needs TLS: send AUTH TLS first.");
		return;
	}
	if (text_to_uint(argument, UINT32_MAX, &size) < 0) {
		reply(s, 501, "Syntax: PBSZ 0");
		return;
	}
	s->has_pbsz = true;
	/* A stream needs no buffer size; the answer to any other size is ours (RFC 2228 3). */
	reply(s, 200, size == 0 ? "PBSZ=0" : "PBSZ=0 (TLS needs no other).");
}

void cmd_prot(struct session *s, struct text argument)
{
	if (!s->tls || !s->has_pbsz) {
		reply(s, 503, "PROT comes after AUTH TLS and PBSZ 0.");
		return;
	}
	if (text_equal_nocase(argument, T("P"))) {
		s->protects_data = true;
		reply(s, 200, "Data connections are protected from now on.");
	} else if (text_equal_nocase(argument, T("C"))) {
		if (s->worker->settings->require_data_tls) {
			reply(s, 534,
			      "[D-54] Data connections must be protected here: use PROT P.");
			return;
		}
		s->protects_data = false;
		reply(s, 200, "Data connections are in clear from now on.");
	} else if (text_equal_nocase(argument, T("S")) || text_equal_nocase(argument, T("E"))) {
		reply(s, 536, "TLS knows PROT P and PROT C only.");
	} else {
		reply(s, 504, "Use PROT P.");
	}
}
