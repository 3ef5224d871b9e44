/* settings/parse.c - a configuration from its defaults, the INI text and the command line.
 * libinih reads the grammar; it is handed one line at a time, so that we know the number of the
 * line that a key stands in and can refuse a line before it is cut to fit libinih's buffer. */
#include <assert.h>
#include <ini.h>
#include <threads.h>

#include "settings/loaded.h"
#include "settings/value.h"

#define LINE_SIZE 2048 /* the longest value and its name, with room for a comment */

struct parser {
	struct settings_loaded *loaded;
	struct text rest; /* of the file */
	unsigned line;	  /* the one that libinih has now, from 1 */
	bool is_in_host;  /* inside of the last host's section */
	bool has_failed;
	struct buf error;
};

/* The end of a file name that is too long to show. */
static const char *shown_name(const char *file_name)
{
	const size_t most = SETTINGS_PLACE_SIZE - sizeof(":4294967295");
	size_t len = strlen(file_name);

	return len > most ? file_name + len - most : file_name;
}

/* Begins an error with its place; the caller appends what is wrong and what is allowed. */
static struct buf *fail(struct parser *parser)
{
	parser->has_failed = true;
	buf_addf(&parser->error, "%s:%u: ", shown_name(parser->loaded->file_name), parser->line);
	return &parser->error;
}

/* libinih as Debian builds it is set up through globals. They always get the same values. */
static void set_up_ini(void)
{
	static char comment_starts[] = ";#";

	ini_allow_multiline = false; /* an indented key is a key */
	ini_allow_inline_comments = true;
	ini_inline_comment_prefixes = comment_starts;
	ini_stop_on_first_error = true;
	ini_use_stack = false; /* the stack buffer holds 200 bytes */
	ini_initial_alloc = ini_max_line = LINE_SIZE;
}

static void fail_section(struct parser *parser, struct text section)
{
	const char *nearest = registry_suggest_section(section), *previous = "";
	struct buf *error = fail(parser);

	value_quote(section, error);
	buf_add(error, T(" is not a section; "));
	if (nearest)
		buf_addf(error, "did you mean [%s]? ", nearest);
	buf_add(error, T("allowed:"));
	for (size_t i = 0; i < settings_count(); i++) {
		const char *name = settings_info(i)->section;
		if (strcmp(name, previous) != 0)
			buf_addf(error, " [%s]", name);
		previous = name;
	}
	buf_add(error, T(" [host NAME]"));
}

static int add_host(struct settings_loaded *loaded, const char *name, unsigned line)
{
	size_t n = loaded->values.n_hosts;
	struct host_settings *hosts = reallocarray(loaded->hosts, n + 1, sizeof(*hosts));

	if (!hosts)
		return -ENOMEM;
	loaded->values.hosts = loaded->hosts = hosts;

	struct host_place *places = reallocarray(loaded->host_places, n + 1, sizeof(*places));

	if (!places)
		return -ENOMEM;
	loaded->host_places = places;
	hosts[n] = (struct host_settings){ 0 };
	(void)snprintf(hosts[n].name, sizeof(hosts[n].name), "%s", name);
	places[n] = (struct host_place){ .first_line = line };
	loaded->values.n_hosts++;
	return 0;
}

/* name: what stands behind "host" in the section's brackets. */
static void begin_host(struct parser *parser, struct text name)
{
	struct settings_loaded *loaded = parser->loaded;
	char word[HOST_NAME_SIZE];

	if (host_name_parse(name, word) < 0) {
		struct buf *error = fail(parser);

		value_quote(name, error);
		buf_add(error,
			T(" is not a host name; a host is written as [host ftp.example.com]"));
		return;
	}
	for (size_t i = 0; i < loaded->values.n_hosts; i++) {
		if (strcmp(loaded->hosts[i].name, word) == 0) {
			buf_addf(fail(parser),
				 "[host %s] is there a second time; it begins in line %u", word,
				 loaded->host_places[i].first_line);
			return;
		}
	}
	if (loaded->values.n_hosts == SETTINGS_MAX_HOSTS)
		buf_addf(fail(parser), "there are more than %d hosts", SETTINGS_MAX_HOSTS);
	else if (add_host(loaded, word, parser->line) < 0)
		buf_add(fail(parser), T("memory is short"));
	parser->is_in_host = true;
}

