/* manager/connectivity_causes.c - see connectivity_causes.h. */
#include "manager/connectivity_causes.h"

#include "guide/firewall_needs.h"

const char *const reach_state_names[N_REACH_STATES] = { "unknown", "ok", "mixed", "stuck" };

/* So many of the newest tries tell how things are now. */
#define NOW 12u
/* After a success: this many failures in a row are no accident. */
#define STUCK_AFTER 3u
/* Of each: what a half-open range must have shown. */
#define HALF_OPEN_MIN 3u

/* What one look over the tries tells. */
struct summary {
	const struct network_state *state;
	const struct settings *settings;
	unsigned tries, arrived;  /* of those that count: see judge_tries */
	unsigned streak;	  /* failures since the last arrival */
	unsigned passive, active; /* of the failures: nobody came, nobody let us in */
	unsigned elsewhere, refused, tls_failed;
	unsigned newest_cause;	       /* of the newest failure */
	unsigned broken_cause, broken; /* among the arrivals: the newest cause, and how often */
	unsigned ports_open, ports_shut, runs; /* of the passive ports, see look_at_ports */
	unsigned n_failed;
	struct port_range failed[REACH_RANGES_MAX];
};

/* --- the passive range as this network has met it --------------------------------------------- */

struct port_word {
	uint16_t port;
	bool is_shut;
};

static int compare_ports(const void *a, const void *b)
{
	const struct port_word *x = a, *y = b;

	return (x->port > y->port) - (x->port < y->port);
}

/* The newest word on each passive port, in the order of ports. */
static unsigned collect_ports(const struct network_state *state,
			      struct port_word ret[static CONNECTIVITY_TRIES])
{
	unsigned n = 0;

	for (unsigned i = 0; i < state->n_tries; i++) {
		const struct network_try *try = &state->tries[i];
		unsigned k = 0;

		if ((try->mode != DATA_MODE_PASV && try->mode != DATA_MODE_EPSV) ||
		    try->outcome == DATA_REFUSED || try->port == 0 || try->is_brief)
			continue;
		while (k < n && ret[k].port != try->port)
			k++;
		if (k == n)
			ret[n++] = (struct port_word){ try->port, try->outcome == DATA_NEVER };
	}
	qsort(ret, n, sizeof(ret[0]), compare_ports);
	return n;
}

static void add_failed(struct summary *sum, uint16_t port, bool is_same_run)
{
	struct port_range *last = sum->n_failed > 0 ? &sum->failed[sum->n_failed - 1] : NULL;

	if (is_same_run && last)
		last->last = port;
	else if (sum->n_failed < REACH_RANGES_MAX)
		sum->failed[sum->n_failed++] = (struct port_range){ port, port };
}

static void look_at_ports(struct summary *sum)
{
	struct port_word ports[CONNECTIVITY_TRIES];
	unsigned n = collect_ports(sum->state, ports);

	for (unsigned i = 0; i < n; i++) {
		bool begins = i == 0 || ports[i].is_shut != ports[i - 1].is_shut;

		sum->runs += begins;
		sum->ports_shut += ports[i].is_shut;
		sum->ports_open += !ports[i].is_shut;
		if (ports[i].is_shut)
			add_failed(sum, ports[i].port, !begins);
	}
}

/* Fewer changes along the range than chance would make, which are about 1 + 2 * open * shut / n. */
static bool is_striped(const struct summary *sum)
{
	unsigned n = sum->ports_open + sum->ports_shut;

	return sum->ports_open >= HALF_OPEN_MIN && sum->ports_shut >= HALF_OPEN_MIN &&
	       2 * sum->runs * n <= n + 2 * sum->ports_open * sum->ports_shut;
}

/* --- the tries -------------------------------------------------------------------------------- */

