/* guide/firewall_words.c - what a firewall must let through, for people: lines and letters. */
#include "guide/firewall_rules.h"

static void add_networks(const struct firewall_networks *networks, const char *any, struct buf *out)
{
	if (networks->n == 0)
		buf_add(out, text_of(any));
	for (unsigned i = 0; i < networks->n; i++) {
		buf_add(out, i > 0 ? T(", ") : T(""));
		firewall_format_network(&networks->networks[i], out);
	}
}

void firewall_format_flow(const struct firewall_needs *needs, enum firewall_side side,
			  const struct firewall_flow *flow, struct buf *out)
{
	bool is_out = firewall_is_outbound(flow, side);
	bool is_server = side == FIREWALL_SERVER;
	bool is_one = flow->n_ports == 1 && flow->ports[0].first == flow->ports[0].last;

	buf_addf(out, "Allow %sbound TCP %s ", is_out ? "out" : "in", is_out ? "to" : "from");
	add_networks(is_server ? &needs->clients : &needs->servers,
		     is_server ? "any client" : "the server", out);
	buf_addf(out, ", %s%s ",
		 is_out	     ? ""
		 : is_server ? "to the server's "
			     : "to the client's ",
		 is_one ? "port" : "ports");
	firewall_format_ports(flow, ", ", "-", out);
	buf_addf(out, ": %s", flow->what);
}

void firewall_format_words(const struct firewall_needs *needs, enum firewall_side side,
			   struct buf *out)
{
	struct firewall_flow flows[FIREWALL_MAX_FLOWS];
	size_t n = firewall_flows(needs, side, flows);

	for (size_t i = 0; i < n; i++) {
		firewall_format_flow(needs, side, &flows[i], out);
		buf_add_char(out, '\n');
	}
}

/* --- the letter ------------------------------------------------------------------------------- */

static void add_ports_line(const char *what, const struct port_list *ports, struct buf *out)
{
	if (ports->n == 0)
		return;
	buf_addf(out, "  %s", what);
	for (unsigned i = 0; i < ports->n; i++)
		buf_addf(out, "%s%u", i > 0 ? ", " : "", ports->ports[i]);
	buf_add_char(out, '\n');
}

static void add_facts(const struct firewall_needs *needs, struct buf *out)
{
	buf_addf(out, "  Server:                  %s\n  Addresses:               ",
		 needs->server_name[0] ? needs->server_name : "see the addresses");
	add_networks(&needs->servers, "those that the name resolves to", out);
	buf_add_char(out, '\n');
	add_ports_line("Command, explicit TLS:   TCP ", &needs->explicit_ports, out);
	add_ports_line("Command, implicit TLS:   TCP ", &needs->implicit_ports, out);
	if (needs->passive_ports.first > 0) {
		buf_addf(out, "  Data, passive mode:      TCP %u", needs->passive_ports.first);
		if (needs->passive_ports.last > needs->passive_ports.first)
			buf_addf(out, "-%u", needs->passive_ports.last);
		buf_add_char(out, '\n');
	}
	if (needs->clients.n > 0) {
		buf_add(out, T("  Clients:                 "));
		add_networks(&needs->clients, "", out);
		buf_add_char(out, '\n');
	}
}

static void add_requests(const struct firewall_needs *needs, enum firewall_side side,
			 struct buf *out)
{
	struct firewall_flow flows[FIREWALL_MAX_FLOWS];
	size_t n = firewall_flows(needs, side, flows);

	for (size_t i = 0; i < n; i++) {
		buf_addf(out, "  %zu. ", i + 1);
		firewall_format_flow(needs, side, &flows[i], out);
		buf_add(out, T(".\n"));
	}
	buf_addf(
		out,
		"  %zu. Exempt these connections from FTP inspection (\"FTP ALG\", \"FTP helper\",\n"
		"     \"inspect ftp\"): it cannot read commands inside of TLS, and breaks them.\n",
		n + 1);
	if (needs->clients.n == 0 && side == FIREWALL_SERVER)
		return;
	buf_addf(out,
		 "  %zu. Keep idle connections for more than two minutes: a command connection is\n"
		 "     silent while a file travels, and the server sends keepalives.\n",
		 n + 2);
}

static void add_reasons(const struct firewall_needs *needs, struct buf *out)
{
	if (needs->passive_ports.first > 0)
		buf_add(out,
			T("Why a range of ports: FTP opens a new connection for every listing and for\n"
			  "every file, to a port of that range that the server names. With only the\n"
			  "command ports open, logins work and then listings and transfers time out,\n"
			  "which can leave empty files behind. The range must be open as a whole.\n\n"));
	if (needs->active_min_port > 0 && !needs->client_is_active)
		buf_add(out, T("Nothing has to be opened towards clients: they use passive mode, "
			       "in which all\nconnections go from the client to the server.\n\n"));
}

void firewall_format_letter(const struct firewall_needs *needs, enum firewall_side side,
			    struct buf *out)
{
	const char *name = needs->server_name[0] ? needs->server_name : "our server";

	buf_addf(out, "Subject: Firewall rules for FTP over TLS %s %s\n\nHello,\n\n",
		 side == FIREWALL_CLIENT ? "to" : "at", name);
	if (side == FIREWALL_CLIENT)
		buf_addf(
			out,
			"we exchange files with your organisation by FTP over TLS on %s.\n"
			"So that this works from your network, please let the following through your\n"
			"firewall.\n\n",
			name);
	else
		buf_addf(
			out,
			"clients reach the file server %s by FTP over TLS. So that this\n"
			"works, please let the following through the firewall in front of it, and\n"
			"forward the ports unchanged where it translates addresses.\n\n",
			name);
	add_facts(needs, out);
	buf_add(out, T("\nWhat we ask for:\n\n"));
	add_requests(needs, side, out);
	buf_add_char(out, '\n');
	add_reasons(needs, out);
	buf_addf(out,
		 "To test it from a machine behind the firewall: sallyport doctor %s\n"
		 "It names the port, the address and the direction that are still blocked.\n\n"
		 "Thank you.\n",
		 needs->server_name[0] ? needs->server_name : "HOST");
}
