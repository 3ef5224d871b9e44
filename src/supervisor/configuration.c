/* supervisor/configuration.c - see configuration.h. */
#include "supervisor/configuration.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/log.h"

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

/* A growing list of "name=value": the command line's, then what a running daemon cannot change. */
struct overrides {
	const char **items;
	size_t n, n_borrowed; /* the first ones belong to the command line */
};

static void overrides_release(struct overrides *overrides)
{
	for (size_t i = overrides->n_borrowed; i < overrides->n; i++)
		free((void *)(uintptr_t)overrides->items[i]);
	free(overrides->items);
	*overrides = (struct overrides){ 0 };
}

static int overrides_init(struct overrides *overrides, const struct configuration *configuration)
{
	size_t n = configuration->n_overrides;

	*overrides = (struct overrides){ calloc(n + settings_count() + 1, sizeof(char *)), n, n };
	if (!overrides->items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		overrides->items[i] = configuration->overrides[i];
	return 0;
}

static int keep_value(struct overrides *overrides, const char *name, const char *value)
{
	char storage[VALUE_SIZE + 64];
	struct buf line;

	buf_init(&line, storage, sizeof(storage));
	buf_addf(&line, "%s=%s", name, value);
	if (line.has_overflowed)
		return -ENOBUFS;

	char *copy = text_dup(buf_text(&line));

	if (!copy)
		return -ENOMEM;
	overrides->items[overrides->n++] = copy;
	return 0;
}

/* Adds an override for every restart-only setting that differs. Returns how many, or -errno. */
static int keep_running_values(struct overrides *overrides, const struct settings *running,
			       const struct settings *wanted)
{
	int n_kept = 0;

	for (size_t i = 0; i < settings_count(); i++) {
		const struct setting_info *info = settings_info(i);
		char old[VALUE_SIZE], new[VALUE_SIZE];

		if (info->change != CHANGE_RESTART)
			continue;

		int r = settings_format_value(running, i, old, sizeof(old));

		if (r == 0)
			r = settings_format_value(wanted, i, new, sizeof(new));
		if (r < 0)
			return r;
		if (strcmp(old, new) == 0)
			continue;
		log_event(LOG_WARNING, "setting-needs-restart", F_STR("setting", info->name),
			  F_STR("kept", old), F_STR("configured", new));
		r = keep_value(overrides, info->name, old);
		if (r < 0)
			return r;
		n_kept++;
	}
	return n_kept;
}

static int load_text(const struct configuration *configuration, struct text ini,
		     const struct settings *running, struct settings_loaded **ret,
		     struct failure *ret_failure)
{
	struct settings_error error = { "out of memory" };
	struct settings_loaded *loaded = NULL;
	struct overrides overrides;
	int r = overrides_init(&overrides, configuration);

	if (r == 0)
		r = settings_load(configuration->path, ini, overrides.items, overrides.n, &loaded,
				  &error);
	if (r == 0 && running) {
		r = keep_running_values(&overrides, running, settings_values(loaded));
		if (r > 0) {
			settings_free(&loaded);
			r = settings_load(configuration->path, ini, overrides.items, overrides.n,
					  &loaded, &error);
		}
	}
	if (r == 0)
		r = settings_check_loaded(loaded, &error);
	overrides_release(&overrides);
	if (r < 0) {
		settings_free(&loaded);
		return failure_set(ret_failure, r, "%s", error.text);
	}
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
