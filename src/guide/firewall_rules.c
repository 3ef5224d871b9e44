/* guide/firewall_rules.c - the flows, and the rules for each firewall: a row of formats[] each.
 * Sources: nft(8), iptables-extensions(8), ufw(8), firewall-cmd(1), firewalld.policies(5), the
 * references of New-NetFirewallRule, `aws ec2`, `az network nsg`, `gcloud compute firewall-rules`,
 * PAN-OS and ASA command lines. */
#include "guide/firewall_rules.h"

#include <assert.h>
#include <stdio.h>

#define V4_MAPPED_BITS 96
#define MULTIPORT_MAX 15 /* iptables-extensions(8), ufw(8): a range counts twice */

/* A flow as one side sees it. */
struct rule {
	const struct firewall_flow *flow;
	bool is_out;
	const struct firewall_networks *peers; /* the far end */
};

struct format {
	const char *name;
	const char *comment;					  /* "# " */
	void (*begin)(const struct rule *first, struct buf *out); /* may be NULL */
	void (*rule)(const struct rule *rule, struct buf *out);
	const char *hint; /* lines behind the words, with the comment's mark; or "" */
};

/* --- flows ------------------------------------------------------------------------------------ */

static void add_port(struct firewall_flow *flow, uint16_t port)
{
	unsigned at = 0;

	while (at < flow->n_ports && flow->ports[at].first < port)
		at++;
	if (at < flow->n_ports && flow->ports[at].first == port)
		return;
	assert(flow->n_ports < FIREWALL_MAX_PORTS);
	memmove(&flow->ports[at + 1], &flow->ports[at],
		(flow->n_ports - at) * sizeof(flow->ports[0]));
	flow->ports[at] = (struct port_range){ port, port };
	flow->n_ports++;
}

size_t firewall_flows(const struct firewall_needs *needs, enum firewall_side side,
		      struct firewall_flow ret[static FIREWALL_MAX_FLOWS])
{
	struct firewall_flow command = { .id = "command", .what = "command connections" };
	size_t n = 0;

	for (unsigned i = 0; i < needs->explicit_ports.n; i++)
		add_port(&command, needs->explicit_ports.ports[i]);
	for (unsigned i = 0; i < needs->implicit_ports.n; i++)
		add_port(&command, needs->implicit_ports.ports[i]);
	if (command.n_ports > 0)
		ret[n++] = command;
	if (needs->passive_ports.first > 0)
		ret[n++] = (struct firewall_flow){ .id = "passive",
						   .what = "passive data connections",
						   .n_ports = 1,
						   .ports = { needs->passive_ports } };
	if (needs->active_min_port > 0 && (side == FIREWALL_SERVER || needs->client_is_active))
		ret[n++] = (struct firewall_flow){ .id = "active",
						   .what = "active data connections",
						   .is_from_server = true,
						   .n_ports = 1,
						   .ports = { { needs->active_min_port, 65535 } } };
	return n;
}

bool firewall_is_outbound(const struct firewall_flow *flow, enum firewall_side side)
{
	return flow->is_from_server == (side == FIREWALL_SERVER);
}

bool firewall_networks_add(struct firewall_networks *networks, struct network network)
{
	for (unsigned i = 0; i < networks->n; i++)
		if (memcmp(networks->networks[i].ip, network.ip, sizeof(network.ip)) == 0 &&
		    networks->networks[i].prefix_bits == network.prefix_bits)
			return false;
	if (networks->n == FIREWALL_MAX_NETWORKS)
		return false;
	networks->networks[networks->n++] = network;
	return true;
}

/* --- pieces of text --------------------------------------------------------------------------- */

bool firewall_network_is_v4(const struct network *network)
{
	struct address address = { .port = 0 };

	memcpy(address.ip, network->ip, sizeof(address.ip));
	return network->prefix_bits >= V4_MAPPED_BITS && address_is_v4(&address);
}

static void add_network(const struct network *network, bool is_bare, struct buf *out)
{
	struct address address = { .port = 0 };
	char text[ADDRESS_TEXT_SIZE];
	bool is_v4 = firewall_network_is_v4(network);

	memcpy(address.ip, network->ip, sizeof(address.ip));
	buf_add(out, text_of(address_format_ip(&address, text)));
	if (!is_bare || network->prefix_bits < 128)
		buf_addf(out, "/%u", network->prefix_bits - (is_v4 ? V4_MAPPED_BITS : 0));
}

