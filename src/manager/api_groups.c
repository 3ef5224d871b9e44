/* manager/api_groups.c - the groups: list, add, look at, change, delete. */
#include "manager/api_handlers.h"

#include "base/log.h"
#include "manager/api_limits.h"
#include "manager/api_query.h"
#include "manager/api_rights.h"
#include "manager/audit_note.h"
#include "manager/json_fields.h"

/* The first of these is for POST only. */
static const struct json_field group_fields[] = {
	{ "name", FIELD_STRING, true },
	{ "permissions", FIELD_STRINGS, false },
	{ "member_quota", FIELD_OBJECT, false },
	API_LIMITS_FIELDS,
	API_RIGHTS_FIELDS,
};

static unsigned group_problem(struct api_request *request, int r, const char *name)
{
	if (r == -ENOENT)
		return api_problem(request, 404, NULL, "There is no group \"%s\".", name);
	if (r == -EEXIST)
		return api_problem(request, 409, "name", "The group \"%s\" exists already.", name);
	if (r == -EBUSY)
		return api_problem(request, 409, NULL,
				   "The group \"%s\" has members, or the database is busy.", name);
	return api_problem(request, 500, NULL, "The accounts database failed: %s.",
			   strerrordesc_np(-r));
}

static json_t *group_json(const struct group *group)
{
	json_t *object = json_pack("{s:o, s:o, s:I}", "name", api_text(text_of(group->name)),
				   "permissions", api_permissions(group->permissions), "members",
				   (json_int_t)group->n_members);

	api_limits_add_group(object, group);
	api_rights_add(object, &group->rights);
	return object;
}

struct listing {
	json_t *list;
	const char *after, *search;
	unsigned limit;
	uint64_t total;
};

static void list_group(const struct group *group, void *arg)
{
	struct listing *listing = arg;

	if (*listing->search && !strcasestr(group->name, listing->search))
		return;
	listing->total++;
	if (strcmp(group->name, listing->after) > 0 &&
	    json_array_size(listing->list) < listing->limit)
		(void)json_array_append_new(listing->list, group_json(group));
}

unsigned api_groups_get(struct api_request *request)
{
	char after[API_ARGUMENT_SIZE], search[API_ARGUMENT_SIZE];
	unsigned limit, status = api_page(request, &limit, after);

	if (status == 0)
		status = api_query_text(request, "search", search);
	if (status != 0)
		return status;

	struct listing listing = { json_array(), after, search, limit, 0 };
	int r = group_list(request->context->accounts, list_group, &listing);
	if (r < 0) {
		json_decref(listing.list);
		return group_problem(request, r, "");
	}
	request->answer =
		json_pack("{s:o, s:o, s:I}", "groups", listing.list, "next",
			  api_next_name(listing.list, limit), "total", (json_int_t)listing.total);
	return 200;
}

static const char *const volatile_members[] = { "members", NULL };

static unsigned answer_group(struct api_request *request, const char *name, unsigned status)
{
	char etag[API_ETAG_SIZE];
	struct group group;
	int r = group_get(request->context->accounts, text_of(name), &group);

	if (r < 0)
		return group_problem(request, r, name);
	request->answer = group_json(&group);
	api_etag_of(request->answer, volatile_members, 0, etag);
	api_etag(request, etag);
	return status;
}

/* The group before a change, and its JSON, owned by the caller; NULL: *ret_status is the problem's,
 * also when the change was made from another state. */
static json_t *load_for_change(struct api_request *request, struct group *ret, unsigned *ret_status)
{
	char etag[API_ETAG_SIZE];
	int r = group_get(request->context->accounts, text_of(request->argument), ret);

	if (r < 0) {
		*ret_status = group_problem(request, r, request->argument);
		return NULL;
	}
	json_t *current = group_json(ret);
	api_etag_of(current, volatile_members, 0, etag);
	*ret_status = api_if_match(request, etag);
	if (*ret_status == 0)
		return current;
	json_decref(current);
	return NULL;
}

unsigned api_group_get(struct api_request *request)
{
	return answer_group(request, request->argument, 200);
}

static unsigned read_name(struct api_request *request, const json_t *body, struct group *group)
{
	const char *name = json_string_value(json_object_get(body, "name"));

	if (user_name_problem(text_of(name)) ||
	    text_copy(text_of(name), group->name, sizeof(group->name)) < 0)
		return api_problem(request, 422, "name",
				   "A group's name must have 1 to 128 bytes, no slash, no control "
				   "character and no blank at its ends.");
	return 0;
}

