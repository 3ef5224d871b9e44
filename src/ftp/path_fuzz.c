/* ftp/path_fuzz.c - every path that comes out is clean, and joining it again changes nothing. */
#include <assert.h>

#include "ftp/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_clean(const struct path *path)
{
	struct text rest = path_text(path), name;

	assert(path->len >= 1 && path->len < PATH_MAX_LEN);
	assert(path->bytes[0] == '/' && path->bytes[path->len] == '\0');
	assert(strlen(path->bytes) == path->len);
	assert(text_find(rest, '\n') < 0 && text_find(rest, '\r') < 0);
	if (path_is_root(path))
		return;
	assert(path->bytes[path->len - 1] != '/');
	assert(text_skip_char(&rest, '/'));
	while (text_take_until(&rest, '/', &name)) {
		assert(name.len > 0 && name.len <= 255);
		assert(!text_equal(name, T(".")) && !text_equal(name, T("..")));
	}
	assert(text_equal(name, path_name(path)));
}

/* A path is its parent and its name. */
static void assert_parts(const struct path *path)
{
	struct path root, again;

	path_set_root(&root);
	assert(path_join(&root, path_parent(path), &again) == 0);
	assert_clean(&again);
	assert(path_join(&again, path_name(path), &again) == 0);
	assert(text_equal(path_text(&again), path_text(path)));
}

/* The input up to the first '*' is a first argument, the rest a second one relative to it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text in = { (const char *)data, size }, first;
	struct path path, before;

	path_set_root(&path);
	if (!text_take_until(&in, '*', &first) || path_join(&path, first, &path) < 0)
		return 0;
	assert_clean(&path);
	before = path;
	if (path_join(&path, in, &path) < 0) {
		assert(text_equal(path_text(&path), path_text(&before)));
		return 0;
	}
	assert_clean(&path);
	assert_parts(&path);
	assert(path_join(&before, path_text(&path), &before) == 0);
	assert(text_equal(path_text(&before), path_text(&path)));
	return 0;
}
