/* guide/allow_list.c - see allow_list.h. */
#include "guide/allow_list.h"

#include <assert.h>

#define MAX_RULES 1024
#define MAX_TOKENS 512
#define MAX_NETS 48
#define MAX_RANGES 64

struct net_range {
	uint8_t first[16], last[16];
};

struct nets {
	unsigned n;
	bool is_any;
	struct net_range ranges[MAX_NETS];
};

struct ports {
	unsigned n;
	struct port_range ranges[MAX_RANGES];
};

enum direction { DIRECTION_BOTH, DIRECTION_IN, DIRECTION_OUT };

struct rule {
	bool denies;
	enum direction direction;
	struct nets from, to; /* empty and not any: it was not said */
	struct ports ports;   /* empty: it was not said */
	bool is_general;      /* a default, or "any to any" in so many words */
};

struct allow_list {
	size_t n_rules;
	struct rule *rules[MAX_RULES];
	bool has_numbers;  /* some port or address, whatever it was for */
	struct rule loose; /* lines that are only ports, or only addresses */
};

/* --- words ------------------------------------------------------------------------------------ */

enum meaning {
	MEANS_NOTHING,
	MEANS_ALLOW,
	MEANS_DENY,
	MEANS_IN,
	MEANS_OUT,
	MEANS_ANY,
	MEANS_TCP,
	MEANS_OTHER_PROTOCOL,
	MEANS_REPLIES, /* of connections that are there: opens nothing */
	MEANS_DEFAULT,
	MEANS_NAMED, /* the next word is the name of an object */
	/* What the words behind them are: */
	KEY_TO,
	KEY_FROM,
	KEY_UFW_FROM,
	KEY_PORT,
	KEY_SOURCE_PORT,
	KEY_LOCAL_PORT,
	KEY_REMOTE_PORT,
	KEY_LOCAL_ADDRESS,
	KEY_REMOTE_ADDRESS,
	KEY_FIRST_PORT,
	KEY_LAST_PORT,
	KEY_IGNORE,
};

static const struct word {
	const char *words; /* with blanks between */
	enum meaning meaning;
} vocabulary[] = {
	{ "accept allow allowed pass limit open authorize-security-group-ingress "
	  "authorize-security-group-egress",
	  MEANS_ALLOW },
	{ "drop deny denied reject block blocked discard", MEANS_DENY },
	{ "input inbound incoming ingress authorize-security-group-ingress", MEANS_IN },
	{ "output outbound outgoing egress authorize-security-group-egress", MEANS_OUT },
	{ "any any4 any6 anywhere all * internet everywhere", MEANS_ANY },
	{ "tcp", MEANS_TCP },
	{ "udp icmp icmpv6 ipv6-icmp gre esp sctp", MEANS_OTHER_PROTOCOL },
	{ "established established,related related invalid untracked lo loopback", MEANS_REPLIES },
	{ "policy default", MEANS_DEFAULT },
	{ "object object-group", MEANS_NAMED },
	{ "to -d dst daddr destination destination-ranges destinationranges "
	  "destination-address-prefix destination-address-prefixes destinationaddressprefix",
	  KEY_TO },
	{ "-s src saddr source source-ranges sourceranges source-address-prefix "
	  "source-address-prefixes sourceaddressprefix",
	  KEY_FROM },
	{ "from", KEY_UFW_FROM },
	{ "port ports dport dports destination-port destination-ports destination-port-range "
	  "destination-port-ranges destinationportrange destinationportranges add-port eq range "
	  "port-object service services add-service",
	  KEY_PORT },
	{ "sport sports source-port source-ports source-port-range source-port-ranges "
	  "sourceportrange sourceportranges",
	  KEY_SOURCE_PORT },
	{ "localport", KEY_LOCAL_PORT },
	{ "remoteport", KEY_REMOTE_PORT },
	{ "localaddress localip", KEY_LOCAL_ADDRESS },
	{ "remoteaddress remoteip cidrip cidripv6", KEY_REMOTE_ADDRESS },
	{ "fromport", KEY_FIRST_PORT },
	{ "toport", KEY_LAST_PORT },
	{ "comment name displayname description priority seq sequence line id index ticket group "
	  "group-id nsg-name resource-group network insert application -m ctstate remark "
	  "handle counter packets bytes timeout",
	  KEY_IGNORE },
};

