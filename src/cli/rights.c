/* cli/rights.c - see rights.h. */
#include "cli/rights.h"

#include "base/size.h"
#include "cli/limit_options.h"
#include "ftp/account.h"

static json_t *permissions_json(uint32_t permissions)
{
	json_t *list = json_array();
	const char *name;

	for (size_t i = 0; (name = permission_name(i)); i++)
		if (permissions & (1u << i))
			(void)json_array_append_new(list, json_string(name));
	return list;
}

static int parse_permissions(struct text list, json_t **ret)
{
	uint32_t permissions;
	struct text bad;

	if (permissions_parse(list, &permissions, &bad) < 0) {
		complain("\"%.*s\" is not a permission; allowed: list, download, upload, "
			 "overwrite, delete, rename, mkdir, rmdir, attributes; all, none, "
			 "read-only",
			 TEXT_ARG(bad));
		return EXIT_USAGE;
	}
	*ret = permissions_json(permissions);
	return EXIT_OK;
}

static json_t *text_json(struct text text)
{
	return json_stringn(text.ptr, text.len);
}

/* "PATH=LIST": a list holds no equals sign, a path may. */
static int rule_json(const char *value, json_t **ret)
{
	const char *equals = strrchr(value, '=');
	json_t *permissions;

	if (!equals) {
		complain("--rule wants PATH=LIST, as in /incoming=list,upload");
		return EXIT_USAGE;
	}
	int r = parse_permissions(text_of(equals + 1), &permissions);
	if (r == EXIT_OK)
		*ret = json_pack("{s:o, s:o}", "path",
				 text_json((struct text){ value, (size_t)(equals - value) }),
				 "permissions", permissions);
	return r;
}

struct folder {
	struct text directory;
	bool is_read_only;
	uint64_t bytes, files;
};

/* Takes one ":ro", ":rw", ":quota=SIZE" or ":files=N" off the end. 1; 0: there is none;
 * -EINVAL. */
static int take_folder_option(struct folder *folder)
{
	const char *colon = memrchr(folder->directory.ptr, ':', folder->directory.len);
	size_t len = colon ? (size_t)(colon - folder->directory.ptr) : 0;
	struct text option = { colon + 1, folder->directory.len - len - 1 };
	int r = 0;

	if (len == 0)
		return 0;
	if (text_equal(option, T("ro")) || text_equal(option, T("rw")))
		folder->is_read_only = text_equal(option, T("ro"));
	else if (text_skip(&option, T("quota=")))
		r = size_parse(option, &folder->bytes);
	else if (text_skip(&option, T("files=")))
		r = size_parse(option, &folder->files);
	else
		return 0;
	folder->directory.len = len;
	return r < 0 ? -EINVAL : 1;
}

/* "PATH=DIR" with any of ":ro", ":rw", ":quota=SIZE", ":files=N" behind it. */
static int folder_json(const char *value, json_t **ret)
{
	struct folder folder = { .directory = text_of(value) };
	struct text path;
	int r;

	if (text_find(folder.directory, '=') < 0 ||
	    !text_take_until(&folder.directory, '=', &path)) {
		complain("--folder wants PATH=DIR or PATH=DIR:ro, as in /share=/srv/share:ro");
		return EXIT_USAGE;
	}
	while ((r = take_folder_option(&folder)) > 0)
		;
	if (r < 0) {
		complain("--folder %s: a quota is a number as in :quota=500M or :files=1000",
			 value);
		return EXIT_USAGE;
	}
	*ret = json_pack("{s:o, s:o, s:b, s:{s:I, s:I}}", "path", text_json(path), "directory",
			 text_json(folder.directory), "read_only", folder.is_read_only, "quota",
			 "bytes", (json_int_t)folder.bytes, "files", (json_int_t)folder.files);
	return EXIT_OK;
}

static int pattern_json(const char *value, json_t **ret)
{
	*ret = json_string(value);
	return EXIT_OK;
}

static const struct {
	const char *option, *field;
	int (*read)(const char *value, json_t **ret);
} lists[] = {
	{ "rule", "rules", rule_json },
	{ "deny", "denied", pattern_json },
	{ "hide", "hidden", pattern_json },
	{ "folder", "folders", folder_json },
};

/* All that are given with an option replace what was there; an empty one leaves none. */
static int add_list(const struct cli *cli, size_t which, json_t *body)
{
	const struct arguments *a = &cli->arguments;
	json_t *list = json_array(), *item;
	int r = EXIT_OK;

	for (size_t i = 0; r == EXIT_OK && i < a->n_options; i++) {
		if (strcmp(a->options[i].row->name, lists[which].option) != 0 ||
		    *a->options[i].value == '\0')
			continue;
		r = lists[which].read(a->options[i].value, &item);
		if (r == EXIT_OK && json_array_append_new(list, item) < 0) {
			complain("--%s: this is not UTF-8", lists[which].option);
			r = EXIT_USAGE;
		}
	}
	if (r != EXIT_OK)
		json_decref(list);
	else
		(void)json_object_set_new(body, lists[which].field, list);
	return r;
}

int rights_add_options(const struct cli *cli, bool may_inherit, json_t *body)
{
	const char *permissions = arguments_option(&cli->arguments, "permissions");
	json_t *list = NULL;
	int r = EXIT_OK;

	if (permissions && may_inherit && strcmp(permissions, "inherit") == 0)
		list = json_null();
	else if (permissions)
		r = parse_permissions(text_of(permissions), &list);
	if (list)
		(void)json_object_set_new(body, "permissions", list);
	for (size_t i = 0; r == EXIT_OK && i < ARRAY_SIZE(lists); i++)
		if (arguments_option(&cli->arguments, lists[i].option))
			r = add_list(cli, i, body);
	return r;
}

/* --- showing ---------------------------------------------------------------------------------- */

void rights_format_permissions(const json_t *list, struct buf *out)
{
	const json_t *name;
	size_t index, n = json_array_size(list);

	if (n == 0 || !permission_name(n)) {
		buf_add(out, n == 0 ? T("none") : T("all"));
		return;
	}
	json_array_foreach(list, index, name)
		buf_addf(out, "%s%s", index > 0 ? "," : "", json_string_value(name));
}

void rights_add_rows(struct table *table, const json_t *object)
{
	const json_t *item;
	char storage[256];
	struct buf out;
	size_t index;

	json_array_foreach(json_object_get(object, "rules"), index, item)
	{
		buf_init(&out, storage, sizeof(storage));
		rights_format_permissions(json_object_get(item, "permissions"), &out);
		table_add(table, CELL_DIM, "Rule");
		table_addf(table, CELL_PLAIN, "%s: %s", json_text(item, "path"), storage);
	}
	json_array_foreach(json_object_get(object, "denied"), index, item)
	{
		table_add(table, CELL_DIM, "Denied");
		table_add(table, CELL_PLAIN, json_string_value(item));
	}
	json_array_foreach(json_object_get(object, "hidden"), index, item)
	{
		table_add(table, CELL_DIM, "Hidden");
		table_add(table, CELL_PLAIN, json_string_value(item));
	}
	json_array_foreach(json_object_get(object, "folders"), index, item)
	{
		table_add(table, CELL_DIM, "Folder");
		buf_init(&out, storage, sizeof(storage));
		quota_format(json_object_get(item, "quota"), &out);
		table_addf(table, CELL_PLAIN, "%s → %s%s%s%s", json_text(item, "path"),
			   json_text(item, "directory"),
			   json_flag(item, "read_only") ? " (read-only)" : "",
			   out.len > 0 ? ", quota " : "", storage);
	}
}
