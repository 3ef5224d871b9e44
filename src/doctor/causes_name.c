/* doctor/causes_name.c - causes in the name and its addresses; see cause.h. */
#include "doctor/cause.h"

static bool is_ftp_scheme(const char *scheme)
{
	return text_has_word(scheme, "ftp") && !text_has_word(scheme, "sftp");
}

/* "ftp://host:21/" is what some clients take; for what none does it is a problem. */
static bool name_is_mended(const struct evidence *evidence, struct finding *finding)
{
	const struct target *target = &evidence->target;
	bool is_url = target->had_scheme && is_ftp_scheme(target->scheme);

	if (!target->had_scheme && !target->had_blanks && !target->had_path && !target->had_user)
		return false;
	if (is_url && !target->had_blanks)
		finding->severity = SEVERITY_NOTE;
	fact_text(finding, "given", target->given);
	fact_text(finding, "host", target->host);
	if (target->had_scheme)
		fact_text(finding, "scheme", target->scheme);
	if (target->had_scheme && text_has_word(target->scheme, "sftp"))
		finding_add(finding, "sftp:// stands for SSH, another protocol on port 22.");
	return true;
}

static bool dns_has_failed(const struct evidence *evidence, struct finding *finding)
{
	const struct dns *dns = &evidence->dns;
	enum dns_outcome a = dns->a.outcome, aaaa = dns->aaaa.outcome;

	if (evidence->target.is_address || dns->n_addresses > 0 || a == DNS_UNTRIED)
		return false;
	fact_text(finding, "host", evidence->target.host);
	if (a == DNS_NO_NAME || a == DNS_NO_ADDRESS) {
		bool is_there = a == DNS_NO_ADDRESS || aaaa == DNS_NO_ADDRESS;

		fact_text(finding, "reason", is_there ? "no_address" : "no_name");
		finding_add(finding, is_there ? "The name exists, without an address."
					      : "The resolver says that there is no such name.");
		return true;
	}
	fact_text(finding, "reason", a == DNS_TIMED_OUT ? "timed_out" : "failed");
	finding_add(finding, "The resolver did not tell whether it exists (%s).",
		    *dns->a.error ? dns->a.error : "no answer");
	finding_advise(finding, WHO_YOU,
		       "Look after this machine's resolver and network: does another name, or "
		       "another resolver, give an answer? Only then look after the DNS record of "
		       "{host}.");
	return true;
}

/* No door of this host opened although some were tried. */
static bool host_is_dead(const struct evidence *evidence, const struct address *host,
			 enum net_outcome *ret_outcome)
{
	const struct door *shown = NULL;

	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		if (!address_same_host(&door->address, host) || door->outcome == NET_UNTRIED)
			continue;
		if (door->outcome == NET_OK || door->outcome == NET_NO_ROUTE ||
		    door->outcome == NET_SKIPPED)
			return false;
		/* The port that is open elsewhere tells most. */
		for (size_t j = 0; j < evidence->n_doors; j++)
			if (evidence->doors[j].outcome == NET_OK &&
			    evidence->doors[j].address.port == door->address.port)
				shown = door;
	}
	if (!shown)
		return false;
	*ret_outcome = shown->outcome;
	return true;
}

static const struct door *open_door(const struct evidence *evidence, bool is_v4)
{
	for (size_t i = 0; i < evidence->n_doors; i++)
		if (evidence->doors[i].outcome == NET_OK &&
		    address_is_v4(&evidence->doors[i].address) == is_v4)
			return &evidence->doors[i];
	return NULL;
}

static bool ipv6_is_broken(const struct evidence *evidence, struct finding *finding)
{
	const struct door *good = open_door(evidence, true);
	enum net_outcome outcome;

	if (!good || open_door(evidence, false))
		return false;
	for (size_t i = 0; i < evidence->dns.n_addresses; i++) {
		const struct address *host = &evidence->dns.addresses[i];

		if (address_is_v4(host) || !host_is_dead(evidence, host, &outcome))
			continue;
		fact_host(finding, "address", host);
		fact_number(finding, "port", good->address.port);
		fact_host(finding, "works", &good->address);
		finding_add(finding, outcome == NET_TIMED_OUT
					     ? "Packets to the IPv6 address vanish without a word."
					     : "The IPv6 address refuses connections.");
		return true;
	}
	return false;
}

