/* cli/cmd_guest.c - `sallyport guest`: links for the other party, who cannot connect. */
#include "base/clock.h"
#include "cli/handlers.h"
#include "cli/human.h"
#include "cli/manager_client.h"
#include "cli/table.h"

static void print_link(const json_t *answer)
{
	const char *whole = json_text(answer, "absolute_url");

	(void)printf("%s\n", *whole ? whole : json_text(answer, "url"));
	(void)fflush(stdout);
	if (!*whole)
		(void)fprintf(stderr, "Put before it the address under which the guest reaches the "
				      "manager's page, such as https://ftp.example.com:8443.\n");
	(void)fprintf(stderr,
		      "It is shown this once, and is good until %s for the first browser that "
		      "opens it.\n",
		      json_text(answer, "expires"));
}

int cmd_guest_add(struct cli *cli)
{
	const char *name = cli->arguments.n_operands > 0 ? cli->arguments.operands[0] : NULL;
	const char *minutes = arguments_option(&cli->arguments, "minutes");
	AUTO_JSON json_t *body = json_pack("{s:s*, s:s*}", "name", name, "user",
					   arguments_option(&cli->arguments, "user"));
	AUTO_JSON json_t *answer = NULL;
	uint64_t number;

	if (!body) {
		complain("memory is short, or an argument is not UTF-8");
		return EXIT_FAILED;
	}
	if (minutes && text_to_uint(text_of(minutes), INT32_MAX, &number) < 0) {
		complain("--minutes %s: a number is wanted", minutes);
		return EXIT_USAGE;
	}
	if (minutes)
		(void)json_object_set_new(body, "minutes", json_integer((json_int_t)number));
	int r = manager_call(cli, "POST", "/guests", body, &answer);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(answer);
		return EXIT_OK;
	}
	print_link(answer);
	return EXIT_OK;
}

static void add_row(struct table *table, const json_t *guest)
{
	const char *address = json_text(guest, "address");
	int64_t expires_ms = 0;
	bool is_over = clock_parse_iso(text_of(json_text(guest, "expires")), &expires_ms) == 0 &&
		       expires_ms <= clock_wall_ms();

	table_addf(table, CELL_BOLD, "%" PRIu64, json_number(guest, "id"));
	table_add(table, CELL_PLAIN, json_text(guest, "name"));
	table_add(table, CELL_PLAIN, json_text(guest, "user"));
	table_add(table, is_over ? CELL_DIM : CELL_PLAIN,
		  is_over    ? "expired"
		  : *address ? address
			     : "not opened yet");
	table_add(table, CELL_PLAIN, json_text(guest, "expires"));
}

int cmd_guest_list(struct cli *cli)
{
	static const struct column columns[] = { { "ID", true },
						 { "FOR", false },
						 { "USER", false },
						 { "OPENED FROM", false },
						 { "EXPIRES", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	AUTO_JSON json_t *answer = NULL;
	const json_t *guest;
	size_t i;
	int r = manager_call(cli, "GET", "/guests", NULL, &answer);

	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(answer);
		return EXIT_OK;
	}
	json_array_foreach(json_object_get(answer, "guests"), i, guest)
	{
		if (table)
			add_row(table, guest);
	}
	if (!table || table_print(table, stdout, cli->has_colour) < 0)
		return EXIT_FAILED;
	return EXIT_OK;
}

static void print_seen(const struct cli *cli, const json_t *guest)
{
	const json_t *seen = json_object_get(guest, "seen"), *event;
	size_t i;

	(void)fputc('\n', stdout);
	json_array_foreach(seen, i, event)
	{
		const char *severity = json_text(event, "severity");

		(void)printf("%s  ", json_text(event, "time"));
		style_print(stdout, cli->has_colour,
			    strcmp(severity, "note") == 0 ? CELL_PLAIN : CELL_BAD,
			    json_text(event, "text"));
		(void)fputc('\n', stdout);
	}
	if (json_array_size(seen) == 0)
		(void)printf("The server has seen nothing from there yet.\n");
}

int cmd_guest_show(struct cli *cli)
{
	static const struct column columns[] = { { "", false }, { "", false } };
	AUTO_FREE char *path = manager_path("/guests/", cli->arguments.operands[0]);
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	AUTO_JSON json_t *guest = NULL;
	static const char *const rows[][2] = {
		{ "For", "name" },	  { "User", "user" },	  { "Made by", "by" },
		{ "Expires", "expires" }, { "Opened", "opened" }, { "From", "address" },
	};
	int r = path && table ? manager_call(cli, "GET", path, NULL, &guest) : EXIT_FAILED;

	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(guest);
		return EXIT_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		table_add(table, CELL_DIM, rows[i][0]);
		table_add(table, CELL_PLAIN, json_text(guest, rows[i][1]));
	}
	if (table_print(table, stdout, cli->has_colour) < 0)
		return EXIT_FAILED;
	print_seen(cli, guest);
	return EXIT_OK;
}

int cmd_guest_remove(struct cli *cli)
{
	AUTO_FREE char *path = manager_path("/guests/", cli->arguments.operands[0]);
	AUTO_JSON json_t *answer = NULL;

	return path ? manager_call(cli, "DELETE", path, NULL, &answer) : EXIT_FAILED;
}
