/* manager/settings_advice.c - see settings_advice.h. */
#include "manager/settings_advice.h"

#include "base/buf.h"
#include "net/address.h"

/* Fewer than this, and clients that share an address may have to wait for each other's PASV. */
#define FEW_PORTS 10

static void warn(json_t *list, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);

static void warn(json_t *list, const char *name, const char *format, ...)
{
	char detail[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	(void)json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "detail", detail));
}

static bool is_in(const struct port_range *range, json_int_t port)
{
	return port >= range->first && port <= range->last;
}

static bool holds(const struct port_list *list, json_int_t port)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->ports[i] == port)
			return true;
	return false;
}

/* Ports that we listen at ourselves are in use for a good reason. */
static bool is_ours(const struct settings *running, json_int_t port)
{
	return holds(&running->explicit_ports, port) || holds(&running->implicit_ports, port) ||
	       (running->passive && is_in(&running->passive_ports, port));
}

static void warn_of_used_ports(const struct settings *values, const struct settings *running,
			       const json_t *listening, json_t *list)
{
	char storage[128];
	const json_t *port;
	struct buf used;
	size_t i, n = 0;

	buf_init(&used, storage, sizeof(storage));
	json_array_foreach(listening, i, port)
	{
		json_int_t number = json_integer_value(port);

		if (is_ours(running, number))
			continue;
		if (values->passive && is_in(&values->passive_ports, number) && n++ < 10)
			buf_addf(&used, "%s%d", n > 1 ? ", " : "", (int)number);
		if (holds(&values->explicit_ports, number))
			warn(list, "explicit_ports",
			     "Another program listens at port %d: the server could not open it.",
			     (int)number);
		if (holds(&values->implicit_ports, number))
			warn(list, "implicit_ports",
			     "Another program listens at port %d: the server could not open it.",
			     (int)number);
	}
	if (n > 0)
		warn(list, "passive_ports",
		     "Other programs listen at %s%s, inside of this range: those ports are left "
		     "out, and a firewall rule for the range opens them as well.",
		     storage, n > 10 ? " and more" : "");
}

static void warn_of_local_ports(const struct settings *values, const json_t *local, json_t *list)
{
	json_int_t first = json_integer_value(json_array_get(local, 0));
	json_int_t last = json_integer_value(json_array_get(local, 1));

	if (last == 0 || !values->passive || values->passive_ports.first > last ||
	    values->passive_ports.last < first)
		return;
	warn(list, "passive_ports",
	     "The kernel gives ports %d to %d to any program that connects to elsewhere "
	     "(net.ipv4.ip_local_port_range): one of this range may be taken for a while, and is "
	     "left out then. A range outside of it is not affected.",
	     (int)first, (int)last);
}

static bool is_wide_open(const struct settings *values)
{
	return strchr(values->listen, '*') != NULL;
}

static void warn_of_external(const struct settings *values, json_t *list)
{
	struct text rest = text_of(values->external_ip), rule;
	struct address address;

	while (text_take_until(&rest, ',', &rule)) {
		rule = text_trim(rule);
		if (address_parse(rule, &address) == 0 && address_is_private(&address))
			warn(list, "external_ip",
			     "%.*s is a private address: clients on the internet cannot reach it.",
			     TEXT_ARG(rule));
	}
}

static void warn_of_risks(const struct settings *values, json_t *list)
{
	if (values->plain_ftp)
		warn(list, "plain_ftp",
		     "Passwords and files of clients without TLS travel in the clear: everyone on "
		     "the way can read and change them.");
	if (values->passive &&
	    values->passive_ports.last - values->passive_ports.first + 1 < FEW_PORTS &&
	    is_wide_open(values))
		warn(list, "passive_ports",
		     "The range has few ports: clients behind one address wait for each other when "
		     "more of them than ports begin a transfer at the same moment.");
	if (!values->passive)
		warn(list, "passive",
		     "Without passive mode only clients that can be dialled can transfer files: "
		     "behind NAT or a firewall they cannot.");
	if (values->clear_command_channel)
		warn(list, "clear_command_channel",
		     "Clients may give up TLS on the control connection: file names and commands "
		     "are readable on the way then.");
	if (!values->require_data_tls && !values->plain_ftp)
		warn(list, "require_data_tls",
		     "Clients may send files without TLS (PROT C) though they log in with it.");
}

