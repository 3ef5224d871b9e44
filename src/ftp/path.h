/* ftp/path.h - a client's path made into a clean absolute one, as text.
 * "/" is the user's home. This tidies names for replies and logs; what keeps a client inside is
 * openat2(2) in store/home.c, not this. Names are bytes; '/' separates; any charset. Pure. */
#ifndef FTP_PATH_H
#define FTP_PATH_H

#include "base/text.h"

#define PATH_MAX_LEN 4096 /* bytes of a clean path, NUL included */

struct path {
	size_t len;
	char bytes[PATH_MAX_LEN]; /* "/", "/a", "/a/b": begins with '/', no "." or "..", no "//", no
				   * slash at the end except for "/" itself; NUL-terminated */
};

void path_set_root(struct path *path);
/* clean: the text of another path. */
void path_set(struct path *path, struct text clean);

/* Of the bytes that count only: the storage is a page, and a command has several of them. */
static inline void path_copy(const struct path *from, struct path *ret)
{
	memcpy(ret->bytes, from->bytes, from->len + 1);
	ret->len = from->len;
}

/* argument is relative to base, or absolute when it begins with '/'. Empty means base. ".." above
 * the root stays at the root, as in every FTP server. 0; -ENAMETOOLONG: the path, or one of its
 * names above 255 bytes; -EILSEQ: a NUL, CR or LF byte. ret may be base itself; it is untouched on
 * an error. */
int path_join(const struct path *base, struct text argument, struct path *ret) MUST_CHECK;

struct text path_name(const struct path *path);	  /* last component; empty for "/" */
struct text path_parent(const struct path *path); /* "/" for "/" and "/a" */
bool path_is_root(const struct path *path);

/* As openat2 wants it beneath a directory: without the leading '/', "." for the root. Borrowed. */
static inline const char *path_beneath(const struct path *path)
{
	return path->len > 1 ? path->bytes + 1 : ".";
}

static inline struct text path_text(const struct path *path)
{
	return (struct text){ path->bytes, path->len };
}

#endif
