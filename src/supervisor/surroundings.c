/* supervisor/surroundings.c - see surroundings.h. Source: proc(5), getifaddrs(3). */
#include "supervisor/surroundings.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>

#include "net/address.h"

#define LISTENING "0A" /* TCP_LISTEN, as the kernel writes it */

static bool has(const json_t *list, const char *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i,
			   item) if (strcmp(json_string_value(item), text) == 0) return true;
	return false;
}

static void add_address(json_t *list, const struct sockaddr *from)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address address;

	if (!from || address_from_sockaddr(from, &address) < 0 || address_is_loopback(&address) ||
	    address.scope_id != 0)
		return;
	if (!has(list, address_format_ip(&address, text)))
		(void)json_array_append_new(list, json_string(text));
}

static json_t *interfaces_json(void)
{
	json_t *list = json_array();
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return list;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		add_address(list, i->ifa_addr);
	freeifaddrs(all);
	return list;
}

static json_t *resolved_json(const char *name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *all = NULL;
	json_t *list = json_array();

	if (!*name || getaddrinfo(name, NULL, &hints, &all) != 0)
		return list;
	for (const struct addrinfo *i = all; i; i = i->ai_next)
		add_address(list, i->ai_addr);
	freeaddrinfo(all);
	return list;
}

static json_t *local_ports_json(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	char line[64];
	struct text in = T("");
	uint64_t first, last;

	if (!file)
		return json_null();
	if (fgets(line, sizeof(line), file))
		in = text_of(line);
	(void)fclose(file);
	text_skip_blank(&in);
	if (!text_take_uint(&in, UINT16_MAX, &first))
		return json_null();
	text_skip_blank(&in);
	if (!text_take_uint(&in, UINT16_MAX, &last))
		return json_null();
	return json_pack("[I, I]", (json_int_t)first, (json_int_t)last);
}

/* "  0: 0100007F:1F90 00000000:0000 0A ...": the port of a listening socket, else 0. */
static unsigned listening_port(const char *line)
{
	char state[3];
	unsigned port = 0;

	return sscanf(line, " %*u: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*4x %2s", &port, state) == 2 &&
			       strcmp(state, LISTENING) == 0
		       ? port
		       : 0;
}

static void add_listening(json_t *list, bool seen[static UINT16_MAX + 1], const char *path)
{
	FILE *file = fopen(path, "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		unsigned port = listening_port(line);

		if (port > 0 && port <= UINT16_MAX && !seen[port]) {
			seen[port] = true;
			(void)json_array_append_new(list, json_integer((json_int_t)port));
		}
	}
	if (file)
		(void)fclose(file);
}

static json_t *listening_json(void)
{
	AUTO_FREE bool *seen = calloc(UINT16_MAX + 1, sizeof(*seen));
	json_t *list = json_array();

	if (seen) {
		add_listening(list, seen, "/proc/self/net/tcp");
		add_listening(list, seen, "/proc/self/net/tcp6");
	}
	return list;
}

json_t *surroundings_json(const char *name)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "interfaces", interfaces_json(), "resolved",
			 resolved_json(name), "local_ports", local_ports_json(), "listening",
			 listening_json());
}
