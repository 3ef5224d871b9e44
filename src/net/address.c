/* net/address.c - see address.h. */
#include "net/address.h"

#include <arpa/inet.h>

#include "base/buf.h"

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* The networks of address_is_private; loopback and unspecified have their own tests. */
static const struct network private_networks[] = {
	{ { [10] = 0xff, [11] = 0xff, [12] = 10 }, 96 + 8 },
	{ { [10] = 0xff, [11] = 0xff, [12] = 172, [13] = 16 }, 96 + 12 },
	{ { [10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168 }, 96 + 16 },
	{ { [10] = 0xff, [11] = 0xff, [12] = 100, [13] = 64 }, 96 + 10 },
	{ { [10] = 0xff, [11] = 0xff, [12] = 169, [13] = 254 }, 96 + 16 },
	{ { 0xfc }, 7 },
	{ { 0xfe, 0x80 }, 10 },
};

static bool is_mapped(const uint8_t ip[static 16])
{
	return memcmp(ip, v4_prefix, sizeof(v4_prefix)) == 0;
}

static bool is_link_local_v6(const uint8_t ip[static 16])
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

bool address_is_v4(const struct address *a)
{
	return is_mapped(a->ip);
}

bool address_is_loopback(const struct address *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return address_is_v4(a) ? a->ip[12] == 127 : memcmp(a->ip, one, sizeof(one)) == 0;
}

bool address_is_unspecified(const struct address *a)
{
	static const uint8_t zeros[16];
	size_t from = address_is_v4(a) ? 12 : 0;

	return memcmp(a->ip + from, zeros, sizeof(a->ip) - from) == 0;
}

bool address_is_private(const struct address *a)
{
	if (address_is_loopback(a) || address_is_unspecified(a))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(private_networks); i++)
		if (network_contains(&private_networks[i], a))
			return true;
	return false;
}

bool address_same_host(const struct address *a, const struct address *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->scope_id == b->scope_id;
}

struct address address_from_v4(const uint8_t ip[static 4], uint16_t port)
{
	struct address a = { .port = port };

	memcpy(a.ip, v4_prefix, sizeof(v4_prefix));
	memcpy(a.ip + 12, ip, 4);
	return a;
}

/* The scope behind '%': the number of an interface, which only link-local IPv6 addresses need. */
static int parse_scope(struct text scope, struct address *a)
{
	uint64_t value;

	if (!is_link_local_v6(a->ip) || text_to_uint(scope, UINT32_MAX, &value) < 0 || value == 0)
		return -EINVAL;
	a->scope_id = (uint32_t)value;
	return 0;
}

int address_parse(struct text in, struct address *ret)
{
	char host[INET6_ADDRSTRLEN];
	struct address a = { 0 };
	struct text scope = in;
	uint8_t v4[4];
	struct text ip;

	if (!text_take_until(&scope, '%', &ip) || text_copy(ip, host, sizeof(host)) < 0)
		return -EINVAL;
	if (inet_pton(AF_INET, host, v4) == 1)
		a = address_from_v4(v4, 0);
	else if (inet_pton(AF_INET6, host, a.ip) != 1)
		return -EINVAL;
	if (ip.len < in.len && parse_scope(scope, &a) < 0)
		return -EINVAL;
	*ret = a;
	return 0;
}

int address_from_sockaddr(const struct sockaddr *sa, struct address *ret)
{
	struct address a = { 0 };

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;

		a = address_from_v4((const uint8_t *)&in->sin_addr, ntohs(in->sin_port));
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;

		memcpy(a.ip, &in6->sin6_addr, sizeof(a.ip));
		a.port = ntohs(in6->sin6_port);
		if (is_link_local_v6(a.ip))
			a.scope_id = in6->sin6_scope_id;
	} else {
		return -EAFNOSUPPORT;
	}
	*ret = a;
	return 0;
}

