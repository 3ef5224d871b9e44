/* manager/api_setup.c - the first administrator: GET /setup tells whether there is one, POST /setup
 * {token, name, password} makes one with the one-time link, POST /setup/link makes another link. */
#include "manager/api_auth.h"

#include "base/clock.h"
#include "base/log.h"
#include "manager/api_handlers.h"
#include "manager/audit_note.h"
#include "manager/json_fields.h"

void api_door_url(const struct api_context *context, const struct manager_door *door,
		  struct buf *out)
{
	const char *name = context->settings->server_name;

	buf_addf(out, "%s://%s:%u", door->is_tls ? "https" : "http",
		 door->is_loopback || !*name ? (door->is_loopback ? "127.0.0.1" : "localhost")
					     : name,
		 door->port);
}

int api_setup_make_link(const struct api_context *context, char ret[static API_SETUP_URL_SIZE])
{
	uint8_t hash[TOKEN_HASH_SIZE];
	char token[TOKEN_SIZE];
	struct buf url;

	token_make(token);
	token_hash(text_of(token), hash);
	int r = setup_link_set(context->accounts, hash);
	if (r < 0)
		return r;
	buf_init(&url, ret, API_SETUP_URL_SIZE);
	if (context->n_doors > 0)
		api_door_url(context, &context->doors[0], &url);
	buf_addf(&url, "/#/setup?token=%s", token);
	explicit_bzero(token, sizeof(token));
	return 0;
}

unsigned api_setup_get(struct api_request *request)
{
	int n = admin_count(request->context->accounts);

	if (n < 0)
		return api_problem_errno(request, n, "");
	request->answer = json_pack("{s:b}", "needed", n == 0);
	return 200;
}

unsigned api_setup_link(struct api_request *request)
{
	char url[API_SETUP_URL_SIZE];
	int r = admin_count(request->context->accounts);

	if (r > 0)
		return api_problem(request, 409, NULL,
				   "There are administrators already; `sallyport admin add` makes "
				   "another one, `sallyport admin password` sets a password.");
	if (r == 0)
		r = api_setup_make_link(request->context, url);
	if (r < 0)
		return api_problem_errno(request, r, "");
	audit_note_done(request, "setup-link-made", "", NULL, NULL);
	request->answer = json_pack("{s:s, s:o}", "url", url, "expires",
				    api_time(clock_wall_ms() + SETUP_LINK_MS));
	explicit_bzero(url, sizeof(url));
	return 200;
}

/* The link is used up exactly when the administrator is there. */
static int store_first(struct api_request *request, const struct admin *admin, const char *token)
{
	struct accounts *accounts = request->context->accounts;
	uint8_t hash[TOKEN_HASH_SIZE];
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	token_hash(text_of(token), hash);
	r = setup_link_use(accounts, hash);
	if (r == 0)
		r = admin_count(accounts);
	if (r > 0)
		r = -ENOENT;
	if (r == 0)
		r = admin_add(accounts, admin);
	(void)snprintf(request->asker.name, sizeof(request->asker.name), "%s", admin->name);
	if (r == 0)
		r = audit_note(request, "first-admin-added", admin->name, NULL, NULL);
	return accounts_end(accounts, r);
}

static unsigned make_first(struct api_request *request, struct admin *admin, const char *token)
{
	int r = store_first(request, admin, token);

	if (r == -ENOENT) {
		login_guard_failed(request->context->guard, request->asker.from, "setup");
		return api_problem(request, 403, "token",
				   "This link is not good any more. Make a new one on the server "
				   "with: sallyport admin link");
	}
	if (r < 0)
		return api_problem_errno(request, r, admin->name);
	log_event(LOG_INFO, "first-administrator-made", F_STR("admin", admin->name),
		  F_STR("from", request->asker.from));
	return api_auth_begin(request, admin, 201);
}

unsigned api_admin_name(struct api_request *request, const char *name,
			char ret[static USER_NAME_MAX + 1])
{
	const char *problem = user_name_problem(text_of(name));

	if (problem || text_find(text_of(name), ':') >= 0 ||
	    text_copy(text_of(name), ret, USER_NAME_MAX + 1) < 0)
		return api_problem(request, 422, "name", "%s",
				   problem ? problem : "A name must not hold a colon.");
	return 0;
}

static unsigned read_first(struct api_request *request, const json_t *body, struct admin *ret)
{
	unsigned wait_s =
		login_guard_wait_s(request->context->guard, request->asker.from, "setup", false);

	if (wait_s > 0) {
		api_header(request, "Retry-After", "%u", wait_s);
		return api_problem(request, 429, NULL, "Try again in %u s.", wait_s);
	}
	unsigned status = api_admin_name(request, json_string_value(json_object_get(body, "name")),
					 ret->name);
	if (status != 0)
		return status;
	login_guard_lock(request->context->guard);
	status = api_admin_hash(request, "password",
				json_string_value(json_object_get(body, "password")),
				ret->password_hash);
	login_guard_unlock(request->context->guard);
	return status;
}

unsigned api_setup_post(struct api_request *request)
{
	static const struct json_field fields[] = {
		{ "token", FIELD_STRING, true },
		{ "name", FIELD_STRING, true },
		{ "password", FIELD_STRING, true },
	};
	struct admin admin = { .role = ROLE_OWNER, .is_enabled = true };
	struct json_fields_error error;
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0)
		status = api_problem(request, 422, error.field, "%s", error.text);
	else if (setup_link_exists(request->context->accounts) <= 0)
		status = api_problem(request, 403, "token",
				     "There is no link that is good; on the server, `sallyport "
				     "admin link` makes one while there is no administrator.");
	else
		status = read_first(request, body, &admin);
	if (status == 0)
		status = make_first(request, &admin,
				    json_string_value(json_object_get(body, "token")));
	explicit_bzero(&admin, sizeof(admin));
	json_decref(body);
	return status;
}
