/* settings/web_listen.c - see web_listen.h. */
#include "settings/web_listen.h"

/* "HOST:PORT"; the colon before the port is the last one, since IPv6 stands in brackets. */
static int parse_one(struct text in, struct web_address *ret)
{
	struct web_address found = { .both_families = false };
	uint64_t port = 0;
	size_t colon = in.len;

	while (colon > 0 && in.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return -EINVAL;
	struct text host = { in.ptr, colon - 1 };
	struct text digits = { in.ptr + colon, in.len - colon };
	if (text_to_uint(digits, UINT16_MAX, &port) < 0 || port == 0)
		return -EINVAL;
	bool is_bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
	if (is_bracketed)
		host = (struct text){ host.ptr + 1, host.len - 2 };
	if (text_equal(host, T("*")) && !is_bracketed)
		found.both_families = true;
	else if (address_parse(host, &found.address) < 0 ||
		 is_bracketed == address_is_v4(&found.address))
		return -EINVAL;
	found.address.port = (uint16_t)port;
	*ret = found;
	return 0;
}

int web_listen_parse(struct text setting, struct web_addresses *ret, struct text *ret_bad)
{
	struct web_addresses found = { 0 };
	struct text one;

	while (text_take_until(&setting, ',', &one)) {
		one = text_trim(one);
		if (one.len == 0 && setting.len == 0 && found.n == 0)
			break; /* empty: none */
		if (found.n == WEB_LISTEN_MAX || parse_one(one, &found.items[found.n]) < 0) {
			*ret_bad = one;
			return -EINVAL;
		}
		found.n++;
	}
	*ret = found;
	return 0;
}

bool web_listen_has_tls(const struct settings *settings, const struct address *address)
{
	if (settings->web_tls == WEB_TLS_AUTO)
		return !address_is_loopback(address);
	return settings->web_tls == WEB_TLS_YES;
}

static bool has_port(const struct port_list *list, unsigned port)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->ports[i] == port)
			return true;
	return false;
}

unsigned web_listen_collision(const struct settings *settings, const struct web_addresses *web)
{
	for (size_t i = 0; i < web->n; i++) {
		unsigned port = web->items[i].address.port;

		if (has_port(&settings->explicit_ports, port) ||
		    has_port(&settings->implicit_ports, port) ||
		    (settings->passive && port >= settings->passive_ports.first &&
		     port <= settings->passive_ports.last))
			return port;
	}
	return 0;
}
