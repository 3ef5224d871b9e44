/* manager/api_quotas.c - quotas and what is used of them: GET /api/v1/quotas (of ?user or ?group,
 * or of all, page by page through the users; those of groups are on the last page), and
 * POST /api/v1/quotas/recount {"user": NAME} | {"group": NAME} | {} for all, which has the files
 * counted again and tells the figures before and after. A worker does the counting. */
#include "manager/api_handlers.h"

#include "accounts/account_page.h"
#include "accounts/rights.h"
#include "base/list.h"
#include "base/log.h"
#include "manager/api_query.h"
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

/* Those of at most `limit` users behind `after`; ret_last (USER_NAME_MAX + 1) is the last of them,
 * or empty when there are no more behind it: then those of the groups are there as well. */
static int add_page(struct api_request *request, const char *after, unsigned limit,
		    struct list *items, char *ret_last)
{
	const struct account_filter everybody = { .enabled = -1 };
	struct list names;
	unsigned n = 0;

	list_init(&names);
	int r = account_page(request->context->accounts, &everybody, after, limit, list_name,
			     &names);
	*ret_last = '\0';
	for (struct list *l = names.next; l != &names && r == 0; l = l->next, n++) {
		const char *name = list_entry(l, struct item, link)->name;

		r = add_user(request, name, false, items);
		if (r == -ENOENT)
			r = 0; /* deleted meanwhile */
		memcpy(ret_last, name, USER_NAME_MAX + 1);
	}
	free_items(&names);
	if (r < 0 || n == limit)
		return r;
	*ret_last = '\0';
	return group_list(request->context->accounts, list_group, items);
}

static int add_all(struct api_request *request, struct list *items)
{
	char last[USER_NAME_MAX + 1] = "", after[USER_NAME_MAX + 1];
	int r;

	do {
		memcpy(after, last, sizeof(after));
		r = add_page(request, after, API_PAGE_MOST, items, last);
	} while (r == 0 && *last);
	return r;
}

/* Those of one user or one group, limited or not. 0, or the status of a problem. */
static unsigned add_named(struct api_request *request, const char *user, const char *group,
			  struct list *items)
{
	struct group found;
	int r;

	if (user) {
		r = add_user(request, user, true, items);
	} else {
		r = group_get(request->context->accounts, text_of(group), &found);
		if (r == 0)
			r = add_group(&found, true, items);
	}
	if (r == -ENOENT)
		return api_problem(request, 404, NULL, "There is no %s \"%s\".",
				   user ? "user" : "group", user ? user : group);
	return r < 0 ? api_problem_errno(request, r, "") : 0;
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

static unsigned get_page(struct api_request *request, struct list *items)
{
	char after[API_ARGUMENT_SIZE], last[USER_NAME_MAX + 1];
	unsigned limit, status = api_page(request, &limit, after);

	if (status != 0)
		return status;
	int r = add_page(request, after, limit, items, last);
	if (r < 0)
		return api_problem_errno(request, r, "");
	status = answer(request, items, false);
	(void)json_object_set_new(request->answer, "next", api_text_or_null(last));
	return status;
}

unsigned api_quotas_get(struct api_request *request)
{
	char user[API_ARGUMENT_SIZE], group[API_ARGUMENT_SIZE];
	struct list items;
	unsigned status = api_query_text(request, "user", user);

	list_init(&items);
	if (status == 0)
		status = api_query_text(request, "group", group);
	if (status != 0)
		return status;
	if (*user && *group)
		return api_problem(request, 422, "group", "Name a user or a group, not both.");
	if (*user || *group) {
		status = add_named(request, *user ? user : NULL, group, &items);
		if (status == 0)
			status = answer(request, &items, false);
	} else {
		status = get_page(request, &items);
	}
	free_items(&items);
	return status;
}

static unsigned recount(struct api_request *request, const char *user, const char *group,
			struct list *items)
{
	unsigned status = 0;

	if (user || group) {
		status = add_named(request, user, group, items);
	} else {
		int r = add_all(request, items);

		if (r < 0)
			status = api_problem_errno(request, r, "");
	}
	if (status != 0)
		return status;
	audit_note_done(request, "quota-recounted", user ? user : group ? group : "", NULL, NULL);
	log_event(LOG_INFO, "quota-recount", F_STR("user", user ? user : ""),
		  F_STR("group", group ? group : ""), F_STR("by", request->asker.name));
	if (user || group || !request->context->quotas)
		return answer(request, items, true);
	/* What is counted without a quota at the moment is counted when it has one again. */
	uint64_t moment = quotas_moment(request->context->quotas);
	status = answer(request, items, true);
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
