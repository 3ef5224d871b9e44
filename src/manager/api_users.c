/* manager/api_users.c - the users: list, add, look at, change, delete. Every change is committed
 * before anyone is told of it: see worker_links.h. */
#include "manager/api_handlers.h"

#include "base/log.h"
#include "manager/board_users.h"
#include "manager/json_fields.h"
#include "manager/limits_json.h"

#define REASON_DISABLED "Your account has been disabled by the administrator."
#define REASON_DELETED "Your account has been deleted by the administrator."

/* The first of these is for POST only. */
static const struct json_field user_fields[] = {
	{ "name", FIELD_STRING, true },		  { "password", FIELD_STRING, false },
	{ "password_hash", FIELD_STRING, false }, { "home", FIELD_STRING, false },
	{ "enabled", FIELD_BOOLEAN, false },	  { "permissions", FIELD_STRINGS, false },
	{ "limits", FIELD_OBJECT, false },
};

static json_t *permissions_json(uint32_t permissions)
{
	json_t *list = json_array();

	for (size_t i = 0; permission_name(i); i++)
		if (permissions & (1U << i))
			(void)json_array_append_new(list, json_string(permission_name(i)));
	return list;
}

static json_t *user_json(const struct account *account, size_t sessions)
{
	return json_pack(
		"{s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:I}", "name",
		api_text(text_of(account->name)), "home", api_text(text_of(account->home)),
		"enabled", account->is_enabled, "permissions",
		permissions_json(account->permissions), "limits", limits_json(&account->limits),
		"created", api_time(account->created_wall_ms), "last_login",
		api_time(account->last_login_wall_ms), "last_login_from",
		api_text_or_null(account->last_login_from), "sessions", (json_int_t)sessions);
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

unsigned api_users_get(struct api_request *request)
{
	struct board_users users;

	int r = board_users_init(&users, request->context->board);
	if (r < 0)
		return api_problem(request, 500, NULL, "Memory is short.");

	struct listing listing = { json_array(), &users };
	r = accounts_list(request->context->accounts, list_user, &listing);
	board_users_release(&users);
	if (r < 0) {
		json_decref(listing.list);
		return api_problem_errno(request, r, "");
	}
	request->answer = json_pack("{s:o}", "users", listing.list);
	return 200;
}

/* Answers with the user as it is stored now. */
static unsigned answer_user(struct api_request *request, const char *name, unsigned status)
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
	explicit_bzero(&account, sizeof(account));
	return status;
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

static unsigned read_permissions(struct api_request *request, const json_t *list, uint32_t *ret)
{
	uint32_t permissions = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		size_t bit = 0;

		while (permission_name(bit) && strcmp(permission_name(bit), word) != 0)
			bit++;
		if (!permission_name(bit))
			return api_problem(
				request, 422, "permissions",
				"\"%.100s\" is not a permission; there are list, download, "
				"upload, overwrite, delete, rename, mkdir, rmdir, attributes.",
				word);
		permissions |= 1U << bit;
	}
	*ret = permissions;
	return 0;
}

static unsigned read_limits(struct api_request *request, const json_t *object,
			    struct user_limits *limits)
{
	const char *bad = limits_from_json(object, limits);

	if (!bad)
		return 0;
	return api_problem(
		request, 422, "limits",
		"\"%.100s\" is not a limit, or its value is neither null (as the server) "
		"nor a number from 0 (none) up.",
		bad);
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

/* The parts that body names go to values. 0, or the status of a problem. */
static unsigned read_parts(struct api_request *request, const json_t *body, unsigned *parts,
			   struct account *values)
{
	const char *home = json_string_value(json_object_get(body, "home"));
	const json_t *enabled = json_object_get(body, "enabled");
	const json_t *permissions = json_object_get(body, "permissions");
	const json_t *limits = json_object_get(body, "limits");
	unsigned status = 0;

