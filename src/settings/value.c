/* settings/value.c - see value.h.
 * Each kind of value has a pair of functions that know its field's type; a table joins them. */
#include "settings/value.h"

#include "base/size.h"
#include "net/address.h"
#include "net/external.h"
#include "settings/web_listen.h"

struct kind_functions {
	int (*parse)(const struct setting *row, struct text in, void *field, struct buf *wrong);
	void (*format)(const struct setting *row, const void *field, struct buf *out);
};

bool value_is_clean(struct text in)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = (uint8_t)in.ptr[i];
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return text_is_utf8(in);
}

void value_quote(struct text in, struct buf *out)
{
	const size_t most = 100;
	struct text shown = in;

	if (in.len > most)
		shown.len = most;
	while (shown.len < in.len && shown.len > 0 && ((uint8_t)in.ptr[shown.len] & 0xc0) == 0x80)
		shown.len--; /* not inside of a UTF-8 sequence */
	buf_add_char(out, '"');
	for (size_t i = 0; i < shown.len; i++)
		buf_add_char(out, shown.ptr[i] < ' ' && shown.ptr[i] >= 0 ? '?' : shown.ptr[i]);
	buf_add(out, shown.len < in.len ? T("...\"") : T("\""));
}

/* The words of all refusals that are about one piece of what was written. */
static int refuse(struct buf *wrong, struct text what, const char *why)
{
	value_quote(what, wrong);
	buf_addf(wrong, " %s", why);
	return -EINVAL;
}

bool value_take_item(struct text *rest, struct text *ret_item)
{
	if (!rest->ptr)
		return false;

	ptrdiff_t comma = text_find(*rest, ',');

	if (comma < 0) {
		*ret_item = text_trim(*rest);
		*rest = (struct text){ NULL, 0 };
		return true;
	}
	*ret_item = text_trim((struct text){ rest->ptr, (size_t)comma });
	rest->ptr += comma + 1;
	rest->len -= (size_t)comma + 1;
	return true;
}

static int parse_bool(const struct setting *row UNUSED, struct text in, void *field,
		      struct buf *wrong)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "yes", true }, { "no", false },	 { "true", true }, { "false", false },
		      { "on", true },  { "off", false }, { "1", true },	   { "0", false } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (text_equal_nocase(in, text_of(words[i].word))) {
			*(bool *)field = words[i].value;
			return 0;
		}
	}
	return refuse(wrong, in, "is neither yes nor no");
}

static void format_bool(const struct setting *row UNUSED, const void *field, struct buf *out)
{
	buf_add(out, *(const bool *)field ? T("yes") : T("no"));
}

/* How many of the row's unit one of the suffix is: "m" is 60 for a row in seconds. 0: no such
 * one. */
static uint64_t suffix_factor(const char *unit, struct text suffix)
{
	static const struct {
		const char *unit, *suffix;
		uint64_t factor;
	} rows[] = { { "s", "s", 1 },	  { "s", "m", 60 },  { "s", "h", 3600 },
		     { "s", "d", 86400 }, { "ms", "ms", 1 }, { "ms", "s", 1000 },
		     { "ms", "m", 60000 } };

	if (suffix.len == 0)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(unit, rows[i].unit) == 0 && text_equal(suffix, text_of(rows[i].suffix)))
			return rows[i].factor;
	return 0;
}

static int parse_uint(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	struct text rest = in;
	uint64_t value;

	if (rest.len == 0 || rest.ptr[0] < '0' || rest.ptr[0] > '9')
		return refuse(wrong, in, "is not a number");
	if (!text_take_uint(&rest, UINT32_MAX, &value))
		return refuse(wrong, in, "is too large");

	uint64_t factor = suffix_factor(row->info.unit, text_trim(rest));

	if (factor == 0)
		return refuse(wrong, in, "is not a number of the right unit");
	value *= factor;
	if (value < row->min)
		return refuse(wrong, in, "is too small");
	if (value > row->max)
		return refuse(wrong, in, "is too large");
	*(unsigned *)field = (unsigned)value;
	return 0;
}

static void format_uint(const struct setting *row UNUSED, const void *field, struct buf *out)
{
	buf_addf(out, "%u", *(const unsigned *)field);
}

static int parse_size(const struct setting *row UNUSED, struct text in, void *field,
		      struct buf *wrong)
{
	int r = size_parse(in, field);

	if (r == -ERANGE)
		return refuse(wrong, in, "is too large");
	return r < 0 ? refuse(wrong, in, "is not a number of bytes") : 0;
}

