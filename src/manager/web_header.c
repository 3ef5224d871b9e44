/* manager/web_header.c - see web_header.h. */
#include "manager/web_header.h"

#include "net/address.h"

bool web_cookie_find(struct text header, struct text name, struct text *ret_value)
{
	struct text pair, key;

	while (text_take_until(&header, ';', &pair)) {
		if (text_find(pair, '=') < 0 || !text_take_until(&pair, '=', &key) ||
		    !text_equal(text_trim(key), name))
			continue;
		*ret_value = text_trim(pair);
		return true;
	}
	return false;
}

static bool is_word(struct text in)
{
	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			return false;
	}
	return in.len > 0;
}

int web_bearer_parse(struct text header, struct text *ret_id, struct text *ret_secret)
{
	struct text scheme, id;

	header = text_trim(header);
	if (!text_take_until(&header, ' ', &scheme) || !text_equal_nocase(scheme, T("bearer")))
		return -EINVAL;
	header = text_trim(header);
	if (!text_skip(&header, T("spk_")) || text_find(header, '_') < 0 ||
	    !text_take_until(&header, '_', &id) || !is_word(id) || !is_word(header))
		return -EINVAL;
	*ret_id = id;
	*ret_secret = header;
	return 0;
}

static bool is_port(struct text in)
{
	uint64_t port;

	return text_to_uint(in, UINT16_MAX, &port) == 0;
}

int web_host_parse(struct text header, struct text *ret_name)
{
	struct text in = text_trim(header), name;

	if (text_skip_char(&in, '[')) {
		if (text_find(in, ']') < 0 || !text_take_until(&in, ']', &name))
			return -EINVAL;
		if (in.len > 0 && (!text_skip_char(&in, ':') || !is_port(in)))
			return -EINVAL;
	} else {
		bool has_port = text_find(in, ':') >= 0;

		if (!text_take_until(&in, ':', &name) || (has_port && !is_port(in)))
			return -EINVAL;
	}
	if (name.len == 0)
		return -EINVAL;
	*ret_name = name;
	return 0;
}

bool web_host_is_local(struct text name)
{
	struct address address;

	if (text_equal_nocase(name, T("localhost")) || text_equal_nocase(name, T("localhost.")))
		return true;
	return address_parse(name, &address) == 0 && address_is_loopback(&address);
}

bool web_origin_is_same(struct text origin, bool is_tls, struct text host)
{
	struct text ours = text_trim(host), theirs = text_trim(origin);

	if (!text_skip(&theirs, is_tls ? T("https://") : T("http://")))
		return false;
	return theirs.len > 0 && text_equal_nocase(theirs, ours);
}