static void count_failure(struct summary *sum, const struct network_try *try)
{
	bool is_passive = try->mode == DATA_MODE_PASV || try->mode == DATA_MODE_EPSV;

	sum->passive += try->outcome == DATA_NEVER && is_passive;
	sum->active += try->outcome == DATA_NEVER && !is_passive;
	sum->elsewhere += try->outcome == DATA_ELSEWHERE;
	sum->refused += try->outcome == DATA_REFUSED;
	sum->tls_failed += try->outcome == DATA_TLS_FAILED;
	if (sum->newest_cause == 0)
		sum->newest_cause = try->cause;
	sum->streak += sum->arrived == 0;
}

static void look_at_tries(struct summary *sum)
{
	for (unsigned i = 0; i < sum->state->n_tries && i < NOW; i++) {
		const struct network_try *try = &sum->state->tries[i];

		sum->tries++;
		if (try->outcome != DATA_ARRIVED) {
			count_failure(sum, try);
			continue;
		}
		sum->arrived++;
		if (try->cause != 0 && sum->broken_cause == 0)
			sum->broken_cause = try->cause;
		sum->broken += try->cause != 0;
	}
}

static bool has_login_trouble(const struct network_state *state)
{
	int64_t data_ms = state->n_tries > 0 ? state->tries[0].wall_ms : 0;

	return state->n_causes > 0 && state->causes[0].wall_ms > MAX_OF(state->login_ms, data_ms);
}

static enum reach_state state_of(const struct summary *sum)
{
	const struct network_state *state = sum->state;

