/* ftp/path.c - see path.h. */
#include "ftp/path.h"

#define NAME_BYTES_MAX 255 /* what file systems hold in one name */

void path_set(struct path *path, struct text clean)
{
	memmove(path->bytes, clean.ptr, clean.len);
	path->bytes[clean.len] = '\0';
	path->len = clean.len;
}

void path_set_root(struct path *path)
{
	path_set(path, T("/"));
}

bool path_is_root(const struct path *path)
{
	return path->len == 1;
}

struct text path_name(const struct path *path)
{
	const char *slash = memrchr(path->bytes, '/', path->len);
	size_t begin = (size_t)(slash - path->bytes) + 1;

	return (struct text){ path->bytes + begin, path->len - begin };
}

struct text path_parent(const struct path *path)
{
	const char *slash = memrchr(path->bytes, '/', path->len);

	return (struct text){ path->bytes, (size_t)MAX_OF(slash - path->bytes, 1) };
}

static int append_name(struct path *path, struct text name)
{
	size_t slash = path_is_root(path) ? 0 : 1;

	if (name.len > NAME_BYTES_MAX || path->len + slash + name.len >= PATH_MAX_LEN)
		return -ENAMETOOLONG;
	if (slash)
		path->bytes[path->len++] = '/';
	memcpy(path->bytes + path->len, name.ptr, name.len);
	path->len += name.len;
	path->bytes[path->len] = '\0';
	return 0;
}

static int step(struct path *path, struct text name)
{
	if (name.len == 0 || text_equal(name, T(".")))
		return 0;
	if (text_equal(name, T(".."))) {
		path->len = path_parent(path).len;
		return 0;
	}
	return append_name(path, name);
}

/* Nothing but a name of a file or directory. */
static bool is_one_name(struct text argument)
{
	return argument.len > 0 && text_find(argument, '/') < 0 && !text_equal(argument, T(".")) &&
	       !text_equal(argument, T(".."));
}

int path_join(const struct path *base, struct text argument, struct path *ret)
{
	struct path path;
	struct text name;

	if (!text_is_one_line(argument))
		return -EILSEQ;
	if (ret == base && is_one_name(argument))
		return append_name(ret, argument);

	path_set(&path, text_starts(argument, T("/")) ? T("/") : path_text(base));
	while (text_take_until(&argument, '/', &name)) {
		int r = step(&path, name);
		if (r < 0)
			return r;
	}
	path_set(ret, path_text(&path));
	return 0;
}
