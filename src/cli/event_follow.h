/* cli/event_follow.h - what happens from now on, for `sallyport event list --follow`. Threads:
 * one. */
#ifndef CLI_EVENT_FOLLOW_H
#define CLI_EVENT_FOLLOW_H

#include "cli/command.h"

/* Prints each new event that fits query ("&kind=login", may be empty) until the manager does not
 * answer any more, even after a wait: EXIT_FAILED, and why has been printed. */
int event_follow(const struct cli *cli, const char *query) MUST_CHECK;

#endif
