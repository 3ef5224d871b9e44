/* load/options.c - one row per option of the command line. */
#include "load/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options options = {
	.host = "127.0.0.1",
	.port = 21,
	.user = "bench",
	.pass = "bench",
	.source_addresses = 1,
	.workload = "get",
	.threads = 1,
	.clients = 1,
	.rounds = 1,
	.path = "big.bin",
	.dest = "up/up",
	.folder = "small",
	.prefix = "f",
	.small_files = 1000,
	.operations = 1000000000,
	.commands = "NOOP,PWD,CWD,SIZE",
	.cwd_path = "/",
	.size_path = "big.bin",
	.pipeline = 1,
	.lists = "LIST,NLST,MLSD",
	.sample = 200,
	.concurrency = 32,
	.settle_ms = 150,
	.timeout_s = 60,
};

enum kind { TEXT, INT, LONG, SECONDS, FLAG, TLS, SINK };

static const struct row {
	const char *name;
	enum kind kind;
	void *field;
} rows[] = {
	{ "host", TEXT, &options.host },
	{ "port", INT, &options.port },
	{ "user", TEXT, &options.user },
	{ "pass", TEXT, &options.pass },
	{ "tls", TLS, &options.tls },
	{ "suites", TEXT, &options.suites },
	{ "ciphers", TEXT, &options.ciphers },
	{ "clear-data", FLAG, &options.clear_data },
	{ "pasv", FLAG, &options.pasv },
	{ "source-addresses", INT, &options.source_addresses },
	{ "receive-buffer", INT, &options.receive_buffer },
	{ "workload", TEXT, &options.workload },
	{ "threads", INT, &options.threads },
	{ "clients", INT, &options.clients },
	{ "rounds", INT, &options.rounds },
	{ "path", TEXT, &options.path },
	{ "source", TEXT, &options.source },
	{ "dest", TEXT, &options.dest },
	{ "folder", TEXT, &options.folder },
	{ "prefix", TEXT, &options.prefix },
	{ "size", LONG, &options.size },
	{ "small-files", INT, &options.small_files },
	{ "sink", SINK, &options.sink },
	{ "operations", LONG, &options.operations },
	{ "seconds", SECONDS, &options.seconds },
	{ "commands", TEXT, &options.commands },
	{ "cwd-path", TEXT, &options.cwd_path },
	{ "size-path", TEXT, &options.size_path },
	{ "pipeline", INT, &options.pipeline },
	{ "lists", TEXT, &options.lists },
	{ "expected-lines", LONG, &options.expected_lines },
	{ "sample", INT, &options.sample },
	{ "concurrency", INT, &options.concurrency },
	{ "cpu-folder", TEXT, &options.cpu_folder },
	{ "settle-ms", INT, &options.settle_ms },
	{ "timeout", SECONDS, &options.timeout_s },
	{ "limit-s", INT, &options.limit_s },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* The position of word in the list, or -1. */
static int choice(const char *word, const char *const *list)
{
	for (int i = 0; list[i]; i++) {
		if (strcmp(word, list[i]) == 0)
			return i;
	}
	return -1;
}

static bool take_number(const struct row *row, const char *value)
{
	char *end = NULL;
	errno = 0;
	if (row->kind == SECONDS) {
		*(double *)row->field = strtod(value, &end);
	} else {
		long number = strtol(value, &end, 10);
		if (row->kind == LONG)
			*(long *)row->field = number;
		else if (number == (int)number)
			*(int *)row->field = (int)number;
		else
			return false;
	}
	return errno == 0 && end != value && *end == '\0';
}

static bool take(const struct row *row, char *value)
{
	static const char *const modes[] = { "none", "explicit", "implicit", NULL };
	static const char *const sinks[] = { "drop", "copy", "check", NULL };
	int found;
	switch (row->kind) {
	case TEXT:
		*(const char **)row->field = value;
		return true;
	case FLAG:
		*(bool *)row->field = true;
		return true;
	case TLS:
		found = choice(value, modes);
		*(enum tls_mode *)row->field = (enum tls_mode)found;
		return found >= 0;
	case SINK:
		found = choice(value, sinks);
		*(enum sink *)row->field = (enum sink)found;
		return found >= 0;
	default:
		return take_number(row, value);
	}
}

int options_parse(int argc, char **argv)
{
	struct option known[ROWS + 1] = { 0 };
	for (int i = 0; i < ROWS; i++) {
		known[i].name = rows[i].name;
		known[i].has_arg = rows[i].kind == FLAG ? no_argument : required_argument;
	}
	int at, result;
	while ((result = getopt_long(argc, argv, "", known, &at)) != -1) {
		if (result == '?')
			return -1; /* getopt has said why */
		if (!take(&rows[at], optarg)) {
			fprintf(stderr, "ftpload: --%s %s?\n", rows[at].name, optarg);
			return -1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ftpload: %s?\n", argv[optind]);
		return -1;
	}
	if (options.threads < 1 || options.threads > 64 || options.clients < 1 ||
	    options.source_addresses < 1 || options.pipeline < 1 || options.pipeline > 128) {
		fprintf(stderr, "ftpload: a number of these options is out of its range\n");
		return -1;
	}
	return 0;
}
