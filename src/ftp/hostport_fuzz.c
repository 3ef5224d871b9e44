/* ftp/hostport_fuzz.c - an address that was read is written and read again as the same. */
#include <assert.h>

#include "ftp/hostport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_same(const struct address *a, const struct address *b)
{
	assert(address_same_host(a, b) && a->port == b->port);
}

/* The argument of PORT stands between the brackets of a 227 reply. */
static void check_port(struct text in)
{
	struct address address, again;
	char storage[64];
	struct buf out;

	if (hostport_parse_port(in, &address) < 0)
		return;
	assert(address_is_v4(&address));
	buf_init(&out, storage, sizeof(storage));
	hostport_format_227(&out, &address);
	assert(!out.has_overflowed);

	struct text reply = buf_text(&out);

	assert(text_skip(&reply, T("Entering Passive Mode (")));
	assert(text_take_until(&reply, ')', &in) && text_equal(reply, T(".")));
	assert(hostport_parse_port(in, &again) == 0);
	assert_same(&address, &again);
}

static void check_eprt(struct text in)
{
	struct address address, again;
	char storage[128], ip[ADDRESS_TEXT_SIZE];
	struct buf out;

	if (hostport_parse_eprt(in, &address) < 0)
		return;
	address_format_ip(&address, ip);
	buf_init(&out, storage, sizeof(storage));
	buf_addf(&out, "|%d|%s|%u|", address_is_v4(&address) ? 1 : 2, ip, address.port);
	assert(hostport_parse_eprt(buf_text(&out), &again) == 0);
	assert_same(&address, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text in = { (const char *)data, size };
	enum epsv_request request = EPSV_ANY;

	check_port(in);
	check_eprt(in);
	if (hostport_parse_epsv(in, &request) == 0)
		assert(size == 0 || size == 3 || request != EPSV_ANY);
	return 0;
}
