/* guide/firewall_needs.h - the needs of a server, from its settings.
 * Threads: any. firewall_needs_init asks the resolver and the kernel, so that it may take a
 * while. */
#ifndef GUIDE_FIREWALL_NEEDS_H
#define GUIDE_FIREWALL_NEEDS_H

#include "guide/firewall_rules.h"

/* Everything but the addresses. */
void firewall_needs_from_settings(const struct settings *settings, struct firewall_needs *ret);

/* Adds a network, an address, or every address of a name. 0, or -ENOENT when it is a name that has
 * none. */
int firewall_networks_add_text(struct firewall_networks *networks, struct text what) MUST_CHECK;

/* Those that external_ip and listen name. */
void firewall_needs_add_told(const struct settings *settings, struct firewall_networks *servers);

/* The addresses that clients reach the server at: those that external_ip and listen name, else
 * those of server_name, else those of this machine's interfaces. */
void firewall_needs_find_servers(const struct settings *settings, struct firewall_needs *needs);

#endif
