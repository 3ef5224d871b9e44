/* manager/api_quotas.c - quotas and what is used of them: GET /api/v1/quotas, and
 * POST /api/v1/quotas/recount {"user": NAME} | {"group": NAME} | {} for all, which has the files
 * counted again and tells the figures before and after. A worker does the counting. */
#include "manager/api_handlers.h"

#include "accounts/rights.h"
#include "base/list.h"
#include "base/log.h"
#include "manager/audit_note.h"
#include "manager/json_fields.h"

/* A quota of somebody, to be asked about. */
struct item {
	struct list link;
	const char *kind;
	char name[USER_NAME_MAX + 1];
	char folder[USER_HOME_MAX + 1]; /* its path in the user's tree */
	struct quota_limits limits;
	struct message_quota_request request;
};

static int add_item(struct list *items, const struct item *item)
{
	struct item *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *item;
	list_append(items, &copy->link);
	return 0;
}

static void free_items(struct list *items)
{
	while (!list_is_empty(items)) {
		struct item *item = list_entry(items->next, struct item, link);

		list_remove(&item->link);
		free(item);
	}
}

/* --- which there are -------------------------------------------------------------------------- */

static int add_tree(struct list *items, const char *kind, const char *user, struct text directory,
		    struct text folder, const struct quota_limits *limits)
{
	struct item item = { .kind = kind, .limits = *limits };
	int r = text_copy(text_of(user), item.name, sizeof(item.name));

	if (r == 0)
		r = text_copy(folder, item.folder, sizeof(item.folder));
	if (r == 0)
		r = text_copy(directory, item.request.directory, sizeof(item.request.directory));
	return r == 0 ? add_item(items, &item) : r;
}

static int add_folders(struct list *items, const char *user, const char *policy)
{
	struct text lines = text_of(policy);
	struct policy_entry entry;
	int r = 0;

	while (r == 0 && policy_take_entry(&lines, &entry) > 0)
		if (entry.kind == POLICY_FOLDER && quota_is_limited(&entry.quota))
			r = add_tree(items, "folder", user, entry.directory, entry.name,
				     &entry.quota);
	return r;
}

/* The quota of the user, limited or not when it is asked for by name, and those of its folders. */
static int add_user(struct api_request *request, const char *name, bool is_asked_for,
		    struct list *items)
{
	struct effective_rights rights;
	struct account account;
	int r = accounts_get(request->context->accounts, text_of(name), &account);

	if (r == 0)
		r = rights_get_effective(request->context->accounts, text_of(name), &rights);
	if (r == 0 && (is_asked_for || quota_is_limited(&rights.quota)))
		r = add_tree(items, "user", name, text_of(account.home), T(""), &rights.quota);
	if (r == 0)
		r = add_folders(items, name, rights.policy);
	explicit_bzero(&account, sizeof(account));
	return r;
}

static int add_group(const struct group *group, bool is_asked_for, struct list *items)
{
	struct item item = { .kind = "group", .limits = group->quota };

	if (!is_asked_for && !quota_is_limited(&group->quota))
		return 0;
	memcpy(item.name, group->name, sizeof(item.name));
	memcpy(item.request.group, group->name, sizeof(item.request.group));
	return add_item(items, &item);
}

static void list_name(const struct account *account, void *arg)
{
	struct item item = { .kind = "name" };

	memcpy(item.name, account->name, sizeof(item.name));
	(void)!add_item(arg, &item);
}

static void list_group(const struct group *group, void *arg)
{
	(void)!add_group(group, false, arg);
}

static int add_all(struct api_request *request, struct list *items)
{
	struct list names;

	list_init(&names);
	int r = accounts_list(request->context->accounts, list_name, &names);
	for (struct list *l = names.next; l != &names && r == 0; l = l->next) {
		r = add_user(request, list_entry(l, struct item, link)->name, false, items);
		if (r == -ENOENT)
			r = 0; /* deleted meanwhile */
	}
	free_items(&names);
	return r == 0 ? group_list(request->context->accounts, list_group, items) : r;
}

