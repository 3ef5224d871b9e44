/* Tests of guide/firewall_rules.h, and of firewall_needs.h as far as it needs no network. */
#include "base/test.h"
#include "guide/firewall_needs.h"

static char storage[FIREWALL_TEXT_SIZE];

static struct firewall_needs sample(void)
{
	struct firewall_needs needs = { .server_name = "ftp.example.com",
					.explicit_ports = { 2, { 21, 3021 } },
					.implicit_ports = { 2, { 990, 3990 } },
					.passive_ports = { 40000, 50000 },
					.active_min_port = 1024 };

	assert_int_equal(firewall_networks_add_text(&needs.servers, T("203.0.113.5")), 0);
	return needs;
}

static struct text rules(const struct firewall_needs *needs, enum firewall_side side,
			 enum firewall_format format)
{
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	firewall_format_rules(needs, side, format, &out);
	assert_false(out.has_overflowed);
	return buf_text(&out);
}

static void assert_holds(struct text text, const char *part)
{
	if (!memmem(text.ptr, text.len, part, strlen(part)))
		fail_msg("\"%s\" is not in:\n%.*s", part, TEXT_ARG(text));
}

static void assert_lacks(struct text text, const char *part)
{
	if (memmem(text.ptr, text.len, part, strlen(part)))
		fail_msg("\"%s\" is in:\n%.*s", part, TEXT_ARG(text));
}

static void test_flows_depend_on_the_side(void **state UNUSED)
{
	struct firewall_needs needs = sample();
	struct firewall_flow flows[FIREWALL_MAX_FLOWS];

	assert_int_equal(firewall_flows(&needs, FIREWALL_SERVER, flows), 3);
	assert_int_equal(flows[0].n_ports, 4);
	assert_int_equal(flows[0].ports[1].first, 990); /* in order, whatever the kind */
	assert_true(firewall_is_outbound(&flows[2], FIREWALL_SERVER));
	assert_int_equal(firewall_flows(&needs, FIREWALL_CLIENT, flows), 2);
	needs.client_is_active = true;
	assert_int_equal(firewall_flows(&needs, FIREWALL_CLIENT, flows), 3);
	assert_false(firewall_is_outbound(&flows[2], FIREWALL_CLIENT));
	needs = (struct firewall_needs){ .passive_ports = { 21000, 21050 } };
	assert_int_equal(firewall_flows(&needs, FIREWALL_CLIENT, flows), 1);
	assert_string_equal(flows[0].id, "passive");
}

static void test_a_port_that_is_there_twice_counts_once(void **state UNUSED)
{
	struct firewall_needs needs = { .explicit_ports = { 2, { 990, 21 } },
					.implicit_ports = { 1, { 990 } } };
	struct firewall_flow flows[FIREWALL_MAX_FLOWS];

	assert_int_equal(firewall_flows(&needs, FIREWALL_SERVER, flows), 1);
	assert_int_equal(flows[0].n_ports, 2);
}

