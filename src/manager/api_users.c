/* manager/api_users.c - the users: list, add, look at, change, delete. Every change is committed
 * before anyone is told of it: see worker_links.h. */
#include "manager/api_handlers.h"

#include "accounts/account_page.h"
#include "base/log.h"
#include "manager/api_access.h"
#include "manager/api_limits.h"
#include "manager/api_query.h"
#include "manager/api_rights.h"
#include "manager/audit_note.h"
#include "manager/board_users.h"
#include "manager/json_fields.h"

#define REASON_DISABLED "Your account has been disabled by the administrator."
#define REASON_DELETED "Your account has been deleted by the administrator."

/* The first of these is for POST only. */
static const struct json_field user_fields[] = {
	{ "name", FIELD_STRING, true },
	{ "password", FIELD_STRING, false },
	{ "password_hash", FIELD_STRING, false },
	{ "home", FIELD_STRING, false },
	{ "enabled", FIELD_BOOLEAN, false },
	{ "permissions", FIELD_STRINGS_OR_NULL, false },
	{ "group", FIELD_STRING_OR_NULL, false },
	API_LIMITS_FIELDS,
	API_ACCESS_FIELDS,
	API_RIGHTS_FIELDS,
};

/* What a body says of a user. */
struct user_change {
	unsigned parts; /* enum account_part */
	struct account account;
	unsigned rights_parts; /* enum rights_part */
	struct rights rights;
};

static json_t *user_json(const struct account *account, size_t sessions)
{
	json_t *user = json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:I}", "name",
				 api_text(text_of(account->name)), "home",
				 api_text(text_of(account->home)), "enabled", account->is_enabled,
				 "permissions", api_permissions(account->permissions), "created",
				 api_time(account->created_wall_ms), "last_login",
				 api_time(account->last_login_wall_ms), "last_login_from",
				 api_text_or_null(account->last_login_from), "sessions",
				 (json_int_t)sessions);

	api_limits_add_user(user, account);
	api_access_add(user, &account->access);
	return user;
}

/* Adds the group and what comes with it; the object has the account's own permissions yet. */
static int add_rights(struct api_request *request, json_t *user)
{
	struct accounts *accounts = request->context->accounts;
	struct text name = text_of(json_string_value(json_object_get(user, "name")));
	struct effective_rights effective;
	struct rights rights;
	int r = rights_get(accounts, name, &rights);

	if (r == 0)
		r = rights_get_effective(accounts, name, &effective);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* deleted meanwhile */
	if (effective.is_of_group)
		(void)json_object_set_new(user, "permissions",
					  api_permissions(effective.permissions));
	(void)json_object_set_new(user, "permissions_from",
				  json_string(effective.is_of_group ? "group" : "user"));
	(void)json_object_set_new(user, "group", api_text_or_null(rights.group));
	api_rights_add(user, &rights);
	api_limits_add_effective(user, &effective);
	return 0;
}

struct listing {
	json_t *list;
	const struct board_users *users;
};

static void list_user(const struct account *account, void *arg)
{
	struct listing *listing = arg;
	size_t sessions = board_users_sessions(listing->users, account->name);

	(void)json_array_append_new(listing->list, user_json(account, sessions));
}

static unsigned read_filter(struct api_request *request, char search[static API_ARGUMENT_SIZE],
			    char group[static API_ARGUMENT_SIZE], struct account_filter *ret)
{
	static const char *const words[] = { "false", "true" };
	unsigned status = api_query_text(request, "search", search);

	*ret = (struct account_filter){ .search = search, .enabled = -1 };
	if (status == 0)
		status = api_query_text(request, "group", group);
	if (*group)
		ret->group = group;
	return status == 0
		       ? api_query_word(request, "enabled", words, ARRAY_SIZE(words), &ret->enabled)
		       : status;
}

/* The users of one page, each with all that is known of it. 0 or -errno. */
static int list_page(struct api_request *request, const struct account_filter *filter,
		     const char *after, unsigned limit, json_t *list)
{
	struct board_users users;
	int r = board_users_init(&users, request->context->board);

	if (r < 0)
		return r;
	struct listing listing = { list, &users };
	r = account_page(request->context->accounts, filter, after, limit, list_user, &listing);
	board_users_release(&users);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = add_rights(request, json_array_get(list, i));
	return r;
}

