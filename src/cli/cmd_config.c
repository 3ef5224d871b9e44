/* cli/cmd_config.c - `sallyport config`: what is set, where, and whether the server would take
 * it. */
#include <jansson.h>

#include "cli/config_file.h"
#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/table.h"
#include "settings/tls.h"

static int load_or_complain(const struct cli *cli, struct settings_loaded **ret)
{
	struct settings_error error;

	if (config_load(cli, ret, &error) == 0)
		return EXIT_OK;
	(void)fprintf(stderr, "%s\n", error.text);
	return EXIT_FAILED;
}

static void format_value(const struct settings_loaded *loaded, size_t index,
			 char ret[static SETTINGS_LIST_SIZE])
{
	/* The longest field is SETTINGS_LIST_SIZE, so every value fits. */
	if (settings_format_value(settings_values(loaded), index, ret, SETTINGS_LIST_SIZE) < 0)
		ret[0] = '\0';
}

static json_t *setting_json(const struct settings_loaded *loaded, size_t index)
{
	static const char *const origins[] = { "default", "database", "file", "command line" };
	const struct setting_info *info = settings_info(index);
	char value[SETTINGS_LIST_SIZE];
	unsigned line = settings_line(loaded, index);

	format_value(loaded, index, value);
	return json_pack("{ss ss ss ss so ss ss ss ss ss}", "name", info->name, "section",
			 info->section, "value", value, "origin",
			 origins[settings_origin(loaded, index)], "line",
			 line ? json_integer(line) : json_null(), "default", info->default_text,
			 "unit", info->unit, "allowed", info->allowed, "change",
			 info->change == CHANGE_RESTART ? "restart" : "reload", "help", info->help);
}

static void format_host_value(const struct settings_loaded *loaded, size_t host, size_t index,
			      char ret[static SETTINGS_LIST_SIZE])
{
	if (host_settings_format_value(&settings_values(loaded)->hosts[host], index, ret,
				       SETTINGS_LIST_SIZE) < 0)
		ret[0] = '\0';
}

static json_t *host_setting_json(const struct settings_loaded *loaded, size_t host, size_t index)
{
	const struct setting_info *info = host_settings_info(index);
	char value[SETTINGS_LIST_SIZE];
	unsigned line = host_settings_line(loaded, host, index);

	format_host_value(loaded, host, index, value);
	return json_pack("{ss ss ss so ss ss}", "name", info->name, "value", value, "origin",
			 line ? "file" : "default", "line", line ? json_integer(line) : json_null(),
			 "allowed", info->allowed, "help", info->help);
}

static json_t *host_json(const struct settings_loaded *loaded, size_t host)
{
	json_t *list = json_array();

	for (size_t i = 0; i < host_settings_count(); i++)
		(void)json_array_append_new(list, host_setting_json(loaded, host, i));
	return json_pack("{ss si so}", "name", settings_values(loaded)->hosts[host].name, "line",
			 (int)host_settings_first_line(loaded, host), "settings", list);
}

static void show_json(const struct settings_loaded *loaded)
{
	AUTO_JSON json_t *all = json_object();
	json_t *list = json_array(), *hosts = json_array();

	for (size_t i = 0; i < settings_count(); i++)
		(void)json_array_append_new(list, setting_json(loaded, i));
	for (size_t i = 0; i < settings_values(loaded)->n_hosts; i++)
		(void)json_array_append_new(hosts, host_json(loaded, i));
	(void)json_object_set_new(all, "file", json_string(settings_file_name(loaded)));
	(void)json_object_set_new(all, "settings", list);
	(void)json_object_set_new(all, "hosts", hosts);
	json_print(all);
}

static void add_value(struct table *table, const struct settings_loaded *loaded, size_t index)
{
	const char *unit = settings_info(index)->unit;
	char value[SETTINGS_LIST_SIZE];

	format_value(loaded, index, value);
	if (value[0] == '\0')
		table_add(table, CELL_DIM, "(empty)");
	else
		table_addf(table, CELL_PLAIN, "%s%s%s", value, *unit ? " " : "", unit);
}

