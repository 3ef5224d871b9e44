/* cli/cmd_storage.c - `sallyport storage check`: what broken uploads and crashes have left in the
 * directories of the users. It looks at the files itself, so that it works while the server is
 * down; the manager, when it answers, tells which homes lie elsewhere. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>

#include "base/clock.h"
#include "cli/config_file.h"
#include "cli/handlers.h"
#include "cli/human.h"
#include "cli/manager_client.h"
#include "cli/table.h"
#include "settings/data_roots.h"
#include "store/leftovers.h"

struct check {
	struct leftover_walk walk;
	const char *root; /* of the walk that goes on now */
	json_t *list;
	struct table *table;
	unsigned n_failed; /* roots that could not be read */
};

static const char *state_word(const struct leftover *found)
{
	if (found->is_removed)
		return "removed";
	if (found->is_in_use)
		return "in use";
	return found->is_expired ? "expired" : "kept";
}

static int note(void *arg, const struct leftover *found)
{
	static const char *const kinds[] = { "partial", "temporary" };
	struct check *check = arg;
	char path[PATH_MAX], modified[CLOCK_ISO_SIZE], storage[64];
	struct buf out;

	(void)snprintf(path, sizeof(path), "%s/%s", check->root, found->path);
	clock_format_iso(found->mtime_s * 1000, modified);
	json_t *item = json_pack("{ss ss ss sI ss}", "path",
				 text_is_utf8(text_of(path)) ? path : "(not UTF-8)", "kind",
				 kinds[found->kind], "state", state_word(found), "bytes",
				 (json_int_t)found->size_bytes, "modified", modified);
	if (!item || json_array_append_new(check->list, item) < 0)
		return -ENOMEM;

	table_add(check->table, found->is_removed ? CELL_GOOD : CELL_PLAIN, state_word(found));
	table_add(check->table, CELL_PLAIN, kinds[found->kind]);
	buf_init(&out, storage, sizeof(storage));
	human_bytes(found->size_bytes, &out);
	table_add(check->table, CELL_PLAIN, storage);
	buf_init(&out, storage, sizeof(storage));
	human_ago(found->mtime_s * 1000, clock_wall_ms(), &out);
	table_add(check->table, CELL_PLAIN, storage);
	table_add(check->table, CELL_PLAIN, path);
	return 0;
}

static void check_root(struct check *check, const char *root)
{
	AUTO_CLOSE int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	check->root = root;
	int r = fd < 0 ? -errno : leftovers_walk(&check->walk, fd);
	if (r == 0)
		return;
	check->n_failed++;
	complain("%s: %s", root, strerrordesc_np(-r));
}

/* --- roots: none of them lies beneath another one, so that nothing is found twice
 * ----------------- */

#define ROOTS_STEP 64

struct roots {
	char **paths; /* owned, like each */
	size_t n;
};

static void roots_release(struct roots *roots)
{
	for (size_t i = 0; i < roots->n; i++)
		free(roots->paths[i]);
	free(roots->paths);
}

/* Memory that is short ends the program: it has changed nothing yet. */
static void add_root(struct roots *roots, const char *path)
{
	size_t kept = 0;

	for (size_t i = 0; i < roots->n; i++)
		if (data_roots_is_beneath(text_of(path), text_of(roots->paths[i])))
			return;
	for (size_t i = 0; i < roots->n; i++)
		if (data_roots_is_beneath(text_of(roots->paths[i]), text_of(path)))
			free(roots->paths[i]);
		else
			roots->paths[kept++] = roots->paths[i];
	roots->n = kept;
	if (roots->n % ROOTS_STEP == 0)
		roots->paths =
			reallocarray(roots->paths, roots->n + ROOTS_STEP, sizeof(*roots->paths));
	char *copy = strdup(path);
	if (!copy || !roots->paths)
		abort();
	roots->paths[roots->n++] = copy;
}

static void add_far(struct roots *roots, const char *directory)
{
	if (*directory == '/')
		add_root(roots, directory);
}

