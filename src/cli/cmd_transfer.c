/* cli/cmd_transfer.c - `sallyport transfer`: what sessions did with files. */
#include "cli/handlers.h"
#include "cli/human.h"
#include "cli/manager_client.h"
#include "cli/table.h"
#include "cli/time_options.h"

#define PAGE 1000u

static void add_record(struct table *table, const json_t *record)
{
	const char *new_path = json_text(record, "new_path"), *end = json_text(record, "end");
	bool is_complete = strcmp(json_text(record, "result"), "complete") == 0;
	bool has_size = *end || strcmp(json_text(record, "kind"), "copy") == 0;
	char storage[64];
	struct buf bytes;

	table_add(table, CELL_PLAIN, json_text(record, "ended"));
	table_add(table, CELL_PLAIN, json_text(record, "user"));
	table_add(table, CELL_PLAIN, json_text(record, "address"));
	table_add(table, CELL_BOLD, json_text(record, "kind"));
	buf_init(&bytes, storage, sizeof(storage));
	if (has_size)
		human_bytes(json_number(record, "bytes"), &bytes);
	table_add(table, CELL_PLAIN, storage);
	if (has_size)
		table_addf(table, CELL_PLAIN, "%.1f s",
			   json_real_value(json_object_get(record, "seconds")));
	else
		table_add(table, CELL_PLAIN, "");
	table_addf(table, is_complete ? CELL_GOOD : CELL_BAD, "%s %s%s%s", is_complete ? "✓" : "✗",
		   json_text(record, "result"), *end ? ", " : "", end);
	table_addf(table, CELL_PLAIN, "%s%s%s", json_text(record, "path"), *new_path ? " → " : "",
		   new_path);
}

static int print_records(const struct cli *cli, const json_t *records)
{
	static const struct column columns[] = {
		{ "ENDED", false }, { "USER", false }, { "FROM", false },   { "WHAT", false },
		{ "SIZE", true },   { "TOOK", true },  { "RESULT", false }, { "PATH", false },
	};
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *record;
	size_t index;

	if (!table)
		return -ENOMEM;
	json_array_foreach(records, index, record) add_record(table, record);
	return table_print(table, stdout, cli->has_colour);
}

/* The option as a parameter of the query. */
static int add_parameter(const struct cli *cli, const char *option, const char *parameter,
			 struct buf *query)
{
	const char *value = arguments_option(&cli->arguments, option);
	AUTO_FREE char *escaped = value ? manager_path(parameter, value) : NULL;

	if (value)
		buf_add(query, text_of(escaped));
	return value && !escaped ? EXIT_FAILED : EXIT_OK;
}

/* One page of up to n records behind `before`, appended to records. */
static int fetch_page(const struct cli *cli, const char *query, uint64_t n, json_t *records,
		      uint64_t *before)
{
	AUTO_JSON json_t *reply = NULL;
	char path[2048];
	struct buf out;

	buf_init(&out, path, sizeof(path));
	buf_addf(&out, "/transfers?limit=%" PRIu64 "%s", MIN_OF(n, (uint64_t)PAGE), query);
	if (*before > 0)
		buf_addf(&out, "&before=%" PRIu64, *before);
	int r = manager_call(cli, "GET", path, NULL, &reply);
	if (r != EXIT_OK)
		return r;
	(void)json_array_extend(records, json_object_get(reply, "transfers"));
	*before = json_number(reply, "next");
	return EXIT_OK;
}

static int fetch(const struct cli *cli, uint64_t limit, json_t *records)
{
	static const char *const names[][2] = {
		{ "user", "&user=" },	  { "path", "&path=" },	  { "kind", "&kind=" },
		{ "result", "&result=" }, { "state", "&state=" }, { "address", "&address=" },
	};
	char storage[1024];
	uint64_t before = 0;
	struct buf query;

	buf_init(&query, storage, sizeof(storage));
	int r = time_option_add(cli, "since", "&since=", &query);
	if (r == EXIT_OK)
		r = time_option_add(cli, "until", "&until=", &query);
	for (size_t i = 0; i < ARRAY_SIZE(names) && r == EXIT_OK; i++)
		r = add_parameter(cli, names[i][0], names[i][1], &query);
	if (r == EXIT_OK && query.has_overflowed) {
		complain("the path or name is too long");
		r = EXIT_USAGE;
	}
	do {
		if (r == EXIT_OK)
			r = fetch_page(cli, storage, limit - json_array_size(records), records,
				       &before);
	} while (r == EXIT_OK && before > 0 && json_array_size(records) < limit);
	return r;
}

int cmd_transfer_list(struct cli *cli)
{
	const char *wanted = arguments_option(&cli->arguments, "limit");
	AUTO_JSON json_t *reply = json_pack("{s:[]}", "transfers");
	json_t *records = json_object_get(reply, "transfers");
	uint64_t limit = 100;

	if (wanted && (text_to_uint(text_of(wanted), 1000000, &limit) < 0 || limit == 0)) {
		complain("--limit: \"%s\" is not a number from 1 to 1000000", wanted);
		return EXIT_USAGE;
	}
	int r = fetch(cli, limit, records);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(reply);
	} else if (json_array_size(records) == 0) {
		(void)printf("No records.\n");
	} else if (print_records(cli, records) < 0) {
		complain("memory is short");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
