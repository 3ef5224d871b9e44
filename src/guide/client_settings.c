/* guide/client_settings.c - see client_settings.h. Sources: FileZilla's sitemanager.xml and
 * filezilla.xml, WinSCP's page on raw site settings, lftp(1), curl(1), rclone's page on FTP. */
#include "guide/client_settings.h"

#include <jansson.h>

static const char *const names[CLIENT_N_EXPORTS] = {
	[CLIENT_FILEZILLA] = "filezilla", [CLIENT_WINSCP] = "winscp", [CLIENT_LFTP] = "lftp",
	[CLIENT_CURL] = "curl",		  [CLIENT_RCLONE] = "rclone", [CLIENT_JSON] = "json",
};

const char *client_export_name(enum client_export export)
{
	return names[export];
}

int client_export_find(struct text name, enum client_export *ret)
{
	for (unsigned i = 0; i < CLIENT_N_EXPORTS; i++) {
		if (text_equal(name, text_of(names[i]))) {
			*ret = (enum client_export)i;
			return 0;
		}
	}
	return -EINVAL;
}

void client_settings_init(struct client_settings *settings, const char *host, uint16_t port,
			  enum client_security security)
{
	*settings = (struct client_settings){ .host = host,
					      .port = port,
					      .security = security,
					      .timeout_s = 60,
					      .retries = 3,
					      .retry_interval_s = 10,
					      .keepalive_s = 100 };
}

/* What means the same in every format. */
static bool is_harmless(const char *text)
{
	for (const char *c = text ? text : ""; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127 || *c == '"' || *c == '\'' || *c == '\\')
			return false;
	return true;
}

static bool has_user(const struct client_settings *s)
{
	return s->user && *s->user;
}