socklen_t address_to_sockaddr(const struct address *a, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (address_is_v4(a)) {
		struct sockaddr_in *in = (struct sockaddr_in *)(void *)ret;

		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->ip + 12, 4);
		return sizeof(*in);
	}

	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)ret;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	in6->sin6_scope_id = a->scope_id;
	memcpy(&in6->sin6_addr, a->ip, sizeof(a->ip));
	return sizeof(*in6);
}

/* The longest text fits by the definition of ADDRESS_TEXT_SIZE, so the buffer cannot overflow. */
static void add_ip(struct buf *out, const struct address *a)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (address_is_v4(a)) {
		for (size_t i = 12; i < 16; i++) {
			if (i > 12)
				buf_add_char(out, '.');
			buf_add_uint(out, a->ip[i]);
		}
	} else {
		(void)!inet_ntop(AF_INET6, a->ip, host, sizeof(host)); /* always fits */
		buf_add(out, text_of(host));
	}
	if (a->scope_id != 0)
		buf_addf(out, "%%%" PRIu32, a->scope_id);
}

const char *address_format_ip(const struct address *a, char ret[static ADDRESS_TEXT_SIZE])
{
	struct buf out;

	buf_init(&out, ret, ADDRESS_TEXT_SIZE);
	add_ip(&out, a);
	return ret;
}

const char *address_format(const struct address *a, char ret[static ADDRESS_TEXT_SIZE])
{
	bool has_brackets = !address_is_v4(a);
	struct buf out;

	buf_init(&out, ret, ADDRESS_TEXT_SIZE);
	if (has_brackets)
		buf_add_char(&out, '[');
	add_ip(&out, a);
	if (has_brackets)
		buf_add_char(&out, ']');
	buf_add_char(&out, ':');
	buf_add_uint(&out, a->port);
	return ret;
}

static bool is_bit_set(const uint8_t ip[static 16], unsigned bit)
{
	return ip[bit / 8] & (0x80u >> (bit % 8));
}

int network_parse(struct text in, struct network *ret)
{
	struct text rest = in, ip;
	struct address a;
	uint64_t bits;

	if (!text_take_until(&rest, '/', &ip) || address_parse(ip, &a) < 0 || a.scope_id != 0)
		return -EINVAL;

	unsigned width = address_is_v4(&a) ? 32 : 128;

	bits = width;
	if (ip.len < in.len && text_to_uint(rest, width, &bits) < 0)
		return -EINVAL;

	unsigned prefix_bits = 128 - width + (unsigned)bits;

	for (unsigned bit = prefix_bits; bit < 128; bit++)
		if (is_bit_set(a.ip, bit))
			return -EINVAL;
	memcpy(ret->ip, a.ip, sizeof(ret->ip));
	ret->prefix_bits = prefix_bits;
	return 0;
}

const char *network_format(const struct network *network, char ret[static NETWORK_TEXT_SIZE])
{
	bool is_v4 = network->prefix_bits >= 96 && is_mapped(network->ip);
	char ip[ADDRESS_TEXT_SIZE];
	struct address a = { 0 };

	memcpy(a.ip, network->ip, sizeof(a.ip));
	(void)address_format_ip(&a, ip);
	if (network->prefix_bits == 128)
		(void)snprintf(ret, NETWORK_TEXT_SIZE, "%s", ip);
	else
		(void)snprintf(ret, NETWORK_TEXT_SIZE, "%s/%u", ip,
			       network->prefix_bits - (is_v4 ? 96 : 0));
	return ret;
}

bool network_contains(const struct network *network, const struct address *a)
{
	bool is_v4_network = network->prefix_bits >= 96 && is_mapped(network->ip);
	size_t whole = network->prefix_bits / 8;
	unsigned rest = network->prefix_bits % 8;

	/* ::/0 says "all of IPv6"; that IPv4 is kept inside it is our own affair. */
	if (is_v4_network != address_is_v4(a))
		return false;
	if (memcmp(network->ip, a->ip, whole) != 0)
		return false;
	return rest == 0 || (network->ip[whole] ^ a->ip[whole]) >> (8 - rest) == 0;
}
