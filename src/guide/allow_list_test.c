/* Tests of guide/allow_list.h: lists as people paste them, and what is missing in each. */
#include "base/test.h"
#include "guide/allow_list.h"
#include "guide/firewall_needs.h"

static struct firewall_needs sample(void)
{
	struct firewall_needs needs = { .server_name = "ftp.example.com",
					.explicit_ports = { 1, { 21 } },
					.implicit_ports = { 1, { 990 } },
					.passive_ports = { 40000, 50000 },
					.active_min_port = 1024 };

	assert_int_equal(firewall_networks_add_text(&needs.servers, T("203.0.113.5")), 0);
	assert_int_equal(firewall_networks_add_text(&needs.servers, T("203.0.113.6")), 0);
	return needs;
}

/* "203.0.113.5 command 21, 990; 203.0.113.6 passive 50000" */
static void compare(const char *list, const struct firewall_needs *needs, enum firewall_side side,
		    struct buf *out)
{
	AUTO_ALLOW_LIST struct allow_list *parsed = NULL;
	struct allow_gap gaps[ALLOW_LIST_MAX_GAPS];

	int r = allow_list_parse(text_of(list), text_of(needs->server_name), &parsed);
	if (r < 0) {
		buf_addf(out, "%d", r);
		return;
	}
	size_t n = allow_list_compare(parsed, needs, side, gaps);
	for (size_t i = 0; i < n; i++) {
		buf_add(out, i > 0 ? T("; ") : T(""));
		if (gaps[i].has_peer) {
			firewall_format_network(&gaps[i].peer, out);
			buf_add_char(out, ' ');
		}
		buf_addf(out, "%s ", gaps[i].flow.id);
		firewall_format_ports(&gaps[i].flow, ", ", "-", out);
	}
}

#define BOTH "203.0.113.0/24"
#define ALL_COMMAND "203.0.113.5 command 21, 990; 203.0.113.6 command 21, 990"
#define ALL_PASSIVE "203.0.113.5 passive 40000-50000; 203.0.113.6 passive 40000-50000"

#define ALL_PASSIVE_BUT_ONE "203.0.113.5 passive 40001-50000; 203.0.113.6 passive 40001-50000"

