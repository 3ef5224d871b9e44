/* manager/api_keys.c - keys for programs: GET and POST /keys, DELETE /keys/{id}. The key itself is
 * shown once, when it is made. */
#include "manager/api_auth.h"

#include "base/clock.h"
#include "base/log.h"
#include "manager/api_handlers.h"
#include "manager/audit_note.h"
#include "manager/json_fields.h"

static json_t *key_json(const struct api_key *key)
{
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "id", key->id, "name",
			 api_text(text_of(key->name)), "scope", role_scope(key->role), "created",
			 api_time(key->created_wall_ms), "created_by",
			 api_text(text_of(key->created_by)), "expires",
			 api_time(key->expires_wall_ms), "last_used", api_time(key->used_wall_ms),
			 "last_used_from", api_text_or_null(key->used_from));
}

static void list_key(const struct api_key *key, void *arg)
{
	(void)json_array_append_new(arg, key_json(key));
}

unsigned api_keys_get(struct api_request *request)
{
	json_t *list = json_array();
	int r = api_key_list(request->context->accounts, list_key, list);

	if (r < 0) {
		json_decref(list);
		return api_problem_errno(request, r, "");
	}
	request->answer = json_pack("{s:o, s:o, s:I}", "keys", list, "next", json_null(), "total",
				    (json_int_t)json_array_size(list));
	return 200;
}

static unsigned read_key(struct api_request *request, const json_t *body, struct api_key *ret)
{
	static const struct json_field fields[] = {
		{ "name", FIELD_STRING, true },
		{ "scope", FIELD_STRING, true },
		{ "expires", FIELD_STRING_OR_NULL, false },
	};
	const char *expires = json_string_value(json_object_get(body, "expires"));
	struct json_fields_error error;

	if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0)
		return api_problem(request, 422, error.field, "%s", error.text);
	unsigned status = api_admin_name(request, json_string_value(json_object_get(body, "name")),
					 ret->name);
	if (status != 0)
		return status;
	ret->role = role_find_scope(text_of(json_string_value(json_object_get(body, "scope"))));
	if (ret->role == ROLE_NONE)
		return api_problem(request, 422, "scope", "A scope is read, operate or own.");
	if (expires && (clock_parse_iso(text_of(expires), &ret->expires_wall_ms) < 0 ||
			ret->expires_wall_ms <= clock_wall_ms()))
		return api_problem(request, 422, "expires",
				   "The field \"expires\" must be null or a time to come such as "
				   "2027-11-20T11:17:40Z.");
	return 0;
}

static int store_key(struct api_request *request, const struct api_key *key, const json_t *body)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = api_key_add(accounts, key);
	if (r == 0)
		r = audit_note(request, "key-added", key->id, NULL, body);
	return accounts_end(accounts, r);
}

static unsigned answer_new(struct api_request *request, const struct api_key *key,
			   const char *secret)
{
	char text[API_KEY_ID_SIZE + TOKEN_SIZE + 8];
	struct api_key stored;
	int r = api_key_get(request->context->accounts, text_of(key->id), &stored);

	if (r < 0)
		return api_problem_errno(request, r, "");
	(void)snprintf(text, sizeof(text), "spk_%s_%s", key->id, secret);
	request->answer = key_json(&stored);
	(void)json_object_set_new(request->answer, "key", json_string(text));
	explicit_bzero(text, sizeof(text));
	log_event(LOG_INFO, "key-added", F_STR("key", key->id), F_STR("name", key->name),
		  F_STR("by", request->asker.name));
	return 201;
}

unsigned api_keys_post(struct api_request *request)
{
	char secret[TOKEN_SIZE], id[TOKEN_SIZE];
	struct api_key key = { 0 };
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	status = read_key(request, body, &key);
	token_make(id);
	memcpy(key.id, id, sizeof(key.id) - 1);
	token_make(secret);
	token_hash(text_of(secret), key.secret_hash);
	(void)snprintf(key.created_by, sizeof(key.created_by), "%s", request->asker.name);
	int r = status == 0 ? store_key(request, &key, body) : 0;
	json_decref(body);
	if (status == 0 && r < 0)
		status = api_problem_errno(request, r, key.name);
	if (status == 0)
		status = answer_new(request, &key, secret);
	explicit_bzero(secret, sizeof(secret));
	return status;
}

static int delete_key(struct api_request *request, const struct api_key *key)
{
	struct accounts *accounts = request->context->accounts;
	json_t *before = key_json(key);
	int r = accounts_begin(accounts);

	if (r == 0) {
		r = api_key_delete(accounts, text_of(key->id));
		if (r == 0)
			r = audit_note(request, "key-deleted", key->id, before, NULL);
		r = accounts_end(accounts, r);
	}
	json_decref(before);
	return r;
}

unsigned api_key_delete_one(struct api_request *request)
{
	char owner[USER_NAME_MAX + 16];
	struct api_key key;
	int r = api_key_get(request->context->accounts, text_of(request->argument), &key);

	if (r == 0)
		r = delete_key(request, &key);
	if (r == -ENOENT)
		return api_problem(request, 404, NULL, "There is no key \"%s\".",
				   request->argument);
	if (r < 0)
		return api_problem_errno(request, r, "");
	(void)snprintf(owner, sizeof(owner), "key:%s", key.name);
	bus_end_owner(request->context->bus, owner);
	log_event(LOG_INFO, "key-deleted", F_STR("key", key.id), F_STR("by", request->asker.name));
	return 204;
}