unsigned api_users_get(struct api_request *request)
{
	char after[API_ARGUMENT_SIZE], search[API_ARGUMENT_SIZE], group[API_ARGUMENT_SIZE];
	struct account_filter filter;
	uint64_t total = 0;
	unsigned limit, status = api_page(request, &limit, after);

	if (status == 0)
		status = read_filter(request, search, group, &filter);
	if (status != 0)
		return status;

	json_t *list = json_array();
	int r = list_page(request, &filter, after, limit, list);
	if (r == 0)
		r = account_count(request->context->accounts, &filter, &total);
	if (r < 0) {
		json_decref(list);
		return api_problem_errno(request, r, "");
	}
	request->answer = json_pack("{s:o, s:o, s:I}", "users", list, "next",
				    api_next_name(list, limit), "total", (json_int_t)total);
	return 200;
}

/* They change by themselves: what was seen before they did is still what is changed. */
static const char *const volatile_members[] = { "last_login", "last_login_from", "sessions", "used",
						NULL };

/* The user as it is stored now, in request->answer. 0, or the status of a problem. */
static unsigned load_user(struct api_request *request, const char *name,
			  char ret_etag[static API_ETAG_SIZE])
{
	struct board_users users;
	struct account account;

	int r = accounts_get(request->context->accounts, text_of(name), &account);
	if (r < 0)
		return api_problem_errno(request, r, name);
	r = board_users_init(&users, request->context->board);
	if (r < 0) {
		explicit_bzero(&account, sizeof(account));
		return api_problem(request, 500, NULL, "Memory is short.");
	}
	request->answer = user_json(&account, board_users_sessions(&users, account.name));
	board_users_release(&users);
	explicit_bzero(account.password_hash, sizeof(account.password_hash));
	r = add_rights(request, request->answer);
	if (r < 0)
		return api_problem_errno(request, r, name);
	api_etag_of(request->answer, volatile_members, account.updated_wall_ms, ret_etag);
	return 0;
}

/* Answers with the user as it is stored now. */
static unsigned answer_user(struct api_request *request, const char *name, unsigned status)
{
	char etag[API_ETAG_SIZE];
	unsigned problem = load_user(request, name, etag);

	if (problem != 0)
		return problem;
	api_etag(request, etag);
	return status;
}

/* The user before a change, owned by the caller; NULL: *ret_status is the problem's, also when the
 * change was made from another state. */
static json_t *load_for_change(struct api_request *request, unsigned *ret_status)
{
	char etag[API_ETAG_SIZE];

	*ret_status = load_user(request, request->argument, etag);
	if (*ret_status == 0)
		*ret_status = api_if_match(request, etag);
	if (*ret_status != 0)
		return NULL;
	json_t *current = request->answer;
	request->answer = NULL;
	return current;
}

unsigned api_user_get(struct api_request *request)
{
	return answer_user(request, request->argument, 200);
}

static unsigned read_text(struct api_request *request, const char *field, const char *value,
			  const char *problem, char *dst, size_t dst_size)
{
	if (problem)
		return api_problem(request, 422, field, "%s", problem);
	if (text_copy(text_of(value), dst, dst_size) < 0)
		return api_problem(request, 422, field, "The field \"%s\" is too long.", field);
	return 0;
}

/* Hashing is the last of all checks, since it is slow. */
static unsigned read_password(struct api_request *request, const json_t *body, unsigned *parts,
			      struct account *values)
{
	const char *password = json_string_value(json_object_get(body, "password"));
	const char *hash = json_string_value(json_object_get(body, "password_hash"));

	if (!password && !hash)
		return 0;
	if (password && hash)
		return api_problem(request, 422, "password_hash",
				   "Give either password or password_hash, not both.");
	*parts |= ACCOUNT_PASSWORD_HASH;
	if (hash)
		return read_text(request, "password_hash", hash,
				 password_hash_problem(text_of(hash)), values->password_hash,
				 sizeof(values->password_hash));

	const char *problem = password_problem(text_of(password));
	if (problem)
		return api_problem(request, 422, "password", "%s", problem);
	int r = password_hash(text_of(password), values->password_hash);
	if (r < 0)
		return api_problem(request, 500, NULL, "The password could not be hashed: %s.",
				   strerrordesc_np(-r));
	return 0;
}

