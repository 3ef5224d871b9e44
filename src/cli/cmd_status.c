/* cli/cmd_status.c - `sallyport status` and `sallyport reload`. */
#include "base/clock.h"
#include "cli/handlers.h"
#include "cli/human.h"
#include "cli/manager_client.h"
#include "cli/table.h"

#define RELOAD_TIMEOUT_MS 20000

/* "3 h ago" for a member that is a time; "never" when it is null, as it is when it is not a
 * time. */
static void format_ago(const json_t *object, const char *key, struct buf *out)
{
	int64_t then_ms;

	if (clock_parse_iso(text_of(json_text(object, key)), &then_ms) < 0)
		buf_add(out, T("never"));
	else
		human_ago(then_ms, clock_wall_ms(), out);
}

static void format_ports(const json_t *ports, struct buf *out)
{
	size_t index;
	const json_t *port;

	if (json_array_size(ports) == 0)
		buf_add(out, T("none"));
	json_array_foreach(ports, index, port)
		buf_addf(out, "%s%d", index > 0 ? ", " : "", (int)json_integer_value(port));
}

static void add_row(struct table *table, const char *name, enum cell_style style,
		    const struct buf *value)
{
	table_add(table, CELL_DIM, name);
	table_add(table, style, value->ptr);
}

static void add_listeners(struct table *table, const json_t *listeners, struct buf *out)
{
	const char *external = json_text(listeners, "external_ip");
	bool is_plain = json_flag(listeners, "plain_ftp");

	buf_reset(out);
	format_ports(json_object_get(listeners, "explicit"), out);
	add_row(table, "Explicit TLS ports", CELL_PLAIN, out);
	buf_reset(out);
	format_ports(json_object_get(listeners, "implicit"), out);
	add_row(table, "Implicit TLS ports", CELL_PLAIN, out);
	table_add(table, CELL_DIM, "Passive ports");
	table_add(table, CELL_PLAIN, json_text(listeners, "passive_ports"));
	table_add(table, CELL_DIM, "External address");
	table_add(table, CELL_PLAIN, *external ? external : "the one that the client connects to");
	table_add(table, CELL_DIM, "Plain FTP");
	table_add(table, is_plain ? CELL_WARNING : CELL_PLAIN, is_plain ? "allowed" : "refused");
}

static void add_reload(struct table *table, const json_t *status, struct buf *out)
{
	const char *error = json_text(status, "last_reload_error");

	buf_reset(out);
	format_ago(status, "last_reload", out);
	add_row(table, "Last reload", CELL_PLAIN, out);
	if (*error) {
		table_add(table, CELL_DIM, "");
		table_addf(table, CELL_BAD, "✗ failed: %s", error);
	}
}

static void add_processes(struct table *table, const json_t *status)
{
	table_add(table, CELL_DIM, "Processes");
	table_addf(table, CELL_PLAIN, "supervisor %" PRIu64 ", manager %" PRIu64,
		   json_number(status, "supervisor_pid"), json_number(status, "manager_pid"));
	table_add(table, CELL_DIM, "Restarts");
	table_addf(table, CELL_PLAIN, "%" PRIu64 " of workers, %" PRIu64 " of the manager",
		   json_number(status, "worker_restarts"), json_number(status, "manager_restarts"));
}

static void add_comma(struct buf *out)
{
	if (out->len > 0)
		buf_add(out, T(", "));
}

static void format_capabilities(const json_t *list, struct buf *out)
{
	const json_t *name;
	size_t index;

	json_array_foreach(list, index, name)
		buf_addf(out, "%s%s", index > 0 ? " " : "capabilities ", json_string_value(name));
	if (json_array_size(list) == 0)
		buf_add(out, T("no capabilities"));
}

/* "Landlock (ABI 7), seccomp, ...": what is in force, then what is not. */
static bool format_sandbox(const json_t *view, struct buf *out)
{
	static const struct {
		const char *key, *name;
	} layers[] = { { "seccomp", "seccomp" },
		       { "no_new_privs", "no new privileges" },
		       { "openat2", "openat2" } };
	uint64_t abi = json_number(view, "landlock_abi");
	bool is_whole = abi > 0 && !json_flag(view, "core_dumps");

	if (abi > 0)
		buf_addf(out, "Landlock (ABI %" PRIu64 ")", abi);
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		is_whole = is_whole && json_flag(view, layers[i].key);
		if (!json_flag(view, layers[i].key))
			continue;
		add_comma(out);
		buf_add(out, text_of(layers[i].name));
	}
	add_comma(out);
	format_capabilities(json_object_get(view, "capabilities"), out);
	if (abi == 0)
		buf_add(out, T("; no Landlock"));
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
		if (!json_flag(view, layers[i].key))
			buf_addf(out, "; no %s", layers[i].name);
	if (json_flag(view, "core_dumps"))
		buf_add(out, T("; core dumps"));
	return is_whole;
}

static void add_sandbox(struct table *table, const json_t *sandbox, struct buf *out)
{
	static const char *const kinds[][2] = { { "workers", "Sandbox of workers" },
						{ "manager", "Sandbox of the manager" } };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const json_t *view = json_object_get(sandbox, kinds[i][0]);

		buf_reset(out);
		if (!json_is_object(view)) {
			buf_add(out, T("not known yet"));
			add_row(table, kinds[i][1], CELL_DIM, out);
			continue;
		}

		bool is_whole = format_sandbox(view, out);

		add_row(table, kinds[i][1], is_whole ? CELL_GOOD : CELL_WARNING, out);
	}
}

