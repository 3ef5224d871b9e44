/* cli/cmd_event.c - `sallyport event`: what has happened on the server. */
#include "cli/event_follow.h"
#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/table.h"
#include "cli/time_options.h"

#define PAGE 1000u

static void add_event(struct table *table, const json_t *event)
{
	const char *severity = json_text(event, "severity");

	table_add(table, CELL_PLAIN, json_text(event, "time"));
	table_add(table, CELL_BOLD, json_text(event, "kind"));
	table_add(table, CELL_PLAIN, json_text(event, "user"));
	table_add(table, CELL_PLAIN, json_text(event, "address"));
	table_add(table, strcmp(severity, "note") == 0 ? CELL_PLAIN : CELL_BAD,
		  json_text(event, "text"));
}

static int print_events(const struct cli *cli, const json_t *events)
{
	static const struct column columns[] = { { "TIME", false },
						 { "KIND", false },
						 { "USER", false },
						 { "FROM", false },
						 { "WHAT", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *event;
	size_t index;

	if (!table)
		return -ENOMEM;
	json_array_foreach(events, index, event) add_event(table, event);
	return table_print(table, stdout, cli->has_colour);
}

/* The filters of both commands as parameters, each behind an &. */
static int make_query(const struct cli *cli, struct buf *query)
{
	static const char *const names[][2] = {
		{ "kind", "&kind=" },	    { "user", "&user=" },
		{ "address", "&address=" }, { "severity", "&severity=" },
		{ "session", "&session=" }, { "search", "&search=" },
	};
	int r = time_option_add(cli, "since", "&since=", query);

	if (r == EXIT_OK)
		r = time_option_add(cli, "until", "&until=", query);
	for (size_t i = 0; i < ARRAY_SIZE(names) && r == EXIT_OK; i++) {
		const char *value = arguments_option(&cli->arguments, names[i][0]);
		AUTO_FREE char *escaped = value ? manager_path(names[i][1], value) : NULL;

		if (value && !escaped)
			r = EXIT_FAILED;
		else if (escaped)
			buf_add(query, text_of(escaped));
	}
	if (r == EXIT_OK && query->has_overflowed) {
		complain("an option is too long");
		r = EXIT_USAGE;
	}
	return r;
}

/* Appends a page; *next is given back with free(3), NULL: that was the last one. */
static int fetch_page(const struct cli *cli, const char *query, uint64_t n, json_t *events,
		      char **next)
{
	AUTO_FREE char *after = *next;
	AUTO_FREE char *path = NULL;
	AUTO_JSON json_t *reply = NULL;

	*next = NULL;
	if (asprintf(&path, "/events?limit=%" PRIu64 "%s%s%s", MIN_OF(n, (uint64_t)PAGE), query,
		     after ? "&after=" : "", after ? after : "") < 0) {
		path = NULL;
		return EXIT_FAILED;
	}
	int r = manager_call(cli, "GET", path, NULL, &reply);
	if (r != EXIT_OK)
		return r;
	(void)json_array_extend(events, json_object_get(reply, "events"));
	const char *more = json_string_value(json_object_get(reply, "next"));
	*next = more ? strdup(more) : NULL;
	return EXIT_OK;
}

static int fetch(const struct cli *cli, uint64_t limit, json_t *events)
{
	char storage[2048], *next = NULL;
	struct buf query;

	buf_init(&query, storage, sizeof(storage) - 1);
	int r = make_query(cli, &query);
	storage[query.len] = '\0';
	do {
		if (r == EXIT_OK)
			r = fetch_page(cli, storage, limit - json_array_size(events), events,
				       &next);
	} while (r == EXIT_OK && next && json_array_size(events) < limit);
	free(next);
	return r;
}

static int follow(const struct cli *cli)
{
	char storage[2048];
	struct buf query;

	buf_init(&query, storage, sizeof(storage) - 1);
	int r = make_query(cli, &query);
	storage[query.len] = '\0';
	return r == EXIT_OK ? event_follow(cli, storage) : r;
}

int cmd_event_list(struct cli *cli)
{
	const char *wanted = arguments_option(&cli->arguments, "limit");
	AUTO_JSON json_t *answer = json_pack("{s:[]}", "events");
	json_t *events = json_object_get(answer, "events");
	uint64_t limit = 100;

	if (wanted && (text_to_uint(text_of(wanted), 1000000, &limit) < 0 || limit == 0)) {
		complain("--limit: \"%s\" is not a number from 1 to 1000000", wanted);
		return EXIT_USAGE;
	}
	if (arguments_option(&cli->arguments, "follow"))
		return follow(cli);

	int r = fetch(cli, limit, events);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(answer);
	} else if (json_array_size(events) == 0) {
		(void)printf("No events.\n");
	} else if (print_events(cli, events) < 0) {
		complain("memory is short");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

int cmd_event_export(struct cli *cli)
{
	const char *format = arguments_option(&cli->arguments, "format");
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *text = NULL;
	char storage[2048];
	struct buf query;

	if (format && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0) {
		complain("--format: \"%s\" is neither csv nor json", format);
		return EXIT_USAGE;
	}
	buf_init(&query, storage, sizeof(storage) - 1);
	int r = make_query(cli, &query);
	storage[query.len] = '\0';
	if (r == EXIT_OK &&
	    asprintf(&path, "/events/export?format=%s%s", format ? format : "csv", storage) < 0) {
		path = NULL;
		r = EXIT_FAILED;
	}
	if (r == EXIT_OK)
		r = manager_get_text(cli, path, &text);
	if (r == EXIT_OK)
		(void)fputs(text, stdout);
	return r;
}
