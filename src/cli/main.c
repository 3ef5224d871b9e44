/* cli/main.c - the `sallyport` program: finds the command, checks its arguments, runs it.
 * It has no rights of its own: what it changes it asks of the manager, and what it reads of the
 * configuration it reads as the user who started it. */
#include <locale.h>
#include <stdio.h>

#include "cli/arguments.h"
#include "cli/config_file.h"
#include "cli/help.h"

/* https://no-color.org: a variable that is there and not empty. */
static bool shows_colour(void)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && term &&
	       strcmp(term, "dumb") != 0;
}

static int print_help(const struct arguments *arguments)
{
	if (arguments->command)
		help_print_command(stdout, arguments->command);
	else if (arguments->group)
		help_print_group(stdout, arguments->group);
	else
		help_print_all(stdout);
	return EXIT_OK;
}

static int print_missing_command(const struct arguments *arguments)
{
	if (arguments->group)
		help_print_group(stderr, arguments->group);
	else
		help_print_all(stderr);
	return EXIT_USAGE;
}

static int run_command(struct cli *cli)
{
	const struct arguments *arguments = &cli->arguments;
	char storage[256];
	struct buf wrong;

	buf_init(&wrong, storage, sizeof(storage));
	if (arguments_check(arguments, &wrong) < 0) {
		complain("%s; see `sallyport %s --help`", storage, arguments->command->name);
		return EXIT_USAGE;
	}
	config_choose(cli);
	cli->wants_json = arguments_option(arguments, "json") != NULL;
	cli->has_colour = shows_colour();
	return arguments->command->run(cli);
}

static int run(struct cli *cli)
{
	const struct arguments *arguments = &cli->arguments;

	if (arguments_option(arguments, "version")) {
		(void)printf("sallyport %s\n", SALLYPORT_VERSION);
		return EXIT_OK;
	}
	if (arguments_option(arguments, "help"))
		return print_help(arguments);
	return arguments->command ? run_command(cli) : print_missing_command(arguments);
}

int main(int argc, char *argv[])
{
	struct cli cli = { .config_path = NULL };
	char storage[2048];
	struct buf wrong;

	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* tables measure UTF-8; nothing else is localized */
	buf_init(&wrong, storage, sizeof(storage));
	size_t n = argc > 0 ? (size_t)argc - 1 : 0;
	if (arguments_parse(n, argv + 1, &cli.arguments, &wrong) < 0) {
		complain("%s", wrong.len > 0 ? storage : "an argument is too long");
		return EXIT_USAGE;
	}
	int status = run(&cli);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("the output cannot be written");
		return EXIT_FAILED;
	}
	return status;
}
