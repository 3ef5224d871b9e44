/* settings/stored.c - values that were edited in the manager: taken over at the start and at every
 * reload, tried out before they are stored; and values that wait for a restart. */
#include <assert.h>

#include "settings/loaded.h"
#include "settings/value.h"

/* They say where the database lies, as whom the server runs and what holds the manager itself to
 * its place: whoever took over the manager must not be able to change them. */
static const char *const file_only[] = {
	"user",	   "data_root", "extra_data_roots", "state_directory", "run_directory",
	"sandbox", "log_file",	"database",	    "web_directory",
};

void settings_database_path(const struct settings *values,
			    char ret[static SETTINGS_DATABASE_PATH_SIZE])
{
	if (*values->database)
		(void)snprintf(ret, SETTINGS_DATABASE_PATH_SIZE, "%s", values->database);
	else
		(void)snprintf(ret, SETTINGS_DATABASE_PATH_SIZE, "%s/accounts.db",
			       values->state_directory);
}

void settings_certificate_path(const struct settings *values, const char *host,
			       char ret[static SETTINGS_CERTIFICATE_PATH_SIZE])
{
	(void)snprintf(ret, SETTINGS_CERTIFICATE_PATH_SIZE, "%s/certificates/%s.pem",
		       values->state_directory, host);
}

bool settings_is_editable(size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(file_only); i++)
		if (strcmp(settings_info(index)->name, file_only[i]) == 0)
			return false;
	return true;
}

const char *settings_type(size_t index)
{
	static const char *const names[] = {
		[VALUE_BOOL] = "bool",
		[VALUE_UINT] = "uint",
		[VALUE_OCTAL] = "octal",
		[VALUE_SIZE] = "size",
		[VALUE_WORD] = "word",
		[VALUE_TEXT] = "text",
		[VALUE_PATH] = "path",
		[VALUE_PORTS] = "ports",
		[VALUE_PORT_RANGE] = "port-range",
		[VALUE_LISTEN] = "listen",
		[VALUE_WEB_LISTEN] = "listen",
		[VALUE_NETWORKS] = "networks",
		[VALUE_EXTERNAL] = "external",
		[VALUE_NAMES] = "names",
		[VALUE_CHARSET] = "charset",
	};
	static_assert(ARRAY_SIZE(names) == VALUE_KINDS, "each kind has a name");

	return names[registry_row(index)->kind];
}

const char *const *settings_words(size_t index)
{
	const struct setting *row = registry_row(index);

	return row->kind == VALUE_WORD ? row->words : NULL;
}

static int note_problem(struct settings_loaded *loaded, const char *name, const char *detail)
{
	struct settings_problem *problems =
		reallocarray(loaded->problems, loaded->n_problems + 1, sizeof(*problems));

	if (!problems)
		return -ENOMEM;
	loaded->problems = problems;

	struct settings_problem *problem = &problems[loaded->n_problems++];

	*problem = (struct settings_problem){ .detail = "" };
	(void)snprintf(problem->name, sizeof(problem->name), "%s", name);
	(void)snprintf(problem->detail, sizeof(problem->detail), "%s", detail);
	return 0;
}

/* What is wrong with a value that is to be stored goes to *error. */
static int try_stored(const struct stored_setting *stored, struct settings *into,
		      ptrdiff_t *ret_index, struct buf *error)
{
	ptrdiff_t index = settings_find(text_of(stored->name));

	if (index < 0) {
		value_quote(text_of(stored->name), error);
		buf_add(error, T(" is not a setting"));
		return -EINVAL;
	}
	if (!settings_is_editable((size_t)index)) {
		buf_addf(error, "%s is set in the file or on the command line only", stored->name);
		return -EINVAL;
	}
	if (!value_is_clean(text_of(stored->value))) {
		buf_addf(error, "%s: the value holds control bytes, or bytes that are not UTF-8",
			 stored->name);
		return -EINVAL;
	}
	*ret_index = index;
	return loaded_store(registry_row((size_t)index), text_of(stored->value), into, error);
}

int loaded_take_stored(struct settings_loaded *loaded, const struct stored_setting *stored,
		       size_t n_stored)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_stored; i++) {
		struct settings_error error = { "" };
		struct buf words;
		ptrdiff_t index;

		buf_init(&words, error.text, sizeof(error.text));
		if (try_stored(&stored[i], &loaded->values, &index, &words) < 0)
			r = note_problem(loaded, stored[i].name, error.text);
		else
			loaded->places[index].origin = ORIGIN_DATABASE;
	}
	return r;
}