static bool is_one_of(struct text word, const char *words)
{
	struct text rest = text_of(words), one;

	while (text_take_until(&rest, ' ', &one))
		if (text_equal_nocase(word, one))
			return true;
	return false;
}

static bool means(struct text word, enum meaning meaning)
{
	for (size_t i = 0; i < ARRAY_SIZE(vocabulary); i++)
		if (vocabulary[i].meaning == meaning)
			return is_one_of(word, vocabulary[i].words);
	return false;
}

/* The key that the word is, or MEANS_NOTHING. */
static enum meaning key_of(struct text word)
{
	for (size_t i = 0; i < ARRAY_SIZE(vocabulary); i++)
		if (vocabulary[i].meaning >= KEY_TO && is_one_of(word, vocabulary[i].words))
			return vocabulary[i].meaning;
	return MEANS_NOTHING;
}

/* --- lines into words ------------------------------------------------------------------------- */

struct line {
	size_t n;
	struct text words[MAX_TOKENS];
};

static bool is_separator(char c)
{
	return c <= ' ' || strchr(",;()[]{}\"'=|<>\\", c) != NULL;
}

/* "--dport" and "dport:" are "dport"; what is only punctuation is nothing, but "-" joins ports, and
 * "-d" is not the word "d". */
static struct text bare_word(struct text word)
{
	if (word.len <= 2 && word.ptr[0] == '-' && !text_equal(word, T("--")))
		return word;
	while (word.len > 0 &&
	       (word.ptr[0] == '-' || (word.ptr[0] == ':' && !text_starts(word, T("::")))))
		word = (struct text){ word.ptr + 1, word.len - 1 };
	if (word.len > 0 && word.ptr[word.len - 1] == '.')
		word.len--;
	if (word.len > 1 && word.ptr[word.len - 1] == ':' && word.ptr[word.len - 2] != ':')
		word.len--;
	return word;
}

/* What a comment or a name says in quotes must not be taken for a port. */
static size_t skip_quoted(struct text in, size_t at, const struct line *line)
{
	char quote = in.ptr[at];

	if ((quote != '"' && quote != '\'') || line->n == 0 ||
	    key_of(line->words[line->n - 1]) != KEY_IGNORE)
		return at + 1;
	for (at++; at < in.len && in.ptr[at] != quote;)
		at++;
	return MIN_OF(at + 1, in.len);
}

static void split_words(struct text in, struct line *ret)
{
	size_t at = 0;

	ret->n = 0;
	while (at < in.len && ret->n < MAX_TOKENS) {
		if (is_separator(in.ptr[at])) {
			at = skip_quoted(in, at, ret);
			continue;
		}
		size_t start = at;
		while (at < in.len && !is_separator(in.ptr[at]))
			at++;
		if (in.ptr[start] == '#')
			return; /* the rest is a comment */
		struct text word = bare_word((struct text){ in.ptr + start, at - start });
		if (word.len > 0)
			ret->words[ret->n++] = word;
	}
}

/* --- words that are ports or addresses -------------------------------------------------------- */

static bool is_dash(struct text word)
{
	return text_equal(word, T("-")) || text_equal(word, T("to")) ||
	       text_equal(word, T("through"));
}

