/* ftp/line.c - see line.h.
 * The Telnet filter works on runs between IAC bytes and the lines on runs between line ends, so
 * that an ordinary command costs a few memchr(3) and one small allocation. */
#include "ftp/line.h"

#include <assert.h>

#define UNREAD_MAX (64 * 1024)
#define GRAIN 128 /* most commands fit into the first allocation */

/* An over-long line keeps so many bytes until it is reported: one more than any good line with its
 * CR, which is how line_reader_next recognises it. */
#define LONG_LINE_KEPT (LINE_MAX_LEN + 2)

enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };

enum telnet_state { IN_DATA, AFTER_IAC, AFTER_OPTION, IN_SUBNEGOTIATION, IN_SUBNEGOTIATION_IAC };

void line_reader_init(struct line_reader *reader)
{
	*reader = (struct line_reader){ 0 };
}

/* Lines hold passwords, so memory is wiped before it goes back. */
static void free_bytes(struct line_reader *reader)
{
	if (reader->bytes)
		explicit_bzero(reader->bytes, reader->size);
	free(reader->bytes);
	reader->bytes = NULL;
	reader->start = reader->len = reader->size = 0;
}

void line_reader_release(struct line_reader *reader)
{
	free_bytes(reader);
	line_reader_init(reader);
}

void line_reader_drop_all(struct line_reader *reader)
{
	uint64_t skipped_bytes = reader->skipped_bytes;

	line_reader_release(reader);
	reader->skipped_bytes = skipped_bytes;
}

/* Makes room for more bytes behind the unread ones. */
static int reserve(struct line_reader *reader, size_t more)
{
	size_t need = reader->len + more;

	if (reader->start + need <= reader->size)
		return 0;
	if (need <= reader->size) {
		memmove(reader->bytes, reader->bytes + reader->start, reader->len);
		reader->start = 0;
		return 0;
	}

	size_t size = MAX_OF((need + GRAIN - 1) / GRAIN * GRAIN, reader->size + reader->size / 2);
	size_t len = reader->len;
	char *bytes = malloc(size);

	if (!bytes)
		return -ENOMEM;
	if (len > 0)
		memcpy(bytes, reader->bytes + reader->start, len);
	free_bytes(reader);
	reader->bytes = bytes;
	reader->len = len;
	reader->size = size;
	return 0;
}

static void append(struct line_reader *reader, const char *in, size_t len)
{
	assert(reader->start + reader->len + len <= reader->size);
	memcpy(reader->bytes + reader->start + reader->len, in, len);
	reader->len += len;
}

/* Bytes of the line at the end that has no end yet. */
static size_t unfinished_len(const struct line_reader *reader)
{
	if (reader->len == 0)
		return 0;

	const char *begin = reader->bytes + reader->start;
	const char *end = memrchr(begin, '\n', reader->len);

	return end ? reader->len - (size_t)(end - begin) - 1 : reader->len;
}

/* The rest of a line that was too long; one that is still to be reported keeps its line end. */
static void skip_piece(struct line_reader *reader, size_t len, bool is_ended)
{
	reader->skipped_bytes += len;
	if (!is_ended)
		return;
	reader->is_skipping = false;
	if (reader->is_too_long)
		append(reader, "\n", 1);
	reader->is_too_long = false;
}

/* A piece of one line: len bytes, and its LF behind them when is_ended. */
static void add_piece(struct line_reader *reader, const char *in, size_t len, bool is_ended)
{
	if (reader->is_skipping) {
		skip_piece(reader, len, is_ended);
		return;
	}

	size_t had = unfinished_len(reader);

	if (had + len <= LONG_LINE_KEPT) {
		append(reader, in, is_ended ? len + 1 : len);
		return;
	}
	append(reader, in, LONG_LINE_KEPT - had);
	reader->is_skipping = reader->is_too_long = true;
	skip_piece(reader, had + len - LONG_LINE_KEPT, is_ended);
}

static void add_lines(struct line_reader *reader, const char *in, size_t len)
{
	const char *end;

	/* Nearly always: no line among them can be too long. */
	if (!reader->is_skipping && unfinished_len(reader) + len <= LONG_LINE_KEPT) {
		append(reader, in, len);
		return;
	}
	while ((end = memchr(in, '\n', len))) {
		size_t piece = (size_t)(end - in);

		add_piece(reader, in, piece, true);
		in += piece + 1;
		len -= piece + 1;
	}
	if (len > 0)
		add_piece(reader, in, len, false);
}

/* How many bytes stand before the first NUL that follows a CR; the first byte counts always. */
static size_t run_before_cr_nul(const char *in, size_t len)
{
	const char *end = in + len, *nul = in;

	while ((nul = memchr(nul + 1, '\0', (size_t)(end - nul - 1))))
		if (nul[-1] == '\r')
			return (size_t)(nul - in);
	return len;
}

/* Bytes without Telnet commands: a NUL behind CR goes away (RFC 854), all others are text. */
static void add_data(struct line_reader *reader, const char *in, size_t len)
{
	while (len > 0) {
		if (reader->saw_cr && in[0] == '\0') {
			reader->saw_cr = false;
			in++;
			len--;
			continue;
		}

		size_t run = run_before_cr_nul(in, len);

		add_lines(reader, in, run);
		reader->saw_cr = in[run - 1] == '\r';
		in += run;
		len -= run;
	}
}

static enum telnet_state after_iac(struct line_reader *reader, const char *byte)
{
	uint8_t command = (uint8_t)*byte;

