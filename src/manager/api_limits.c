/* manager/api_limits.c - see api_limits.h. */
#include "manager/api_limits.h"

#include "manager/limits_json.h"

/* --- reading ---------------------------------------------------------------------------------- */

static unsigned read_limits(struct api_request *request, const json_t *object,
			    struct user_limits *limits)
{
	const char *bad = limits_from_json(object, limits);

	if (!bad)
		return 0;
	return api_problem(
		request, 422, "limits",
		"\"%.100s\" is not a limit, or its value is neither null (as the group or the "
		"server) nor a number from 0 (none) up.",
		bad);
}

static unsigned read_uploads(struct api_request *request, const json_t *value,
			     enum user_uploads *ret)
{
	const char *name = json_is_string(value) ? json_string_value(value) : "default";

	if (user_uploads_parse(text_of(name), ret) == 0)
		return 0;
	return api_problem(request, 422, "uploads",
			   "\"%.100s\" is not a way of uploading: there are \"direct\", \"atomic\" "
			   "and null (as the group or the server).",
			   name);
}

/* What all have in common. */
static unsigned read_common(struct api_request *request, const json_t *body,
			    struct user_limits *limits, enum user_uploads *uploads, bool *ret_has)
{
	const json_t *limits_object = json_object_get(body, "limits");
	const json_t *uploads_value = json_object_get(body, "uploads");
	unsigned status = 0;

	*ret_has = limits_object || uploads_value;
	if (limits_object)
		status = read_limits(request, limits_object, limits);
	if (status == 0 && uploads_value)
		status = read_uploads(request, uploads_value, uploads);
	return status;
}

/* null becomes QUOTA_AS_GROUP. */
static unsigned read_choice(struct api_request *request, const char *field, const json_t *object,
			    struct quota_choice *choice)
{
	const char *name;
	json_t *value;

	/* The macro walks without changing the object; its signature lacks the const. */
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		bool is_bytes = strcmp(name, "bytes") == 0;
		int64_t number = json_is_null(value) ? QUOTA_AS_GROUP : json_integer_value(value);

		if ((!is_bytes && strcmp(name, "files") != 0) ||
		    !(json_is_null(value) || (json_is_integer(value) && number >= 0)))
			return api_problem(request, 422, field,
					   "A quota has \"bytes\" and \"files\", each null or a "
					   "number from 0 (no limit) up; \"%.100s\" is wrong.",
					   name);
		*(is_bytes ? &choice->bytes : &choice->files) = number;
	}
	return 0;
}

unsigned api_quota_read(struct api_request *request, const char *field, const json_t *object,
			struct quota_limits *quota)
{
	struct quota_choice choice = { (int64_t)quota->bytes, (int64_t)quota->files };
	unsigned status = read_choice(request, field, object, &choice);

	if (status != 0)
		return status;
	quota->bytes = (uint64_t)MAX_OF(choice.bytes, 0);
	quota->files = (uint64_t)MAX_OF(choice.files, 0);
	return 0;
}

unsigned api_limits_read_user(struct api_request *request, const json_t *body,
			      struct account *account, bool *ret_has)
{
	const json_t *quota = json_object_get(body, "quota");
	unsigned status = read_common(request, body, &account->limits, &account->uploads, ret_has);

	if (status != 0 || !quota)
		return status;
	*ret_has = true;
	return read_choice(request, "quota", quota, &account->quota);
}

unsigned api_limits_read_group(struct api_request *request, const json_t *body, struct group *group,
			       bool *ret_has)
{
	const json_t *quota = json_object_get(body, "quota");
	const json_t *member_quota = json_object_get(body, "member_quota");
	unsigned status = read_common(request, body, &group->limits, &group->uploads, ret_has);

	*ret_has = *ret_has || quota || member_quota;
	if (status == 0 && quota)
		status = api_quota_read(request, "quota", quota, &group->quota);
	if (status == 0 && member_quota)
		status =
			api_quota_read(request, "member_quota", member_quota, &group->member_quota);
	return status;
}

/* --- writing ---------------------------------------------------------------------------------- */

static json_t *uploads_json(enum user_uploads uploads)
{
	return uploads == USER_UPLOADS_AS_SERVER ? json_null()
						 : json_string(user_uploads_name(uploads));
}

static json_t *choice_json(int64_t value)
{
	return value == QUOTA_AS_GROUP ? json_null() : json_integer(value);
}

json_t *api_quota(const struct quota_limits *quota)
{
	return json_pack("{s:I, s:I}", "bytes", (json_int_t)quota->bytes, "files",
			 (json_int_t)quota->files);
}

void api_limits_add_user(json_t *object, const struct account *account)
{
	(void)json_object_set_new(object, "limits", limits_json(&account->limits));
	(void)json_object_set_new(object, "uploads", uploads_json(account->uploads));
	(void)json_object_set_new(object, "quota",
				  json_pack("{s:o, s:o}", "bytes",
					    choice_json(account->quota.bytes), "files",
					    choice_json(account->quota.files)));
}

void api_limits_add_group(json_t *object, const struct group *group)
{
	(void)json_object_set_new(object, "limits", limits_json(&group->limits));
	(void)json_object_set_new(object, "uploads", uploads_json(group->uploads));
	(void)json_object_set_new(object, "quota", api_quota(&group->quota));
	(void)json_object_set_new(object, "member_quota", api_quota(&group->member_quota));
}

void api_limits_add_effective(json_t *object, const struct effective_rights *rights)
{
	(void)json_object_set_new(
		object, "effective",
		json_pack("{s:o, s:o, s:o, s:o}", "limits", limits_json(&rights->limits), "uploads",
			  uploads_json(rights->uploads), "quota", api_quota(&rights->quota),
			  "group_quota", api_quota(&rights->group_quota)));
}