/* At the client's firewall. */
static const struct {
	const char *list, *missing;
} lists[] = {
	{ "", "-61" },
	{ "Dear colleague, all is open!\n", "-61" },
	/* plain */
	{ "21, 990, 40000-50000", "" },
	{ "21 990 40000:50000", "" },
	{ "21,990,40000-49999", "203.0.113.5 passive 50000; 203.0.113.6 passive 50000" },
	{ "21/tcp\n990/tcp\n40000-50000/tcp\n", "" },
	{ "tcp/21\ntcp/990\ntcp/40000-50000\n", "" },
	{ "21, 990, 40000-50000/udp", ALL_PASSIVE },
	{ "21\r\n990\r\n40000 - 50000\r\n", "" },
	{ "• 21\n•990\n• 40000 – 50000\n", "" },
	{ "21\u00a0990\u00a040000—50000", "" },
	{ "21 990 40000..50000", "" },
	{ "21 990 40000\xe2\x80", ALL_PASSIVE_BUT_ONE },
	{ "Addresses: 203.0.113.5\nPorts: 21, 990, 40000-50000\n",
	  "203.0.113.6 command 21, 990; 203.0.113.6 passive 40000-50000" },
	{ "203.0.113.4-203.0.113.9\n21, 990, 40000-50000", "" },
	{ "203.0.113.5\n203.0.113.6\n", "" }, /* addresses alone: everything to them */
	{ "ftp.example.com: 21, 990, 40000 to 50000", "" },
	{ "203.0.113.5:21\n203.0.113.5:990\n203.0.113.6:21\n203.0.113.6:990\n", ALL_PASSIVE },
	/* words */
	{ "allow FTP ports 21 and 990, plus data ports 40000-49999, to all IP addresses",
	  "203.0.113.5 passive 50000; 203.0.113.6 passive 50000" },
	{ "Please open outbound TCP 21, 990 and 40000 to 50000 to 203.0.113.5 and 203.0.113.6.",
	  "" },
	{ "Inbound only: allow inbound TCP 21, 990, 40000-50000", ALL_COMMAND "; " ALL_PASSIVE },
	/* iptables */
	{ "-A OUTPUT -d 203.0.113.5/32 -p tcp -m multiport --dports 21,990,40000:50000 -j ACCEPT",
	  "203.0.113.6 command 21, 990; 203.0.113.6 passive 40000-50000" },
	{ "-P OUTPUT DROP\n-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	  "-A OUTPUT -o lo -j ACCEPT\n-A OUTPUT -p tcp --dport 21 -j ACCEPT\n"
	  "-A OUTPUT -p tcp --dport 990 -j ACCEPT\n",
	  ALL_PASSIVE },
	{ "-A OUTPUT -p tcp --dport 45000:65535 -j REJECT\n"
	  "-A OUTPUT -p tcp -m multiport --dports 21,990,40000:50000 -j ACCEPT\n",
	  "203.0.113.5 passive 45000-50000; 203.0.113.6 passive 45000-50000" },
	{ "-P OUTPUT ACCEPT\n-A OUTPUT -p tcp --dport 40000:50000 -j DROP\n", ALL_PASSIVE },
	{ "-A OUTPUT -p tcp --sport 21 -j ACCEPT\n-A OUTPUT -p tcp --dport 990 -j ACCEPT\n"
	  "-A OUTPUT -p tcp --dport 40000:50000 -j ACCEPT\n",
	  "203.0.113.5 command 21; 203.0.113.6 command 21" },
	{ "-I OUTPUT 3 -d 203.0.113.5 -j ACCEPT\n-I OUTPUT 3 -d 203.0.113.6 -j ACCEPT\n", "" },
	/* nftables */
	{ "table inet filter {\n\tchain output {\n\t\ttype filter hook output priority 0; policy drop;\n"
	  "\t\tct state established,related accept\n\t\toif \"lo\" accept\n"
	  "\t\tip daddr " BOTH " tcp dport { 21, 990, 40000-50000 } accept\n\t}\n}\n",
	  "" },
	{ "\t\ttcp dport { 21, 990 } accept comment \"and not 40000-50000\"\n", ALL_PASSIVE },
	{ "\t\ttcp dport { ftp, ftps } accept\n", ALL_PASSIVE },
	/* ufw */
	{ "Status: active\nDefault: deny (incoming), deny (outgoing)\n"
	  "To                         Action      From\n--                         ------      ----\n"
	  "21,990/tcp                 ALLOW OUT   Anywhere\n"
	  "40000:50000/tcp            ALLOW OUT   Anywhere\n",
	  "" },
	{ "ufw allow out proto tcp from 10.0.0.0/8 port 1024 to " BOTH " port 21,990,40000:50000",
	  "" },
	{ "ufw allow in 21/tcp\nufw allow out 990/tcp\nufw allow out 40000:50000/tcp\n",
	  "203.0.113.5 command 21; 203.0.113.6 command 21" },
	/* firewalld */
	{ "  services: ftp ssh\n  ports: 990/tcp 40000-50000/tcp\n", "" },
	/* Windows */
	{ "New-NetFirewallRule -DisplayName \"FTP 40000-50000\" -Direction Outbound -Action Allow "
	  "-Protocol TCP -RemotePort 21,990\n",
	  ALL_PASSIVE },
	{ "netsh advfirewall firewall add rule name=\"x\" dir=out action=allow protocol=TCP "
	  "remoteport=21,990,40000-50000\n",
	  "" },
	{ "New-NetFirewallRule -Direction Outbound -Action Allow -Protocol TCP "
	  "-LocalPort 21,990,40000-50000\n",
	  ALL_COMMAND "; " ALL_PASSIVE },
	/* AWS, in JSON */
	{ "{\"IpPermissionsEgress\": [{\n\"FromPort\": 21,\n\"ToPort\": 21,\n\"IpProtocol\": \"tcp\"\n},"
	  "{\n\"FromPort\": 990,\n\"ToPort\": 990\n},{\n\"FromPort\": 40000,\n\"ToPort\": 50000\n}]}",
	  "" },
	/* Cisco */
	{ "access-list INSIDE_IN extended permit tcp any host 203.0.113.5 eq ftp\n"
	  "access-list INSIDE_IN extended permit tcp any 203.0.113.0 255.255.255.0 eq 990\n"
	  "access-list INSIDE_IN extended permit tcp any any range 40000 50000\n"
	  "access-list INSIDE_IN extended deny ip any any\n",
	  "203.0.113.6 command 21" },
	{ "permit tcp 10.0.0.0 0.255.255.255 203.0.113.0 0.0.0.255 range 20 65535\n", "" },
	{ "permit tcp host 203.0.113.5 any range 1 65535\n", "" },
};

