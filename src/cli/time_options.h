/* cli/time_options.h - options that name a moment: "2026-11-20T11:17:40Z", or how long ago: "90s",
 * "30m", "2h", "7d". Threads: one. */
#ifndef CLI_TIME_OPTIONS_H
#define CLI_TIME_OPTIONS_H

#include "base/buf.h"
#include "cli/command.h"

/* Appends parameter ("&since=") with the option's moment to the query, when it is given. EXIT_OK,
 * or EXIT_USAGE: it is none, which has been said. */
int time_option_add(const struct cli *cli, const char *option, const char *parameter,
		    struct buf *query) MUST_CHECK;

#endif