void firewall_format_network(const struct network *network, struct buf *out)
{
	add_network(network, true, out);
}

static void add_range(const struct port_range *range, const char *dash, struct buf *out)
{
	buf_addf(out, "%u", range->first);
	if (range->last > range->first)
		buf_addf(out, "%s%u", dash, range->last);
}

void firewall_format_ports(const struct firewall_flow *flow, const char *separator,
			   const char *dash, struct buf *out)
{
	for (unsigned i = 0; i < flow->n_ports; i++) {
		if (i > 0)
			buf_add(out, text_of(separator));
		add_range(&flow->ports[i], dash, out);
	}
}

static bool has_family(const struct rule *rule, bool is_v4)
{
	for (unsigned i = 0; i < rule->peers->n; i++)
		if (firewall_network_is_v4(&rule->peers->networks[i]) == is_v4)
			return true;
	return rule->peers->n == 0;
}

static bool is_any(const struct rule *rule)
{
	return rule->peers->n == 0;
}

/* The networks of one family, each in quotes of the caller's; any_text when all are allowed. */
static void add_peers(const struct rule *rule, bool is_v4, const char *separator,
		      const char *any_text, bool is_bare, struct buf *out)
{
	const char *between = "";

	if (is_any(rule))
		buf_add(out, text_of(any_text));
	for (unsigned i = 0; i < rule->peers->n; i++) {
		if (firewall_network_is_v4(&rule->peers->networks[i]) != is_v4)
			continue;
		buf_add(out, text_of(between));
		add_network(&rule->peers->networks[i], is_bare, out);
		between = separator;
	}
}

/* --- nftables --------------------------------------------------------------------------------- */

/* "add" leaves tables and chains alone that are there, with their policy; "insert" puts the rules
 * before whatever refuses at the end. A table of our own could not help: a packet that another
 * table drops is dropped. */
static void nftables_begin(const struct rule *first UNUSED, struct buf *out)
{
	buf_add(out, T("add table inet filter\n"));
	for (unsigned i = 0; i < 2; i++) {
		const char *chain = i == 0 ? "input" : "output";

		buf_addf(out,
			 "add chain inet filter %s { type filter hook %s priority filter; }\n"
			 "insert rule inet filter %s ct state established,related accept\n",
			 chain, chain, chain);
	}
}

static void nftables_line(const struct rule *rule, bool is_v4, struct buf *out)
{
	buf_addf(out, "insert rule inet filter %s ", rule->is_out ? "output" : "input");
	if (!is_any(rule)) {
		buf_addf(out, "%s %s { ", is_v4 ? "ip" : "ip6", rule->is_out ? "daddr" : "saddr");
		add_peers(rule, is_v4, ", ", "", true, out);
		buf_add(out, T(" } "));
	}
	buf_add(out, T("tcp dport { "));
	firewall_format_ports(rule->flow, ", ", "-", out);
	buf_addf(out, " } ct state new accept comment \"FTP %s\"\n", rule->flow->what);
}

static void nftables_rule(const struct rule *rule, struct buf *out)
{
	if (is_any(rule) || has_family(rule, true))
		nftables_line(rule, true, out);
	if (!is_any(rule) && has_family(rule, false))
		nftables_line(rule, false, out);
}

/* --- iptables and ufw: at most 15 ports a line ------------------------------------------------ */

/* The next ports of the flow that fit one line, as a flow of their own; false: there are none. */
static bool take_multiport(const struct firewall_flow *flow, unsigned *at,
			   struct firewall_flow *ret)
{
	unsigned weight = 0;

	*ret = *flow;
	ret->n_ports = 0;
	while (*at < flow->n_ports) {
		const struct port_range *range = &flow->ports[*at];

		weight += range->last > range->first ? 2 : 1;
		if (weight > MULTIPORT_MAX)
			break;
		ret->ports[ret->n_ports++] = *range;
		(*at)++;
	}
	return ret->n_ports > 0;
}

