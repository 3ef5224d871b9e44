/* doctor/causes_connect.c - causes between here and the command port, and of what answers there;
 * see cause.h. */
#include "doctor/cause.h"

static bool is_open(const struct door *door)
{
	return door->outcome == NET_OK;
}

static bool any_is_open(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->n_doors; i++)
		if (is_open(&evidence->doors[i]))
			return true;
	return false;
}

static int64_t longest_wait_ms(const struct door *door)
{
	int64_t longest = 0;

	for (size_t i = 0; i < door->n_attempts; i++)
		longest = MAX_OF(longest, door->attempts[i].duration_ms);
	return longest;
}

/* "21, 990, 3021, 3990": those that fared like this one. */
static void fact_ports(const struct evidence *evidence, struct finding *finding,
		       const struct door *like)
{
	char list[EVIDENCE_LINE];
	struct buf out;

	buf_init(&out, list, sizeof(list));
	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		if (address_same_host(&door->address, &like->address) &&
		    door->outcome == like->outcome)
			buf_addf(&out, "%s%u", out.len > 0 ? ", " : "", door->address.port);
	}
	fact_text(finding, "ports", list);
}

static bool command_port_is_silent(const struct evidence *evidence, struct finding *finding)
{
	const struct door *door = main_door(evidence);

	if (!door || any_is_open(evidence) || door->outcome != NET_TIMED_OUT)
		return false;
	fact_address(finding, &door->address);
	fact_ports(evidence, finding, door);
	fact_number(finding, "seconds", seconds_of_ms(longest_wait_ms(door)));
	fact_number(finding, "tries", (int64_t)door->n_attempts);
	(void)fact_hop(evidence, finding, &door->address);
	return true;
}

static const struct icmp *icmp_of(const struct door *door)
{
	for (size_t i = 0; i < door->n_attempts; i++)
		if (door->attempts[i].icmp.is_there)
			return &door->attempts[i].icmp;
	return NULL;
}

static bool command_port_is_refused(const struct evidence *evidence, struct finding *finding)
{
	const struct door *door = main_door(evidence);
	const struct icmp *icmp = door ? icmp_of(door) : NULL;
	char shown[ADDRESS_TEXT_SIZE];

	if (!door || any_is_open(evidence) ||
	    (door->outcome != NET_REFUSED && door->outcome != NET_UNREACHABLE))
		return false;
	fact_address(finding, &door->address);
	fact_ports(evidence, finding, door);
	if (!icmp) {
		fact_text(finding, "by", "rst");
		finding_add(finding, "A reset came at once, as from a machine on which nothing "
				     "listens at that port, or from a firewall that rejects.");
		return true;
	}
	fact_text(finding, "by", icmp->kind);
	fact_host(finding, "from", &icmp->from);
	finding_add(finding, "%s answered with the ICMP message \"%s\".",
		    address_format_ip(&icmp->from, shown), icmp->kind);
	if (strcmp(icmp->kind, "prohibited") == 0) {
		finding->confidence = 90;
		finding_advise(finding, WHO_FIREWALL,
			       "Ask whoever runs the firewall at {from} to allow TCP to {address}, "
			       "port {port}.");
	} else if (strcmp(icmp->kind, "host_unreachable") == 0 ||
		   strcmp(icmp->kind, "net_unreachable") == 0) {
		finding_add(finding, "The machine is off, or the address is not its own any "
				     "more.");
	}
	return true;
}

static bool port_21_is_filtered(const struct evidence *evidence, struct finding *finding)
{
	const struct door *filtered = main_door(evidence);

	if (!filtered || filtered->is_requested || filtered->address.port != 21 ||
	    (filtered->outcome != NET_TIMED_OUT && filtered->outcome != NET_UNREACHABLE))
		return false;
	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		if (!address_same_host(&door->address, &filtered->address) || !door_is_good(door))
			continue;
		fact_address(finding, &filtered->address);
		fact_number(finding, "works", door->address.port);
		fact_text(finding, "mode", door->answer == ANSWER_TLS ? "implicit" : "explicit");
		return true;
	}
	return false;
}

/* --- what answers ----------------------------------------------------------------------------- */

/* The door to speak of while none is good. */
static const struct door *bad_door(const struct evidence *evidence)
{
	const struct door *door = main_door(evidence);

	if (!door || has_good_door(evidence))
		return NULL;
	if (is_open(door))
		return door;
	for (size_t i = 0; i < evidence->n_doors; i++)
		if (is_open(&evidence->doors[i]))
			return &evidence->doors[i];
	return NULL;
}

static bool proxy_is_between(const struct evidence *evidence, struct finding *finding)
{
	const struct door *door = bad_door(evidence);

	if (!door || door->answer != ANSWER_HTTP ||
	    !text_has_word(door->first_bytes, " 403| 407|proxy|squid"))
		return false;
	fact_address(finding, &door->address);
	fact_text(finding, "answer", door->first_bytes);
	return true;
}

