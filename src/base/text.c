/* base/text.c - see text.h. */
#include "base/text.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_nocase(struct text a, struct text b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The highest bit of each byte below ' ', 0x7f or 255. No sum carries into the next byte. */
static uint64_t odd_bytes(uint64_t word)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t low = word & each * 0x7f;

	return (~((low + each * 0x60) | word) | (low + each)) & each * 0x80;
}

static uint64_t word_at(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* All bytes of a text that is shorter than a word, some of them twice, and spaces. */
static uint64_t short_word(struct text in)
{
	uint64_t word = UINT64_C(0x2020202020202020);
	uint32_t first, last;

	if (in.len < sizeof(first)) {
		for (size_t i = 0; i < in.len; i++)
			word = word << 8 | (uint8_t)in.ptr[i];
		return word;
	}
	memcpy(&first, in.ptr, sizeof(first));
	memcpy(&last, in.ptr + in.len - sizeof(last), sizeof(last));
	return (uint64_t)first << 32 | last;
}

bool text_is_printable(struct text in)
{
	const size_t step = sizeof(uint64_t);
	uint64_t odd;

	if (in.len < step)
		return odd_bytes(short_word(in)) == 0;
	odd = odd_bytes(word_at(in.ptr + in.len - step));
	for (size_t at = 0; at + step < in.len; at += step)
		odd |= odd_bytes(word_at(in.ptr + at));
	return odd == 0;
}

bool text_is_one_line(struct text in)
{
	return text_is_printable(in) ||
	       (text_find(in, '\0') < 0 && text_find(in, '\r') < 0 && text_find(in, '\n') < 0);
}

struct text text_trim(struct text in)
{
	text_skip_blank(&in);
	while (in.len > 0 && is_blank(in.ptr[in.len - 1]))
		in.len--;
	return in;
}

static void advance(struct text *in, size_t n)
{
	if (n == 0)
		return; /* in->ptr may be NULL */
	in->ptr += n;
	in->len -= n;
}

bool text_skip_char(struct text *in, char c)
{
	if (in->len == 0 || in->ptr[0] != c)
		return false;
	advance(in, 1);
	return true;
}

bool text_skip(struct text *in, struct text prefix)
{
	if (!text_starts(*in, prefix))
		return false;
	advance(in, prefix.len);
	return true;
}

void text_skip_blank(struct text *in)
{
	while (in->len > 0 && is_blank(in->ptr[0]))
		advance(in, 1);
}

bool text_take_until(struct text *in, char sep, struct text *ret_part)
{
	if (in->len == 0)
		return false;

	ptrdiff_t at = text_find(*in, sep);
	size_t len = at < 0 ? in->len : (size_t)at;

	*ret_part = (struct text){ in->ptr, len };
	advance(in, at < 0 ? len : len + 1);
	return true;
}

bool text_take_uint(struct text *in, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t n = 0;

	for (; n < in->len && in->ptr[n] >= '0' && in->ptr[n] <= '9'; n++) {
		uint64_t digit = (uint64_t)(in->ptr[n] - '0');
		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (n == 0)
		return false;
	advance(in, n);
	*ret_value = value;
	return true;
}

int text_to_uint(struct text in, uint64_t max, uint64_t *ret_value)
{
	if (in.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < in.len; i++)
		if (in.ptr[i] < '0' || in.ptr[i] > '9')
			return -EINVAL;
	return text_take_uint(&in, max, ret_value) ? 0 : -ERANGE;
}

int text_copy(struct text in, char *dst, size_t dst_size)
{
	if (dst_size > 0)
		dst[0] = '\0';
	if (in.len >= dst_size)
		return -ENAMETOOLONG;
	if (in.len > 0 && memchr(in.ptr, '\0', in.len))
		return -EINVAL;
	if (in.len > 0)
		memcpy(dst, in.ptr, in.len);
	dst[in.len] = '\0';
	return 0;
}

void text_copy_cut(const char *string, char *dst, size_t dst_size)
{
	size_t len = string ? strnlen(string, dst_size - 1) : 0;

	if (len > 0)
		memcpy(dst, string, len);
	dst[len] = '\0';
}

char *text_dup(struct text in)
{
	char *copy = malloc(in.len + 1);

	if (!copy)
		return NULL;
	if (in.len > 0)
		memcpy(copy, in.ptr, in.len);
	copy[in.len] = '\0';
	return copy;
}

/* How many continuation bytes follow the lead byte, and the range of the first of them; RFC 3629
 * 4 lists exactly these rows. */
static bool utf8_lead(uint8_t lead, size_t *ret_more, uint8_t *ret_low, uint8_t *ret_high)
{
	*ret_low = 0x80;
	*ret_high = 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf) {
		*ret_more = 1;
	} else if (lead >= 0xe0 && lead <= 0xef) {
		*ret_more = 2;
		if (lead == 0xe0)
			*ret_low = 0xa0;
		if (lead == 0xed)
			*ret_high = 0x9f;
	} else if (lead >= 0xf0 && lead <= 0xf4) {
		*ret_more = 3;
		if (lead == 0xf0)
			*ret_low = 0x90;
		if (lead == 0xf4)
			*ret_high = 0x8f;
	} else {
		return false;
	}
	return true;
}

bool text_is_utf8(struct text in)
{
	const uint8_t *p = (const uint8_t *)in.ptr;

	for (size_t i = 0; i < in.len; i++) {
		size_t more;
		uint8_t low, high;

		if (p[i] < 0x80)
			continue;
		if (!utf8_lead(p[i], &more, &low, &high) || more > in.len - i - 1)
			return false;
		for (size_t k = 1; k <= more; k++) {
			if (p[i + k] < low || p[i + k] > high)
				return false;
			low = 0x80;
			high = 0xbf;
		}
		i += more;
	}
	return true;
}