static void iptables_line(const struct rule *rule, const struct firewall_flow *ports,
			  const struct network *peer, bool is_v4, struct buf *out)
{
	buf_addf(out, "%s -w -I %s -p tcp ", is_v4 ? "iptables" : "ip6tables",
		 rule->is_out ? "OUTPUT" : "INPUT");
	if (peer) {
		buf_addf(out, "%s ", rule->is_out ? "-d" : "-s");
		add_network(peer, true, out);
		buf_add_char(out, ' ');
	}
	buf_add(out, T("-m multiport --dports "));
	firewall_format_ports(ports, ",", ":", out);
	buf_addf(out,
		 " -m conntrack --ctstate NEW -m comment --comment \"FTP %s\" "
		 "-j ACCEPT\n",
		 rule->flow->what);
}

static void iptables_begin(const struct rule *first, struct buf *out)
{
	for (unsigned family = 0; family < 2; family++)
		for (unsigned i = 0; i < 2 && has_family(first, family == 0); i++)
			buf_addf(out,
				 "%s -w -I %s -m conntrack --ctstate ESTABLISHED,RELATED "
				 "-j ACCEPT\n",
				 family == 0 ? "iptables" : "ip6tables",
				 i == 0 ? "INPUT" : "OUTPUT");
}

static void iptables_rule(const struct rule *rule, struct buf *out)
{
	struct firewall_flow ports;

	for (unsigned at = 0; take_multiport(rule->flow, &at, &ports);) {
		for (unsigned i = 0; i < rule->peers->n; i++) {
			const struct network *peer = &rule->peers->networks[i];

			iptables_line(rule, &ports, peer, firewall_network_is_v4(peer), out);
		}
		if (is_any(rule)) {
			iptables_line(rule, &ports, NULL, true, out);
			iptables_line(rule, &ports, NULL, false, out);
		}
	}
}

static void ufw_line(const struct rule *rule, const struct firewall_flow *ports,
		     const struct network *peer, struct buf *out)
{
	buf_addf(out, "ufw allow %s proto tcp from ", rule->is_out ? "out" : "in");
	if (peer && !rule->is_out)
		add_network(peer, true, out);
	else
		buf_add(out, T("any"));
	buf_add(out, T(" to "));
	if (peer && rule->is_out)
		add_network(peer, true, out);
	else
		buf_add(out, T("any"));
	buf_add(out, T(" port "));
	firewall_format_ports(ports, ",", ":", out);
	buf_addf(out, " comment 'FTP %s'\n", rule->flow->what);
}

static void ufw_rule(const struct rule *rule, struct buf *out)
{
	struct firewall_flow ports;

	for (unsigned at = 0; take_multiport(rule->flow, &at, &ports);) {
		if (is_any(rule))
			ufw_line(rule, &ports, NULL, out);
		for (unsigned i = 0; i < rule->peers->n; i++)
			ufw_line(rule, &ports, &rule->peers->networks[i], out);
	}
}

/* --- firewalld: zones for what comes in, a policy for what goes out --------------------------- */

static void firewalld_rich(const struct rule *rule, const struct network *peer,
			   const struct port_range *range, struct buf *out)
{
	buf_addf(out, "firewall-cmd --permanent %s--add-rich-rule='rule",
		 rule->is_out ? "--policy sallyport-out " : "");
	if (peer) {
		buf_addf(out, " family=\"%s\" %s address=\"",
			 firewall_network_is_v4(peer) ? "ipv4" : "ipv6",
			 rule->is_out ? "destination" : "source");
		add_network(peer, true, out);
		buf_add_char(out, '"');
	}
	buf_add(out, T(" port port=\""));
	add_range(range, "-", out);
	buf_add(out, T("\" protocol=\"tcp\" accept'\n"));
}

static void firewalld_rule(const struct rule *rule, struct buf *out)
{
	if (rule->is_out)
		buf_add(out, T("firewall-cmd --permanent --new-policy sallyport-out || :\n"
			       "firewall-cmd --permanent --policy sallyport-out "
			       "--add-ingress-zone HOST --add-egress-zone ANY\n"));
	for (unsigned i = 0; i < rule->flow->n_ports; i++) {
		const struct port_range *range = &rule->flow->ports[i];

		if (is_any(rule))
			firewalld_rich(rule, NULL, range, out);
		for (unsigned j = 0; j < rule->peers->n; j++)
			firewalld_rich(rule, &rule->peers->networks[j], range, out);
	}
	buf_add(out, T("firewall-cmd --reload\n"));
}

/* --- Windows ---------------------------------------------------------------------------------- */