static void format_size(const struct setting *row UNUSED, const void *field, struct buf *out)
{
	size_format(*(const uint64_t *)field, out);
}

static int parse_octal(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	unsigned value = 0;

	if (in.len == 0)
		return refuse(wrong, in, "is not an octal number");
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] < '0' || in.ptr[i] > '7')
			return refuse(wrong, in, "is not an octal number");
		value = value * 8 + (unsigned)(in.ptr[i] - '0');
		if (value > row->max)
			return refuse(wrong, in, "is too large");
	}
	*(unsigned *)field = value;
	return 0;
}

static void format_octal(const struct setting *row UNUSED, const void *field, struct buf *out)
{
	buf_addf(out, "%03o", *(const unsigned *)field);
}

static int parse_word(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	for (unsigned i = 0; row->words[i]; i++) {
		if (text_equal_nocase(in, text_of(row->words[i]))) {
			memcpy(field, &i, sizeof(i)); /* an enum or an unsigned: the same bytes */
			return 0;
		}
	}
	return refuse(wrong, in, "is not a known word");
}

static void format_word(const struct setting *row, const void *field, struct buf *out)
{
	unsigned value;

	memcpy(&value, field, sizeof(value));
	buf_add(out, text_of(row->words[value]));
}

static int parse_text(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	if (in.len >= row->size) {
		buf_addf(wrong, "is %zu bytes long, more than %zu", in.len, row->size - 1);
		return -EINVAL;
	}
	return text_copy(in, field, row->size);
}

static void format_text(const struct setting *row UNUSED, const void *field, struct buf *out)
{
	buf_add(out, text_of(field));
}

static int parse_path(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	if (in.len > 0 && in.ptr[0] != '/')
		return refuse(wrong, in, "is not an absolute path");
	return parse_text(row, in, field, wrong);
}

static int parse_port(struct text in, uint16_t *ret, struct buf *wrong)
{
	uint64_t value;

	if (text_to_uint(in, UINT16_MAX, &value) < 0 || value == 0)
		return refuse(wrong, in, "is not a port");
	*ret = (uint16_t)value;
	return 0;
}

static bool ports_hold(const struct port_list *list, uint16_t port)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->ports[i] == port)
			return true;
	return false;
}

static int parse_ports(const struct setting *row UNUSED, struct text in, void *field,
		       struct buf *wrong)
{
	struct port_list list = { 0 };
	struct text rest = in, item;

	if (in.len == 0 || text_equal_nocase(in, T("none"))) {
		memcpy(field, &list, sizeof(list));
		return 0;
	}
	while (value_take_item(&rest, &item)) {
		uint16_t port;

		int r = parse_port(item, &port, wrong);
		if (r < 0)
			return r;
		if (ports_hold(&list, port))
			return refuse(wrong, item, "is there twice");
		if (list.n == SETTINGS_MAX_PORTS) {
			buf_addf(wrong, "holds more than %d ports", SETTINGS_MAX_PORTS);
			return -EINVAL;
		}
		list.ports[list.n++] = port;
	}
	memcpy(field, &list, sizeof(list));
	return 0;
}

static void format_ports(const struct setting *row UNUSED, const void *field, struct buf *out)
{
	const struct port_list *list = field;

	if (list->n == 0)
		buf_add(out, T("none"));
	for (unsigned i = 0; i < list->n; i++)
		buf_addf(out, "%s%u", i > 0 ? ", " : "", list->ports[i]);
}

static int parse_port_range(const struct setting *row UNUSED, struct text in, void *field,
			    struct buf *wrong)
{
	struct text rest = in, first = in, last = in;
	struct port_range range;

	if (text_find(in, '-') >= 0) {
		if (!text_take_until(&rest, '-', &first))
			return refuse(wrong, in, "is not a range of ports");
		last = rest;
	}
	int r = parse_port(text_trim(first), &range.first, wrong);
	if (r == 0)
		r = parse_port(text_trim(last), &range.last, wrong);
	if (r < 0)
		return r;
	if (range.first > range.last)
		return refuse(wrong, in, "ends before it begins");
	memcpy(field, &range, sizeof(range));
	return 0;
}

static void format_port_range(const struct setting *row UNUSED, const void *field, struct buf *out)
{
	const struct port_range *range = field;

	buf_addf(out, "%u", range->first);
	if (range->last != range->first)
		buf_addf(out, "-%u", range->last);
}