/* Moves *section past the word host and the blanks behind it. */
static bool skip_host_word(struct text *section)
{
	struct text rest = *section;

	if (!text_skip(&rest, T("host")) ||
	    (rest.len > 0 && rest.ptr[0] != ' ' && rest.ptr[0] != '\t'))
		return false;
	*section = text_trim(rest);
	return true;
}

/* Sections are checked where they begin, so that one without a key is noticed as well, and since
 * libinih cuts the long names of hosts. */
static void check_section_line(struct parser *parser, struct text line)
{
	struct text section;

	text_skip_blank(&line);
	if (!text_skip_char(&line, '[') || text_find(line, ']') < 0 ||
	    !text_take_until(&line, ']', &section))
		return;
	section = text_trim(section);
	parser->is_in_host = false;
	if (skip_host_word(&section))
		begin_host(parser, section);
	else if (!registry_has_section(section))
		fail_section(parser, section);
}

/* An ini_reader: the next line of the text, or NULL at its end and after an error. */
static char *read_line(char *ret, int size, void *stream)
{
	struct parser *parser = stream;
	struct text line;

	if (parser->has_failed || !text_take_until(&parser->rest, '\n', &line))
		return NULL;
	parser->line++;
	if (parser->line == 1)
		(void)text_skip(&line,
				T("\xef\xbb\xbf")); /* the mark that some editors put first */
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (!value_is_clean(line))
		buf_add(fail(parser),
			T("the line holds control bytes, or bytes that are not UTF-8"));
	else if (line.len + 2 > (size_t)size)
		buf_addf(fail(parser), "the line is too long; allowed: up to %d bytes", size - 2);
	else
		check_section_line(parser, line);
	if (parser->has_failed)
		return NULL;
	if (line.len > 0)
		memcpy(ret, line.ptr, line.len);
	ret[line.len] = '\n';
	ret[line.len + 1] = '\0';
	return ret;
}

static void fail_unknown(struct buf *error, struct text name)
{
	const char *nearest = settings_suggest(name);

	value_quote(name, error);
	buf_add(error, T(" is not a setting; "));
	if (nearest)
		buf_addf(error, "did you mean %s?", nearest);
	else if (host_settings_find(name) >= 0)
		buf_add(error, T("it belongs in a section [host NAME]"));
	else
		buf_add(error, T("`sallyport config show` lists all of them"));
}

static void fail_unknown_in_host(struct buf *error, struct text name)
{
	const char *nearest = registry_suggest_host_setting(name);
	ptrdiff_t elsewhere = settings_find(name);

	value_quote(name, error);
	buf_add(error, T(" is not a setting of a host; "));
	if (nearest)
		buf_addf(error, "did you mean %s?", nearest);
	else if (elsewhere >= 0)
		buf_addf(error, "it belongs in section [%s]",
			 settings_info((size_t)elsewhere)->section);
	else
		buf_add(error, T("allowed:"));
	for (size_t i = 0; !nearest && elsewhere < 0 && i < host_settings_count(); i++)
		buf_addf(error, "%s %s", i > 0 ? "," : "", host_settings_info(i)->name);
}

int loaded_store(const struct setting *row, struct text value, void *into, struct buf *error)
{
	char storage[512];
	struct buf wrong;

	buf_init(&wrong, storage, sizeof(storage));
	if (value_parse(row, value, into, &wrong) == 0)
		return 0;
	buf_addf(error, "%s: %s; allowed: %s", row->info.name, storage, row->info.allowed);
	return -EINVAL;
}

static void store_from_file(struct parser *parser, size_t index, struct text value)
{
	struct place *place = &parser->loaded->places[index];

	if (place->origin == ORIGIN_FILE) {
		buf_addf(fail(parser), "%s is set a second time; it is set in line %u already",
			 settings_info(index)->name, place->line);
		return;
	}
	char storage[1024];
	struct buf words;

	buf_init(&words, storage, sizeof(storage));
	if (loaded_store(registry_row(index), value, &parser->loaded->values, &words) < 0)
		buf_add(fail(parser), buf_text(&words));
	*place = (struct place){ .origin = ORIGIN_FILE, .line = parser->line };
}

