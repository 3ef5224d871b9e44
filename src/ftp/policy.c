/* ftp/policy.c - see policy.h. */
#include "ftp/policy.h"

#include <fnmatch.h>

#include "ftp/path.h"

static const char *const keywords[POLICY_KINDS] = {
	[POLICY_RULE] = "rule",
	[POLICY_DENY] = "deny",
	[POLICY_HIDE] = "hide",
	[POLICY_FOLDER] = "folder",
};

struct policy {
	uint32_t permissions;
	uint32_t n_entries;
	struct policy_entry *entries; /* behind this struct, in the same block */
	char *bytes;		      /* behind those: what the entries borrow */
};

/* --- the text --------------------------------------------------------------------------------- */

static bool has_control_byte(struct text in)
{
	for (size_t i = 0; i < in.len; i++)
		if ((uint8_t)in.ptr[i] < ' ' || in.ptr[i] == 0x7f)
			return true;
	return false;
}

/* A clean path is what it becomes when it is cleaned. */
static bool is_clean_path(struct text path)
{
	struct path clean;

	path_set_root(&clean);
	return text_starts(path, T("/")) && path_join(&clean, path, &clean) == 0 &&
	       text_equal(path_text(&clean), path);
}

static const char *path_problem(const struct policy_entry *entry)
{
	if (!is_clean_path(entry->name))
		return "A path must begin with a slash and be clean: no \".\", \"..\", double "
		       "slash or slash at the end.";
	if (entry->kind == POLICY_RULE)
		return NULL;
	if (entry->name.len == 1)
		return "A folder needs a name of its own: its path must not be \"/\".";
	if (!is_clean_path(entry->directory))
		return "The directory of a folder must be an absolute, clean path.";
	if (entry->directory.len == 1)
		return "The directory of a folder must not be \"/\".";
	if (entry->quota.bytes > SIZE_MOST || entry->quota.files > SIZE_MOST)
		return "A quota is too large.";
	return NULL;
}

const char *policy_entry_problem(const struct policy_entry *entry)
{
	if (has_control_byte(entry->name) || has_control_byte(entry->directory))
		return "Control characters are not allowed here.";
	if (!text_is_utf8(entry->name) || !text_is_utf8(entry->directory))
		return "This must be valid UTF-8.";
	if (entry->name.len > USER_HOME_MAX || entry->directory.len > USER_HOME_MAX)
		return "A path may have at most 1024 bytes.";
	if (entry->kind == POLICY_RULE || entry->kind == POLICY_FOLDER)
		return path_problem(entry);
	if (entry->name.len == 0 || entry->name.len > 255)
		return "A pattern must have 1 to 255 bytes.";
	if (text_find(entry->name, '/') >= 0)
		return "A pattern is for one name and must not hold a slash.";
	return NULL;
}

void policy_add_entry(struct buf *out, const struct policy_entry *entry)
{
	buf_addf(out, "%s\t", keywords[entry->kind]);
	buf_add(out, entry->name);
	if (entry->kind == POLICY_RULE) {
		buf_add_char(out, '\t');
		permissions_format(entry->permissions, out);
	}
	if (entry->kind == POLICY_FOLDER) {
		buf_add_char(out, '\t');
		buf_add(out, entry->directory);
		buf_add(out, entry->is_read_only ? T("\tro") : T("\trw"));
		if (quota_is_limited(&entry->quota))
			buf_addf(out, "\t%" PRIu64 "\t%" PRIu64, entry->quota.bytes,
				 entry->quota.files);
	}
	buf_add_char(out, '\n');
}

static int find_kind(struct text word, enum policy_kind *ret)
{
	for (unsigned i = 0; i < POLICY_KINDS; i++) {
		if (!text_equal(word, text_of(keywords[i])))
			continue;
		*ret = (enum policy_kind)i;
		return 0;
	}
	return -EINVAL;
}

/* "rw" or "ro", and the quota if there is one. */
static int take_folder(struct text rest, struct policy_entry *entry)
{
	if (!text_take_until(&rest, '\t', &entry->directory))
		return -EINVAL;
	entry->is_read_only = text_skip(&rest, T("ro"));
	if (!entry->is_read_only && !text_skip(&rest, T("rw")))
		return -EINVAL;
	if (rest.len == 0)
		return 0;
	bool is_good = text_skip_char(&rest, '\t') &&
		       text_take_uint(&rest, SIZE_MOST, &entry->quota.bytes) &&
		       text_skip_char(&rest, '\t') &&
		       text_take_uint(&rest, SIZE_MOST, &entry->quota.files) && rest.len == 0;
	return is_good ? 0 : -EINVAL;
}

/* What follows the name, by kind. */
static int take_rest(struct text rest, struct policy_entry *entry)
{
	struct text bad;

	if (entry->kind == POLICY_RULE)
		return permissions_parse(rest, &entry->permissions, &bad);
	if (entry->kind == POLICY_FOLDER)
		return take_folder(rest, entry);
	return rest.len == 0 ? 0 : -EINVAL;
}

int policy_take_entry(struct text *lines, struct policy_entry *ret)
{
	struct policy_entry entry = { .directory = T("") };
	struct text line, word;

	if (!text_take_until(lines, '\n', &line))
		return 0;
	if (!text_take_until(&line, '\t', &word) || find_kind(word, &entry.kind) < 0 ||
	    !text_take_until(&line, '\t', &entry.name) || take_rest(line, &entry) < 0 ||
	    policy_entry_problem(&entry))
		return -EINVAL;
	*ret = entry;
	return 1;
}

