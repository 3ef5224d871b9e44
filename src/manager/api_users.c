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
#include "manager/user_change.h"

#define REASON_DELETED "Your account has been deleted by the administrator."

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
		return user_change_problem(request, r, account->name, change);
	api_members_changed(request);
	log_event(LOG_INFO, "user-added", F_STR("user", account->name),
		  F_STR("by", request->asker.name));
	return answer_user(request, account->name, 201);
}

unsigned api_users_post(struct api_request *request)
{
	struct user_change change = { 0 };
	unsigned status = 0;

	json_t *body = read_user_body(request, user_change_fields, USER_CHANGE_FIELDS, &status);
	if (!body)
		return status;
	status = user_change_read_new(request, body, &change);
	if (status == 0)
		status = user_change_check_password(request, body, NULL);
	if (status == 0)
		status = user_change_hash(request, body, &change);
	if (status == 0)
		status = add_user(request, &change, body);
	json_decref(body);
	explicit_bzero(&change, sizeof(change));
	return status;
}

static void kick_user(struct api_request *request, const char *reason)
{
	user_change_kick(request, request->argument, reason);
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
		return user_change_problem(request, r, request->argument, change);
	if (change->parts & ACCOUNT_HOME || change->rights_parts & RIGHTS_GROUP)
		api_members_changed(request);
	if (is_disabling)
		kick_user(request, USER_DISABLED_REASON);
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
		read_user_body(request, user_change_fields + 1, USER_CHANGE_FIELDS - 1, &status);
	if (body) {
		status = user_change_read(request, body, request->argument, &change);
		if (status == 0)
			status = user_change_check_password(request, body, NULL);
		if (status == 0)
			status = user_change_hash(request, body, &change);
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
