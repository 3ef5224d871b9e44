/* manager/api_access.c - see api_access.h. */
#include "manager/api_access.h"

#include "base/buf.h"
#include "base/clock.h"

static unsigned read_networks(struct api_request *request, const json_t *list,
			      struct user_access *ret)
{
	char sentence[256];
	struct buf out;
	size_t i;
	json_t *entry;

	buf_init(&out, ret->networks, sizeof(ret->networks));
	/* The macro walks without changing the array; its signature lacks the const. */
	json_array_foreach((json_t *)(uintptr_t)list, i, entry)
	{
		const char *text = json_string_value(entry);

		if (strchr(text, ','))
			return api_problem(request, 422, "allowed_networks",
					   "\"%.64s\" holds a comma: give one network an entry.",
					   text);
		buf_addf(&out, "%s%s", i > 0 ? ", " : "", text);
	}
	if (out.has_overflowed)
		return api_problem(request, 422, "allowed_networks",
				   "The list of networks is too long: it may have at most %d "
				   "bytes.",
				   ACCESS_NETWORKS_SIZE - 1);
	const char *problem =
		access_networks_problem(text_of(ret->networks), sentence, sizeof(sentence));
	return problem ? api_problem(request, 422, "allowed_networks", "%s", problem) : 0;
}

static unsigned read_expires(struct api_request *request, const json_t *value, int64_t *ret)
{
	*ret = 0;
	if (json_is_null(value))
		return 0;
	if (clock_parse_iso(text_of(json_string_value(value)), ret) == 0 && *ret > 0)
		return 0;
	return api_problem(request, 422, "expires",
			   "The field \"expires\" must be null (never) or a time such as "
			   "2026-12-31T23:00:00Z.");
}

unsigned api_access_read(struct api_request *request, const json_t *body, unsigned *parts,
			 struct user_access *ret)
{
	const json_t *networks = json_object_get(body, "allowed_networks");
	const json_t *expires = json_object_get(body, "expires");
	const json_t *require_tls = json_object_get(body, "require_tls");
	unsigned status = 0;

	if (networks) {
		*parts |= ACCOUNT_NETWORKS;
		status = read_networks(request, networks, ret);
	}
	if (status == 0 && expires) {
		*parts |= ACCOUNT_EXPIRES;
		status = read_expires(request, expires, &ret->expires_wall_ms);
	}
	if (require_tls) {
		*parts |= ACCOUNT_REQUIRES_TLS;
		ret->requires_tls = json_is_true(require_tls);
	}
	return status;
}

static json_t *networks_json(struct text list)
{
	json_t *array = json_array();
	struct text entry;

	while (text_take_until(&list, ',', &entry))
		(void)json_array_append_new(array, api_text(text_trim(entry)));
	return array;
}

void api_access_add(json_t *object, const struct user_access *access)
{
	bool is_expired = access->expires_wall_ms > 0 && clock_wall_ms() >= access->expires_wall_ms;

	(void)json_object_set_new(object, "allowed_networks",
				  networks_json(text_of(access->networks)));
	(void)json_object_set_new(object, "expires", api_time(access->expires_wall_ms));
	(void)json_object_set_new(object, "expired", json_boolean(is_expired));
	(void)json_object_set_new(object, "require_tls", json_boolean(access->requires_tls));
}
