/* cli/help.c - see help.h. */
#include "cli/help.h"

#include "cli/handlers.h"

static bool is_in_group(const struct command *command, const char *group)
{
	size_t len = group ? strlen(group) : 0;

	return !group || (strncmp(command->name, group, len) == 0 && command->name[len] == ' ');
}

static int usage_width(const struct command *command)
{
	return (int)(strlen(command->name) + 1 + strlen(command->operands));
}

/* The commands of a group, or all of them, with their summaries in one column. */
static void print_commands(FILE *out, const char *group)
{
	const struct command *command;
	int width = 0;

	for (size_t i = 0; (command = command_at(i)); i++)
		if (is_in_group(command, group) && !command->is_hidden)
			width = MAX_OF(width, usage_width(command));
	for (size_t i = 0; (command = command_at(i)); i++) {
		if (!is_in_group(command, group) || command->is_hidden)
			continue;
		(void)fprintf(out, "  %s %s%*s  %s\n", command->name, command->operands,
			      width - usage_width(command), "", command->summary);
	}
}

#define OPTION_WIDTH 26

static void print_options(FILE *out, const struct option_row *rows)
{
	for (; rows && rows->name; rows++) {
		char storage[64];

		if (rows->refusal)
			continue;
		(void)snprintf(storage, sizeof(storage), "%c%c%s--%s%s%s", rows->letter ? '-' : ' ',
			       rows->letter ? rows->letter : ' ', rows->letter ? ", " : "  ",
			       rows->name, rows->argument ? " " : "",
			       rows->argument ? rows->argument : "");
		/* What is longer than the column has a line of its own. */
		if (strlen(storage) > OPTION_WIDTH)
			(void)fprintf(out, "  %s\n  %-*s %s\n", storage, OPTION_WIDTH, "",
				      rows->help);
		else
			(void)fprintf(out, "  %-*s %s\n", OPTION_WIDTH, storage, rows->help);
	}
}

static void print_examples(FILE *out, const char *examples)
{
	struct text rest = text_of(examples), line;

	(void)fprintf(out, "\nExamples:\n");
	while (text_take_until(&rest, '\n', &line))
		(void)fprintf(out, "  %.*s\n", TEXT_ARG(line));
}

void help_print_all(FILE *out)
{
	(void)fprintf(out, "sallyport - the command line of the Sallyport FTP and FTPS server\n\n"
			   "Usage: sallyport [OPTION...] COMMAND [ARGUMENT...]\n\nCommands:\n");
	print_commands(out, NULL);
	(void)fprintf(out, "\nOptions of every command:\n");
	print_options(out, global_options);
	(void)fprintf(out, "\n`sallyport COMMAND --help` shows the options and examples of one "
			   "command.\n");
}

void help_print_group(FILE *out, const char *group)
{
	(void)fprintf(out, "Usage: sallyport %s COMMAND [ARGUMENT...]\n\nCommands:\n", group);
	print_commands(out, group);
	(void)fprintf(out,
		      "\n`sallyport %s COMMAND --help` shows the options and examples of one "
		      "command.\n",
		      group);
}

void help_print_command(FILE *out, const struct command *command)
{
	(void)fprintf(out, "Usage: sallyport %s%s%s%s\n\n%s.\n", command->name,
		      *command->operands ? " " : "", command->operands,
		      command->options ? " [OPTION...]" : "", command->summary);
	if (command->details)
		(void)fprintf(out, "%s\n", command->details);
	if (command->options) {
		(void)fprintf(out, "\nOptions:\n");
		print_options(out, command->options);
	}
	(void)fprintf(out, "\nOptions of every command:\n");
	print_options(out, global_options);
	if (command->examples)
		print_examples(out, command->examples);
}

int cmd_help(struct cli *cli)
{
	const struct arguments *a = &cli->arguments;
	char name[64];

	if (a->n_operands == 0) {
		help_print_all(stdout);
		return EXIT_OK;
	}
	(void)snprintf(name, sizeof(name), "%s%s%s", a->operands[0], a->n_operands > 1 ? " " : "",
		       a->n_operands > 1 ? a->operands[1] : "");

	const struct command *command = command_find(name);

	if (command) {
		help_print_command(stdout, command);
	} else if (a->n_operands == 1 && command_is_group(name)) {
		help_print_group(stdout, name);
	} else {
		complain("\"%s\" is not a command; `sallyport help` lists them", name);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}
