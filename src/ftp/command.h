/* ftp/command.h - a command line split into verb and argument (RFC 959 5.3).
 * Threads: any; pure functions. */
#ifndef FTP_COMMAND_H
#define FTP_COMMAND_H

#include "base/text.h"

#define VERB_SIZE 8

struct command_line {
	/* Upper case, filled up with NUL; at most 7 letters (RFC 959: 3 or 4, XSHA512 has 7). */
	char verb[VERB_SIZE];
	/* After exactly one space; may be empty; spaces inside and at the end count (file names
	 * begin and end with them); borrowed from the line. */
	struct text argument;
	bool has_argument; /* there was a space behind the verb */
};

/* 0; -EILSEQ: a NUL, CR or LF byte in the line; -EINVAL: no verb, a byte that is no ASCII letter or
 * digit in it, or a verb of more than 7 bytes. Leading blanks are ignored. */
int command_parse(struct text line, struct command_line *ret) MUST_CHECK;

/* The line as it may be logged and shown: "PASS ****" for PASS and ACCT and whatever begins with
 * them; control bytes as '?'; cut to fit with "..." at the end. Works on lines that do not parse,
 * too. Returns its length. */
size_t command_mask(struct text line, char *ret, size_t ret_size);

/* TYPE (RFC 959 3.1.1, 5.3.2): "A", "A N", "I", "L 8", any case. */
enum transfer_type { TYPE_ASCII, TYPE_IMAGE };
/* 0; -EOPNOTSUPP: well-formed but not served (E, A C, L 36, ...: reply 504); -EINVAL (501). */
int type_parse(struct text argument, enum transfer_type *ret) MUST_CHECK;

#endif