static void store_in_host(struct parser *parser, const char *name, struct text value)
{
	size_t host = parser->loaded->values.n_hosts - 1;
	ptrdiff_t index = host_settings_find(text_of(name));
	char storage[1024];
	struct buf words;

	if (index < 0) {
		fail_unknown_in_host(fail(parser), text_of(name));
		return;
	}
	unsigned *line = &parser->loaded->host_places[host].lines[index];

	if (*line > 0) {
		buf_addf(fail(parser), "%s is set a second time; it is set in line %u already",
			 name, *line);
		return;
	}
	buf_init(&words, storage, sizeof(storage));
	if (loaded_store(registry_host_row((size_t)index), value, &parser->loaded->hosts[host],
			 &words) < 0)
		buf_add(fail(parser), buf_text(&words));
	*line = parser->line;
}

/* An ini_handler: 1 to go on, 0 after an error. */
static int handle_key(void *user, const char *section, const char *name, const char *value)
{
	struct parser *parser = user;
	struct text in_section = text_trim(text_of(section));
	ptrdiff_t index = settings_find(text_of(name));

	if (parser->is_in_host) {
		store_in_host(parser, name, text_of(value));
		return !parser->has_failed;
	}
	if (index < 0) {
		fail_unknown(fail(parser), text_of(name));
		return 0;
	}
	const char *right = settings_info((size_t)index)->section;

	if (in_section.len > 0 && !text_equal(in_section, text_of(right)))
		buf_addf(fail(parser), "%s belongs in section [%s], not in [%s]", name, right,
			 section);
	else
		store_from_file(parser, (size_t)index, text_of(value));
	return !parser->has_failed;
}

static int parse_file(struct settings_loaded *loaded, struct text ini,
		      struct settings_error *ret_error)
{
	static once_flag once = ONCE_FLAG_INIT;
	struct parser parser = { .loaded = loaded, .rest = ini };

	buf_init(&parser.error, ret_error->text, sizeof(ret_error->text));
	call_once(&once, set_up_ini);
	int r = ini_parse_stream(read_line, &parser, handle_key, &parser);
	if (r == -2)
		return -ENOMEM;
	if (r != 0 && !parser.has_failed)
		buf_add(fail(&parser), T("the line is neither \"name = value\" nor \"[section]\""));
	return parser.has_failed ? -EINVAL : 0;
}

static int parse_override(struct settings_loaded *loaded, struct text override,
			  struct settings_error *ret_error)
{
	struct buf error;
	struct text value = override, name;

	buf_init(&error, ret_error->text, sizeof(ret_error->text));
	buf_add(&error, T("command line: "));
	if (text_find(override, '=') < 0 || !text_take_until(&value, '=', &name)) {
		value_quote(override, &error);
		buf_add(&error, T(" is not of the form name=value"));
		return -EINVAL;
	}
	ptrdiff_t index = settings_find(text_trim(name));

	if (index < 0) {
		fail_unknown(&error, text_trim(name));
		return -EINVAL;
	}
	int r = loaded_store(registry_row((size_t)index), value, &loaded->values, &error);
	if (r == 0)
		loaded->places[index] = (struct place){ .origin = ORIGIN_COMMAND_LINE };
	return r;
}

static void set_defaults(struct settings_loaded *loaded)
{
	for (size_t i = 0; i < settings_count(); i++) {
		const struct setting *row = registry_row(i);
		char storage[256];
		struct buf wrong;

		buf_init(&wrong, storage, sizeof(storage));
		int r = value_parse(row, text_of(row->info.default_text), &loaded->values, &wrong);
		assert(r == 0);
		(void)r;
	}
}

int loaded_new(const char *file_name, struct settings_loaded **ret)
{
	assert(host_settings_count() <= HOST_ROWS_MAX);
	struct settings_loaded *loaded =
		calloc(1, sizeof(*loaded) + settings_count() * sizeof(loaded->places[0]));

	if (!loaded)
		return -ENOMEM;
	loaded->file_name = text_dup(text_of(file_name));
	if (!loaded->file_name) {
		settings_free(&loaded);
		return -ENOMEM;
	}
	set_defaults(loaded);
	*ret = loaded;
	return 0;
}

