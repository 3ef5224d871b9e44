/* doctor/simulate_dialogue.c - see simulate_dialogue.h. */
#include "doctor/simulate_dialogue.h"

#include "ftp/hostport.h"

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static size_t verb_start(struct text line)
{
	size_t at = 0;

	while (at < line.len && !is_letter(line.ptr[at]))
		at++;
	return at;
}

void dialogue_verb(struct text line, char ret[static DIALOGUE_VERB_SIZE])
{
	size_t n = 0;

	for (size_t at = verb_start(line); at < line.len && is_letter(line.ptr[at]); at++)
		if (n < DIALOGUE_VERB_SIZE - 1)
			ret[n++] = (char)(line.ptr[at] & ~0x20);
	ret[n] = '\0';
}

struct text dialogue_argument(struct text line)
{
	size_t at = verb_start(line);

	while (at < line.len && is_letter(line.ptr[at]))
		at++;
	line = (struct text){ line.ptr + at, line.len - at };
	while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	(void)text_skip_char(&line, ' ');
	return line;
}

static bool holds(const char *verbs, const char *verb)
{
	struct text rest = text_of(verbs), one;

	while (text_take_until(&rest, ' ', &one))
		if (text_equal(one, text_of(verb)))
			return true;
	return false;
}

const struct simulate_answer *dialogue_answer(const struct simulation *cause, const char *verb,
					      bool is_clear, bool is_protected)
{
	for (size_t i = 0; i < ARRAY_SIZE(cause->answers); i++) {
		const struct simulate_answer *answer = &cause->answers[i];

		if (answer->verbs && holds(answer->verbs, verb) &&
		    (is_clear || !answer->only_clear) &&
		    (!is_protected || !answer->only_unprotected))
			return answer;
	}
	return NULL;
}

bool dialogue_code(struct text line, unsigned *ret_code, bool *ret_is_last)
{
	uint64_t code;

	if (!text_take_uint(&line, 999, &code) || code < 100)
		return false;
	*ret_code = (unsigned)code;
	*ret_is_last = line.len == 0 || line.ptr[0] != '-';
	return true;
}

bool dialogue_passive_port(struct text line, uint16_t *ret)
{
	struct address address;
	struct text inside;
	uint64_t port;

	if (!text_take_until(&line, '(', &inside) || !text_take_until(&line, ')', &inside))
		return false;
	if (hostport_parse_port(inside, &address) == 0) {
		*ret = address.port;
		return true;
	}
	if (!text_skip(&inside, T("|||")) || !text_take_uint(&inside, 65535, &port) || port == 0)
		return false;
	*ret = (uint16_t)port;
	return true;
}

bool dialogue_mask(struct text line, bool is_greeting, struct buf *out)
{
	static const char *const hidden[] = { "AUTH", "PBSZ", "PROT", "EPSV", "UTF8" };
	size_t at = 0;

	if (is_greeting) {
		buf_add(out, T("220 "));
		for (at = 4; at < line.len && line.ptr[at] != '\r' && line.ptr[at] != '\n'; at++)
			buf_add_char(out, '*');
		buf_add(out, T("\r\n"));
		return true;
	}
	if (!text_skip_char(&line, ' '))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (!text_starts(line, text_of(hidden[i])))
			continue;
		buf_add_char(out, ' ');
		for (at = 0; at < line.len && line.ptr[at] > ' '; at++)
			buf_add_char(out, 'X');
		buf_add(out, T("\r\n"));
		return true;
	}
	return false;
}