	if (state->login_ms > 0 && state->login_failures >= STUCK_AFTER)
		return REACH_STUCK;
	if (sum->tries == 0)
		return REACH_UNKNOWN;
	if (is_striped(sum))
		return REACH_MIXED;
	if (sum->streak > 0)
		return sum->arrived == 0 || sum->streak >= STUCK_AFTER ? REACH_STUCK : REACH_MIXED;
	return sum->tries - sum->arrived >= 2 || sum->broken >= 2 ? REACH_MIXED : REACH_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

#define RANGE_FACTS                                                                                \
	buf_addf(out, "%u of the last %u data connections", sum->tries - sum->arrived, sum->tries)

static void tell_tries(const struct summary *sum, struct buf *out)
{
	RANGE_FACTS;
	buf_addf(out, " that %s asked for did not come about. ", sum->state->name);
}

static bool is_partly_open(const struct summary *sum)
{
	return is_striped(sum);
}

static void explain_partly_open(const struct summary *sum, struct buf *out)
{
	buf_addf(
		out,
		"Connections to %u passive ports arrived, to %u others they did not: nothing came at ",
		sum->ports_open, sum->ports_shut);
	for (unsigned i = 0; i < sum->n_failed; i++)
		buf_addf(out, sum->failed[i].first == sum->failed[i].last ? "%s%u" : "%s%u-%u",
			 i > 0 ? ", " : "", sum->failed[i].first, sum->failed[i].last);
	buf_addf(
		out,
		". A firewall lets only a part of %u-%u through, so that listings and transfers work "
		"at one time and hang at another.",
		sum->settings->passive_ports.first, sum->settings->passive_ports.last);
}

static bool is_from_elsewhere(const struct summary *sum)
{
	return sum->streak > 0 && sum->newest_cause == 31;
}

static void explain_from_elsewhere(const struct summary *sum, struct buf *out)
{
	tell_tries(sum, out);
	buf_add(out, T("They reached us, but from another address than the session: a router or "
		       "firewall on their side uses several addresses for one client."));
}

static bool has_no_port_left(const struct summary *sum)
{
	return sum->streak > 0 && sum->newest_cause == 33;
}

static void explain_no_port(const struct summary *sum, struct buf *out)
{
	tell_tries(sum, out);
	buf_addf(out, "No passive port of %u-%u was free for one address, or none could be opened.",
		 sum->settings->passive_ports.first, sum->settings->passive_ports.last);
}

static bool is_mode_off(const struct summary *sum)
{
	return sum->streak > 0 && sum->newest_cause == 39;
}

static void explain_mode_off(const struct summary *sum, struct buf *out)
{
	tell_tries(sum, out);
	buf_addf(out, "The client wants a mode that is turned off here: passive = %s, active = %s.",
		 sum->settings->passive ? "yes" : "no", sum->settings->active ? "yes" : "no");
}

static bool tells_private_address(const struct summary *sum)
{
	return sum->streak > 0 && sum->newest_cause == 36;
}

static void explain_private(const struct summary *sum, struct buf *out)
{
	tell_tries(sum, out);
	buf_add(out, T("The client uses active mode and names a private address that cannot be "
		       "reached from here: it stands behind a router that translates addresses."));
}

static bool names_third_party(const struct summary *sum)
{
	return sum->streak > 0 && sum->newest_cause == 41;
}

static void explain_third_party(const struct summary *sum, struct buf *out)
{
	tell_tries(sum, out);
	buf_add(out, T("The client uses active mode and names an address or port that we do not "
		       "connect to: another host than its own, or a well-known port."));
}

static bool is_active_blocked(const struct summary *sum)
{
	return sum->streak > 0 && sum->newest_cause == 35;
}

static void explain_active(const struct summary *sum, struct buf *out)
{
	tell_tries(sum, out);
	buf_add(out, T("The client uses active mode, and a firewall or router on its side does not "
		       "let our connections in."));
}

static bool wants_resumption(const struct summary *sum)
{
	return sum->streak > 0 && sum->newest_cause == 52;
}

static void explain_resumption(const struct summary *sum, struct buf *out)
{
	tell_tries(sum, out);
	buf_add(out,
		T("They arrived, but did not resume the TLS session of the command connection, "
		  "which data_session_reuse = require asks for."));
}

static bool has_tls_trouble(const struct summary *sum)
{
	return sum->streak > 0 && sum->newest_cause == 55;
}

static void explain_tls(const struct summary *sum, struct buf *out)
{
	tell_tries(sum, out);
	buf_add(out, T("They arrived, but the TLS handshake on them failed: one end encrypts and "
		       "the other does not, or something on the way changes what is sent."));
}

static bool is_range_blocked(const struct summary *sum)
{
	return sum->streak > 0 && sum->newest_cause == 20;
}

static void explain_range(const struct summary *sum, struct buf *out)
{
	buf_addf(out, "%u of the last %u data connections never came", sum->passive, sum->tries);
	buf_addf(out, sum->arrived == 0 ? ", and none has arrived" : ", none of the last %u",
		 sum->streak);
	buf_addf(out,
		 ". The command connection works, so a firewall between %s and us lets the command "
		 "port through and drops the passive ports %u-%u.",
		 sum->state->name, sum->settings->passive_ports.first,
		 sum->settings->passive_ports.last);
}

static bool breaks_without_notify(const struct summary *sum)
{
	return sum->streak == 0 && sum->broken >= 2 && sum->broken_cause == 57;
}

static bool stalls(const struct summary *sum)
{
	return sum->streak == 0 && sum->broken >= 2 && sum->broken_cause == 78;
}

static bool loses_control(const struct summary *sum)
{
	return sum->streak == 0 && sum->broken >= 2 && sum->broken_cause == 74;
}

static void explain_broken(const struct summary *sum, struct buf *out)
{
	buf_addf(out, "%u of the last %u data connections arrived and then broke off. ",
		 sum->broken, sum->tries);
	if (sum->broken_cause == 57)
		buf_add(out, T("They ended without TLS close_notify: the client does not send it, "
			       "or something cuts the connections."));
	else if (sum->broken_cause == 74)
		buf_add(out, T("The command connection was lost while the transfer went on: a "
			       "firewall forgets connections that are silent for a while."));
	else
		buf_add(out, T("Nothing moved any more for the stall timeout: a firewall or a bad "
			       "line holds the bytes back."));
}

static bool has_cause(const struct summary *sum, unsigned cause)
{
	return has_login_trouble(sum->state) && sum->state->causes[0].cause == cause;
}

/* Of logins and handshakes: the number of the row's id decides. */
static void explain_login(const struct summary *sum, struct buf *out)
{
	const struct network_cause *cause = &sum->state->causes[0];

	buf_addf(out, "%" PRIu32 " time%s, the last one after every login from %s.", cause->n,
		 cause->n == 1 ? "" : "s", sum->state->name);
}

struct row {
	unsigned number;
	struct reach_cause cause;
	bool (*holds)(const struct summary *sum); /* NULL: the newest trouble with logins */
	void (*explain)(const struct summary *sum, struct buf *out);
	bool is_certain;
};

#define LOGIN_ROW(number_, title_, remedy_)                                                        \
	{                                                                                          \
		number_, { "D-" #number_, title_, remedy_ }, NULL, explain_login, true             \
	}

/* The first that holds is the one: what explains others stands before them. */
static const struct row rows[] = {
	{ 23,
	  { "D-23", "The passive range is only partly open",
	    "The firewall must let the whole passive range through; the ports are chosen at random." },
	  is_partly_open,
	  explain_partly_open,
	  true },
	{ 31,
	  { "D-31", "Data connections reach the server from another address",
	    "Their router must use one address for all connections of a client; or allow the other "
	    "address with passive_data_from." },
	  is_from_elsewhere,
	  explain_from_elsewhere,
	  true },
	{ 33,
	  { "D-33", "The server has no passive port left",
	    "Make passive_ports wider, or let clients of one address transfer less at a time." },
	  has_no_port_left,
	  explain_no_port,
	  true },
	{ 39,
	  { "D-39", "The server refuses this mode",
	    "Tell the client to use passive mode, or turn the mode on in the settings." },
	  is_mode_off,
	  explain_mode_off,
	  true },
	{ 36,
	  { "D-36", "Active mode: the client tells the server a private address",
	    "Tell the client to use passive mode." },
	  tells_private_address,
	  explain_private,
	  true },
	{ 41,
	  { "D-41", "Active mode: the address or port is refused",
	    "Tell the client to use passive mode." },
	  names_third_party,
	  explain_third_party,
	  true },
	{ 35,
	  { "D-35", "A firewall on the client's side blocks active data connections",
	    "Tell the client to use passive mode." },
	  is_active_blocked,
	  explain_active,
	  false },
	{ 52,
	  { "D-52", "The server requires TLS session reuse on data connections",
	    "Turn on TLS session reuse in the client, or set data_session_reuse = prefer." },
	  wants_resumption,
	  explain_resumption,
	  true },
	{ 55,
	  { "D-55", "TLS on data connections fails",
	    "The client must use PROT P as well as AUTH TLS; firewalls must not inspect FTP." },
	  has_tls_trouble,
	  explain_tls,
	  false },
	{ 20,
	  { "D-20", "A firewall drops the passive ports",
	    "Ask the administrator of the other network to allow outbound TCP to all passive ports of "
	    "this server, and check that the firewall here lets them in; the letter says how." },
	  is_range_blocked,
	  explain_range,
	  false },
	{ 57,
	  { "D-57", "Data connections end without TLS close_notify",
	    "Update the client; if files arrive whole, require_close_notify = no accepts it." },
	  breaks_without_notify,
	  explain_broken,
	  false },
	{ 74,
	  { "D-74", "The command connection is cut during a transfer",
	    "Firewalls on the way must keep silent connections for longer; the client can send "
	    "keepalives." },
	  loses_control,
	  explain_broken,
	  false },
	{ 78,
	  { "D-78", "Data connections stall or break",
	    "Look for a firewall that inspects the content, and for a link with a small MTU." },
	  stalls,
	  explain_broken,
	  false },
	LOGIN_ROW(16, "The port wants explicit TLS, the client begins with implicit",
		  "Choose \"explicit TLS\" in the client, or the implicit port."),
	LOGIN_ROW(17, "The port wants implicit TLS, the client waits for words",
		  "Choose \"implicit TLS\" in the client, or the explicit port."),
	LOGIN_ROW(59, "The server refuses logins without TLS",
		  "Turn on explicit TLS in the client."),
	LOGIN_ROW(60, "The user is disabled", "Enable the user, when that is meant."),
	LOGIN_ROW(61, "The user name or the password is wrong",
		  "Compare the name, set a new password; programs may have stored an old one."),
	LOGIN_ROW(63, "This address is locked out after failed logins",
		  "Lift the ban, and have the stored password corrected."),
	LOGIN_ROW(65, "The user may not log in from this address",
		  "Add the network to the user's allowed networks."),
	LOGIN_ROW(66, "The account has expired", "Set a later date for the user."),
	LOGIN_ROW(67, "The server cannot check logins at the moment",
		  "Look at the server's log: the database or the manager has a problem."),
};

static const struct row *find_row(const struct summary *sum)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].holds ? rows[i].holds(sum) : has_cause(sum, rows[i].number))
			return &rows[i];
	return NULL;
}

