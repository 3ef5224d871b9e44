/* ftp/listing.c - see listing.h.
 * A directory may hold millions of entries, so each line is put together by hand: numbers go into a
 * small piece on the stack, no format strings, no C library dates. */
#include "ftp/listing.h"

#include "ftp/calendar.h"

/* What ls(1) calls recent: half of a mean Gregorian year. */
#define RECENT_S (31556952 / 2)

/* Room for every run of numbers that is put together at once: the longest has a number of 20 digits
 * and a date. */
#define PIECE_SIZE 64

/* Decimal digits at p, filled with fill on the left to at least width; returns the end. */
static char *put_uint(char *p, uint64_t value, size_t width, char fill)
{
	char digits[20];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	for (; width > n; width--)
		*p++ = fill;
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static char *put_two(char *p, unsigned value)
{
	p[0] = (char)('0' + value / 10);
	p[1] = (char)('0' + value % 10);
	return p + 2;
}

static char *put_hex(char *p, uint64_t value)
{
	char digits[16];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value > 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static char *put_text(char *p, struct text in)
{
	memcpy(p, in.ptr, in.len);
	return p + in.len;
}

static char *put_octal_mode(char *p, uint32_t mode)
{
	for (unsigned shift = 12; shift > 0; shift -= 3)
		*p++ = (char)('0' + (mode >> (shift - 3) & 7));
	return p;
}

static char *put_timeval(char *p, int64_t time_s)
{
	struct date date = date_from_time(time_s);

	p = put_two(p, date.year / 100);
	p = put_two(p, date.year % 100);
	p = put_two(p, date.month);
	p = put_two(p, date.day);
	p = put_two(p, date.hour);
	p = put_two(p, date.minute);
	return put_two(p, date.second);
}

/* buf_add where it is called, so that the short texts of known length become a store or two. The
 * bytes are not ended by a NUL before the line is whole. */
static inline void add(struct buf *out, struct text in)
{
	if (out->has_overflowed || in.len > buf_room(out)) {
		out->has_overflowed = true;
		return;
	}
	if (in.len > 0)
		memcpy(out->ptr + out->len, in.ptr, in.len);
	out->len += in.len;
}

static void add_piece(struct buf *out, const char *piece, const char *end)
{
	add(out, (struct text){ piece, (size_t)(end - piece) });
}

/* All or nothing: a directory sent in several buffers begins each with a whole line. */
static void end_line(struct buf *out, size_t len)
{
	if (out->has_overflowed)
		out->len = len;
	out->ptr[out->len] = '\0';
}

/* A blank or ';' in the name of an owner would end its column or its fact. */
static bool breaks_column(char c)
{
	return (uint8_t)c <= ' ' || c == ';' || c == 0x7f;
}

/* The name of an owner or group, or its number; returns how many bytes were added. */
static size_t add_owner(struct buf *out, struct text name, uint32_t number)
{
	char piece[PIECE_SIZE];
	size_t len = out->len;

	if (name.len == 0)
		add_piece(out, piece, put_uint(piece, number, 0, '0'));
	else
		add(out, name);
	for (size_t i = len; i < out->len; i++)
		if (breaks_column(out->ptr[i]))
			out->ptr[i] = '_';
	return out->len - len;
}

static void add_owner_column(struct buf *out, struct text name, uint32_t number)
{
	size_t width = add_owner(out, name, number);

	add(out, T("         ")); /* one blank, and those that fill the column of eight */
	if (!out->has_overflowed)
		out->len -= MIN_OF(width, 8);
}

static char *put_mode(char *p, enum entry_kind kind, uint32_t mode)
{
	static const char kinds[] = {
		[ENTRY_FILE] = '-', [ENTRY_DIRECTORY] = 'd', [ENTRY_LINK] = 'l', [ENTRY_OTHER] = 'p'
	};
	static const char letters[8][4] = {
		"---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"
	};

	*p++ = kinds[kind];
	for (unsigned shift = 9; shift > 0; shift -= 3)
		p = put_text(p, (struct text){ letters[mode >> (shift - 3) & 7], 3 });
	if (mode & 04000)
		p[-7] = p[-7] == 'x' ? 's' : 'S';
	if (mode & 02000)
		p[-4] = p[-4] == 'x' ? 's' : 'S';
	if (mode & 01000)
		p[-1] = p[-1] == 'x' ? 't' : 'T';
	return p;
}

/* "Nov 20 11:17" or "Nov 20  2024". */
static char *put_ls_date(char *p, int64_t mtime_s, int64_t now_s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct date date = date_from_time(mtime_s);
	bool is_recent = mtime_s <= now_s && mtime_s > now_s - RECENT_S;

	p = put_text(p, (struct text){ months + 3 * (date.month - 1), 3 });
	*p++ = ' ';
	p = put_uint(p, date.day, 2, ' ');
	*p++ = ' ';
	if (!is_recent) {
		*p++ = ' ';
		return put_uint(p, date.year, 4, '0');
	}
	p = put_two(p, date.hour);
	*p++ = ':';
	return put_two(p, date.minute);
}

/* Where a link leads is any bytes that someone gave it: its line ends must not become ours. */
static void add_target(struct buf *out, struct text target)
{
	add(out, T(" -> "));

	size_t len = out->len;

	add(out, target);
	for (size_t i = len; i < out->len; i++)
		if ((uint8_t)out->ptr[i] < ' ' || out->ptr[i] == 0x7f)
			out->ptr[i] = '?';
}

void listing_add_ls(struct buf *out, const struct entry *entry, int64_t now_s)
{
	char piece[PIECE_SIZE], *p;
	size_t len = out->len;

	p = put_mode(piece, entry->kind, entry->mode);
	*p++ = ' ';
	p = put_uint(p, entry->links, 3, ' ');
	*p++ = ' ';
	add_piece(out, piece, p);

	add_owner_column(out, entry->owner, entry->uid);
	add_owner_column(out, entry->group, entry->gid);

	p = put_uint(piece, entry->size, 8, ' ');
	*p++ = ' ';
	p = put_ls_date(p, entry->mtime_s, now_s);
	*p++ = ' ';
	add_piece(out, piece, p);

	add(out, entry->name);
	if (entry->kind == ENTRY_LINK && entry->link_target.len > 0)
		add_target(out, entry->link_target);
	add(out, T("\r\n"));
	end_line(out, len);
}

void listing_add_name(struct buf *out, struct text prefix, struct text name)
{
	size_t len = out->len;

	add(out, prefix);
	add(out, name);
	add(out, T("\r\n"));
	end_line(out, len);
}

/* The names of the facts, in the order of their bits. */
static const struct text fact_names[] = {
	{ "type", 4 },	    { "size", 4 },	  { "modify", 6 },
	{ "create", 6 },    { "perm", 4 },	  { "unique", 6 },
	{ "UNIX.mode", 9 }, { "UNIX.owner", 10 }, { "UNIX.group", 10 },
};

static void add_type(struct buf *out, enum entry_kind kind, const char *as_type)
{
	static const char *const types[] = { [ENTRY_FILE] = "file",
					     [ENTRY_DIRECTORY] = "dir",
					     [ENTRY_LINK] = "OS.unix=slink",
					     [ENTRY_OTHER] = "OS.unix=other" };

	add(out, T("type="));
	add(out, text_of(as_type ? as_type : types[kind]));
	add(out, T(";"));
}

static char *put_size_and_times(char *p, const struct entry *entry, uint32_t facts)
{
	if (facts & FACT_SIZE && entry->kind == ENTRY_FILE) {
		p = put_text(p, T("size="));
		p = put_uint(p, entry->size, 0, '0');
		*p++ = ';';
	}
	if (facts & FACT_MODIFY) {
		p = put_text(p, T("modify="));
		p = put_timeval(p, entry->mtime_s);
		*p++ = ';';
	}
	return p;
}

static char *put_create(char *p, const struct entry *entry, uint32_t facts)
{
	if (!(facts & FACT_CREATE) || entry->btime_s == 0)
		return p;
	p = put_text(p, T("create="));
	p = put_timeval(p, entry->btime_s);
	*p++ = ';';
	return p;
}

static char *put_unique_and_mode(char *p, const struct entry *entry, uint32_t facts)
{
	if (facts & FACT_UNIQUE) {
		p = put_text(p, T("unique="));
		p = put_hex(p, entry->device);
		*p++ = 'g';
		p = put_hex(p, entry->inode);
		*p++ = ';';
	}
	if (facts & FACT_UNIX_MODE) {
		p = put_text(p, T("UNIX.mode="));
		p = put_octal_mode(p, entry->mode);
		*p++ = ';';
	}
	return p;
}

static void add_perm(struct buf *out, const char *perm)
{
	add(out, T("perm="));
	add(out, text_of(perm));
	add(out, T(";"));
}

static void add_owner_fact(struct buf *out, struct text fact, struct text name, uint32_t number)
{
	add(out, fact);
	(void)add_owner(out, name, number); /* its width matters in columns only */
	add(out, T(";"));
}

void listing_add_facts(struct buf *out, const struct entry *entry, uint32_t facts,
		       const char *as_type, struct text name)
{
	char piece[PIECE_SIZE];
	size_t len = out->len;

	if (facts & FACT_TYPE)
		add_type(out, entry->kind, as_type);
	add_piece(out, piece, put_size_and_times(piece, entry, facts));
	add_piece(out, piece, put_create(piece, entry, facts));
	if (facts & FACT_PERM)
		add_perm(out, entry->perm);
	add_piece(out, piece, put_unique_and_mode(piece, entry, facts));
	if (facts & FACT_UNIX_OWNER)
		add_owner_fact(out, T("UNIX.owner="), entry->owner, entry->uid);
	if (facts & FACT_UNIX_GROUP)
		add_owner_fact(out, T("UNIX.group="), entry->group, entry->gid);
	add(out, T(" "));
	add(out, name);
	end_line(out, len);
}

void listing_add_feat(struct buf *out, uint32_t facts)
{
	buf_add(out, T("MLST "));
	for (size_t i = 0; i < ARRAY_SIZE(fact_names); i++) {
		buf_add(out, fact_names[i]);
		buf_add(out, facts & (1U << i) ? T("*;") : T(";"));
	}
}

uint32_t listing_parse_facts(struct text in)
{
	uint32_t facts = 0;
	struct text name;

	while (text_take_until(&in, ';', &name)) {
		name = text_trim(name);
		for (size_t i = 0; i < ARRAY_SIZE(fact_names); i++)
			if (text_equal_nocase(name, fact_names[i]))
				facts |= 1U << i;
	}
	return facts;
}

void listing_format_time(int64_t time_s, char ret[static TIMEVAL_SIZE])
{
	*put_timeval(ret, time_s) = '\0';
}

/* Exactly len digits. */
static bool take_digits(struct text *in, size_t len, unsigned *ret_value)
{
	uint64_t value;

	if (in->len < len || text_to_uint((struct text){ in->ptr, len }, 9999, &value) < 0)
		return false;
	in->ptr += len;
	in->len -= len;
	*ret_value = (unsigned)value;
	return true;
}

/* Nothing, or "." and at least one digit. */
static bool is_fraction(struct text in)
{
	if (in.len == 0)
		return true;
	if (!text_skip_char(&in, '.') || in.len == 0)
		return false;
	for (size_t i = 0; i < in.len; i++)
		if (in.ptr[i] < '0' || in.ptr[i] > '9')
			return false;
	return true;
}

int listing_parse_time(struct text in, int64_t *ret_time_s)
{
	struct date date;

	if (!take_digits(&in, 4, &date.year) || !take_digits(&in, 2, &date.month) ||
	    !take_digits(&in, 2, &date.day) || !take_digits(&in, 2, &date.hour) ||
	    !take_digits(&in, 2, &date.minute) || !take_digits(&in, 2, &date.second) ||
	    !is_fraction(in))
		return -EINVAL;
	if (date.second == 60)
		date.second = 59;
	if (!date_is_valid(&date))
		return -EINVAL;
	*ret_time_s = date_to_time(&date);
	return 0;
}

/* The letters of ls(1) that clients send; with any other, the word is the name of a file. */
static bool take_switch(char letter, struct list_switches *switches)
{
	switch (letter) {
	case 'a':
	case 'A':
		switches->all = true;
		return true;
	case 'R':
		switches->recursive = true;
		return true;
	case 'd':
		switches->directory_itself = true;
		return true;
	case 't':
		switches->by_time = true;
		return true;
	case 'r':
		switches->reverse = true;
		return true;
	default:
		return letter != '\0' && strchr("lLFCSnhgopTcu1", letter);
	}
}

/* A word such as "-la"; *switches may be half changed when it is none. */
static bool take_switch_word(struct text word, struct list_switches *switches)
{
	if (!text_skip_char(&word, '-') || word.len == 0)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (!take_switch(word.ptr[i], switches))
			return false;
	return true;
}

void listing_take_switches(struct text *in, struct list_switches *ret)
{
	struct list_switches found = { 0 };

	for (;;) {
		struct text rest = *in, word;
		struct list_switches with_word = found;

		if (!text_take_until(&rest, ' ', &word))
			break;
		if (text_equal(word, T("--"))) {
			*in = rest; /* after it every byte is the name, blanks too */
			break;
		}
		if (!take_switch_word(word, &with_word))
			break;
		text_skip_blank(&rest);
		found = with_word;
		*in = rest;
	}
	*ret = found;
}

struct text listing_fact_name(size_t bit)
{
	return bit < ARRAY_SIZE(fact_names) ? fact_names[bit] : (struct text){ NULL, 0 };
}
