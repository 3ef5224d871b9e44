/* cli/arguments.h - argv sorted into a command, its options and its operands.
 * Options may stand anywhere: --name value, --name=value, -c value; "--" ends them. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "base/buf.h"
#include "cli/command.h"

/* argv without the program's name. 0, or -EINVAL with a sentence in *wrong: an unknown command or
 * option (with the nearest known one), a missing or unexpected value. That operands are missing
 * or too many is for arguments_check, so that --help works without them. */
int arguments_parse(size_t n, char *const argv[], struct arguments *ret,
		    struct buf *wrong) MUST_CHECK;
int arguments_check(const struct arguments *arguments, struct buf *wrong) MUST_CHECK;

#endif
