/* cli/cmd_server_check_kept.c - `sallyport server-check list`, `report` and `remove`: the
 * examinations that the server has kept. */
#include "cli/handlers.h"
#include "cli/resource.h"

static void add_run(struct table *table, const json_t *run)
{
	const char *verdict = json_text(run, "verdict"), *sentence = json_text(run, "sentence");
	bool is_healthy = strcmp(verdict, "healthy") == 0;

	table_addf(table, CELL_BOLD, "%" PRIu64, json_number(run, "id"));
	table_add(table, CELL_PLAIN, json_text(run, "started"));
	table_add(table, CELL_PLAIN, json_text(run, "host"));
	table_add(table, CELL_PLAIN, json_text(run, "by"));
	table_add(table,
		  is_healthy ? CELL_GOOD
		  : *verdict ? CELL_BAD
			     : CELL_WARNING,
		  *verdict ? verdict : json_text(run, "state"));
	table_add(table, CELL_PLAIN, *sentence ? sentence : json_text(run, "error"));
}

int cmd_server_check_list(struct cli *cli)
{
	static const struct column columns[] = { { "ID", true },       { "STARTED", false },
						 { "HOST", false },    { "BY", false },
						 { "VERDICT", false }, { "WHY", false } };
	static const struct resource_list list = {
		.path = "/doctor/runs",
		.key = "runs",
		.none = "No examinations yet: `sallyport server-check` begins one.",
		.columns = columns,
		.n_columns = ARRAY_SIZE(columns),
		.add_row = add_run,
	};

	return resource_print_list(cli, &list);
}

int cmd_server_check_report(struct cli *cli)
{
	const char *format = arguments_option(&cli->arguments, "format");
	AUTO_FREE char *run = manager_path("/doctor/runs/", cli->arguments.operands[0]);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *text = NULL;

	if (format && strcmp(format, "md") != 0 && strcmp(format, "html") != 0) {
		complain("--format: \"%s\" is neither md nor html", format);
		return EXIT_USAGE;
	}
	if (cli->wants_json)
		return run ? resource_print_one(cli, run, NULL) : complain_memory();
	if (!run || asprintf(&path, "%s/report?format=%s", run, format ? format : "md") < 0) {
		path = NULL;
		return complain_memory();
	}
	int r = manager_get_text(cli, path, &text);
	if (r == EXIT_OK)
		(void)fputs(text, stdout);
	return r;
}

int cmd_server_check_remove(struct cli *cli)
{
	const char *id = cli->arguments.operands[0];
	AUTO_FREE char *path = manager_path("/doctor/runs/", id);

	return resource_change(cli, "DELETE", path, NULL, id, "is forgotten");
}