/* Percent-encoded but for the unreserved characters of RFC 3986 2.3. */
static void add_encoded(const char *text, struct buf *out)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				(c >= 'a' && c <= 'z') || strchr("-._~", (char)c);

		if (is_plain)
			buf_add_char(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

static void add_host(const struct client_settings *s, struct buf *out)
{
	bool is_ipv6 = strchr(s->host, ':') != NULL;

	buf_addf(out, "%s%s%s", is_ipv6 ? "[" : "", s->host, is_ipv6 ? "]" : "");
}

static void add_url(const struct client_settings *s, const char *scheme, struct buf *out)
{
	buf_addf(out, "%s://", scheme);
	if (has_user(s)) {
		add_encoded(s->user, out);
		buf_add_char(out, '@');
	}
	add_host(s, out);
	buf_addf(out, ":%u/", s->port);
}

static void add_xml(const char *name, const char *text, struct buf *out)
{
	buf_addf(out, "\t\t\t<%s>", name);
	for (; *text; text++) {
		if (*text == '&')
			buf_add(out, T("&amp;"));
		else if (*text == '<')
			buf_add(out, T("&lt;"));
		else if (*text == '>')
			buf_add(out, T("&gt;"));
		else
			buf_add_char(out, *text);
	}
	buf_addf(out, "</%s>\n", name);
}

static int filezilla(const struct client_settings *s, struct buf *out)
{
	/* ServerProtocol: INSECURE_FTP, FTPES, FTPS. Logontype: 2 asks for the password. */
	static const unsigned protocols[] = {
		[CLIENT_PLAIN] = 6, [CLIENT_EXPLICIT] = 4, [CLIENT_IMPLICIT] = 3
	};

	buf_add(out, T("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<FileZilla3>\n\t<Settings>\n"));
	buf_addf(out,
		 "\t\t<Setting name=\"Use Pasv mode\">%u</Setting>\n"
		 "\t\t<Setting name=\"Timeout\">%u</Setting>\n"
		 "\t\t<Setting name=\"Reconnect count\">%u</Setting>\n"
		 "\t\t<Setting name=\"Reconnect delay\">%u</Setting>\n"
		 "\t\t<Setting name=\"FTP Keep-alive commands\">1</Setting>\n"
		 "\t</Settings>\n\t<Servers>\n\t\t<Server>\n",
		 !s->is_active, s->timeout_s, s->retries, s->retry_interval_s);
	add_xml("Host", s->host, out);
	buf_addf(out,
		 "\t\t\t<Port>%u</Port>\n\t\t\t<Protocol>%u</Protocol>\n\t\t\t<Type>0</Type>\n",
		 s->port, protocols[s->security]);
	if (has_user(s))
		add_xml("User", s->user, out);
	buf_addf(out,
		 "\t\t\t<Logontype>2</Logontype>\n"
		 "\t\t\t<PasvMode>%s</PasvMode>\n"
		 "\t\t\t<MaximumMultipleConnections>0</MaximumMultipleConnections>\n"
		 "\t\t\t<EncodingType>Auto</EncodingType>\n"
		 "\t\t\t<BypassProxy>0</BypassProxy>\n",
		 s->is_active ? "MODE_ACTIVE" : "MODE_PASSIVE");
	add_xml("Name", s->host, out);
	buf_add(out, T("\t\t</Server>\n\t</Servers>\n</FileZilla3>\n"));
	return 0;
}

static int winscp(const struct client_settings *s, struct buf *out)
{
	static const unsigned ftps[] = {
		[CLIENT_PLAIN] = 0, [CLIENT_EXPLICIT] = 3, [CLIENT_IMPLICIT] = 1
	};
	static const char *const schemes[] = { "ftp", "ftpes", "ftps" };

	buf_add(out, T("; As a URL: "));
	add_url(s, schemes[s->security], out);
	buf_add(out, T("\n[Sessions\\"));
	add_encoded(s->host, out);
	buf_add(out, T("]\nHostName="));
	add_encoded(s->host, out);
	buf_addf(out, "\nPortNumber=%u\nFSProtocol=5\nFtps=%u\nFtpPasvMode=%u\nTimeout=%u\n",
		 s->port, ftps[s->security], !s->is_active, s->timeout_s);
	buf_addf(out, "FtpPingType=2\nFtpPingInterval=%u\n", s->keepalive_s);
	if (s->security != CLIENT_PLAIN)
		buf_add(out, T("MinTlsVersion=12\n"));
	if (has_user(s)) {
		buf_add(out, T("UserName="));
		add_encoded(s->user, out);
		buf_add_char(out, '\n');
	}
	buf_addf(out,
		 "[Configuration\\Interface]\nSessionReopenAuto=%u\nSessionReopenBackground=%u\n"
		 "SessionReopenTimeout=%u\n",
		 s->retry_interval_s * 1000, s->retry_interval_s * 1000,
		 s->retries * (s->timeout_s + s->retry_interval_s) * 1000);
	return 0;
}

static int lftp(const struct client_settings *s, struct buf *out)
{
	const char *tls = s->security == CLIENT_PLAIN ? "no" : "yes";

	buf_addf(
		out,
		"set net:timeout %u\nset net:max-retries %u\n"
		"set net:reconnect-interval-base %u\nset net:reconnect-interval-max %u\n"
		"set net:reconnect-interval-multiplier 1\nset ftp:nop-interval %u\nset net:idle %u\n",
		s->timeout_s, s->retries, s->retry_interval_s, s->retry_interval_s, s->keepalive_s,
		s->keepalive_s);
	buf_addf(out,
		 "set ftp:passive-mode %s\nset ftp:ssl-allow %s\nset ftp:ssl-force %s\n"
		 "set ftp:ssl-protect-data %s\nset ftp:ssl-protect-list %s\n"
		 "set ssl:verify-certificate yes\nset ssl:check-hostname yes\n",
		 s->is_active ? "no" : "yes", tls, tls, tls, tls);
	if (s->ca_file)
		buf_addf(out, "set ssl:ca-file \"%s\"\n", s->ca_file);
	buf_addf(out, "open -p %u ", s->port);
	if (has_user(s))
		buf_addf(out, "-u \"%s\" ", s->user);
	buf_addf(out, "%s://", s->security == CLIENT_IMPLICIT ? "ftps" : "ftp");
	add_host(s, out);
	buf_add_char(out, '\n');
	return 0;
}

static int curl(const struct client_settings *s, struct buf *out)
{
	buf_addf(out, "url = \"%s://", s->security == CLIENT_IMPLICIT ? "ftps" : "ftp");
	add_host(s, out);
	buf_addf(out, ":%u/\"\n", s->port);
	if (has_user(s))
		buf_addf(out, "user = \"%s\"\n", s->user);
	if (s->security == CLIENT_EXPLICIT)
		buf_add(out, T("ssl-reqd\n"));
	if (s->security != CLIENT_PLAIN)
		buf_add(out, T("tlsv1.2\n"));
	if (s->ca_file)
		buf_addf(out, "cacert = \"%s\"\n", s->ca_file);
	buf_add(out, s->is_active ? T("ftp-port = \"-\"\n") : T("ftp-pasv\nftp-skip-pasv-ip\n"));
	buf_addf(out, "connect-timeout = %u\nretry = %u\nretry-delay = %u\nkeepalive-time = %u\n",
		 s->timeout_s, s->retries, s->retry_interval_s, s->keepalive_s);
	return 0;
}

/* Names of remotes hold letters, digits, '_', '-', '.'. */
static int rclone(const struct client_settings *s, struct buf *out)
{
	if (s->is_active)
		return -EOPNOTSUPP;
	buf_addf(out, "# rclone --contimeout %us --retries %u --retries-sleep %us lsf REMOTE:\n[",
		 s->timeout_s, s->retries, s->retry_interval_s);
	for (const char *c = s->host; *c; c++)
		buf_add_char(out, *c == ':' ? '_' : *c);
	buf_add(out, T("]\ntype = ftp\nhost = "));
	add_host(s, out);
	buf_addf(out, "\nport = %u\n", s->port);
	if (has_user(s))
		buf_addf(out, "user = %s\n", s->user);
	if (s->security != CLIENT_PLAIN)
		buf_addf(out, "%s = true\nno_check_certificate = false\n",
			 s->security == CLIENT_IMPLICIT ? "tls" : "explicit_tls");
	buf_addf(out, "ask_password = true\nidle_timeout = %us\nshut_timeout = %us\n",
		 s->keepalive_s, s->timeout_s);
	return 0;
}

static int json(const struct client_settings *s, struct buf *out)
{
	static const char *const words[] = { "none", "explicit", "implicit" };
	json_t *all =
		json_pack("{s:s, s:i, s:s, s:s, s:b, s:i, s:i, s:i, s:i}", "host", s->host, "port",
			  (int)s->port, "encryption", words[s->security], "mode",
			  s->is_active ? "active" : "passive", "verify_certificate", 1, "timeout_s",
			  (int)s->timeout_s, "retries", (int)s->retries, "retry_interval_s",
			  (int)s->retry_interval_s, "keepalive_s", (int)s->keepalive_s);

	if (all && has_user(s))
		(void)json_object_set_new(all, "user", json_string(s->user));
	char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
	json_decref(all);
	if (!text)
		return -EINVAL;
	buf_addf(out, "%s\n", text);
	free(text);
	return 0;
}

int client_settings_format(const struct client_settings *settings, enum client_export export,
			   struct buf *out)
{
	static int (*const formats[CLIENT_N_EXPORTS])(const struct client_settings *,
						      struct buf *) = {
		[CLIENT_FILEZILLA] = filezilla, [CLIENT_WINSCP] = winscp, [CLIENT_LFTP] = lftp,
		[CLIENT_CURL] = curl,		[CLIENT_RCLONE] = rclone, [CLIENT_JSON] = json,
	};

	if (!is_harmless(settings->host) || !is_harmless(settings->user) ||
	    !is_harmless(settings->ca_file))
		return -EINVAL;
	return formats[export](settings, out);
}