/* The body's members go to *group, and what they are to *parts (enum group_part) and *rights_parts.
 * 0, or the status of a problem. */
static unsigned read_group(struct api_request *request, const json_t *body, bool is_new,
			   struct group *group, unsigned *parts, unsigned *rights_parts)
{
	const struct json_field *fields = is_new ? group_fields : group_fields + 1;
	size_t n_fields = ARRAY_SIZE(group_fields) - (is_new ? 0 : 1);
	const json_t *permissions = json_object_get(body, "permissions");
	struct json_fields_error error;
	bool has_limits = false;
	unsigned status = 0;

	if (json_fields_check(body, fields, n_fields, &error) < 0)
		status = api_problem(request, 422, error.field, "%s", error.text);
	if (status == 0 && is_new)
		status = read_name(request, body, group);
	if (status == 0 && permissions)
		status = api_permissions_read(request, "permissions", permissions,
					      &group->permissions);
	if (status == 0)
		status = api_limits_read_group(request, body, group, &has_limits);
	if (status == 0)
		status = api_rights_read(request, body, rights_parts, &group->rights);
	*parts |= (permissions ? GROUP_PERMISSIONS : 0u) | (has_limits ? GROUP_LIMITS : 0u);
	return status;
}

/* Each with its row of the audit trail, both or none. */

static int add_group(struct api_request *request, const struct group *group, const json_t *body)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = group_add(accounts, group);
	if (r == 0)
		r = audit_note(request, "group-added", group->name, NULL, body);
	return accounts_end(accounts, r);
}

struct group_parts {
	unsigned group, rights;
};

static int change_group(struct api_request *request, const struct group_parts *parts,
			const struct group *group, const json_t *current, const json_t *body)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = group_change(accounts, text_of(request->argument), parts->group, parts->rights, group);
	if (r == 0)
		r = audit_note_change(request, "group-changed", request->argument, current, body);
	return accounts_end(accounts, r);
}

static int delete_group(struct api_request *request, const json_t *current)
{
	struct accounts *accounts = request->context->accounts;
	int r = accounts_begin(accounts);

	if (r < 0)
		return r;
	r = group_delete(accounts, text_of(request->argument));
	if (r == 0)
		r = audit_note(request, "group-deleted", request->argument, current, NULL);
	return accounts_end(accounts, r);
}

unsigned api_groups_post(struct api_request *request)
{
	struct group group = { .permissions = PERM_ALL, .limits = limits_as_server() };
	unsigned parts = 0, rights_parts = 0, status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	status = read_group(request, body, true, &group, &parts, &rights_parts);
	int r = status == 0 ? add_group(request, &group, body) : 0;
	json_decref(body);
	if (status != 0)
		return status;
	if (r < 0)
		return group_problem(request, r, group.name);
	log_event(LOG_INFO, "group-added", F_STR("group", group.name),
		  F_STR("by", request->asker.name));
	return answer_group(request, group.name, 201);
}

static unsigned patch_group(struct api_request *request, struct group *group, const json_t *current)
{
	struct group_parts parts = { 0 };
	unsigned status = 0;
	json_t *body = api_body(request, false, &status);

	if (!body)
		return status;
	status = read_group(request, body, false, group, &parts.group, &parts.rights);
	int r = status == 0 ? change_group(request, &parts, group, current, body) : 0;
	json_decref(body);
	if (status != 0)
		return status;
	if (r < 0)
		return group_problem(request, r, request->argument);
	log_event(LOG_INFO, "group-changed", F_STR("group", request->argument),
		  F_STR("by", request->asker.name));
	return answer_group(request, request->argument, 200);
}

unsigned api_group_patch(struct api_request *request)
{
	struct group group;
	unsigned status = 0;
	json_t *current = load_for_change(request, &group, &status);

	if (!current)
		return status;
	status = patch_group(request, &group, current);
	json_decref(current);
	return status;
}

unsigned api_group_delete(struct api_request *request)
{
	struct group group;
	unsigned status = 0;
	json_t *current = load_for_change(request, &group, &status);

	if (!current)
		return status;
	int r = delete_group(request, current);
	json_decref(current);
	if (r < 0)
		return group_problem(request, r, request->argument);
	log_event(LOG_INFO, "group-deleted", F_STR("group", request->argument),
		  F_STR("by", request->asker.name));
	return 204;
}
