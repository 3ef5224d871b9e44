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

static bool is_beneath(struct text path, struct text root)
{
	while (root.len > 1 && root.ptr[root.len - 1] == '/')
		root.len--;
	if (root.len == 0 || !text_starts(path, root))
		return false;
	return root.len == 1 || path.len == root.len || path.ptr[root.len] == '/';
}

bool data_roots_hold(const struct settings *settings, struct text path)
{
	struct text list = text_of(settings->extra_data_roots), one;

	if (is_beneath(path, text_of(settings->data_root)))
		return true;
	for (size_t i = 0; i < settings->n_hosts; i++)
		if (is_beneath(path, text_of(settings->hosts[i].data_root)))
			return true;
	while (text_take_until(&list, ',', &one))
		if (is_beneath(path, text_trim(one)))
			return true;
	return false;
}

bool data_roots_reach(const struct settings *settings, struct text directory)
{
	return settings->sandbox == SANDBOX_OFF || !text_starts(directory, T("/")) ||
	       data_roots_hold(settings, directory);
}
