/* cli/cmd_user.c - `sallyport user`: accounts, as requests to the manager. */
#include "base/clock.h"
#include "cli/access_options.h"
#include "cli/handlers.h"
#include "cli/human.h"
#include "cli/limit_options.h"
#include "cli/password.h"
#include "cli/resource.h"
#include "cli/rights.h"
#include "ftp/account.h"

/* The NAME operand, when it can be a name at all; else NULL after a message. */
static const char *named_user(const struct cli *cli)
{
	const char *name = cli->arguments.operands[0];
	const char *problem = user_name_problem(text_of(name));

	if (!problem)
		return name;
	complain("\"%s\" cannot be a user's name: %s", name, problem);
	return NULL;
}

/* Adds what --home, --group and the options of rights and limits say to the body. */
static int add_changes(const struct cli *cli, json_t *body)
{
	const char *home = arguments_option(&cli->arguments, "home");
	const char *group = arguments_option(&cli->arguments, "group");
	int r = rights_add_options(cli, true, body);

	if (r != EXIT_OK)
		return r;
	if (home && json_object_set_new(body, "home", json_string(home)) < 0)
		return complain_memory();
	if (group &&
	    json_object_set_new(body, "group", *group ? json_string(group) : json_null()) < 0)
		return complain_memory();
	r = access_options_add(cli, body);
	return r == EXIT_OK ? limit_options_add(cli, false, body) : r;
}