static int print_server(const struct cli *cli, const json_t *status)
{
	static const struct column columns[] = { { "", false }, { "", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	char storage[512];
	struct buf out;

	if (!table)
		return -ENOMEM;
	buf_init(&out, storage, sizeof(storage));
	format_ago(status, "started", &out);
	table_add(table, CELL_DIM, "Sallyport");
	table_addf(table, CELL_GOOD, "✓ running: version %s, started %s",
		   json_text(status, "version"), storage);
	table_add(table, CELL_DIM, "Sessions");
	table_addf(table, CELL_PLAIN, "%" PRIu64 " of at most %" PRIu64,
		   json_number(status, "sessions"), json_number(status, "max_sessions"));
	add_listeners(table, json_object_get(status, "listeners"), &out);
	table_add(table, CELL_DIM, "Generation");
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(status, "generation"));
	add_reload(table, status, &out);
	add_processes(table, status);
	add_sandbox(table, json_object_get(status, "sandbox"), &out);
	return table_print(table, stdout, cli->has_colour);
}

static void add_worker(struct table *table, const json_t *worker)
{
	char storage[64];
	struct buf ago;
	bool serves = strcmp(json_text(worker, "state"), "serving") == 0;

	buf_init(&ago, storage, sizeof(storage));
	format_ago(worker, "started", &ago);
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(worker, "slot"));
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(worker, "pid"));
	table_add(table, serves ? CELL_GOOD : CELL_DIM, json_text(worker, "state"));
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(worker, "generation"));
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(worker, "sessions"));
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(worker, "threads"));
	table_add(table, CELL_PLAIN, storage);
}

static int print_workers(const struct cli *cli, const json_t *workers)
{
	static const struct column columns[] = { { "WORKER", true },   { "PID", true },
						 { "STATE", false },   { "GENERATION", true },
						 { "SESSIONS", true }, { "THREADS", true },
						 { "STARTED", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *worker;
	size_t index;

	if (!table)
		return -ENOMEM;
	json_array_foreach(workers, index, worker) add_worker(table, worker);
	(void)fputc('\n', stdout);
	return table_print(table, stdout, cli->has_colour);
}

/* What needs attention, as the manager's page says it first. */
static void print_attention(const struct cli *cli, const json_t *overview)
{
	const json_t *item;
	size_t index;

	json_array_foreach(json_object_get(overview, "attention"), index, item)
	{
		const char *severity = json_text(item, "severity");
		bool is_note = strcmp(severity, "note") == 0;

		(void)fputc('\n', stdout);
		style_print(stdout, cli->has_colour,
			    strcmp(severity, "problem") == 0 ? CELL_BAD
			    : is_note			     ? CELL_PLAIN
							     : CELL_WARNING,
			    is_note ? "•" : "✗");
		(void)fputc(' ', stdout);
		style_print(stdout, cli->has_colour, CELL_BOLD, json_text(item, "title"));
		(void)fputs("\n  ", stdout);
		style_print(stdout, cli->has_colour, CELL_PLAIN, json_text(item, "detail"));
		(void)fputc('\n', stdout);
	}
}

int cmd_status(struct cli *cli)
{
	AUTO_JSON json_t *overview = NULL;
	AUTO_JSON json_t *status = NULL;

	int r = manager_call(cli, "GET", "/status", NULL, &status);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(status);
		return EXIT_OK;
	}
	if (print_server(cli, status) == 0 &&
	    print_workers(cli, json_object_get(status, "workers")) == 0) {
		if (manager_try(cli, "/overview", &overview) == EXIT_OK)
			print_attention(cli, overview);
		return EXIT_OK;
	}
	complain("memory is short");
	return EXIT_FAILED;
}

/* Asks until the server tells how the reload ended. The manager is replaced meanwhile: a question
 * that falls into that moment is asked again. */
static int await_reload(struct cli *cli, const char *last_reload, json_t **ret_status)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	int64_t deadline = deadline_in(RELOAD_TIMEOUT_MS);

	while (clock_ms() < deadline) {
		AUTO_JSON json_t *status = NULL;

		if (manager_try(cli, "/status", &status) == EXIT_OK &&
		    strcmp(json_text(status, "last_reload"), last_reload) != 0) {
			*ret_status = json_incref(status);
			return EXIT_OK;
		}
		(void)nanosleep(&pause, NULL);
	}
	(void)fprintf(stderr,
		      "sallyport: the server has not told within %d s whether the reload worked; "
		      "see its log\n",
		      RELOAD_TIMEOUT_MS / 1000);
	return EXIT_FAILED;
}

int cmd_reload(struct cli *cli)
{
	AUTO_JSON json_t *before = NULL;
	AUTO_JSON json_t *after = NULL;
	AUTO_JSON json_t *reply = NULL;
	int r = manager_call(cli, "GET", "/status", NULL, &before);

	if (r == EXIT_OK)
		r = manager_call(cli, "POST", "/reload", NULL, &reply);
	if (r == EXIT_OK)
		r = await_reload(cli, json_text(before, "last_reload"), &after);
	if (r != EXIT_OK)
		return r;

	const char *error = json_text(after, "last_reload_error");
	if (cli->wants_json)
		json_print(after);
	else if (!*error)
		(void)printf("✓ the new configuration serves all new sessions (generation %" PRIu64
			     ")\n",
			     json_number(after, "generation"));
	if (*error)
		(void)fprintf(stderr, "sallyport: the old configuration stays: %s\n", error);
	return *error ? EXIT_FAILED : EXIT_OK;
}
