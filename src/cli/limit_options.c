/* cli/limit_options.c - see limit_options.h. */
#include "cli/limit_options.h"

#include "ftp/user_limits.h"

#define NAME_SIZE 64

/* "user_sessions" as "user-sessions" or "User sessions". */
static void respell(const char *name, char separator, char ret[static NAME_SIZE])
{
	size_t i = 0;

	for (; name[i] && i + 1 < NAME_SIZE; i++)
		ret[i] = name[i] == '_' ? separator : name[i];
	ret[i] = '\0';
}

static int add_limit(json_t **limits, enum limit limit, const char *option, const char *value)
{
	int64_t number;

	if (limit_parse(text_of(value), &number) < 0) {
		complain("--%s: \"%s\" is not a limit; allowed: a number as in 500, 64K, 10M, 2G; "
			 "none; default",
			 option, value);
		return EXIT_USAGE;
	}
	if (!*limits)
		*limits = json_object();
	(void)json_object_set_new(*limits, limit_name(limit),
				  number == LIMIT_AS_SERVER ? json_null() : json_integer(number));
	return EXIT_OK;
}

int limit_options_add(const struct cli *cli, json_t *body)
{
	AUTO_JSON json_t *limits = NULL;
	char option[NAME_SIZE];

	for (size_t i = 0; i < LIMITS; i++) {
		respell(limit_name((enum limit)i), '-', option);

		const char *value = arguments_option(&cli->arguments, option);
		int r = value ? add_limit(&limits, (enum limit)i, option, value) : EXIT_OK;

		if (r != EXIT_OK)
			return r;
	}
	if (limits)
		(void)json_object_set(body, "limits", limits);
	return EXIT_OK;
}

void limit_rows_add(struct table *table, const json_t *user)
{
	const json_t *limits = json_object_get(user, "limits");
	char storage[64], title[NAME_SIZE];
	struct buf out;

	for (size_t i = 0; i < LIMITS; i++) {
		const json_t *value = json_object_get(limits, limit_name((enum limit)i));

		if (!json_is_integer(value))
			continue;
		respell(limit_name((enum limit)i), ' ', title);
		title[0] = (char)(title[0] - 'a' + 'A');
		buf_init(&out, storage, sizeof(storage));
		size_format((uint64_t)json_integer_value(value), &out);
		table_add(table, CELL_DIM, title);
		table_add(table, CELL_PLAIN, json_integer_value(value) ? storage : "no limit");
	}
}
