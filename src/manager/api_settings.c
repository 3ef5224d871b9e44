/* manager/api_settings.c - GET, PATCH /settings: every setting with where its value comes from;
 * POST /settings/check: what a change would lead to; POST /settings/external-address/detect.
 *
 * A change is tried as a whole, stored, and taken up by a reload. When the server refuses it there
 * (a file that cannot be read, a port that another program has), what was stored before is put
 * back: the database never holds what the server does not run on. */
#include "manager/api_handlers.h"

#include "accounts/stored_settings.h"
#include "base/log.h"
#include "manager/audit_note.h"
#include "manager/examiner_link.h"
#include "manager/reload_wait.h"
#include "manager/settings_advice.h"

static const char *const origin_names[] = { [ORIGIN_DEFAULT] = "default",
					    [ORIGIN_DATABASE] = "database",
					    [ORIGIN_FILE] = "file",
					    [ORIGIN_COMMAND_LINE] = "command line" };

static json_t *words_json(size_t index)
{
	const char *const *words = settings_words(index);
	json_t *list = words ? json_array() : json_null();

	for (size_t i = 0; words && words[i]; i++)
		(void)json_array_append_new(list, json_string(words[i]));
	return list;
}

/* A secret is shown as set or not set. */
static void format_value(const struct settings *values, size_t index,
			 char ret[static SETTINGS_LIST_SIZE])
{
	if (settings_format_value(values, index, ret, SETTINGS_LIST_SIZE) < 0)
		ret[0] = '\0';
	if (settings_info(index)->is_secret && *ret)
		(void)snprintf(ret, SETTINGS_LIST_SIZE, "(set)");
}

/* Numbers and switches as such, for who computes with them; everything else is text. */
static json_t *typed_value(size_t index, const char *text)
{
	const char *type = settings_type(index);
	uint64_t number;

	if (strcmp(type, "bool") == 0)
		return json_boolean(strcmp(text, "yes") == 0);
	if ((strcmp(type, "uint") == 0 || strcmp(type, "size") == 0) &&
	    text_to_uint(text_of(text), INT64_MAX, &number) == 0)
		return json_integer((json_int_t)number);
	return api_text(text_of(text));
}

/* What it is to be after a restart: in another configuration when that is given. */
static json_t *setting_json(const struct settings_loaded *loaded,
			    const struct settings_loaded *wanted, size_t index)
{
	const struct setting_info *info = settings_info(index);
	const struct settings_loaded *told = wanted ? wanted : loaded;
	bool needs_restart = info->change == CHANGE_RESTART;
	const char *pending = settings_pending(loaded, index);
	char value[SETTINGS_LIST_SIZE], next[SETTINGS_LIST_SIZE], place[SETTINGS_PLACE_SIZE];

	format_value(settings_values(needs_restart ? loaded : told), index, value);
	format_value(settings_values(told), index, next);
	if (wanted && needs_restart)
		pending = strcmp(value, next) != 0 ? next : NULL;
	settings_format_place(told, index, place);

	enum settings_origin origin = settings_origin(told, index);
	json_t *json =
		json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s}", "name", info->name, "section",
			  info->section, "value", typed_value(index, value), "text",
			  api_text(text_of(value)), "default", info->default_text, "origin",
			  origin_names[origin], "place", place, "help", info->help);
	json_t *rest = json_pack(
		"{s:s, s:s, s:s, s:o, s:s, s:b, s:b, s:s?}", "unit", info->unit, "allowed",
		info->allowed, "type", settings_type(index), "words", words_json(index), "needs",
		needs_restart ? "restart" : "reload", "secret", info->is_secret, "editable",
		settings_is_editable(index) && origin <= ORIGIN_DATABASE, "pending", pending);

	(void)json_object_update(json, rest);
	json_decref(rest);
	return json;
}

static json_t *problems_json(const struct settings_loaded *loaded)
{
	json_t *list = json_array();

	for (size_t i = 0; i < settings_problem_count(loaded); i++) {
		const struct settings_problem *problem = settings_problem(loaded, i);

		(void)json_array_append_new(
			list, json_pack("{s:o, s:o}", "name", api_text(text_of(problem->name)),
					"detail", api_text(text_of(problem->detail))));
	}
	return list;
}

