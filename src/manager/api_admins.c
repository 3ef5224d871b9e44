/* manager/api_admins.c - the administrators: list, add, look at, change, delete. */
#include "manager/api_auth.h"

#include "base/log.h"
#include "manager/api_handlers.h"
#include "manager/audit_note.h"
#include "manager/json_fields.h"

/* The first of these is for POST only, the last for PATCH only. */
static const struct json_field admin_fields[] = {
	{ "name", FIELD_STRING, true },		 { "role", FIELD_STRING, false },
	{ "password", FIELD_STRING, false },	 { "enabled", FIELD_BOOLEAN, false },
	{ "totp", FIELD_STRING_OR_NULL, false },
};

static unsigned admin_problem(struct api_request *request, int r, const char *name)
{
	if (r == -ENOENT)
		return api_problem(request, 404, NULL, "There is no administrator \"%s\".", name);
	if (r == -EEXIST)
		return api_problem(request, 409, "name", "The administrator \"%s\" exists already.",
				   name);
	if (r == -EBUSY)
		return api_problem(request, 409, NULL,
				   "No owner who may log in would be left; make another one "
				   "first.");
	return api_problem(request, 500, NULL, "The accounts database failed: %s.",
			   strerrordesc_np(-r));
}

static json_t *admin_json(const struct admin *admin)
{
	return json_pack("{s:o, s:s, s:b, s:b, s:o, s:o, s:o}", "name",
			 api_text(text_of(admin->name)), "role", role_name(admin->role), "enabled",
			 admin->is_enabled, "totp", *admin->totp_secret != '\0', "created",
			 api_time(admin->created_wall_ms), "last_login",
			 api_time(admin->last_login_wall_ms), "last_login_from",
			 api_text_or_null(admin->last_login_from));
}

static void list_admin(const struct admin *admin, void *arg)
{
	(void)json_array_append_new(arg, admin_json(admin));
}

unsigned api_admins_get(struct api_request *request)
{
	json_t *list = json_array();
	int r = admin_list(request->context->accounts, list_admin, list);

	if (r < 0) {
		json_decref(list);
		return admin_problem(request, r, "");
	}
	request->answer = json_pack("{s:o, s:o, s:I}", "admins", list, "next", json_null(), "total",
				    (json_int_t)json_array_size(list));
	return 200;
}

static const char *const volatile_members[] = { "last_login", "last_login_from", NULL };

/* The administrator and its JSON, owned by the caller; NULL: *ret_status is the problem's. */
static json_t *load(struct api_request *request, const char *name, struct admin *ret,
		    char ret_etag[static API_ETAG_SIZE], unsigned *ret_status)
{
	int r = admin_get(request->context->accounts, text_of(name), ret);

	if (r < 0) {
		*ret_status = admin_problem(request, r, name);
		return NULL;
	}
	json_t *json = admin_json(ret);
	api_etag_of(json, volatile_members, ret->updated_wall_ms, ret_etag);
	return json;
}

static unsigned answer_admin(struct api_request *request, const char *name, unsigned status)
{
	char etag[API_ETAG_SIZE];
	struct admin admin = { 0 };

	request->answer = load(request, name, &admin, etag, &status);
	if (!request->is_problem)
		api_etag(request, etag);
	explicit_bzero(&admin, sizeof(admin));
	return status;
}

unsigned api_admin_get(struct api_request *request)
{
	return answer_admin(request, request->argument, 200);
}

static unsigned read_role(struct api_request *request, const json_t *body, struct admin *ret)
{
	const char *role = json_string_value(json_object_get(body, "role"));

	if (!role)
		return 0;
	ret->role = role_find(text_of(role));
	return ret->role != ROLE_NONE ? 0
				      : api_problem(request, 422, "role",
						    "A role is read-only, operator or owner.");
}

/* What body names goes to *ret and *parts. 0, or the status of a problem. */
static unsigned read_parts(struct api_request *request, const json_t *body, struct admin *ret,
			   unsigned *parts)
{
	const char *password = json_string_value(json_object_get(body, "password"));
	const json_t *enabled = json_object_get(body, "enabled");
	const json_t *totp = json_object_get(body, "totp");
	unsigned status = read_role(request, body, ret);

	*parts |= json_object_get(body, "role") ? ADMIN_ROLE : 0u;
	if (enabled) {
		ret->is_enabled = json_is_true(enabled);
		*parts |= ADMIN_ENABLED;
	}
	if (totp && !json_is_null(totp) && status == 0)
		status = api_problem(request, 422, "totp",
				     "Only null can be set, which asks for no codes any more; "
				     "whoever wants them sets them up after the login.");
	if (totp) {
		ret->totp_secret[0] = ret->totp_pending[0] = '\0';
		ret->totp_step = 0;
		*parts |= ADMIN_TOTP;
	}
	if (status != 0 || !password)
		return status;
	*parts |= ADMIN_PASSWORD_HASH;
	return api_admin_hash(request, "password", password, ret->password_hash);
}