/* Format, side, what its output must hold. */
static const struct {
	enum firewall_format format;
	enum firewall_side side;
	const char *part;
} expected[] = {
	{ FIREWALL_NFTABLES, FIREWALL_SERVER,
	  "insert rule inet filter input tcp dport { 21, 990, 3021, 3990 } ct state new accept" },
	{ FIREWALL_NFTABLES, FIREWALL_SERVER, "filter output tcp dport { 1024-65535 }" },
	{ FIREWALL_NFTABLES, FIREWALL_CLIENT,
	  "output ip daddr { 203.0.113.5 } tcp dport { 40000-50000 }" },
	{ FIREWALL_IPTABLES, FIREWALL_SERVER,
	  "ip6tables -w -I INPUT -p tcp -m multiport --dports 21,990,3021,3990 " },
	{ FIREWALL_IPTABLES, FIREWALL_CLIENT,
	  "iptables -w -I OUTPUT -p tcp -d 203.0.113.5 -m multiport --dports 40000:50000 " },
	{ FIREWALL_UFW, FIREWALL_SERVER,
	  "ufw allow in proto tcp from any to any port 21,990,3021,3990 " },
	{ FIREWALL_UFW, FIREWALL_CLIENT,
	  "ufw allow out proto tcp from any to 203.0.113.5 port 40000:50000 " },
	{ FIREWALL_FIREWALLD, FIREWALL_SERVER,
	  "--add-rich-rule='rule port port=\"40000-50000\" protocol=\"tcp\" accept'" },
	{ FIREWALL_FIREWALLD, FIREWALL_CLIENT, "destination address=\"203.0.113.5\"" },
	{ FIREWALL_WINDOWS, FIREWALL_SERVER,
	  "-Direction Inbound -Action Allow -Protocol TCP -LocalPort 21,990,3021,3990" },
	{ FIREWALL_WINDOWS, FIREWALL_CLIENT,
	  "-Direction Outbound -Action Allow -Protocol TCP -RemoteAddress 203.0.113.5 "
	  "-RemotePort 40000-50000" },
	{ FIREWALL_AWS, FIREWALL_SERVER,
	  "FromPort=40000,ToPort=50000,IpRanges=[{CidrIp=0.0.0.0/0}],Ipv6Ranges=[{CidrIpv6=::/0}]" },
	{ FIREWALL_AWS, FIREWALL_CLIENT, "IpRanges=[{CidrIp=203.0.113.5/32}]'" },
	{ FIREWALL_AZURE, FIREWALL_CLIENT, "--destination-address-prefixes 203.0.113.5 " },
	{ FIREWALL_AZURE, FIREWALL_SERVER, "--destination-port-ranges 21 990 3021 3990" },
	{ FIREWALL_GCP, FIREWALL_SERVER,
	  "--rules=tcp:21,tcp:990,tcp:3021,tcp:3990 --source-ranges=0.0.0.0/0" },
	{ FIREWALL_GCP, FIREWALL_CLIENT, "--destination-ranges=203.0.113.5/32" },
	{ FIREWALL_PALOALTO, FIREWALL_CLIENT,
	  "source any destination [ ftp-peer-1 ] application any service ftp-passive" },
	{ FIREWALL_CISCO, FIREWALL_CLIENT, " port-object range 40000 50000" },
	{ FIREWALL_CISCO, FIREWALL_CLIENT, " network-object host 203.0.113.5" },
};

static void test_each_format_says_it_in_its_own_words(void **state UNUSED)
{
	struct firewall_needs needs = sample();

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_holds(rules(&needs, expected[i].side, expected[i].format), expected[i].part);
}

static void test_both_families_get_rules_of_their_own(void **state UNUSED)
{
	struct firewall_needs needs = sample();

	assert_int_equal(firewall_networks_add_text(&needs.servers, T("[2001:db8::/32]")), 0);
	assert_holds(rules(&needs, FIREWALL_CLIENT, FIREWALL_NFTABLES),
		     "ip6 daddr { 2001:db8::/32 }");
	assert_holds(rules(&needs, FIREWALL_CLIENT, FIREWALL_IPTABLES),
		     "ip6tables -w -I OUTPUT -p tcp -d 2001:db8::/32 ");
	assert_holds(rules(&needs, FIREWALL_CLIENT, FIREWALL_GCP), "ftp-command-ipv6");
	assert_holds(rules(&needs, FIREWALL_CLIENT, FIREWALL_AZURE), "--name ftp-passive-ipv6 ");
	assert_holds(rules(&needs, FIREWALL_CLIENT, FIREWALL_AWS),
		     "Ipv6Ranges=[{CidrIpv6=2001:db8::/32}]");
}

