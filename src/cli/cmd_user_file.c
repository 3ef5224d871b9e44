/* cli/cmd_user_file.c - `sallyport user import` and `export`: many users in a file. */
#include "cli/handlers.h"
#include "cli/resource.h"

#define FILE_MAX ((size_t)8 * 1024 * 1024) /* what the manager takes */

/* The whole file, to be wiped and given back with free(3); NULL after a message. */
static char *read_file(const char *name, size_t *ret_len)
{
	bool is_standard_input = strcmp(name, "-") == 0;
	FILE *file = is_standard_input ? stdin : fopen(name, "re");
	char *bytes = file ? malloc(FILE_MAX + 1) : NULL;

	if (!bytes) {
		complain("%s: %s", name, strerrordesc_np(errno));
	} else {
		*ret_len = fread(bytes, 1, FILE_MAX + 1, file);
		if (ferror(file) || *ret_len > FILE_MAX) {
			complain("%s: %s", name,
				 ferror(file) ? strerrordesc_np(errno)
					      : "is longer than 8 MiB, which is the most");
			explicit_bzero(bytes, *ret_len);
			free(bytes);
			bytes = NULL;
		}
	}
	if (file && !is_standard_input)
		(void)fclose(file);
	return bytes;
}

/* A table does not begin with a bracket: it begins with the name of a column. */
static bool is_json(struct text in)
{
	while (in.len > 0 && strchr(" \t\r\n", *in.ptr))
		in = (struct text){ in.ptr + 1, in.len - 1 };
	return in.len > 0 && (*in.ptr == '{' || *in.ptr == '[');
}

static int import_text(const struct cli *cli, struct text text, bool is_trial, json_t **ret)
{
	return manager_send_file(cli, is_trial ? "/users/import?dry_run=true" : "/users/import",
				 is_json(text) ? "Content-Type: application/json"
					       : "Content-Type: text/csv",
				 text, ret);
}

/* What a trial has found is no problem of the request, but one of the file. */
static int print_result(const json_t *reply, bool is_trial)
{
	const json_t *errors = json_object_get(reply, "errors"), *error;
	size_t i;

	json_array_foreach(errors, i, error)
	{
		const char *field = json_text(error, "field");

		complain("line %" PRIu64 "%s%s: %s", json_number(error, "line"), *field ? ", " : "",
			 field, json_text(error, "detail"));
	}
	if (json_array_size(errors) > 0)
		return EXIT_FAILED;
	(void)printf("%" PRIu64 " users %s added, %" PRIu64 " %s changed.\n",
		     json_number(reply, "created"), is_trial ? "would be" : "are",
		     json_number(reply, "updated"), is_trial ? "would be" : "are");
	return EXIT_OK;
}

int cmd_user_import(struct cli *cli)
{
	bool is_trial = arguments_option(&cli->arguments, "dry-run") != NULL;
	AUTO_JSON json_t *reply = NULL;
	size_t len = 0;
	char *bytes = read_file(cli->arguments.operands[0], &len);

	if (!bytes)
		return EXIT_FAILED;
	int r = import_text(cli, (struct text){ bytes, len }, is_trial, &reply);
	explicit_bzero(bytes, len);
	free(bytes);
	if (r != EXIT_OK)
		return r;
	if (!cli->wants_json)
		return print_result(reply, is_trial);
	json_print(reply);
	return json_array_size(json_object_get(reply, "errors")) > 0 ? EXIT_FAILED : EXIT_OK;
}

int cmd_user_export(struct cli *cli)
{
	const char *format = arguments_option(&cli->arguments, "format");
	AUTO_FREE char *path = NULL, *text = NULL;

	if (!format)
		format = cli->wants_json ? "json" : "csv";
	if (strcmp(format, "csv") != 0 && strcmp(format, "json") != 0) {
		complain("--format: \"%s\" is neither csv nor json", format);
		return EXIT_USAGE;
	}
	if (asprintf(&path, "/users/export?format=%s%s", format,
		     arguments_option(&cli->arguments, "hashes") ? "&hashes=true" : "") < 0) {
		path = NULL;
		return complain_memory();
	}
	int r = manager_get_text(cli, path, &text);
	if (r == EXIT_OK)
		(void)fputs(text, stdout);
	return r;
}
