/* manager/audit_note.c - see audit_note.h. */
#include "manager/audit_note.h"

#include "accounts/audit.h"
#include "base/log.h"
#include "manager/records.h"

static const char *const secrets[] = {
	"password",    "password_hash", "current", "new",  "private_key",
	"totp_secret", "secret",	"token",   "code", "key",
};

static bool is_secret(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		if (strcmp(name, secrets[i]) == 0)
			return true;
	return false;
}

static void hide_secrets(json_t *value)
{
	const char *name;
	json_t *member;
	void *next;
	size_t i;

	json_object_foreach_safe(value, next, name, member)
	{
		if (is_secret(name) && !json_is_null(member))
			(void)json_object_set_new(value, name, json_string("changed"));
		else
			hide_secrets(member);
	}
	json_array_foreach(value, i, member) hide_secrets(member);
}

/* NULL for NULL. */
static char *text_without_secrets(const json_t *value)
{
	json_t *copy = json_deep_copy(value);

	hide_secrets(copy);
	char *text = copy ? json_dumps(copy, JSON_COMPACT) : NULL;
	json_decref(copy);
	return text;
}

/* A line for the log of events, which all administrators may read: what was changed, not how. */
static void tell_of_change(const struct api_request *request, const char *action,
			   const char *object)
{
	bool is_kick = strncmp(action, "session-", strlen("session-")) == 0;
	bool is_ban = strncmp(action, "ban", strlen("ban")) == 0;
	char text[ACTIVITY_TEXT_SIZE];
	const struct happening happening = {
		.kind = is_kick	 ? HAPPENING_KICK
			: is_ban ? HAPPENING_BAN
				 : HAPPENING_CHANGE,
		.address = request->asker.from,
		.text = text,
	};

	(void)snprintf(text, sizeof(text), "%s: %s %s", request->asker.name, action, object);
	records_note_happening(request->context->records, &happening);
}

int audit_note(const struct api_request *request, const char *action, const char *object,
	       const json_t *before, const json_t *after)
{
	AUTO_FREE char *before_text = text_without_secrets(before);
	AUTO_FREE char *after_text = text_without_secrets(after);
	const struct audit_record record = {
		.who = request->asker.name,
		.from = request->asker.from,
		.action = action,
		.object = object,
		.before = before_text,
		.after = after_text,
	};

	if ((before && !before_text) || (after && !after_text))
		return -ENOMEM;
	int r = audit_add(request->context->accounts, &record);
	if (r == 0)
		tell_of_change(request, action, object);
	return r;
}

int audit_note_change(const struct api_request *request, const char *action, const char *object,
		      const json_t *current, const json_t *body)
{
	json_t *before = json_object();
	const char *name;
	json_t *value;

	/* The macro walks without changing the object; its signature lacks the const. */
	json_object_foreach((json_t *)(uintptr_t)body, name, value)
	{
		json_t *was = json_object_get(current, name);
		if (was)
			(void)json_object_set(before, name, was);
	}
	int r = audit_note(request, action, object, before, body);
	json_decref(before);
	return r;
}

void audit_note_done(const struct api_request *request, const char *action, const char *object,
		     const json_t *before, const json_t *after)
{
	int r = audit_note(request, action, object, before, after);

	if (r < 0)
		log_event(LOG_ERROR, "audit-row-lost", F_STR("action", action),
			  F_STR("object", object), F_STR("by", request->asker.name), F_ERRNO(r));
}
