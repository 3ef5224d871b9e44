/* doctor/target.c - see target.h. */
#include "doctor/target.h"

#include "base/buf.h"

/* "https://", "ftp:/" and the like; a scheme is letters, digits and "+-." (RFC 3986 3.1). */
static bool take_scheme(struct text *in, char ret[static 16])
{
	struct text rest = *in, scheme;
	ptrdiff_t colon = text_find(*in, ':');

	if (colon <= 0 || (size_t)colon + 1 >= in->len || in->ptr[colon + 1] != '/')
		return false;
	(void)text_take_until(&rest, ':', &scheme);
	for (size_t i = 0; i < scheme.len; i++) {
		char c = scheme.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '+' && c != '-' && c != '.')
			return false;
	}
	while (text_skip_char(&rest, '/'))
		;
	/* One that does not fit is unknown anyway. */
	if (text_copy(scheme, ret, 16) < 0)
		ret[0] = '?', ret[1] = '\0';
	*in = rest;
	return true;
}

static bool remove_blanks(struct text in, char *ret, size_t size)
{
	struct buf out;

	buf_init(&out, ret, size);
	for (size_t i = 0; i < in.len; i++)
		if (in.ptr[i] != ' ' && in.ptr[i] != '\t' && in.ptr[i] != '\r' && in.ptr[i] != '\n')
			buf_add_char(&out, in.ptr[i]);
	return out.len < in.len;
}

/* Everything up to the last '@' of the host's part. */
static bool take_user(struct text *in)
{
	struct text user;
	bool had = false;

	while (text_find(*in, '@') >= 0 && text_take_until(in, '@', &user))
		had = true;
	return had;
}

static bool take_brackets(struct text *in, struct text *ret_rest)
{
	struct text rest = *in;

	if (!text_skip_char(&rest, '['))
		return false;
	if (!text_take_until(&rest, ']', in))
		*in = (struct text){ rest.ptr, 0 };
	*ret_rest = rest;
	return true;
}

/* ":990" behind a name, or behind brackets. An IPv6 address without brackets has no port. 1: there
 * was one, or a colon without; 0: none; -EINVAL: it is no port. */
static int take_port(struct text *in, struct text rest, bool had_brackets, uint16_t *ret_port)
{
	struct text host = *in, port = rest;
	struct address address;
	uint64_t value;

	if (!had_brackets) {
		if (address_parse(*in, &address) == 0 || text_find(*in, ':') < 0)
			return 0;
		port = *in;
		(void)text_take_until(&port, ':', &host);
	} else if (!text_skip_char(&port, ':')) {
		return 0;
	}
	*in = host;
	if (port.len == 0)
		return 1;
	if (text_to_uint(port, UINT16_MAX, &value) < 0 || value == 0)
		return -EINVAL;
	*ret_port = (uint16_t)value;
	return 1;
}

static void choose_mode(struct target *target)
{
	struct text scheme = text_of(target->scheme);

	/* "ftps:" is implicit TLS for most clients, "ftpes:" explicit. */
	if (text_equal_nocase(scheme, T("ftps")) && target->given_port != 21 &&
	    target->given_port != 3021)
		target->given_mode = MODE_IMPLICIT;
	else if (text_equal_nocase(scheme, T("ftpes")))
		target->given_mode = MODE_EXPLICIT;
}

/* As it was given, but for a user and a password in it, and for what follows a question mark, where
 * tokens stand. */
static void keep_given(struct text given, char *ret, size_t size)
{
	struct text rest = given, part;
	char scheme[16], storage[EVIDENCE_LINE];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	if (text_find(given, '@') >= 0) {
		text_skip_blank(&rest);
		if (take_scheme(&rest, scheme))
			buf_addf(&out, "%s://", scheme);
		while (text_find(rest, '@') >= 0 && text_take_until(&rest, '@', &part))
			;
		buf_addf(&out, "****@");
	}
	if (text_find(rest, '?') >= 0 && text_take_until(&rest, '?', &part)) {
		buf_add(&out, part);
		rest = T("?****");
	}
	buf_add(&out, rest);
	evidence_text(buf_text(&out), ret, size);
}

int target_parse(struct text given, struct target *ret)
{
	char storage[EVIDENCE_LINE];
	struct address address;
	struct text in, rest = { "", 0 };

	*ret = (struct target){ .given = "" };
	keep_given(given, ret->given, sizeof(ret->given));
	if (given.len >= sizeof(storage))
		return -EINVAL;
	ret->had_blanks = remove_blanks(given, storage, sizeof(storage));
	in = text_of(storage);
	ret->had_scheme = take_scheme(&in, ret->scheme);

	struct text host;
	if (!text_take_until(&in, '/', &host))
		return -EINVAL;
	/* The slash itself is harmless, and yet no part of a host. */
	ret->had_path = host.len < text_of(storage).len - (size_t)(host.ptr - storage);
	ret->had_user = take_user(&host);
	ret->had_brackets = take_brackets(&host, &rest);
	int r = take_port(&host, rest, ret->had_brackets, &ret->given_port);
	if (r < 0)
		return r;
	ret->had_port = r > 0;
	while (host.len > 1 && host.ptr[host.len - 1] == '.') {
		ret->had_dot = true;
		host.len--;
	}
	if (host_name_parse(host, ret->host) < 0)
		return -EINVAL;
	ret->is_address = address_parse(text_of(ret->host), &address) == 0;
	choose_mode(ret);
	return 0;
}