static json_t *all_json(const struct settings_loaded *loaded)
{
	json_t *list = json_array();
	bool waits = false;

	for (size_t i = 0; i < settings_count(); i++) {
		(void)json_array_append_new(list, setting_json(loaded, NULL, i));
		waits = waits || settings_pending(loaded, i);
	}
	return json_pack("{s:o, s:b, s:s, s:o}", "settings", list, "pending_restart", waits, "file",
			 settings_file_name(loaded), "problems", problems_json(loaded));
}

unsigned api_settings_get(struct api_request *request)
{
	char etag[API_ETAG_SIZE];

	request->answer = all_json(request->context->loaded);
	api_etag_of(request->answer, NULL, 0, etag);
	api_etag(request, etag);
	return 200;
}

/* --- a change --------------------------------------------------------------------------------- */

struct change {
	struct stored_change items[STORED_SETTINGS_MAX]; /* what the body asks for */
	size_t n;
	struct stored_list before; /* what is stored now */
	struct settings_loaded *wanted;
	char *texts[STORED_SETTINGS_MAX]; /* of numbers and switches */
	size_t n_texts;
};

static void change_release(struct change *change)
{
	stored_list_release(&change->before);
	settings_free(&change->wanted);
	for (size_t i = 0; i < change->n_texts; i++)
		free(change->texts[i]);
}

static const char *stored_value(const struct stored_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return list->items[i].value;
	return NULL;
}

/* 409: another place is stronger. A stored value beneath it may be taken away. */
static unsigned check_place(struct api_request *request, const struct change *change, size_t index,
			    const json_t *value)
{
	const struct settings_loaded *loaded = request->context->loaded;
	const char *name = settings_info(index)->name;
	char place[SETTINGS_PLACE_SIZE];

	if (settings_origin(loaded, index) > ORIGIN_DATABASE &&
	    !(json_is_null(value) && stored_value(&change->before, name))) {
		settings_format_place(loaded, index, place);
		return api_problem(request, 409, name,
				   "%s is set by %s, which is stronger than what the manager "
				   "stores: change it there.",
				   name, place);
	}
	if (!settings_is_editable(index))
		return api_problem(request, 409, name,
				   "%s can be set in the configuration file and on the command "
				   "line only.",
				   name);
	return 0;
}

/* The value as it would be written in the file. */
static unsigned take_value(struct api_request *request, struct change *change, const char *name,
			   const json_t *value)
{
	struct stored_change *item = &change->items[change->n];
	char number[24];

	*item = (struct stored_change){ .name = name };
	if (json_is_string(value)) {
		item->value = json_string_value(value);
		if (strlen(item->value) != json_string_length(value))
			return api_problem(request, 422, name, "%s holds a NUL byte.", name);
	} else if (json_is_boolean(value)) {
		item->value = json_is_true(value) ? "yes" : "no";
	} else if (json_is_integer(value)) {
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			       json_integer_value(value));
		item->value = change->texts[change->n_texts] = text_dup(text_of(number));
		if (!item->value)
			return api_problem(request, 500, NULL, "Memory is short.");
		change->n_texts++;
	} else if (!json_is_null(value)) {
		return api_problem(request, 422, name,
				   "%s must be a text as in the file, a number, true, false, or "
				   "null for what it is without.",
				   name);
	}
	change->n++;
	return 0;
}

static unsigned take_body(struct api_request *request, json_t *body, struct change *change)
{
	unsigned status = 0;
	const char *name;
	json_t *value;

	json_object_foreach(body, name, value)
	{
		ptrdiff_t index = settings_find(text_of(name));
		const char *nearest = settings_suggest(text_of(name));

		if (change->n == STORED_SETTINGS_MAX)
			return api_problem(request, 422, NULL, "That are too many settings.");
		if (index < 0)
			return api_problem(request, 422, name,
					   "The setting \"%.100s\" is not known here%s%s%s.", name,
					   nearest ? "; did you mean " : "", nearest ? nearest : "",
					   nearest ? "?" : "");
		status = check_place(request, change, (size_t)index, value);
		if (status == 0)
			status = take_value(request, change, settings_info((size_t)index)->name,
					    value);
		if (status != 0)
			return status;
	}
	return 0;
}

