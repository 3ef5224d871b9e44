/* ftp/command.c - see command.h. */
#include "ftp/command.h"

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* A letter in upper case, a digit as it is; 0: no verb has this byte. */
static char verb_byte(char c)
{
	char letter = upper(c);

	return (letter >= 'A' && letter <= 'Z') || (c >= '0' && c <= '9') ? letter : '\0';
}

int command_parse(struct text line, struct command_line *ret)
{
	struct command_line command = { 0 };

	size_t n = 0;

	if (!text_is_one_line(line))
		return -EILSEQ;
	text_skip_blank(&line);
	for (; n < line.len && line.ptr[n] != ' '; n++) {
		char byte = verb_byte(line.ptr[n]);

		if (n == sizeof(command.verb) - 1 || byte == '\0')
			return -EINVAL;
		command.verb[n] = byte;
	}
	if (n == 0)
		return -EINVAL;

	command.has_argument = n < line.len;
	size_t used = n + (command.has_argument ? 1 : 0);
	command.argument = (struct text){ line.ptr + used, line.len - used };
	*ret = command;
	return 0;
}

/* Four letters as one number, whatever their case: the bit in which that differs is set. */
static uint32_t four_letters(const char *in)
{
	uint32_t word;

	memcpy(&word, in, sizeof(word));
	return word | UINT32_C(0x20202020);
}

/* Generous on purpose: a mistyped "PASSsecret" or a PASS behind stray bytes must not reach a
 * log. */
static const char *secret_verb(struct text line)
{
	static const char *const verbs[] = { "PASS", "ACCT" };

	while (line.len > 0 && verb_byte(line.ptr[0]) == '\0') {
		line.ptr++;
		line.len--;
	}
	if (line.len < 4)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (four_letters(line.ptr) == four_letters(verbs[i]))
			return verbs[i];
	return NULL;
}

/* The longest beginning of at most max bytes that does not end inside a UTF-8 character. */
static size_t cut_len(struct text in, size_t max)
{
	size_t len = max;

	while (len > 0 && max - len < 3 && ((uint8_t)in.ptr[len] & 0xc0) == 0x80)
		len--;
	return ((uint8_t)in.ptr[len] & 0xc0) == 0x80 ? max : len;
}

/* Control bytes become '?'. */
static void copy_shown(struct text in, char *ret)
{
	if (text_is_printable(in)) {
		if (in.len > 0)
			memcpy(ret, in.ptr, in.len);
		return;
	}
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = (uint8_t)in.ptr[i];
		ret[i] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
}

size_t command_mask(struct text line, char *ret, size_t ret_size)
{
	const char *verb = secret_verb(line);

	if (ret_size == 0)
		return 0;
	if (verb) {
		(void)snprintf(ret, ret_size, "%s ****", verb); /* cut or not, it shows nothing */
		return strlen(ret);
	}

	bool is_cut = line.len >= ret_size;
	size_t dots = is_cut ? MIN_OF(ret_size - 1, 3) : 0;
	size_t len = is_cut ? cut_len(line, ret_size - 1 - dots) : line.len;

	copy_shown((struct text){ line.ptr, len }, ret);
	memset(ret + len, '.', dots);
	ret[len + dots] = '\0';
	return len + dots;
}

/* What may stand behind A and E: nothing, or one of the three forms. */
static int form_parse(struct text form, bool *ret_is_non_print)
{
	if (form.len == 0) {
		*ret_is_non_print = true;
		return 0;
	}
	if (form.len != 2 || form.ptr[0] != ' ')
		return -EINVAL;

	char letter = upper(form.ptr[1]);

	if (letter != 'N' && letter != 'T' && letter != 'C')
		return -EINVAL;
	/* Who makes no difference between N and T takes T for N (RFC 1123 4.1.2.2). */
	*ret_is_non_print = letter != 'C';
	return 0;
}

/* The byte size of L is a number from 1 to 255 (RFC 959 5.3.2). */
static int byte_size_parse(struct text in)
{
	uint64_t bits;

	if (!text_skip_char(&in, ' ') || text_to_uint(in, 255, &bits) < 0 || bits == 0)
		return -EINVAL;
	return bits == 8 ? 0 : -EOPNOTSUPP;
}

int type_parse(struct text argument, enum transfer_type *ret)
{
	struct text rest = text_trim(argument);
	enum transfer_type type = TYPE_IMAGE;
	bool is_non_print = true;
	int r = 0;

	if (rest.len == 0)
		return -EINVAL;

	char code = upper(rest.ptr[0]);

	rest.ptr++;
	rest.len--;
	switch (code) {
	case 'A':
		type = TYPE_ASCII;
		r = form_parse(rest, &is_non_print);
		break;
	case 'E':
		r = form_parse(rest, &is_non_print);
		is_non_print = false; /* EBCDIC is well-formed, and not served in any form */
		break;
	case 'I':
		r = rest.len == 0 ? 0 : -EINVAL;
		break;
	case 'L':
		r = byte_size_parse(rest);
		break;
	default:
		return -EINVAL;
	}
	if (r < 0)
		return r;
	if (!is_non_print)
		return -EOPNOTSUPP;
	*ret = type;
	return 0;
}
