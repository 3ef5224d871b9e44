/* ftp/hostport.c - see hostport.h. */
#include "ftp/hostport.h"

#include <assert.h>

int hostport_parse_port(struct text argument, struct address *ret)
{
	uint8_t six[6];
	uint64_t v;

	for (size_t i = 0; i < 6; i++) {
		if (i > 0 && !text_skip_char(&argument, ','))
			return -EINVAL;
		if (!text_take_uint(&argument, 255, &v))
			return -EINVAL;
		six[i] = (uint8_t)v;
	}
	if (argument.len > 0)
		return -EINVAL;
	*ret = address_from_v4(six, (uint16_t)(six[4] << 8 | six[5]));
	return 0;
}

/* A protocol number of RFC 2428: 1 is IPv4, 2 is IPv6. */
static int protocol_parse(struct text in, bool *ret_is_v6)
{
	uint64_t number;
	int r = text_to_uint(in, 2, &number);

	if (r == -ERANGE || (r == 0 && number == 0))
		return -EPROTONOSUPPORT;
	if (r < 0)
		return r;
	*ret_is_v6 = number == 2;
	return 0;
}

/* IPv4 is dotted; IPv6 has a colon, and may carry IPv4 inside (what a client on a dual-stack socket
 * sends). A zone ("fe80::1%eth0") means something on the client's machine only (RFC 4007 11.2). */
static int ip_parse(struct text in, bool is_v6, struct address *ret)
{
	ptrdiff_t zone = text_find(in, '%');

	if ((text_find(in, ':') >= 0) != is_v6)
		return -EINVAL;
	if (zone >= 0 && is_v6)
		in.len = (size_t)zone;
	return address_parse(in, ret);
}

int hostport_parse_eprt(struct text argument, struct address *ret)
{
	struct text parts[3];
	struct address address;
	uint64_t port;
	bool is_v6;

	if (argument.len == 0 || argument.ptr[0] < 33 || argument.ptr[0] > 126)
		return -EINVAL;

	char delimiter = argument.ptr[0];

	if (argument.ptr[argument.len - 1] != delimiter)
		return -EINVAL;
	(void)text_skip_char(&argument, delimiter); /* it was just looked at */
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!text_take_until(&argument, delimiter, &parts[i]))
			return -EINVAL;
	if (argument.len > 0)
		return -EINVAL;

	int r = protocol_parse(parts[0], &is_v6);
	if (r < 0)
		return r;
	r = ip_parse(parts[1], is_v6, &address);
	if (r < 0)
		return -EINVAL;
	if (text_to_uint(parts[2], UINT16_MAX, &port) < 0)
		return -EINVAL;
	address.port = (uint16_t)port;
	*ret = address;
	return 0;
}

int hostport_parse_epsv(struct text argument, enum epsv_request *ret)
{
	bool is_v6;

	if (argument.len == 0) {
		*ret = EPSV_ANY;
		return 0;
	}
	if (text_equal_nocase(argument, T("ALL"))) {
		*ret = EPSV_ALL;
		return 0;
	}

	int r = protocol_parse(argument, &is_v6);
	if (r < 0)
		return r;
	*ret = is_v6 ? EPSV_IPV6 : EPSV_IPV4;
	return 0;
}

void hostport_format_227(struct buf *out, const struct address *address)
{
	const uint8_t *ip = address->ip + 12;

	assert(address_is_v4(address));
	buf_addf(out, "Entering Passive Mode (%d,%d,%d,%d,%d,%d).", ip[0], ip[1], ip[2], ip[3],
		 address->port >> 8, address->port & 0xff);
}

void hostport_format_229(struct buf *out, uint16_t port)
{
	buf_addf(out, "Entering Extended Passive Mode (|||%d|)", port);
}
