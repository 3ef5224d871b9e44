/* manager/api_user_file.c - users in files: POST /users/import takes CSV or JSON, as GET
 * /users/export?format=csv|json writes them. */
#include "manager/api_handlers.h"

#include "accounts/account_page.h"
#include "manager/api_access.h"
#include "manager/api_limits.h"
#include "manager/api_query.h"
#include "manager/api_rights.h"
#include "manager/json_fields.h"
#include "manager/user_import.h"
#include "manager/user_table.h"

/* --- import ----------------------------------------------------------------------------------- */

/* {"users": [...]}, or the array alone; the line of a user is its place in the array, from 1. */
static unsigned read_json(struct api_request *request, struct user_import *import)
{
	static const struct json_field fields[] = { { "users", FIELD_OBJECTS, true } };
	struct json_fields_error error;
	json_error_t wrong;
	json_t *body =
		json_loadb(request->body.ptr, request->body.len, JSON_REJECT_DUPLICATES, &wrong);

	if (!body)
		return api_problem(request, 400, NULL,
				   "The body is not JSON: line %d, column %d: %s.", wrong.line,
				   wrong.column, wrong.text);
	if (json_is_array(body))
		body = json_pack("{s:o}", "users", body);
	unsigned status = 0;

	if (!json_is_object(body))
		status = api_problem(request, 422, NULL, "The body must be an object or an array.");
	else if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0)
		status = api_problem(request, 422, error.field, "%s", error.text);
	else
		(void)json_array_extend(import->users, json_object_get(body, "users"));
	json_decref(body);
	for (size_t i = 0; i < json_array_size(import->users); i++)
		(void)json_array_append_new(import->lines, json_integer((json_int_t)i + 1));
	return status;
}

static unsigned read_body(struct api_request *request, struct user_import *import)
{
	const char *type = api_request_header(request, "Content-Type");
	struct text rest = text_of(type), media = T("");

	if (type)
		(void)text_take_until(&rest, ';', &media);
	media = text_trim(media);
	if (text_equal_nocase(media, T("application/json")))
		return read_json(request, import);
	if (!text_equal_nocase(media, T("text/csv")))
		return api_problem(request, 415, NULL,
				   "The Content-Type must be text/csv or application/json.");
	user_table_read(request->body, import->users, import->lines, import->errors);
	return 0;
}

/* Nothing was changed: the first error in words, and all of them. */
static unsigned refuse(struct api_request *request, struct user_import *import)
{
	const json_t *first = json_array_get(import->errors, 0);
	const char *field = json_string_value(json_object_get(first, "field"));
	size_t n = json_array_size(import->errors);

	(void)api_problem(request, 422, field,
			  "Nothing was changed, for %zu %s wrong. Line %" JSON_INTEGER_FORMAT
			  "%s%s: %s",
			  n, n == 1 ? "entry is" : "entries are",
			  json_integer_value(json_object_get(first, "line")), field ? ", " : "",
			  field ? field : "", json_string_value(json_object_get(first, "detail")));
	(void)json_object_set_new(request->answer, "created", json_integer(0));
	(void)json_object_set_new(request->answer, "updated", json_integer(0));
	(void)json_object_set(request->answer, "errors", import->errors);
	return 422;
}

static unsigned run_import(struct api_request *request, struct user_import *import)
{
	bool is_trial = false;
	unsigned status = api_query_flag(request, "dry_run", &is_trial);

	if (status == 0)
		status = read_body(request, import);
	if (status == 0)
		status = user_import_check(request, import);
	if (status != 0)
		return status;
	if (!is_trial && json_array_size(import->errors) > 0)
		return refuse(request, import);
	if (!is_trial)
		status = user_import_store(request, import);
	if (status == 0)
		request->answer =
			json_pack("{s:I, s:I, s:b, s:O}", "created", import->created, "updated",
				  import->updated, "dry_run", is_trial, "errors", import->errors);
	return status == 0 ? 200 : status;
}

unsigned api_users_import(struct api_request *request)
{
	struct user_import import;

	user_import_init(&import);
	unsigned status = run_import(request, &import);
	user_import_release(&import);
	return status;
}

/* --- export ----------------------------------------------------------------------------------- */

#define PAGE 500u

