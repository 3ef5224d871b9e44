/* ftp/reply_reader.h - replies as a client reads them, from servers of every kind (RFC 959 4.2).
 *
 * Bytes come in pieces, replies come out. Memory is bounded by the storage of the caller, whatever
 * the server sends: what does not fit is counted and dropped. Servers differ from the letter, and
 * this reader lets pass what clients let pass: bare LF, lines within a multi-line reply that begin
 * with the code and a dash, "211" without text, Telnet sequences. What it lets pass is marked.
 * Pure; threads: one at a time per reader. */
#ifndef FTP_REPLY_READER_H
#define FTP_REPLY_READER_H

#include "base/buf.h"
#include "net/address.h"

/* A line longer than this belongs to no FTP server. */
#define REPLY_LINE_MAX 8192

struct reply_reader {
	struct buf text;     /* of the reply so far: lines as they came, each ends in '\n' */
	unsigned code;	     /* 0: its first line is not whole yet */
	uint64_t size_bytes; /* of the reply so far, all of them */
	uint64_t line_bytes; /* of the line that is coming in */
	char head[4];	     /* the first bytes of that line */
	size_t n_head;
	bool is_multi_line;
	bool is_cut; /* text is not all of it */
	bool is_odd; /* something that RFC 959 does not allow */
	bool saw_cr;
	uint8_t telnet; /* what is left of a Telnet sequence: 0, 1 (command), 2 (option) */
};

/* storage is borrowed for the life of the reader. */
void reply_reader_init(struct reply_reader *reader, char *storage, size_t size);
/* Forgets the reply that has been read, for the next one. */
void reply_reader_reset(struct reply_reader *reader);

/* Takes bytes up to the end of one reply; *in moves past what was taken.
 * 1: a reply is there (code, text); 0: more is needed; -EBADMSG: the first line does not begin with
 * a code, or a line is too long: this is no FTP server, or no longer one. */
int reply_reader_feed(struct reply_reader *reader, struct text *in) MUST_CHECK;

/* The address of a 227, found as RFC 1123 4.1.2.6 tells: six numbers with commas, wherever they
 * stand, in whatever brackets. 0 or -EINVAL. */
int reply_parse_227(struct text reply, struct address *ret) MUST_CHECK;
/* The port of a 229 (RFC 2428 3): "(|||port|)" with any delimiter; brackets may be missing.
 * 0 or -EINVAL; port 0 is none. */
int reply_parse_229(struct text reply, uint16_t *ret_port) MUST_CHECK;
/* The path of a 257, with its doubled quotes made single. 0, -EINVAL, -ENAMETOOLONG. */
int reply_parse_257(struct text reply, char *ret, size_t size) MUST_CHECK;

/* The next line of a multi-line reply without its code, dash and blanks; false at the end. */
bool reply_next_line(struct text *reply, struct text *ret_line);
/* True when words were overwritten with 'X' on the way, as inspecting firewalls do ("220 ******"
 * and "500 XXXX"): a run of four or more of '*' or 'X' that makes up a whole word. */
bool reply_is_masked(struct text reply);

#endif
