/* cli/cmd_server_check.c - `sallyport server-check`: the doctor, run by the server, from where it
 * stands. */
#include <poll.h>

#include "base/clock.h"
#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/password.h"
#include "cli/table.h"

#define LOOK_EVERY_MS 250
#define LONGEST_MS (12 * 60 * 1000)

static void set_flag(const struct cli *cli, json_t *body, const char *option, const char *member)
{
	if (arguments_option(&cli->arguments, option))
		(void)json_object_set_new(body, member, json_true());
}

static json_t *make_body(const struct cli *cli, struct secret *password)
{
	const char *host = cli->arguments.n_operands > 0 ? cli->arguments.operands[0] : "self";
	const char *port = arguments_option(&cli->arguments, "port");
	const char *user = arguments_option(&cli->arguments, "user");
	json_t *body = json_pack("{s:s, s:s*, s:s*}", "host", host, "user", user, "tls",
				 arguments_option(&cli->arguments, "tls"));
	uint64_t number;

	if (port && text_to_uint(text_of(port), UINT16_MAX, &number) == 0)
		(void)json_object_set_new(body, "port", json_integer((json_int_t)number));
	else if (port)
		(void)json_object_set_new(body, "port", json_string(port)); /* it will be told */
	if (user && password->len > 0)
		(void)json_object_set_new(body, "password",
					  json_stringn(password->bytes, password->len));
	set_flag(cli, body, "quick", "quick");
	set_flag(cli, body, "read-only", "read_only");
	set_flag(cli, body, "insecure", "insecure");
	set_flag(cli, body, "allow-plain", "allow_plain");
	return body;
}

static void print_steps(const struct cli *cli, const json_t *run, size_t *n_shown)
{
	const json_t *steps = json_object_get(run, "steps");

	for (; !cli->wants_json && *n_shown < json_array_size(steps); (*n_shown)++) {
		const json_t *step = json_array_get(steps, *n_shown);
		const char *state = json_text(step, "state");

		if (strcmp(state, "running") == 0)
			return;
		style_print(stdout, cli->has_colour,
			    strcmp(state, "ok") == 0	   ? CELL_GOOD
			    : strcmp(state, "failed") == 0 ? CELL_BAD
							   : CELL_WARNING,
			    state);
		(void)fputs("  ", stdout);
		style_print(stdout, cli->has_colour, CELL_PLAIN, json_text(step, "title"));
		(void)fputs("  ", stdout);
		style_print(stdout, cli->has_colour, CELL_DIM, json_text(step, "detail"));
		(void)fputc('\n', stdout);
		(void)fflush(stdout);
	}
}

static void print_answer(const struct cli *cli, const json_t *run)
{
	const json_t *cause;
	size_t i;

	(void)printf("\n%s: ", json_text(run, "host"));
	style_print(stdout, cli->has_colour, CELL_BOLD,
		    *json_text(run, "sentence") ? json_text(run, "sentence")
						: json_text(run, "error"));
	(void)fputc('\n', stdout);
	json_array_foreach(json_object_get(json_object_get(run, "answer"), "causes"), i, cause)
	{
		(void)fputs("\n", stdout);
		style_print(stdout, cli->has_colour, CELL_BOLD, json_text(cause, "title"));
		(void)printf(" [%s]\n", json_text(cause, "id"));
		style_print(stdout, cli->has_colour, CELL_PLAIN, json_text(cause, "explanation"));
		(void)fputc('\n', stdout);
		style_print(stdout, cli->has_colour, CELL_PLAIN, json_text(cause, "remedy"));
		(void)fputc('\n', stdout);
	}
}

/* Until it is over; the manager is a new one after a reload. */
static int watch(const struct cli *cli, const char *path, json_t **ret)
{
	int64_t deadline = deadline_in(LONGEST_MS);
	size_t n_shown = 0;

	do {
		AUTO_JSON json_t *run = NULL;
		int r = manager_call(cli, "GET", path, NULL, &run);

		if (r != EXIT_OK)
			return r;
		print_steps(cli, run, &n_shown);
		if (strcmp(json_text(run, "state"), "running") != 0) {
			*ret = json_incref(run);
			return EXIT_OK;
		}
		(void)poll(NULL, 0, LOOK_EVERY_MS);
	} while (deadline_left(deadline) > 0);
	complain("the examination is not over");
	return EXIT_FAILED;
}

static int examine(const struct cli *cli, const json_t *body)
{
	AUTO_JSON json_t *started = NULL;
	AUTO_JSON json_t *run = NULL;
	char path[64];
	int r = manager_call(cli, "POST", "/doctor/runs", body, &started);

	if (r != EXIT_OK)
		return r;
	(void)snprintf(path, sizeof(path), "/doctor/runs/%" PRIu64, json_number(started, "id"));
	r = watch(cli, path, &run);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json)
		json_print(run);
	else
		print_answer(cli, run);
	return strcmp(json_text(run, "verdict"), "healthy") == 0 ? EXIT_OK : EXIT_FAILED;
}

int cmd_server_check(struct cli *cli)
{
	struct secret password = { .len = 0 };
	int r = EXIT_OK;

	if (arguments_option(&cli->arguments, "password-stdin"))
		r = password_read("", true, &password) < 0 ? EXIT_FAILED : EXIT_OK;
	if (r == EXIT_OK) {
		AUTO_JSON json_t *body = make_body(cli, &password);

		r = body ? examine(cli, body) : EXIT_FAILED;
	}
	secret_release(&password);
	return r;
}