/* "21", "40000-50000", "40000:50000", and with tcp before or behind. */
static bool read_ports(struct text word, struct port_range *ret, bool *ret_says_tcp)
{
	uint64_t first, last;
	bool says_tcp = text_skip(&word, T("tcp:")) || text_skip(&word, T("tcp/")) ||
			text_skip(&word, T("TCP/"));

	if (!text_take_uint(&word, 65535, &first))
		return false;
	last = first;
	if (text_skip_char(&word, '-') || text_skip_char(&word, ':') || text_skip(&word, T("..")))
		if (!text_take_uint(&word, 65535, &last))
			return false;
	if (text_equal_nocase(word, T("/tcp"))) {
		says_tcp = true;
		word.len = 0;
	}
	if (word.len > 0 || first == 0 || last < first)
		return false;
	*ret = (struct port_range){ (uint16_t)first, (uint16_t)last };
	*ret_says_tcp = says_tcp;
	return true;
}

/* All addresses that agree in the first bits. */
static struct net_range range_of(const uint8_t ip[static 16], unsigned bits)
{
	struct net_range range;

	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = bits >= (i + 1) * 8 ? 8 : bits > i * 8 ? bits - i * 8 : 0;
		uint8_t mask = (uint8_t)(0xff00u >> kept);

		range.first[i] = ip[i] & mask;
		range.last[i] = ip[i] | (uint8_t)~mask;
	}
	return range;
}

static bool read_span(struct text word, struct net_range *ret)
{
	struct text low;
	struct address first, last;

	if (!text_take_until(&word, '-', &low) || address_parse(low, &first) < 0 ||
	    address_parse(word, &last) < 0 || memcmp(first.ip, last.ip, 16) > 0)
		return false;
	memcpy(ret->first, first.ip, 16);
	memcpy(ret->last, last.ip, 16);
	return true;
}

/* "203.0.113.5", "203.0.113.0/24" (host bits do not matter), "203.0.113.5-203.0.113.9". */
static bool read_net(struct text word, struct net_range *ret)
{
	struct address address;
	struct text ip;
	uint64_t bits;

	if (text_find(word, '/') < 0) {
		if (address_parse(word, &address) < 0)
			return read_span(word, ret);
		*ret = range_of(address.ip, 128);
		return true;
	}
	if (!text_take_until(&word, '/', &ip) || address_parse(ip, &address) < 0)
		return false;
	bool is_v4 = address_is_v4(&address);
	if (text_to_uint(word, is_v4 ? 32 : 128, &bits) < 0)
		return false;
	*ret = range_of(address.ip, (unsigned)bits + (is_v4 ? 96 : 0));
	return true;
}

/* Cisco: an address and its mask (255.255.255.0), or its wildcard bits (0.0.0.255). */
static bool apply_mask(struct text word, struct net_range *range)
{
	struct address mask;

	if (address_parse(word, &mask) < 0 || !address_is_v4(&mask) ||
	    memcmp(range->first, range->last, 16) != 0)
		return false;
	uint32_t bits = (uint32_t)mask.ip[12] << 24 | (uint32_t)mask.ip[13] << 16 |
			(uint32_t)mask.ip[14] << 8 | mask.ip[15];
	if (mask.ip[12] == 0)
		bits = ~bits;
	if ((mask.ip[12] != 0 && mask.ip[12] != 255) || (~bits & (~bits + 1)) != 0)
		return false;
	*range = range_of(range->first, 96 + (unsigned)__builtin_popcount(bits));
	return true;
}

static void add_net(struct nets *nets, const struct net_range *range)
{
	static const uint8_t zero[16], v4_zero[16] = { [10] = 0xff, [11] = 0xff };
	struct net_range all = range_of(zero, 0), all_v4 = range_of(v4_zero, 96);

	if (memcmp(range, &all, sizeof(all)) == 0 || memcmp(range, &all_v4, sizeof(all_v4)) == 0)
		nets->is_any = true;
	else if (nets->n < MAX_NETS)
		nets->ranges[nets->n++] = *range;
}

static void add_ports(struct ports *ports, struct port_range range)
{
	if (ports->n < MAX_RANGES)
		ports->ranges[ports->n++] = range;
}

/* --- one line --------------------------------------------------------------------------------- */

