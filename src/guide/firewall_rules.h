/* guide/firewall_rules.h - what a firewall must let through so that FTP works, and the rules for
 * it in the language of the firewall.
 *
 * Fill a struct firewall_needs (firewall_needs.h does it from the settings of a server, the doctor
 * from its evidence), then ask for rules, a table or a letter. Rules are for one side: that of the
 * server, where clients come in, or that of a client, where they go out. Replies to allowed
 * connections are taken for allowed, as every stateful firewall does.
 * Threads: any; pure functions. */
#ifndef GUIDE_FIREWALL_RULES_H
#define GUIDE_FIREWALL_RULES_H

#include "base/buf.h"
#include "net/address.h"
#include "settings/settings.h"

#define FIREWALL_MAX_NETWORKS 16
#define FIREWALL_MAX_PORTS (2 * SETTINGS_MAX_PORTS)
#define FIREWALL_MAX_FLOWS 3
#define FIREWALL_TEXT_SIZE (32 * 1024) /* the longest output fits */

enum firewall_side { FIREWALL_SERVER, FIREWALL_CLIENT };

enum firewall_format {
	FIREWALL_NFTABLES,
	FIREWALL_IPTABLES,
	FIREWALL_UFW,
	FIREWALL_FIREWALLD,
	FIREWALL_WINDOWS,
	FIREWALL_AWS,
	FIREWALL_AZURE,
	FIREWALL_GCP,
	FIREWALL_PALOALTO,
	FIREWALL_CISCO,
	FIREWALL_N_FORMATS
};

struct firewall_networks {
	unsigned n; /* 0: any address */
	struct network networks[FIREWALL_MAX_NETWORKS];
};

struct firewall_needs {
	char server_name[HOST_NAME_SIZE]; /* what clients call the server; may be empty */
	/* As the other side sees them: behind NAT the external ones. */
	struct firewall_networks servers, clients;
	struct port_list explicit_ports, implicit_ports; /* command ports; either may be empty */
	struct port_range passive_ports;		 /* first is 0: there is no passive mode */
	/* The server dials clients, at this port or above; 0: there is no active mode. */
	uint16_t active_min_port;
	/* The client's side must let that in; without it active mode counts at the server only. */
	bool client_is_active;
};

/* TCP connections from one end to ports of the other. */
struct firewall_flow {
	const char *id;	  /* "command", "passive", "active" */
	const char *what; /* "command connections" */
	bool is_from_server;
	unsigned n_ports;
	struct port_range ports[FIREWALL_MAX_PORTS]; /* ascending, no port twice; at the far end */
};

/* The flows that this side must allow; returns how many. */
size_t firewall_flows(const struct firewall_needs *needs, enum firewall_side side,
		      struct firewall_flow ret[static FIREWALL_MAX_FLOWS]);
/* Connections of the flow leave this side, rather than come in. */
bool firewall_is_outbound(const struct firewall_flow *flow, enum firewall_side side);

/* False when there is no room, or it is there already (which is fine). */
bool firewall_networks_add(struct firewall_networks *networks, struct network network);

/* "nftables", "cisco" ...; the other way round: -EINVAL when there is none with this name. */
const char *firewall_format_name(enum firewall_format format);
int firewall_format_find(struct text name, enum firewall_format *ret) MUST_CHECK;

/* Commands or lines to paste, with comments that say in words what they allow. nftables output is
 * for `nft -f -`, iptables, ufw, firewalld, aws, azure and gcp output for a shell, windows output
 * for PowerShell, paloalto and cisco output for the configuration mode of the device. */
void firewall_format_rules(const struct firewall_needs *needs, enum firewall_side side,
			   enum firewall_format format, struct buf *out);

/* One line per flow: "Allow outbound TCP to 203.0.113.5, ports 21, 990: command connections". */
void firewall_format_words(const struct firewall_needs *needs, enum firewall_side side,
			   struct buf *out);
/* The same for one flow, without the end of the line. */
void firewall_format_flow(const struct firewall_needs *needs, enum firewall_side side,
			  const struct firewall_flow *flow, struct buf *out);
/* To the administrator of that side's firewall. */
void firewall_format_letter(const struct firewall_needs *needs, enum firewall_side side,
			    struct buf *out);

/* "21, 990, 40000-50000", with separator between and dash inside of ranges. */
void firewall_format_ports(const struct firewall_flow *flow, const char *separator,
			   const char *dash, struct buf *out);
/* "203.0.113.0/24"; a single address has no suffix. */
void firewall_format_network(const struct network *network, struct buf *out);
bool firewall_network_is_v4(const struct network *network);

#endif
