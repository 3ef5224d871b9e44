/* guide/firewall_needs.c - see firewall_needs.h. */
#include "guide/firewall_needs.h"

#include <ifaddrs.h>
#include <netdb.h>

static struct network network_of(const struct address *address)
{
	struct network network = { .prefix_bits = 128 };

	memcpy(network.ip, address->ip, sizeof(network.ip));
	return network;
}

void firewall_needs_from_settings(const struct settings *settings, struct firewall_needs *ret)
{
	struct firewall_needs needs = { .explicit_ports = settings->explicit_ports,
					.implicit_ports = settings->implicit_ports };

	/* A host name that a person wrote is at most as long as the field, or it is none. */
	(void)!text_copy(text_of(settings->server_name), needs.server_name,
			 sizeof(needs.server_name));
	if (settings->passive)
		needs.passive_ports = settings->passive_ports;
	if (settings->active)
		needs.active_min_port = (uint16_t)settings->active_min_port;
	*ret = needs;
}

static int add_name(struct firewall_networks *networks, struct text name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char storage[HOST_NAME_SIZE];
	struct address address;

	if (text_copy(name, storage, sizeof(storage)) < 0 ||
	    getaddrinfo(storage, NULL, &hints, &found) != 0)
		return -ENOENT;
	for (const struct addrinfo *a = found; a; a = a->ai_next)
		if (address_from_sockaddr(a->ai_addr, &address) == 0)
			(void)firewall_networks_add(networks, network_of(&address));
	freeaddrinfo(found);
	return 0;
}

int firewall_networks_add_text(struct firewall_networks *networks, struct text what)
{
	struct network network;

	what = text_trim(what);
	if (what.len > 2 && what.ptr[0] == '[' && what.ptr[what.len - 1] == ']')
		what = (struct text){ what.ptr + 1, what.len - 2 };
	if (network_parse(what, &network) < 0)
		return add_name(networks, what);
	(void)firewall_networks_add(networks, network);
	return 0;
}

/* Rules of external_ip that hold for every client; those for networks are for insiders. */
static void add_external(const char *rules, struct firewall_networks *networks)
{
	struct text rest = text_of(rules), rule;

	while (text_take_until(&rest, ',', &rule))
		if (text_trim(rule).len > 0 && text_find(rule, '=') < 0)
			(void)!firewall_networks_add_text(networks, rule);
}

static void add_listen(const char *listen, bool wants_private, struct firewall_networks *networks)
{
	struct text rest = text_of(listen), part;
	struct address address;

	while (text_take_until(&rest, ',', &part))
		if (address_parse(text_trim(part), &address) == 0 &&
		    !address_is_unspecified(&address) &&
		    (wants_private || !address_is_private(&address)))
			(void)firewall_networks_add(networks, network_of(&address));
}

static void add_interfaces(struct firewall_networks *networks)
{
	struct ifaddrs *all = NULL;
	struct address address;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (i->ifa_addr && address_from_sockaddr(i->ifa_addr, &address) == 0 &&
		    !address_is_loopback(&address) && address.scope_id == 0)
			(void)firewall_networks_add(networks, network_of(&address));
	freeifaddrs(all);
}

void firewall_needs_add_told(const struct settings *settings, struct firewall_networks *servers)
{
	add_external(settings->external_ip, servers);
	add_listen(settings->listen, servers->n == 0, servers);
}

void firewall_needs_find_servers(const struct settings *settings, struct firewall_needs *needs)
{
	struct firewall_networks *servers = &needs->servers;

	firewall_needs_add_told(settings, servers);
	if (servers->n == 0 && settings->server_name[0])
		(void)!firewall_networks_add_text(servers, text_of(settings->server_name));
	if (servers->n == 0)
		add_interfaces(servers);
}
