/* supervisor/main.c - sallyportd: the options of the command line, and what goes to standard
 * error. */
#include <getopt.h>
#include <stdio.h>

#include "base/text.h"
#include "supervisor/supervisor.h"

enum { OPTION_SET = 256, OPTION_CHECK, OPTION_VERSION };

struct command_line {
	struct configuration configuration;
	const char **overrides;
	size_t n_overrides;
	bool is_check;
	bool is_done; /* an answer was printed: nothing to run */
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "set", required_argument, NULL, OPTION_SET },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: sallyportd [OPTION]...\n"
	"Runs the Sallyport FTP and FTPS server in the foreground.\n"
	"\n"
	"  -c, --config FILE     read FILE (default: $SALLYPORT_CONFIG, else\n"
	"                        " CONFIGURATION_DEFAULT_PATH ")\n"
	"      --set NAME=VALUE  a setting, stronger than the file; may be repeated\n"
	"      --check           load and check the configuration and the certificate, then exit\n"
	"      --version         print the version and exit\n"
	"  -h, --help            print this help and exit\n"
	"\n"
	"Signals: HUP reads the configuration again; TERM and INT end all sessions with a 421\n"
	"reply and stop; a second one stops at once.\n"
	"\n"
	"Examples:\n"
	"  sallyportd --check\n"
	"  sallyportd --config /etc/sallyport/sallyport.conf\n"
	"  sallyportd --config my.conf --set explicit_ports=3021 --set log_level=debug\n"
	"\n"
	"See sallyportd(8), sallyport.conf(5), sallyport(1).\n";

static int parse_options(int argc, char **argv, struct command_line *line)
{
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			line->configuration.path = optarg;
			line->configuration.may_be_missing = false;
			break;
		case OPTION_SET:
			line->overrides[line->n_overrides++] = optarg;
			break;
		case OPTION_CHECK:
			line->is_check = true;
			break;
		case OPTION_VERSION:
			(void)puts("sallyportd " SALLYPORT_VERSION);
			line->is_done = true;
			return 0;
		case 'h':
			(void)fputs(help, stdout);
			line->is_done = true;
			return 0;
		default:
			return -EINVAL;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "sallyportd: unexpected argument \"%s\"\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static int run(struct command_line *line)
{
	struct failure failure = { "" };
	int r;

	line->configuration.overrides = line->overrides;
	line->configuration.n_overrides = line->n_overrides;
	if (line->is_check)
		r = supervisor_check(&line->configuration, &failure);
	else
		r = supervisor_run(&line->configuration, &failure);
	if (r < 0) {
		(void)fprintf(stderr, "sallyportd: %s\n", failure.text);
		return EXIT_FAILURE;
	}
	if (line->is_check)
		(void)printf("%s: ok\n", line->configuration.path);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *from_environment = getenv("SALLYPORT_CONFIG");
	struct command_line line = {
		.configuration = { .path = from_environment && *from_environment
						   ? from_environment
						   : CONFIGURATION_DEFAULT_PATH },
		.overrides = calloc((size_t)argc, sizeof(char *)),
	};
	int status = EXIT_SUCCESS;

	line.configuration.may_be_missing = !from_environment || !*from_environment;
	if (!line.overrides) {
		(void)fputs("sallyportd: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	if (parse_options(argc, argv, &line) < 0) {
		(void)fputs("Try `sallyportd --help`.\n", stderr);
		status = 2;
	} else if (!line.is_done) {
		status = run(&line);
	}
	free(line.overrides);
	return status;
}