int settings_load_all(const struct settings_source *source, struct settings_loaded **ret,
		      struct settings_error *ret_error)
{
	struct settings_loaded *loaded = NULL;

	int r = loaded_new(source->file_name, &loaded);
	if (r == 0)
		r = loaded_take_stored(loaded, source->stored, source->n_stored);
	if (r == 0)
		r = parse_file(loaded, source->ini, ret_error);
	for (size_t i = 0; r == 0 && i < source->n_overrides; i++)
		r = parse_override(loaded, text_of(source->overrides[i]), ret_error);
	if (r < 0) {
		settings_free(&loaded);
		return r;
	}
	*ret = loaded;
	return 0;
}

int settings_load(const char *file_name, struct text ini, const char *const overrides[],
		  size_t n_overrides, struct settings_loaded **ret,
		  struct settings_error *ret_error)
{
	const struct settings_source source = {
		.file_name = file_name,
		.ini = ini,
		.overrides = overrides,
		.n_overrides = n_overrides,
	};

	return settings_load_all(&source, ret, ret_error);
}

void settings_free(struct settings_loaded **loaded)
{
	if (*loaded) {
		free((*loaded)->file_name);
		free((*loaded)->hosts);
		free((*loaded)->host_places);
		free((*loaded)->problems);
		for (size_t i = 0; i < settings_count(); i++)
			free((*loaded)->places[i].wanted);
	}
	free(*loaded);
	*loaded = NULL;
}

const struct settings *settings_values(const struct settings_loaded *loaded)
{
	return &loaded->values;
}

const char *settings_file_name(const struct settings_loaded *loaded)
{
	return loaded->file_name;
}

int settings_format_value(const struct settings *values, size_t index, char *ret, size_t ret_size)
{
	struct buf out;

	buf_init(&out, ret, ret_size);
	value_format(registry_row(index), values, &out);
	return out.has_overflowed ? -ENOBUFS : 0;
}

enum settings_origin settings_origin(const struct settings_loaded *loaded, size_t index)
{
	assert(index < settings_count());
	return loaded->places[index].origin;
}

unsigned settings_line(const struct settings_loaded *loaded, size_t index)
{
	assert(index < settings_count());
	return loaded->places[index].line;
}

void settings_format_place(const struct settings_loaded *loaded, size_t index,
			   char ret[static SETTINGS_PLACE_SIZE])
{
	switch (settings_origin(loaded, index)) {
	case ORIGIN_DEFAULT:
		(void)snprintf(ret, SETTINGS_PLACE_SIZE, "default");
		break;
	case ORIGIN_DATABASE:
		(void)snprintf(ret, SETTINGS_PLACE_SIZE, "database");
		break;
	case ORIGIN_FILE:
		(void)snprintf(ret, SETTINGS_PLACE_SIZE, "%s:%u", shown_name(loaded->file_name),
			       settings_line(loaded, index));
		break;
	case ORIGIN_COMMAND_LINE:
		(void)snprintf(ret, SETTINGS_PLACE_SIZE, "command line");
		break;
	}
}

int host_settings_format_value(const struct host_settings *host, size_t index, char *ret,
			       size_t ret_size)
{
	struct buf out;

	buf_init(&out, ret, ret_size);
	value_format(registry_host_row(index), host, &out);
	return out.has_overflowed ? -ENOBUFS : 0;
}

unsigned host_settings_line(const struct settings_loaded *loaded, size_t host, size_t index)
{
	assert(host < loaded->values.n_hosts && index < host_settings_count());
	return loaded->host_places[host].lines[index];
}

unsigned host_settings_first_line(const struct settings_loaded *loaded, size_t host)
{
	assert(host < loaded->values.n_hosts);
	return loaded->host_places[host].first_line;
}

void host_settings_format_place(const struct settings_loaded *loaded, size_t host, size_t index,
				char ret[static SETTINGS_PLACE_SIZE])
{
	unsigned line = host_settings_line(loaded, host, index);

	if (line == 0)
		(void)snprintf(ret, SETTINGS_PLACE_SIZE, "default");
	else
		(void)snprintf(ret, SETTINGS_PLACE_SIZE, "%s:%u", shown_name(loaded->file_name),
			       line);
}
