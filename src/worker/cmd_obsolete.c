/* worker/cmd_obsolete.c - commands that old or careful clients send and that change nothing here:
 * ACCT, SMNT (RFC 959 4.1.1), CLNT, CSID; and REIN, which starts the session over. */
#include "base/log.h"
#include "ftp/digest.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/data.h"
#include "worker/hosts.h"

void cmd_acct(struct session *s, struct text argument UNUSED)
{
	reply(s, 202, "No account is needed.");
}

void cmd_smnt(struct session *s, struct text argument UNUSED)
{
	reply(s, 502, "There is one file structure here; nothing to mount.");
}

/* Everything but the connection, and its TLS, is as at the beginning (RFC 959 4.1.1). */
void cmd_rein(struct session *s, struct text argument UNUSED)
{
	session_forget_login(s);
	s->type = TYPE_ASCII;
	s->is_mode_z = false;
	s->facts = FACTS_DEFAULT;
	s->has_range = false;
	s->digest = DIGEST_SHA256;
	s->deflate_level = (uint8_t)s->worker->settings->deflate_level;
	s->wants_utf8 = false;
	s->host = hosts_first(s);
	reply(s, 220, "The session begins anew: USER, please.");
}

void cmd_clnt(struct session *s, struct text argument)
{
	log_event(LOG_INFO, "client", F_UINT("session", s->id), F_TEXT("name", argument));
	reply(s, 200, "Noted.");
}

/* "CSID Name=...;Version=...;": the same in facts; we answer with ours. */
void cmd_csid(struct session *s, struct text argument)
{
	log_event(LOG_INFO, "client", F_UINT("session", s->id), F_TEXT("name", argument));
	reply(s, 200, "Name=Sallyport;Version=" SALLYPORT_VERSION ";CaseSensitive=1;DirSep=/;");
}
