/* ftp/policy_fuzz.c - any lines, any path: what is accepted comes back unchanged, and the answers
 * about a path agree with each other. Input: a path, a line end, then the lines of a policy. */
#include <assert.h>

#include "ftp/path.h"
#include "ftp/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(struct text lines)
{
	static char storage[POLICY_TEXT_SIZE];
	struct policy_entry entry, again;

	while (policy_take_entry(&lines, &entry) > 0) {
		struct buf out;

		buf_init(&out, storage, sizeof(storage));
		policy_add_entry(&out, &entry);
		assert(!out.has_overflowed);
		struct text text = buf_text(&out);
		assert(policy_take_entry(&text, &again) == 1 && text.len == 0);
		assert(again.kind == entry.kind && text_equal(again.name, entry.name) &&
		       text_equal(again.directory, entry.directory) &&
		       again.permissions == entry.permissions &&
		       again.is_read_only == entry.is_read_only &&
		       again.quota.bytes == entry.quota.bytes &&
		       again.quota.files == entry.quota.files);
	}
}

static void check_path(const struct policy *policy, const struct path *path)
{
	uint32_t here = policy_permissions(policy, path_text(path));
	uint32_t beneath = policy_permissions_beneath(policy, path_text(path));
	uint32_t somewhere = policy_permissions_somewhere(policy);

	assert((here & beneath) == beneath && (somewhere & here) == here);
	/* What holds for a directory's name holds for everything in it. */
	const char *hides = policy_hides(policy, path_parent(path));
	const char *denies = policy_denies(policy, path_parent(path));
	assert(!hides || policy_hides(policy, path_text(path)));
	assert(!denies || policy_denies(policy, path_text(path)));
	if (policy_is_plain(policy))
		assert(here == PERM_LIST && beneath == PERM_LIST && !hides && !denies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text lines = { (const char *)data, MIN_OF(size, (size_t)POLICY_TEXT_SIZE - 1) };
	struct text argument = T("");
	struct policy *policy = NULL;
	struct path path;

	(void)text_take_until(&lines, '\n', &argument);
	check_round_trip(lines);
	path_set_root(&path);
	if (path_join(&path, argument, &path) < 0)
		return 0;
	if (policy_new(PERM_LIST, lines, &policy) == 0)
		check_path(policy, &path);
	policy_free(&policy);
	return 0;
}