/* Among the addresses of one family some work and this one does not. */
static bool one_of_several(const struct evidence *evidence, struct finding *finding,
			   bool wants_silence)
{
	char missing[EVIDENCE_LINE], shown[ADDRESS_TEXT_SIZE];
	struct buf list;
	bool is_first = true;

	buf_init(&list, missing, sizeof(missing));
	for (size_t i = 0; i < evidence->dns.n_addresses; i++) {
		const struct address *host = &evidence->dns.addresses[i];
		const struct door *good = open_door(evidence, address_is_v4(host));
		enum net_outcome outcome;

		if (!good || !host_is_dead(evidence, host, &outcome) ||
		    (outcome == NET_TIMED_OUT) != wants_silence)
			continue;
		if (is_first) {
			fact_host(finding, "address", host);
			fact_number(finding, "port", good->address.port);
			fact_host(finding, "works", &good->address);
			(void)fact_hop(evidence, finding, host);
		}
		buf_addf(&list, "%s%s", is_first ? "" : ", ", address_format_ip(host, shown));
		is_first = false;
	}
	fact_text(finding, "missing", missing);
	return !is_first;
}

/* How far from the server packets vanish, in hops, by the address that works; -1: not known. */
static int hops_before_server(const struct evidence *evidence, const struct finding *finding)
{
	const struct named_value *hop = finding_fact(finding, "hop");
	unsigned reached = 0;

	for (size_t i = 0; i < evidence->n_traces; i++)
		if (!evidence->traces[i].is_blocked)
			reached = evidence->traces[i].reached_ttl;
	return hop && reached > 0 ? (int)reached - (int)hop->number : -1;
}

static void withdraw(struct finding *finding)
{
	finding->n_facts = 0;
	finding->explanation[0] = '\0';
}

static bool one_address_is_dead(const struct evidence *evidence, struct finding *finding)
{
	if (one_of_several(evidence, finding, false))
		return true;
	/* Silence that begins right before the server is the server's own. */
	if (one_of_several(evidence, finding, true)) {
		int hops = hops_before_server(evidence, finding);

		if (hops >= 0 && hops <= 1) {
			finding->confidence = 70;
			return true;
		}
	}
	withdraw(finding);
	return false;
}

static bool one_address_is_filtered(const struct evidence *evidence, struct finding *finding)
{
	if (!one_of_several(evidence, finding, true))
		return false;
	int hops = hops_before_server(evidence, finding);
	return hops < 0 || hops > 1; /* else D-05 */
}

static bool any_door_is_open(const struct evidence *evidence)
{
	return open_door(evidence, true) || open_door(evidence, false);
}

static bool inside_name_from_outside(const struct evidence *evidence, struct finding *finding)
{
	const struct address *inside = NULL;
	const struct dns *dns = &evidence->dns;
	bool has_public = false;

	if (evidence->target.is_address)
		return false;
	for (size_t i = 0; i < dns->n_addresses; i++) {
		if (address_is_private(&dns->addresses[i]) &&
		    !address_is_loopback(&dns->addresses[i]))
			inside = inside ? inside : &dns->addresses[i];
		else
			has_public = true;
	}
	/* A private address that works is as it should be, for whoever is inside. */
	if (!inside || (any_door_is_open(evidence) && !has_public))
		return false;
	for (size_t i = 0; i < evidence->n_doors; i++)
		if (address_same_host(&evidence->doors[i].address, inside) &&
		    (evidence->doors[i].outcome == NET_OK ||
		     evidence->doors[i].outcome == NET_REFUSED))
			return false; /* that machine is there */
	fact_text(finding, "host", evidence->target.host);
	fact_host(finding, "address", inside);
	return true;
}

/* --- a name or an address that leads elsewhere ------------------------------------------------ */

/* One address shows our name's certificate, another one that of somebody else. */
static bool one_address_is_anothers(const struct evidence *evidence, struct finding *finding)
{
	const struct address *good = NULL;
	const struct handshake *shown = main_handshake(evidence, &good);

	if (evidence->target.is_address || evidence->target.given_mode == MODE_PLAIN || !shown ||
	    shown->outcome != NET_OK || shown->verify_error != 0 || !shown->name_matches)
		return false;
	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct control *control = &evidence->controls[i];
		const struct handshake *other = &control->handshake;

		if (control->purpose != PURPOSE_LOOK || other->outcome != NET_OK ||
		    other->n_chain == 0 || other->name_matches ||
		    address_same_host(&control->attempt.peer, good))
			continue;
		fact_text(finding, "host", evidence->target.host);
		fact_address(finding, &control->attempt.peer);
		fact_host(finding, "works", good);
		fact_text(finding, "certificate",
			  *other->chain[0].common_name ? other->chain[0].common_name
						       : other->chain[0].names);
		fact_text(finding, "names", other->chain[0].names);
		fact_text(finding, "fingerprint", other->chain[0].fingerprint);
		return true;
	}
	return false;
}