/* --- the meaning ------------------------------------------------------------------------------ */

static int count_entries(struct text lines, size_t *ret)
{
	struct policy_entry entry;
	size_t n = 0;
	int r;

	while ((r = policy_take_entry(&lines, &entry)) > 0)
		n++;
	if (r == 0)
		*ret = n;
	return r;
}

static bool is_known_folder(const struct policy *policy, struct text name)
{
	struct policy_entry folder;

	for (size_t i = 0; policy_folder(policy, i, &folder); i++)
		if (text_equal(folder.name, name))
			return true;
	return false;
}

/* A copy that ends in NUL, at *at, which moves on. */
static struct text keep(char **at, struct text in)
{
	struct text kept = { *at, in.len };

	memcpy(*at, in.ptr, in.len);
	(*at)[in.len] = '\0';
	*at += in.len + 1;
	return kept;
}

static void fill(struct policy *policy, struct text lines)
{
	struct policy_entry entry;
	char *at = policy->bytes;

	while (policy_take_entry(&lines, &entry) > 0) {
		if (entry.kind == POLICY_FOLDER && is_known_folder(policy, entry.name))
			continue;
		entry.name = keep(&at, entry.name);
		entry.directory = keep(&at, entry.directory);
		policy->entries[policy->n_entries++] = entry;
	}
}

int policy_new(uint32_t permissions, struct text lines, struct policy **ret)
{
	struct policy_entry folder;
	size_t n;
	int r = count_entries(lines, &n);

	if (r < 0)
		return r;
	/* Each entry has a separator or more for each NUL that it needs, but for patterns: those
	 * have no directory, whose NUL is counted here. */
	struct policy *policy =
		malloc(sizeof(*policy) + n * sizeof(policy->entries[0]) + lines.len + 2 * n);
	if (!policy)
		return -ENOMEM;
	policy->permissions = permissions;
	policy->n_entries = 0;
	policy->entries = (struct policy_entry *)(policy + 1);
	policy->bytes = (char *)(policy->entries + n);
	fill(policy, lines);
	if (policy_folder(policy, POLICY_MAX_FOLDERS, &folder)) {
		policy_free(&policy);
		return -EINVAL;
	}
	*ret = policy;
	return 0;
}

void policy_free(struct policy **policy)
{
	free(*policy);
	*policy = NULL;
}

bool policy_is_plain(const struct policy *policy)
{
	return policy->n_entries == 0;
}

bool policy_is_within(struct text path, struct text prefix)
{
	if (prefix.len == 1)
		return true; /* the root */
	return text_starts(path, prefix) && (path.len == prefix.len || path.ptr[prefix.len] == '/');
}

uint32_t policy_permissions(const struct policy *policy, struct text path)
{
	uint32_t permissions = policy->permissions;
	size_t longest = 0;

	for (size_t i = 0; i < policy->n_entries; i++) {
		const struct policy_entry *entry = &policy->entries[i];

		if (entry->kind != POLICY_RULE || entry->name.len <= longest ||
		    !policy_is_within(path, entry->name))
			continue;
		longest = entry->name.len;
		permissions = entry->permissions;
	}
	return permissions;
}

uint32_t policy_permissions_beneath(const struct policy *policy, struct text path)
{
	uint32_t permissions = policy_permissions(policy, path);

	for (size_t i = 0; i < policy->n_entries; i++) {
		const struct policy_entry *entry = &policy->entries[i];

		if (entry->kind == POLICY_RULE && policy_is_within(entry->name, path))
			permissions &= policy_permissions(policy, entry->name);
	}
	return permissions;
}

uint32_t policy_permissions_somewhere(const struct policy *policy)
{
	uint32_t permissions = policy->permissions;

	for (size_t i = 0; i < policy->n_entries; i++)
		if (policy->entries[i].kind == POLICY_RULE)
			permissions |= policy->entries[i].permissions;
	return permissions;
}

static const char *match_name(const struct policy *policy, enum policy_kind kind, struct text name)
{
	char bytes[256];

	if (name.len == 0 || text_copy(name, bytes, sizeof(bytes)) < 0)
		return NULL; /* longer than a name can be */
	for (size_t i = 0; i < policy->n_entries; i++) {
		const struct policy_entry *entry = &policy->entries[i];

		if (entry->kind == kind && fnmatch(entry->name.ptr, bytes, 0) == 0)
			return entry->name.ptr;
	}
	return NULL;
}

static const char *match_path(const struct policy *policy, enum policy_kind kind, struct text path)
{
	const char *pattern = NULL;
	struct text name;

	if (policy_is_plain(policy))
		return NULL;
	while (!pattern && text_take_until(&path, '/', &name))
		pattern = match_name(policy, kind, name);
	return pattern;
}

const char *policy_denies(const struct policy *policy, struct text path)
{
	return match_path(policy, POLICY_DENY, path);
}

const char *policy_hides(const struct policy *policy, struct text path)
{
	return match_path(policy, POLICY_HIDE, path);
}

bool policy_folder(const struct policy *policy, size_t index, struct policy_entry *ret)
{
	for (size_t i = 0; i < policy->n_entries; i++) {
		if (policy->entries[i].kind != POLICY_FOLDER || index-- > 0)
			continue;
		*ret = policy->entries[i];
		return true;
	}
	return false;
}
