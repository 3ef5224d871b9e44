/* manager/user_import.c - see user_import.h. */
#include "manager/user_import.h"

#include "base/log.h"
#include "manager/audit_note.h"
#include "manager/user_change.h"
#include "manager/user_table.h"

/* Of one import, in the audit trail. */
#define NAMES_NOTED 1000u

void user_import_init(struct user_import *import)
{
	*import = (struct user_import){ json_array(), json_array(), json_array(), 0, 0 };
}

void user_import_release(struct user_import *import)
{
	json_decref(import->users);
	json_decref(import->lines);
	json_decref(import->errors);
}

static json_int_t line_of(const struct user_import *import, size_t i)
{
	return json_integer_value(json_array_get(import->lines, i));
}

static const char *name_of(const struct user_import *import, size_t i)
{
	const json_t *user = json_array_get(import->users, i);

	return json_string_value(json_object_get(user, "name"));
}

/* --- checking --------------------------------------------------------------------------------- */

struct checking {
	struct user_import *import;
	struct user_change change;
	json_t *names; /* of each user its line */
	unsigned n_passwords;
	bool is_wrong; /* the line, as it was read: its user would not be made */
	struct password_kinds kinds;
	char group[USER_NAME_MAX + 1]; /* the last one that was there */
};

/* A problem with one user becomes an error of its line. 0, or the status of what is no user's. */
static unsigned take_problem(struct api_request *request, struct user_import *import,
			     unsigned status, json_int_t line)
{
	if (status == 0 || status >= 500)
		return status;
	const json_t *problem = request->answer;
	const char *detail = json_string_value(json_object_get(problem, "detail"));

	user_table_error(import->errors, line, json_string_value(json_object_get(problem, "field")),
			 "%s", detail ? detail : "This user cannot be stored.");
	json_decref(request->answer);
	request->answer = NULL;
	request->is_problem = false;
	return 0;
}

static bool has_error(const struct user_import *import, json_int_t line)
{
	const json_t *error;
	size_t i;

	json_array_foreach(import->errors, i, error)
	{
		if (json_integer_value(json_object_get(error, "line")) == line)
			return true;
	}
	return false;
}

/* quota_bytes and quota_files as the API has them. */
static void fold_quota(json_t *user)
{
	static const char *const names[][2] = { { "quota_bytes", "bytes" },
						{ "quota_files", "files" } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *value = json_object_get(user, names[i][0]);
		json_t *quota = json_object_get(user, "quota");

		if (!value)
			continue;
		if (!quota)
			(void)json_object_set_new(user, "quota", json_object());
		(void)json_object_set(json_object_get(user, "quota"), names[i][1], value);
		(void)json_object_del(user, names[i][0]);
	}
}

static unsigned check_group(struct api_request *request, struct checking *checking)
{
	const char *name = checking->change.rights.group;
	struct group *group;

	if (!(checking->change.rights_parts & RIGHTS_GROUP) || !*name ||
	    strcmp(name, checking->group) == 0)
		return 0;
	group = calloc(1, sizeof(*group));
	int r = group ? group_get(request->context->accounts, text_of(name), group) : -ENOMEM;
	free(group);
	if (r < 0)
		return user_change_problem(request, r == -ENOENT ? -ENXIO : r, name,
					   &checking->change);
	memcpy(checking->group, name, sizeof(checking->group));
	return 0;
}

/* The values of a user whose members are known. */
static unsigned check_values(struct api_request *request, struct checking *checking,
			     const json_t *user, const char *name)
{
	struct account *account = &checking->change.account;
	int r = accounts_get(request->context->accounts, text_of(name), account);
	bool is_there = r == 0;
	unsigned status;

	if (r < 0 && r != -ENOENT)
		return api_problem_errno(request, r, name);
	status = is_there ? user_change_read(request, user, name, &checking->change)
			  : user_change_read_new(request, user, &checking->change);
	if (status == 0)
		status = user_change_check_password(request, user, &checking->kinds);
	if (status == 0)
		status = check_group(request, checking);
	checking->n_passwords += json_object_get(user, "password") != NULL;
	if (status == 0 && checking->n_passwords > USER_IMPORT_PASSWORDS)
		status = api_problem(request, 422, "password",
				     "One file may set %u passwords, since each takes a while: "
				     "split it, or give password_hash.",
				     USER_IMPORT_PASSWORDS);
	checking->import->created += status == 0 && !checking->is_wrong && !is_there;
	checking->import->updated += status == 0 && !checking->is_wrong && is_there;
	return status;
}

