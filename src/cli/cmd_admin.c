/* cli/cmd_admin.c - `sallyport admin`, `key`, `audit`: who may use the manager, and what was
 * changed there, as requests to it. */
#include "base/buf.h"
#include "cli/handlers.h"
#include "cli/password.h"
#include "cli/resource.h"

#define AUDIT_MOST 1000u

static int add_text(json_t *body, const char *member, const char *value)
{
	return value && json_object_set_new(body, member, json_string(value)) < 0
		       ? complain_memory()
		       : EXIT_OK;
}

static int add_password(const struct cli *cli, json_t *body)
{
	bool from_stdin = arguments_option(&cli->arguments, "password-stdin") != NULL;
	AUTO_SECRET struct secret password = { 0 };

	if (password_read(cli->arguments.operands[0], from_stdin, &password) < 0)
		return EXIT_FAILED;
	return add_text(body, "password", password.bytes);
}

int cmd_admin_add(struct cli *cli)
{
	const char *name = cli->arguments.operands[0];
	AUTO_JSON json_t *body = json_pack("{ss}", "name", name);
	int r = body ? add_text(body, "role", arguments_option(&cli->arguments, "role"))
		     : complain_memory();

	if (r == EXIT_OK)
		r = add_password(cli, body);
	return r == EXIT_OK ? resource_change(cli, "POST", "/admins", body, name, "is added") : r;
}

int cmd_admin_change(struct cli *cli)
{
	const char *name = cli->arguments.operands[0];
	AUTO_FREE char *path = manager_path("/admins/", name);
	AUTO_JSON json_t *body = json_object();
	bool enables = arguments_option(&cli->arguments, "enable") != NULL;
	bool disables = arguments_option(&cli->arguments, "disable") != NULL;
	int r = add_text(body, "role", arguments_option(&cli->arguments, "role"));

	if (enables && disables) {
		complain("--enable and --disable do not go together");
		return EXIT_USAGE;
	}
	if (enables || disables)
		(void)json_object_set_new(body, "enabled", json_boolean(enables));
	if (arguments_option(&cli->arguments, "no-codes"))
		(void)json_object_set_new(body, "totp", json_null());
	if (r == EXIT_OK && json_object_size(body) == 0) {
		complain("say what to change: --role, --enable, --disable or --no-codes");
		return EXIT_USAGE;
	}
	return r == EXIT_OK ? resource_change(cli, "PATCH", path, body, name, "is changed") : r;
}

int cmd_admin_password(struct cli *cli)
{
	const char *name = cli->arguments.operands[0];
	AUTO_FREE char *path = manager_path("/admins/", name);
	AUTO_JSON json_t *body = json_object();
	int r = add_password(cli, body);

	return r == EXIT_OK ? resource_change(cli, "PATCH", path, body, name,
					      "has another password; all sessions have ended")
			    : r;
}

int cmd_admin_remove(struct cli *cli)
{
	const char *name = cli->arguments.operands[0];
	AUTO_FREE char *path = manager_path("/admins/", name);

	return resource_change(cli, "DELETE", path, NULL, name, "is removed");
}

static void add_admin_row(struct table *table, const json_t *admin)
{
	bool is_enabled = json_flag(admin, "enabled");
	const char *login = json_text(admin, "last_login");

	table_add(table, CELL_BOLD, json_text(admin, "name"));
	table_add(table, CELL_PLAIN, json_text(admin, "role"));
	table_add(table, is_enabled ? CELL_GOOD : CELL_BAD, is_enabled ? "✓ yes" : "✗ no");
	table_add(table, CELL_PLAIN, json_flag(admin, "totp") ? "yes" : "no");
	table_add(table, CELL_PLAIN, *login ? login : "never");
	table_add(table, CELL_PLAIN, json_text(admin, "last_login_from"));
}

int cmd_admin_list(struct cli *cli)
{
	static const struct column columns[] = {
		{ "ADMINISTRATOR", false }, { "ROLE", false },	     { "ENABLED", false },
		{ "CODES", false },	    { "LAST LOGIN", false }, { "FROM", false },
	};
	static const struct resource_list list = {
		.path = "/admins",
		.key = "admins",
		.none = "No administrators yet: `sallyport admin link` prints a link for the first.",
		.columns = columns,
		.n_columns = ARRAY_SIZE(columns),
		.add_row = add_admin_row,
	};

	return resource_print_list(cli, &list);
}

int cmd_admin_link(struct cli *cli)
{
	AUTO_JSON json_t *reply = NULL;
	int r = manager_call(cli, "POST", "/setup/link", NULL, &reply);

	if (r != EXIT_OK)
		return r;
	if (cli->wants_json)
		json_print(reply);
	else
		(void)printf("%s\n", json_text(reply, "url"));
	return EXIT_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

int cmd_key_add(struct cli *cli)
{
	AUTO_JSON json_t *body = json_pack("{ss}", "name", cli->arguments.operands[0]);
	const char *scope = arguments_option(&cli->arguments, "scope");
	AUTO_JSON json_t *reply = NULL;
	int r = body ? add_text(body, "scope", scope ? scope : "read") : complain_memory();

	if (r == EXIT_OK)
		r = add_text(body, "expires", arguments_option(&cli->arguments, "expires"));
	if (r == EXIT_OK)
		r = manager_call(cli, "POST", "/keys", body, &reply);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json)
		json_print(reply);
	else
		(void)printf("%s\n", json_text(reply, "key"));
	return EXIT_OK;
}