/* The trusted certificate at the given address has a name that leads elsewhere by now. */
static bool address_was_left(const struct evidence *evidence, struct finding *finding)
{
	const struct dns *dns = &evidence->dns;

	if (!evidence->target.is_address || !*dns->certificate_name ||
	    dns->n_named_addresses == 0 || dns->n_addresses == 0 ||
	    address_is_private(&dns->addresses[0]))
		return false;
	for (size_t i = 0; i < dns->n_named_addresses; i++)
		if (address_same_host(&dns->named_addresses[i], &dns->addresses[0]) ||
		    address_is_private(&dns->named_addresses[i]))
			return false; /* seen from inside, addresses differ for good reasons */
	fact_host(finding, "address", &dns->addresses[0]);
	fact_text(finding, "host", dns->certificate_name);
	fact_host(finding, "works", &dns->named_addresses[0]);
	return true;
}

static const struct cause rows[] = {
	{ .id = "D-01",
	  .title = "What was given as the host is more than a host name",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 95,
	  .applies = name_is_mended,
	  .explanation = "You gave \"{given}\". Clients look this text up as it stands and find "
			 "nothing; it was read as {host} here.",
	  .remedy = "Enter only the host name, {host}, without a scheme, a path or blanks; port "
		    "and user have fields of their own." },
	{ .id = "D-02",
	  .title = "The host name has no address",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = dns_has_failed,
	  .explanation = "DNS has no address for {host}.",
	  .remedy = "Look for a typing error in {host}. If it is right, its owner adds the A "
		    "record (and AAAA only where IPv6 works).",
	  .tells_apart = "A look-up from another network tells a missing record from a resolver "
			 "that knows only part of the world." },
	{ .id = "D-04",
	  .title = "The name leads to an inside address",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 70,
	  .applies = inside_name_from_outside,
	  .explanation = "{host} resolves to {address}, which can be reached from inside of that "
			 "network only, and from here it cannot.",
	  .remedy = "From outside the name must resolve to the public address: serve two views "
		    "of the zone, or connect to the VPN first.",
	  .tells_apart = "Ask a public resolver for the name: another answer there means split "
			 "DNS.",
	  .explains = "D-05 D-10 D-11 D-13" },
	{ .id = "D-07",
	  .title = "The name has an IPv6 address that does not work",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = ipv6_is_broken,
	  .explanation = "Port {port} opens at {works} and not at {address}. Clients that prefer "
			 "IPv6 wait for it first, or fail.",
	  .remedy = "Let the server listen on {address} and open TCP {port} there for IPv6, or "
		    "remove the AAAA record.",
	  .tells_apart = "Another host over IPv6 from here tells whether IPv6 works at all on "
			 "this side.",
	  .explains = "D-05 D-13" },
	{ .id = "D-03",
	  .title = "One address of the name leads to another server",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 80,
	  .applies = one_address_is_anothers,
	  .explanation = "{host} has several addresses. At {works} the server shows a certificate "
			 "for {host}; at {address} it shows one for {names}.",
	  .remedy = "Take {address} out of the DNS record of {host}, or install the certificate "
		    "of {host} there. Clients may go on with the record of before until its TTL "
		    "has run out.",
	  .tells_apart = "If {address} is a server of yours, only its certificate is wrong "
			 "(D-49); if not, the DNS record is.",
	  .explains = "D-46 D-47 D-48 D-49 D-50" },
	{ .id = "D-06",
	  .title = "The address is not the server's any more",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 75,
	  .applies = address_was_left,
	  .explanation = "You gave the address {address}. Its certificate is for {host}, and that "
			 "name leads to {works} now.",
	  .remedy = "Use the name {host} instead of the address: names follow when a server "
		    "moves.",
	  .tells_apart = "If the server's administrator still has {address} in use, the name is "
			 "the better way all the same.",
	  .explains = "D-49" },
	{ .id = "D-05",
	  .title = "One address of several is dead",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = one_address_is_dead,
	  .explanation = "The name has several addresses. Port {port} opens at {works}; "
			 "{address} does not. Every so often a client meets the dead one.",
	  .remedy = "Start or repair the server at {missing}, or take it out of DNS. Until then "
		    "clients get through with 3 tries, 10 s apart." },
	{ .id = "D-13",
	  .title = "A firewall lets only some of the server's addresses through",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 65,
	  .applies = one_address_is_filtered,
	  .explanation = "The name has several addresses. Port {port} opens at {works}; packets "
			 "to {address} vanish without a word.",
	  .remedy = "Add {missing} to the firewall's list of allowed addresses, with the same "
		    "ports as {works}.",
	  .tells_apart = "If {address} is silent from other networks too, the server there is "
			 "down (D-05)." },
};

const struct stage stage_name = { "Name and address", rows, ARRAY_SIZE(rows) };