/* --- figures ---------------------------------------------------------------------------------- */

static json_t *usage_json(const struct quota_usage *usage)
{
	return json_pack("{s:I, s:I}", "bytes", (json_int_t)usage->bytes, "files",
			 (json_int_t)usage->files);
}

static json_t *limit_json(uint64_t limit)
{
	return limit > 0 ? json_integer((json_int_t)limit) : json_null();
}

static json_t *item_json(const struct item *item, const struct message_quota_reply *reply)
{
	json_t *limits = json_pack("{s:o, s:o}", "bytes", limit_json(item->limits.bytes), "files",
				   limit_json(item->limits.files));
	json_t *json = json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", item->kind, "name",
				 api_text(text_of(item->name)), "folder",
				 api_text_or_null(item->folder), "quota", limits, "used",
				 reply->error < 0 ? json_null() : usage_json(&reply->after));

	if (item->request.is_recount && reply->error == 0)
		(void)json_object_set_new(json, "before",
					  reply->was_known ? usage_json(&reply->before)
							   : json_null());
	if (reply->error < 0)
		(void)json_object_set_new(json, "error",
					  json_string(strerrordesc_np(-reply->error)));
	return json;
}

static unsigned answer(struct api_request *request, struct list *items, bool is_recount)
{
	json_t *list = json_array();

	for (struct list *l = items->next; l != items; l = l->next) {
		struct item *item = list_entry(l, struct item, link);
		struct message_quota_reply reply = { 0 };

		item->request.is_recount = is_recount;
		reply.error = quota_desk_ask(request->context->desk, &item->request, &reply);
		(void)json_array_append_new(list, item_json(item, &reply));
	}
	request->answer = json_pack("{s:o}", "quotas", list);
	return 200;
}

unsigned api_quotas_get(struct api_request *request)
{
	struct list items;

	list_init(&items);
	int r = add_all(request, &items);
	unsigned status =
		r < 0 ? api_problem_errno(request, r, "") : answer(request, &items, false);
	free_items(&items);
	return status;
}

static unsigned recount(struct api_request *request, const char *user, const char *group,
			struct list *items)
{
	struct group found;
	int r;

	if (user) {
		r = add_user(request, user, true, items);
	} else if (group) {
		r = group_get(request->context->accounts, text_of(group), &found);
		if (r == 0)
			r = add_group(&found, true, items);
	} else {
		r = add_all(request, items);
	}
	if (r == -ENOENT)
		return api_problem(request, 404, NULL, "There is no %s \"%s\".",
				   user ? "user" : "group", user ? user : group);
	if (r < 0)
		return api_problem_errno(request, r, "");
	audit_note_done(request, "quota-recounted", user ? user : group ? group : "", NULL, NULL);
	log_event(LOG_INFO, "quota-recount", F_STR("user", user ? user : ""),
		  F_STR("group", group ? group : ""), F_STR("by", request->asker.name));
	if (user || group || !request->context->quotas)
		return answer(request, items, true);
	/* What is counted without a quota at the moment is counted when it has one again. */
	uint64_t moment = quotas_moment(request->context->quotas);
	unsigned status = answer(request, items, true);
	quotas_doubt_older(request->context->quotas, moment);
	return status;
}

unsigned api_quotas_recount(struct api_request *request)
{
	static const struct json_field fields[] = {
		{ "user", FIELD_STRING, false },
		{ "group", FIELD_STRING, false },
	};
	struct json_fields_error error;
	struct list items;
	unsigned status = 0;
	json_t *body = api_body(request, true, &status);

	if (!body)
		return status;
	const char *user = json_string_value(json_object_get(body, "user"));
	const char *group = json_string_value(json_object_get(body, "group"));

	list_init(&items);
	if (json_fields_check(body, fields, ARRAY_SIZE(fields), &error) < 0)
		status = api_problem(request, 422, error.field, "%s", error.text);
	else if (user && group)
		status = api_problem(request, 422, "group", "Name a user or a group, not both.");
	else
		status = recount(request, user, group, &items);
	free_items(&items);
	json_decref(body);
	return status;
}
