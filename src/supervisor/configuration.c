/* supervisor/configuration.c - see configuration.h. */
#include "supervisor/configuration.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/log.h"
#include "supervisor/stored_reader.h"

#define FILE_MAX_BYTES (1024 * 1024)
#define VALUE_SIZE (SETTINGS_LIST_SIZE + 64)

static ssize_t read_all(int fd, char *storage, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, storage + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)len;
		len += (size_t)n;
	}
	return -EFBIG;
}

static int read_file(const char *path, char *storage, size_t size, struct text *ret)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;

	ssize_t n = read_all(fd, storage, size);

	if (n < 0)
		return (int)n;
	*ret = (struct text){ storage, (size_t)n };
	return 0;
}

/* Every restart-only setting that differs stays as it is in the running server. */
static int keep_running_values(struct settings_loaded *loaded, const struct settings *running)
{
	for (size_t i = 0; i < settings_count(); i++) {
		const struct setting_info *info = settings_info(i);
		char old[VALUE_SIZE], new[VALUE_SIZE];

		if (info->change != CHANGE_RESTART)
			continue;

		int r = settings_format_value(running, i, old, sizeof(old));

		if (r == 0)
			r = settings_format_value(settings_values(loaded), i, new, sizeof(new));
		if (r == 0 && strcmp(old, new) != 0) {
			log_event(LOG_WARNING, "setting-needs-restart",
				  F_STR("setting", info->name), F_STR("kept", old),
				  F_STR("configured", new));
			r = settings_keep(loaded, i, old);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- with what the manager has stored --------------------------------------------------------- */

struct stored {
	size_t n;
	struct stored_setting items[STORED_SETTINGS_MAX];
};

/* Without the value at `without` (n: with all of them). Loads and checks. */
static int try_load(const struct configuration *configuration, struct text ini,
		    const struct stored *stored, size_t without, struct settings_loaded **ret,
		    struct settings_error *ret_error)
{
	struct stored chosen = { 0 };

	for (size_t i = 0; i < stored->n; i++)
		if (i != without)
			chosen.items[chosen.n++] = stored->items[i];

	const struct settings_source source = {
		.file_name = configuration->path,
		.ini = ini,
		.stored = chosen.items,
		.n_stored = chosen.n,
		.overrides = configuration->overrides,
		.n_overrides = configuration->n_overrides,
	};
	struct settings_loaded *loaded = NULL;
	int r = settings_load_all(&source, &loaded, ret_error);

	if (r == 0)
		r = settings_check_loaded(loaded, ret_error);
	if (r < 0) {
		settings_free(&loaded);
		return r;
	}
	*ret = loaded;
	return 0;
}

/* The file has changed, and a stored value does not go together with it any more: without that one
 * the server can start. When none alone is to blame, none counts. */
static int load_with_less(const struct configuration *configuration, struct text ini,
			  const struct stored *stored, struct settings_loaded **ret,
			  struct settings_error *ret_error)
{
	const struct stored none = { 0 };
	struct settings_error why = *ret_error;

	for (size_t i = 0; i < stored->n; i++)
		if (try_load(configuration, ini, stored, i, ret, ret_error) == 0)
			return settings_note_problem(*ret, stored->items[i].name, why.text);

	int r = try_load(configuration, ini, &none, 0, ret, ret_error);

	for (size_t i = 0; r == 0 && i < stored->n; i++)
		r = settings_note_problem(*ret, stored->items[i].name, why.text);
	return r;
}

static void take_stored(const struct settings *settings, struct stored_list *list,
			struct stored *ret)
{
	int r = stored_reader_run(settings, list);

	if (r < 0)
		log_event(LOG_ERROR, "stored-settings-unreadable", F_ERRNO(r));
	for (size_t i = 0; r == 0 && i < list->n; i++)
		ret->items[ret->n++] =
			(struct stored_setting){ list->items[i].name, list->items[i].value };
}

static int note_all(struct settings_loaded *loaded, const struct stored *stored, const char *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < stored->n; i++)
		r = settings_note_problem(loaded, stored->items[i].name, why);
	return r;
}

/* Loads once without them, to learn where the database lies. */
static int load_all(const struct configuration *configuration, struct text ini,
		    const struct settings *running, struct settings_loaded **ret,
		    struct settings_error *ret_error)
{
	struct settings_loaded *plain = NULL;
	struct stored_list list = { 0 };
	struct stored stored = { 0 };
	int r = settings_load(configuration->path, ini, configuration->overrides,
			      configuration->n_overrides, &plain, ret_error);

	if (r < 0)
		return r;
	take_stored(running ? running : settings_values(plain), &list, &stored);
	settings_free(&plain);
	if (configuration->why_not_stored) {
		r = try_load(configuration, ini, &(struct stored){ 0 }, 0, ret, ret_error);
		if (r == 0)
			r = note_all(*ret, &stored, configuration->why_not_stored);
	} else {
		r = try_load(configuration, ini, &stored, stored.n, ret, ret_error);
		if (r == -EINVAL && stored.n > 0)
			r = load_with_less(configuration, ini, &stored, ret, ret_error);
	}
	stored_list_release(&list);
	return r;
}

static void log_problems(const struct settings_loaded *loaded)
{
	for (size_t i = 0; i < settings_problem_count(loaded); i++) {
		const struct settings_problem *problem = settings_problem(loaded, i);

		log_event(LOG_ERROR, "stored-setting-ignored", F_STR("setting", problem->name),
			  F_STR("reason", problem->detail));
	}
}

static int load_text(const struct configuration *configuration, struct text ini,
		     const struct settings *running, struct settings_loaded **ret,
		     struct failure *ret_failure)
{
	struct settings_error error = { "out of memory" };
	struct settings_loaded *loaded = NULL;
	int r = load_all(configuration, ini, running, &loaded, &error);

	if (r == 0 && running)
		r = keep_running_values(loaded, running);
	if (r == 0)
		r = settings_check_loaded(loaded, &error);
	if (r < 0) {
		settings_free(&loaded);
		return failure_set(ret_failure, r, "%s", error.text);
	}
	log_problems(loaded);
	*ret = loaded;
	return 0;
}

int configuration_load(const struct configuration *configuration, const struct settings *running,
		       struct settings_loaded **ret, struct failure *ret_failure)
{
	AUTO_FREE char *storage = malloc(FILE_MAX_BYTES);
	struct text ini = T("");

	if (!storage)
		return failure_set(ret_failure, -ENOMEM, "out of memory");

	int r = read_file(configuration->path, storage, FILE_MAX_BYTES, &ini);

	if (r < 0 && !(r == -ENOENT && configuration->may_be_missing))
		return failure_set(ret_failure, r, "%s: %s", configuration->path,
				   strerrordesc_np(-r));
	return load_text(configuration, ini, running, ret, ret_failure);
}