static void windows_rule(const struct rule *rule, struct buf *out)
{
	buf_addf(out,
		 "New-NetFirewallRule -DisplayName \"FTP %s\" -Direction %s -Action Allow "
		 "-Protocol TCP",
		 rule->flow->what, rule->is_out ? "Outbound" : "Inbound");
	if (!is_any(rule)) {
		buf_add(out, T(" -RemoteAddress "));
		for (unsigned i = 0; i < rule->peers->n; i++) {
			buf_add(out, i > 0 ? T(",") : T(""));
			add_network(&rule->peers->networks[i], true, out);
		}
	}
	buf_addf(out, " %s ", rule->is_out ? "-RemotePort" : "-LocalPort");
	firewall_format_ports(rule->flow, ",", "-", out);
	buf_add_char(out, '\n');
}

/* --- clouds ----------------------------------------------------------------------------------- */

static void aws_ranges(const struct rule *rule, bool is_v4, struct buf *out)
{
	const char *key = is_v4 ? "CidrIp" : "CidrIpv6", *between = "";

	buf_addf(out, ",%s=[", is_v4 ? "IpRanges" : "Ipv6Ranges");
	if (is_any(rule))
		buf_addf(out, "{%s=%s}", key, is_v4 ? "0.0.0.0/0" : "::/0");
	for (unsigned i = 0; i < rule->peers->n; i++) {
		if (firewall_network_is_v4(&rule->peers->networks[i]) != is_v4)
			continue;
		buf_addf(out, "%s{%s=", between, key);
		add_network(&rule->peers->networks[i], false, out);
		buf_add_char(out, '}');
		between = ",";
	}
	buf_add_char(out, ']');
}

static void aws_begin(const struct rule *first UNUSED, struct buf *out)
{
	buf_add(out, T("GROUP=sg-0123456789abcdef0   # the security group\n"));
}

static void aws_rule(const struct rule *rule, struct buf *out)
{
	buf_addf(out, "aws ec2 authorize-security-group-%s --group-id \"$GROUP\" --ip-permissions",
		 rule->is_out ? "egress" : "ingress");
	for (unsigned i = 0; i < rule->flow->n_ports; i++) {
		const struct port_range *range = &rule->flow->ports[i];

		buf_addf(out, " \\\n  'IpProtocol=tcp,FromPort=%u,ToPort=%u", range->first,
			 range->last);
		if (has_family(rule, true))
			aws_ranges(rule, true, out);
		if (has_family(rule, false))
			aws_ranges(rule, false, out);
		buf_add_char(out, '\'');
	}
	buf_add_char(out, '\n');
}

static unsigned flow_number(const struct firewall_flow *flow)
{
	return flow->id[0] == 'c' ? 0 : flow->id[0] == 'p' ? 1 : 2;
}

static void azure_begin(const struct rule *first UNUSED, struct buf *out)
{
	buf_add(out, T("GROUP=my-resource-group   # the resource group\n"
		       "NSG=my-network-security-group\n"));
}

/* The prefixes of a rule are of one family. */
static void azure_line(const struct rule *rule, bool is_v4, bool is_both, struct buf *out)
{
	const char *far = rule->is_out ? "destination" : "source";
	const char *near = rule->is_out ? "source" : "destination";

	buf_addf(out,
		 "az network nsg rule create --resource-group \"$GROUP\" --nsg-name \"$NSG\" \\\n"
		 "  --name ftp-%s%s --priority %u --direction %s --access Allow --protocol Tcp \\\n"
		 "  --%s-address-prefixes ",
		 rule->flow->id, is_both ? (is_v4 ? "-ipv4" : "-ipv6") : "",
		 300 + 10 * flow_number(rule->flow) + (is_v4 ? 0 : 5),
		 rule->is_out ? "Outbound" : "Inbound", far);
	add_peers(rule, is_v4, " ", "'*'", true, out);
	buf_addf(out,
		 " --%s-address-prefixes '*' \\\n"
		 "  --source-port-ranges '*' --destination-port-ranges ",
		 near);
	firewall_format_ports(rule->flow, " ", "-", out);
	buf_add_char(out, '\n');
}

static void azure_rule(const struct rule *rule, struct buf *out)
{
	bool is_both = !is_any(rule) && has_family(rule, true) && has_family(rule, false);

	if (has_family(rule, true))
		azure_line(rule, true, is_both, out);
	if (!is_any(rule) && has_family(rule, false))
		azure_line(rule, false, is_both, out);
}