struct reader {
	const struct line *line;
	struct text server_name;
	struct rule rule;
	enum meaning key;
	bool is_positional; /* Cisco: source, then destination, without words between */
	bool is_iptables;   /* numbers without a word before them are positions */
	bool has_verb, has_port_key, names_objects, is_rulebase, says_all_ports;
	bool has_tcp, has_other, is_reply, has_numbers;
	unsigned n_specs; /* Cisco: addresses so far */
	struct port_range pending;
	struct nets *last_nets; /* the list whose last address a mask may follow */
};

static bool line_has(const struct line *line, const char *word)
{
	for (size_t i = 0; i < line->n; i++)
		if (text_equal_nocase(line->words[i], text_of(word)))
			return true;
	return false;
}

/* Of ufw ("ALLOW IN", "allow out") and netsh ("dir=in"); elsewhere "in" is only a word. */
static bool is_short_direction(const struct line *line, size_t at, const char *word)
{
	if (at == 0 || !text_equal_nocase(line->words[at], text_of(word)))
		return false;
	struct text before = line->words[at - 1];

	return means(before, MEANS_ALLOW) || means(before, MEANS_DENY) ||
	       text_equal_nocase(before, T("dir"));
}

/* What holds for the line as a whole. */
static void survey(struct reader *r)
{
	for (size_t i = 0; i < r->line->n; i++) {
		struct text word = r->line->words[i];
		struct port_range range;
		bool says_tcp = false;

		if (means(word, MEANS_ALLOW) || text_equal_nocase(word, T("permit")))
			r->has_verb = true;
		if (means(word, MEANS_DENY))
			r->has_verb = r->rule.denies = true;
		if (means(word, MEANS_IN) || is_short_direction(r->line, i, "in"))
			r->rule.direction = DIRECTION_IN;
		if (means(word, MEANS_OUT) || is_short_direction(r->line, i, "out"))
			r->rule.direction = DIRECTION_OUT;
		if (means(word, MEANS_DEFAULT) || text_equal(word, T("-P")))
			r->rule.is_general = true;
		if (means(word, MEANS_REPLIES))
			r->is_reply = true;
		if (read_ports(word, &range, &says_tcp) && says_tcp)
			r->has_tcp = true;
		r->has_tcp = r->has_tcp || means(word, MEANS_TCP);
		r->has_other = r->has_other || means(word, MEANS_OTHER_PROTOCOL);
		enum meaning key = key_of(word);
		if (key >= KEY_PORT && key <= KEY_LAST_PORT && key != KEY_LOCAL_ADDRESS &&
		    key != KEY_REMOTE_ADDRESS)
			r->has_port_key = true;
	}
	r->is_reply = r->is_reply && !line_has(r->line, "new");
	r->is_rulebase = line_has(r->line, "rulebase");
	r->is_iptables = line_has(r->line, "-j");
	r->is_positional = line_has(r->line, "permit") || line_has(r->line, "access-list");
}

static bool is_source_key(const struct reader *r)
{
	bool is_in = r->rule.direction == DIRECTION_IN;

	return r->key == KEY_FROM || r->key == KEY_UFW_FROM ||
	       (r->key == KEY_LOCAL_ADDRESS && !is_in) || (r->key == KEY_REMOTE_ADDRESS && is_in);
}

static bool is_source_port_key(const struct reader *r)
{
	return r->key == KEY_SOURCE_PORT ||
	       (r->key == KEY_LOCAL_PORT && r->rule.direction == DIRECTION_OUT) ||
	       (r->key == KEY_REMOTE_PORT && r->rule.direction == DIRECTION_IN);
}

static struct nets *nets_of_key(struct reader *r)
{
	if (r->is_positional)
		return r->n_specs++ == 0 ? &r->rule.from : &r->rule.to;
	return is_source_key(r) ? &r->rule.from : &r->rule.to;
}