static void test_lists_as_people_paste_them(void **state UNUSED)
{
	struct firewall_needs needs = sample();

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		char storage[1024];
		struct buf out;

		buf_init(&out, storage, sizeof(storage));
		compare(lists[i].list, &needs, FIREWALL_CLIENT, &out);
		if (strcmp(storage, lists[i].missing) != 0)
			fail_msg("%s\nmissing \"%s\" instead of \"%s\"", lists[i].list, storage,
				 lists[i].missing);
	}
}

/* Whatever we print for a firewall is complete when it is read back, and not by chance: with a
 * shorter range it is not. */
static void check_round_trip(const struct firewall_needs *needs, enum firewall_side side,
			     enum firewall_format format)
{
	static char rules[FIREWALL_TEXT_SIZE];
	struct firewall_needs less = *needs;
	char storage[4096];
	struct buf text, out;

	buf_init(&text, rules, sizeof(rules));
	firewall_format_rules(needs, side, format, &text);
	buf_init(&out, storage, sizeof(storage));
	compare(rules, needs, side, &out);
	if (out.len > 0)
		fail_msg("%s side %d: missing %s in\n%s", firewall_format_name(format), side,
			 storage, rules);
	less.passive_ports.last--;
	less.active_min_port = 60000;
	buf_reset(&text);
	firewall_format_rules(&less, side, format, &text);
	compare(rules, needs, side, &out);
	if (!strstr(storage, "passive 50000"))
		fail_msg("%s side %d: \"%s\" instead of port 50000 in\n%s",
			 firewall_format_name(format), side, storage, rules);
}

static void test_our_own_rules_are_complete(void **state UNUSED)
{
	struct firewall_needs needs = sample(), limited = sample();

	assert_int_equal(firewall_networks_add_text(&needs.servers, T("2001:db8::/48")), 0);
	assert_int_equal(firewall_networks_add_text(&limited.clients, T("198.51.100.0/24")), 0);
	limited.client_is_active = true;
	for (unsigned side = 0; side < 2; side++) {
		for (unsigned i = 0; i < FIREWALL_N_FORMATS; i++) {
			check_round_trip(&needs, (enum firewall_side)side, (enum firewall_format)i);
			check_round_trip(&limited, (enum firewall_side)side,
					 (enum firewall_format)i);
		}
	}
}

static void test_the_servers_firewall_must_let_all_clients_in(void **state UNUSED)
{
	struct firewall_needs needs = sample();
	char storage[1024];
	struct buf out;

	needs.active_min_port = 0;
	buf_init(&out, storage, sizeof(storage));
	compare("-A INPUT -p tcp -m multiport --dports 21,990 -j ACCEPT", &needs, FIREWALL_SERVER,
		&out);
	assert_string_equal(storage, "passive 40000-50000");
	buf_reset(&out);
	assert_int_equal(firewall_networks_add_text(&needs.clients, T("198.51.100.7")), 0);
	compare("-A INPUT -s 198.51.100.0/25 -p tcp -m multiport --dports 21,990,40000:50000 "
		"-j ACCEPT",
		&needs, FIREWALL_SERVER, &out);
	assert_string_equal(storage, "");
	compare("-A INPUT -s 198.51.100.128/25 -p tcp --dport 1:65535 -j ACCEPT", &needs,
		FIREWALL_SERVER, &out);
	assert_string_equal(storage, "198.51.100.7 command 21, 990; 198.51.100.7 passive "
				     "40000-50000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_as_people_paste_them),
		cmocka_unit_test(test_our_own_rules_are_complete),
		cmocka_unit_test(test_the_servers_firewall_must_let_all_clients_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