static bool is_another_server(const struct evidence *evidence, struct finding *finding)
{
	static const char *const protocols[] = {
		[ANSWER_SSH] = "SSH",
		[ANSWER_HTTP] = "HTTP",
		[ANSWER_SMTP] = "SMTP",
		[ANSWER_OTHER] = "unknown",
	};
	const struct door *door = bad_door(evidence);

	if (!door || (door->answer != ANSWER_SSH && door->answer != ANSWER_HTTP &&
		      door->answer != ANSWER_SMTP && door->answer != ANSWER_OTHER))
		return false;
	fact_address(finding, &door->address);
	fact_text(finding, "protocol", protocols[door->answer]);
	fact_text(finding, "answer", door->first_bytes);
	if (door->answer == ANSWER_SSH)
		finding_advise(finding, WHO_YOU,
			       "Use SFTP with this port, in a client that can; it is not FTP. For "
			       "FTP ask for the right port, usually 21 or 990.");
	if (door->answer == ANSWER_OTHER)
		finding->confidence = 60;
	return true;
}

static const struct reply *refusing_banner(const struct evidence *evidence,
					   const struct door **ret_door)
{
	const struct door *door = bad_door(evidence);

	*ret_door = door;
	return door && reply_is_refusal(&door->banner) ? &door->banner : NULL;
}

enum banner_kind { BANNER_FULL, BANNER_USER_FULL, BANNER_BANNED, BANNER_DENIED };

static enum banner_kind kind_of_banner(const struct reply *banner)
{
	if (reply_names(banner, "D-15"))
		return BANNER_FULL;
	if (reply_names(banner, "D-68"))
		return BANNER_USER_FULL;
	if (reply_names(banner, "D-63") ||
	    text_has_word(banner->text, "failed login|login fail|attempts|banned|locked out"))
		return BANNER_BANNED;
	if (text_has_word(banner->text, "too many|maximum|max |limit|full|busy|connected users"))
		return text_has_word(banner->text, "your i|your address|same ip|from this ip|"
						   "from your|per ip|per host|this host")
			       ? BANNER_USER_FULL
			       : BANNER_FULL;
	return BANNER_DENIED;
}

static bool banner_says(const struct evidence *evidence, struct finding *finding,
			enum banner_kind kind)
{
	const struct door *door;
	const struct reply *banner = refusing_banner(evidence, &door);

	if (!banner || kind_of_banner(banner) != kind)
		return false;
	fact_address(finding, &door->address);
	fact_reply(finding, banner);
	return true;
}

static bool server_is_full(const struct evidence *evidence, struct finding *finding)
{
	return banner_says(evidence, finding, BANNER_FULL);
}

static bool address_is_full(const struct evidence *evidence, struct finding *finding)
{
	return banner_says(evidence, finding, BANNER_USER_FULL);
}

static bool address_is_banned(const struct evidence *evidence, struct finding *finding)
{
	return banner_says(evidence, finding, BANNER_BANNED);
}

static bool server_refuses_client(const struct evidence *evidence, struct finding *finding)
{
	const struct door *door = bad_door(evidence);

	if (banner_says(evidence, finding, BANNER_DENIED)) {
		finding_add(finding, "It greeted with a refusal: \"{reply}\".");
		return true;
	}
	if (!door || door->answer != ANSWER_CLOSED)
		return false;
	fact_address(finding, &door->address);
	fact_text(finding, "ending", door->ending == NET_RESET ? "reset" : "closed");
	finding_add(finding, "It ended the connection before a single byte.");
	return true;
}

/* --- the wrong kind of TLS -------------------------------------------------------------------- */

static bool client_is_implicit(const struct evidence *evidence, struct finding *finding)
{
	const struct door *door = main_door(evidence);

	if (!door || !door->is_requested || door->mode != MODE_IMPLICIT ||
	    door->answer != ANSWER_FTP)
		return false;
	fact_address(finding, &door->address);
	fact_text(finding, "wanted", "implicit");
	fact_text(finding, "offered", "explicit");
	return true;
}

static bool port_is_implicit(const struct evidence *evidence, struct finding *finding)
{
	const struct door *door = main_door(evidence), *silent = bad_door(evidence);
	enum tls_mode wanted = evidence->target.given_mode;

	if (door && door->is_requested && door->answer == ANSWER_TLS &&
	    (wanted == MODE_EXPLICIT || wanted == MODE_PLAIN)) {
		fact_address(finding, &door->address);
		fact_text(finding, "wanted", wanted == MODE_PLAIN ? "plain" : "explicit");
		fact_text(finding, "offered", "implicit");
		finding->confidence = 95;
		return true;
	}
	if (!silent || silent->answer != ANSWER_SILENT)
		return false;
	fact_address(finding, &silent->address);
	fact_number(finding, "seconds",
		    MAX_OF(seconds_of_ms(evidence->conditions.timeout_ms), (int64_t)1));
	finding_add(finding, "A TLS handshake got no answer either.");
	return true;
}

static bool greeting_is_late(const struct evidence *evidence, struct finding *finding)
{
	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		if (!door_is_good(door) || door->first_byte_ms < 4000)
			continue;
		fact_address(finding, &door->address);
		fact_number(finding, "seconds", seconds_of_ms(door->first_byte_ms));
		return true;
	}
	return false;
}