static int add_password(const struct cli *cli, const char *name, json_t *body)
{
	struct secret password AUTO_SECRET = { 0 };
	bool from_stdin = arguments_option(&cli->arguments, "password-stdin") != NULL;

	if (password_read(name, from_stdin, &password) < 0)
		return EXIT_FAILED;
	if (json_object_set_new(body, "password", json_stringn(password.bytes, password.len)) < 0) {
		complain("the password is not UTF-8; nothing was changed");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* Sends the body to the user's own address and says what was done. */
static int change_user(const struct cli *cli, const char *name, const char *method,
		       const json_t *body, const char *done)
{
	AUTO_FREE char *path = manager_path("/users/", name);

	return resource_change(cli, method, path, body, name, done);
}

int cmd_user_add(struct cli *cli)
{
	const char *name = named_user(cli);
	AUTO_JSON json_t *body = name ? json_pack("{ss}", "name", name) : NULL;

	if (!name)
		return EXIT_FAILED;
	if (!body)
		return complain_memory();
	if (arguments_option(&cli->arguments, "disabled"))
		(void)json_object_set_new(body, "enabled", json_false());
	int r = add_changes(cli, body);
	if (r == EXIT_OK)
		r = add_password(cli, name, body);
	return r == EXIT_OK ? resource_change(cli, "POST", "/users", body, name, "is added") : r;
}

int cmd_user_set(struct cli *cli)
{
	const char *name = named_user(cli);
	AUTO_JSON json_t *body = json_object();

	if (!name)
		return EXIT_FAILED;
	int r = add_changes(cli, body);
	if (r != EXIT_OK)
		return r;
	if (json_object_size(body) == 0) {
		complain("say what to change: --home, --group, --permissions, --rule, --deny, "
			 "--hide, --folder, --uploads, --quota-bytes, --quota-files, --allow, "
			 "--expires, --require-tls, or a limit such "
			 "as --user-sessions N");
		return EXIT_USAGE;
	}
	return change_user(cli, name, "PATCH", body, "is changed");
}

int cmd_user_passwd(struct cli *cli)
{
	const char *name = named_user(cli);
	AUTO_JSON json_t *body = json_object();

	if (!name)
		return EXIT_FAILED;
	int r = add_password(cli, name, body);
	return r == EXIT_OK ? change_user(cli, name, "PATCH", body, "has a new password") : r;
}

static int set_enabled(const struct cli *cli, bool is_enabled, const char *done)
{
	const char *name = named_user(cli);
	AUTO_JSON json_t *body = json_pack("{sb}", "enabled", is_enabled);

	return name ? change_user(cli, name, "PATCH", body, done) : EXIT_FAILED;
}

int cmd_user_enable(struct cli *cli)
{
	return set_enabled(cli, true, "is enabled");
}

int cmd_user_disable(struct cli *cli)
{
	return set_enabled(cli, false, "is disabled");
}

int cmd_user_delete(struct cli *cli)
{
	const char *name = named_user(cli);

	return name ? change_user(cli, name, "DELETE", NULL, "is deleted") : EXIT_FAILED;
}

static void add_enabled(struct table *table, const json_t *user)
{
	bool is_enabled = json_flag(user, "enabled");

	table_add(table, is_enabled ? CELL_GOOD : CELL_BAD,
		  is_enabled ? "✓ enabled" : "✗ disabled");
}

static void format_time(const json_t *user, const char *key, struct buf *out)
{
	int64_t then_ms;

	if (clock_parse_iso(text_of(json_text(user, key)), &then_ms) == 0)
		human_ago(then_ms, clock_wall_ms(), out);
	else
		buf_add(out, T("never"));
}

static void add_user_row(struct table *table, const json_t *user)
{
	char storage[256];
	struct buf out;

	table_add(table, CELL_PLAIN, json_text(user, "name"));
	add_enabled(table, user);
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(user, "sessions"));
	buf_init(&out, storage, sizeof(storage));
	format_time(user, "last_login", &out);
	table_add(table, CELL_PLAIN, storage);
	buf_reset(&out);
	rights_format_permissions(json_object_get(user, "permissions"), &out);
	table_add(table, CELL_PLAIN, storage);
	table_add(table, CELL_PLAIN, *json_text(user, "group") ? json_text(user, "group") : "-");
	buf_reset(&out);
	quota_format(json_object_get(json_object_get(user, "effective"), "quota"), &out);
	table_add(table, CELL_PLAIN, out.len > 0 ? storage : "none");
	table_add(table, CELL_PLAIN, json_text(user, "home"));
}

/* "/users" with the filters of the command line, owned by the caller. */
static char *users_path(const struct cli *cli)
{
	const char *search = arguments_option(&cli->arguments, "search");
	const char *group = arguments_option(&cli->arguments, "group");
	bool is_enabled = arguments_option(&cli->arguments, "enabled") != NULL;
	bool is_disabled = arguments_option(&cli->arguments, "disabled") != NULL;
	AUTO_FREE char *searched = manager_path("&search=", search ? search : "");
	AUTO_FREE char *grouped = manager_path("&group=", group ? group : "");
	char *path = NULL;

	if (!searched || !grouped ||
	    asprintf(&path, "/users?%s%s%s",
		     is_enabled == is_disabled ? ""
		     : is_enabled	       ? "enabled=true"
					       : "enabled=false",
		     search ? searched : "", group ? grouped : "") < 0)
		return NULL;
	return path;
}

int cmd_user_list(struct cli *cli)
{
	static const struct column columns[] = { { "USER", false },	   { "STATUS", false },
						 { "SESSIONS", true },	   { "LAST LOGIN", false },
						 { "PERMISSIONS", false }, { "GROUP", false },
						 { "QUOTA", false },	   { "HOME", false } };
	AUTO_FREE char *path = users_path(cli);
	const struct resource_list list = {
		.path = path,
		.key = "users",
		.none = path && strcmp(path, "/users?") != 0
				? "No user is like that."
				: "No users yet: `sallyport user add NAME` adds one.",
		.columns = columns,
		.n_columns = ARRAY_SIZE(columns),
		.add_row = add_user_row,
	};

	return path ? resource_print_list(cli, &list) : complain_memory();
}

static void add_login(struct table *table, const json_t *user)
{
	const char *from = json_text(user, "last_login_from");
	char storage[64];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	format_time(user, "last_login", &out);
	table_add(table, CELL_DIM, "Last login");
	table_addf(table, CELL_PLAIN, "%s%s%s", storage, *from ? " from " : "", from);
	buf_reset(&out);
	format_time(user, "created", &out);
	table_add(table, CELL_DIM, "Created");
	table_add(table, CELL_PLAIN, storage);
}

static void add_user(struct table *table, const json_t *user)
{
	char storage[256];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	rights_format_permissions(json_object_get(user, "permissions"), &out);
	table_add(table, CELL_DIM, "User");
	table_add(table, CELL_BOLD, json_text(user, "name"));
	table_add(table, CELL_DIM, "Status");
	add_enabled(table, user);
	table_add(table, CELL_DIM, "Home");
	table_add(table, CELL_PLAIN, json_text(user, "home"));
	table_add(table, CELL_DIM, "Group");
	table_add(table, CELL_PLAIN, *json_text(user, "group") ? json_text(user, "group") : "none");
	table_add(table, CELL_DIM, "Permissions");
	table_addf(table, CELL_PLAIN, "%s%s", storage,
		   strcmp(json_text(user, "permissions_from"), "group") == 0 ? " (of the group)"
									     : "");
	rights_add_rows(table, user);
	limit_rows_add(table, user);
	access_rows_add(table, user);
	add_login(table, user);
	table_add(table, CELL_DIM, "Sessions");
	table_addf(table, CELL_PLAIN, "%" PRIu64, json_number(user, "sessions"));
}

int cmd_user_show(struct cli *cli)
{
	const char *name = named_user(cli);
	AUTO_FREE char *path = name ? manager_path("/users/", name) : NULL;

	return name ? resource_print_one(cli, path, add_user) : EXIT_FAILED;
}