static void take_key(struct reader *r, enum meaning key, size_t at)
{
	if (r->is_rulebase &&
	    (key == KEY_UFW_FROM || (key == KEY_TO && text_equal(r->line->words[at], T("to")))))
		key = KEY_IGNORE; /* zones */
	if (key == KEY_PORT && r->key == KEY_UFW_FROM && line_has(r->line, "to"))
		key = KEY_SOURCE_PORT; /* ufw: from ADDRESS port PORT to ... */
	r->key = key;
}

static void take_any(struct reader *r, size_t at)
{
	bool is_of_ports = r->key == KEY_PORT ||
			   (at + 1 < r->line->n && key_of(r->line->words[at + 1]) == KEY_PORT &&
			    !r->is_positional && r->key == MEANS_NOTHING);

	if (r->key == KEY_IGNORE || is_source_port_key(r))
		return;
	if (is_of_ports || (r->key >= KEY_PORT && r->key <= KEY_REMOTE_PORT))
		r->says_all_ports = true;
	else
		nets_of_key(r)->is_any = true;
}

static void take_ports(struct reader *r, struct port_range range, bool says_tcp)
{
	if (r->key == KEY_FIRST_PORT) {
		r->pending = range;
	} else if (r->key == KEY_LAST_PORT) {
		if (r->pending.first > 0 && r->pending.first <= range.last)
			range.first = r->pending.first;
		r->pending.first = 0;
		add_ports(&r->rule.ports, range);
	} else if (!is_source_port_key(r) && (r->key != KEY_IGNORE || says_tcp)) {
		if (r->key == KEY_PORT || r->key == KEY_LOCAL_PORT || r->key == KEY_REMOTE_PORT ||
		    says_tcp || (!r->has_port_key && !r->is_iptables))
			add_ports(&r->rule.ports, range);
	}
}

/* "ftp" is a port where ports are told, and a word elsewhere. */
static bool take_service(struct reader *r, struct text word)
{
	static const struct {
		const char *name;
		uint16_t port;
	} services[] = { { "ftp", 21 }, { "ftps", 990 } };

	for (size_t i = 0; r->key == KEY_PORT && i < ARRAY_SIZE(services); i++) {
		if (text_equal_nocase(word, text_of(services[i].name))) {
			add_ports(&r->rule.ports,
				  (struct port_range){ services[i].port, services[i].port });
			return true;
		}
	}
	return false;
}

static bool take_address(struct reader *r, struct text word)
{
	struct net_range range;

	if (r->last_nets && r->last_nets->n > 0 &&
	    apply_mask(word, &r->last_nets->ranges[r->last_nets->n - 1])) {
		r->last_nets = NULL;
		return true;
	}
	r->last_nets = NULL;
	if (!read_net(word, &range))
		return false;
	r->has_numbers = true;
	r->last_nets = nets_of_key(r);
	add_net(r->last_nets, &range);
	return true;
}

/* "203.0.113.5:21". */
static bool take_endpoint(struct reader *r, struct text word)
{
	struct text ip;
	struct net_range range;
	struct port_range ports;
	bool says_tcp;

	if (!text_take_until(&word, ':', &ip) || !read_net(ip, &range) ||
	    !read_ports(word, &ports, &says_tcp))
		return false;
	add_net(nets_of_key(r), &range);
	add_ports(&r->rule.ports, ports);
	return true;
}

static void take_name(struct reader *r, struct text word)
{
	if (r->server_name.len > 0 && text_equal_nocase(word, r->server_name))
		nets_of_key(r)->is_any = true; /* that is: whatever its addresses are */
	else if ((r->key == KEY_TO && r->is_rulebase) || (r->key == KEY_PORT && r->is_rulebase))
		r->names_objects = true;
}

