/* cli/limit_options.c - see limit_options.h. */
#include "cli/limit_options.h"

#include "ftp/account.h"
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

static int add_limits(const struct cli *cli, json_t *body)
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

static int add_uploads(const struct cli *cli, json_t *body)
{
	const char *value = arguments_option(&cli->arguments, "uploads");
	enum user_uploads uploads;

	if (!value)
		return EXIT_OK;
	if (user_uploads_parse(text_of(value), &uploads) < 0) {
		complain(
			"--uploads: \"%s\" is no way of uploading; allowed: direct, atomic, default",
			value);
		return EXIT_USAGE;
	}
	(void)json_object_set_new(body, "uploads",
				  uploads == USER_UPLOADS_AS_SERVER ? json_null()
								    : json_string(value));
	return EXIT_OK;
}

/* One half of a quota. A user's has a default, that of its group. */
static int add_quota(const struct cli *cli, const char *option, const char *field, const char *half,
		     bool has_default, json_t *body)
{
	const char *value = arguments_option(&cli->arguments, option);
	int64_t number;

	if (!value)
		return EXIT_OK;
	if (limit_parse(text_of(value), &number) < 0 ||
	    (number == LIMIT_AS_SERVER && !has_default)) {
		complain("--%s: \"%s\" is not a quota; allowed: a number as in 500, 64K, 10M, 2G; "
			 "none%s",
			 option, value, has_default ? "; default (as its group)" : "");
		return EXIT_USAGE;
	}
	if (!json_object_get(body, field))
		(void)json_object_set_new(body, field, json_object());
	(void)json_object_set_new(json_object_get(body, field), half,
				  number == LIMIT_AS_SERVER ? json_null() : json_integer(number));
	return EXIT_OK;
}

int limit_options_add(const struct cli *cli, bool is_group, json_t *body)
{
	static const struct {
		const char *option, *field, *half;
	} quotas[] = {
		{ "quota-bytes", "quota", "bytes" },
		{ "quota-files", "quota", "files" },
		{ "member-quota-bytes", "member_quota", "bytes" },
		{ "member-quota-files", "member_quota", "files" },
	};
	int r = add_limits(cli, body);

	if (r == EXIT_OK)
		r = add_uploads(cli, body);
	for (size_t i = 0; i < ARRAY_SIZE(quotas) && r == EXIT_OK; i++)
		r = add_quota(cli, quotas[i].option, quotas[i].field, quotas[i].half, !is_group,
			      body);
	return r;
}

/* --- showing ---------------------------------------------------------------------------------- */

void quota_format(const json_t *quota, struct buf *out)
{
	uint64_t bytes = json_number(quota, "bytes"), files = json_number(quota, "files");

	if (bytes > 0) {
		size_format(bytes, out);
		buf_add(out, T(" bytes"));
	}
	if (files > 0)
		buf_addf(out, "%s%" PRIu64 " files", bytes > 0 ? ", " : "", files);
}

static void add_quota_row(struct table *table, const char *title, const json_t *quota,
			  const char *whose)
{
	char storage[128];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	quota_format(quota, &out);
	table_add(table, CELL_DIM, title);
	table_addf(table, CELL_PLAIN, "%s%s", out.len > 0 ? storage : "none",
		   out.len > 0 ? whose : "");
}

/* What the object has of its own, or else what holds for it. Neither: it is the server's. */
static const json_t *find_value(const json_t *own, const json_t *effective, const char *name,
				const char **ret_whose)
{
	const json_t *value = json_object_get(own, name);
	bool is_own = value && !json_is_null(value);

	*ret_whose = is_own ? "" : " (of the group)";
	return is_own ? value : json_object_get(effective, name);
}

static void add_limit_rows(struct table *table, const json_t *object)
{
	const json_t *own = json_object_get(object, "limits");
	const json_t *effective = json_object_get(json_object_get(object, "effective"), "limits");
	char storage[64], title[NAME_SIZE];
	const char *whose;
	struct buf out;

	for (size_t i = 0; i < LIMITS; i++) {
		const char *name = limit_name((enum limit)i);
		const json_t *value = find_value(own, effective, name, &whose);

		if (!json_is_integer(value))
			continue;
		respell(name, ' ', title);
		title[0] = (char)(title[0] - 'a' + 'A');
		buf_init(&out, storage, sizeof(storage));
		size_format((uint64_t)json_integer_value(value), &out);
		table_add(table, CELL_DIM, title);
		table_addf(table, CELL_PLAIN, "%s%s",
			   json_integer_value(value) ? storage : "no limit", whose);
	}
}

static void add_uploads_row(struct table *table, const json_t *object)
{
	const char *whose;
	const json_t *value =
		find_value(object, json_object_get(object, "effective"), "uploads", &whose);

	if (!json_is_string(value))
		return;
	table_add(table, CELL_DIM, "Uploads");
	table_addf(table, CELL_PLAIN, "%s%s", json_string_value(value), whose);
}

void limit_rows_add(struct table *table, const json_t *object)
{
	const json_t *effective = json_object_get(object, "effective");
	const json_t *own = json_object_get(object, "quota");
	bool is_of_group = json_is_null(json_object_get(own, "bytes")) &&
			   json_is_null(json_object_get(own, "files"));

	if (effective) {
		add_quota_row(table, "Quota", json_object_get(effective, "quota"),
			      is_of_group ? " (of the group, for each member)" : "");
		if (*json_text(object, "group"))
			add_quota_row(table, "Group's quota",
				      json_object_get(effective, "group_quota"),
				      " for all its members together");
	} else {
		add_quota_row(table, "Group's quota", own, " for all members together");
		add_quota_row(table, "Member's quota", json_object_get(object, "member_quota"),
			      " for each member without its own");
	}
	add_uploads_row(table, object);
	add_limit_rows(table, object);
}