/* What is wrong with it as a home, or NULL. */
static const char *home_problem(const struct api_request *request, const char *home)
{
	const char *problem = api_directory_problem(request, home);

	return problem ? problem : account_home_problem(text_of(home));
}

/* Permissions of its own; null: those of the group, and all while there is none. */
static unsigned read_permissions(struct api_request *request, const json_t *permissions,
				 struct user_change *change)
{
	change->parts |= ACCOUNT_PERMISSIONS;
	change->rights_parts |= RIGHTS_INHERITS;
	change->rights.inherits_permissions = json_is_null(permissions);
	if (!json_is_null(permissions))
		return api_permissions_read(request, "permissions", permissions,
					    &change->account.permissions);
	change->account.permissions = PERM_ALL;
	return 0;
}

static unsigned read_group(struct api_request *request, const json_t *group,
			   struct user_change *change)
{
	const char *name = json_is_string(group) ? json_string_value(group) : "";

	change->rights_parts |= RIGHTS_GROUP;
	return read_text(request, "group", name, NULL, change->rights.group,
			 sizeof(change->rights.group));
}

/* The parts that body names go to *change. 0, or the status of a problem. */
static unsigned read_parts(struct api_request *request, const json_t *body,
			   struct user_change *change)
{
	const char *home = json_string_value(json_object_get(body, "home"));
	const json_t *enabled = json_object_get(body, "enabled");
	const json_t *permissions = json_object_get(body, "permissions");
	const json_t *group = json_object_get(body, "group");
	bool has_limits = false;
	unsigned status = 0;

	if (home) {
		change->parts |= ACCOUNT_HOME;
		status = read_text(request, "home", home, home_problem(request, home),
				   change->account.home, sizeof(change->account.home));
	}
	if (enabled) {
		change->parts |= ACCOUNT_ENABLED;
		change->account.is_enabled = json_is_true(enabled);
	}
	if (status == 0 && permissions)
		status = read_permissions(request, permissions, change);
	if (status == 0 && group)
		status = read_group(request, group, change);
	if (status == 0)
		status = api_rights_read(request, body, &change->rights_parts, &change->rights);
	if (status == 0)
		status = api_limits_read_user(request, body, &change->account, &has_limits);
	if (has_limits)
		change->parts |= ACCOUNT_LIMITS;
	if (status == 0)
		status = api_access_read(request, body, &change->parts, &change->account.access);
	return status != 0 ? status
			   : read_password(request, body, &change->parts, &change->account);
}

/* The body with its fields checked, a new reference; NULL: *ret_status is a problem's. */
static json_t *read_user_body(struct api_request *request, const struct json_field *fields,
			      size_t n_fields, unsigned *ret_status)
{
	struct json_fields_error error;

	json_t *body = api_body(request, false, ret_status);
	if (body && json_fields_check(body, fields, n_fields, &error) < 0) {
		*ret_status = api_problem(request, 422, error.field, "%s", error.text);
		json_decref(body);
		return NULL;
	}
	return body;
}

static unsigned read_new_user(struct api_request *request, const json_t *body,
			      struct user_change *change)
{
	const char *name = json_string_value(json_object_get(body, "name"));
	struct account *account = &change->account;

	unsigned status = read_text(request, "name", name, user_name_problem(text_of(name)),
				    account->name, sizeof(account->name));
	if (status != 0)
		return status;
	/* The defaults, which the body may replace. */
	memcpy(account->home, account->name, sizeof(account->name));
	account->is_enabled = true;
	account->permissions = PERM_ALL;
	account->limits = limits_as_server();
	account->quota = QUOTA_CHOICE_AS_GROUP;
	change->rights_parts = RIGHTS_INHERITS;
	change->rights.inherits_permissions = true;
	status = read_parts(request, body, change);
	if (status == 0 && !(change->parts & ACCOUNT_PASSWORD_HASH))
		status =
			api_problem(request, 422, "password", "The field \"password\" is missing.");
	return status;
}

static unsigned change_problem(struct api_request *request, int r, const char *name,
			       const struct user_change *change)
{
	if (r == -ENXIO)
		return api_problem(request, 422, "group", "There is no group \"%s\".",
				   change->rights.group);
	return api_problem_errno(request, r, name);
}