static void test_clients_may_be_limited_to_networks(void **state UNUSED)
{
	struct firewall_needs needs = sample();

	assert_int_equal(firewall_networks_add_text(&needs.clients, T("198.51.100.0/24")), 0);
	assert_holds(rules(&needs, FIREWALL_SERVER, FIREWALL_NFTABLES),
		     "ip saddr { 198.51.100.0/24 }");
	assert_holds(rules(&needs, FIREWALL_SERVER, FIREWALL_CISCO),
		     " network-object 198.51.100.0 255.255.255.0");
	assert_lacks(rules(&needs, FIREWALL_SERVER, FIREWALL_IPTABLES), "ip6tables");
}

static void test_more_than_fifteen_ports_take_several_lines(void **state UNUSED)
{
	struct firewall_needs needs = { .explicit_ports = { .n = 16 },
					.implicit_ports = { .n = 16 } };

	for (uint16_t i = 0; i < 16; i++) {
		needs.explicit_ports.ports[i] = (uint16_t)(2100 + 2 * i);
		needs.implicit_ports.ports[i] = (uint16_t)(9900 + 2 * i);
	}
	struct text text = rules(&needs, FIREWALL_SERVER, FIREWALL_UFW);
	size_t n = 0;

	for (const char *at = text.ptr; (at = strstr(at, "\nufw allow")); at++)
		n++;
	assert_int_equal(n, 3);
	assert_holds(text, "9930");
}

static void test_the_letter_names_what_is_needed(void **state UNUSED)
{
	struct firewall_needs needs = sample();
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	firewall_format_letter(&needs, FIREWALL_CLIENT, &out);
	assert_holds(buf_text(&out), "ftp.example.com");
	assert_holds(buf_text(&out), "203.0.113.5");
	assert_holds(buf_text(&out), "TCP 40000-50000");
	assert_holds(buf_text(&out), "FTP inspection");
	assert_lacks(buf_text(&out), "inbound");
	buf_reset(&out);
	firewall_format_letter(&needs, FIREWALL_SERVER, &out);
	assert_holds(buf_text(&out), "Allow inbound TCP from any client");
}

static void test_names_of_formats(void **state UNUSED)
{
	enum firewall_format format = FIREWALL_UFW;

	assert_int_equal(firewall_format_find(T("pf"), &format), -EINVAL);
	assert_int_equal(format, FIREWALL_UFW);
	for (unsigned i = 0; i < FIREWALL_N_FORMATS; i++) {
		const char *name = firewall_format_name((enum firewall_format)i);

		assert_int_equal(firewall_format_find(text_of(name), &format), 0);
		assert_int_equal(format, i);
	}
}

static void test_needs_follow_the_settings(void **state UNUSED)
{
	static const char ini[] = "server_name = ftp.example.com\nactive = no\n"
				  "passive_ports = 21000-21050\nexplicit_ports = 21\n"
				  "external_ip = 10.0.0.0/8=local, 203.0.113.7\n";
	struct settings_loaded *loaded = NULL;
	struct settings_error error;
	struct firewall_needs needs;

	assert_int_equal(settings_load("t", text_of(ini), NULL, 0, &loaded, &error), 0);
	firewall_needs_from_settings(settings_values(loaded), &needs);
	firewall_needs_find_servers(settings_values(loaded), &needs);
	settings_free(&loaded);
	assert_int_equal(needs.active_min_port, 0);
	assert_int_equal(needs.passive_ports.last, 21050);
	assert_int_equal(needs.servers.n, 1);
	assert_holds(rules(&needs, FIREWALL_CLIENT, FIREWALL_UFW), "to 203.0.113.7 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows_depend_on_the_side),
		cmocka_unit_test(test_a_port_that_is_there_twice_counts_once),
		cmocka_unit_test(test_each_format_says_it_in_its_own_words),
		cmocka_unit_test(test_both_families_get_rules_of_their_own),
		cmocka_unit_test(test_clients_may_be_limited_to_networks),
		cmocka_unit_test(test_more_than_fifteen_ports_take_several_lines),
		cmocka_unit_test(test_the_letter_names_what_is_needed),
		cmocka_unit_test(test_names_of_formats),
		cmocka_unit_test(test_needs_follow_the_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
