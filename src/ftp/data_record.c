/* ftp/data_record.c - see data_record.h. */
#include "ftp/data_record.h"

#include "base/buf.h"

static const char *const modes[] = { "", "pasv", "epsv", "port", "eprt" };
static const char *const outcomes[] = {
	"", "arrived", "never", "elsewhere", "refused", "tls-failed"
};
static const char *const protections[] = { "clear", "tls", "tls+" }; /* tls+: resumed */

static const char *name_at(const char *const *names, size_t n, unsigned at)
{
	return at > 0 && at < n ? names[at] : NULL;
}

const char *data_mode_name(unsigned mode)
{
	return name_at(modes, ARRAY_SIZE(modes), mode);
}

const char *data_outcome_name(unsigned outcome)
{
	return name_at(outcomes, ARRAY_SIZE(outcomes), outcome);
}

/* "address:port", or the port alone, or "-", and a blank. */
static void add_end(struct buf *out, const struct address *end)
{
	char text[ADDRESS_TEXT_SIZE];

	if (!address_is_unspecified(end))
		buf_add(out, text_of(address_format(end, text)));
	else if (end->port)
		buf_add_uint(out, end->port);
	else
		buf_add_char(out, '-');
	buf_add_char(out, ' ');
}

static void add_word(struct buf *out, const char *word)
{
	buf_add(out, text_of(word));
	buf_add_char(out, ' ');
}

void data_record_format(const struct data_record *record, char ret[static DATA_RECORD_TEXT_SIZE])
{
	const char *mode = data_mode_name(record->mode);
	const char *outcome = data_outcome_name(record->outcome);
	struct buf out;

	buf_init(&out, ret, DATA_RECORD_TEXT_SIZE);
	if (!mode || !outcome)
		return;
	add_word(&out, mode);
	add_end(&out, &record->advertised);
	add_end(&out, &record->peer);
	add_word(&out, outcome);
	buf_add_uint(&out, record->waited_ms);
	buf_add_char(&out, ' ');
	add_word(&out, protections[record->is_tls + (record->is_tls && record->is_resumed)]);
	buf_add_uint(&out, record->cause);
}

/* The next word, and the blank behind it. */
static struct text take_word(struct text *in)
{
	ptrdiff_t blank = text_find(*in, ' ');
	struct text word = { in->ptr, blank < 0 ? in->len : (size_t)blank };

	in->ptr += word.len + (blank >= 0);
	in->len -= word.len + (blank >= 0);
	return word;
}

static int take_name(struct text *in, const char *const *names, size_t n, uint8_t *ret)
{
	struct text word = take_word(in);

	for (size_t i = 0; i < n; i++) {
		if (!text_equal(word, text_of(names[i])))
			continue;
		*ret = (uint8_t)i;
		return 0;
	}
	return -EINVAL;
}

static int take_number(struct text *in, uint64_t most, uint64_t *ret)
{
	return text_to_uint(take_word(in), most, ret);
}

static int take_end(struct text *in, struct address *ret)
{
	struct text word = take_word(in), ip = word;
	uint64_t port = 0;
	size_t colon = word.len;

	*ret = (struct address){ .port = 0 };
	if (text_equal(word, T("-")))
		return 0;
	while (colon > 0 && word.ptr[colon - 1] != ':')
		colon--;
	if (text_to_uint((struct text){ word.ptr + colon, word.len - colon }, UINT16_MAX, &port) <
	    0)
		return -EINVAL;
	ret->port = (uint16_t)port;
	if (colon == 0)
		return 0;
	ip.len = colon - 1;
	if (ip.len > 1 && ip.ptr[0] == '[' && ip.ptr[ip.len - 1] == ']')
		ip = (struct text){ ip.ptr + 1, ip.len - 2 };

	int r = address_parse(ip, ret);

	ret->port = (uint16_t)port;
	return r;
}

int data_record_parse(struct text in, struct data_record *ret)
{
	struct data_record record = { .mode = DATA_MODE_NONE };
	uint64_t waited = 0, cause = 0;
	uint8_t protection = 0;

	if (in.len > 0) {
		int r = take_name(&in, modes, ARRAY_SIZE(modes), &record.mode);

		if (r == 0)
			r = take_end(&in, &record.advertised);
		if (r == 0)
			r = take_end(&in, &record.peer);
		if (r == 0)
			r = take_name(&in, outcomes, ARRAY_SIZE(outcomes), &record.outcome);
		if (r == 0)
			r = take_number(&in, UINT32_MAX, &waited);
		if (r == 0)
			r = take_name(&in, protections, ARRAY_SIZE(protections), &protection);
		if (r == 0)
			r = take_number(&in, UINT16_MAX, &cause);
		if (r < 0 || in.len > 0)
			return -EINVAL;
		record.waited_ms = (uint32_t)waited;
		record.cause = (uint16_t)cause;
		record.is_tls = protection > 0;
		record.is_resumed = protection > 1;
	}
	*ret = record;
	return 0;
}
