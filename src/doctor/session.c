/* doctor/session.c - see session.h. Source: RFC 4217 12 (AUTH, then PBSZ and PROT). */
#include "doctor/session.h"

bool handshake_is_trusted(const struct handshake *handshake)
{
	return handshake->outcome == NET_OK && handshake->verify_error == 0 &&
	       handshake->name_matches;
}

/* In clear only where no one asked for TLS and no one offers it, or the user says so; under TLS
 * only to the right server, or when the user says so. */
static bool may_send_password(const struct client *client)
{
	const struct doctor_options *options = client->doctor->options;

	if (client->stream.ssl)
		return options->is_insecure || handshake_is_trusted(&client->control->handshake);
	if (options->allows_plain)
		return true;
	return options->mode != MODE_EXPLICIT && options->mode != MODE_IMPLICIT &&
	       !client->doctor->tls_is_offered;
}

/* The banner, and TLS as the mode wants it. */
static bool reach_login(struct client *client)
{
	struct tls_client *trust = client->doctor->trust;
	int64_t banner_ms = client->doctor->greeting_ms;
	enum tls_mode mode = client->control->mode;

	if (mode == MODE_IMPLICIT && client_start_tls(client, trust) < 0)
		return false;
	if (reply_class(client_read_banner(client, banner_ms)) != 2)
		return false;
	if (mode != MODE_EXPLICIT)
		return true;
	return client_ask(client, "AUTH", NULL, "AUTH TLS")->code == 234 &&
	       client_start_tls(client, trust) == 0;
}

static enum login send_credentials(struct client *client)
{
	const struct doctor_options *options = client->doctor->options;
	const struct reply *reply;
	char shown[EVIDENCE_LINE], name[EVIDENCE_LINE];

	if (!may_send_password(client))
		return LOGIN_WITHHELD;
	evidence_text(text_of(options->user), name, sizeof(name) - sizeof("USER "));
	(void)snprintf(shown, sizeof(shown), "USER %.200s", name);
	client->reply_ms = client->doctor->login_ms;
	reply = client_ask(client, "USER", shown, "USER %s", options->user);
	if (reply->code == 331 && !options->password)
		return LOGIN_NO_PASSWORD;
	if (reply->code == 331)
		reply = client_ask(client, "PASS", "PASS ****", "PASS %s",
				   options->password->bytes);
	client->reply_ms = client->doctor->reply_ms;
	if (reply->outcome != NET_OK)
		return LOGIN_BROKEN;
	return reply_class(reply) == 2 ? LOGIN_OK : LOGIN_REFUSED;
}

bool session_open(struct client *client, const struct doctor *doctor, struct control *control,
		  const struct address *peer, enum tls_mode mode)
{
	int r = client_open(client, doctor, control, peer, mode);

	if (r < 0 || !reach_login(client))
		return false;
	control->login = send_credentials(client);
	if (control->login != LOGIN_OK)
		return false;
	if (client->stream.ssl) {
		(void)client_ask(client, "PBSZ", NULL, "PBSZ 0");
		(void)client_ask(client, "PROT", NULL, "PROT P");
	}
	(void)client_ask(client, "TYPE", NULL, "TYPE I");
	if (doctor->asks_for_utf8)
		(void)client_ask(client, "OPTS", NULL, "OPTS UTF8 ON");
	return client_is_alive(client);
}
