/* cli/resource.c - see resource.h. */
#include "cli/resource.h"

int complain_memory(void)
{
	complain("memory is short, or an argument is not UTF-8");
	return EXIT_FAILED;
}

static int print_table(const struct cli *cli, const struct resource_list *list, const json_t *items)
{
	AUTO_TABLE struct table *table = table_new(list->columns, list->n_columns);
	const json_t *item;
	size_t index;

	if (!table)
		return complain_memory();
	json_array_foreach(items, index, item) list->add_row(table, item);
	return table_print(table, stdout, cli->has_colour) == 0 ? EXIT_OK : complain_memory();
}

int resource_print_list(const struct cli *cli, const struct resource_list *list)
{
	AUTO_JSON json_t *reply = NULL;
	int r = manager_get_all(cli, list->path, list->key, &reply);

	if (r != EXIT_OK)
		return r;

	const json_t *items = json_object_get(reply, list->key);

	if (cli->wants_json)
		json_print(reply);
	else if (json_array_size(items) == 0)
		(void)printf("%s\n", list->none);
	else
		r = print_table(cli, list, items);
	return r;
}

int resource_print_one(const struct cli *cli, const char *path,
		       void (*add_rows)(struct table *table, const json_t *item))
{
	static const struct column columns[] = { { "", false }, { "", false } };
	AUTO_JSON json_t *item = NULL;

	if (!path)
		return complain_memory();
	int r = manager_call(cli, "GET", path, NULL, &item);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(item);
		return EXIT_OK;
	}
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));

	if (!table)
		return complain_memory();
	add_rows(table, item);
	return table_print(table, stdout, cli->has_colour) == 0 ? EXIT_OK : complain_memory();
}

int resource_change(const struct cli *cli, const char *method, const char *path, const json_t *body,
		    const char *name, const char *done)
{
	AUTO_JSON json_t *reply = NULL;

	if (!path)
		return complain_memory();
	int r = manager_call(cli, method, path, body, &reply);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(reply);
		return EXIT_OK;
	}
	style_print(stdout, cli->has_colour, CELL_GOOD, "✓");
	(void)fputc(' ', stdout);
	style_print(stdout, false, CELL_PLAIN, name);
	(void)printf(" %s\n", done);
	return EXIT_OK;
}