/* Adds the address unless the list is full or holds it already. */
static int collect_address(struct text item, struct address *seen, size_t *n, struct buf *wrong)
{
	struct address address;

	if (address_parse(item, &address) < 0)
		return refuse(wrong, item, "is not an address");
	for (size_t i = 0; i < *n; i++)
		if (address_same_host(&seen[i], &address))
			return refuse(wrong, item, "is there twice");
	if (*n == SETTINGS_MAX_LISTEN) {
		buf_addf(wrong, "holds more than %d addresses", SETTINGS_MAX_LISTEN);
		return -EINVAL;
	}
	seen[(*n)++] = address;
	return 0;
}

static int parse_listen(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	struct address seen[SETTINGS_MAX_LISTEN];
	struct text rest = in, item;
	size_t n = 0;

	if (text_equal(in, T("*")))
		return parse_text(row, in, field, wrong);
	while (value_take_item(&rest, &item)) {
		int r = collect_address(item, seen, &n, wrong);
		if (r < 0)
			return r;
	}
	return parse_text(row, in, field, wrong);
}

static int parse_networks(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	struct text rest = in, item;
	struct network network;

	while (in.len > 0 && value_take_item(&rest, &item))
		if (network_parse(item, &network) < 0)
			return refuse(wrong, item,
				      "is not a network (or has bits set beyond its prefix)");
	return parse_text(row, in, field, wrong);
}

static int parse_web_listen(const struct setting *row, struct text in, void *field,
			    struct buf *wrong)
{
	struct web_addresses addresses;
	struct text bad;

	if (web_listen_parse(in, &addresses, &bad) < 0)
		return refuse(wrong, bad, "is no address with a port, or is one too many");
	return parse_text(row, in, field, wrong);
}

static int parse_external(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	struct text bad = in;

	if (in.len > 0 && external_check(in, &bad) < 0)
		return refuse(wrong, text_trim(bad), "is not a rule for an external address");
	return parse_text(row, in, field, wrong);
}

static int parse_names(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	struct text rest = in, item;
	char name[HOST_NAME_SIZE];

	while (in.len > 0 && value_take_item(&rest, &item))
		if (host_name_parse(item, name) < 0)
			return refuse(wrong, item, "is not a host name");
	return parse_text(row, in, field, wrong);
}

static int parse_charset(const struct setting *row, struct text in, void *field, struct buf *wrong)
{
	struct charset *charset = NULL;
	int r = in.len > 0 ? charset_new(in, &charset) : 0;

	charset_free(&charset);
	if (r == -EINVAL)
		return refuse(wrong, in, "is not a character set that FTP can be spoken in");
	return r < 0 ? refuse(wrong, in, "cannot be used: memory is short")
		     : parse_text(row, in, field, wrong);
}

static const struct kind_functions kinds[] = {
	[VALUE_BOOL] = { parse_bool, format_bool },
	[VALUE_UINT] = { parse_uint, format_uint },
	[VALUE_OCTAL] = { parse_octal, format_octal },
	[VALUE_SIZE] = { parse_size, format_size },
	[VALUE_WORD] = { parse_word, format_word },
	[VALUE_TEXT] = { parse_text, format_text },
	[VALUE_PATH] = { parse_path, format_text },
	[VALUE_PORTS] = { parse_ports, format_ports },
	[VALUE_PORT_RANGE] = { parse_port_range, format_port_range },
	[VALUE_LISTEN] = { parse_listen, format_text },
	[VALUE_NETWORKS] = { parse_networks, format_text },
	[VALUE_EXTERNAL] = { parse_external, format_text },
	[VALUE_NAMES] = { parse_names, format_text },
	[VALUE_CHARSET] = { parse_charset, format_text },
	[VALUE_WEB_LISTEN] = { parse_web_listen, format_text },
};

/* A setting may be set to nothing when its default is nothing, or when nothing is a value of its
 * kind. */
static bool may_be_empty(const struct setting *row)
{
	return row->kind == VALUE_PORTS || row->kind == VALUE_WEB_LISTEN ||
	       row->info.default_text[0] == '\0';
}

int value_parse(const struct setting *row, struct text in, void *into, struct buf *wrong)
{
	in = text_trim(in);
	if (!value_is_clean(in)) {
		buf_add(wrong, T("holds control bytes, or bytes that are not UTF-8"));
		return -EINVAL;
	}
	if (in.len == 0 && !may_be_empty(row)) {
		buf_add(wrong, T("has no value"));
		return -EINVAL;
	}
	return kinds[row->kind].parse(row, in, (char *)into + row->offset, wrong);
}

void value_format(const struct setting *row, const void *values, struct buf *out)
{
	kinds[row->kind].format(row, (const char *)values + row->offset, out);
}
