/* cli/cmd_session.c - `sallyport session`: who is connected, and ending a session. */
#include "base/clock.h"
#include "cli/handlers.h"
#include "cli/human.h"
#include "cli/resource.h"

static void add_span(struct table *table, const json_t *session, const char *key)
{
	char storage[64];
	struct buf out;
	int64_t then_ms;

	buf_init(&out, storage, sizeof(storage));
	if (clock_parse_iso(text_of(json_text(session, key)), &then_ms) == 0)
		human_span(clock_wall_ms() - then_ms, &out);
	else
		buf_add_char(&out, '-');
	table_add(table, CELL_PLAIN, storage);
}

static void add_protection(struct table *table, const json_t *session)
{
	const char *tls = json_text(session, "tls");

	if (*tls)
		table_addf(table, CELL_GOOD, "✓ %.*s%s", (int)strcspn(tls, " "), tls,
			   json_flag(session, "implicit") ? " implicit" : "");
	else
		table_add(table, CELL_BAD, "✗ none");
}

/* A running transfer, or the last command. */
static void add_activity(struct table *table, const json_t *session)
{
	const json_t *transfer = json_object_get(session, "transfer");
	const char *kind = json_text(transfer, "kind");
	char storage[64];
	struct buf bytes;

	buf_init(&bytes, storage, sizeof(storage));
	human_bytes(json_number(transfer, "bytes"), &bytes);
	if (*kind)
		table_addf(table, CELL_BOLD, "%s %s (%s)", kind, json_text(transfer, "path"),
			   storage);
	else
		table_addf(table, CELL_PLAIN, "%s%s", json_text(session, "command"),
			   json_flag(session, "running") ? " (running)" : "");
}

static void add_session(struct table *table, const json_t *session)
{
	const char *user = json_text(session, "user");
	bool has_user = *user && json_flag(session, "logged_in");

	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(session, "id"));
	table_add(table, has_user ? CELL_PLAIN : CELL_DIM, has_user ? user : "(not logged in)");
	table_add(table, CELL_PLAIN, json_text(session, "peer"));
	add_protection(table, session);
	add_span(table, session, "started");
	add_span(table, session, "last_command");
	table_add(table, CELL_PLAIN, json_text(session, "directory"));
	add_activity(table, session);
}

int cmd_session_list(struct cli *cli)
{
	static const struct column columns[] = {
		{ "ID", true },		{ "USER", false },     { "FROM", false },
		{ "TLS", false },	{ "CONNECTED", true }, { "QUIET", true },
		{ "DIRECTORY", false }, { "DOING", false },
	};
	static const struct resource_list list = {
		.path = "/sessions",
		.key = "sessions",
		.none = "No sessions.",
		.columns = columns,
		.n_columns = ARRAY_SIZE(columns),
		.add_row = add_session,
	};

	return resource_print_list(cli, &list);
}

/* Each line of the dialogue; those of a reply behind its first one stand beneath it. */
static void print_timeline(const struct cli *cli, const json_t *lines)
{
	const json_t *line;
	size_t index;

	json_array_foreach(lines, index, line)
	{
		bool is_client = strcmp(json_text(line, "from"), "client") == 0;
		const char *time = json_text(line, "time"), *text = json_text(line, "text");

		(void)printf("%s  ", time);
		style_print(stdout, cli->has_colour, is_client ? CELL_BOLD : CELL_PLAIN,
			    is_client ? "→ " : "← ");
		for (size_t len; *text; text += len + (text[len] == '\n')) {
			len = strcspn(text, "\n");
			AUTO_FREE char *shown = strndup(text, len);
			style_print(stdout, false, CELL_PLAIN, shown ? shown : "");
			(void)putchar('\n');
			if (text[len])
				(void)printf("%*s", (int)strlen(time) + 4, "");
		}
	}
}

int cmd_session_show(struct cli *cli)
{
	AUTO_FREE char *id = manager_path("/sessions/", cli->arguments.operands[0]);
	AUTO_FREE char *path = NULL;
	AUTO_JSON json_t *reply = NULL;

	if (!id || asprintf(&path, "%s/timeline", id) < 0) {
		path = NULL;
		return EXIT_FAILED;
	}
	int r = manager_call(cli, "GET", path, NULL, &reply);
	if (r == EXIT_OK && cli->wants_json)
		json_print(reply);
	else if (r == EXIT_OK)
		print_timeline(cli, json_object_get(reply, "lines"));
	return r;
}

int cmd_session_kick(struct cli *cli)
{
	const char *id = cli->arguments.operands[0];
	const char *reason = arguments_option(&cli->arguments, "reason");
	AUTO_JSON json_t *body = NULL, *reply = NULL;
	uint64_t number;

	if (text_to_uint(text_of(id), UINT64_MAX, &number) < 0) {
		complain("\"%s\" is not a session's number; `sallyport session list` shows them",
			 id);
		return EXIT_USAGE;
	}
	AUTO_FREE char *path = manager_path("/sessions/", id);
	if (reason)
		body = json_pack("{ss}", "reason", reason);
	if (!path || (reason && !body)) {
		complain("the reason is not UTF-8, or memory is short");
		return EXIT_FAILED;
	}
	int r = manager_call(cli, "DELETE", path, body, &reply);
	if (r == EXIT_OK && !cli->wants_json) {
		style_print(stdout, cli->has_colour, CELL_GOOD, "✓");
		(void)printf(" session %s is ended\n", id);
	}
	return r;
}