struct export
{
	struct api_request *request;
	FILE *file;
	bool is_csv, wants_hashes;
	json_t *page;
	size_t n;
};

/* What POST /users takes. */
static void add_account(const struct account *account, void *arg)
{
	struct export *export = arg;
	json_t *user =
		json_pack("{s:o, s:o, s:b, s:o}", "name", api_text(text_of(account->name)), "home",
			  api_text(text_of(account->home)), "enabled", account->is_enabled,
			  "permissions", api_permissions(account->permissions));

	if (export->wants_hashes)
		(void)json_object_set_new(user, "password_hash",
					  json_string(account->password_hash));
	api_limits_add_user(user, account);
	api_access_add(user, &account->access);
	(void)json_object_del(user, "expired");
	(void)json_array_append_new(export->page, user);
}

static int add_rights(struct export *export, json_t *user)
{
	struct text name = text_of(json_string_value(json_object_get(user, "name")));
	struct rights rights;
	int r = rights_get(export->request->context->accounts, name, &rights);

	if (r < 0)
		return r;
	(void)json_object_set_new(user, "group", api_text_or_null(rights.group));
	if (rights.inherits_permissions)
		(void)json_object_set_new(user, "permissions", json_null());
	api_rights_add(user, &rights);
	return 0;
}

static int write_user(struct export *export, json_t *user)
{
	int r = add_rights(export, user);

	if (r < 0)
		return r;
	if (export->is_csv) {
		user_table_write(export->file, user, export->wants_hashes);
	} else {
		(void)fputs(export->n > 0 ? ",\n" : "\n", export->file);
		(void)json_dumpf(user, export->file, JSON_COMPACT);
	}
	export->n++;
	return 0;
}

static int write_users(struct export *export)
{
	const struct account_filter everybody = { .enabled = -1 };
	char after[USER_NAME_MAX + 1] = "";
	size_t n;
	int r;

	do {
		export->page = json_array();
		r = account_page(export->request->context->accounts, &everybody, after, PAGE,
				 add_account, export);
		n = json_array_size(export->page);
		for (size_t i = 0; r == 0 && i < n; i++) {
			json_t *user = json_array_get(export->page, i);

			r = write_user(export, user);
			text_copy_cut(json_string_value(json_object_get(user, "name")), after,
				      sizeof(after));
		}
		json_decref(export->page);
	} while (r == 0 && n == PAGE);
	return r;
}

static unsigned answer_export(struct export *export)
{
	struct api_request *request = export->request;
	char *text = NULL;
	size_t len = 0;

	export->file = open_memstream(&text, &len);
	if (!export->file)
		return api_problem_errno(request, -ENOMEM, "");
	if (export->is_csv)
		user_table_write_names(export->file, export->wants_hashes);
	else
		(void)fputs("{\"users\": [", export->file);
	int r = write_users(export);
	(void)fputs(export->is_csv ? "" : "\n]}\n", export->file);
	if (fclose(export->file) != 0 && r == 0)
		r = -ENOMEM;
	api_answer_as_file(request, export->is_csv ? "users.csv" : "users.json");
	unsigned status = r < 0 ? api_problem_errno(request, r, "")
				: api_text_answer(request,
						  export->is_csv ? "text/csv; charset=utf-8"
								 : "application/json",
						  (struct text){ text, len });
	if (text)
		explicit_bzero(text, len); /* there may be hashes */
	free(text);
	return status;
}

unsigned api_users_export(struct api_request *request)
{
	static const char *const formats[] = { "csv", "json" };
	struct export export = { .request = request };
	int format = 0;
	unsigned status = api_query_word(request, "format", formats, ARRAY_SIZE(formats), &format);

	if (status == 0)
		status = api_query_flag(request, "hashes", &export.wants_hashes);
	if (status != 0)
		return status;
	/* They leave only for those who could read the database itself. */
	if (export.wants_hashes &&
	    (request->asker.via != VIA_LOCAL || request->asker.role != ROLE_OWNER))
		return api_problem(request, 403, "hashes",
				   "Hashes of passwords are given over the Unix socket only: run "
				   "`sallyport user export --hashes` on the server.");
	export.is_csv = format == 0;
	return answer_export(&export);
}
