/* manager/api_auth.c - administrators log in and out of the page, and look after their own
 * password: POST /auth/login, POST /auth/logout, GET /auth/me, POST /auth/password. Codes:
 * api_totp.c. */
#include "manager/api_auth.h"

#include "accounts/admins.h"
#include "base/clock.h"
#include "base/log.h"
#include "manager/api_asker.h"
#include "manager/api_handlers.h"
#include "manager/audit_note.h"
#include "manager/json_fields.h"

static const char *cookie_name(const struct api_request *request)
{
	return request->is_tls ? API_COOKIE_TLS : API_COOKIE;
}

static json_t *me_json(const struct api_asker *asker, bool has_totp)
{
	static const char *const via[] = {
		[VIA_NOBODY] = "nobody",
		[VIA_LOCAL] = "local",
		[VIA_SESSION] = "session",
		[VIA_KEY] = "key",
	};

	return json_pack("{s:o, s:s, s:o, s:b, s:s}", "name", api_text(text_of(asker->name)),
			 "role", role_name(asker->role), "csrf", api_text_or_null(asker->csrf),
			 "totp", has_totp, "via", via[asker->via]);
}

unsigned api_auth_begin(struct api_request *request, const struct admin *admin, unsigned status)
{
	struct api_asker *asker = &request->asker;
	char token[TOKEN_SIZE];

	token_make(token);
	token_hash(text_of(token), asker->session);
	int r = admin_session_add(request->context->accounts, text_of(admin->name), asker->from,
				  asker->session);
	if (r < 0)
		return api_problem(request, 500, NULL, "The session could not be stored: %s.",
				   strerrordesc_np(-r));
	asker->via = VIA_SESSION;
	asker->role = admin->role;
	(void)snprintf(asker->name, sizeof(asker->name), "%s", admin->name);
	token_derive(text_of(token), "csrf", asker->csrf);
	api_header(request, "Set-Cookie", "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
		   cookie_name(request), token, (int)(ADMIN_SESSION_MOST_MS / 1000),
		   request->is_tls ? "; Secure" : "");
	explicit_bzero(token, sizeof(token));
	request->answer = me_json(asker, *admin->totp_secret != '\0');
	return status;
}

/* --- login ------------------------------------------------------------------------------------ */

struct login {
	const char *name, *password, *code;
	struct admin admin;
};

/* One row for what was tried, by whoever it was. */
static void note_login(struct api_request *request, const char *action, const char *name)
{
	struct api_asker asker = request->asker;

	(void)snprintf(request->asker.name, sizeof(request->asker.name), "%s", name);
	audit_note_done(request, action, name, NULL, NULL);
	request->asker = asker;
	log_event(LOG_INFO, action, F_STR("admin", name), F_STR("from", asker.from));
}

static unsigned refuse(struct api_request *request, const struct login *login)
{
	login_guard_failed(request->context->guard, request->asker.from, login->name);
	note_login(request, "admin-login-failed", login->name);
	return api_problem(request, 401, NULL, "The name, the password or the code is wrong.");
}

/* Whoever it is, it costs the same. */
static bool has_password(const struct login *login, bool is_known)
{
	if (is_known && login->admin.is_enabled)
		return password_matches(text_of(login->password), login->admin.password_hash);
	password_pay();
	return false;
}

static unsigned ask_for_code(struct api_request *request)
{
	unsigned status =
		api_problem(request, 401, "totp", "Give the code of your authenticator as well.");

	(void)json_object_set_new(request->answer, "totp_required", json_true());
	return status;
}

/* 0, or the status of what is missing or wrong. */
static unsigned check_code(struct api_request *request, struct login *login)
{
	const struct admin *admin = &login->admin;

	if (*admin->totp_secret == '\0')
		return 0;
	if (!login->code || *login->code == '\0')
		return ask_for_code(request);
	int64_t step = totp_check(admin->totp_secret, text_of(login->code), clock_wall_ms() / 1000,
				  admin->totp_step);
	if (step < 0 || admin_use_code(request->context->accounts, text_of(admin->name), step) < 0)
		return refuse(request, login);
	return 0;
}

static unsigned log_in(struct api_request *request, struct login *login)
{
	const struct api_context *context = request->context;
	const char *from = request->asker.from;
	int r = admin_get(context->accounts, text_of(login->name), &login->admin);

	if (r < 0 && r != -ENOENT)
		return api_problem(request, 500, NULL, "The accounts database failed: %s.",
				   strerrordesc_np(-r));
	bool is_home = r == 0 && strcmp(login->admin.last_login_from, from) == 0;
	unsigned wait_s = login_guard_wait_s(context->guard, from, login->name, is_home);
	if (wait_s > 0) {
		api_header(request, "Retry-After", "%u", wait_s);
		return api_problem(request, 429, NULL,
				   "Too many logins have failed; try again in %u s.", wait_s);
	}
	login_guard_lock(context->guard);
	bool is_right = has_password(login, r == 0);
	login_guard_unlock(context->guard);
	if (!is_right)
		return refuse(request, login);
	unsigned status = check_code(request, login);
	if (status != 0)
		return status;
	login_guard_succeeded(context->guard, from, login->name);
	note_login(request, "admin-login", login->name);
	return api_auth_begin(request, &login->admin, 200);
}