/* Reads the word at this position and perhaps those behind it; returns the next position. */
static size_t take_word(struct reader *r, size_t at)
{
	const struct line *line = r->line;
	struct text word = line->words[at];
	struct port_range range, end;
	bool says_tcp;
	enum meaning key = key_of(word);

	if (read_ports(word, &range, &says_tcp)) {
		bool is_joined = at + 2 < line->n && is_dash(line->words[at + 1]) &&
				 read_ports(line->words[at + 2], &end, &says_tcp) &&
				 end.last >= range.first;
		bool is_range = !is_joined && at > 0 && at + 1 < line->n &&
				text_equal_nocase(line->words[at - 1], T("range")) &&
				read_ports(line->words[at + 1], &end, &says_tcp) &&
				end.last >= range.first;

		if (is_joined || is_range)
			range.last = end.last;
		take_ports(r, range, says_tcp);
		r->has_numbers = true;
		if (r->key == KEY_IGNORE)
			r->key = MEANS_NOTHING; /* one value */
		return at + (is_joined ? 3 : is_range ? 2 : 1);
	}
	if (key != MEANS_NOTHING) {
		take_key(r, key, at);
	} else if (means(word, MEANS_NAMED)) {
		r->names_objects = true;
		r->n_specs++;
		return at + 2;
	} else if (means(word, MEANS_ANY)) {
		take_any(r, at);
	} else if (!take_address(r, word) && !take_endpoint(r, word) && !take_service(r, word)) {
		take_name(r, word);
	}
	if (key == MEANS_NOTHING && r->key == KEY_IGNORE)
		r->key = MEANS_NOTHING;
	return at + 1;
}

/* --- the list --------------------------------------------------------------------------------- */

static int add_rule(struct allow_list *list, const struct rule *rule)
{
	if (list->n_rules == MAX_RULES)
		return -E2BIG;
	struct rule *copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *rule;
	list->rules[list->n_rules++] = copy;
	return 0;
}

static bool is_said(const struct nets *nets)
{
	return nets->n > 0 || nets->is_any;
}

static void merge_nets(struct nets *into, const struct nets *from)
{
	into->is_any = into->is_any || from->is_any;
	for (unsigned i = 0; i < from->n && into->n < MAX_NETS; i++)
		into->ranges[into->n++] = from->ranges[i];
}

static void merge_ports(struct ports *into, const struct ports *from)
{
	for (unsigned i = 0; i < from->n; i++)
		add_ports(into, from->ranges[i]);
}

static int take_line(struct allow_list *list, struct reader *r)
{
	struct rule *rule = &r->rule;
	bool has_ports = rule->ports.n > 0, has_nets = is_said(&rule->to) || is_said(&rule->from);

	if (r->says_all_ports && !r->names_objects) {
		rule->ports.n = 1;
		rule->ports.ranges[0] = (struct port_range){ 1, 65535 };
		has_ports = has_ports || has_nets || r->has_verb;
	}
	if (r->is_reply || (r->has_other && !r->has_tcp))
		return 0;
	if (r->names_objects && !has_ports)
		return 0; /* the objects have lines of their own */
	if (rule->is_general && r->has_verb && !has_ports)
		return add_rule(list, rule);
	if (r->has_verb && rule->denies && !has_ports && !rule->to.n && !rule->from.n) {
		rule->is_general = true;
		return add_rule(list, rule);
	}
	if (r->has_port_key && !has_ports && !rule->denies)
		return 0; /* ports that we cannot read are no ports */
	if (r->has_verb && (has_ports || has_nets))
		return add_rule(list, rule);
	if (has_ports && has_nets)
		return add_rule(list, rule);
	merge_ports(&list->loose.ports, &rule->ports);
	merge_nets(&list->loose.to, &rule->to);
	merge_nets(&list->loose.from, &rule->from);
	return 0;
}

static bool is_comment(struct text line)
{
	line = text_trim(line);
	return line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == '!' ||
	       text_starts(line, T("//")) || line.ptr[0] == ';';
}

/* Lines that end in '\' go on. */
/* The length of a character beyond ASCII at the begin of in, and whether it is one of the dashes
 * that word processors make of '-' (U+2010 to U+2015, U+2212). */