	if (home) {
		*parts |= ACCOUNT_HOME;
		status = read_text(request, "home", home, account_home_problem(text_of(home)),
				   values->home, sizeof(values->home));
	}
	if (enabled) {
		*parts |= ACCOUNT_ENABLED;
		values->is_enabled = json_is_true(enabled);
	}
	if (status == 0 && permissions) {
		*parts |= ACCOUNT_PERMISSIONS;
		status = read_permissions(request, permissions, &values->permissions);
	}
	if (status == 0 && limits) {
		*parts |= ACCOUNT_LIMITS;
		status = read_limits(request, limits, &values->limits);
	}
	return status != 0 ? status : read_password(request, body, parts, values);
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
			      struct account *account)
{
	const char *name = json_string_value(json_object_get(body, "name"));
	unsigned parts = 0;

	unsigned status = read_text(request, "name", name, user_name_problem(text_of(name)),
				    account->name, sizeof(account->name));
	if (status != 0)
		return status;
	/* The defaults, which the body may replace. */
	memcpy(account->home, account->name, sizeof(account->name));
	account->is_enabled = true;
	account->permissions = PERM_ALL;
	account->limits = limits_as_server();
	status = read_parts(request, body, &parts, account);
	if (status == 0 && !(parts & ACCOUNT_PASSWORD_HASH))
		status =
			api_problem(request, 422, "password", "The field \"password\" is missing.");
	return status;
}

static unsigned add_user(struct api_request *request, const struct account *account)
{
	int r = accounts_add(request->context->accounts, account);

	if (r < 0)
		return api_problem_errno(request, r, account->name);
	log_event(LOG_INFO, "user-added", F_STR("user", account->name),
		  F_UINT("by_uid", request->by_uid));
	return answer_user(request, account->name, 201);
}

unsigned api_users_post(struct api_request *request)
{
	struct account account = { 0 };
	unsigned status = 0;

	json_t *body = read_user_body(request, user_fields, ARRAY_SIZE(user_fields), &status);
	if (!body)
		return status;
	status = read_new_user(request, body, &account);
	json_decref(body);
	if (status == 0)
		status = add_user(request, &account);
	explicit_bzero(&account, sizeof(account));
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

static unsigned change_user(struct api_request *request, unsigned parts,
			    const struct account *values)
{
	bool is_disabling = (parts & ACCOUNT_ENABLED) && !values->is_enabled;

	int r = accounts_change(request->context->accounts, text_of(request->argument), parts,
				values);
	if (r < 0)
		return api_problem_errno(request, r, request->argument);
	if (is_disabling)
		kick_user(request, REASON_DISABLED);
	log_event(LOG_INFO, is_disabling ? "user-disabled" : "user-changed",
		  F_STR("user", request->argument), F_UINT("by_uid", request->by_uid));
	return answer_user(request, request->argument, 200);
}

unsigned api_user_patch(struct api_request *request)
{
	struct account values = { 0 };
	unsigned parts = 0, status = 0;

	/* Whoever exists is told first, before a password is hashed for nobody. */
	int r = accounts_get(request->context->accounts, text_of(request->argument), &values);
	if (r < 0)
		return api_problem_errno(request, r, request->argument);
	json_t *body =
		read_user_body(request, user_fields + 1, ARRAY_SIZE(user_fields) - 1, &status);
	if (body) {
		status = read_parts(request, body, &parts, &values);
		json_decref(body);
		if (status == 0)
			status = change_user(request, parts, &values);
	}
	explicit_bzero(&values, sizeof(values));
	return status;
}

unsigned api_user_delete(struct api_request *request)
{
	int r = accounts_delete(request->context->accounts, text_of(request->argument));

	if (r < 0)
		return api_problem_errno(request, r, request->argument);
	kick_user(request, REASON_DELETED);
	log_event(LOG_INFO, "user-deleted", F_STR("user", request->argument),
		  F_UINT("by_uid", request->by_uid));
	return 204;
}
