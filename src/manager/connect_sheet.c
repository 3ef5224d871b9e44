/* manager/connect_sheet.c - see connect_sheet.h. */
#include "manager/connect_sheet.h"

#include "manager/examiner_link.h"
#include "manager/manager.h"

static void add_addresses(struct firewall_networks *networks, const json_t *list)
{
	const json_t *address;
	size_t i;

	json_array_foreach(list, i, address)(void) !firewall_networks_add_text(
		networks, text_of(json_string_value(address)));
}

void connect_sheet_needs(const struct api_context *context, struct firewall_needs *ret)
{
	const struct settings *settings = context->settings;

	firewall_needs_from_settings(settings, ret);
	firewall_needs_add_told(settings, &ret->servers);
	if (ret->servers.n > 0)
		return;

	json_t *around = examiner_look_around(context->supervisor, settings->server_name);

	add_addresses(&ret->servers, json_object_get(around, "resolved"));
	if (ret->servers.n == 0)
		add_addresses(&ret->servers, json_object_get(around, "interfaces"));
	json_decref(around);
}

void connect_sheet_host(const struct firewall_needs *needs, char ret[static HOST_NAME_SIZE])
{
	struct buf out;

	buf_init(&out, ret, HOST_NAME_SIZE);
	if (needs->server_name[0])
		buf_add(&out, text_of(needs->server_name));
	else if (needs->servers.n > 0)
		firewall_format_network(&needs->servers.networks[0], &out);
}

/* TLS that begins explicitly first: its port is more often open. */
static enum client_security best_security(const struct api_context *context,
					  const struct firewall_needs *needs)
{
	bool has_tls = context->certificates && context->certificates->pem;

	if (needs->explicit_ports.n > 0)
		return has_tls ? CLIENT_EXPLICIT : CLIENT_PLAIN;
	return CLIENT_IMPLICIT;
}

/* Clients may also leave TLS out on the ports where it begins explicitly. */
static bool serves_plain(const struct api_context *context, const struct firewall_needs *needs,
			 const char *user)
{
	struct account account;
	bool needs_tls = false;

	if (best_security(context, needs) == CLIENT_PLAIN)
		return true;
	if (!context->settings->plain_ftp || needs->explicit_ports.n == 0)
		return false;
	if (*user && accounts_get(context->accounts, text_of(user), &account) >= 0) {
		needs_tls = account.access.requires_tls;
		explicit_bzero(&account, sizeof(account));
	}
	return !needs_tls;
}

int connect_sheet_settings(const struct api_context *context, const struct firewall_needs *needs,
			   const char *user, enum client_export export, struct buf *out)
{
	enum client_security security = best_security(context, needs);
	const struct port_list *ports =
		security == CLIENT_IMPLICIT ? &needs->implicit_ports : &needs->explicit_ports;
	struct client_settings settings;
	char host[HOST_NAME_SIZE];

	connect_sheet_host(needs, host);
	if (!*host || ports->n == 0)
		return -ENOENT;
	client_settings_init(&settings, host, ports->ports[0], security);
	settings.user = user;
	return client_settings_format(&settings, export, out);
}

static void add_ports(const struct port_list *ports, const char *what, struct buf *out)
{
	if (ports->n == 0)
		return;
	buf_addf(out, "%s", what);
	for (unsigned i = 0; i < ports->n; i++)
		buf_addf(out, "%s%u", i > 0 ? ", " : "", ports->ports[i]);
	buf_add_char(out, '\n');
}

void connect_sheet_mail(const struct api_context *context, const struct firewall_needs *needs,
			const char *user, struct buf *out)
{
	enum client_security security = best_security(context, needs);
	char host[HOST_NAME_SIZE];

	connect_sheet_host(needs, host);
	buf_addf(out, "Your access to the file server %s\n\n", *host ? host : "(address unknown)");
	buf_addf(out, "Host:      %s\n", *host ? host : "ask the administrator");
	if (security != CLIENT_IMPLICIT)
		add_ports(&needs->explicit_ports,
			  security == CLIENT_EXPLICIT ? "Port:      explicit FTPS (AUTH TLS): "
						      : "Port:      ",
			  out);
	add_ports(&needs->implicit_ports, "Port:      implicit FTPS: ", out);
	if (security != CLIENT_PLAIN && serves_plain(context, needs, user))
		add_ports(&needs->explicit_ports, "Port:      FTP without TLS: ", out);
	buf_addf(out, "Security:  %s\n",
		 security == CLIENT_PLAIN ? "none: plain FTP" : "TLS (FTPS; this is not SFTP)");
	if (*user)
		buf_addf(out, "User:      %s\n", user);
	buf_add(out, T("Password:  you get it on another way; it is never in a mail like this\n"
		       "Mode:      passive\n\n"));
	buf_add(out, T("Please let your firewall administrator allow, from your network:\n"));
	firewall_format_words(needs, FIREWALL_CLIENT, out);
	buf_add(out,
		T("\nThe second kind of connection carries the files: without it you can log in, "
		  "and\nevery listing and transfer ends in a timeout.\n"));
}

static json_t *ports_json(const struct port_list *ports)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < ports->n; i++)
		(void)json_array_append_new(list, json_integer(ports->ports[i]));
	return list;
}

json_t *connect_sheet_json(const struct api_context *context, const struct firewall_needs *needs,
			   const char *user)
{
	bool is_plain = best_security(context, needs) == CLIENT_PLAIN;
	char host[HOST_NAME_SIZE], range[16] = "";
	static const struct port_list none = { .n = 0 };

	connect_sheet_host(needs, host);
	if (needs->passive_ports.first > 0)
		(void)snprintf(range, sizeof(range), "%u-%u", needs->passive_ports.first,
			       needs->passive_ports.last);
	return json_pack(
		"{s:s, s:s, s:{s:o, s:o, s:o}, s:s, s:s}", "name",
		*needs->server_name ? needs->server_name : host, "host", host, "ports", "explicit",
		ports_json(is_plain ? &none : &needs->explicit_ports), "implicit",
		ports_json(&needs->implicit_ports), "plain",
		ports_json(serves_plain(context, needs, user) ? &needs->explicit_ports : &none),
		"passive_ports", range, "user", user);
}
