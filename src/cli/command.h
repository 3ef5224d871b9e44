/* cli/command.h - a command of the `sallyport` program: one row of the table in commands.c.
 * Usage, --help and the manual page are printed from the rows; a handler starts after its
 * options and operands have been checked against them. Threads: one. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/text.h"
#include "cli/complain.h"

/* EXIT_UNTESTED is the doctor's: it could not find out. */
enum exit_status { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNTESTED = 3 };

#define CLI_MAX_OPERANDS 8
#define CLI_MAX_OPTIONS 64

/* What an option is called, whether it takes a value, and why it is refused when we know it only to
 * say so. A list of them ends with a row without a name. */
struct option_row {
	const char *name;     /* "home" of --home */
	const char *argument; /* "DIR"; NULL: the option takes no value */
	const char *help;
	char letter; /* 'c' of -c, or 0 */
	const char *refusal;
};

struct command;

/* What was given on the command line; all text is borrowed from argv. */
struct arguments {
	const struct command *command; /* NULL: none was given */
	const char *group; /* first word of a command of two, until the second is there */
	const char *operands[CLI_MAX_OPERANDS];
	size_t n_operands;
	struct {
		const struct option_row *row;
		const char *value; /* "" when the option takes none */
	} options[CLI_MAX_OPTIONS];
	size_t n_options;
};

/* What every handler is given. */
struct cli {
	struct arguments arguments;
	const char *config_path;
	bool config_is_chosen; /* by an option or the environment: then the file must be there */
	bool wants_json;
	bool has_colour; /* standard output is a terminal that shows it */
};

struct command {
	const char *name; /* one or two words */
	int (*run)(struct cli *cli);
	const char *operands; /* "NAME [FILE]", for usage */
	size_t min_operands, max_operands;
	const struct option_row *options; /* NULL: only the global ones */
	const char *summary;		  /* a sentence without its full stop */
	const char *details;		  /* further sentences, or NULL */
	const char *examples;		  /* lines, or NULL */
	bool is_hidden;			  /* from lists; for our own build */
};

extern const struct option_row global_options[];

/* Rows in the order that help lists them; NULL past the end. */
const struct command *command_at(size_t index);
const struct command *command_find(const char *name);
/* True when commands of two words begin with this one. */
bool command_is_group(const char *word);
/* The nearest name of a command, or of a group's second word when group is not NULL; or NULL. */
const char *command_suggest(const char *group, const char *word);

/* The value of the option, "" when it takes none, NULL when it was not given; the last one
 * counts. */
const char *arguments_option(const struct arguments *arguments, const char *name);

#endif