unsigned api_auth_login(struct api_request *request)
{
	static const struct json_field fields[] = {
		{ "name", FIELD_STRING, true },
		{ "password", FIELD_STRING, true },
		{ "totp", FIELD_STRING_OR_NULL, false },
	};
	struct json_fields_error error;
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	struct login login = {
		.name = json_string_value(json_object_get(body, "name")),
		.password = json_string_value(json_object_get(body, "password")),
		.code = json_string_value(json_object_get(body, "totp")),
	};
	if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0)
		status = api_problem(request, 422, error.field, "%s", error.text);
	else if (strlen(login.name) > USER_NAME_MAX)
		status = api_problem(request, 422, "name", "The name is too long.");
	else
		status = log_in(request, &login);
	explicit_bzero(&login.admin, sizeof(login.admin));
	json_decref(body);
	return status;
}

unsigned api_auth_logout(struct api_request *request)
{
	unsigned status = api_auth_need_session(request);

	if (status != 0)
		return status;
	int r = admin_session_end(request->context->accounts, request->asker.session);
	if (r < 0)
		return api_problem_errno(request, r, request->asker.name);
	bus_end_owner(request->context->bus, request->asker.name);
	audit_note_done(request, "admin-logout", request->asker.name, NULL, NULL);
	api_header(request, "Set-Cookie", "%s=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict%s",
		   cookie_name(request), request->is_tls ? "; Secure" : "");
	return 204;
}

/* --- who one is ------------------------------------------------------------------------------- */

unsigned api_auth_need_session(struct api_request *request)
{
	if (request->asker.via == VIA_SESSION)
		return 0;
	return api_problem(request, 403, NULL,
			   "This is for administrators who have logged in to the page.");
}

unsigned api_auth_me(struct api_request *request)
{
	bool has_totp = false;
	struct admin admin;

	if (request->asker.via == VIA_SESSION &&
	    admin_get(request->context->accounts, text_of(request->asker.name), &admin) == 0) {
		has_totp = *admin.totp_secret != '\0';
		explicit_bzero(&admin, sizeof(admin));
	}
	request->answer = me_json(&request->asker, has_totp);
	return 200;
}

/* Guesses by somebody at a screen that was left count like logins. */
unsigned api_auth_check_password(struct api_request *request, const char *field,
				 const char *password, struct admin *ret)
{
	const struct api_context *context = request->context;
	const struct api_asker *asker = &request->asker;
	unsigned wait_s = login_guard_wait_s(context->guard, asker->from, asker->name, false);

	if (wait_s > 0) {
		api_header(request, "Retry-After", "%u", wait_s);
		return api_problem(request, 429, NULL, "Try again in %u s.", wait_s);
	}
	int r = admin_get(context->accounts, text_of(asker->name), ret);
	if (r < 0)
		return api_problem_errno(request, r, asker->name);
	login_guard_lock(context->guard);
	bool is_right = password_matches(text_of(password), ret->password_hash);
	login_guard_unlock(context->guard);
	if (is_right)
		return 0;
	login_guard_failed(context->guard, asker->from, asker->name);
	return api_problem(request, 422, field, "This is not your password.");
}

unsigned api_admin_hash(struct api_request *request, const char *field, const char *password,
			char ret[static PASSWORD_HASH_SIZE])
{
	const char *problem = password_problem(text_of(password));

	if (!problem && strlen(password) < API_ADMIN_PASSWORD_MIN)
		problem = "An administrator's password must have at least 10 bytes.";
	if (problem)
		return api_problem(request, 422, field, "%s", problem);
	int r = password_hash(text_of(password), ret);
	return r < 0 ? api_problem(request, 500, NULL, "The password could not be hashed: %s.",
				   strerrordesc_np(-r))
		     : 0;
}

static unsigned set_password(struct api_request *request, struct admin *admin)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r == 0) {
		r = admin_change(accounts, text_of(admin->name), ADMIN_PASSWORD_HASH, admin, NULL);
		if (r == 0)
			r = audit_note(request, "admin-password-changed", admin->name, NULL, NULL);
		r = accounts_end(accounts, r);
	}
	if (r < 0)
		return api_problem_errno(request, r, admin->name);
	bus_end_owner(request->context->bus, admin->name);
	/* All sessions have ended; whoever made the change goes on in a new one. */
	return api_auth_begin(request, admin, 200);
}

unsigned api_auth_password(struct api_request *request)
{
	static const struct json_field fields[] = {
		{ "current", FIELD_STRING, true },
		{ "new", FIELD_STRING, true },
	};
	struct json_fields_error error;
	struct admin admin = { 0 };
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0)
		status = api_problem(request, 422, error.field, "%s", error.text);
	else
		status = api_auth_need_session(request);
	if (status == 0)
		status = api_auth_check_password(
			request, "current", json_string_value(json_object_get(body, "current")),
			&admin);
	if (status == 0)
		status = api_admin_hash(request, "new",
					json_string_value(json_object_get(body, "new")),
					admin.password_hash);
	if (status == 0)
		status = set_password(request, &admin);
	explicit_bzero(&admin, sizeof(admin));
	json_decref(body);
	return status;
}
