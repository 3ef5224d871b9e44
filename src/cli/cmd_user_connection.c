/* cli/cmd_user_connection.c - `sallyport user connection`: what a user has to know, to send. */
#include "cli/handlers.h"
#include "cli/resource.h"

int cmd_user_connection(struct cli *cli)
{
	const char *format = arguments_option(&cli->arguments, "format");
	AUTO_FREE char *user = manager_path("/users/", cli->arguments.operands[0]);
	AUTO_FREE char *escaped = manager_path("/connection?format=", cli->wants_json ? "json"
								      : format	      ? format
										      : "text");
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *text = NULL;

	if (!user || !escaped || asprintf(&path, "%s%s", user, escaped) < 0) {
		path = NULL;
		return complain_memory();
	}
	int r = manager_get_text(cli, path, &text);
	if (r == EXIT_OK)
		(void)fputs(text, stdout);
	return r;
}