static size_t foreign_length(struct text in, bool *ret_is_dash)
{
	const uint8_t *byte = (const uint8_t *)in.ptr;
	size_t len = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;

	*ret_is_dash = in.len >= 3 && byte[0] == 0xe2 &&
		       ((byte[1] == 0x80 && byte[2] >= 0x90 && byte[2] <= 0x95) ||
			(byte[1] == 0x88 && byte[2] == 0x92));
	return MIN_OF(len, in.len);
}

/* Bullets, other blanks and the like stand for nothing. */
static void add_in_ascii(struct text in, struct buf *out)
{
	bool is_dash;

	while (in.len > 0) {
		size_t len = 1;

		if ((uint8_t)in.ptr[0] < 0x80) {
			buf_add_char(out, in.ptr[0]);
		} else {
			len = foreign_length(in, &is_dash);
			buf_add_char(out, is_dash ? '-' : ' ');
		}
		in.ptr += len;
		in.len -= len;
	}
}

static bool take_logical_line(struct text *in, char *storage, size_t size, struct text *ret)
{
	struct buf joined;
	struct text part;
	bool has_any = false, goes_on = true;

	buf_init(&joined, storage, size);
	while (goes_on && text_take_until(in, '\n', &part)) {
		has_any = true;
		part = text_trim(part);
		if (part.len > 0 && part.ptr[part.len - 1] == '\r')
			part.len--;
		goes_on = part.len > 0 && part.ptr[part.len - 1] == '\\';
		if (goes_on)
			part.len--;
		add_in_ascii(part, &joined);
		buf_add_char(&joined, ' ');
	}
	*ret = buf_text(&joined);
	return has_any;
}

/* Rules that leave ports or addresses open get those of the lines that are only that. */
static int settle(struct allow_list *list)
{
	struct rule *loose = &list->loose;
	bool has_nets = loose->to.n > 0;

	for (size_t i = 0; i < list->n_rules; i++) {
		struct rule *rule = list->rules[i];

		if (rule->is_general || rule->denies)
			continue;
		if (has_nets && !is_said(&rule->to))
			rule->to = loose->to;
		if (loose->ports.n > 0 && rule->ports.n == 0)
			rule->ports = loose->ports;
	}
	if (loose->ports.n == 0 && (!has_nets || list->n_rules > 0))
		return list->n_rules > 0 || list->has_numbers ? 0 : -ENODATA;
	loose->from = (struct nets){ .n = 0 }; /* whose addresses these are, nobody said */
	return add_rule(list, loose);
}

int allow_list_parse(struct text in, struct text server_name, struct allow_list **ret)
{
	AUTO_ALLOW_LIST struct allow_list *list = calloc(1, sizeof(*list));
	AUTO_FREE struct line *line = malloc(sizeof(*line));
	AUTO_FREE struct reader *r = malloc(sizeof(*r));
	const size_t size = 64 * 1024;
	AUTO_FREE char *storage = malloc(size);
	struct text text;
	struct port_range pending = { 0 };
	int result = list && line && r && storage ? 0 : -ENOMEM;

	while (result == 0 && take_logical_line(&in, storage, size, &text)) {
		if (is_comment(text))
			continue;
		split_words(text, line);
		if (line_has(line, "remark"))
			continue;
		*r = (struct reader){ .line = line, .server_name = server_name };
		r->pending = pending; /* JSON tells the two ends of a range on two lines */
		survey(r);
		for (size_t at = 0; at < line->n;)
			at = take_word(r, at);
		pending = r->pending;
		list->has_numbers = list->has_numbers || r->has_numbers;
		result = take_line(list, r);
	}
	if (result == 0)
		result = settle(list);
	if (result < 0)
		return result;
	*ret = list;
	list = NULL;
	return 0;
}

void allow_list_free(struct allow_list **list)
{
	if (*list)
		for (size_t i = 0; i < (*list)->n_rules; i++)
			free((*list)->rules[i]);
	free(*list);
	*list = NULL;
}

/* --- the comparison --------------------------------------------------------------------------- */

