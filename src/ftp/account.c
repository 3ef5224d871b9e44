/* ftp/account.c - see account.h. */
#include "ftp/account.h"

#include <assert.h>

static const char *const permission_names[] = {
	"list",	  "download", "upload", "overwrite",  "delete",
	"rename", "mkdir",    "rmdir",	"attributes",
};

static const struct {
	const char *name;
	uint32_t permissions;
} permission_sets[] = {
	{ "all", PERM_ALL },
	{ "none", 0 },
	{ "read-only", PERM_LIST | PERM_DOWNLOAD },
};

static_assert((1 << ARRAY_SIZE(permission_names)) - 1 == PERM_ALL, "each permission has a name");

const char *permission_name(size_t index)
{
	return index < ARRAY_SIZE(permission_names) ? permission_names[index] : NULL;
}

static bool word_to_permissions(struct text word, uint32_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(permission_names); i++) {
		if (!text_equal_nocase(word, text_of(permission_names[i])))
			continue;
		*ret = 1U << i;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(permission_sets); i++) {
		if (!text_equal_nocase(word, text_of(permission_sets[i].name)))
			continue;
		*ret = permission_sets[i].permissions;
		return true;
	}
	return false;
}

int permissions_parse(struct text in, uint32_t *ret, struct text *ret_bad)
{
	uint32_t all = 0, some;
	bool has_more = true;

	while (has_more) {
		struct text word = { in.ptr, 0 };

		has_more = text_find(in, ',') >= 0;
		(void)text_take_until(&in, ',', &word); /* an empty word is refused below */
		word = text_trim(word);
		if (!word_to_permissions(word, &some)) {
			*ret_bad = word;
			return -EINVAL;
		}
		all |= some;
	}
	*ret = all;
	return 0;
}

void permissions_format(uint32_t permissions, struct buf *out)
{
	bool is_first = true;

	permissions &= PERM_ALL;
	if (permissions == PERM_ALL || permissions == 0) {
		buf_add(out, permissions == 0 ? T("none") : T("all"));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(permission_names); i++) {
		if (!(permissions & (1U << i)))
			continue;
		if (!is_first)
			buf_add_char(out, ',');
		buf_add(out, text_of(permission_names[i]));
		is_first = false;
	}
}

static bool has_control_byte(struct text in)
{
	for (size_t i = 0; i < in.len; i++)
		if ((uint8_t)in.ptr[i] < ' ' || in.ptr[i] == 0x7f)
			return true;
	return false;
}

const char *user_name_problem(struct text name)
{
	if (name.len == 0)
		return "A user name must not be empty.";
	if (name.len > USER_NAME_MAX)
		return "A user name must not be longer than 128 bytes.";
	if (has_control_byte(name))
		return "A user name must not hold control characters.";
	if (!text_is_utf8(name))
		return "A user name must be valid UTF-8.";
	if (text_find(name, '/') >= 0)
		return "A user name must not hold a slash.";
	if (text_trim(name).len != name.len)
		return "A user name must not begin or end with a blank.";
	if (text_equal(name, T(".")) || text_equal(name, T("..")))
		return "A user name must not be \".\" or \"..\".";
	return NULL;
}

/* --- uploads ---------------------------------------------------------------------------------- */

static const char *const uploads_names[USER_UPLOADS_MODES] = {
	[USER_UPLOADS_AS_SERVER] = "default",
	[USER_UPLOADS_DIRECT] = "direct",
	[USER_UPLOADS_ATOMIC] = "atomic",
};

const char *user_uploads_name(enum user_uploads uploads)
{
	return uploads_names[uploads];
}

int user_uploads_parse(struct text in, enum user_uploads *ret)
{
	for (unsigned i = 0; i < USER_UPLOADS_MODES; i++) {
		if (!text_equal(in, text_of(uploads_names[i])))
			continue;
		*ret = (enum user_uploads)i;
		return 0;
	}
	return -EINVAL;
}
