/* guide/allow_list.h - what a firewall lets through today, read from whatever its administrator
 * sent: rules of nftables, iptables, ufw, firewalld, Windows, AWS, Azure, GCP, Palo Alto or Cisco,
 * their listings, plain lists such as "21, 990, 40000-50000", networks, or sentences with these.
 *
 * The reader knows words, not grammars: it collects ports, addresses, directions and verdicts of
 * each line, and takes lines that are only ports and lines that are only addresses together. What
 * it does not understand opens nothing.
 * Threads: one at a time per list; pure. */
#ifndef GUIDE_ALLOW_LIST_H
#define GUIDE_ALLOW_LIST_H

#include "guide/firewall_rules.h"

struct allow_list;

/* server_name in the text stands for all addresses of the server; it may be empty. 0 and *ret owned
 * by the caller; -ENODATA: there is neither a port nor an address in it; -E2BIG; -ENOMEM. */
int allow_list_parse(struct text in, struct text server_name, struct allow_list **ret) MUST_CHECK;
void allow_list_free(struct allow_list **list); /* accepts NULL; leaves NULL */
#define AUTO_ALLOW_LIST __attribute__((cleanup(allow_list_free)))

#define ALLOW_LIST_MAX_GAPS (FIREWALL_MAX_FLOWS * FIREWALL_MAX_NETWORKS)

/* What is missing of one flow, at one address of the far end. */
struct allow_gap {
	struct firewall_flow flow; /* its ports are those that are missing */
	bool is_more;		   /* ... and further ones, which there was no room for */
	bool has_peer;		   /* else: whatever the address */
	struct network peer;
	bool is_whole; /* nothing of the flow is allowed */
};

/* Of each flow that this side must allow; returns how many. 0: the list is complete. */
size_t allow_list_compare(const struct allow_list *list, const struct firewall_needs *needs,
			  enum firewall_side side,
			  struct allow_gap ret[static ALLOW_LIST_MAX_GAPS]);

#endif