static unsigned check_user(struct api_request *request, struct checking *checking, json_t *user,
			   json_int_t line)
{
	struct json_fields_error error;

	fold_quota(user);
	if (json_fields_check(user, user_change_fields, USER_CHANGE_FIELDS, &error) < 0)
		return api_problem(request, 422, error.field, "%s", error.text);

	const char *name = json_string_value(json_object_get(user, "name"));
	const json_t *before = json_object_get(checking->names, name);

	if (before)
		return api_problem(request, 422, "name",
				   "The user stands in line %" JSON_INTEGER_FORMAT " already.",
				   json_integer_value(before));
	(void)json_object_set_new(checking->names, name, json_integer(line));
	return check_values(request, checking, user, name);
}

unsigned user_import_check(struct api_request *request, struct user_import *import)
{
	struct checking *checking = calloc(1, sizeof(*checking));
	unsigned status = 0;

	if (!checking)
		return api_problem(request, 500, NULL, "Memory is short.");
	checking->import = import;
	checking->names = json_object();
	import->created = import->updated = 0;
	for (size_t i = 0; status == 0 && i < json_array_size(import->users) &&
			   json_array_size(import->errors) < USER_IMPORT_ERRORS;
	     i++) {
		json_int_t line = line_of(import, i);

		checking->is_wrong = has_error(import, line);
		status = check_user(request, checking, json_array_get(import->users, i), line);
		status = take_problem(request, import, status, line);
	}
	json_decref(checking->names);
	explicit_bzero(checking, sizeof(*checking));
	free(checking);
	return status;
}

/* --- storing ---------------------------------------------------------------------------------- */

/* Before the transaction, which others wait for. */
static unsigned hash_passwords(struct api_request *request, struct user_import *import)
{
	char hash[PASSWORD_HASH_SIZE];

	for (size_t i = 0; i < json_array_size(import->users); i++) {
		json_t *user = json_array_get(import->users, i);
		const char *password = json_string_value(json_object_get(user, "password"));
		int r = password ? password_hash(text_of(password), hash) : 0;

		if (r < 0)
			return api_problem(request, 500, NULL,
					   "The password of line %" JSON_INTEGER_FORMAT
					   " could not be hashed: %s.",
					   line_of(import, i), strerrordesc_np(-r));
		if (!password)
			continue;
		(void)json_object_set_new(user, "password_hash", json_string(hash));
		(void)json_object_del(user, "password");
	}
	return 0;
}

/* A user that has come or gone since it was checked is found out here. */
static unsigned store_user(struct api_request *request, const json_t *user, const char *name,
			   struct user_change *change)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_get(accounts, text_of(name), &change->account);
	bool is_there = r == 0;
	unsigned status = is_there ? user_change_read(request, user, name, change)
				   : user_change_read_new(request, user, change);

	if (status == 0)
		status = user_change_hash(request, user, change);
	if (status != 0)
		return status;
	r = is_there
		    ? rights_change_account(accounts, text_of(name), change->parts,
					    &change->account, change->rights_parts, &change->rights)
		    : rights_add_account(accounts, &change->account, change->rights_parts,
					 &change->rights);
	return r < 0 ? user_change_problem(request, r, name, change) : 0;
}

static int note_import(struct api_request *request, const struct user_import *import)
{
	size_t n = json_array_size(import->users);
	json_t *names = json_array();

	for (size_t i = 0; i < MIN_OF(n, (size_t)NAMES_NOTED); i++)
		(void)json_array_append_new(names, json_string(name_of(import, i)));
	json_t *after = json_pack("{s:I, s:I, s:o}", "created", import->created, "updated",
				  import->updated, "names", names);
	int r = audit_note(request, "users-imported", "users", NULL, after);

	json_decref(after);
	return r;
}

/* In one transaction. */
static unsigned store_users(struct api_request *request, struct user_import *import,
			    struct user_change *change)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);
	unsigned status = 0;

	if (r < 0)
		return api_problem_errno(request, r, "");
	for (size_t i = 0; status == 0 && i < json_array_size(import->users); i++)
		status = store_user(request, json_array_get(import->users, i), name_of(import, i),
				    change);
	if (status == 0)
		r = note_import(request, import);
	r = accounts_end(accounts, status == 0 ? r : -ECANCELED);
	if (status != 0)
		return status;
	return r < 0 ? api_problem_errno(request, r, "") : 0;
}

unsigned user_import_store(struct api_request *request, struct user_import *import)
{
	struct user_change *change = calloc(1, sizeof(*change));
	unsigned status = change ? hash_passwords(request, import)
				 : api_problem(request, 500, NULL, "Memory is short.");

	if (status == 0)
		status = store_users(request, import, change);
	if (change)
		explicit_bzero(change, sizeof(*change));
	free(change);
	if (status != 0)
		return status;
	api_members_changed(request);
	for (size_t i = 0; i < json_array_size(import->users); i++)
		if (json_is_false(json_object_get(json_array_get(import->users, i), "enabled")))
			user_change_kick(request, name_of(import, i), USER_DISABLED_REASON);
	log_event(LOG_INFO, "users-imported", F_INT("created", import->created),
		  F_INT("updated", import->updated), F_STR("by", request->asker.name));
	return 0;
}
