/* settings/data_roots.c - see data_roots.h. */
#include "settings/data_roots.h"

int data_roots_check(struct text list, struct text *ret_bad)
{
	struct text one;

	list = text_trim(list);
	while (text_take_until(&list, ',', &one)) {
		one = text_trim(one);
		if (text_starts(one, T("/")) && one.len < SETTINGS_PATH_SIZE)
			continue;
		*ret_bad = one;
		return -EINVAL;
	}
	return 0;
}

/* The length of the root when the path lies beneath it, else 0. */
static size_t length_of(struct text root, struct text path)
{
	while (root.len > 1 && root.ptr[root.len - 1] == '/')
		root.len--;
	if (root.len == 0 || !text_starts(path, root))
		return 0;
	return root.len == 1 || path.len == root.len || path.ptr[root.len] == '/' ? root.len : 0;
}

size_t data_roots_length(const struct settings *settings, struct text path)
{
	struct text list = text_of(settings->extra_data_roots), one;
	size_t longest = length_of(text_of(settings->data_root), path);

	for (size_t i = 0; i < settings->n_hosts; i++)
		longest = MAX_OF(longest, length_of(text_of(settings->hosts[i].data_root), path));
	while (text_take_until(&list, ',', &one))
		longest = MAX_OF(longest, length_of(text_trim(one), path));
	return longest;
}

bool data_roots_hold(const struct settings *settings, struct text path)
{
	return data_roots_length(settings, path) > 0;
}

bool data_roots_reach(const struct settings *settings, struct text directory)
{
	return settings->sandbox == SANDBOX_OFF || !text_starts(directory, T("/")) ||
	       data_roots_hold(settings, directory);
}