static void gcp_begin(const struct rule *first UNUSED, struct buf *out)
{
	buf_add(out, T("NETWORK=default   # the VPC network\n"));
}

static void gcp_line(const struct rule *rule, bool is_v4, struct buf *out)
{
	buf_addf(out,
		 "gcloud compute firewall-rules create ftp-%s%s --network=\"$NETWORK\" "
		 "--direction=%s --action=ALLOW \\\n  --rules=tcp:",
		 rule->flow->id, is_v4 ? "" : "-ipv6", rule->is_out ? "EGRESS" : "INGRESS");
	firewall_format_ports(rule->flow, ",tcp:", "-", out);
	buf_addf(out, " --%s-ranges=", rule->is_out ? "destination" : "source");
	add_peers(rule, is_v4, ",", is_v4 ? "0.0.0.0/0" : "::/0", false, out);
	buf_add_char(out, '\n');
}

static void gcp_rule(const struct rule *rule, struct buf *out)
{
	if (has_family(rule, true))
		gcp_line(rule, true, out);
	if (has_family(rule, false))
		gcp_line(rule, false, out);
}

/* --- Palo Alto and Cisco: objects, then a rule that names them -------------------------------- */

static void paloalto_begin(const struct rule *first, struct buf *out)
{
	for (unsigned i = 0; i < first->peers->n; i++) {
		buf_addf(out, "set address ftp-peer-%u ip-netmask ", i + 1);
		add_network(&first->peers->networks[i], true, out);
		buf_add_char(out, '\n');
	}
}

static void paloalto_peers(const struct rule *rule, struct buf *out)
{
	if (is_any(rule)) {
		buf_add(out, T("any"));
		return;
	}
	buf_add(out, T("["));
	for (unsigned i = 0; i < rule->peers->n; i++)
		buf_addf(out, " ftp-peer-%u", i + 1);
	buf_add(out, T(" ]"));
}

static void paloalto_rule(const struct rule *rule, struct buf *out)
{
	const char *id = rule->flow->id;

	buf_addf(out, "set service ftp-%s protocol tcp port ", id);
	firewall_format_ports(rule->flow, ",", "-", out);
	buf_addf(out, "\nset rulebase security rules allow-ftp-%s from any to any source ", id);
	if (rule->is_out)
		buf_add(out, T("any"));
	else
		paloalto_peers(rule, out);
	buf_add(out, T(" destination "));
	if (rule->is_out)
		paloalto_peers(rule, out);
	else
		buf_add(out, T("any"));
	buf_addf(out, " application any service ftp-%s action allow\n", id);
}

static void cisco_begin(const struct rule *first, struct buf *out)
{
	if (is_any(first))
		return;
	buf_add(out, T("object-group network FTP-PEERS\n"));
	for (unsigned i = 0; i < first->peers->n; i++) {
		const struct network *peer = &first->peers->networks[i];
		bool is_v4 = firewall_network_is_v4(peer);

		buf_add(out, T(" network-object "));
		if (peer->prefix_bits == 128)
			buf_add(out, T("host "));
		if (is_v4 && peer->prefix_bits < 128) {
			char text[ADDRESS_TEXT_SIZE];
			struct address address = { .port = 0 };
			uint32_t mask = ~(uint32_t)0;

			mask = peer->prefix_bits > V4_MAPPED_BITS
				       ? mask << (128 - peer->prefix_bits)
				       : 0;
			memcpy(address.ip, peer->ip, sizeof(address.ip));
			buf_addf(out, "%s %u.%u.%u.%u", address_format_ip(&address, text),
				 mask >> 24, mask >> 16 & 255, mask >> 8 & 255, mask & 255);
		} else {
			add_network(peer, true, out);
		}
		buf_add_char(out, '\n');
	}
}