	if (command == SB)
		return IN_SUBNEGOTIATION;
	if (command >= WILL && command <= DONT) {
		reader->option_command = command;
		return AFTER_OPTION;
	}
	/* A line end is never swallowed: a name that ends in a lone 255 (Latin-1) must not glue its
	 * command to the next one. */
	if (command == IAC || command == '\r' || command == '\n')
		add_data(reader, byte, 1);
	return IN_DATA;
}

/* We want no option and offer none. */
static void refuse_option(struct line_reader *reader, uint8_t option)
{
	bool is_question = reader->option_command == WILL || reader->option_command == DO;

	if (!is_question || reader->n_answers + 3 > LINE_ANSWERS_MAX)
		return;
	reader->answers[reader->n_answers++] = IAC;
	reader->answers[reader->n_answers++] = reader->option_command == WILL ? DONT : WONT;
	reader->answers[reader->n_answers++] = option;
}

size_t line_reader_take_answers(struct line_reader *reader, char ret[static LINE_ANSWERS_MAX])
{
	size_t n = reader->n_answers;

	memcpy(ret, reader->answers, n);
	reader->n_answers = 0;
	return n;
}

/* One byte of a Telnet command. What a subnegotiation swallows counts as skipped, since it has no
 * other limit. */
static enum telnet_state telnet_step(struct line_reader *reader, const char *byte)
{
	uint8_t c = (uint8_t)*byte;

	switch ((enum telnet_state)reader->telnet) {
	case AFTER_IAC:
		return after_iac(reader, byte);
	case IN_SUBNEGOTIATION:
		reader->skipped_bytes++;
		return c == IAC ? IN_SUBNEGOTIATION_IAC : IN_SUBNEGOTIATION;
	case IN_SUBNEGOTIATION_IAC:
		reader->skipped_bytes++;
		return c == SE ? IN_DATA : IN_SUBNEGOTIATION;
	case AFTER_OPTION:
		refuse_option(reader, c);
		break;
	case IN_DATA:
		break;
	}
	return IN_DATA;
}

int line_reader_feed(struct line_reader *reader, const void *bytes, size_t len)
{
	const char *in = bytes;

	if (len == 0)
		return 0;
	if (len > UNREAD_MAX - reader->len)
		return -ENOBUFS;

	/* The filter never writes more than it reads. */
	int r = reserve(reader, len);
	if (r < 0)
		return r;

	while (len > 0) {
		if (reader->telnet != IN_DATA) {
			reader->telnet = (uint8_t)telnet_step(reader, in);
			in++;
			len--;
			continue;
		}

		const char *iac = memchr(in, IAC, len);
		size_t run = iac ? (size_t)(iac - in) : len;

		add_data(reader, in, run);
		if (iac) {
			reader->telnet = AFTER_IAC;
			run++;
		}
		in += run;
		len -= run;
	}
	if (reader->len == 0)
		free_bytes(reader);
	return 0;
}

/* The whole line at *at of the unread bytes, without its end; moves *at behind it. */
static bool line_at(const struct line_reader *reader, size_t *at, struct text *ret_line)
{
	if (*at == reader->len)
		return false;

	const char *begin = reader->bytes + reader->start + *at;
	const char *end = memchr(begin, '\n', reader->len - *at);

	if (!end)
		return false;
	*at += (size_t)(end - begin) + 1;
	if (end > begin && end[-1] == '\r')
		end--;
	*ret_line = (struct text){ begin, (size_t)(end - begin) };
	return true;
}

static void take(struct line_reader *reader, size_t len)
{
	reader->start += len;
	reader->len -= len;
}

/* A line without an end that can no longer become a good one. */
static bool is_unfinished_too_long(const struct line_reader *reader)
{
	if (reader->len <= LINE_MAX_LEN)
		return false;
	return reader->len > LINE_MAX_LEN + 1 ||
	       reader->bytes[reader->start + LINE_MAX_LEN] != '\r';
}

int line_reader_next(struct line_reader *reader, struct text *ret_line)
{
	struct text line;
	size_t at = 0;

	if (line_at(reader, &at, &line)) {
		bool is_too_long = line.len > LINE_MAX_LEN;

		if (is_too_long)
			reader->skipped_bytes += at - 1;
		take(reader, at);
		if (is_too_long)
			return -EMSGSIZE;
		*ret_line = line;
		return 1;
	}

	if (is_unfinished_too_long(reader)) {
		reader->skipped_bytes += reader->len;
		take(reader, reader->len);
		reader->is_skipping = true;
		reader->is_too_long = false;
		return -EMSGSIZE;
	}
	if (reader->len == 0)
		free_bytes(reader);
	return 0;
}

static bool has_verb(struct text line, struct text verb)
{
	if (line.len > LINE_MAX_LEN)
		return false;
	text_skip_blank(&line);
	if (line.len < verb.len || !text_equal_nocase((struct text){ line.ptr, verb.len }, verb))
		return false;
	return line.len == verb.len || line.ptr[verb.len] == ' ';
}

/* Unread bytes up to the end of the first line with this verb; 0 when there is none. */
static size_t find_verb(const struct line_reader *reader, struct text verb)
{
	struct text line;
	size_t at = 0;

	while (line_at(reader, &at, &line))
		if (has_verb(line, verb))
			return at;
	return 0;
}

bool line_reader_has_verb(const struct line_reader *reader, struct text verb)
{
	return find_verb(reader, verb) > 0;
}

void line_reader_drop_through(struct line_reader *reader, struct text verb)
{
	take(reader, find_verb(reader, verb));
	if (reader->len == 0)
		free_bytes(reader);
}