static unsigned add_user(struct api_request *request, const struct user_change *change,
			 const json_t *body)
{
	struct accounts *accounts = request->context->accounts;
	const struct account *account = &change->account;
	int r = accounts_begin(accounts);

	if (r == 0) {
		r = rights_add_account(accounts, account, change->rights_parts, &change->rights);
		if (r == 0)
			r = audit_note(request, "user-added", account->name, NULL, body);
		r = accounts_end(accounts, r);
	}
	if (r < 0)
		return change_problem(request, r, account->name, change);
	api_members_changed(request);
	log_event(LOG_INFO, "user-added", F_STR("user", account->name),
		  F_STR("by", request->asker.name));
	return answer_user(request, account->name, 201);
}

unsigned api_users_post(struct api_request *request)
{
	struct user_change change = { 0 };
	unsigned status = 0;

	json_t *body = read_user_body(request, user_fields, ARRAY_SIZE(user_fields), &status);
	if (!body)
		return status;
	status = read_new_user(request, body, &change);
	if (status == 0)
		status = add_user(request, &change, body);
	json_decref(body);
	explicit_bzero(&change, sizeof(change));
	return status;
}

static void kick_user(struct api_request *request, const char *reason)
{
	struct message_kick kick = { .head = { MSG_KICK } };

	if (text_copy(text_of(request->argument), kick.user, sizeof(kick.user)) < 0 ||
	    text_copy(text_of(reason), kick.reason, sizeof(kick.reason)) < 0)
		return; /* longer than a name can be: no such user was changed */
	worker_links_kick(request->context->links, &kick);
}

/* The change and its row of the audit trail, both or none. */
static int store_change(struct api_request *request, const struct user_change *change,
			const json_t *current, const json_t *body, const char *action)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = rights_change_account(accounts, text_of(request->argument), change->parts,
				  &change->account, change->rights_parts, &change->rights);
	if (r == 0)
		r = audit_note_change(request, action, request->argument, current, body);
	return accounts_end(accounts, r);
}

static unsigned change_user(struct api_request *request, const struct user_change *change,
			    const json_t *current, const json_t *body)
{
	bool is_disabling = (change->parts & ACCOUNT_ENABLED) && !change->account.is_enabled;
	const char *action = is_disabling ? "user-disabled" : "user-changed";

	int r = store_change(request, change, current, body, action);
	if (r < 0)
		return change_problem(request, r, request->argument, change);
	if (change->parts & ACCOUNT_HOME || change->rights_parts & RIGHTS_GROUP)
		api_members_changed(request);
	if (is_disabling)
		kick_user(request, REASON_DISABLED);
	log_event(LOG_INFO, action, F_STR("user", request->argument),
		  F_STR("by", request->asker.name));
	return answer_user(request, request->argument, 200);
}

unsigned api_user_patch(struct api_request *request)
{
	struct user_change change = { 0 };
	unsigned status = 0;

	/* Whoever exists is told first, before a password is hashed for nobody. */
	json_t *current = load_for_change(request, &status);
	if (!current)
		return status;
	json_t *body =
		read_user_body(request, user_fields + 1, ARRAY_SIZE(user_fields) - 1, &status);
	if (body) {
		status = read_parts(request, body, &change);
		if (status == 0)
			status = change_user(request, &change, current, body);
		json_decref(body);
	}
	json_decref(current);
	explicit_bzero(&change, sizeof(change));
	return status;
}

static int delete_user(struct api_request *request, const json_t *current)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = accounts_delete(accounts, text_of(request->argument));
	if (r == 0)
		r = audit_note(request, "user-deleted", request->argument, current, NULL);
	return accounts_end(accounts, r);
}

unsigned api_user_delete(struct api_request *request)
{
	unsigned status = 0;
	json_t *current = load_for_change(request, &status);

	if (!current)
		return status;
	int r = delete_user(request, current);
	json_decref(current);
	if (r < 0)
		return api_problem_errno(request, r, request->argument);
	api_members_changed(request);
	kick_user(request, REASON_DELETED);
	log_event(LOG_INFO, "user-deleted", F_STR("user", request->argument),
		  F_STR("by", request->asker.name));
	return 204;
}
