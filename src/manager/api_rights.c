/* manager/api_rights.c - see api_rights.h. */
#include "manager/api_rights.h"

#include "manager/api_limits.h"
#include "manager/json_fields.h"

static const char *const field_names[POLICY_KINDS] = {
	[POLICY_RULE] = "rules",
	[POLICY_DENY] = "denied",
	[POLICY_HIDE] = "hidden",
	[POLICY_FOLDER] = "folders",
};

static const struct json_field rule_fields[] = {
	{ "path", FIELD_STRING, true },
	{ "permissions", FIELD_STRINGS, true },
};
static const struct json_field folder_fields[] = {
	{ "path", FIELD_STRING, true },
	{ "directory", FIELD_STRING, true },
	{ "read_only", FIELD_BOOLEAN, false },
	{ "quota", FIELD_OBJECT, false },
};

unsigned api_permissions_read(struct api_request *request, const char *field, const json_t *list,
			      uint32_t *ret)
{
	uint32_t permissions = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		size_t bit = 0;

		while (permission_name(bit) && strcmp(permission_name(bit), word) != 0)
			bit++;
		if (!permission_name(bit))
			return api_problem(
				request, 422, field,
				"\"%.100s\" is not a permission; there are list, download, "
				"upload, overwrite, delete, rename, mkdir, rmdir, attributes.",
				word);
		permissions |= 1U << bit;
	}
	*ret = permissions;
	return 0;
}

json_t *api_permissions(uint32_t permissions)
{
	json_t *list = json_array();

	for (size_t i = 0; permission_name(i); i++)
		if (permissions & (1U << i))
			(void)json_array_append_new(list, json_string(permission_name(i)));
	return list;
}

/* --- reading ---------------------------------------------------------------------------------- */

static struct text text_member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return (struct text){ json_string_value(value), json_string_length(value) };
}

static unsigned check_members(struct api_request *request, const json_t *item,
			      enum policy_kind kind)
{
	struct json_fields_error error;
	int r = kind == POLICY_RULE
			? json_fields_check(item, rule_fields, ARRAY_SIZE(rule_fields), &error)
			: json_fields_check(item, folder_fields, ARRAY_SIZE(folder_fields), &error);

	return r < 0 ? api_problem(request, 422, field_names[kind], "%s", error.text) : 0;
}

/* One member of a list becomes an entry, whose texts are borrowed from it. */
static unsigned read_entry(struct api_request *request, const json_t *item, enum policy_kind kind,
			   struct policy_entry *ret)
{
	struct policy_entry entry = { .kind = kind, .directory = T("") };
	unsigned status = 0;

	if (kind == POLICY_DENY || kind == POLICY_HIDE) {
		entry.name = (struct text){ json_string_value(item), json_string_length(item) };
	} else {
		status = check_members(request, item, kind);
		if (status != 0)
			return status;
		entry.name = text_member(item, "path");
	}
	if (kind == POLICY_RULE)
		status = api_permissions_read(
			request, "rules", json_object_get(item, "permissions"), &entry.permissions);
	if (kind == POLICY_FOLDER) {
		const json_t *quota = json_object_get(item, "quota");

		entry.directory = text_member(item, "directory");
		entry.is_read_only = json_is_true(json_object_get(item, "read_only"));
		status = quota ? api_quota_read(request, "folders", quota, &entry.quota) : 0;
	}
	if (status != 0)
		return status;

	const char *problem = policy_entry_problem(&entry);
	if (!problem && kind == POLICY_FOLDER)
		problem = api_directory_problem(request, entry.directory.ptr);
	if (problem)
		return api_problem(request, 422, field_names[kind], "\"%.*s\": %s",
				   (int)MIN_OF(entry.name.len, (size_t)200), entry.name.ptr,
				   problem);
	*ret = entry;
	return 0;
}

static bool is_known(struct text lines, struct text name)
{
	struct policy_entry entry;

	while (policy_take_entry(&lines, &entry) > 0)
		if (text_equal(entry.name, name))
			return true;
	return false;
}

static unsigned read_list(struct api_request *request, const json_t *list, enum policy_kind kind,
			  struct rights *ret)
{
	struct policy_entry entry;
	struct buf lines;

	/* Half for the user, half for its group. */
	if (kind == POLICY_FOLDER && json_array_size(list) > POLICY_MAX_FOLDERS / 2)
		return api_problem(request, 422, "folders", "There may be at most %d folders.",
				   POLICY_MAX_FOLDERS / 2);
	buf_init(&lines, ret->lines[kind], sizeof(ret->lines[kind]));
	for (size_t i = 0; i < json_array_size(list); i++) {
		unsigned status = read_entry(request, json_array_get(list, i), kind, &entry);

		if (status != 0)
			return status;
		if (is_known(buf_text(&lines), entry.name))
			return api_problem(
				request, 422, field_names[kind], "\"%.*s\" is there twice.",
				(int)MIN_OF(entry.name.len, (size_t)200), entry.name.ptr);
		policy_add_entry(&lines, &entry);
	}
	if (lines.has_overflowed)
		return api_problem(request, 422, field_names[kind],
				   "These are too many: %d bytes at most.", POLICY_PART_SIZE);
	return 0;
}

unsigned api_rights_read(struct api_request *request, const json_t *body, unsigned *parts,
			 struct rights *ret)
{
	unsigned status = 0;

	for (unsigned kind = 0; kind < POLICY_KINDS && status == 0; kind++) {
		const json_t *list = json_object_get(body, field_names[kind]);

		if (!list)
			continue;
		*parts |= (unsigned)RIGHTS_LINES << kind;
		status = read_list(request, list, (enum policy_kind)kind, ret);
	}
	return status;
}

/* --- writing ---------------------------------------------------------------------------------- */

static json_t *entry_json(const struct policy_entry *entry)
{
	if (entry->kind == POLICY_RULE)
		return json_pack("{s:o, s:o}", "path", api_text(entry->name), "permissions",
				 api_permissions(entry->permissions));
	if (entry->kind == POLICY_FOLDER)
		return json_pack("{s:o, s:o, s:b, s:o}", "path", api_text(entry->name), "directory",
				 api_text(entry->directory), "read_only", entry->is_read_only,
				 "quota", api_quota(&entry->quota));
	return api_text(entry->name);
}

void api_rights_add(json_t *object, const struct rights *rights)
{
	for (unsigned kind = 0; kind < POLICY_KINDS; kind++) {
		struct text lines = text_of(rights->lines[kind]);
		struct policy_entry entry;
		json_t *list = json_array();

		while (policy_take_entry(&lines, &entry) > 0)
			(void)json_array_append_new(list, entry_json(&entry));
		(void)json_object_set_new(object, field_names[kind], list);
	}
}