static int add_admin(struct api_request *request, const struct admin *admin, const json_t *body)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = admin_add(accounts, admin);
	if (r == 0)
		r = audit_note(request, "admin-added", admin->name, NULL, body);
	return accounts_end(accounts, r);
}

static unsigned read_new(struct api_request *request, const json_t *body, struct admin *ret)
{
	struct json_fields_error error;
	unsigned parts = 0;

	if (json_fields_check(body, admin_fields, ARRAY_SIZE(admin_fields) - 1, &error) < 0)
		return api_problem(request, 422, error.field, "%s", error.text);
	unsigned status = api_admin_name(request, json_string_value(json_object_get(body, "name")),
					 ret->name);
	if (status == 0)
		status = read_parts(request, body, ret, &parts);
	if (status == 0 && !(parts & ADMIN_PASSWORD_HASH))
		status =
			api_problem(request, 422, "password", "The field \"password\" is missing.");
	return status;
}

unsigned api_admins_post(struct api_request *request)
{
	struct admin admin = { .role = ROLE_READ_ONLY, .is_enabled = true };
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	status = read_new(request, body, &admin);
	int r = status == 0 ? add_admin(request, &admin, body) : 0;
	json_decref(body);
	if (status == 0 && r < 0)
		status = admin_problem(request, r, admin.name);
	if (status == 0) {
		log_event(LOG_INFO, "admin-added", F_STR("admin", admin.name),
			  F_STR("by", request->asker.name));
		status = answer_admin(request, admin.name, 201);
	}
	explicit_bzero(&admin, sizeof(admin));
	return status;
}

static int change_admin(struct api_request *request, unsigned parts, const struct admin *values,
			const json_t *current, const json_t *body)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = admin_change(accounts, text_of(request->argument), parts, values, NULL);
	if (r == 0)
		r = audit_note_change(request, "admin-changed", request->argument, current, body);
	return accounts_end(accounts, r);
}

static unsigned patch(struct api_request *request, struct admin *admin, const json_t *current)
{
	struct json_fields_error error;
	unsigned status = 0, parts = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	if (json_fields_check(body, admin_fields + 1, ARRAY_SIZE(admin_fields) - 1, &error) < 0)
		status = api_problem(request, 422, error.field, "%s", error.text);
	else
		status = read_parts(request, body, admin, &parts);
	int r = status == 0 ? change_admin(request, parts, admin, current, body) : 0;
	json_decref(body);
	if (status != 0)
		return status;
	if (r < 0)
		return admin_problem(request, r, request->argument);
	bus_end_owner(request->context->bus, request->argument);
	log_event(LOG_INFO, "admin-changed", F_STR("admin", request->argument),
		  F_STR("by", request->asker.name));
	return answer_admin(request, request->argument, 200);
}

unsigned api_admin_patch(struct api_request *request)
{
	char etag[API_ETAG_SIZE];
	struct admin admin = { 0 };
	unsigned status = 0;
	json_t *current = load(request, request->argument, &admin, etag, &status);

	if (!current)
		return status;
	status = api_if_match(request, etag);
	if (status == 0)
		status = patch(request, &admin, current);
	json_decref(current);
	explicit_bzero(&admin, sizeof(admin));
	return status;
}

static int delete_admin(struct api_request *request, const json_t *current)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = admin_delete(accounts, text_of(request->argument));
	if (r == 0)
		r = audit_note(request, "admin-deleted", request->argument, current, NULL);
	return accounts_end(accounts, r);
}

unsigned api_admin_delete(struct api_request *request)
{
	char etag[API_ETAG_SIZE];
	struct admin admin = { 0 };
	unsigned status = 0;
	json_t *current = load(request, request->argument, &admin, etag, &status);

	explicit_bzero(&admin, sizeof(admin));
	if (!current)
		return status;
	status = api_if_match(request, etag);
	int r = status == 0 ? delete_admin(request, current) : 0;
	json_decref(current);
	if (status != 0)
		return status;
	if (r < 0)
		return admin_problem(request, r, request->argument);
	bus_end_owner(request->context->bus, request->argument);
	log_event(LOG_INFO, "admin-deleted", F_STR("admin", request->argument),
		  F_STR("by", request->asker.name));
	return 204;
}
