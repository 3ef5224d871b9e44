/* manager/user_change.c - see user_change.h. */
#include "manager/user_change.h"

#include "manager/api_access.h"
#include "manager/api_limits.h"
#include "manager/api_rights.h"
#include "manager/api_route.h"

const struct json_field user_change_fields[USER_CHANGE_FIELDS] = {
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

static unsigned read_text(struct api_request *request, const char *field, const char *value,
			  const char *problem, char *dst, size_t dst_size)
{
	if (problem)
		return api_problem(request, 422, field, "%s", problem);
	if (text_copy(text_of(value), dst, dst_size) < 0)
		return api_problem(request, 422, field, "The field \"%s\" is too long.", field);
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
	return status;
}

unsigned user_change_read_new(struct api_request *request, const json_t *body,
			      struct user_change *ret)
{
	const char *name = json_string_value(json_object_get(body, "name"));
	struct account *account = &ret->account;

	*ret = (struct user_change){ .rights_parts = RIGHTS_INHERITS };
	unsigned status = read_text(request, "name", name, user_name_problem(text_of(name)),
				    account->name, sizeof(account->name));
	if (status == 0 && api_route_is_taken(T("/api/v1/users"), text_of(name)))
		status = api_problem(request, 422, "name",
				     "No new user can be named \"%s\": a path of the API has that "
				     "name.",
				     name);
	if (status != 0)
		return status;
	/* The defaults, which the body may replace. */
	memcpy(account->home, account->name, sizeof(account->name));
	account->is_enabled = true;
	account->permissions = PERM_ALL;
	account->limits = limits_as_server();
	account->quota = QUOTA_CHOICE_AS_GROUP;
	ret->rights.inherits_permissions = true;
	status = read_parts(request, body, ret);
	if (status == 0 && !json_object_get(body, "password") &&
	    !json_object_get(body, "password_hash"))
		status =
			api_problem(request, 422, "password", "The field \"password\" is missing.");
	return status;
}

unsigned user_change_read(struct api_request *request, const json_t *body, const char *name,
			  struct user_change *ret)
{
	*ret = (struct user_change){ .parts = 0 };
	/* Limits are stored together: those that body does not name stay as they are. */
	int r = accounts_get(request->context->accounts, text_of(name), &ret->account);

	return r < 0 ? api_problem_errno(request, r, name) : read_parts(request, body, ret);
}

unsigned user_change_check_password(struct api_request *request, const json_t *body,
				    struct password_kinds *known)
{
	const char *password = json_string_value(json_object_get(body, "password"));
	const char *hash = json_string_value(json_object_get(body, "password_hash"));
	const char *problem = NULL;

	if (password && hash)
		return api_problem(request, 422, "password_hash",
				   "Give either password or password_hash, not both.");
	if (hash)
		problem = known ? password_hash_problem_of_many(text_of(hash), known)
				: password_hash_problem(text_of(hash));
	else if (password)
		problem = password_problem(text_of(password));
	return problem ? api_problem(request, 422, hash ? "password_hash" : "password", "%s",
				     problem)
		       : 0;
}

unsigned user_change_hash(struct api_request *request, const json_t *body,
			  struct user_change *change)
{
	const char *password = json_string_value(json_object_get(body, "password"));
	const char *hash = json_string_value(json_object_get(body, "password_hash"));
	struct account *account = &change->account;

	if (!password && !hash)
		return 0;
	change->parts |= ACCOUNT_PASSWORD_HASH;
	if (hash)
		return read_text(request, "password_hash", hash, NULL, account->password_hash,
				 sizeof(account->password_hash));
	int r = password_hash(text_of(password), account->password_hash);
	if (r < 0)
		return api_problem(request, 500, NULL, "The password could not be hashed: %s.",
				   strerrordesc_np(-r));
	return 0;
}

unsigned user_change_problem(struct api_request *request, int r, const char *name,
			     const struct user_change *change)
{
	if (r == -ENXIO)
		return api_problem(request, 422, "group", "There is no group \"%s\".",
				   change->rights.group);
	return api_problem_errno(request, r, name);
}

void user_change_kick(struct api_request *request, const char *name, const char *reason)
{
	struct message_kick kick = { .head = { MSG_KICK } };

	if (text_copy(text_of(name), kick.user, sizeof(kick.user)) < 0 ||
	    text_copy(text_of(reason), kick.reason, sizeof(kick.reason)) < 0)
		return; /* longer than a name can be: no such user was changed */
	worker_links_kick(request->context->links, &kick);
}
