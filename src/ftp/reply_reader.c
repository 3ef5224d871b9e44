/* ftp/reply_reader.c - see reply_reader.h. Source: RFC 959 4.2 and 5.3, RFC 854, RFC 1123 4.1.2.6,
 * RFC 2428 3. */
#include "ftp/reply_reader.h"

#define IAC 255
#define TELNET_WILL 251 /* WILL, WONT, DO and DONT have an option behind them */

/* Runs of a masking character that count: shorter ones are found in honest texts. */
#define MASKED_RUN 4

void reply_reader_init(struct reply_reader *reader, char *storage, size_t size)
{
	*reader = (struct reply_reader){ 0 };
	buf_init(&reader->text, storage, size);
}

void reply_reader_reset(struct reply_reader *reader)
{
	reply_reader_init(reader, reader->text.ptr, reader->text.size);
}

/* Codes are 100 to 659: RFC 2228 added 6xx. 0: none. */
static unsigned code_of(const char *head, size_t len)
{
	struct text digits = { head, 3 };
	uint64_t code;

	if (len < 3 || text_to_uint(digits, 659, &code) < 0 || code < 100)
		return 0;
	return (unsigned)code;
}

/* At the end of a line. 1: of the reply as well; 0; -EBADMSG. */
static int end_line(struct reply_reader *reader)
{
	unsigned code = code_of(reader->head, reader->n_head);
	char behind = reader->n_head > 3 ? reader->head[3] : ' ';
	bool is_first = reader->code == 0;

	reader->n_head = 0;
	reader->line_bytes = 0;
	if (is_first) {
		if (code == 0 || (behind != ' ' && behind != '-'))
			return -EBADMSG;
		reader->code = code;
		reader->is_multi_line = behind == '-';
		return !reader->is_multi_line;
	}
	return code == reader->code && behind == ' ';
}

/* True: the byte belongs to Telnet, not to the reply. */
static bool is_telnet(struct reply_reader *reader, uint8_t byte)
{
	if (reader->telnet == 1) {
		reader->telnet = byte >= TELNET_WILL && byte != IAC ? 2 : 0;
		return byte != IAC; /* IAC IAC is a literal 255 */
	}
	if (reader->telnet == 2) {
		reader->telnet = 0;
		return true;
	}
	if (byte != IAC)
		return false;
	reader->telnet = 1;
	reader->is_odd = true;
	return true;
}

static void keep(struct reply_reader *reader, char c)
{
	if (buf_room(&reader->text) > 0)
		buf_add_char(&reader->text, c);
	else
		reader->is_cut = true;
	if (c == '\n')
		return;
	if (reader->n_head < sizeof(reader->head))
		reader->head[reader->n_head++] = c;
	reader->line_bytes++;
}

/* As reply_reader_feed, for one byte. */
static int feed_byte(struct reply_reader *reader, char c)
{
	reader->size_bytes++;
	if (is_telnet(reader, (uint8_t)c))
		return 0;
	if (c == '\n') {
		reader->is_odd |= !reader->saw_cr;
		reader->saw_cr = false;
		keep(reader, c);
		return end_line(reader);
	}
	if (reader->saw_cr) { /* a bare CR, or CR NUL: a part of the line */
		reader->is_odd = true;
		keep(reader, '\r');
	}
	reader->saw_cr = c == '\r';
	if (!reader->saw_cr)
		keep(reader, c);
	return reader->line_bytes > REPLY_LINE_MAX ? -EBADMSG : 0;
}

int reply_reader_feed(struct reply_reader *reader, struct text *in)
{
	while (in->len > 0) {
		int r = feed_byte(reader, *in->ptr);

		in->ptr++;
		in->len--;
		if (r != 0)
			return r;
	}
	return 0;
}

/* Six numbers with commas and nothing but them, at the begin of in. */
static bool take_six(struct text in, uint8_t ret_six[static 6])
{
	uint64_t v;

	for (size_t i = 0; i < 6; i++) {
		text_skip_blank(&in);
		if (i > 0 && !text_skip_char(&in, ','))
			return false;
		text_skip_blank(&in);
		if (!text_take_uint(&in, 255, &v))
			return false;
		ret_six[i] = (uint8_t)v;
	}
	/* A seventh number, or a digit more, is no address. */
	return in.len == 0 || (*in.ptr != ',' && (*in.ptr < '0' || *in.ptr > '9'));
}

int reply_parse_227(struct text reply, struct address *ret)
{
	uint8_t six[6];
	bool was_digit = true; /* the code itself is none */

	for (size_t i = 3; i < reply.len; i++) {
		bool is_digit = reply.ptr[i] >= '0' && reply.ptr[i] <= '9';

		if (is_digit && !was_digit &&
		    take_six((struct text){ reply.ptr + i, reply.len - i }, six)) {
			*ret = address_from_v4(six, (uint16_t)(six[4] << 8 | six[5]));
			return 0;
		}
		was_digit = is_digit || reply.ptr[i] == ',';
	}
	return -EINVAL;
}

/* Three times the same delimiter, the port, the delimiter again. */
static bool take_epsv(struct text in, uint16_t *ret_port)
{
	char delimiter = *in.ptr;
	uint64_t port;

	for (size_t i = 0; i < 3; i++)
		if (!text_skip_char(&in, delimiter))
			return false;
	if (!text_take_uint(&in, UINT16_MAX, &port) || port == 0 || !text_skip_char(&in, delimiter))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

int reply_parse_229(struct text reply, uint16_t *ret_port)
{
	for (size_t i = 3; i < reply.len; i++) {
		char c = reply.ptr[i];
		bool is_delimiter = c > ' ' && c < 127 && (c < '0' || c > '9');

		if (is_delimiter &&
		    take_epsv((struct text){ reply.ptr + i, reply.len - i }, ret_port))
			return 0;
	}
	return -EINVAL;
}

int reply_parse_257(struct text reply, char *ret, size_t size)
{
	struct text part;
	struct buf out;

	buf_init(&out, ret, size);
	if (!text_take_until(&reply, '"', &part) || reply.len == 0)
		return -EINVAL;
	while (reply.len > 0) {
		char c = *reply.ptr;

		(void)text_skip_char(&reply, c);
		if (c == '"' && !text_skip_char(&reply, '"'))
			return out.has_overflowed ? -ENAMETOOLONG : 0;
		buf_add_char(&out, c);
	}
	return -EINVAL; /* the closing quote is missing */
}

bool reply_next_line(struct text *reply, struct text *ret_line)
{
	struct text line;

	if (!text_take_until(reply, '\n', &line))
		return false;
	if (code_of(line.ptr, line.len) != 0 &&
	    (line.len == 3 || line.ptr[3] == ' ' || line.ptr[3] == '-')) {
		size_t head = MIN_OF(line.len, (size_t)4);

		line.ptr += head;
		line.len -= head;
	}
	*ret_line = text_trim(line);
	return true;
}

static bool ends_word(char c)
{
	return c == ' ' || c == '\n' || c == '-';
}

bool reply_is_masked(struct text reply)
{
	size_t run = 0, word = 0;

	for (size_t i = 0; i <= reply.len; i++) {
		char c = i < reply.len ? reply.ptr[i] : '\n';

		if (ends_word(c)) {
			if (run >= MASKED_RUN && run == word)
				return true;
			run = word = 0;
			continue;
		}
		bool goes_on = word > 0 && c == reply.ptr[i - 1];
		word++;
		if ((c == 'X' || c == '*') && (word == 1 || goes_on))
			run++;
	}
	return false;
}