static bool nets_hold(const struct nets *nets, const struct network *network)
{
	struct net_range wanted = range_of(network->ip, network->prefix_bits);

	if (nets->is_any || nets->n == 0)
		return true;
	for (unsigned i = 0; i < nets->n; i++)
		if (memcmp(nets->ranges[i].first, wanted.first, 16) <= 0 &&
		    memcmp(nets->ranges[i].last, wanted.last, 16) >= 0)
			return true;
	return false;
}

static bool rule_applies(const struct rule *rule, bool is_out, const struct network *peer)
{
	if (rule->direction == (is_out ? DIRECTION_IN : DIRECTION_OUT))
		return false;
	return !peer || nets_hold(is_out ? &rule->to : &rule->from, peer);
}

enum verdict { UNDECIDED, ALLOWED, DENIED };

static void judge(const struct rule *rule, uint8_t verdicts[static 65536])
{
	static const struct ports all = { .n = 1, .ranges = { { 1, 65535 } } };
	const struct ports *ports = rule->ports.n > 0 ? &rule->ports : &all;

	for (unsigned i = 0; i < ports->n; i++)
		for (unsigned p = ports->ranges[i].first; p <= ports->ranges[i].last; p++)
			if (verdicts[p] == UNDECIDED)
				verdicts[p] = rule->denies ? DENIED : ALLOWED;
}

/* The first rule that fits a port decides; what holds in general comes last. */
static void judge_all(const struct allow_list *list, bool is_out, const struct network *peer,
		      uint8_t verdicts[static 65536])
{
	memset(verdicts, UNDECIDED, 65536);
	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < list->n_rules; i++)
			if (list->rules[i]->is_general == (pass == 1) &&
			    rule_applies(list->rules[i], is_out, peer))
				judge(list->rules[i], verdicts);
}

static void note_missing(struct allow_gap *gap, unsigned port)
{
	struct firewall_flow *flow = &gap->flow;

	if (flow->n_ports > 0 && flow->ports[flow->n_ports - 1].last + 1u == port)
		flow->ports[flow->n_ports - 1].last = (uint16_t)port;
	else if (flow->n_ports == FIREWALL_MAX_PORTS)
		gap->is_more = true;
	else
		flow->ports[flow->n_ports++] =
			(struct port_range){ (uint16_t)port, (uint16_t)port };
}

/* True when something of the flow is missing. Ports that are told one by one stay that. */
static bool find_gap(const struct firewall_flow *flow, const uint8_t verdicts[static 65536],
		     struct allow_gap *ret)
{
	unsigned n_allowed = 0;

	ret->flow = *flow;
	ret->flow.n_ports = 0;
	ret->is_more = false;
	for (unsigned i = 0; i < flow->n_ports; i++) {
		for (unsigned p = flow->ports[i].first; p <= flow->ports[i].last; p++) {
			if (verdicts[p] == ALLOWED)
				n_allowed++;
			else
				note_missing(ret, p);
		}
	}
	ret->is_whole = n_allowed == 0;
	return ret->flow.n_ports > 0;
}

size_t allow_list_compare(const struct allow_list *list, const struct firewall_needs *needs,
			  enum firewall_side side, struct allow_gap ret[static ALLOW_LIST_MAX_GAPS])
{
	const struct firewall_networks *peers =
		side == FIREWALL_SERVER ? &needs->clients : &needs->servers;
	struct firewall_flow flows[FIREWALL_MAX_FLOWS];
	size_t n_flows = firewall_flows(needs, side, flows), n = 0;
	uint8_t verdicts[65536];

	for (size_t f = 0; f < n_flows; f++) {
		bool is_out = firewall_is_outbound(&flows[f], side);

		for (unsigned p = 0; p < MAX_OF(peers->n, 1u); p++) {
			const struct network *peer = p < peers->n ? &peers->networks[p] : NULL;

			judge_all(list, is_out, peer, verdicts);
			if (!find_gap(&flows[f], verdicts, &ret[n]))
				continue;
			ret[n].has_peer = peer != NULL;
			if (peer)
				ret[n].peer = *peer;
			n++;
		}
	}
	return n;
}