static const struct stored_change *find_change(const struct change *change, const char *name)
{
	for (size_t i = 0; i < change->n; i++)
		if (strcmp(change->items[i].name, name) == 0)
			return &change->items[i];
	return NULL;
}

/* What would be stored; those that are no good today and are not spoken of stay out of it. */
static size_t merge(const struct api_request *request, const struct change *change,
		    struct stored_setting ret[static 2 * STORED_SETTINGS_MAX])
{
	const struct settings_loaded *loaded = request->context->loaded;
	size_t n = 0;

	for (size_t i = 0; i < change->before.n; i++) {
		const struct stored_change *item = &change->before.items[i];
		bool is_bad = find_change(change, item->name) != NULL;

		for (size_t p = 0; p < settings_problem_count(loaded); p++)
			if (strcmp(settings_problem(loaded, p)->name, item->name) == 0)
				is_bad = true;
		if (!is_bad)
			ret[n++] = (struct stored_setting){ item->name, item->value };
	}
	for (size_t i = 0; i < change->n; i++)
		if (change->items[i].value)
			ret[n++] = (struct stored_setting){ change->items[i].name,
							    change->items[i].value };
	return n;
}

/* Tries the whole configuration. 0, or 422 with *ret_name and the words. */
static int try_change(const struct api_request *request, struct change *change,
		      const char **ret_name, struct settings_error *ret_error)
{
	AUTO_FREE struct stored_setting *merged = calloc(2 * STORED_SETTINGS_MAX, sizeof(*merged));
	static const char no_memory[] = "memory is short";

	*ret_name = NULL;
	if (!merged) {
		memcpy(ret_error->text, no_memory, sizeof(no_memory));
		return -ENOMEM;
	}
	size_t n = merge(request, change, merged);
	int r = settings_with_stored(request->context->loaded, merged, n, &change->wanted, ret_name,
				     ret_error);

	if (r == 0)
		r = settings_check(settings_values(change->wanted), ret_error);
	return r;
}

/* "passive_ports: the range ..." names its setting first. */
static const char *name_in(const struct settings_error *error, const char *known)
{
	struct text words = text_of(error->text), name;
	ptrdiff_t index;

	if (known || !text_take_until(&words, ':', &name))
		return known;
	index = settings_find(name);
	return index < 0 ? NULL : settings_info((size_t)index)->name;
}

static unsigned begin_change(struct api_request *request, json_t **ret_body, struct change *change)
{
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	*change = (struct change){ .n = 0 };
	*ret_body = body;
	if (!body)
		return status;

	int r = stored_settings_get(request->context->shelf, &change->before);

	return r < 0 ? api_problem(request, 500, NULL, "The settings cannot be read: %s.",
				   strerrordesc_np(-r))
		     : take_body(request, body, change);
}

unsigned api_settings_check(struct api_request *request)
{
	const struct settings *running = request->context->settings;
	struct settings_error error = { "" };
	struct change change;
	const char *name = NULL;
	json_t *body = NULL, *problems = json_array(), *warnings = NULL;
	unsigned status = begin_change(request, &body, &change);

	if (status == 0 && try_change(request, &change, &name, &error) < 0) {
		const char *shown = name_in(&error, name);

		(void)json_array_append_new(problems,
					    json_pack("{s:s?, s:o}", "name", shown, "detail",
						      api_text(text_of(error.text))));
	} else if (status == 0) {
		json_t *around = examiner_look_around(request->context->supervisor, "");

		warnings = settings_warnings(settings_values(change.wanted), running, around);
		json_decref(around);
	}
	if (status == 0) {
		request->answer = json_pack("{s:b, s:O, s:o}", "ok", json_array_size(problems) == 0,
					    "problems", problems, "warnings",
					    warnings ? warnings : json_array());
		status = 200;
	}
	json_decref(problems);
	change_release(&change);
	json_decref(body);
	return status;
}