static void cisco_rule(const struct rule *rule, struct buf *out)
{
	const char *peers = is_any(rule) ? "any" : "object-group FTP-PEERS";
	char name[16];

	(void)snprintf(name, sizeof(name), "FTP-%s", rule->flow->id);
	for (char *c = name; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	buf_addf(out, "object-group service %s tcp\n", name);
	for (unsigned i = 0; i < rule->flow->n_ports; i++) {
		const struct port_range *range = &rule->flow->ports[i];

		if (range->first == range->last)
			buf_addf(out, " port-object eq %u\n", range->first);
		else
			buf_addf(out, " port-object range %u %u\n", range->first, range->last);
	}
	buf_addf(out, "access-list %s extended permit tcp %s %s object-group %s\n",
		 rule->is_out ? "INSIDE_IN" : "OUTSIDE_IN", rule->is_out ? "any" : peers,
		 rule->is_out ? peers : "any", name);
}

/* --- all of them ------------------------------------------------------------------------------ */

static const struct format formats[FIREWALL_N_FORMATS] = {
	[FIREWALL_NFTABLES] = { "nftables", "# ", nftables_begin, nftables_rule,
				"For `nft -f FILE`. Where the chains of a machine have other names "
				"than table inet filter,\n"
				"chains input and output, change them. Rules of the running kernel "
				"last until it restarts;\n"
				"put them into /etc/nftables.conf to keep them.\n" },
	[FIREWALL_IPTABLES] = { "iptables", "# ", iptables_begin, iptables_rule,
				"The rules last until the machine restarts; `netfilter-persistent "
				"save` keeps them.\n" },
	[FIREWALL_UFW] = { "ufw", "# ", NULL, ufw_rule, "" },
	[FIREWALL_FIREWALLD] = { "firewalld", "# ", NULL, firewalld_rule,
				 "What comes in is opened in the default zone; --zone NAME chooses "
				 "another.\n" },
	[FIREWALL_WINDOWS] = { "windows", "# ", NULL, windows_rule,
			       "For PowerShell as administrator. Where FTP over TLS breaks on "
			       "this machine, switch off the\n"
			       "filter that reads FTP commands: netsh advfirewall set global "
			       "StatefulFTP disable\n" },
	[FIREWALL_AWS] = { "aws", "# ", aws_begin, aws_rule,
			   "Network ACLs are not stateful: where one is in use, it also needs the "
			   "ports 1024-65535 of\nthe replies in the other direction.\n" },
	[FIREWALL_AZURE] = { "azure", "# ", azure_begin, azure_rule, "" },
	[FIREWALL_GCP] = { "gcp", "# ", gcp_begin, gcp_rule, "" },
	[FIREWALL_PALOALTO] = { "paloalto", "# ", paloalto_begin, paloalto_rule,
				"For the configuration mode; commit afterwards. The application is "
				"any, because the\n"
				"application \"ftp\" knows port 21 only and cannot see into TLS.\n" },
	[FIREWALL_CISCO] = { "cisco", "! ", cisco_begin, cisco_rule,
			     "For an ASA in configuration mode; replace INSIDE_IN or OUTSIDE_IN by "
			     "the access list that is\n"
			     "bound to the interface. \"inspect ftp strict\" breaks FTP over TLS: "
			     "exempt this traffic.\n" },
};

const char *firewall_format_name(enum firewall_format format)
{
	return formats[format].name;
}

int firewall_format_find(struct text name, enum firewall_format *ret)
{
	for (unsigned i = 0; i < FIREWALL_N_FORMATS; i++) {
		if (text_equal(name, text_of(formats[i].name))) {
			*ret = (enum firewall_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

static void add_comment(const char *mark, const char *lines, struct buf *out)
{
	struct text rest = text_of(lines), line;

	while (text_take_until(&rest, '\n', &line))
		buf_addf(out, "%s%.*s\n", mark, TEXT_ARG(line));
}

void firewall_format_rules(const struct firewall_needs *needs, enum firewall_side side,
			   enum firewall_format format, struct buf *out)
{
	const struct format *f = &formats[format];
	struct firewall_flow flows[FIREWALL_MAX_FLOWS];
	size_t n = firewall_flows(needs, side, flows);

	for (size_t i = 0; i < n; i++) {
		buf_add(out, text_of(f->comment));
		firewall_format_flow(needs, side, &flows[i], out);
		buf_add_char(out, '\n');
	}
	add_comment(f->comment, f->hint, out);
	for (size_t i = 0; i < n; i++) {
		struct rule rule = { &flows[i], firewall_is_outbound(&flows[i], side),
				     side == FIREWALL_SERVER ? &needs->clients : &needs->servers };

		if (i == 0 && f->begin)
			f->begin(&rule, out);
		f->rule(&rule, out);
	}
}