json_t *settings_warnings(const struct settings *values, const struct settings *running,
			  const json_t *around)
{
	json_t *list = json_array();

	warn_of_used_ports(values, running, json_object_get(around, "listening"), list);
	warn_of_local_ports(values, json_object_get(around, "local_ports"), list);
	warn_of_external(values, list);
	warn_of_risks(values, list);
	return list;
}

/* --- the external address --------------------------------------------------------------------- */

struct detection {
	json_t *candidates;
	char suggestion[ADDRESS_TEXT_SIZE];
};

/* 227 announces IPv4; the first public address wins. */
static void add_candidate(struct detection *detection, struct text text, const char *from,
			  const char *what)
{
	char shown[ADDRESS_TEXT_SIZE], explanation[256];
	struct address address;
	const json_t *other;
	size_t i;

	if (address_parse(text, &address) < 0 || !address_is_v4(&address) ||
	    address_is_loopback(&address) || address_is_unspecified(&address))
		return;
	(void)address_format_ip(&address, shown);
	json_array_foreach(detection->candidates, i, other)
	{
		if (strcmp(json_string_value(json_object_get(other, "address")), shown) == 0)
			return;
	}
	bool is_private = address_is_private(&address);

	(void)snprintf(explanation, sizeof(explanation), "%s%s", what,
		       is_private ? " It is private: only clients in the same network reach it."
				  : "");
	(void)json_array_append_new(detection->candidates,
				    json_pack("{s:s, s:s, s:s, s:b}", "address", shown, "from",
					      from, "explanation", explanation, "private",
					      is_private));
	if (!is_private && !*detection->suggestion)
		(void)snprintf(detection->suggestion, sizeof(detection->suggestion), "%s", shown);
}

static void add_all(struct detection *detection, const json_t *addresses, const char *from,
		    const char *what)
{
	const json_t *address;
	size_t i;

	json_array_foreach(addresses, i, address)
		add_candidate(detection, text_of(json_string_value(address)), from, what);
}

/* Where sessions came in: behind NAT the inner address, else what clients dialled. */
static void add_clients(struct detection *detection, const struct scoreboard *board)
{
	size_t max = scoreboard_max_sessions(board);
	struct session_view view;
	char text[ADDRESS_TEXT_SIZE];

	for (uint32_t slot = 0; slot < max; slot++)
		if (scoreboard_get_session(board, slot, &view))
			add_candidate(detection, text_of(address_format_ip(&view.local, text)),
				      "clients", "A client that is connected now came in here.");
}

static void add_listen(struct detection *detection, const char *listen)
{
	struct text rest = text_of(listen), part;

	while (text_take_until(&rest, ',', &part))
		add_candidate(detection, text_trim(part), "listen", "The setting listen names it.");
}

json_t *settings_detect_external(const struct settings *values, const struct scoreboard *board,
				 const json_t *around)
{
	struct detection detection = { .candidates = json_array() };

	/* What clients look up, then what they have reached, then what this machine has. */
	add_all(&detection, json_object_get(around, "resolved"), "resolver",
		"The name of the server (server_name) leads to it.");
	add_clients(&detection, board);
	add_listen(&detection, values->listen);
	add_all(&detection, json_object_get(around, "interfaces"), "interface",
		"An interface of this machine has it.");
	return json_pack("{s:o, s:s?}", "candidates", detection.candidates, "suggestion",
			 *detection.suggestion ? detection.suggestion : NULL);
}