/* Homes and folders that lie elsewhere, which without the sandbox may be anywhere. */
static void add_far_of(const struct cli *cli, const char *collection, struct roots *roots)
{
	AUTO_JSON json_t *reply = NULL;
	const json_t *one, *folder;
	size_t index, at;

	if (manager_try_all(cli, collection, collection + 1, &reply) != EXIT_OK)
		return;
	json_array_foreach(json_object_get(reply, collection + 1), index, one)
	{
		add_far(roots, json_text(one, "home"));
		json_array_foreach(json_object_get(one, "folders"), at, folder)
			add_far(roots, json_text(folder, "directory"));
	}
}

/* The server has not seen what was removed: it counts again, if it runs and counts at all. */
static void recount_quotas(const struct cli *cli)
{
	AUTO_JSON json_t *status = NULL;
	AUTO_JSON json_t *reply = NULL;

	if (manager_try(cli, "/status", &status) == EXIT_OK)
		(void)!manager_call(cli, "POST", "/quotas/recount", NULL, &reply);
}

static void check_all(const struct cli *cli, struct check *check, const struct settings *settings)
{
	struct text extra = text_of(settings->extra_data_roots);
	struct roots roots = { 0 };
	char path[SETTINGS_PATH_SIZE];

	add_root(&roots, settings->data_root);
	for (size_t i = 0; i < settings->n_hosts; i++)
		add_far(&roots, settings->hosts[i].data_root);
	while (data_roots_take(&extra, path))
		add_root(&roots, path);
	add_far_of(cli, "/users", &roots);
	add_far_of(cli, "/groups", &roots);
	for (size_t i = 0; i < roots.n; i++)
		check_root(check, roots.paths[i]);
	roots_release(&roots);
}

static void print_json(struct check *check)
{
	const struct leftover_walk *walk = &check->walk;
	AUTO_JSON json_t *all = json_pack(
		"{sO sI sI sI sI sI}", "leftovers", check->list, "found", (json_int_t)walk->n_found,
		"found_bytes", (json_int_t)walk->bytes_found, "removed",
		(json_int_t)walk->n_removed, "removed_bytes", (json_int_t)walk->bytes_removed,
		"unreadable", (json_int_t)walk->n_unreadable);

	json_print(all);
}

static int print_table(const struct cli *cli, const struct check *check)
{
	const struct leftover_walk *walk = &check->walk;
	char storage[64];
	struct buf bytes;

	if (walk->n_found > 0 && table_print(check->table, stdout, cli->has_colour) < 0)
		return -ENOMEM;
	buf_init(&bytes, storage, sizeof(storage));
	human_bytes(walk->bytes_found, &bytes);
	(void)printf("%" PRIu64 " found (%s), %" PRIu64 " removed.\n", walk->n_found, storage,
		     walk->n_removed);
	if (walk->n_unreadable > 0)
		(void)printf("%" PRIu64 " directories could not be looked into.\n",
			     walk->n_unreadable);
	return 0;
}

int cmd_storage_check(struct cli *cli)
{
	static const struct column columns[] = {
		{ "STATE", false },    { "KIND", false }, { "SIZE", true },
		{ "MODIFIED", false }, { "PATH", false },
	};
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	AUTO_JSON json_t *list = json_array();
	struct settings_loaded *loaded = NULL;
	struct settings_error error;

	if (!table || !list) {
		complain("memory is short");
		return EXIT_FAILED;
	}
	if (config_load(cli, &loaded, &error) < 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		return EXIT_FAILED;
	}

	const struct settings *settings = settings_values(loaded);
	struct check check = { .list = list, .table = table };

	check.walk = (struct leftover_walk){
		.max_age_s = settings->partial_max_age_s,
		.removes = arguments_option(&cli->arguments, "clean") != NULL,
		.visit = note,
		.arg = &check,
	};
	check_all(cli, &check, settings);
	if (check.walk.n_removed > 0)
		recount_quotas(cli);
	settings_free(&loaded);
	if (cli->wants_json)
		print_json(&check);
	else if (print_table(cli, &check) < 0)
		check.n_failed++;
	return check.n_failed > 0 ? EXIT_FAILED : EXIT_OK;
}