int settings_note_problem(struct settings_loaded *loaded, const char *name, const char *detail)
{
	return note_problem(loaded, name, detail);
}

size_t settings_problem_count(const struct settings_loaded *loaded)
{
	return loaded->n_problems;
}

const struct settings_problem *settings_problem(const struct settings_loaded *loaded, size_t index)
{
	return &loaded->problems[index];
}

/* --- a configuration with other stored values ------------------------------------------------- */

static int copy_hosts(const struct settings_loaded *base, struct settings_loaded *copy)
{
	size_t n = base->values.n_hosts;

	if (n == 0)
		return 0;
	copy->hosts = calloc(n, sizeof(*copy->hosts));
	copy->host_places = calloc(n, sizeof(*copy->host_places));
	if (!copy->hosts || !copy->host_places)
		return -ENOMEM;
	memcpy(copy->hosts, base->hosts, n * sizeof(*copy->hosts));
	memcpy(copy->host_places, base->host_places, n * sizeof(*copy->host_places));
	copy->values.hosts = copy->hosts;
	copy->values.n_hosts = n;
	return 0;
}

/* What the file and the command line say, as a restart would read it. */
static int copy_fixed(const struct settings_loaded *base, struct settings_loaded *copy)
{
	char text[SETTINGS_LIST_SIZE], storage[256];
	struct buf wrong;

	for (size_t i = 0; i < settings_count(); i++) {
		const struct place *place = &base->places[i];

		if (place->origin != ORIGIN_FILE && place->origin != ORIGIN_COMMAND_LINE)
			continue;

		int r = settings_format_value(&base->values, i, text, sizeof(text));

		buf_init(&wrong, storage, sizeof(storage));
		if (r == 0)
			r = value_parse(registry_row(i),
					text_of(place->wanted ? place->wanted : text),
					&copy->values, &wrong);
		if (r < 0)
			return r;
		copy->places[i].origin = place->origin;
		copy->places[i].line = place->line;
	}
	return 0;
}

static int put_stored(struct settings_loaded *copy, const struct stored_setting *stored,
		      size_t n_stored, const char **ret_name, struct settings_error *ret_error)
{
	for (size_t i = 0; i < n_stored; i++) {
		AUTO_FREE struct settings *scratch = malloc(sizeof(*scratch));
		struct buf words;
		ptrdiff_t index = 0;

		if (!scratch)
			return -ENOMEM;
		*scratch = copy->values;
		buf_init(&words, ret_error->text, sizeof(ret_error->text));
		if (try_stored(&stored[i], scratch, &index, &words) < 0) {
			*ret_name = stored[i].name;
			return -EINVAL;
		}
		if (copy->places[index].origin != ORIGIN_DEFAULT)
			continue; /* the file is stronger */
		copy->values = *scratch;
		copy->places[index].origin = ORIGIN_DATABASE;
	}
	return 0;
}

int settings_with_stored(const struct settings_loaded *base, const struct stored_setting *stored,
			 size_t n_stored, struct settings_loaded **ret, const char **ret_name,
			 struct settings_error *ret_error)
{
	struct settings_loaded *copy = NULL;
	int r = loaded_new(base->file_name, &copy);

	*ret_name = NULL;
	if (r == 0)
		r = copy_hosts(base, copy);
	if (r == 0)
		r = copy_fixed(base, copy);
	if (r == 0)
		r = put_stored(copy, stored, n_stored, ret_name, ret_error);
	if (r < 0) {
		settings_free(&copy);
		return r;
	}
	*ret = copy;
	return 0;
}

/* --- what waits for a restart ----------------------------------------------------------------- */

int settings_keep(struct settings_loaded *loaded, size_t index, const char *running)
{
	char wanted[SETTINGS_LIST_SIZE], storage[256];
	struct buf wrong;
	int r = settings_format_value(&loaded->values, index, wanted, sizeof(wanted));

	buf_init(&wrong, storage, sizeof(storage));
	if (r == 0)
		r = value_parse(registry_row(index), text_of(running), &loaded->values, &wrong);
	if (r < 0)
		return r;
	free(loaded->places[index].wanted);
	loaded->places[index].wanted = text_dup(text_of(wanted));
	return loaded->places[index].wanted ? 0 : -ENOMEM;
}

const char *settings_pending(const struct settings_loaded *loaded, size_t index)
{
	return loaded->places[index].wanted;
}