static void add_key_row(struct table *table, const json_t *key)
{
	const char *expires = json_text(key, "expires"), *used = json_text(key, "last_used");

	table_add(table, CELL_BOLD, json_text(key, "id"));
	table_add(table, CELL_PLAIN, json_text(key, "name"));
	table_add(table, CELL_PLAIN, json_text(key, "scope"));
	table_add(table, CELL_PLAIN, *expires ? expires : "never");
	table_add(table, CELL_PLAIN, *used ? used : "never");
	table_add(table, CELL_PLAIN, json_text(key, "last_used_from"));
}

int cmd_key_list(struct cli *cli)
{
	static const struct column columns[] = {
		{ "KEY", false },     { "NAME", false },      { "SCOPE", false },
		{ "EXPIRES", false }, { "LAST USED", false }, { "FROM", false },
	};
	static const struct resource_list list = {
		.path = "/keys",
		.key = "keys",
		.none = "No keys yet: `sallyport key add NAME` makes one.",
		.columns = columns,
		.n_columns = ARRAY_SIZE(columns),
		.add_row = add_key_row,
	};

	return resource_print_list(cli, &list);
}

int cmd_key_remove(struct cli *cli)
{
	const char *id = cli->arguments.operands[0];
	AUTO_FREE char *path = manager_path("/keys/", id);

	return resource_change(cli, "DELETE", path, NULL, id, "is removed");
}

/* --- the trail -------------------------------------------------------------------------------- */

static void add_audit_row(struct table *table, const json_t *row)
{
	static const char *const states[] = { "before", "after" };
	static const char *const signs[] = { "-", "+" };
	char storage[512];
	struct buf change;

	buf_init(&change, storage, sizeof(storage));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		const json_t *state = json_object_get(row, states[i]);
		AUTO_FREE char *text =
			json_is_object(state) ? json_dumps(state, JSON_COMPACT) : NULL;

		if (text && strlen(text) < 200)
			buf_addf(&change, "%s%s%s", change.len > 0 ? " " : "", signs[i], text);
		else if (text)
			buf_addf(&change, "%s%s...", change.len > 0 ? " " : "", signs[i]);
	}
	table_add(table, CELL_PLAIN, json_text(row, "time"));
	table_add(table, CELL_PLAIN, json_text(row, "who"));
	table_add(table, CELL_PLAIN, json_text(row, "from"));
	table_add(table, CELL_BOLD, json_text(row, "action"));
	table_add(table, CELL_PLAIN, json_text(row, "object"));
	table_add(table, CELL_DIM, storage);
}

static int add_parameter(const struct cli *cli, const char *option, struct buf *path)
{
	const char *value = arguments_option(&cli->arguments, option);
	char name[32];

	if (!value)
		return EXIT_OK;
	(void)snprintf(name, sizeof(name), "&%s=", option);
	AUTO_FREE char *escaped = manager_path(name, value);
	if (!escaped)
		return complain_memory();
	buf_add(path, text_of(escaped));
	return EXIT_OK;
}

static int print_audit(const struct cli *cli, const json_t *rows)
{
	static const struct column columns[] = {
		{ "TIME", false }, { "WHO", false },	{ "FROM", false },
		{ "WHAT", false }, { "OBJECT", false }, { "CHANGE", false },
	};
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *row;
	size_t index;

	if (!table)
		return complain_memory();
	json_array_foreach(rows, index, row) add_audit_row(table, row);
	return table_print(table, stdout, cli->has_colour) == 0 ? EXIT_OK : complain_memory();
}

int cmd_audit(struct cli *cli)
{
	static const char *const filters[] = { "who", "what", "search", "since", "until", "after" };
	const char *limit = arguments_option(&cli->arguments, "limit");
	AUTO_JSON json_t *reply = NULL;
	char storage[2048];
	struct buf path;
	int r = EXIT_OK;

	buf_init(&path, storage, sizeof(storage));
	buf_addf(&path, "/audit?limit=%s", limit ? limit : "100");
	for (size_t i = 0; i < ARRAY_SIZE(filters) && r == EXIT_OK; i++)
		r = add_parameter(cli, filters[i], &path);
	uint64_t n = 1;
	if (limit && (text_to_uint(text_of(limit), AUDIT_MOST, &n) < 0 || n == 0)) {
		complain("--limit: allowed are 1 to %u", AUDIT_MOST);
		return EXIT_USAGE;
	}
	if (r == EXIT_OK && path.has_overflowed)
		return complain_memory();
	if (r == EXIT_OK)
		r = manager_call(cli, "GET", storage, NULL, &reply);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json)
		json_print(reply);
	else if (json_array_size(json_object_get(reply, "audit")) == 0)
		(void)printf("Nothing was changed.\n");
	else
		r = print_audit(cli, json_object_get(reply, "audit"));
	return r;
}