static void add_host(struct table *table, const struct settings_loaded *loaded, size_t host)
{
	for (size_t i = 0; i < host_settings_count(); i++) {
		bool is_set = host_settings_line(loaded, host, i) > 0;
		char value[SETTINGS_LIST_SIZE], place[SETTINGS_PLACE_SIZE];

		format_host_value(loaded, host, i, value);
		host_settings_format_place(loaded, host, i, place);
		table_addf(table, CELL_DIM, "host %s", settings_values(loaded)->hosts[host].name);
		table_add(table, is_set ? CELL_BOLD : CELL_PLAIN, host_settings_info(i)->name);
		table_add(table, *value ? CELL_PLAIN : CELL_DIM, *value ? value : "(empty)");
		table_add(table, is_set ? CELL_PLAIN : CELL_DIM, place);
	}
}

static int show_table(const struct cli *cli, const struct settings_loaded *loaded)
{
	static const struct column columns[] = {
		{ "SECTION", false }, { "SETTING", false }, { "VALUE", false }, { "ORIGIN", false }
	};
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));

	for (size_t i = 0; table && i < settings_count(); i++) {
		char place[SETTINGS_PLACE_SIZE];
		bool is_default = settings_origin(loaded, i) == ORIGIN_DEFAULT;

		settings_format_place(loaded, i, place);
		table_add(table, CELL_DIM, settings_info(i)->section);
		table_add(table, is_default ? CELL_PLAIN : CELL_BOLD, settings_info(i)->name);
		add_value(table, loaded, i);
		table_add(table, is_default ? CELL_DIM : CELL_PLAIN, place);
	}
	for (size_t i = 0; table && i < settings_values(loaded)->n_hosts; i++)
		add_host(table, loaded, i);
	if (table && table_print(table, stdout, cli->has_colour) == 0)
		return EXIT_OK;
	complain("memory is short");
	return EXIT_FAILED;
}

/* In the form of the file, so that lines can be copied into it. */
static void explain_setting(const struct cli *cli, const struct settings_loaded *loaded,
			    size_t index)
{
	const struct setting_info *info = settings_info(index);
	char value[SETTINGS_LIST_SIZE], place[SETTINGS_PLACE_SIZE];

	format_value(loaded, index, value);
	settings_format_place(loaded, index, place);
	(void)printf("\n# %s\n# Allowed: %s. Default: %s%s%s. A change needs a %s.\n", info->help,
		     info->allowed, *info->default_text ? info->default_text : "empty",
		     *info->unit ? " " : "", info->unit,
		     info->change == CHANGE_RESTART ? "restart" : "reload");
	style_print(stdout, cli->has_colour, CELL_BOLD, info->name);
	(void)printf(" = %s%s# %s\n", value, *value ? " " : "", place);
}

static void explain_host(const struct cli *cli, const struct settings_loaded *loaded, size_t host)
{
	(void)printf("\n[host %s]\n", settings_values(loaded)->hosts[host].name);
	for (size_t i = 0; i < host_settings_count(); i++) {
		const struct setting_info *info = host_settings_info(i);
		char value[SETTINGS_LIST_SIZE], place[SETTINGS_PLACE_SIZE];

		format_host_value(loaded, host, i, value);
		host_settings_format_place(loaded, host, i, place);
		(void)printf("\n# %s\n# Allowed: %s.\n", info->help, info->allowed);
		style_print(stdout, cli->has_colour, CELL_BOLD, info->name);
		(void)printf(" = %s%s# %s\n", value, *value ? " " : "", place);
	}
}

static void explain_all(const struct cli *cli, const struct settings_loaded *loaded)
{
	const char *section = "";

	for (size_t i = 0; i < settings_count(); i++) {
		if (strcmp(section, settings_info(i)->section) != 0)
			(void)printf("%s[%s]\n", i > 0 ? "\n" : "", settings_info(i)->section);
		section = settings_info(i)->section;
		explain_setting(cli, loaded, i);
	}
	for (size_t i = 0; i < settings_values(loaded)->n_hosts; i++)
		explain_host(cli, loaded, i);
}

int cmd_config_show(struct cli *cli)
{
	struct settings_loaded *loaded = NULL;

	int r = load_or_complain(cli, &loaded);
	if (r != EXIT_OK)
		return r;
	if (cli->wants_json)
		show_json(loaded);
	else if (arguments_option(&cli->arguments, "all"))
		explain_all(cli, loaded);
	else
		r = show_table(cli, loaded);
	settings_free(&loaded);
	return r;
}