void reach_judge(const struct network_state *state, const struct settings *settings,
		 struct reach_verdict *ret)
{
	struct summary sum = { .state = state, .settings = settings };
	struct buf explanation;

	look_at_tries(&sum);
	look_at_ports(&sum);
	*ret = (struct reach_verdict){ .state = state_of(&sum), .n_failed = sum.n_failed };
	memcpy(ret->failed, sum.failed, sizeof(sum.failed));

	const struct row *row = ret->state == REACH_OK ? NULL : find_row(&sum);

	if (!row)
		return;
	buf_init(&explanation, ret->explanation, sizeof(ret->explanation) - 1);
	row->explain(&sum, &explanation);
	ret->explanation[explanation.len] = '\0';
	ret->cause = &row->cause;
	ret->confidence = row->is_certain ? "certain" : sum.streak >= 2 ? "likely" : "possible";
}

/* --- the letter ------------------------------------------------------------------------------- */

/* Addresses as they stand in the settings: names are for others to resolve. */
static void add_servers(const struct settings *settings, struct firewall_networks *servers)
{
	const char *const lists[] = { settings->external_ip, settings->listen };

	for (size_t i = 0; i < ARRAY_SIZE(lists) && servers->n == 0; i++) {
		struct text rest = text_of(lists[i]);
		struct address address;

		while (rest.len > 0) {
			size_t len = strcspn(rest.ptr, ", ");
			struct text word = { rest.ptr, MIN_OF(len, rest.len) };

			rest.ptr += word.len;
			rest.len -= word.len;
			if (rest.len > 0)
				rest.ptr++, rest.len--;
			if (address_parse(word, &address) == 0 && !address_is_unspecified(&address))
				(void)!firewall_networks_add_text(servers, word);
		}
	}
}

void reach_letter(const struct network_state *state, const struct settings *settings,
		  const struct reach_verdict *verdict, struct buf *out)
{
	char storage[FIREWALL_TEXT_SIZE];
	struct firewall_needs needs;
	struct buf letter;

	firewall_needs_from_settings(settings, &needs);
	add_servers(settings, &needs.servers);
	(void)firewall_networks_add(&needs.clients, state->network);
	buf_init(&letter, storage, sizeof(storage));
	firewall_format_letter(&needs, FIREWALL_CLIENT, &letter);

	struct text text = buf_text(&letter);
	static const char marker[] = "Thank you.\n";
	size_t marker_len = sizeof(marker) - 1;

	if (text.len >= marker_len)
		text.len -= marker_len;
	buf_add(out, text);
	if (verdict->cause)
		buf_addf(out, "What our server sees (%s, %s):\n  %s\n\n", verdict->cause->id,
			 verdict->cause->title, verdict->explanation);
	buf_add(out, text_of(marker));
}
