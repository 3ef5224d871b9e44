/* manager/api_totp.c - codes of an authenticator as the second half of one's own login:
 * POST /auth/totp makes a secret, PUT /auth/totp {code} puts it in force, DELETE /auth/totp
 * {password} does without again. */
#include "manager/api_auth.h"

#include "base/clock.h"
#include "manager/api_handlers.h"
#include "manager/audit_note.h"
#include "manager/json_fields.h"

static unsigned store(struct api_request *request, const struct admin *admin, const char *action)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r == 0) {
		r = admin_change(accounts, text_of(admin->name), ADMIN_TOTP, admin,
				 request->asker.session);
		if (r == 0)
			r = audit_note(request, action, admin->name, NULL, NULL);
		r = accounts_end(accounts, r);
	}
	return r < 0 ? api_problem_errno(request, r, admin->name) : 0;
}

static unsigned load(struct api_request *request, struct admin *ret)
{
	unsigned status = api_auth_need_session(request);

	if (status != 0)
		return status;
	int r = admin_get(request->context->accounts, text_of(request->asker.name), ret);
	return r < 0 ? api_problem_errno(request, r, request->asker.name) : 0;
}

unsigned api_auth_totp_post(struct api_request *request)
{
	const char *server_name = request->context->settings->server_name;
	struct admin admin = { 0 };
	char storage[1024];
	struct buf uri;
	unsigned status = load(request, &admin);

	if (status == 0 && *admin.totp_secret)
		status = api_problem(request, 409, NULL,
				     "Codes are asked for already; take them away first.");
	if (status != 0) {
		explicit_bzero(&admin, sizeof(admin));
		return status;
	}
	totp_secret_make(admin.totp_pending);
	status = store(request, &admin, "admin-totp-begun");
	if (status == 0) {
		buf_init(&uri, storage, sizeof(storage));
		totp_uri(admin.totp_pending, *server_name ? text_of(server_name) : T("Sallyport"),
			 text_of(admin.name), &uri);
		request->answer =
			json_pack("{s:s, s:s}", "secret", admin.totp_pending, "uri", storage);
		status = 200;
	}
	explicit_bzero(&admin, sizeof(admin));
	explicit_bzero(storage, sizeof(storage));
	return status;
}

static unsigned confirm(struct api_request *request, struct admin *admin, const char *code)
{
	if (*admin->totp_pending == '\0')
		return api_problem(request, 409, NULL,
				   "There is no secret to confirm; begin with POST.");
	int64_t step = totp_check(admin->totp_pending, text_of(code), clock_wall_ms() / 1000, 0);
	if (step < 0)
		return api_problem(request, 422, "code",
				   "This is not the code of now; look whether the clocks of the "
				   "server and of the authenticator are right.");
	memcpy(admin->totp_secret, admin->totp_pending, sizeof(admin->totp_secret));
	admin->totp_pending[0] = '\0';
	admin->totp_step = step;
	unsigned status = store(request, admin, "admin-totp-added");
	return status != 0 ? status : 204;
}

static unsigned read_member(struct api_request *request, const char *name,
			    unsigned (*use)(struct api_request *request, struct admin *admin,
					    const char *value))
{
	const struct json_field fields[] = { { name, FIELD_STRING, true } };
	struct json_fields_error error;
	struct admin admin = { 0 };
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0)
		status = api_problem(request, 422, error.field, "%s", error.text);
	else
		status = load(request, &admin);
	if (status == 0)
		status = use(request, &admin, json_string_value(json_object_get(body, name)));
	explicit_bzero(&admin, sizeof(admin));
	json_decref(body);
	return status;
}

unsigned api_auth_totp_put(struct api_request *request)
{
	return read_member(request, "code", confirm);
}

static unsigned take_away(struct api_request *request, struct admin *admin, const char *password)
{
	unsigned status = api_auth_check_password(request, "password", password, admin);

	if (status != 0)
		return status;
	admin->totp_secret[0] = admin->totp_pending[0] = '\0';
	admin->totp_step = 0;
	status = store(request, admin, "admin-totp-removed");
	return status != 0 ? status : 204;
}

unsigned api_auth_totp_delete(struct api_request *request)
{
	return read_member(request, "password", take_away);
}