static void print_value(const struct cli *cli, const struct settings_loaded *loaded, size_t index)
{
	char value[SETTINGS_LIST_SIZE], place[SETTINGS_PLACE_SIZE];

	if (cli->wants_json) {
		AUTO_JSON json_t *json = setting_json(loaded, index);
		json_print(json);
		return;
	}
	format_value(loaded, index, value);
	settings_format_place(loaded, index, place);
	(void)printf("%s\n", value);
	(void)fflush(stdout); /* the value comes first on a terminal */
	(void)fprintf(stderr, "(%s)\n", place);
}

int cmd_config_get(struct cli *cli)
{
	const char *name = cli->arguments.operands[0];
	struct settings_loaded *loaded = NULL;
	ptrdiff_t index = settings_find(text_of(name));

	if (index < 0) {
		const char *nearest = settings_suggest(text_of(name));
		complain("\"%s\" is not a setting; %s%s%s", name, nearest ? "did you mean " : "",
			 nearest ? nearest : "`sallyport config show` lists all of them",
			 nearest ? "?" : "");
		return EXIT_FAILED;
	}
	int r = load_or_complain(cli, &loaded);
	if (r != EXIT_OK)
		return r;
	print_value(cli, loaded, (size_t)index);
	settings_free(&loaded);
	return EXIT_OK;
}

static size_t count_set(const struct settings_loaded *loaded)
{
	size_t n = 0;

	for (size_t i = 0; i < settings_count(); i++)
		n += settings_origin(loaded, i) != ORIGIN_DEFAULT;
	return n;
}

static void report_check(const struct cli *cli, const char *error, size_t n_set)
{
	if (cli->wants_json) {
		AUTO_JSON json_t *json = json_pack("{ss sb ss?}", "file", cli->config_path, "ok",
						   !error, "error", error);
		json_print(json);
	} else if (error) {
		(void)fprintf(stderr, "%s\n", error);
	} else {
		style_print(stdout, cli->has_colour, CELL_GOOD, "✓");
		(void)printf(" %s is good: %zu of %zu settings are set, the others have their "
			     "defaults\n",
			     cli->config_path, n_set, settings_count());
	}
}

/* Whether these certificates and their keys can be used, as the server finds out when it starts. */
static int try_tls(const struct tls_server_options *options, const char *place,
		   struct settings_error *ret_error)
{
	struct tls_server *server = NULL;
	struct tls_error error;
	int r = tls_server_new(options, &server, &error);

	tls_server_free(&server);
	if (r < 0)
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s", place,
			       error.text);
	return r;
}

/* One host after the other, so that the error leads to its line. */
static int check_certificates(const struct settings_loaded *loaded,
			      struct settings_error *ret_error)
{
	const struct settings *s = settings_values(loaded);
	size_t row = (size_t)host_settings_find(T("certificate"));
	struct settings_tls tls;
	char place[SETTINGS_PLACE_SIZE];

	if (s->certificate[0] == '\0')
		return 0;
	settings_tls_init(&tls, s);
	tls.options.n_hosts = 0;
	settings_format_place(loaded, (size_t)settings_find(T("certificate")), place);
	int r = try_tls(&tls.options, place, ret_error);
	for (size_t i = 0; r == 0 && i < s->n_hosts; i++) {
		tls.options.hosts = &tls.hosts[i];
		tls.options.n_hosts = 1;
		host_settings_format_place(loaded, i, row, place);
		r = try_tls(&tls.options, place, ret_error);
	}
	return r;
}

int cmd_config_check(struct cli *cli)
{
	struct settings_loaded *loaded = NULL;
	struct settings_error error;

	if (cli->arguments.n_operands > 0)
		cli->config_path = cli->arguments.operands[0];
	cli->config_is_chosen = true; /* a file that is not there is not good */
	int r = config_load(cli, &loaded, &error);
	if (r == 0)
		r = settings_check_loaded(loaded, &error);
	if (r == 0)
		r = check_certificates(loaded, &error);
	report_check(cli, r < 0 ? error.text : NULL, loaded ? count_set(loaded) : 0);
	settings_free(&loaded);
	return r < 0 ? EXIT_FAILED : EXIT_OK;
}