/* What was stored before, so that all is as it was. */
static void put_back(struct api_request *request, const struct change *change)
{
	struct stored_change old[STORED_SETTINGS_MAX];

	for (size_t i = 0; i < change->n; i++)
		old[i] = (struct stored_change){
			change->items[i].name, stored_value(&change->before, change->items[i].name)
		};

	int r = stored_settings_change(request->context->shelf, old, change->n);

	if (r < 0)
		log_event(LOG_ERROR, "settings-not-put-back", F_ERRNO(r));
}

static void note_change(struct api_request *request, const struct change *change, json_t *body)
{
	json_t *before = json_object();

	for (size_t i = 0; i < change->n; i++) {
		size_t index = (size_t)settings_find(text_of(change->items[i].name));
		char value[SETTINGS_LIST_SIZE];

		format_value(request->context->settings, index, value);
		(void)json_object_set_new(before, change->items[i].name, api_text(text_of(value)));
		if (settings_info(index)->is_secret)
			(void)json_object_set_new(body, change->items[i].name,
						  json_string("changed"));
	}
	audit_note_done(request, "settings-changed", "settings", before, body);
	json_decref(before);
}

static unsigned answer_change(struct api_request *request, const struct change *change,
			      bool is_reloaded)
{
	json_t *rows = json_array(), *restarts = json_array();

	for (size_t i = 0; i < change->n; i++) {
		size_t index = (size_t)settings_find(text_of(change->items[i].name));
		json_t *row = setting_json(request->context->loaded, change->wanted, index);

		if (!json_is_null(json_object_get(row, "pending")))
			(void)json_array_append_new(restarts, json_string(change->items[i].name));
		(void)json_array_append_new(rows, row);
	}
	request->answer = json_pack("{s:o, s:b, s:o}", "settings", rows, "reloaded", is_reloaded,
				    "needs_restart", restarts);
	return 200;
}

static unsigned store_and_reload(struct api_request *request, struct change *change, json_t *body)
{
	const struct api_context *context = request->context;
	struct server_view view;
	int r = stored_settings_change(context->shelf, change->items, change->n);

	if (r < 0)
		return api_problem(request, 500, NULL, "The settings cannot be stored: %s.",
				   strerrordesc_np(-r));
	r = reload_and_wait(context->board, context->supervisor, view.last_reload_error,
			    sizeof(view.last_reload_error));
	if (r < 0 && r != -ETIMEDOUT) {
		put_back(request, change);
		if (r == -ECANCELED)
			return api_problem(request, 422,
					   change->n == 1 ? change->items[0].name : NULL,
					   "The server cannot take this up, nothing was changed: "
					   "%s",
					   view.last_reload_error);
		return api_problem(request, 503, NULL,
				   "The supervisor cannot be reached, nothing was changed: %s.",
				   strerrordesc_np(-r));
	}
	note_change(request, change, body);
	return answer_change(request, change, r == 0);
}

unsigned api_settings_patch(struct api_request *request)
{
	struct settings_error error = { "" };
	char etag[API_ETAG_SIZE];
	struct change change;
	const char *name = NULL;
	json_t *body = NULL, *current = all_json(request->context->loaded);

	api_etag_of(current, NULL, 0, etag);
	json_decref(current);
	unsigned status = api_if_match(request, etag);
	if (status != 0)
		return status;
	status = begin_change(request, &body, &change);
	if (status == 0 && try_change(request, &change, &name, &error) < 0)
		status = api_problem(request, 422, name_in(&error, name), "%s.", error.text);
	if (status == 0)
		status = store_and_reload(request, &change, body);
	change_release(&change);
	json_decref(body);
	return status;
}

unsigned api_settings_detect(struct api_request *request)
{
	const struct api_context *context = request->context;
	json_t *around = examiner_look_around(context->supervisor, context->settings->server_name);

	request->answer = settings_detect_external(context->settings, context->board, around);
	json_decref(around);
	return 200;
}
