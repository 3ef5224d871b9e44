/* cli/event_follow.c - see event_follow.h.
 * The newest page is looked at each second: what is behind the last event that was shown is new. A
 * manager that a reload replaces is asked again for a while. */
#include "cli/event_follow.h"

#include <poll.h>

#include "cli/manager_client.h"
#include "cli/table.h"

#define LOOK_EVERY_MS 1000
#define SILENT_LOOKS 10 /* of a manager that does not answer, before we give up */

static void print_event(const struct cli *cli, const json_t *event)
{
	const char *severity = json_text(event, "severity");

	if (cli->wants_json) {
		(void)json_dumpf(event, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		return;
	}
	(void)printf("%s  ", json_text(event, "time"));
	style_print(stdout, cli->has_colour, CELL_BOLD, json_text(event, "kind"));
	(void)fputs("  ", stdout);
	style_print(stdout, cli->has_colour, strcmp(severity, "note") == 0 ? CELL_PLAIN : CELL_BAD,
		    json_text(event, "text"));
	(void)fputc('\n', stdout);
}

/* The place of the event with this id in the page, which is newest first; its end when it is not
 * there. */
static size_t place_of(const json_t *events, const char *id)
{
	size_t at = 0;

	while (at < json_array_size(events) &&
	       strcmp(json_text(json_array_get(events, at), "id"), id) != 0)
		at++;
	return at;
}

/* Shows what is newer than *last, owned by the caller, and moves it on. NULL: nothing is shown. */
static int show_new(const struct cli *cli, const json_t *events, char **last)
{
	if (*last)
		for (size_t i = place_of(events, *last); i > 0; i--)
			print_event(cli, json_array_get(events, i - 1));
	char *newest = strdup(json_text(json_array_get(events, 0), "id"));
	if (!newest) {
		complain("memory is short");
		return EXIT_FAILED;
	}
	free(*last);
	*last = newest;
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

int event_follow(const struct cli *cli, const char *query)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *last = NULL;
	unsigned n_silent = 0;
	int r = EXIT_OK;

	if (asprintf(&path, "/events?limit=1000%s", query) < 0) {
		path = NULL;
		complain("memory is short");
		return EXIT_FAILED;
	}
	while (r == EXIT_OK) {
		AUTO_JSON json_t *page = NULL;

		if (last && n_silent < SILENT_LOOKS)
			r = manager_try(cli, path, &page);
		else
			r = manager_call(cli, "GET", path, NULL, &page);
		n_silent = r == EXIT_OK ? 0 : n_silent + 1;
		if (r == EXIT_OK)
			r = show_new(cli, json_object_get(page, "events"), &last);
		else if (last && n_silent <= SILENT_LOOKS)
			r = EXIT_OK;
		(void)poll(NULL, 0, LOOK_EVERY_MS);
	}
	return r;
}
