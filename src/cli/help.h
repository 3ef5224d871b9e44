/* cli/help.h - usage and --help, printed from the command table. Threads: one. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

void help_print_all(FILE *out);
void help_print_group(FILE *out, const char *group);
void help_print_command(FILE *out, const struct command *command);

#endif
