/* ftp/line.h - command lines out of the control connection's bytes.
 *
 * Bytes come in pieces; Telnet sequences are filtered on the way (RFC 959 2.4 and 5.3 via RFC 854:
 * IAC IAC is a literal 255, IAC WILL/WONT/DO/DONT x and IAC SB ... IAC SE vanish, other IAC x
 * vanish, but never a line end). A line ends in CRLF or a bare LF (what every server accepts). CR
 * NUL is a bare CR (RFC 854); a NUL or CR inside a line stays in it, for the command layer to
 * refuse. A line longer than the limit is reported once, and its rest swallowed up to its end.
 * Memory: a reader holds no buffer while it holds no bytes, so that a parked session costs nothing.
 * Threads: one at a time per reader. Pure: bytes in, lines out. */
#ifndef FTP_LINE_H
#define FTP_LINE_H

#include "base/text.h"

#define LINE_MAX_LEN 8192 /* bytes of a command line without its end */

/* Bytes of Telnet answers kept at a time; what would need more is not answered. */
#define LINE_ANSWERS_MAX 30

struct line_reader {
	char *bytes; /* heap, or NULL while empty; filtered bytes not yet handed out */
	size_t start, len, size;
	uint8_t telnet;		/* state of the Telnet filter between pieces */
	uint8_t option_command; /* WILL ... DONT, whose option comes next */
	uint8_t n_answers;
	uint8_t answers[LINE_ANSWERS_MAX];
	bool saw_cr;
	bool is_skipping; /* inside the rest of a line that was too long */
	bool is_too_long; /* that line is still to be reported */
	/* Bytes of over-long lines and of Telnet subnegotiations since the reader began: a flood is
	 * recognised by it. */
	uint64_t skipped_bytes;
};

void line_reader_init(struct line_reader *reader);
void line_reader_release(struct line_reader *reader);

/* Feeds raw bytes. 0; -ENOMEM; -ENOBUFS when more than 64 KiB of unread lines would pile up (the
 * caller reads lines first, or gives up). On an error nothing was taken. */
int line_reader_feed(struct line_reader *reader, const void *bytes, size_t len) MUST_CHECK;

/* 1 and *ret_line (borrowed until the next call on this reader); 0: no whole line yet (an empty
 * reader has freed its buffer); -EMSGSIZE: a line was too long (reported once per line). */
int line_reader_next(struct line_reader *reader, struct text *ret_line) MUST_CHECK;

/* Looks ahead without taking: is there a whole line with this verb (any case) among the unread
 * ones? ABOR must be seen behind pipelined commands (RFC 959 4.1.3). */
bool line_reader_has_verb(const struct line_reader *reader, struct text verb);
/* Takes everything up to and including the first line with this verb away. */
void line_reader_drop_through(struct line_reader *reader, struct text verb);

/* What must be sent back as it is: IAC DONT x for each WILL x, IAC WONT x for each DO x (RFC 1123
 * 4.1.2.12). Copies at most LINE_ANSWERS_MAX bytes and forgets them; returns how many. */
size_t line_reader_take_answers(struct line_reader *reader, char ret[static LINE_ANSWERS_MAX]);

/* Forgets all unread bytes (pipelined plaintext when TLS begins: RFC 4217, CVE-2011-0411). */
void line_reader_drop_all(struct line_reader *reader);
static inline bool line_reader_is_empty(const struct line_reader *reader)
{
	return reader->len == 0;
}

#endif