static const struct cause rows[] = {
	{ .id = "D-10",
	  .title = "A firewall drops connections to the command port",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 75,
	  .applies = command_port_is_silent,
	  .explanation = "Nothing came back from {address}, port {port}, in {seconds} s (tries: "
			 "{tries}): neither an acceptance nor a refusal.",
	  .remedy = "Ask for this rule: allow outbound TCP to {address}, port {port}. If the "
		    "firewall on this side lets it pass, the server's side must let it in.",
	  .tells_apart = "The same port from another network: if it opens there, the wall is on "
			 "this side; if it is silent too, at the server, or the address is dead "
			 "(D-06).",
	  .explains = "D-12" },
	{ .id = "D-11",
	  .title = "The command port is refused",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 75,
	  .applies = command_port_is_refused,
	  .explanation = "Connections to {address}, port {port}, are turned away.",
	  .remedy = "Look whether the FTP service runs and listens on port {port}. If it does, a "
		    "firewall rejects: change its rule for TCP port {port} of {address}.",
	  .tells_apart = "If the server's log or packet trace shows the attempt, its service is "
			 "down; if not, a firewall sent the refusal." },
	{ .id = "D-12",
	  .title = "Port 21 is filtered, another command port works",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_YOU,
	  .confidence = 85,
	  .applies = port_21_is_filtered,
	  .explanation = "Port 21 of {address} does not answer; port {works} of the same host "
			 "does.",
	  .remedy = "Use port {works} with {mode} TLS.",
	  .tells_apart = NULL },
	{ .id = "D-19d",
	  .title = "A web proxy stands between",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_FIREWALL,
	  .confidence = 80,
	  .applies = proxy_is_between,
	  .explanation = "Port {port} of {address} answers like a proxy of the web: \"{answer}\".",
	  .remedy = "Let FTP to {address} bypass the proxy, or allow port {port} and the passive "
		    "ports through it.",
	  .explains = "D-18" },
	{ .id = "D-18",
	  .title = "It is no FTP server that answers",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 95,
	  .applies = is_another_server,
	  .explanation = "Port {port} of {address} begins with \"{answer}\" ({protocol}).",
	  .remedy = "Ask for the right port, usually 21 (explicit TLS) or 990 (implicit TLS)." },
	{ .id = "D-15",
	  .title = "The server is full",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 90,
	  .applies = server_is_full,
	  .explanation = "The server greets with \"{reply}\".",
	  .remedy = "Raise the limit of sessions, or end idle ones. Clients: try again in a "
		    "while, with fewer connections at a time." },
	{ .id = "D-68",
	  .title = "Too many sessions from this address",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 90,
	  .applies = address_is_full,
	  .explanation = "The server greets with \"{reply}\".",
	  .remedy = "Close other clients, and let them use fewer connections at a time; or the "
		    "server's administrator raises the limit." },
	{ .id = "D-63",
	  .title = "This address is locked out after failed logins",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 85,
	  .applies = address_is_banned,
	  .explanation = "The server greets with \"{reply}\".",
	  .remedy = "Lift the ban, and find the device that still logs in with an old password." },
	{ .id = "D-14",
	  .title = "The server refuses this client before the greeting",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_SERVER,
	  .confidence = 65,
	  .applies = server_refuses_client,
	  .explanation = "{address} accepts the connection at port {port}, and no session "
			 "begins.",
	  .remedy = "Look into the allow-list and the ban list of the server for this client's "
		    "address, and let it in.",
	  .tells_apart = "The server's log names the reason; from another address a greeting "
			 "would prove the list." },
	{ .id = "D-16",
	  .title = "The port wants explicit TLS, the client begins with implicit",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 95,
	  .applies = client_is_implicit,
	  .explanation = "Port {port} greets in clear, and implicit TLS was asked for: the client "
			 "takes the greeting for a broken handshake.",
	  .remedy =
		  "Choose explicit TLS for port {port}, or a port of implicit TLS, usually 990." },
	{ .id = "D-17",
	  .title = "The port says nothing: it may want implicit TLS",
	  .severity = SEVERITY_PROBLEM,
	  .who = WHO_YOU,
	  .confidence = 50,
	  .applies = port_is_implicit,
	  .explanation = "Port {port} of {address} accepts connections and sends no greeting.",
	  .remedy = "Choose implicit TLS for port {port}, or a port of explicit TLS, usually 21. "
		    "If neither gets an answer, the service behind the port hangs: its "
		    "administrator looks after it.",
	  .tells_apart = "A service that hangs, or a greeting that comes after the client's "
			 "patience (D-70), look the same; the server's log tells." },
	{ .id = "D-70",
	  .title = "The greeting is late",
	  .severity = SEVERITY_WARNING,
	  .who = WHO_SERVER,
	  .confidence = 80,
	  .applies = greeting_is_late,
	  .explanation = "The server greets {seconds} s after the connection; clients wait 20 s "
			 "or less.",
	  .remedy = "Turn off look-ups of the client's name (reverse DNS, ident) before the "
		    "greeting." },
};

const struct stage stage_connect = { "Command connection", rows, ARRAY_SIZE(rows) };
